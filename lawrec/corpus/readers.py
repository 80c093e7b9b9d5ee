"""Readers: from the bytes of a file to the unchecked fields of each case.

Cases may be written as JSON lines (plain ones or those of CAIL2018), CSV, TSV, Parquet or, where no
labels are needed, as plain text. `READERS` has one entry per format; `lawrec.corpus.cases` checks
the fields that they yield.
"""

import csv
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from io import BufferedReader
from typing import Any, BinaryIO, Protocol

from lawrec.errors import CaseError, ErrorKind, quoted
from lawrec.text_files import SURROGATE, decode_lines

FIX_LINE = "Fix the line, or pass --skip-bad."

# "264;133之一", "264, 266" and "264、266" are two articles each.
_SEPARATORS = re.compile(r"[;；,，、|\s]+")
_BATCH_ROWS = 256
_CAIL_FIELDS = ("meta.relevant_articles", "meta.accusation")
_PLAIN_FIELDS = ("articles", "charges")
_FIXED_COLUMNS = ("charges", "unknown_articles", "weight", "meta")


@dataclass(frozen=True)
class CaseFormat:
    """How cases are written; what is None is detected from the file.

    A field may lie inside others: "meta.relevant_articles".
    """

    reader: str | None = None  # a key of READERS; by default, by the suffix of the file
    fact_field: str = "fact"
    articles_field: str | None = None  # by default "meta.relevant_articles", else "articles"
    id_field: str = "id"
    separator: str | None = None  # between articles in one text
    encoding: str | None = None  # one of text_files.ENCODINGS
    charges_only: bool = False  # labelled cases name their charges and no articles

    def non_defaults(self) -> dict[str, Any]:
        """Return the fields that differ from their defaults, as `CaseFormat(**fields)` takes them.

        Example:
            >>> CaseFormat("csv", fact_field="text").non_defaults()
            {'reader': 'csv', 'fact_field': 'text'}
        """
        defaults = asdict(CaseFormat())
        return {name: value for name, value in asdict(self).items() if value != defaults[name]}


DEFAULT_FORMAT = CaseFormat()


@dataclass(frozen=True)
class RawCase:
    """The fields of a case as its line has them: of any type, and None where they are missing."""

    fact: Any
    articles: Any = None
    case_id: Any = None
    charges: Any = None
    unknown_articles: Any = None
    weight: Any = None


Row = tuple[int, RawCase | CaseError]
"""The number of a line or row, from 1, and its fields, or the error of a line without any."""


class ReadRows(Protocol):
    """A function that reads one format."""

    def __call__(
        self, stream: BinaryIO, where: str, *, case_format: CaseFormat, labelled: bool
    ) -> Iterator[Row]:
        """Yield the rows of a stream, in order and in constant memory.

        Args:
            stream: The bytes of a file, decompressed.
            where: The name of the file, for errors.
            case_format: Names of fields, separator and encoding.
            labelled: Whether each case must have labels.

        Raises:
            CaseError: The file as a whole cannot be read.
        """


@dataclass(frozen=True)
class Reader:
    """One format of files with cases."""

    read: ReadRows
    suffixes: tuple[str, ...]
    is_text: bool = True  # False: the format has an encoding of its own


def _read_text(
    stream: BinaryIO, where: str, *, case_format: CaseFormat, labelled: bool
) -> Iterator[Row]:
    """Yield each line as a fact; such a file cannot have labels."""
    label = "charges" if case_format.charges_only else "articles"
    for number, line in enumerate(decode_lines(stream, case_format.encoding), 1):
        if labelled:
            yield (
                number,
                CaseError(
                    f"{where}:{number}",
                    expected=f"a case must have {label}",
                    got="plain text",
                    todo="Use JSON lines or CSV.",
                    kind=ErrorKind.BAD_LABEL,
                ),
            )
        else:
            yield number, RawCase(line.rstrip("\r\n"))


