"""TODO cli.info."""

from pathlib import Path

import click

from lawrec.cli.options import checkpoints_option, run_option, start_tensorflow
from lawrec.reporting.runs_text import INFO_WRITERS


@click.command()
@run_option
@checkpoints_option
@click.option("--output", type=click.Choice(list(INFO_WRITERS)), default="table", show_default=True)
def info(run_name: str | None, checkpoints: Path, output: str) -> None:
    """Show what a run is made of: cases, layers, settings, thresholds."""
    start_tensorflow()
    from lawrec.diagnostics.run_info import inspect_run
    from lawrec.runs.run import find_run

    run_info = inspect_run(find_run(checkpoints, run_name))
    click.echo(INFO_WRITERS[output](run_info))
