"""`lawrec prepare`: convert labelled cases to records."""

from typing import Unpack

import click

from lawrec.cli import option_types, options
from lawrec.cli.printing import print_result


@click.command(cls=option_types.HeadedCommand)
@options.data
@options.verbosity
def prepare(**arguments: Unpack[options.DataOptions]) -> None:
    """Convert labelled cases to records; `train` does this itself where it is needed."""
    settings = options.settings_from(arguments)
    options.start_tensorflow()
    from lawrec.corpus.prepare import prepare as prepare_records
    from lawrec.reporting.runs_text import records_text

    with options.show_progress() as progress:
        records = prepare_records(
            options.dataset_spec_from(arguments), settings.corpus, progress=progress
        )
    print_result(records_text(records))