def _read_jsonl(
    stream: BinaryIO, where: str, *, case_format: CaseFormat, labelled: bool
) -> Iterator[Row]:
    for number, line in enumerate(decode_lines(stream, case_format.encoding), 1):
        if line.strip():
            try:
                record = _json_object(line, f"{where}:{number}", case_format=case_format)
            except CaseError as error:
                yield number, error
            else:
                yield number, _raw_case(record, case_format)


def _read_csv(
    stream: BinaryIO,
    where: str,
    *,
    case_format: CaseFormat,
    labelled: bool,
    delimiter: str = ",",
) -> Iterator[Row]:
    header: list[str] = []
    for number, row, problem in _csv_rows(decode_lines(stream, case_format.encoding), delimiter):
        if not header:
            if problem or SURROGATE.match(row[0]):
                raise CaseError(
                    f"{where}:{number}",
                    expected="the first line must name the columns, in UTF-8 or GB18030",
                    got=problem or "other bytes",
                    todo="Save it as UTF-8 text.",
                )
            header = [name.strip() for name in row]
            required = _required_columns(case_format, labelled)
            _check_columns(header, required, where=f"{where}:{number}")
        elif len(row) == len(header):
            fields = dict(zip(header, row, strict=True))
            yield number, _raw_case(fields, case_format, in_table=True)
        else:
            yield (
                number,
                CaseError(
                    f"{where}:{number}",
                    expected=f"a row must have {len(header)} fields",
                    got=problem or f"{len(row)} fields",
                    todo="Fix the row, or pass --skip-bad.",
                ),
            )


def _csv_rows(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str], str]]:
    """Yield the first line, the fields, and the problem if any, of each row that is not blank."""
    rows = csv.reader(lines, delimiter=delimiter)
    while True:
        number = rows.line_num + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, [], str(error)
        else:
            if row:
                yield number, row, ""


def _read_parquet(
    stream: BinaryIO, where: str, *, case_format: CaseFormat, labelled: bool
) -> Iterator[Row]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise CaseError(
            where,
            expected="pyarrow must be installed to read Parquet",
            got="no such package",
            todo="Run pip install 'lawrec[parquet]'.",
        ) from error
    try:
        with _seekable(stream) as file:
            table = parquet.ParquetFile(file, pre_buffer=False)
            columns = table.schema_arrow.names
            # A column "meta" may hold the labels, as in CAIL2018.
            nested = set(_PLAIN_FIELDS) - set(columns) if "meta" in columns else set()
            required = [n for n in _required_columns(case_format, labelled) if n not in nested]
            _check_columns(columns, required, where=where)
            rows = _parquet_rows(table, _used_columns(columns, case_format))
            for number, row in enumerate(rows, 1):
                yield number, _raw_case(row, case_format, in_table=True)
    except (pyarrow.ArrowException, UnicodeDecodeError, OSError) as error:
        if isinstance(error, OSError) and error.errno:  # pyarrow's own errors have no errno
            raise
        got = str(error).partition("\n")[0]
        raise CaseError(
            where, expected="the file must be Parquet", got=got, todo="Write it again."
        ) from error


