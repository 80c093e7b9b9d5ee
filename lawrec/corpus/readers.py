"""Readers: from the stream of a file to the fields of each case, whatever shape the file has."""

import csv
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from io import BufferedReader
from typing import Any, BinaryIO

from lawrec.errors import CaseError, quoted
from lawrec.text_files import SURROGATE, decode_lines

_SEPARATORS = re.compile(r"[;；,，、|\s]+")
_BATCH_ROWS = 256


@dataclass(frozen=True)
class CaseFormat:
    """How cases are written; what is None is found out from the file.

    A field may lie inside others: "meta.relevant_articles".
    """

    reader: str | None = None  # a key of READERS; by default, by the suffix of the file
    fact_field: str = "fact"
    articles_field: str | None = None  # "meta.relevant_articles" beside "meta", else "articles"
    id_field: str = "id"
    separator: str | None = None  # between articles in one text
    encoding: str | None = None  # one of streams.ENCODINGS
    charges_only: bool = False  # a labelled case says its charges, and nothing of articles

    def chosen(self) -> dict[str, Any]:
        """Return what differs from the defaults, as `Format(**values)` takes it."""
        defaults = asdict(CaseFormat())
        return {name: value for name, value in asdict(self).items() if value != defaults[name]}


DEFAULT_FORMAT = CaseFormat()
NO_OBJECT = "a line must be one JSON object"
NO_META = '"meta" must be a JSON object'
NO_ARTICLES = "a case must say its articles"
NO_CHARGES = "a case must say its charges"
"""What an error expected, by which it can be told apart; see also those of `cases`."""
CAIL_FIELDS = ("meta.relevant_articles", "meta.accusation")

_FIXED_FIELDS = ("charges", "unknown_articles", "weight", "meta")

Row = tuple[int, dict[str, Any] | CaseError]
"""The line (or row) of a case and its fields, as they were written: see `_fields`."""


def _read_text(
    stream: BinaryIO, where: str, case_format: CaseFormat, labelled: bool
) -> Iterator[Row]:
    for number, line in enumerate(decode_lines(stream, case_format.encoding), 1):
        fields: dict[str, Any] | CaseError = {"fact": line.rstrip("\r\n")}
        if labelled:
            here, todo = f"{where}:{number}", "Use JSON lines or CSV."
            expected = NO_CHARGES if case_format.charges_only else NO_ARTICLES
            fields = CaseError(here, expected=expected, got="plain text", todo=todo)
        yield number, fields


def _read_jsonl(
    stream: BinaryIO, where: str, case_format: CaseFormat, labelled: bool
) -> Iterator[Row]:
    for number, line in enumerate(decode_lines(stream, case_format.encoding), 1):
        if line.strip():
            try:
                yield number, _json_fields(line, f"{where}:{number}", case_format=case_format)
            except CaseError as error:
                yield number, error


def _read_csv(
    stream: BinaryIO, where: str, case_format: CaseFormat, labelled: bool, delimiter: str = ","
) -> Iterator[Row]:
    header: list[str] = []
    for number, row, problem in _csv_rows(decode_lines(stream, case_format.encoding), delimiter):
        here = f"{where}:{number}"
        if not header:
            header = [name.strip() for name in row]
            if problem or SURROGATE.match(row[0]):
                _refuse_header(here, problem or "other bytes")
            _check_header(
                header,
                here,
                case_format=case_format,
                labelled=labelled,
                got=quoted(",".join(header)),
            )
        elif len(row) == len(header):
            yield number, _fields(dict(zip(header, row, strict=True)), case_format, in_table=True)
        else:
            got = problem or f"{len(row)} fields"
            expected = f"a row must have {len(header)} fields"
            yield number, CaseError(here, expected=expected, got=got, todo="Mend the row.")


def _read_tsv(
    stream: BinaryIO, where: str, case_format: CaseFormat, labelled: bool
) -> Iterator[Row]:
    return _read_csv(stream, where, case_format, labelled, delimiter="\t")


def _read_parquet(
    stream: BinaryIO, where: str, case_format: CaseFormat, labelled: bool
) -> Iterator[Row]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise CaseError(
            where,
            expected="Parquet needs pyarrow",
            got="no such package",
            todo="Run pip install 'lawrec[parquet]'.",
        ) from error
    try:
        with _seekable(stream) as whole:
            table = parquet.ParquetFile(whole, pre_buffer=False)
            names = table.schema_arrow.names
            inside = {"articles", "charges"} - set(names) if "meta" in names else ()
            _check_header(
                [*names, *inside],
                where,
                case_format=case_format,
                labelled=labelled,
                got=quoted(",".join(names)),
            )
            rows = _parquet_rows(table, _needed(names, case_format))
            for number, row in enumerate(rows, 1):
                yield number, _fields(row, case_format, in_table=True)
    except (pyarrow.ArrowException, UnicodeDecodeError, OSError) as error:
        if isinstance(error, OSError) and error.errno:  # not pyarrow's own, of damaged bytes
            raise
        got = str(error).partition("\n")[0]
        raise CaseError(
            where, expected="the file must be Parquet", got=got, todo="Write it again."
        ) from error


