"""TODO cli.split."""

import sys
from pathlib import Path

import click

from lawrec.cli.options import (
    FILE,
    case_format_from_options,
    format_options,
    near_option,
    skip_bad_option,
)
from lawrec.reporting.progress_bars import progress_on


def _shares(_: click.Context, __: click.Parameter, text: str) -> tuple[float, ...]:
    try:
        return tuple(map(float, text.split(",")))
    except ValueError:
        raise click.BadParameter("write three numbers, 0.8,0.1,0.1 say") from None


@click.command()
@click.argument("files", type=FILE, nargs=-1, required=True, metavar="FILE...")
@click.option("--to", "folder", type=FILE, required=True, help="New folder for the splits.")
@format_options
@click.option(
    "--shares",
    default="0.8,0.1,0.1",
    show_default=True,
    callback=_shares,
    help="Shares of train, valid and test.",
)
@click.option("--seed", type=int, default=2018, show_default=True, help="Fixes who goes where.")
@near_option
@skip_bad_option
def split(
    files: tuple[Path, ...],
    folder: Path,
    shares: tuple[float, ...],
    seed: int,
    near: float,
    skip_bad: bool,
    **case_format: str | None,
) -> None:
    """Split labelled cases into train, valid and test.

    Near-duplicates stay together, and each article reaches every split where it can. A FILE may
    be packed (.gz, .xz, .zip), a folder, or a quoted pattern.
    """
    from lawrec.corpus.stratified_split import SplitSettings, split_files
    from lawrec.reporting.audit_text import split_text

    with progress_on(sys.stderr) as progress:
        report = split_files(
            files,
            folder,
            settings=SplitSettings(shares, seed, near),
            case_format=case_format_from_options(case_format),
            skip_bad=skip_bad,
            progress=progress,
        )
    click.echo(split_text(report))
