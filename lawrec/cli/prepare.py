"""Commands on labelled cases and their records: audit, split, prepare, verify."""

import sys
from pathlib import Path
from typing import Any

import click

from lawrec import config
from lawrec.cli.options import (
    data_options,
    dataset_spec_from_options,
    format_options,
    skip_bad_option,
    start_tensorflow,
)
from lawrec.reporting.progress_bars import progress_on


@click.command()
@data_options
@format_options
@skip_bad_option
def prepare(
    preset: str | None, config_file: Path | None, assignments: tuple[str, ...], **source: Any
) -> None:
    """Turn labelled cases into records; `train` does so itself where needed."""
    settings = config.load(config_file, assignments, preset=preset)
    start_tensorflow()
    from lawrec.corpus.prepare import prepare as prepare_records
    from lawrec.reporting.runs_text import records_text

    with progress_on(sys.stderr) as progress:
        records = prepare_records(
            dataset_spec_from_options(source), settings.corpus, progress=progress
        )
    click.echo(records_text(records))
