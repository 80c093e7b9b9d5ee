"""Case files: the facts of an uploaded file, in any format and encoding that `predict` reads."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from lawrec.corpus.cases import Case, n_characters, read_stream
from lawrec.corpus.readers import DEFAULT_FORMAT, SUFFIXES, choose_reader, choose_stream_reader
from lawrec.errors import CaseError, ErrorKind, quoted
from lawrec.serving.problems import ProblemError
from lawrec.serving.service import fact_error
from lawrec.serving.service_config import ServiceConfig
from lawrec.storage.text_files import DECOMPRESSORS
from lawrec.translation import error_message

FACT_FIELDS = ("fact", "案情", "事实", "案件事实", "犯罪事实", "基本案情")
"""The columns that are looked for where nobody names one."""
MOST_CASES = 10_000
"""Cases of one upload: a larger file is for `lawrec predict`."""
MOST_CHARACTERS = 16 * 2**20
"""Characters of all its facts: of a table, a few bytes may stand for many."""
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
        ProblemError: The format is unknown (415), no column has the facts or JSON is not in lines
            (422), or there are too many cases or characters (413).

    Example:
        >>> cases_in("盗窃。\ntheft\n".encode(), "facts.txt", config=ServiceConfig())[0]
        {'case_id': '1', 'fact': '盗窃。'}
    """
    path = Path(Path(name.replace("\\", "/")).name)
    for field in (fact_field,) if fact_field else FACT_FIELDS:
        try:
            read = _cases(content, path, fact_field=field)
            return [_fields(case, config) for case in read]
        except CaseError as error:
            if error.kind is ErrorKind.BROKEN_JSON:
                raise _no_lines(path, error) from error
            if error.kind is not ErrorKind.NO_COLUMN:
                raise
            columns = error.got
    raise ProblemError(
        422,
        path,
        expected="a column must have the facts",
        got=columns,
        todo="Name the column of the facts.",
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
    return cases


def _fields(case: Case | CaseError, config: ServiceConfig) -> dict[str, Any]:
    if isinstance(case, CaseError):
        return {"case_id": case.case_id, "error": error_message(case)}
    if error := fact_error(case.fact, case.where, config=config):
        return {"case_id": case.case_id, "error": error_message(error)}
    return {"case_id": case.case_id, "fact": case.fact}


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
        todo="Use `lawrec predict` for it, or send it in parts.",
    )


def _unknown_format(path: Path) -> ProblemError:
    return ProblemError(
        415,
        path,
        expected=f"the suffix must be one of {', '.join(SUFFIXES)}",
        got=quoted(path.suffix),
        todo="Save the file as plain text, CSV or Excel (.xlsx).",
    )


def _no_lines(path: Path, error: CaseError) -> ProblemError:
    """Return the error of JSON that is not in lines, for people who have no tool to convert it."""
    return ProblemError(
        422,
        path,
        expected=error.expected,
        got=error.got,
        todo="Save the file as plain text, CSV or Excel (.xlsx).",
    )


def _unpacked(path: Path) -> ProblemError:
    return ProblemError(
        415, path, expected="the file must not be packed", got=path.suffix, todo="Unpack it."
    )
