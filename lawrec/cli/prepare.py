"""`lawrec prepare`: convert labelled cases to records."""

from typing import Unpack

import click

from lawrec.cli.shared import option_types, option_values, options
from lawrec.cli.shared.printing import print_result


@click.command(cls=option_types.HeadedCommand)
@options.data
@options.cluster
@options.messages
def prepare(cluster: str | None, **arguments: Unpack[option_values.DataOptions]) -> None:
    """Convert labelled cases to records; `train` does this itself where it is needed."""
    settings = option_values.settings_from(arguments)
    option_values.start_tensorflow()
    from lawrec.corpus.records.prepare import prepare as prepare_records
    from lawrec.reporting.runs_text import records_text

    with (
        option_values.processes(cluster=cluster) as map_items,
        option_values.show_progress() as progress,
    ):
        records = prepare_records(
            option_values.dataset_spec_from(arguments, settings),
            settings.corpus,
            progress=progress,
            map_batches=map_items,
        )
    print_result(records_text(records))
