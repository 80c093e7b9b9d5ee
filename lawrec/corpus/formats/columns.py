"""Columns: which ones a table of cases must have, and which are read."""

from collections.abc import Collection, Sequence
from itertools import zip_longest
from typing import Any

from lawrec.corpus.formats.case_format import OR_CHARGES, CaseStream, Fields
from lawrec.errors import CaseError, ErrorKind, quoted

_COLUMNS_OF_LABELLED = ("charges", "unknown_articles", "weight", "meta")


def used_columns(columns: Sequence[str], cases: CaseStream) -> list[str]:
    """Return the columns that hold fields of a case; the others need not be read.

    Example:
        >>> import io
        >>> from lawrec.corpus.formats.case_format import DEFAULT_FORMAT
        >>> cases = CaseStream(io.BytesIO(), "a.csv", DEFAULT_FORMAT, labelled=True)
        >>> used_columns(["fact", "court", "meta"], cases)
        ['fact', 'meta']
    """
    names = cases.case_format
    fields = {names.fact_field, names.id_field}
    if cases.labelled:
        fields |= {names.articles_field or "articles", *_COLUMNS_OF_LABELLED}
    outer = {name.partition(".")[0] for name in fields}
    return [name for name in columns if name in fields | outer]


def check_columns(
    columns: Sequence[str], cases: CaseStream, *, where: str, in_meta: Collection[str] = ()
) -> None:
    """Raise an error unless each required column is there, and each that is read is there once.

    Of two columns "articles", pandas names the second one "articles.1".

    The facts must have a column, the articles of labelled cases, and ids whose column was named.

    Args:
        columns: The names of all columns.
        cases: How the table is read.
        where: The file, for the error.
        in_meta: Columns that need not be there: "meta" may hold them.

    Raises:
        CaseError: A column is missing, or is there twice.

    Example:
        >>> import io
        >>> from lawrec.corpus.formats.case_format import DEFAULT_FORMAT
        >>> cases = CaseStream(io.BytesIO(), "a.csv", DEFAULT_FORMAT, labelled=False)
        >>> check_columns(["fact", "court", "court"], cases, where="a.csv:1")
    """
    got = quoted(",".join(columns))
    for name in _required_columns(cases):
        # "meta.articles" may lie inside "meta".
        if not {name, name.partition(".")[0]} & {*columns, *in_meta}:
            raise CaseError(
                where,
                expected=f'the table must have a column "{name}"',
                got=got,
                todo="Add the column, or name yours with --fact-field, --articles-field and "
                "--id-field.",
                kind=ErrorKind.NO_COLUMN,
            )
    used = used_columns(columns, cases)
    unused = {*columns} - {*used}
    for name in used:
        if used.count(name) > 1 or f"{name}.1" in unused:
            raise CaseError(
                where,
                expected=f'only one column may be named "{name}"',
                got=got,
                todo="Rename the others.",
            )


def row_of(
    columns: Sequence[str], cells: Sequence[Any], *, where: str, id_field: str
) -> Fields | CaseError:
    """Return the cells of a row by the names of their columns, or the error of one without a name.

    It might be a label: a name over several columns of a sheet is that of the first one alone. Only
    the first column of a table may lack a name: pandas writes the numbers of the rows there.

    Args:
        columns: The names of the columns, "" for none.
        cells: The values, "" for none; maybe more or fewer than there are columns.
        where: The row, for the error.
        id_field: The name of the column of the id, for the error.

    Example:
        >>> row_of(["", "fact"], ["0", "盗窃"], where="a.csv:2", id_field="id")
        {'': '0', 'fact': '盗窃'}
        >>> print(row_of(["fact", ""], ["盗窃", "264"], where="a.csv:2", id_field="id"))
        a.csv:2: a value must be in a column with a name, got '264'. Name the column, or empty it.
    """
    named = list(zip_longest(columns, cells, fillvalue=""))
    row = dict(named)
    unnamed = [cell for name, cell in named[1:] if not name and str(cell).strip()]
    if not unnamed:
        return row
    return CaseError(
        where,
        expected="a value must be in a column with a name",
        got=quoted(unnamed[0]),
        todo="Name the column, or empty it.",
        case_id=str(row.get(id_field, "")),
    )


def fill_gaps(row: Fields) -> Fields:
    """Return a row whose empty cells are empty texts, as those of CSV are.

    A row with the "meta" of CAIL2018 stays as it is: what has a value there may be empty elsewhere.

    Example:
        >>> fill_gaps({"fact": "盗窃", "articles": None})
        {'fact': '盗窃', 'articles': ''}
    """
    if isinstance(row.get("meta"), dict):
        return row
    return {name: "" if value is None else value for name, value in row.items()}


def _required_columns(cases: CaseStream) -> list[str]:
    names = cases.case_format
    required = [names.fact_field]
    if cases.labelled and names.labels != OR_CHARGES:
        required.append(names.articles_field or "articles")
    if names.needs_id:
        required.append(names.id_field)
    return required
