"""Case files: the facts of an uploaded file, in any format and encoding that `predict` reads."""

import codecs
import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lawrec.corpus.cases import Case, n_characters, read_stream
from lawrec.corpus.readers import DEFAULT_FORMAT, SUFFIXES, choose_reader, choose_stream_reader
from lawrec.errors import CaseError, ErrorKind, quoted
from lawrec.serving.problems import ProblemError
from lawrec.serving.service import fact_error
from lawrec.serving.service_config import ServiceConfig
from lawrec.storage.packed_files import DECOMPRESSORS
from lawrec.translation import error_message, marked

FACT_FIELDS = ("fact", "案情", "事实", "案件事实", "犯罪事实", "基本案情")
"""The columns that are looked for where nobody names one."""
MOST_CASES = 10_000
"""Cases of one upload."""
MOST_CHARACTERS = 16 * 2**20
"""Characters of all its facts: of a table, a few bytes may stand for many."""
_SAVE_AS = marked("Save the file as plain text, CSV or Excel (.xlsx).")
_TODOS = {
    ErrorKind.DAMAGED: _SAVE_AS,
    ErrorKind.ENCODING: marked("Save it as UTF-8 text."),
    ErrorKind.NO_COLUMN: marked("Name the column of the facts."),
    ErrorKind.OTHER_FORMAT: _SAVE_AS,
}
"""What to do about an error, where that of the command line would name a program or an option."""
_MOST_UNPACKED = 64 * 2**20
"""Unpacked bytes of a workbook."""


def cases_in(
    content: bytes, name: str, *, config: ServiceConfig, fact_field: str = ""
) -> list[dict[str, Any]]:
    r"""Return the id of each case of a file, and its fact or its error, in the order of the file.

    Args:
        content: The bytes of the file.
        name: Its name, whose suffix says how it is written.
        config: The settings, which limit the length of a fact.
        fact_field: The field or column of the fact; "": the first of `FACT_FIELDS` that a table
            has.

    Raises:
        CaseError: The file cannot be read.
        ProblemError: The format is unknown (415), no column has the facts (422), or there are too
            many cases or characters (413).

    Example:
        >>> cases_in("盗窃。\ntheft\n".encode(), "facts.txt", config=ServiceConfig())[0]
        {'case_id': '1', 'fact': '盗窃。'}
    """
    path = Path(Path(name.replace("\\", "/")).name)
    try:
        read = _first_with_facts(content, path, fields=(fact_field,) if fact_field else FACT_FIELDS)
    except CaseError as error:
        raise _for_an_upload(error) from error
    return [_fields(case, config) for case in read]


def _first_with_facts(
    content: bytes, path: Path, *, fields: Sequence[str]
) -> list[Case | CaseError]:
    """Return the cases of a file, whose facts are in the first of the fields that it has.

    Raises:
        CaseError: The file cannot be read.
        ProblemError: It has none of the fields, its format is unknown, or it is too large.
    """
    for field in fields:
        try:
            return _cases(content, path, fact_field=field)
        except CaseError as error:
            if error.kind is not ErrorKind.NO_COLUMN:
                raise
            columns = error.got
    raise ProblemError(
        422,
        path,
        expected="a column must have the facts",
        got=columns,
        todo=_TODOS[ErrorKind.NO_COLUMN],
    )


def _cases(content: bytes, path: Path, *, fact_field: str) -> list[Case | CaseError]:
    if path.suffix.lower() in DECOMPRESSORS:
        raise _unpacked(path)
    try:
        reader = choose_reader(path, io.BytesIO())
    except CaseError as error:
        raise _unknown_format(path) from error
    case_format = replace(DEFAULT_FORMAT, reader=reader, fact_field=fact_field)
    stream: io.BufferedReader = io.BufferedReader(io.BytesIO(content))
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _utf16(path)
    if reader == "text":  # people save anything as .txt
        reader, stream = choose_stream_reader(stream, case_format)
        case_format = replace(case_format, reader=reader)
    if _unpacked_bytes(content) > _MOST_UNPACKED:
        raise _too_large(path, f"{_MOST_UNPACKED:,} bytes unpacked")
    read = read_stream(stream, str(path), labelled=False, case_format=case_format)
    cases, characters = [], 0
    for case in read:
        cases.append(case)
        characters += n_characters(case)
        if len(cases) > MOST_CASES:
            raise _too_large(path, f"{MOST_CASES:,} cases")
        if characters > MOST_CHARACTERS:
            raise _too_large(path, f"{MOST_CHARACTERS:,} characters")
    _check_fact_field(cases)
    return cases


def _check_fact_field(cases: Sequence[Case | CaseError]) -> None:
    """Raise the error of the first line without the field of the facts if no line has it."""
    errors = [case for case in cases if isinstance(case, CaseError)]
    missing = [error for error in errors if error.kind is ErrorKind.NO_COLUMN]
    if missing and len(errors) == len(cases):
        raise missing[0]


def _fields(case: Case | CaseError, config: ServiceConfig) -> dict[str, Any]:
    if isinstance(case, CaseError):
        return {"case_id": case.case_id, "error": error_message(_for_an_upload(case))}
    if error := fact_error(case.fact, case.where, config=config):
        return {"case_id": case.case_id, "error": error_message(error)}
    return {"case_id": case.case_id, "fact": case.fact}


def _for_an_upload(error: CaseError) -> CaseError:
    """Return an error with what a reader can do who has a file and a page, but no options."""
    return CaseError(
        error.where,
        expected=error.expected,
        got="damaged bytes" if error.kind is ErrorKind.DAMAGED else error.got,
        todo=_TODOS.get(error.kind, error.todo),
        kind=error.kind,
        case_id=error.case_id,
    )


def _unpacked_bytes(content: bytes) -> int:
    """Return how large the parts of a workbook say that they are, 0 if it is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return sum(part.file_size for part in archive.infolist())
    except (zipfile.BadZipFile, ValueError, OSError, EOFError):
        return 0


def _too_large(path: Path, most: str) -> ProblemError:
    return ProblemError(
        413,
        path,
        expected=f"a file must have at most {most}",
        got="more",
        todo="Divide it into several files.",
    )


def _unknown_format(path: Path) -> ProblemError:
    return ProblemError(
        415,
        path,
        expected=f"the suffix must be one of {', '.join(SUFFIXES)}",
        got=quoted(path.suffix),
        todo=_SAVE_AS,
    )


def _utf16(path: Path) -> CaseError:
    return CaseError(
        path,
        expected="the text must be in the encoding of its file, UTF-8 or GB18030",
        got="text in UTF-16",
        todo=_TODOS[ErrorKind.ENCODING],
    )


def _unpacked(path: Path) -> ProblemError:
    return ProblemError(
        415, path, expected="the file must not be packed", got=path.suffix, todo="Unpack it."
    )
