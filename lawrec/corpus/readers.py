"""Readers: from the bytes of a file to the unchecked fields of each case.

Cases may be written as JSON lines (plain ones or those of CAIL2018), CSV, TSV, Parquet or, where no
labels are needed, as plain text. `READERS` has one entry per format; `lawrec.corpus.cases` checks
the fields that they yield.
"""

import csv
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO

from lawrec.errors import CaseError, ErrorKind, quoted
from lawrec.files import parse_json
from lawrec.law.labels import split_labels
from lawrec.text_files import DECOMPRESSORS, SURROGATE, decode_lines

FIX_LINE = "Fix the line, or pass --skip-bad."

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
    any_label: bool = False  # without a list, an article need not be in the catalog

    def non_defaults(self) -> dict[str, Any]:
        """Return the fields that differ from their defaults, for `CaseFormat(**fields)`."""
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


@dataclass(frozen=True)
class CaseStream:
    """An open file of cases, and how to read it.

    Args:
        stream: The bytes of the file, decompressed.
        where: The name of the file, for errors.
        case_format: Names of fields, separator and encoding.
        labelled: Whether each case must have labels.
    """

    stream: BinaryIO
    where: str
    case_format: CaseFormat
    labelled: bool

    def lines(self) -> Iterator[str]:
        """Yield the lines; bytes that do not fit the encoding are surrogates."""
        return decode_lines(self.stream, self.case_format.encoding)


@dataclass(frozen=True)
class Reader:
    """One format of files with cases."""

    read: Callable[[CaseStream], Iterator[Row]]  # in order and in constant memory
    suffixes: tuple[str, ...]
    is_text: bool = True  # False: such a file has no encoding to detect


def _read_text(cases: CaseStream) -> Iterator[Row]:
    """Yield each line as a fact; such a file cannot have labels."""
    label = "charges" if cases.case_format.charges_only else "articles"
    for number, line in enumerate(cases.lines(), 1):
        if cases.labelled:
            error = CaseError(
                f"{cases.where}:{number}",
                expected=f"a case must have {label}",
                got="plain text",
                todo="Use JSON lines or CSV.",
                kind=ErrorKind.BAD_LABEL,
            )
            yield number, error
        else:
            yield number, RawCase(line.rstrip("\r\n"))


def _read_jsonl(cases: CaseStream) -> Iterator[Row]:
    for number, line in enumerate(cases.lines(), 1):
        if line.strip():
            where = f"{cases.where}:{number}"
            try:
                record = _json_object(line, where, case_format=cases.case_format)
            except CaseError as error:
                yield number, error
            else:
                yield number, _raw_case(record, cases.case_format)


def _read_csv(cases: CaseStream, delimiter: str = ",") -> Iterator[Row]:
    header: list[str] = []
    for number, row, problem in _csv_rows(cases.lines(), delimiter):
        where = f"{cases.where}:{number}"
        if not header:
            if problem or SURROGATE.match(row[0]):
                raise CaseError(
                    where,
                    expected="the first line must name the columns, in UTF-8 or GB18030",
                    got=problem or "other bytes",
                    todo="Save it as UTF-8 text.",
                )
            header = [name.strip() for name in row]
            _check_columns(header, _required_columns(cases), where=where)
        elif len(row) == len(header):
            fields = dict(zip(header, row, strict=True))
            yield number, _raw_case(fields, cases.case_format, in_table=True)
        else:
            expected, got = f"a row must have {len(header)} fields", problem or f"{len(row)} fields"
            yield number, CaseError(where, expected=expected, got=got, todo=FIX_LINE)


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


