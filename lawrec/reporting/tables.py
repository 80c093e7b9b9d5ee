"""TODO reporting.tables."""

import csv
import io
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from lawrec.decision.recommend import Recommendation

WIDTH = 100
"""Columns of a table that is not printed on a terminal."""
HEAD_WIDTH = 81
"""Columns of the line above a table, which shows the start of the fact."""


def _plain(text: str) -> str:
    """Return one line without the control characters that would steer a terminal."""
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())


def _cells(entry: Recommendation) -> tuple[str, ...]:
    threshold = "none" if entry.threshold is None else f"{entry.threshold:.3f}"
    verdict = f"{'yes' if entry.recommended else 'no'}: {entry.reason}"
    probability = "" if entry.probability is None else f"{entry.probability:.3f}"
    return (entry.article, entry.title, f"{entry.score:.3f}", probability, threshold, verdict)


def render(table: Table, width: int) -> str:
    """Return a table as text."""
    # Facts, titles and paths are not markup: "[/]" and ":a:" in them stay as they are.
    console = Console(file=io.StringIO(), width=width, color_system=None, markup=False, emoji=False)
    console.print(table)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _fields(entry: Recommendation, texts: Mapping[str, str] | None) -> dict[str, Any]:
    return asdict(entry) | ({} if texts is None else {"text": texts.get(entry.article)})


def indented(text: str) -> str:
    """Return the paragraphs of an article's text, a line each."""
    return "\n".join(f"    {_plain(paragraph)}" for paragraph in text.splitlines())


def _csv_row(values: list[Any]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(values)  # it quotes only the line ends that it writes itself
    return line.getvalue().removesuffix("\r\n")