def _parquet_rows(table: Any, columns: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows group by group, since over all groups pyarrow keeps what it has read."""
    for group in range(table.num_row_groups):
        for batch in table.iter_batches(_BATCH_ROWS, row_groups=[group], columns=columns):
            yield from batch.to_pylist()


@contextmanager
def _seekable(stream: BinaryIO) -> Iterator[BinaryIO]:
    """Yield the stream itself, or a temporary copy if it cannot seek, as packed ones cannot."""
    if isinstance(stream, BufferedReader) and stream.seekable():
        yield stream
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(stream, copy)
        yield copy


def _required_columns(case_format: CaseFormat, labelled: bool) -> list[str]:
    if not labelled:
        return [case_format.fact_field]
    label = "charges" if case_format.charges_only else case_format.articles_field or "articles"
    return [case_format.fact_field, label]


def _used_columns(columns: Sequence[str], case_format: CaseFormat) -> list[str]:
    """Return the columns of a Parquet file that hold fields of a case; the others are not read."""
    fields = {
        case_format.fact_field,
        case_format.articles_field or "articles",
        case_format.id_field,
    }
    outer = {name.partition(".")[0] for name in fields}
    return [name for name in columns if name in {*fields, *outer, *_FIXED_COLUMNS}]


def _check_columns(columns: Sequence[str], required: Iterable[str], *, where: str) -> None:
    got = quoted(",".join(columns))
    for name in required:
        if name not in columns and name.partition(".")[0] not in columns:
            raise CaseError(
                where,
                expected=f'the table must have a column "{name}"',
                got=got,
                todo="Add the column, or name yours with --fact-field and --articles-field.",
            )
        if columns.count(name) > 1:
            raise CaseError(
                where,
                expected=f'only one column must be named "{name}"',
                got=got,
                todo="Rename the others.",
            )


def _json_object(line: str, where: str, *, case_format: CaseFormat) -> dict[str, Any]:
    """Return the JSON object of a line whose "meta", if it is read, is an object too."""
    expected = "a line must be one JSON object"
    kind = ErrorKind.BROKEN_JSON
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        got = f"broken JSON ({error})"
        raise CaseError(where, expected=expected, got=got, todo=FIX_LINE, kind=kind) from error
    if not isinstance(record, dict):
        todo = 'Write {"fact": "..."}.'
        raise CaseError(where, expected=expected, got=quoted(record), todo=todo, kind=kind)
    meta = record.get("meta", {})
    if not (isinstance(meta, dict) or case_format.articles_field):
        expected = '"meta" must be a JSON object'
        raise CaseError(where, expected=expected, got=quoted(meta), todo=FIX_LINE, kind=kind)
    return record


def _raw_case(
    record: dict[str, Any], case_format: CaseFormat, *, in_table: bool = False
) -> RawCase:
    """Return the fields of a case.

    Args:
        record: A JSON object or a row, by the names of its fields.
        case_format: Names of fields and separator.
        in_table: Whether one text may hold several articles even without a separator that is set.
    """
    default, charges_field = _CAIL_FIELDS if isinstance(record.get("meta"), dict) else _PLAIN_FIELDS
    articles = _field(record, case_format.articles_field or default)
    unknown = _field_or_meta(record, "unknown_articles")
    charges = _field(record, charges_field)
    if in_table:
        charges = _split_text(charges)
    if in_table or case_format.separator:
        articles = _split_text(articles, case_format.separator)
        unknown = _split_text(unknown, case_format.separator)
    return RawCase(
        fact=_field(record, case_format.fact_field),
        articles=articles,
        case_id=_field(record, case_format.id_field),
        charges=charges,
        unknown_articles=unknown,
        weight=_field_or_meta(record, "weight"),
    )


def _field(record: dict[str, Any], name: str) -> Any:
    """Return a field; "meta.relevant_articles" may lie inside "meta"."""
    if name in record or "." not in name:
        return record.get(name)
    outer, inner = name.split(".", 1)
    value = record.get(outer)
    return _field(value, inner) if isinstance(value, dict) else None


def _field_or_meta(record: dict[str, Any], name: str) -> Any:
    value = _field(record, name)
    return _field(record, f"meta.{name}") if value is None else value


def _split_text(value: Any, separator: str | None = None) -> Any:
    """Return the names in one text or number as a list; a value of another type is unchanged."""
    if isinstance(value, str):
        parts = value.split(separator) if separator else _SEPARATORS.split(value)
        return [part.strip() for part in parts if part.strip()]
    return [value] if isinstance(value, int | float) else value


READERS: dict[str, Reader] = {
    "text": Reader(_read_text, (".txt",)),
    "jsonl": Reader(_read_jsonl, (".json", ".jsonl")),
    "csv": Reader(_read_csv, (".csv",)),
    "tsv": Reader(partial(_read_csv, delimiter="\t"), (".tsv",)),
    "parquet": Reader(_read_parquet, (".parquet",), is_text=False),
}
SUFFIXES = {suffix: name for name, reader in READERS.items() for suffix in reader.suffixes}
