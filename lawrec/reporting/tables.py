"""Tables as plain text, with columns that line up where Chinese characters are two cells wide."""

from io import StringIO
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from lawrec.text import plain

WIDTH = 100
"""Columns of a table that is not printed on a terminal."""


class PlainTable(Table):
    """A table whose cells are lines of plain text, whoever wrote them."""

    def add_row(self, *cells: Any, **options: Any) -> None:
        """Add a row of texts."""
        super().add_row(*map(plain, cells), **options)


def indented(text: str) -> str:
    r"""Return the paragraphs of an article's text, each on an indented line of its own.

    Example:
        >>> indented("盗窃公私财物。\n数额巨大的。")
        '    盗窃公私财物。\n    数额巨大的。'
    """
    return "\n".join(f"    {plain(paragraph)}" for paragraph in text.splitlines())


def simple_table(first: str, *others: str) -> PlainTable:
    """Return an empty table without a frame: a column for names, then columns for numbers.

    Args:
        first: The heading of the first column, which is aligned left.
        *others: The headings of the other columns, which are aligned right.

    Example:
        >>> len(simple_table("Strategy", "CAIL score", "micro-F1").columns)
        3
    """
    table = PlainTable(first, box=box.SIMPLE_HEAD)
    for heading in others:
        table.add_column(heading, justify="right")
    return table


def render(table: Table, width: int = WIDTH) -> str:
    """Return a table as text; no line is wider than `width` cells or ends in spaces.

    Example:
        >>> table = simple_table("Article", "Score")
        >>> table.add_row("264", "0.912")
        >>> [line.split() for line in render(table).splitlines()][1::2]
        [['Article', 'Score'], ['264', '0.912']]
    """
    # Without markup and emoji, "[/]" and ":a:" in facts, titles and paths stay as they are.
    output = StringIO()
    Console(file=output, width=width, color_system=None, markup=False, emoji=False).print(table)
    return "\n".join(line.rstrip() for line in output.getvalue().splitlines()) + "\n"
