"""Case lines: each case with the bytes of its line, and cases written as JSON lines.

`audit --fix` and `split` write copies of cases that can be read without any options: however the
cases were written, the copies are JSON lines in UTF-8 with the usual fields. A line that is such
JSON already is copied with all its fields.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from lawrec.corpus.case_shards import FilePart, part_of, plan_shards
from lawrec.corpus.cases import Case, Cases, read_stream
from lawrec.corpus.readers import DEFAULT_FORMAT, CaseFormat, choose_reader
from lawrec.errors import CaseError
from lawrec.law.articles import json_label
from lawrec.storage.file_lists import list_files
from lawrec.storage.json_text import json_line
from lawrec.storage.packed_files import open_binary
from lawrec.storage.text_files import bounded_lines, decode_lines, detect_encoding
from lawrec.text import encodable, normalize


@dataclass(frozen=True)
class CaseLine:
    """A case, or the error of its line, with the bytes of the line.

    Args:
        case: The case or the error.
        raw: The line without its end; b"" unless it is JSON whose fields have the usual names.
        encoding: The encoding of `raw`.
    """

    case: Case | CaseError
    raw: bytes = b""
    encoding: str = "utf-8"

    @property
    def where(self) -> str:
        """The file and line, for messages."""
        return self.case.where

    @property
    def number(self) -> int:
        """The line in its file, from 1."""
        return int(self.where.rpartition(":")[2])

    @property
    def source(self) -> str:
        """The text of `raw`; bytes that do not fit its encoding are surrogates."""
        return next(decode_lines([self.raw], self.encoding)) if self.raw else ""

    @cached_property
    def text(self) -> str:
        """The normalized fact, as a tokenizer sees it; "" where there is none."""
        return normalize(self.case.fact) if isinstance(self.case, Case) else ""


@dataclass(frozen=True)
class LinePart:
    """A part of a file of lines, which can be read on its own, and the encoding of the file."""

    file: Path
    part: FilePart
    encoding: str | None


def line_parts(path: Path, case_format: CaseFormat, *, part_bytes: int) -> list[LinePart]:
    """Return the parts of the files of a path; none if one of them cannot be split.

    Args:
        path: As for `read_lines`.
        case_format: How the cases are written.
        part_bytes: About how many bytes a part has.

    Raises:
        CaseError: A file cannot be read, or its suffix is unknown.

    Example:
        >>> from lawrec.storage.resources import shipped_path
        >>> path = shipped_path("data/sample/train.json")
        >>> parts = line_parts(path, CaseFormat(), part_bytes=2**16)
        >>> [part.part.first_line for part in parts][:3]
        [1, 88, 164]
    """
    files = list_files(path)
    if not all(file.is_file() for file in files):  # a pipe can be read once
        return []
    plan = plan_shards(files, case_format, shard_bytes=part_bytes)
    parts = [part for shard in plan.shards for part in shard]
    if any(part.end is None for part in parts):
        return []
    return [LinePart(files[p.file], p, plan.files[p.file].encoding) for p in parts]


def read_line_part(part: LinePart, case_format: CaseFormat = DEFAULT_FORMAT) -> Iterator[CaseLine]:
    """Yield the cases of a part, as `read_lines` yields those of all files.

    Args:
        part: One that `line_parts` returned.
        case_format: How the cases are written.

    Raises:
        CaseError: The file cannot be read.

    Example:
        >>> from lawrec.storage.resources import shipped_path
        >>> path = shipped_path("data/sample/train.json")
        >>> parts = line_parts(path, CaseFormat(), part_bytes=2**16)
        >>> next(read_line_part(parts[1])).number
        88
    """
    case_format = replace(case_format, encoding=part.encoding)
    return _read_file(part.file, case_format, part=part.part)


def read_lines(path: Path, case_format: CaseFormat = DEFAULT_FORMAT) -> Iterator[CaseLine]:
    """Yield the labelled cases of a path, each with the bytes of its line.

    Args:
        path: A file, a folder or a pattern, as `list_files` takes it. A case without an id is named
            "file:line".
        case_format: How the cases are written.

    Raises:
        CaseError: A file cannot be read, or its suffix is unknown.

    Example:
        >>> from lawrec.storage.resources import shipped_path
        >>> line = next(read_lines(shipped_path("data/sample/train.json")))
        >>> line.number, line.raw.startswith(b'{"fact": '), line.case.articles
        (1, True, ('133',))
    """
    for file in list_files(path):
        yield from _read_file(file, case_format, part=FilePart(0))


def line_to_json(line: CaseLine) -> bytes:
    """Return a line as JSON in UTF-8, without a line end.

    A line that is JSON keeps its bytes; another one is written by `case_to_json`.

    Raises:
        CaseError: The line cannot be used.

    Example:
        >>> case = Case("a.csv:2", "2", "盗窃", ("264",), cited=("264", "264"))
        >>> print(line_to_json(CaseLine(case)).decode())
        {"fact": "盗窃", "id": "2", "meta": {"relevant_articles": [264, 264], "accusation": []}}
    """
    if isinstance(line.case, CaseError):
        raise line.case
    source = line.source.encode(errors="surrogateescape")
    return source or case_to_json(line.case, line.case.cited)


def case_to_json(case: Case, articles: Iterable[str]) -> bytes:
    """Return a case with these articles as a line of CAIL2018, without a line end.

    Example:
        >>> print(case_to_json(Case("a.csv:2", "a.csv:2", "盗窃"), ["133之一"]).decode())
        {"fact": "盗窃", "meta": {"relevant_articles": ["133之一"], "accusation": []}}
    """
    record: dict[str, Any] = {"fact": case.fact}
    if case.case_id != Path(case.where).name:  # "file:line" is not an id of its own
        record["id"] = case.case_id
    labels = [json_label(name) for name in articles]
    record["meta"] = {"relevant_articles": labels, "accusation": list(case.charges)}
    if case.unknown_articles:
        record["unknown_articles"] = list(case.unknown_articles)
    if case.weight != 1:
        record["weight"] = case.weight
    return json_line(record)


def _read_file(file: Path, case_format: CaseFormat, *, part: FilePart) -> Iterator[CaseLine]:
    # The file is opened twice: readers yield no bytes, so the bytes are read in parallel.
    with open_binary(file) as stream, open_binary(file) as raw_lines:
        reader = case_format.reader or choose_reader(file, stream)
        resolved = replace(case_format, reader=reader)
        cases = read_stream(
            part_of(stream, part),
            encodable(str(file)),
            labelled=True,
            case_format=resolved,
            prefix=f"{encodable(str(file.name))}:",
            first_line=part.first_line,
        )
        usual = CaseFormat("jsonl", encoding=case_format.encoding, any_label=case_format.any_label)
        if resolved == usual:
            encoding = case_format.encoding or detect_encoding(file)
            lines = bounded_lines(part_of(raw_lines, part), any_line_end=part.first_line == 1)
            numbered = enumerate(lines, part.first_line)
            yield from _with_bytes(cases, numbered, encoding=encoding)
        else:
            yield from map(CaseLine, cases)


def _with_bytes(
    cases: Cases, numbered: Iterable[tuple[int, bytes]], *, encoding: str
) -> Iterator[CaseLine]:
    """Yield each case with the bytes of its line; blank lines have no case."""
    for case in cases:
        wanted = CaseLine(case).number
        # A file that has become shorter meanwhile has no such line.
        raw = next((raw for number, raw in numbered if number == wanted), b"")
        yield CaseLine(case, raw.rstrip(b"\r\n"), encoding)