def _parquet_rows(table: Any, columns: list[str]) -> Iterator[dict[str, Any]]:
    """Give the rows in constant memory: over all groups at once, pyarrow keeps what it has read."""
    for group in range(table.num_row_groups):
        for batch in table.iter_batches(_BATCH_ROWS, row_groups=[group], columns=columns):
            yield from batch.to_pylist()


@contextmanager
def _seekable(stream: BinaryIO) -> Iterator[BinaryIO]:
    """Give the stream itself, or a temporary copy of one that only runs forward."""
    if isinstance(stream, BufferedReader) and stream.seekable():
        yield stream
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(stream, copy)
        yield copy


def _csv_rows(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str], str]]:
    """Give the first line, the fields, and the problem if any, of each row that is not blank."""
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


def _refuse_header(here: str, got: str) -> None:
    raise CaseError(
        here,
        expected="the first line must name the columns, in UTF-8 or GB18030",
        got=got,
        todo="Save it as UTF-8 text.",
    )


def _check_header(
    header: list[str], here: str, *, case_format: CaseFormat, labelled: bool, got: str
) -> None:
    label = "charges" if case_format.charges_only else case_format.articles_field or "articles"
    for name in (case_format.fact_field, label)[: 2 if labelled else 1]:
        if name not in header and name.partition(".")[0] not in header:
            raise CaseError(
                here,
                expected=f'the table must have a column "{name}"',
                got=got,
                todo="Add the column, or name yours with --fact-field and --articles-field.",
            )
        if header.count(name) > 1:
            raise CaseError(
                here,
                expected=f'one column must be "{name}"',
                got=got,
                todo="Name the others otherwise.",
            )


def _needed(names: list[str], case_format: CaseFormat) -> list[str]:
    """Return the columns of a Parquet file that hold what a case has."""
    fields = (
        case_format.fact_field,
        case_format.articles_field or "articles",
        case_format.id_field,
    )
    outer = {name.partition(".")[0] for name in fields}
    return [name for name in names if name in {*fields, *outer, *_FIXED_FIELDS}]


def _json_fields(line: str, here: str, *, case_format: CaseFormat) -> dict[str, Any]:
    """Bring a CAIL2018 line or a plain one to the fields that `_fields` gives."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CaseError(
            here, expected=NO_OBJECT, got=f"broken JSON ({error})", todo="Mend the line."
        ) from error
    if not isinstance(record, dict):
        raise CaseError(here, expected=NO_OBJECT, got=quoted(record), todo='Write {"fact": "..."}.')
    meta = record.get("meta", {})
    if not (isinstance(meta, dict) or case_format.articles_field):
        raise CaseError(here, expected=NO_META, got=quoted(meta), todo="Mend the line.")
    return _fields(record, case_format)


def _fields(
    record: dict[str, Any], case_format: CaseFormat, *, in_table: bool = False
) -> dict[str, Any]:
    """Return what a case has; in a table, one text may hold several articles.

    The keys are fact, articles, id, charges, unknown_articles and weight.
    """
    cail = isinstance(record.get("meta"), dict)
    own, charged = CAIL_FIELDS if cail else ("articles", "charges")
    articles, charges = _field(record, case_format.articles_field or own), _field(record, charged)
    unknown, weight = (_own_or_meta(record, name) for name in ("unknown_articles", "weight"))
    return {
        "fact": _field(record, case_format.fact_field),
        "articles": _listed(articles, case_format)
        if in_table or case_format.separator
        else articles,
        "id": _field(record, case_format.id_field),
        "charges": _listed(charges, DEFAULT_FORMAT) if in_table else charges,
        "unknown_articles": _listed(unknown, case_format)
        if in_table or case_format.separator
        else unknown,
        "weight": weight,
    }


def _own_or_meta(record: dict[str, Any], name: str) -> Any:
    value = _field(record, name)
    return _field(record, f"meta.{name}") if value is None else value


def _field(record: dict[str, Any], name: str) -> Any:
    """Return a field, if need be from inside others: "meta.relevant_articles"."""
    if name in record or "." not in name:
        return record.get(name)
    outer, inner = name.split(".", 1)
    value = record.get(outer)
    return _field(value, inner) if isinstance(value, dict) else None


def _listed(value: Any, case_format: CaseFormat) -> Any:
    """Return the articles of one text or number as a list; anything else stays."""
    if isinstance(value, str):
        parts = (
            value.split(case_format.separator)
            if case_format.separator
            else _SEPARATORS.split(value)
        )
        return [part.strip() for part in parts if part.strip()]
    return [value] if isinstance(value, int | float) else value


READERS: dict[str, Callable[[BinaryIO, str, CaseFormat, bool], Iterator[Row]]] = {
    "text": _read_text,
    "jsonl": _read_jsonl,
    "csv": _read_csv,
    "tsv": _read_tsv,
    "parquet": _read_parquet,
}
SUFFIXES = {
    ".json": "jsonl",
    ".jsonl": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".txt": "text",
}
