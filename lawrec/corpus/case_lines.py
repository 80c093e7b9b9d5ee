"""Lines: each case beside the line that it came from, and a case written as a line of CAIL2018."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from lawrec.corpus.cases import Case, Cases, read_stream, reader_of
from lawrec.corpus.readers import DEFAULT_FORMAT, CaseFormat
from lawrec.errors import CaseError
from lawrec.text import normalize
from lawrec.text_files import decode_lines, detect_encoding, list_files, open_binary


@dataclass(frozen=True)
class CaseLine:
    """A case or its error, beside its own bytes.

    `raw` is without the line end, and b"" unless the line is JSON with fields of the usual names.
    """

    case: Case | CaseError
    raw: bytes = b""
    encoding: str = "utf-8"

    @property
    def where(self) -> str:
        """The file and line, for messages."""
        return self.case.where

    @property
    def file(self) -> str:
        """The file."""
        return self.where.rpartition(":")[0]

    @property
    def number(self) -> int:
        """The line in its file, from 1."""
        return int(self.where.rpartition(":")[2])

    @property
    def source(self) -> str:
        """The line itself, as `decode_lines` gives it, without its end."""
        return next(decode_lines([self.raw], self.encoding))

    @cached_property
    def text(self) -> str:
        """The normalized fact, as a tokenizer sees it; "" where there is none."""
        return normalize(self.case.fact) if isinstance(self.case, Case) else ""


def read_lines(path: Path, case_format: CaseFormat = DEFAULT_FORMAT) -> Iterator[CaseLine]:
    """Read the labelled cases of a path as `list_files` takes it, each with the bytes of its line.

    A case without an id is named "file:line".

    Raises:
        CaseError: A file cannot be read, or its suffix is unknown.
    """
    for file in list_files(path):
        with open_binary(file) as stream, open_binary(file) as again:
            of_file = replace(case_format, reader=case_format.reader or reader_of(file, stream))
            cases = read_stream(
                stream, str(file), labelled=True, case_format=of_file, prefix=f"{file.name}:"
            )
            if of_file == CaseFormat("jsonl", encoding=case_format.encoding):
                yield from _with_bytes(
                    cases, again, encoding=case_format.encoding or detect_encoding(file)
                )
            else:
                yield from map(CaseLine, cases)


def copied(line: CaseLine) -> bytes:
    """Return the line in UTF-8, or its case as a line of CAIL2018 where it has no bytes.

    Raises:
        CaseError: The line cannot be used.
    """
    if isinstance(line.case, CaseError):
        raise line.case
    kept = line.source.encode(errors="surrogateescape")
    return kept or cail_line(line.case, line.case.cited)


def cail_line(case: Case, articles: Iterable[str]) -> bytes:
    """Write a case as a line of CAIL2018 with these articles, without a line end."""
    record: dict[str, Any] = {"fact": case.fact}
    if case.case_id != Path(case.where).name:
        record["id"] = case.case_id
    labels = [int(name) if name.isdecimal() else name for name in articles]
    record["meta"] = {"relevant_articles": labels, "accusation": list(case.charges)}
    return json_line(record)


def json_line(value: Any) -> bytes:
    """Write a value as JSON without a line end; signs that UTF-8 cannot hold are escaped."""
    try:
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(value).encode()


def _with_bytes(cases: Cases, stream: BinaryIO, *, encoding: str) -> Iterator[CaseLine]:
    numbered = enumerate(stream, 1)
    for case in cases:
        wanted = CaseLine(case).number
        raw = next(raw for number, raw in numbered if number == wanted)
        yield CaseLine(case, raw.rstrip(b"\r\n"), encoding)
