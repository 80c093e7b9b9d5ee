"""`lawrec prepare`: convert labelled cases to records."""

from typing import Unpack

import click

from lawrec.cli.options import (
    DataOptions,
    HeadedCommand,
    data_options,
    dataset_spec_from_options,
    progress_options,
    settings_from_options,
    show_progress,
    start_tensorflow,
)


@click.command(cls=HeadedCommand)
@data_options
@progress_options
def prepare(quiet: bool, verbose: bool, **options: Unpack[DataOptions]) -> None:
    """Convert labelled cases to records; `train` does this itself where it is needed."""
    settings = settings_from_options(options)
    start_tensorflow(verbose)
    from lawrec.corpus.prepare import prepare as prepare_records
    from lawrec.reporting.runs_text import records_text

    with show_progress(quiet) as progress:
        records = prepare_records(
            dataset_spec_from_options(options), settings.corpus, progress=progress
        )
    click.echo(records_text(records))
