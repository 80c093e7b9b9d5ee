"""TODO cli.verify."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from lawrec import config
from lawrec.cli.options import (
    FILE,
    data_options,
    dataset_spec_from_options,
    format_options,
    skip_bad_option,
)
from lawrec.corpus import manifest
from lawrec.corpus.dataset_spec import folder_for
from lawrec.reporting.progress_bars import progress_on
from lawrec.reporting.runs_text import verification_text


@click.command()
@click.option("--records", type=FILE, help="Check this folder, without looking for its cases.")
@data_options
@format_options
@skip_bad_option
def verify(
    records: Path | None,
    preset: str | None,
    config_file: Path | None,
    assignments: tuple[str, ...],
    **source: Any,
) -> None:
    """Check prepared records, shard by shard, against their manifest.

    By default all in data/records. The exit code is 1 when something is damaged or missing.
    """
    cases = any((preset, config_file, assignments, *source.values()))
    if records and cases:
        raise click.UsageError("--records names a folder: leave out how its cases were prepared.")
    if records:
        folders = [records]
    elif cases:
        folders = [_records_of_cases(source, preset, config_file, assignments)]
    else:
        folders = manifest.folders_in(Path("data/records"))
    with progress_on(sys.stderr) as progress:
        found = [manifest.verify(folder, progress) for folder in folders]
    for verification in found:
        click.echo(verification_text(verification))
    if any(verification.damage for verification in found):
        raise click.exceptions.Exit(1)


def _records_of_cases(
    source: Mapping[str, Any],
    preset: str | None,
    config_file: Path | None,
    assignments: tuple[str, ...],
) -> Path:
    settings = config.load(config_file, assignments, preset=preset)
    return folder_for(dataset_spec_from_options(source), settings.corpus)
