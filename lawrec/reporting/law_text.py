"""The catalogue, texts and changes of articles, as tables for people and JSON for programs."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import date
from typing import Any

from rich import box
from rich.table import Table

from lawrec.law.catalog import Article
from lawrec.law.lookup import ArticleInfo, ImportReport
from lawrec.law.statute_versions import Change, Piece, Version
from lawrec.reporting.tables import WIDTH, indented, render

_AROUND = 12
"""Signs of unchanged text that a difference shows on each side."""


def entries_text(entries: Iterable[ArticleInfo]) -> str:
    """Return a paragraph an article: its place, its amendments, its text."""
    return "\n\n".join(map(_entry_text, entries))


def entries_json(entries: Iterable[ArticleInfo]) -> str:
    """Return a JSON line an article."""
    return "\n".join(_json(asdict(entry)) for entry in entries)


def list_table(articles: Iterable[Article]) -> str:
    """Return a row an article; a title stands above where part, chapter or section changes."""
    table = Table("Article", box=box.SIMPLE_HEAD)
    table.add_column("Title", overflow="fold")
    table.add_column("Amended")
    place = ""
    for entry in articles:
        if _place(entry) != place:
            place = _place(entry)
            table.add_row("", place, "")
        dates = [str(amendment.effective) for amendment in entry.amendments]
        table.add_row(entry.article, entry.title, ", ".join(dates))
    return render(table, WIDTH)


def list_json(articles: Iterable[Article]) -> str:
    """Return a JSON line an article."""
    return "\n".join(_json(asdict(entry)) for entry in articles)


def import_text(imported: ImportReport) -> str:
    """Return what an import read and what it did not find."""
    lines = [str(imported.path), f"{imported.articles:,} articles read"]
    lines += [
        f"{label}: {', '.join(names) or 'none'}"
        for label, names in (
            ("missing", imported.missing),
            ("doubled, the first text counts", imported.repeated),
            ("not in the catalogue", imported.unknown),
        )
    ]
    if imported.left_out:
        lines.append(
            f"{imported.left_out:,} lines are no article's text: they stand under left_out there"
        )
    return "\n".join(lines)


def changes_text(
    old: Version, new: Version, changes: list[Change], titles: dict[str, str], with_text: bool
) -> str:
    """Return which articles changed, came and went, with the words on demand."""
    lines = [f"{old.name}: from the version of {old.effective} to that of {new.effective}"]
    for kind in ("changed", "added", "removed"):
        found = [change for change in changes if change.kind == kind]
        lines.append(f"{len(found):,} {kind}{':' if found else ''}")
        for change in found:
            lines.append(f"  {change.article} {titles.get(change.article, '')}".rstrip())
            lines += [indented(_marked(change.pieces()))] if with_text else []
    return "\n".join(lines)


def changes_json(
    old: Version, new: Version, changes: list[Change], titles: dict[str, str], with_text: bool
) -> str:
    """Return the changes as one JSON object; with the words, each has its `pieces`."""
    return json.dumps(
        {
            "name": old.name,
            "from": str(old.effective),
            "to": str(new.effective),
            "changes": [
                {"article": change.article, "title": titles.get(change.article, "")}
                | {"kind": change.kind}
                | (_words(change) if with_text else {})
                for change in changes
            ],
        },
        ensure_ascii=False,
        indent=1,
    )


def _words(change: Change) -> dict[str, Any]:
    pieces = [asdict(piece) for piece in change.pieces()]
    return {"old": change.old, "new": change.new, "pieces": pieces}


def _marked(pieces: list[Piece]) -> str:
    """Return [-what went-]{+what came+} between the ends of what stayed."""
    marks = {"-": "[-{}-]", "+": "{{+{}+}}", "=": "{}"}
    shown = []
    for place, piece in enumerate(pieces):
        text = piece.text
        if piece.kind == "=":
            left = text[:_AROUND] if place else ""
            right = text[-_AROUND:] if place + 1 < len(pieces) else ""
            text = text if len(text) <= len(left + right) else f"{left}…{right}"
        words = text.rstrip("\n")
        shown.append(marks[piece.kind].format(words) + text[len(words) :])
    return "".join(shown)


def _entry_text(entry: ArticleInfo) -> str:
    lines = [f"{entry.article}  {entry.title}".rstrip()]
    lines += [f"  {_place(entry)}"] if _place(entry) else []
    amended = ", ".join(f"{change.name} ({change.effective})" for change in entry.amendments)
    lines += [f"  amended by {amended}"] if amended else []
    if entry.version is None:
        return "\n".join([*lines, "  no text: `lawrec articles import` reads the statute"])
    if entry.text is None:
        return "\n".join([*lines, f"  not in the version of {entry.version}"])
    lines.append(f"  text in force from {entry.version}:")
    if entry.outdated_by:
        lines.append(f"  since then amended by {', '.join(entry.outdated_by)}, not imported")
    return "\n".join([*lines, indented(entry.text)])


def _place(entry: Article | ArticleInfo) -> str:
    return " · ".join(filter(None, (entry.part, entry.chapter, entry.section)))


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, default=date.isoformat)


ENTRY_WRITERS: dict[str, Callable[[Iterable[ArticleInfo]], str]] = {
    "table": entries_text,
    "json": entries_json,
}
LIST_WRITERS: dict[str, Callable[[Iterable[Article]], str]] = {
    "table": list_table,
    "json": list_json,
}
CHANGES_WRITERS: dict[
    str, Callable[[Version, Version, list[Change], dict[str, str], bool], str]
] = {"table": changes_text, "json": changes_json}
