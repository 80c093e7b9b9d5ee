"""TODO reporting.answers."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from lawrec.decision.recommend import Recommendation
from lawrec.reporting.tables import (
    HEAD_WIDTH,
    WIDTH,
    _cells,
    _csv_row,
    _fields,
    _plain,
    indented,
    render,
)
from lawrec.runs.results import Answer


def answer_table(
    answers: Iterable[Answer], width: int = WIDTH, texts: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Give a table a case: article, title, score, threshold, and whether it is recommended.

    The recommended articles' texts stand below it where they are given.
    """
    for answer in answers:
        case = f"Case {_plain(answer.case_id)}: "
        if answer.error:
            yield f"{case}not answered. {_plain(str(answer.error))}\n"
            continue
        head = Text(case + _plain(answer.fact))
        head.truncate(min(width, HEAD_WIDTH), overflow="ellipsis")
        table = Table("Article", "Title", box=box.SIMPLE_HEAD)
        for name in ("Score", "Probability", "Threshold"):
            table.add_column(name, justify="right")
        table.add_column("Recommended")
        for entry in answer.decision.recommendations:
            table.add_row(*_cells(entry))
        notes = "".join(f"  {note}\n" for note in _notes(answer))
        yield f"{head.plain}\n{render(table, width)}{notes}" + _texts_below(
            answer.decision.recommendations, texts or {}
        )


def answer_json(
    answers: Iterable[Answer], width: int = WIDTH, texts: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Give a JSON line a case; where `texts` are given, null is that of an article without."""
    for answer in answers:
        line: dict[str, Any] = {"case_id": answer.case_id}
        if answer.error:
            line["error"] = str(answer.error)
        else:
            entries = answer.decision.recommendations
            line["articles"] = [entry.article for entry in entries if entry.recommended]
            line["recommendations"] = [_fields(entry, texts) for entry in entries]
            line["abstained"] = answer.decision.abstained
            line["violations"] = [asdict(found) for found in answer.decision.violations]
            line["truncated"] = answer.truncated
        yield json.dumps(line, ensure_ascii=False)


def answer_csv(
    answers: Iterable[Answer], width: int = WIDTH, texts: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Give a CSV row an article, with a header; a case without any has its error, if one."""
    names = [field.name for field in fields(Recommendation)]
    names += [] if texts is None else ["text"]
    yield _csv_row(["case_id", *names, "error"])
    for answer in answers:
        if not answer.decision.recommendations:
            yield _csv_row([answer.case_id, *[""] * len(names), answer.error or ""])
        for entry in answer.decision.recommendations:
            yield _csv_row([answer.case_id, *_fields(entry, texts).values(), ""])


def _notes(answer: Answer) -> Iterator[str]:
    """Give what a reader should know of an answer beside its table."""
    if answer.decision.abstained:
        yield "For a person to decide: the guarantee would take too long a list."
    for found in answer.decision.violations:
        yield _BREAKS[found.kind].format(found.article, found.other)
    if answer.truncated:
        yield "The fact is longer than the model reads: its end was not considered."


_BREAKS = {
    "missing_companion": "In training, {0} hardly ever stands without {1}, which is missing here.",
    "never_cited_together": "In training, {0} and {1} never stand together.",
}


def _texts_below(entries: Iterable[Recommendation], texts: Mapping[str, str]) -> str:
    named = [entry for entry in entries if entry.recommended and entry.article in texts]
    return "\n".join(
        f"  {entry.article} {entry.title}\n{indented(texts[entry.article])}\n" for entry in named
    )


ANSWER_WRITERS: dict[str, Callable[..., Iterator[str]]] = {
    "table": answer_table,
    "json": answer_json,
    "csv": answer_csv,
}
