"""Commands on labelled cases and their records: audit, split, prepare, verify."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from lawrec import config
from lawrec.cli.options import (
    FILE,
    data_options,
    form_of,
    format_options,
    skip_bad_option,
    source_of,
    start_tensorflow,
)
from lawrec.corpus import manifest
from lawrec.corpus.sources import folder_for
from lawrec.corpus.tokenizer import TOKENIZERS
from lawrec.delivery.progress import shown_on
from lawrec.delivery.report import verification_text

near_option = click.option(
    "--near",
    type=click.FloatRange(0.5, 1),
    default=0.8,
    show_default=True,
    help="Jaccard similarity from which on two facts are near-duplicates.",
)


def _shares(_: click.Context, __: click.Parameter, text: str) -> tuple[float, ...]:
    try:
        return tuple(map(float, text.split(",")))
    except ValueError:
        raise click.BadParameter("write three numbers, 0.8,0.1,0.1 say") from None


@click.command()
@click.argument("data", type=FILE)
@format_options
@click.option("--articles", type=FILE, help="List of all articles.  [default: law.txt beside DATA]")
@click.option("--max-tokens", type=click.IntRange(min=1), default=384, show_default=True)
@click.option(
    "--tokenizer",
    type=click.Choice(list(TOKENIZERS)),
    help="Count tokens with it.  [default: estimate them from the signs]",
)
@near_option
@click.option("--json", "json_file", type=FILE, help="Write the report there as JSON.")
@click.option("--html", "html_file", type=FILE, help="Write the report there as a page.")
@click.option("--fix", type=FILE, help="Write a cleaned copy of the cases to this new folder.")
@click.option("--strict", is_flag=True, help="Exit with 1 when there is an error.")
def audit(
    data: Path,
    articles: Path | None,
    max_tokens: int,
    tokenizer: str | None,
    near: float,
    json_file: Path | None,
    html_file: Path | None,
    fix: Path | None,
    strict: bool,
    **form: str | None,
) -> None:
    """Check labelled cases before anyone trains on them.

    DATA is a folder of splits, one file, or a quoted pattern. An error spoils a training or its
    figures; a warning is for someone to look at.
    """
    from lawrec.corpus.audit import audit as audit_cases
    from lawrec.corpus.audit import rules_for
    from lawrec.delivery.audit_page import audit_html
    from lawrec.delivery.audit_report import audit_json, audit_text
    from lawrec.files import write_text

    rules = rules_for(data, articles, max_tokens, tokenizer)
    with shown_on(sys.stderr) as progress:
        report = audit_cases(data, rules, near, form_of(form), fix, progress)
    click.echo(audit_text(report))
    if json_file:
        write_text(json_file, audit_json(report) + "\n")
    if html_file:
        write_text(html_file, audit_html(report))
    if strict and report.errors:
        raise click.exceptions.Exit(1)


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
    **form: str | None,
) -> None:
    """Split labelled cases into train, valid and test.

    Near-duplicates stay together, and each article reaches every split where it can. A FILE may
    be packed (.gz, .xz, .zip), a folder, or a quoted pattern.
    """
    from lawrec.corpus.split import split_files
    from lawrec.delivery.audit_report import split_text

    with shown_on(sys.stderr) as progress:
        report = split_files(files, folder, shares, seed, near, form_of(form), skip_bad, progress)
    click.echo(split_text(report))


@click.command()
@data_options
@format_options
@skip_bad_option
def prepare(
    preset: str | None, config_file: Path | None, assignments: tuple[str, ...], **source: Any
) -> None:
    """Turn labelled cases into records; `train` does so itself where needed."""
    settings = config.load(config_file, assignments, preset)
    start_tensorflow()
    from lawrec.corpus.prepare import prepare as prepare_records
    from lawrec.delivery.report import records_text

    with shown_on(sys.stderr) as progress:
        records = prepare_records(source_of(source), settings.corpus, progress)
    click.echo(records_text(records))


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
    with shown_on(sys.stderr) as progress:
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
    settings = config.load(config_file, assignments, preset)
    return folder_for(source_of(source), settings.corpus)
