"""`lawrec articles`: the catalogue, the statute's texts, and what changed between its versions."""

from datetime import date
from pathlib import Path

import click

from lawrec.cli.options import DAY, FILE
from lawrec.law import catalog, lookup, statute_versions
from lawrec.reporting.law_text import CHANGES_WRITERS, ENTRY_WRITERS, LIST_WRITERS, import_text

_name_option = click.option(
    "--name", default=statute_versions.CRIMINAL_LAW, show_default=True, help="Which statute."
)
_output_option = click.option(
    "--output", type=click.Choice(list(ENTRY_WRITERS)), default="table", show_default=True
)


@click.group()
def articles() -> None:
    """Show articles, import the texts of statutes, and compare their versions."""


@articles.command("list")
@click.option("--chapter", default="", help="Signs of a part's, chapter's or section's heading.")
@_output_option
def list_articles(chapter: str, output: str) -> None:
    """List the articles of the Criminal Law."""
    known = catalog.shipped_catalog()
    click.echo(LIST_WRITERS[output](catalog.in_division(known, chapter)))


@articles.command()
@click.argument("names", metavar="ARTICLE...", nargs=-1, required=True)
@click.option("--date", "day", help="Show the text in force then.  [default: the newest]", **DAY)
@_name_option
@_output_option
def show(names: tuple[str, ...], day: date | None, name: str, output: str) -> None:
    """Show the title, place, amendments and text of articles, such as 264, 133之一 or 第十条.

    Texts come from the versions that `lawrec articles import` has read.
    """
    entries = lookup.look_up(names, statute_versions.ROOT, name=name, day=day)
    click.echo(ENTRY_WRITERS[output](entries))


@articles.command("import")
@click.argument("file", type=FILE)
@click.option("--effective", required=True, help="In force from this day on.", **DAY)
@_name_option
@click.option("--replace", is_flag=True, help="Overwrite a version of that day.")
def import_statute(file: Path, effective: date, name: str, replace: bool) -> None:
    """Read a statute's text and keep it as the version of a day.

    FILE is plain text or Markdown, where each article opens a line with its number, such as
    第一百三十三条之一, or JSON with numbers and texts, in UTF-8 or GB18030.
    """
    imported = lookup.import_statute(
        file, effective, root=statute_versions.ROOT, name=name, replace=replace
    )
    click.echo(import_text(imported))


@articles.command()
@click.argument("first", required=False, **(DAY | {"metavar": "[FROM]"}))
@click.argument("second", required=False, **(DAY | {"metavar": "[TO]"}))
@click.option("--text", is_flag=True, help="Show which words went and came.")
@_name_option
@_output_option
def changes(first: date | None, second: date | None, text: bool, name: str, output: str) -> None:
    """List what changed between the versions in force on two days.

    By default, TO is the newest version and FROM the one before. Width of punctuation, white
    space and titles in 【】 do not count.
    """
    old, new = statute_versions.two_versions(
        statute_versions.ROOT, name, first=first, second=second
    )
    found = statute_versions.changes(old, new)
    named = catalog.article_titles(name)
    click.echo(CHANGES_WRITERS[output](old, new, found, named, text))
