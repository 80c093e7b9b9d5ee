"""`lawrec split`: split labelled cases into train, valid and test."""

import math
from pathlib import Path
from typing import Unpack

import click

from lawrec.cli.options import (
    DATA,
    FILE,
    HeadedCommand,
    InputFormatOptions,
    case_format_from_options,
    input_format_options,
    near_duplicate_option,
    option,
    output_option,
    progress_options,
    show_progress,
    skip_bad_option,
)
from lawrec.corpus.stratified_split import split_files


def _as_ratios(_: click.Context, __: click.Parameter, text: str) -> tuple[float, ...]:
    """Return the numbers of a text such as "0.8,0.1,0.1"; the library checks them further."""
    try:
        ratios = tuple(map(float, text.split(",")))
    except ValueError:
        ratios = ()
    if not ratios or not all(map(math.isfinite, ratios)):
        raise click.BadParameter("write three numbers, for example 0.8,0.1,0.1.")
    return ratios


@click.command(cls=HeadedCommand)
@click.argument("files", type=FILE, nargs=-1, required=True, metavar="FILE...")
@option(
    "--ratios",
    heading=DATA,
    default="0.8,0.1,0.1",
    show_default=True,
    callback=_as_ratios,
    help="Ratios of train, valid and test cases.",
)
@option(
    "--seed",
    heading=DATA,
    type=int,
    default=2018,
    show_default=True,
    help="Random seed of the split.",
)
@near_duplicate_option
@skip_bad_option
@input_format_options
@output_option("New folder for the splits.", required=True)
@progress_options
def split(
    files: tuple[Path, ...],
    ratios: tuple[float, ...],
    seed: int,
    near_duplicate_threshold: float,
    skip_bad: bool,
    output: Path,
    quiet: bool,
    verbose: bool,
    **options: Unpack[InputFormatOptions],
) -> None:
    """Split labelled cases into train, valid and test.

    Near-duplicates go to the same split, and each article is in every split where it can be. A FILE
    may be packed (.gz, .xz, .zip), a folder, or a quoted pattern.
    """
    from lawrec.reporting.audit_text import split_text

    with show_progress(quiet) as progress:
        report = split_files(
            files,
            output,
            shares=ratios,
            seed=seed,
            threshold=near_duplicate_threshold,
            case_format=case_format_from_options(options),
            skip_bad=skip_bad,
            progress=progress,
        )
    click.echo(split_text(report))
