"""The answers of `lawrec predict`: tables for people, JSON lines and CSV for programs.

All writers take answers as they come and yield text at once, so that a long input needs no memory.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, fields, replace
from io import StringIO
from pathlib import Path
from textwrap import wrap
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from lawrec.decision.recommend import Recommendation
from lawrec.files import CSV_ENCODING, write_lines
from lawrec.json_text import json_text
from lawrec.reporting.tables import WIDTH, PlainTable, indented, plain, render
from lawrec.runs.results import Answer
from lawrec.text import table_cell

HEAD_WIDTH = 81
"""Greatest width in cells of the line above a table, which shows the start of the fact."""


def answer_table(
    answers: Iterable[Answer], width: int = WIDTH, *, texts: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Yield one table per case: articles, titles, scores, thresholds, and what is recommended.

    Args:
        answers: The answers.
        width: Greatest width of a line, in cells.
        texts: Texts of articles by name; those of the recommended articles follow their table.

    Example:
        >>> [shown] = answer_table([Answer("1", "被告人盗窃。")])
        >>> shown.splitlines()[0]
        'Case 1: 被告人盗窃。'
    """
    for answer in answers:
        case = f"Case {plain(answer.case_id)}: "
        if answer.error:
            yield f"{case}not answered. {plain(str(answer.error))}\n"
            continue
        head = Text(case + plain(answer.fact))
        head.truncate(min(width, HEAD_WIDTH), overflow="ellipsis")
        lines = [*_feature_lines(answer, width), *(f"  {note}" for note in _notes(answer))]
        notes = "".join(f"{line}\n" for line in lines)
        entries = answer.decision.recommendations
        table = render(_recommendations_table(entries), width)
        yield f"{head.plain}\n{table}{notes}{_recommended_texts(entries, texts or {})}"


def answer_json(
    answers: Iterable[Answer], width: int = WIDTH, *, texts: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Yield one line of JSON per case.

    Args:
        answers: The answers.
        width: Not used; all writers take the same arguments.
        texts: Texts of articles by name, which become "text" of each article; null if it has none.

    Example:
        >>> next(answer_json([Answer("1")]))[:33]
        '{"case_id": "1", "articles": [], '
    """
    for answer in answers:
        line: dict[str, Any] = {"case_id": answer.case_id}
        if answer.error:
            line["error"] = str(answer.error)
        else:
            entries = answer.decision.recommendations
            line["articles"] = [entry.article for entry in entries if entry.recommended]
            line["recommendations"] = [_fields(entry, texts) for entry in entries]
            line["abstained"] = answer.decision.abstained
            line["violations"] = [asdict(violation) for violation in answer.decision.violations]
            line["truncated"] = answer.truncated
        yield json_text(line, None)


def answer_csv(
    answers: Iterable[Answer], width: int = WIDTH, *, texts: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Yield a CSV header, then one row per article; a case without articles has one row, too.

    Args:
        answers: The answers.
        width: Not used; all writers take the same arguments.
        texts: Texts of articles by name, as the column "text".

    Example:
        >>> list(answer_csv([Answer("1")]))[1]
        '1,,,,,,,,,'
    """
    names = [field.name for field in fields(Recommendation) if field.name != "features"]
    names += [] if texts is None else ["text"]
    yield _csv_row(["case_id", *names, "error"])
    for answer in answers:
        if not answer.decision.recommendations:
            yield _csv_row([answer.case_id, *[""] * len(names), str(answer.error or "")])
        for entry in answer.decision.recommendations:
            values = _fields(replace(entry, features=None), texts).values()
            yield _csv_row([answer.case_id, *values, ""])


def save_answers(path: Path, lines: Iterable[str], *, output_format: str) -> None:
    """Write answers to a file, whole or not at all.

    Args:
        path: The file.
        lines: What a writer of `ANSWER_WRITERS` yields.
        output_format: The name of the writer.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "answers.jsonl")
        ...     save_answers(path, answer_json([Answer("1")]), output_format="json")
        ...     path.read_text()[:15]
        '{"case_id": "1"'
    """
    write_lines(path, lines, encoding=CSV_ENCODING if output_format == "csv" else "utf-8")


def _recommendations_table(entries: Iterable[Recommendation]) -> Table:
    table = PlainTable("Article", "Title", box=box.SIMPLE_HEAD)
    for name in ("Score", "Probability", "Threshold"):
        table.add_column(name, justify="right")
    table.add_column("Recommended")
    for entry in entries:
        table.add_row(
            entry.article,
            entry.title,
            f"{entry.score:.3f}",
            "" if entry.probability is None else f"{entry.probability:.3f}",
            "none" if entry.threshold is None else f"{entry.threshold:.3f}",
            f"{'yes' if entry.recommended else 'no'}: {entry.reason}",
        )
    return table


def _notes(answer: Answer) -> Iterator[str]:
    """Yield what a reader should know of an answer that its table does not show."""
    if answer.decision.abstained:
        yield "For a person to decide: the guarantee would need too long a list."
    for violation in answer.decision.violations:
        yield _VIOLATIONS[violation.kind].format(violation.article, violation.other)
    if answer.truncated:
        yield "The fact is longer than the model reads: its end was not considered."


def _feature_lines(answer: Answer, width: int) -> Iterator[str]:
    """Yield what moved the scores, such as "  264: words: margin +1.8, lstm: rank +0.9"."""
    for entry in answer.decision.recommendations:
        if entry.features:
            moves = (f"{each.name} {each.contribution:+.1f}" for each in entry.features)
            text = f"{plain(entry.article)}: {', '.join(moves)}"
            wide = cell_len(text) - len(text)  # Chinese characters are two cells wide
            yield from wrap(text, width - wide, initial_indent="  ", subsequent_indent="    ")


_VIOLATIONS = {
    "missing_companion": (
        "In the training cases, {0} is rarely cited without {1}, which is missing here."
    ),
    "never_cited_together": "In the training cases, {0} and {1} are never cited together.",
}
"""The note for each kind of co-citation violation."""


def _recommended_texts(entries: Iterable[Recommendation], texts: Mapping[str, str]) -> str:
    return "\n".join(
        f"  {entry.article} {entry.title}\n{indented(texts[entry.article])}\n"
        for entry in entries
        if entry.recommended and entry.article in texts
    )


def _fields(entry: Recommendation, texts: Mapping[str, str] | None) -> dict[str, Any]:
    values = asdict(entry) | ({} if texts is None else {"text": texts.get(entry.article)})
    if entry.features is None:
        del values["features"]
    return values


def _csv_row(values: list[Any]) -> str:
    line = StringIO()
    # A value with any other line end than the writer's own "\r\n" would not be quoted.
    csv.writer(line).writerow(map(table_cell, values))
    return line.getvalue().removesuffix("\r\n")


ANSWER_WRITERS: dict[str, Callable[..., Iterator[str]]] = {
    "table": answer_table,
    "json": answer_json,
    "csv": answer_csv,
}
