"""`lawrec articles`: show articles, import the texts of statutes, and compare their versions."""

from datetime import date
from pathlib import Path

import click

from lawrec.cli.shared import options
from lawrec.cli.shared.printing import print_result
from lawrec.law import catalog, lookup, statute_import, statute_versions
from lawrec.reporting.law_text import (
    CHANGES_WRITERS,
    ENTRY_WRITERS,
    LIST_WRITERS,
    StatuteChanges,
    import_text,
)

_statute_option = click.option(
    "--name", default=statute_versions.CRIMINAL_LAW, help="Name of the statute."
)


@click.group()
def articles() -> None:
    """Show articles, import the texts of statutes, and compare their versions."""


@articles.command("list", short_help="List the articles of the Criminal Law.")
@click.option(
    "--chapter",
    default="",
    show_default=False,
    help="Only articles under headings with this text, such as 侵犯财产罪.",
)
@options.output_format("reporting.law_text.LIST_WRITERS")
@options.language
def list_articles(chapter: str, output_format: str) -> None:
    """List the articles of the Criminal Law."""
    entries = catalog.in_division(catalog.shipped_catalog(), chapter)
    print_result(LIST_WRITERS[output_format](entries))


@articles.command(short_help="Show titles, amendments and texts of articles.")
@click.argument("names", metavar="ARTICLE...", nargs=-1, required=True)
@click.option(
    "--date",
    "day",
    help="Show the text in force on this day.  [default: the newest version]",
    **options.DAY,
)
@_statute_option
@options.output_format("reporting.law_text.ENTRY_WRITERS")
@options.language
def show(names: tuple[str, ...], day: date | None, name: str, output_format: str) -> None:
    """Show the title, chapter, amendments and text of articles, such as 264, 133之一 or 第十条.

    Texts come from the versions that `lawrec articles import` has read.
    """
    entries = lookup.look_up(names, statute_versions.ROOT, name=name, day=day)
    print_result(ENTRY_WRITERS[output_format](entries))


@articles.command("import", short_help="Import the text of a statute.")
@click.argument("file", type=options.FILE)
@click.option(
    "--effective", required=True, help="First day on which the text is in force.", **options.DAY
)
@_statute_option
@click.option("--replace", is_flag=True, help="Overwrite the version of that day.")
@options.language
def import_statute(file: Path, effective: date, name: str, replace: bool) -> None:
    """Read the text of a statute, and keep it as the version in force from a day on.

    FILE is plain text or Markdown, where each article begins a line with its number, such as
    第一百三十三条之一, or JSON with numbers and texts, in UTF-8 or GB18030.
    """
    report = statute_import.import_statute(
        file, effective, root=statute_versions.ROOT, name=name, replace=replace
    )
    print_result(import_text(report))


@articles.command(short_help="Compare two versions of a statute.")
@click.argument("first", required=False, **(options.DAY | {"metavar": "[FROM]"}))
@click.argument("second", required=False, **(options.DAY | {"metavar": "[TO]"}))
@click.option("--diff", is_flag=True, help="Show which words were removed and added.")
@_statute_option
@options.output_format("reporting.law_text.CHANGES_WRITERS")
@options.language
def changes(
    first: date | None, second: date | None, diff: bool, name: str, output_format: str
) -> None:
    """List the articles that differ between the versions in force on two days.

    FROM and TO are days, such as 2021-03-01. By default, TO is the day of the newest version and
    FROM that of the one before. Differences in the width of
    punctuation, white space and titles in 【】 do not count.
    """
    old, new = statute_versions.two_versions(
        statute_versions.ROOT, name, first=first, second=second
    )
    comparison = StatuteChanges(
        old, new, statute_versions.changes(old, new), catalog.article_titles(name)
    )
    print_result(CHANGES_WRITERS[output_format](comparison, diff))
