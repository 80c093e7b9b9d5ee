"""Columns: which ones a table of cases must have, and which are read."""

from collections.abc import Iterable, Sequence

from lawrec.corpus.formats.case_format import OR_CHARGES, CaseFormat, CaseStream
from lawrec.errors import CaseError, ErrorKind, quoted

_FIXED_COLUMNS = ("charges", "unknown_articles", "weight", "meta")


def required_columns(cases: CaseStream) -> list[str]:
    """Return the names of the columns of the facts and, of labelled cases, of the articles.

    Example:
        >>> import io
        >>> from lawrec.corpus.formats.case_format import DEFAULT_FORMAT
        >>> required_columns(CaseStream(io.BytesIO(), "a.csv", DEFAULT_FORMAT, labelled=True))
        ['fact', 'articles']
    """
    names = cases.case_format
    has_articles = cases.labelled and names.labels != OR_CHARGES
    return [names.fact_field, *([names.articles_field or "articles"] if has_articles else [])]


def used_columns(columns: Sequence[str], case_format: CaseFormat) -> list[str]:
    """Return the columns that hold fields of a case; the others need not be read.

    Example:
        >>> used_columns(["fact", "court", "meta"], CaseFormat())
        ['fact', 'meta']
    """
    articles_field = case_format.articles_field or "articles"
    fields = {case_format.fact_field, articles_field, case_format.id_field}
    outer = {name.partition(".")[0] for name in fields}
    return [name for name in columns if name in {*fields, *outer, *_FIXED_COLUMNS}]


def check_columns(columns: Sequence[str], required: Iterable[str], *, where: str) -> None:
    """Raise an error unless each required column is there once.

    Args:
        columns: The names of all columns.
        required: Names of columns; "meta.articles" may be inside "meta".
        where: The file, for the error.

    Raises:
        CaseError: A column is missing, or is there twice.

    Example:
        >>> check_columns(["fact", "articles"], ["fact"], where="a.csv:1")
    """
    for name in required:
        kind = ErrorKind.OTHER
        if name not in columns and name.partition(".")[0] not in columns:
            expected = f'the table must have a column "{name}"'
            todo = "Add the column, or name yours with --fact-field and --articles-field."
            kind = ErrorKind.NO_COLUMN
        elif columns.count(name) > 1:
            expected, todo = f'only one column must be named "{name}"', "Rename the others."
        else:
            continue
        got = quoted(",".join(columns))
        raise CaseError(where, expected=expected, got=got, todo=todo, kind=kind)
