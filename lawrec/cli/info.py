"""`lawrec info`: describe a run or a bundle."""

from pathlib import Path

import click

from lawrec.cli.shared import option_values, options
from lawrec.cli.shared.printing import print_result


@click.command()
@options.model
@options.output_format("reporting.runs_text.INFO_WRITERS")
@options.messages
def info(model: str | None, checkpoints: Path, output_format: str) -> None:
    """Describe a run: its cases, layers, settings and thresholds; or a bundle, with its parts."""
    from lawrec.diagnostics.run_info import inspect_run
    from lawrec.reporting.runs_text import INFO_WRITERS
    from lawrec.runs.find_model import open_model

    with (
        option_values.show_progress() as progress,
        open_model(checkpoints, model, progress=progress) as run,
    ):
        run_info = inspect_run(run, progress)
    print_result(INFO_WRITERS[output_format](run_info))
