"""Writers of answers: tables and pages for people, JSON lines, CSV and Parquet for programs.

All writers take answers as they come and write them at once, so that a long input needs no memory.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from io import StringIO
from pathlib import Path
from typing import Any

from lawrec.decision.recommend import Recommendation
from lawrec.reporting.answers.fields import answer_fields, recommendation_fields
from lawrec.reporting.answers.html import answer_html
from lawrec.reporting.answers.parquet import save_parquet
from lawrec.runs.results import Answer
from lawrec.storage.files import CSV_ENCODING, write_lines
from lawrec.storage.json_text import json_text
from lawrec.text import table_cell


def answer_json(
    answers: Iterable[Answer], *, texts: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Yield one line of JSON per case.

    Args:
        answers: The answers.
        texts: Texts of articles by name, which become "text" of each article; null if it has none.

    Example:
        >>> next(answer_json([Answer("1")]))[:33]
        '{"case_id": "1", "articles": [], '
    """
    for answer in answers:
        yield json_text(answer_fields(answer, texts), None)


def answer_csv(
    answers: Iterable[Answer], *, texts: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Yield a CSV header, then one row per article; a case without articles has one row, too.

    Args:
        answers: The answers.
        texts: Texts of articles by name, as the column "text".

    Example:
        >>> list(answer_csv([Answer("1")]))[1]
        '1,,,,,,,,,'
    """
    nested = ("features", "explanation")
    names = [field.name for field in fields(Recommendation) if field.name not in nested]
    names += [] if texts is None else ["text"]
    yield _csv_row(["case_id", *names, "error"])
    for answer in answers:
        if not answer.decision.recommendations:
            yield _csv_row([answer.case_id, *[""] * len(names), str(answer.error or "")])
        for entry in answer.decision.recommendations:
            values = recommendation_fields(entry, texts)
            yield _csv_row([answer.case_id, *(values[name] for name in names), ""])


def save_answers(
    path: Path,
    answers: Iterable[Answer],
    *,
    output_format: str,
    texts: Mapping[str, str] | None = None,
    **style: Any,
) -> None:
    """Write answers to a file as they come, whole or not at all.

    Args:
        path: The file.
        answers: The answers.
        output_format: One of `FORMATS`.
        texts: Texts of articles by name, which are added.
        style: More arguments of `answer_table`, for a table.

    Raises:
        ConfigError: A package that the format needs is missing.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "answers.jsonl")
        ...     save_answers(path, [Answer("1")], output_format="json")
        ...     path.read_text()[:15]
        '{"case_id": "1"'
    """
    if output_format == PARQUET:
        save_parquet(path, answers, texts=texts)
        return
    lines = ANSWER_WRITERS[output_format](answers, texts=texts, **style)
    write_lines(path, lines, encoding=CSV_ENCODING if output_format == "csv" else "utf-8")


def format_of(path: Path) -> str | None:
    """Return the format that the name of a file asks for; None if it asks for none.

    Example:
        >>> format_of(Path("answers.parquet")), format_of(Path("answers.txt"))
        ('parquet', None)
    """
    name = path.suffix.lower().removeprefix(".")
    names = {"jsonl": "json", **{name: name for name in FORMATS if name != "table"}}
    return names.get(name)


def _answer_table(answers: Iterable[Answer], **options: Any) -> Iterator[str]:
    from lawrec.reporting.answers.table import answer_table  # rich takes long to import

    return answer_table(answers, **options)


def _csv_row(values: list[Any]) -> str:
    line = StringIO()
    # A value with any other line end than the writer's own "\r\n" would not be quoted.
    csv.writer(line).writerow(map(table_cell, values))
    return line.getvalue().removesuffix("\r\n")


ANSWER_WRITERS: dict[str, Callable[..., Iterator[str]]] = {
    "table": _answer_table,
    "json": answer_json,
    "csv": answer_csv,
    "html": answer_html,
}
"""The formats whose answers are lines of text."""
PARQUET = "parquet"
FORMATS = (*ANSWER_WRITERS, PARQUET)
"""All formats; a Parquet file is written to a path alone."""
