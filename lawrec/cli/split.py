"""`lawrec split`: split labelled cases into train, valid and test."""

import math
import os
from pathlib import Path
from typing import Unpack

import click

from lawrec.cli.shared import option_types, option_values, options
from lawrec.cli.shared.printing import print_result
from lawrec.iterables import map_here
from lawrec.storage.file_lists import list_files


def _as_ratios(_: click.Context, __: click.Parameter, text: str) -> tuple[float, ...]:
    """Return the numbers of a text such as "0.8,0.1,0.1"; the library checks them further."""
    try:
        ratios = tuple(map(float, text.split(",")))
    except ValueError:
        ratios = ()
    if not ratios or not all(map(math.isfinite, ratios)):
        raise click.BadParameter("write three numbers, for example 0.8,0.1,0.1.")
    return ratios


@click.command(cls=option_types.HeadedCommand)
@click.argument("files", type=options.FILE, nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--ratios",
    default="0.8,0.1,0.1",
    callback=_as_ratios,
    help="Ratios of train, valid and test cases.",
)
@click.option(
    "--seed",
    "split_seed",
    type=click.IntRange(min=0),
    default=2018,
    help="Random seed of the split.",
)
@click.option(
    "--article-list",
    type=options.FILE,
    help="List of all articles, one per line.  [default: law.txt beside FILE, else the catalog]",
)
@options.near_duplicates
@options.skip_bad
@options.any_label
@options.input_format
@options.jobs
@options.cluster
@options.output("New folder for the splits.", folder=True, required=True)
@options.messages
def split(
    files: tuple[Path, ...],
    ratios: tuple[float, ...],
    split_seed: int,
    article_list: Path | None,
    near_duplicate_threshold: float,
    skip_bad: bool,
    n_jobs: int,
    cluster: str | None,
    output: Path,
    **arguments: Unpack[option_values.InputFormatOptions],
) -> None:
    """Split labelled cases into train, valid and test.

    Near-duplicates go to the same split, and each article is in every split where it can be. A FILE
    may be packed (.gz, .xz, .zip), a folder, or a quoted pattern.
    """
    _check_distinct(files)
    from lawrec.corpus.splitting.stratified_split import SplitSettings, split_files
    from lawrec.reporting.audit_text import split_text

    with (
        option_values.processes(jobs=n_jobs, cluster=cluster) as map_items,
        option_values.show_progress() as progress,
    ):
        report = split_files(
            files,
            output,
            settings=SplitSettings(
                ratios, split_seed, near_duplicate_threshold, map_items or map_here
            ),
            article_list=article_list,
            case_format=option_values.case_format_from(arguments),
            skip_bad=skip_bad,
            progress=progress,
        )
    print_result(split_text(report))


def _check_distinct(paths: tuple[Path, ...]) -> None:
    """Raise UsageError if a file is there twice, as with a folder and a file in it."""
    seen: set[str] = set()
    for file in (file for path in paths for file in list_files(path)):
        resolved = os.path.realpath(str(file))
        if resolved in seen:
            raise click.UsageError(
                f"{file} is named twice: each of its cases would be there twice."
            )
        seen.add(resolved)
