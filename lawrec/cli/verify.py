"""`lawrec verify`: check prepared records against their manifest."""

from pathlib import Path
from typing import Unpack

import click

from lawrec.cli.shared import option_types, option_values, options
from lawrec.cli.shared.printing import print_result
from lawrec.corpus.records.dataset_spec import folder_for


@click.command(cls=option_types.HeadedCommand)
@click.option(
    "--records", type=options.FILE, help="Folder to check, whatever cases it was prepared from."
)
@options.data
@options.messages
def verify(records: Path | None, **arguments: Unpack[option_values.DataOptions]) -> None:
    """Check prepared records, shard by shard, against their manifest.

    By default, all records in data/records are checked. Options for cases and settings restrict the
    check to the records that `lawrec prepare` makes with the same options. The exit code is 1 when
    something is damaged or missing.
    """
    from lawrec.corpus.records import manifest
    from lawrec.reporting.runs_text import verification_text

    if records and option_values.is_given(*arguments):
        raise click.UsageError("--records names a folder: leave out how its cases were prepared.")
    if records:
        folders = [records]
    elif option_values.is_given(*arguments):
        settings = option_values.settings_from(arguments)
        dataset = option_values.dataset_spec_from(arguments, settings)
        folders = [folder_for(dataset, settings.corpus)]
    else:
        folders = manifest.folders_in(Path("data/records"))
    with option_values.show_progress() as progress:
        verifications = [
            manifest.verify(folder, progress, vocab=_vocabularies_of(folder)) for folder in folders
        ]
    for verification in verifications:
        print_result(verification_text(verification))
    if any(verification.damage for verification in verifications):
        raise click.exceptions.Exit(1)


def _vocabularies_of(records: Path) -> Path | None:
    """Return the folder of the vocabularies of records, which has the same name, if it is there."""
    vocab = Path("vocab") / records.resolve().name
    return vocab if vocab.is_dir() else None
