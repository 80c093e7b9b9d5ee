"""JSON lines: one object per line, plain or as CAIL2018 writes it."""

import json
import re
from collections.abc import Iterator
from typing import Any

from lawrec.corpus.formats.case_format import (
    FIX_LINE,
    CaseFormat,
    CaseStream,
    Fields,
    Row,
    is_too_long,
    owner_of,
    too_long_error,
)
from lawrec.errors import CaseError, ErrorKind, quoted
from lawrec.storage.json_text import parse_json

_EXPECTED = "a line must be one JSON object"
_TRAILING_COMMA = re.compile(r"\s*+(?:[\]}]|,\s*+(?:[\]}]|$))")
"""What follows the position of an error at a comma before a bracket, or behind the object."""


def read_json_lines(cases: CaseStream) -> Iterator[Row]:
    r"""Yield the object of each line that is not blank.

    Raises:
        CaseError: The file is a JSON array, or its first object has several lines.

    Example:
        >>> import io
        >>> from lawrec.corpus.formats.case_format import DEFAULT_FORMAT
        >>> lines = io.BytesIO(b'{"id": 1}\n\n{"id": 2}')
        >>> list(read_json_lines(CaseStream(lines, "a.json", DEFAULT_FORMAT, labelled=False)))
        [(1, {'id': 1}), (3, {'id': 2})]
    """
    is_first = cases.first_line == 1
    for number, line in enumerate(cases.lines(), cases.first_line):
        if line.strip():
            where = f"{cases.where}:{number}"
            if is_first and line.lstrip().startswith("["):
                raise _other_json(cases.where, "a JSON array", program=".[]")
            if is_first and line.strip() == "{":
                raise _other_json(cases.where, "an object over several lines", program=".")
            is_first = False
            try:
                yield number, _object(line, where, case_format=cases.case_format)
            except CaseError as error:
                yield number, error


def _object(line: str, where: str, *, case_format: CaseFormat) -> Fields:
    """Return the JSON object of a line whose "meta", if it is read, is an object too.

    If the field of the id was named, the object must have it.
    """
    kind = ErrorKind.BROKEN_JSON
    record = _value(line, where)
    if not isinstance(record, dict):
        todo = 'Write {"fact": "..."}.'
        raise CaseError(where, expected=_EXPECTED, got=quoted(record), todo=todo, kind=kind)
    meta = record.get("meta", {})
    if not (isinstance(meta, dict) or case_format.articles_field):
        expected = '"meta" must be a JSON object'
        raise CaseError(where, expected=expected, got=quoted(meta), todo=FIX_LINE, kind=kind)
    owner, name = owner_of(record, case_format.id_field)
    if case_format.needs_id and name not in owner:
        expected = f'a case must have a field "{case_format.id_field}"'
        todo = "Add the field, or name yours with --id-field."
        raise CaseError(where, expected=expected, got=quoted(",".join(record)), todo=todo)
    return record


def _value(line: str, where: str) -> Any:
    if is_too_long(line):
        raise too_long_error(where)
    try:
        return parse_json(line.strip())
    except json.JSONDecodeError as error:
        is_comma = _TRAILING_COMMA.match(line.strip(), error.pos)
        got = f"broken JSON ({'a comma before the end' if is_comma else error})"
    except ValueError as error:
        got = str(error)
    todo = "Delete the comma." if "comma before" in got else FIX_LINE
    raise CaseError(where, expected=_EXPECTED, got=got, todo=todo, kind=ErrorKind.BROKEN_JSON)


def _other_json(where: str, got: str, *, program: str) -> CaseError:
    """Return the error of a file that a program of jq turns into JSON lines."""
    return CaseError(
        where,
        expected="the file must be JSON lines, one object per line",
        got=got,
        todo=f"Convert it: jq -c '{program}' {where} > lines.jsonl.",
        kind=ErrorKind.OTHER_FORMAT,
    )
