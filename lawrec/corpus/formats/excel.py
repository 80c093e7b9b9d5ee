"""Excel: the one filled sheet of a workbook, whose first row names the columns."""

import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO, Any
from xml.etree.ElementTree import ParseError

from lawrec.corpus.formats.case_format import CaseStream, Row
from lawrec.corpus.formats.columns import check_columns, row_of
from lawrec.corpus.formats.parquet import seekable
from lawrec.errors import CaseError, ErrorKind, quoted
from lawrec.storage.limits import MAX_WORKBOOK_BYTES

_MOST_ROWS = 2**20
"""Rows of a sheet in Excel; a damaged one may have a row with a higher number."""
_AS_CSV = "save the sheet as CSV in UTF-8 and name that."
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, ParseError, EOFError),
    *(KeyError, ValueError, TypeError, AttributeError),
)
"""What openpyxl raises where a file is not a workbook, or a damaged one."""


def read_excel(cases: CaseStream) -> Iterator[Row]:
    """Yield the fields of each row by the names of their columns; blank rows have none.

    Raises:
        CaseError: openpyxl is missing, the file is damaged, too large when it is unpacked or has
            several filled sheets, or a column is missing.

    Example:
        >>> import io
        >>> from lawrec.corpus.formats.case_format import DEFAULT_FORMAT
        >>> empty = CaseStream(io.BytesIO(), "a.xlsx", DEFAULT_FORMAT, labelled=True)
        >>> next(read_excel(empty))  # doctest: +SKIP
        Traceback (most recent call last):
        lawrec.errors.CaseError: a.xlsx: the file must be an Excel workbook, got ...
    """
    with seekable(cases) as file:
        header: list[str] = []
        for number, values in enumerate(_sheet_rows(file, cases.where), 1):
            if all(value is None for value in values):
                continue
            where = f"{cases.where}:{number}"
            cells = ["" if value is None else value for value in values]
            if header:
                id_field = cases.case_format.id_field
                yield number, row_of(header, cells, where=where, id_field=id_field)
            else:
                header = [str(cell).strip() for cell in cells]
                check_columns(header, cases, where=where)


def _sheet_rows(file: IO[bytes], where: str) -> Iterator[tuple[Any, ...]]:
    """Yield the values of the rows of the one sheet that has any."""
    try:
        with warnings.catch_warnings(action="ignore"):  # of styles, which nobody reads
            sheets = _filled_sheets(file, where)
        if len(sheets) > 1:
            raise CaseError(
                where,
                expected="the workbook must have one sheet of cases",
                got=quoted([sheet.title for sheet in sheets], 200),
                todo=f"Delete the others, or {_AS_CSV}",
            )
        for sheet in sheets:
            yield from map(_unescaped, _all_rows(sheet))
    except _DAMAGE as error:
        raise CaseError(
            where,
            expected="the file must be an Excel workbook (.xlsx)",
            got=str(error) or "damaged bytes",
            todo=f"Save it again, or {_AS_CSV}",
            kind=ErrorKind.DAMAGED,
        ) from error


def _filled_sheets(file: IO[bytes], where: str) -> list[Any]:
    try:
        import openpyxl
    except ImportError as error:
        raise CaseError(
            where,
            expected="openpyxl must be installed to read Excel",
            got="no such package",
            todo=f"Run pip install 'lawrec[excel]', or {_AS_CSV}",
        ) from error
    with zipfile.ZipFile(file) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > MAX_WORKBOOK_BYTES:
        raise CaseError(
            where,
            expected=f"the workbook must have at most {MAX_WORKBOOK_BYTES:,} bytes unpacked",
            got=f"{size:,}",
            todo=f"Divide it, or {_AS_CSV}",
        )
    workbook = openpyxl.load_workbook(file, read_only=True, data_only=True)
    sheets = workbook.worksheets
    most = _MOST_ROWS // max(1, len(sheets))  # a blank sheet of a few bytes may have as many rows
    return [sheet for sheet in sheets if _is_filled(islice(_all_rows(sheet), most))]


def _all_rows(sheet: Any) -> Iterator[tuple[Any, ...]]:
    """Yield all rows of a sheet, each up to its last cell, be they within its stated size or not.

    The size is that of an earlier state where a program has added rows and left it as it was.
    """
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
        if number > _MOST_ROWS:  # openpyxl yields a blank row for each number that is left out
            raise ValueError(f"more than {_MOST_ROWS:,} rows")
        yield row


def _is_filled(rows: Iterable[tuple[Any, ...]]) -> bool:
    return any(value is not None for row in rows for value in row)


def _unescaped(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the values of a row, in whose texts "_x000D_" stands for a carriage return."""
    from openpyxl.utils.escape import unescape

    return tuple(unescape(value) if isinstance(value, str) else value for value in row)
