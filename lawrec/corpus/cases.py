"""Cases: read them from files or a stream, check each one, and find the splits of a folder."""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from lawrec.corpus.articles import article_name
from lawrec.errors import CaseError, quoted

SPLITS = ("train", "valid", "test")
_CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SEPARATORS = re.compile(r"[;；,，、|\s]+")


@dataclass(frozen=True)
class Case:
    """One case: its fact, and the articles and charges that a court gave it, where they are known.

    `where` names the file and line, for messages; `case_id` is the case's own id, else its line.
    `cited` are the articles as the line gives them, repeats included.
    """

    where: str
    case_id: str
    fact: str = field(repr=False)
    articles: tuple[str, ...] = ()
    charges: tuple[str, ...] = ()
    cited: tuple[str, ...] = field(default=(), repr=False, compare=False)


Cases = Iterator[Case | CaseError]
"""A case a line, in order; a line that cannot be used comes as its error, never as nothing."""


def read_cases(path: Path, labelled: bool = True, file_format: str | None = None) -> Cases:
    """Read the cases of a file one by one.

    Args:
        path: A file whose suffix is a key of `SUFFIXES`, unless `file_format` is given.
        labelled: Whether each case must say its articles.
        file_format: A key of `READERS`.

    Raises:
        CaseError: The file cannot be opened, or its suffix is unknown.
    """
    reader = file_format or _format_of(path)
    try:
        with path.open("rb") as stream:
            yield from read_stream(stream, str(path), labelled, reader)
    except OSError as error:
        raise CaseError(
            path, "the file must be readable", error.strerror, "Check the path."
        ) from error


def read_stream(stream: BinaryIO, where: str, labelled: bool, file_format: str) -> Cases:
    """Read the cases of an open binary stream, UTF-8 with or without a byte order mark."""
    lines = (line.decode("utf-8", errors="surrogateescape") for line in stream)
    return READERS[file_format](_without_mark(lines), where, labelled)


def strictly(cases: Cases) -> Iterator[Case]:
    """Pass the cases on and raise the first line that cannot be used."""
    for case in cases:
        if isinstance(case, CaseError):
            raise case
        yield case


def find_splits(data: Path) -> dict[str, Path]:
    """Return the file of each split in a folder: `train.json` or CAIL's `data_train.json`, say.

    Raises:
        CaseError: The folder or its train split is missing, or a split is there twice.
    """
    if not data.is_dir():
        raise CaseError(
            data,
            "--data must be a folder with train, valid and test files",
            "a file" if data.exists() else "no such folder",
            f"Put the cases into train.json, valid.json and test.json ({', '.join(SUFFIXES)} are "
            "read) in one folder and name that folder.",
        )
    found = {split: _files_of(data, split) for split in SPLITS}
    for split, files in found.items():
        if len(files) > 1:
            names = " and ".join(file.name for file in files)
            raise CaseError(data, f"there must be one {split} file", names, "Keep one of them.")
    if not found["train"]:
        raise CaseError(
            data, "the folder must hold train.json", "no train file", "Add it, or name another."
        )
    return {split: files[0] for split, files in found.items() if files}


def _files_of(data: Path, split: str) -> list[Path]:
    names = [prefix + split + suffix for prefix in ("", "data_") for suffix in SUFFIXES]
    return [data / name for name in names if (data / name).is_file()]


def _format_of(path: Path) -> str:
    if path.suffix not in SUFFIXES:
        raise CaseError(
            path,
            f"the suffix must be one of {', '.join(SUFFIXES)}",
            quoted(path.suffix),
            "Rename the file, or say the format.",
        )
    return SUFFIXES[path.suffix]


def _without_mark(lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield line.removeprefix("\ufeff") if number == 0 else line


def _read_text(lines: Iterable[str], where: str, labelled: bool) -> Cases:
    for number, line in enumerate(lines, 1):
        here = f"{where}:{number}"
        if labelled:
            yield CaseError(
                here, "a case must say its articles", "plain text", "Use JSON lines or CSV."
            )
        else:
            yield _case(here, number, {"fact": line.rstrip("\r\n")}, labelled=False)


def _read_jsonl(lines: Iterable[str], where: str, labelled: bool) -> Cases:
    for number, line in enumerate(lines, 1):
        if line.strip():
            here = f"{where}:{number}"
            try:
                yield _case(here, number, _json_fields(line, here), labelled)
            except CaseError as error:
                yield error


def _read_csv(lines: Iterable[str], where: str, labelled: bool, delimiter: str = ",") -> Cases:
    header: list[str] = []
    for number, row, problem in _csv_rows(lines, delimiter):
        here = f"{where}:{number}"
        if not header:
            header = [name.strip() for name in row]
            _check_header(header, here, labelled, problem or quoted(",".join(header)))
        elif len(row) == len(header):
            yield _case(here, number, _csv_fields(dict(zip(header, row, strict=True))), labelled)
        else:
            got = problem or f"{len(row)} fields"
            yield CaseError(here, f"a row must have {len(header)} fields", got, "Mend the row.")


def _csv_rows(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str], str]]:
    """Give the line, the fields, and the problem if there is one, of each row that is not blank."""
    rows = csv.reader(lines, delimiter=delimiter)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield rows.line_num, [], str(error)
        else:
            if row:
                yield rows.line_num, row, ""


