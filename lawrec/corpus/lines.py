"""Lines: each case beside the line that it came from, and a case written as a line of CAIL2018."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lawrec.corpus.cases import SUFFIXES, Case, read_cases
from lawrec.corpus.tokenizer import normalize
from lawrec.errors import CaseError

MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Line:
    """A case or its error, and its own bytes without the line end; b"" unless it is JSON lines."""

    case: Case | CaseError
    raw: bytes = b""

    @property
    def where(self) -> str:
        """The file and line, for messages."""
        return self.case.where

    @cached_property
    def text(self) -> str:
        """The normalized fact, as a tokenizer sees it; "" where there is none."""
        return normalize(self.case.fact) if isinstance(self.case, Case) else ""

    @property
    def number(self) -> int:
        """The line in its file, from 1."""
        return int(self.case.where.rpartition(":")[2])


def read_lines(path: Path) -> Iterator[Line]:
    """Read the labelled cases of a file one by one, each with the bytes of its line.

    Raises:
        CaseError: The file cannot be opened, or its suffix is unknown.
    """
    cases = read_cases(path)
    if SUFFIXES.get(path.suffix) == "jsonl":
        yield from _with_bytes(cases, path)
    else:
        yield from map(Line, cases)


def cail_line(case: Case, articles: Iterable[str]) -> bytes:
    """Write a case as a line of CAIL2018 with these articles, without a line end."""
    record: dict[str, Any] = {"fact": case.fact}
    if not case.where.endswith(f":{case.case_id}"):
        record["id"] = case.case_id
    labels = [int(name) if name.isdecimal() else name for name in articles]
    record["meta"] = {"relevant_articles": labels, "accusation": list(case.charges)}
    return json.dumps(record, ensure_ascii=False).encode()


def copied(line: Line) -> bytes:
    """Return the line as it was read, or as a line of CAIL2018 where it was not JSON.

    Raises:
        CaseError: The line cannot be used.
    """
    if isinstance(line.case, CaseError):
        raise line.case
    return line.raw or cail_line(line.case, line.case.cited)


def _with_bytes(cases: Iterable[Case | CaseError], path: Path) -> Iterator[Line]:
    numbered = _numbered(path)
    for case in cases:
        wanted = Line(case).number
        raw = next(raw for number, raw in numbered if number == wanted)
        yield Line(case, raw.rstrip(b"\r\n").removeprefix(MARK if wanted == 1 else b""))


def _numbered(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as stream:
        yield from enumerate(stream, 1)
