"""What `lawrec articles` prints: the catalog, entries, imports and changes of articles.

Each exists as text for people and as JSON for programs.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from lawrec.law.catalog import Article
from lawrec.law.lookup import ArticleInfo
from lawrec.law.statute_import import ImportReport
from lawrec.law.statute_versions import Change, Piece, Version
from lawrec.reporting.tables import indented, render, simple_table
from lawrec.storage.json_text import json_text
from lawrec.text import encodable
from lawrec.translation import joined, marked, translate

_CONTEXT = 12
"""Characters of unchanged text that are shown before and after a difference."""


@dataclass(frozen=True)
class StatuteChanges:
    """The changes between two versions of a statute, with the titles of articles by name."""

    old: Version
    new: Version
    changes: Sequence[Change]
    titles: Mapping[str, str]


def entries_text(entries: Iterable[ArticleInfo]) -> str:
    """Return one paragraph per article: its title, chapter, amendments and text.

    Example:
        >>> print(entries_text([ArticleInfo("264", "盗窃罪", "分则", "第五章 侵犯财产罪", "", ())]))
        264  盗窃罪
          分则 · 第五章 侵犯财产罪
          no text: `lawrec articles import` reads the statute
    """
    return "\n\n".join(map(_entry_text, entries))


def articles_json(articles: Iterable[Article]) -> str:
    """Return one line of JSON per article.

    Example:
        >>> json.loads(articles_json([Article("264", "盗窃罪")]))["amendments"]
        []
    """
    lines = (json.dumps(asdict(a), ensure_ascii=False, default=date.isoformat) for a in articles)
    return encodable("\n".join(lines))


def list_table(articles: Iterable[Article]) -> str:
    """Return a table with one row per article, and the title of each part, chapter and section.

    Example:
        >>> table = list_table([Article("264", "盗窃罪", "分则", "第五章 侵犯财产罪")])
        >>> [line.strip() for line in table.splitlines()][3:5]
        ['分则 · 第五章 侵犯财产罪', '264       盗窃罪']
    """
    table = simple_table("Article")
    table.add_column("Title")
    table.add_column("Amended")
    division = ""
    for entry in articles:
        if _division(entry) != division:
            division = _division(entry)
            table.add_row("", division, "")
        dates = [str(amendment.effective) for amendment in entry.amendments]
        table.add_row(entry.article, entry.title, ", ".join(dates))
    return render(table)


def import_text(report: ImportReport) -> str:
    """Return what the import of a statute read, and what it lacks.

    Example:
        >>> from pathlib import Path
        >>> print(import_text(ImportReport(Path("2021-03-01.json"), 1203, ("2",), (), (), 0)))
        2021-03-01.json
        1,203 articles read
        missing: 2
        repeated, only the first text is kept: none
        not in the catalog: none
    """
    missing, repeated, unknown = (
        translate(", ".join(names) or "none")
        for names in (report.missing, report.repeated, report.unknown)
    )
    lines = [
        str(report.path),
        translate(f"{report.articles:,} articles read"),
        translate(f"missing: {missing}"),
        translate(f"repeated, only the first text is kept: {repeated}"),
        translate(f"not in the catalog: {unknown}"),
    ]
    if n := report.left_out:
        left_out = (
            "1 line belongs to no article: it is kept under left_out there"
            if n == 1
            else f"{n:,} lines belong to no article: they are kept under left_out there"
        )
        lines.append(translate(left_out))
    return "\n".join(lines)


def changes_text(comparison: StatuteChanges, with_diff: bool = False) -> str:
    """Return which articles were changed, added and removed; with `with_diff`, also their words.

    Removed words are shown as [-words-], added ones as {+words+}.

    Example:
        >>> old = Version("tea", date(2001, 2, 1), {})
        >>> new = Version("tea", date(2020, 1, 1), {})
        >>> added = Change("3", "added", None, "新。")
        >>> print(changes_text(StatuteChanges(old, new, [added], {}), with_diff=True))
        tea: from the version of 2001-02-01 to that of 2020-01-01
        0 changed
        1 added:
          3
            {+新。+}
        0 removed
    """
    old, new = comparison.old, comparison.new
    versions = translate(f"from the version of {old.effective} to that of {new.effective}")
    lines = [f"{old.name}: {versions}"]
    for kind in ("changed", "added", "removed"):
        changes = [change for change in comparison.changes if change.kind == kind]
        lines.append(_count_text(len(changes), kind))
        for change in changes:
            title = comparison.titles.get(change.article, "")
            lines.append(f"  {change.article} {title}".rstrip())
            lines += [indented(_with_marks(change.pieces()))] if with_diff else []
    return "\n".join(lines)


def changes_json(comparison: StatuteChanges, with_diff: bool = False) -> str:
    """Return the changes as one JSON object; with `with_diff`, each has its texts and `pieces`.

    Example:
        >>> old = Version("tea", date(2001, 2, 1), {})
        >>> new = Version("tea", date(2020, 1, 1), {})
        >>> added = Change("3", "added", None, "新。")
        >>> json.loads(changes_json(StatuteChanges(old, new, [added], {"3": "罪"})))["changes"]
        [{'article': '3', 'title': '罪', 'kind': 'added'}]
    """
    return json_text(
        {
            "name": comparison.old.name,
            "from": str(comparison.old.effective),
            "to": str(comparison.new.effective),
            "changes": [
                {
                    "article": change.article,
                    "title": comparison.titles.get(change.article, ""),
                    "kind": change.kind,
                }
                | (_words(change) if with_diff else {})
                for change in comparison.changes
            ],
        }
    )


def _count_text(n: int, kind: str) -> str:
    """Return a count of changes, which ends in a colon where they follow."""
    counts = {
        "changed": marked(f"{n:,} changed"),
        "added": marked(f"{n:,} added"),
        "removed": marked(f"{n:,} removed"),
    }
    return joined(": ", [translate(counts[kind]), ""]).rstrip() if n else translate(counts[kind])


def _words(change: Change) -> dict[str, Any]:
    pieces = [asdict(piece) for piece in change.pieces()]
    return {"old": change.old, "new": change.new, "pieces": pieces}


def _with_marks(pieces: list[Piece]) -> str:
    """Return [-removed words-] and {+added words+} between the ends of the unchanged text.

    Of a long unchanged piece, only the characters next to a difference are shown:
    "…十，[-旧。-]{+新。+}" where the old text is "一二三四五六七八九十，旧。".
    """
    marks = {"-": "[-{}-]", "+": "{{+{}+}}", "=": "{}"}
    shown = []
    for index, piece in enumerate(pieces):
        text = piece.text
        if piece.kind == "=":
            left = text[:_CONTEXT] if index else ""
            right = text[-_CONTEXT:] if index + 1 < len(pieces) else ""
            text = text if len(text) <= len(left + right) else f"{left}…{right}"
        words = text.rstrip("\n")
        shown.append(marks[piece.kind].format(words) + text[len(words) :])
    return "".join(shown)


def _entry_text(entry: ArticleInfo) -> str:
    lines = [f"{entry.article}  {entry.title}".rstrip()]
    lines += [f"  {_division(entry)}"] if _division(entry) else []
    amended = ", ".join(f"{change.name} ({change.effective})" for change in entry.amendments)
    lines += [translate(f"  amended by {amended}")] if amended else []
    if entry.version is None:
        lines.append(translate("  no text: `lawrec articles import` reads the statute"))
    elif entry.text is None:
        lines.append(translate(f"  not in the version of {entry.version}"))
    else:
        lines.append(translate(f"  text in force from {entry.version}:"))
        if names := ", ".join(entry.outdated_by):
            lines.append(translate(f"  since then amended by {names}, not imported"))
        lines.append(indented(entry.text))
    return "\n".join(lines)


def _division(entry: Article | ArticleInfo) -> str:
    return " · ".join(filter(None, (entry.part, entry.chapter, entry.section)))


ENTRY_WRITERS = {"table": entries_text, "json": articles_json}
LIST_WRITERS = {"table": list_table, "json": articles_json}
CHANGES_WRITERS = {"table": changes_text, "json": changes_json}
