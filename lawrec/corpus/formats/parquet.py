"""Parquet: columns of texts or lists, read group by group."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from typing import IO, Any

from lawrec.corpus.formats.case_format import CaseStream, Row
from lawrec.corpus.formats.columns import check_columns, fill_gaps, used_columns
from lawrec.errors import CaseError, ErrorKind
from lawrec.storage.files import temporary_file
from lawrec.storage.limits import MAX_COPY_BYTES

_BATCH_ROWS = 8
"""Rows in memory at once: each may have a fact of the greatest length, and take almost no bytes of
the file."""


def read_parquet(cases: CaseStream) -> Iterator[Row]:
    """Yield the fields of each row by the names of their columns.

    Raises:
        CaseError: pyarrow is missing, the file is damaged, or a column is missing.

    Example:
        >>> import io
        >>> from lawrec.corpus.formats.case_format import DEFAULT_FORMAT
        >>> empty = CaseStream(io.BytesIO(), "a.parquet", DEFAULT_FORMAT, labelled=True)
        >>> next(read_parquet(empty))  # doctest: +SKIP
        Traceback (most recent call last):
        lawrec.errors.CaseError: a.parquet: the file must be Parquet, got ...
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise CaseError(
            cases.where,
            expected="pyarrow must be installed to read Parquet",
            got="no such package",
            todo="Run pip install 'lawrec[parquet]'.",
        ) from error
    try:
        with seekable(cases) as file:
            table = parquet.ParquetFile(file, pre_buffer=False)
            columns = table.schema_arrow.names
            # A column "meta" may hold the labels, as in CAIL2018.
            in_meta = {"articles"} if "meta" in columns else set()
            check_columns(columns, cases, where=cases.where, in_meta=in_meta)
            yield from enumerate(_rows(table, used_columns(columns, cases)), 1)
    except (pyarrow.ArrowException, ValueError, OverflowError, OSError) as error:
        # Overflow: a time or a length of time that Python has no value for.
        if isinstance(error, OSError) and error.errno:  # pyarrow's own errors have no errno
            raise
        expected, got = "the file must be Parquet", str(error).partition("\n")[0]
        raise CaseError(
            cases.where,
            expected=expected,
            got=got,
            todo="Write it again.",
            kind=ErrorKind.DAMAGED,
        ) from error


def _rows(table: Any, columns: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows group by group: across groups, pyarrow would keep all that it has read."""
    for group in range(table.num_row_groups):
        for batch in table.iter_batches(_BATCH_ROWS, row_groups=[group], columns=columns):
            yield from map(fill_gaps, batch.to_pylist())


@contextmanager
def seekable(cases: CaseStream) -> Iterator[IO[bytes]]:
    """Yield the stream of cases, or a temporary copy if it cannot seek, as packed ones cannot.

    Raises:
        CaseError: The copy would be too large.

    Example:
        >>> import io
        >>> from lawrec.corpus.formats.case_format import DEFAULT_FORMAT
        >>> packed = CaseStream(io.BytesIO(b"PAR1"), "a.parquet.gz", DEFAULT_FORMAT, labelled=True)
        >>> with seekable(packed) as file:
        ...     file.seek(3)
        3
    """
    stream = cases.stream
    if isinstance(stream, BufferedReader) and stream.seekable():
        yield stream
        return
    with temporary_file() as copy:
        size = 0
        while chunk := stream.read(2**20):
            size += copy.write(chunk)
            if size > MAX_COPY_BYTES:
                raise CaseError(
                    cases.where,
                    expected=f"a packed or piped file must have at most {MAX_COPY_BYTES:,} bytes",
                    got="more",
                    todo="Unpack it, and name the file.",
                )
        copy.seek(0)
        yield copy