def _read_tsv(lines: Iterable[str], where: str, labelled: bool) -> Cases:
    return _read_csv(lines, where, labelled, delimiter="\t")


def _check_header(header: list[str], here: str, labelled: bool, got: str) -> None:
    for name in ("fact", "articles") if labelled else ("fact",):
        if name not in header:
            raise CaseError(
                here,
                f'the first row must name a column "{name}"',
                got,
                "Add the column or rename yours.",
            )


def _json_fields(line: str, here: str) -> dict[str, Any]:
    """Bring a CAIL2018 line or a plain one to the fields id, fact, articles, charges."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CaseError(
            here, "a line must be one JSON object", f"broken JSON ({error})", "Mend the line."
        ) from error
    if not isinstance(record, dict):
        raise CaseError(
            here, "a line must be one JSON object", quoted(record), 'Write {"fact": "..."}.'
        )
    if "meta" not in record:
        return record
    meta = record["meta"]
    if not isinstance(meta, dict):
        raise CaseError(here, '"meta" must be a JSON object', quoted(meta), "Mend the line.")
    return {
        "id": record.get("id"),
        "fact": record.get("fact"),
        "articles": meta.get("relevant_articles"),
        "charges": meta.get("accusation"),
    }


def _csv_fields(row: dict[str, str]) -> dict[str, Any]:
    lists: dict[str, Any] = {
        name: [part for part in _SEPARATORS.split(row[name]) if part]
        for name in ("articles", "charges")
        if name in row
    }
    return {**row, **lists}


def _case(here: str, number: int, fields: dict[str, Any], labelled: bool) -> Case | CaseError:
    case_id = str(number if fields.get("id") in (None, "") else fields["id"])
    try:
        _check_fact(fields.get("fact"), here)
        cited = _articles(fields.get("articles"), here) if labelled else ()
        _check_utf8("".join((case_id, *cited)), here)
    except CaseError as error:
        return error
    charges = fields.get("charges")
    return Case(
        where=here,
        case_id=case_id,
        fact=fields["fact"],
        articles=tuple(dict.fromkeys(cited)),
        charges=tuple(map(str, charges)) if isinstance(charges, list) else (),
        cited=cited,
    )


def _check_fact(fact: object, here: str) -> None:
    if not isinstance(fact, str):
        raise CaseError(here, '"fact" must be a text', quoted(fact), "Mend the line.")
    if not fact.strip():
        raise CaseError(here, "the fact must not be empty", quoted(fact), "Write the fact.")
    _check_utf8(fact, here)
    if not _CHINESE.search(fact):
        raise CaseError(
            here, "the fact must hold Chinese text", quoted(fact), "Write the fact in Chinese."
        )


def _check_utf8(text: str, here: str) -> None:
    if _SURROGATE.search(text):
        raise CaseError(here, "the text must be UTF-8", "other bytes", "Convert it to UTF-8.")


def _articles(values: object, here: str) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise CaseError(
            here,
            '"meta.relevant_articles" (or "articles") must be a list of articles',
            quoted(values),
            "Fix the line, or pass --skip-bad.",
        )
    try:
        return tuple(article_name(value) for value in values)
    except ValueError as error:
        raise CaseError(
            here,
            'an article must be a number or a text such as "133之一"',
            str(error),
            "Fix the line, or pass --skip-bad.",
        ) from error


READERS: dict[str, Callable[[Iterable[str], str, bool], Cases]] = {
    "text": _read_text,
    "jsonl": _read_jsonl,
    "csv": _read_csv,
    "tsv": _read_tsv,
}
SUFFIXES = {".json": "jsonl", ".jsonl": "jsonl", ".csv": "csv", ".tsv": "tsv", ".txt": "text"}
