"""Tables as plain text, with columns that line up where Chinese characters are two cells wide."""

from collections.abc import Iterable
from io import StringIO
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table

from lawrec.text import plain
from lawrec.translation import translate

WIDTH = 100
"""Columns of a table that is not printed on a terminal."""


class PlainTable(Table):
    """A table whose cells are lines of plain text, whoever wrote them, under translated headings.

    Columns are added by `add_column` alone.
    """

    def add_column(self, header: Any = "", *others: Any, **options: Any) -> None:
        """Add a column with the heading in the language of the reader, which is never shortened.

        Chinese has no spaces where a heading could wrap.
        """
        super().add_column(translate(header), *others, **{"overflow": "fold"} | options)

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


def aligned(rows: Iterable[tuple[str, str]]) -> list[str]:
    """Return a line per row: its name, then its value in a column of its own.

    Example:
        >>> aligned([("loss", "0.5"), ("得分", "0.9")])
        ['loss   0.5', '得分   0.9']
    """
    rows = list(rows)
    width = max((cell_len(name) for name, _ in rows), default=0)
    return [f"{name}{' ' * (width - cell_len(name))}   {value}" for name, value in rows]


def simple_table(first: str, *others: str) -> PlainTable:
    """Return an empty table without a frame: a column for names, then columns for numbers.

    Args:
        first: The heading of the first column, which is aligned left.
        *others: The headings of the other columns, which are aligned right.

    Example:
        >>> len(simple_table("Strategy", "CAIL score", "micro-F1").columns)
        3
    """
    table = PlainTable(box=box.SIMPLE_HEAD)
    table.add_column(first)
    for heading in others:
        table.add_column(heading, justify="right")
    return table


def render(*parts: RenderableType, width: int = WIDTH, colour: bool = False) -> str:
    """Return tables and texts as text; no line is wider than `width` cells or ends in spaces.

    Args:
        *parts: What to show, one below the other.
        width: Greatest width of a line, in cells.
        colour: Whether to colour the text, as a terminal shows it.

    Example:
        >>> table = simple_table("Article", "Score")
        >>> table.add_row("264", "0.912")
        >>> [line.split() for line in render(table).splitlines()][1::2]
        [['Article', 'Score'], ['264', '0.912']]
    """
    output = StringIO()
    console = Console(
        file=output,
        width=width,
        color_system="standard" if colour else None,
        force_terminal=colour,
        # "[/]", ":a:" and numbers in facts, titles and paths stay as they are.
        markup=False,
        emoji=False,
        highlight=False,
    )
    for part in parts:
        console.print(part)
    return "".join(f"{line.rstrip()}\n" for line in output.getvalue().splitlines())