def _read_parquet(cases: CaseStream) -> Iterator[Row]:
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
        with _seekable(cases.stream) as file:
            table = parquet.ParquetFile(file, pre_buffer=False)
            columns = table.schema_arrow.names
            # A column "meta" may hold the labels, as in CAIL2018.
            nested = set(_PLAIN_FIELDS) - set(columns) if "meta" in columns else set()
            required = [name for name in _required_columns(cases) if name not in nested]
            _check_columns(columns, required, where=cases.where)
            rows = _parquet_rows(table, _used_columns(columns, cases.case_format))
            for number, row in enumerate(rows, 1):
                yield number, _raw_case(row, cases.case_format, in_table=True)
    except (pyarrow.ArrowException, UnicodeDecodeError, OSError) as error:
        if isinstance(error, OSError) and error.errno:  # pyarrow's own errors have no errno
            raise
        expected, got = "the file must be Parquet", str(error).partition("\n")[0]
        raise CaseError(cases.where, expected=expected, got=got, todo="Write it again.") from error


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


def _required_columns(cases: CaseStream) -> list[str]:
    names = cases.case_format
    label = "charges" if names.charges_only else names.articles_field or "articles"
    return [names.fact_field, label] if cases.labelled else [names.fact_field]


def _used_columns(columns: Sequence[str], case_format: CaseFormat) -> list[str]:
    """Return the columns of a Parquet file that hold fields of a case; the others are not read."""
    articles_field = case_format.articles_field or "articles"
    fields = {case_format.fact_field, articles_field, case_format.id_field}
    outer = {name.partition(".")[0] for name in fields}
    return [name for name in columns if name in {*fields, *outer, *_FIXED_COLUMNS}]


def _check_columns(columns: Sequence[str], required: Iterable[str], *, where: str) -> None:
    for name in required:
        if name not in columns and name.partition(".")[0] not in columns:
            expected = f'the table must have a column "{name}"'
            todo = "Add the column, or name yours with --fact-field and --articles-field."
        elif columns.count(name) > 1:
            expected, todo = f'only one column must be named "{name}"', "Rename the others."
        else:
            continue
        raise CaseError(where, expected=expected, got=quoted(",".join(columns)), todo=todo)


def _json_object(line: str, where: str, *, case_format: CaseFormat) -> dict[str, Any]:
    """Return the JSON object of a line whose "meta", if it is read, is an object too."""
    expected = "a line must be one JSON object"
    kind = ErrorKind.BROKEN_JSON
    try:
        record = parse_json(line)
    except ValueError as error:
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
        charges = split_labels(charges)
    if in_table or case_format.separator:
        articles = split_labels(articles, case_format.separator)
        unknown = split_labels(unknown, case_format.separator)
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


def choose_reader(file: Path, stream: BinaryIO) -> str:
    """Return the key in `READERS` of the reader that fits a file.

    The suffix before a packing decides, "csv" for "cases.csv.gz", or else that of the name of the
    stream, which for a .zip file is its member's.

    Raises:
        CaseError: The suffix is unknown.

    Example:
        >>> import io
        >>> choose_reader(Path("cases.csv.gz"), io.BytesIO())
        'csv'
    """
    name = file.stem if file.suffix in DECOMPRESSORS else file.name
    for suffix in (Path(name).suffix, Path(str(getattr(stream, "name", ""))).suffix):
        if suffix in SUFFIXES:
            return SUFFIXES[suffix]
    suffixes, packings = ", ".join(SUFFIXES), ", ".join(DECOMPRESSORS)
    raise CaseError(
        file,
        expected=f"the suffix must be one of {suffixes} (and then {packings})",
        got=quoted(file.suffix),
        todo="Rename the file, or name the format with --input-format.",
    )


READERS: dict[str, Reader] = {
    "text": Reader(_read_text, (".txt",)),
    "jsonl": Reader(_read_jsonl, (".json", ".jsonl")),
    "csv": Reader(_read_csv, (".csv",)),
    "tsv": Reader(partial(_read_csv, delimiter="\t"), (".tsv",)),
    "parquet": Reader(_read_parquet, (".parquet",), is_text=False),
}
SUFFIXES = {suffix: name for name, reader in READERS.items() for suffix in reader.suffixes}
