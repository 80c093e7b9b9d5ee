"""CSV and TSV: the first row names the columns."""

import re
from collections.abc import Iterator
from functools import partial

from lawrec.corpus.formats.case_format import (
    FIX_LINE,
    CaseFormat,
    CaseStream,
    Row,
    is_too_long,
    too_long_error,
)
from lawrec.corpus.formats.columns import check_columns
from lawrec.corpus.formats.csv_rows import STRAY, CsvRow, csv_rows
from lawrec.errors import CaseError
from lawrec.storage.encodings import SURROGATE

_ARTICLES = re.compile(r'[\s"第条之0-9一二三四五六七八九十百;；,，、|.-]+')
_ID = re.compile(r'\s*+"?[A-Za-z0-9_-]++"?\s*+')


def read_csv(cases: CaseStream, delimiter: str = ",") -> Iterator[Row]:
    r"""Yield the fields of each row by the names of their columns.

    Args:
        cases: The open file.
        delimiter: The character between two fields.

    Raises:
        CaseError: The first row does not name the columns.

    Example:
        >>> import io
        >>> from lawrec.corpus.formats.case_format import DEFAULT_FORMAT
        >>> table = io.BytesIO("fact,articles\n盗窃,264".encode())
        >>> list(read_csv(CaseStream(table, "a.csv", DEFAULT_FORMAT, labelled=True)))
        [(2, {'fact': '盗窃', 'articles': '264'})]
    """
    header: list[str] = []
    names = cases.case_format
    is_row = partial(_is_row, header=header, names=names)
    for row in csv_rows(cases.lines(), delimiter, is_row=is_row):
        where = f"{cases.where}:{row.number}"
        if not header:
            header += _header(row, cases, where=where)
        elif is_too_long("".join(row.fields)):
            yield row.number, too_long_error(where)
        elif len(row.fields) == len(header) and not row.problem:
            yield row.number, dict(zip(header, row.fields, strict=True))
        else:
            yield row.number, _row_error(row, header, where=where, id_field=names.id_field)


def _header(row: CsvRow, cases: CaseStream, *, where: str) -> list[str]:
    if row.problem or SURROGATE.search("".join(row.fields)):
        raise CaseError(
            where,
            expected="the first line must name the columns, in UTF-8 or GB18030",
            got=row.problem or "other bytes",
            todo="Save it as UTF-8 text.",
        )
    header = [name.strip() for name in row.fields]
    check_columns(header, cases, where=where)
    return header


def _is_row(fields: list[str], *, header: list[str], names: CaseFormat) -> bool:
    """Return whether the fields of a line look like a row, and not like a part of a fact.

    A line of a fact may have a comma, but hardly an article, or else an id, in the right column.
    """
    known = {names.articles_field or "articles": _ARTICLES.fullmatch, names.id_field: _ID.fullmatch}
    column = next((name for name in known if name in header), None)
    return (
        len(fields) == len(header)
        and column is not None
        and known[column](fields[header.index(column)]) is not None
    )


def _row_error(row: CsvRow, header: list[str], *, where: str, id_field: str) -> CaseError:
    """Return the error of a row; only its first field is surely in its column."""
    is_stray = row.problem.startswith(STRAY)
    return CaseError(
        where,
        expected=f"a row must have {len(header)} fields",
        got=row.problem or f"{len(row.fields)} fields",
        todo="Delete the mark, or write it twice." if is_stray else FIX_LINE,
        case_id=row.fields[0] if header[0] == id_field and row.fields else "",
    )
