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
from lawrec.corpus.formats.columns import check_columns, row_of
from lawrec.corpus.formats.csv_rows import STRAY, CsvRow, csv_rows
from lawrec.errors import CaseError
from lawrec.storage.encodings import SURROGATE

_ARTICLES = re.compile(r'[\s"第条之0-9一二三四五六七八九十百;；,，、|.-]+')
_ID = re.compile(r'\s*+"?[A-Za-z0-9_-]++"?\s*+')
_SENTENCE = re.compile("[。！？，]")
"""What a fact has, and hardly an id, a court or a charge."""
_KINDS = tuple(map(re.compile, ("[A-Za-z0-9]", "[\u4e00-\u9fff]", "[（(〔[]", "[年月日]")))
"""Kinds of characters; the fields of one column, such as numbers of cases, mostly have the same."""
_LEAST_SEPARATORS = 2
"""Number of separators that each of two lines of a fact is unlikely to have by chance."""
_ODD = 10
"""At most one line in this many may look different."""


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
    are_rows = partial(_are_rows, header=header, names=names)
    for row in csv_rows(cases.lines(), delimiter, are_rows=are_rows):
        where = f"{cases.where}:{row.number}"
        if not header:
            header += _header(row, cases, where=where)
        elif is_too_long("".join(row.fields)):
            yield row.number, too_long_error(where)
        elif len(row.fields) == len(header) and not row.problem:
            yield row.number, row_of(header, row.fields, where=where, id_field=names.id_field)
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


def _are_rows(lines: list[list[str]], *, header: list[str], names: CaseFormat) -> bool:
    """Return whether the fields of lines look like rows, and not like parts of a fact.

    All look so for one and the same reason, but for one line in ten: the rows that a mark joins may
    have errors of their own.
    """
    whole = [fields for fields in lines if len(fields) == len(header) > 1]
    least = len(lines) - len(lines) // _ODD
    has_label = partial(_has_label_or_id, header=header, names=names)
    if sum(map(has_label, whole)) >= least:
        return True
    if lines[0] not in whole or (len(lines) - 1) * (len(header) - 1) < _LEAST_SEPARATORS:
        return False
    is_like_first = partial(_is_like, lines[0], header=header, names=names)
    return sum(map(is_like_first, whole)) >= least


def _has_label_or_id(fields: list[str], *, header: list[str], names: CaseFormat) -> bool:
    """Return whether the fields of a line have articles, or else an id, in the right column.

    A line of a fact may have a comma, but hardly that.
    """
    known = {names.articles_field or "articles": _ARTICLES.fullmatch, names.id_field: _ID.fullmatch}
    column = next((name for name in known if name in header), None)
    return column is not None and known[column](fields[header.index(column)]) is not None


def _is_like(first: list[str], fields: list[str], *, header: list[str], names: CaseFormat) -> bool:
    """Return whether fields have a sentence for a fact, and elsewhere what the first ones have."""
    return all(
        _SENTENCE.search(field) if name == names.fact_field else _are_alike(field, other)
        for name, field, other in zip(header, fields, first, strict=True)
    )


def _are_alike(field: str, other: str) -> bool:
    """Return whether a field is not a sentence, and may be in one column with another one."""
    kinds, others = ([bool(kind.search(text)) for kind in _KINDS] for text in (field, other))
    return not _SENTENCE.search(field) and (kinds == others or "" in (field, other))


def _row_error(row: CsvRow, header: list[str], *, where: str, id_field: str) -> CaseError:
    """Return the error of a row, with its own id if that is surely in its column."""
    is_stray = row.problem.startswith(STRAY)
    return CaseError(
        where,
        expected=f"a row must have {len(header)} fields",
        got=row.problem or f"{len(row.fields)} fields",
        todo="Delete the mark, or write it twice." if is_stray else FIX_LINE,
        case_id=_own_id(row.fields, header, id_field=id_field),
    )


def _own_id(fields: list[str], header: list[str], *, id_field: str) -> str:
    """Return the id among the fields of a row that is bad: other fields may be too many or few."""
    is_first = header[0] == id_field and not fields[0].startswith('"')
    if is_first or (id_field in header and len(fields) == len(header)):
        return fields[header.index(id_field)].strip().strip('"')
    return ""
