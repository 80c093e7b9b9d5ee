"""`lawrec verify`: check prepared records against their manifest."""

from pathlib import Path
from typing import Unpack

import click

from lawrec.cli.options import (
    DATA,
    FILE,
    DataOptions,
    HeadedCommand,
    data_options,
    dataset_spec_from_options,
    is_given,
    option,
    progress_options,
    settings_from_options,
    show_progress,
)
from lawrec.corpus import manifest
from lawrec.corpus.dataset_spec import folder_for


@click.command(cls=HeadedCommand)
@option(
    "--records",
    heading=DATA,
    type=FILE,
    help="Folder to check, whatever cases it was prepared from.",
)
@data_options
@progress_options
def verify(
    records: Path | None, quiet: bool, verbose: bool, **options: Unpack[DataOptions]
) -> None:
    """Check prepared records, shard by shard, against their manifest.

    By default, all records in data/records are checked; options for cases and settings choose those
    that `lawrec prepare` made with these options. The exit code is 1 when something is damaged or
    missing.
    """
    from lawrec.reporting.runs_text import verification_text

    if records and is_given(*options):
        raise click.UsageError("--records names a folder: leave out how its cases were prepared.")
    if records:
        folders = [records]
    elif is_given(*options):
        corpus = settings_from_options(options).corpus
        folders = [folder_for(dataset_spec_from_options(options), corpus)]
    else:
        folders = manifest.folders_in(Path("data/records"))
    with show_progress(quiet) as progress:
        verifications = [manifest.verify(folder, progress) for folder in folders]
    for verification in verifications:
        click.echo(verification_text(verification))
    if any(verification.damage for verification in verifications):
        raise click.exceptions.Exit(1)
