"""Readers: from the bytes of a file to the unchecked fields of each case.

Cases may be written as JSON lines (plain ones or those of CAIL2018), CSV, TSV, Parquet, Excel or,
where no labels are needed, as plain text. `READERS` has one entry per format; `lawrec.corpus.cases`
checks the fields that they yield.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO

from lawrec.corpus.formats.case_format import (
    ALL_ARTICLES,
    DEFAULT_FORMAT,
    FIX_LINE,
    OR_CHARGES,
    SOME_ARTICLES,
    CaseFormat,
    CaseStream,
    Fields,
    Reader,
    owner_of,
)
from lawrec.corpus.formats.csv_tables import read_csv
from lawrec.corpus.formats.excel import read_excel
from lawrec.corpus.formats.json_lines import read_json_lines
from lawrec.corpus.formats.parquet import read_parquet
from lawrec.corpus.formats.plain_text import looks_like, read_document, read_lines
from lawrec.errors import CaseError, quoted
from lawrec.law.charges import split_charges
from lawrec.law.labels import split_labels
from lawrec.storage.encodings import SAMPLE_BYTES, guess_encoding
from lawrec.storage.packed_files import DECOMPRESSORS, put_back

__all__ = ["ALL_ARTICLES", "DEFAULT_FORMAT", "FIX_LINE", "OR_CHARGES", "READERS", "SOME_ARTICLES"]
__all__ += ["SUFFIXES", "CaseFormat", "CaseStream", "RawCase", "choose_reader"]
__all__ += ["choose_stream_reader", "read_raw_cases"]

_CAIL_FIELDS = ("meta.relevant_articles", "meta.accusation")
_PLAIN_FIELDS = ("articles", "charges")


@dataclass(frozen=True)
class RawCase:
    """The fields of a case as its line has them: of any type, and None where they are missing.

    Attributes:
        articles_field: The name of the field with the articles; "" if nobody named it and none has.
        other_articles: "articles" of a case that has "meta.relevant_articles", too.
        without_fact: The names of all fields if none of them is that of the fact.
    """

    fact: Any
    articles: Any = None
    articles_field: str = ""
    other_articles: Any = None
    case_id: Any = None
    charges: Any = None
    unknown_articles: Any = None
    weight: Any = None
    without_fact: tuple[str, ...] | None = None


def read_raw_cases(cases: CaseStream) -> Iterator[tuple[int, RawCase | CaseError]]:
    r"""Yield the number of each line or row, from 1, and its fields, or the error of the line.

    Args:
        cases: An open file; without a reader in its format, each line is the text of a fact.

    Raises:
        CaseError: The file as a whole cannot be read.

    Example:
        >>> import io
        >>> cases = CaseStream(io.BytesIO(b"fact"), "stdin", CaseFormat("csv"), labelled=False)
        >>> list(read_raw_cases(cases))
        []
    """
    reader = READERS[cases.case_format.reader or "text"]
    for number, record in reader.read(cases):
        if isinstance(record, CaseError):
            yield number, record
        else:
            yield number, _raw_case(record, cases.case_format)


def _raw_case(record: Fields, names: CaseFormat) -> RawCase:
    """Return the fields of a case, in which one text may hold several labels.

    Args:
        record: A JSON object or a row, by the names of its fields.
        names: Names of fields and separator.
    """
    is_cail = isinstance(record.get("meta"), dict)
    articles_field, charges_field = _CAIL_FIELDS if is_cail else _PLAIN_FIELDS
    other = _field(record, "articles") if is_cail and not names.articles_field else None
    articles = _field(record, names.articles_field or articles_field)
    has_articles = articles is not None
    unknown = _field_or_meta(record, "unknown_articles")
    owner, fact_field = owner_of(record, names.fact_field)
    return RawCase(
        fact=owner.get(fact_field),
        articles=split_labels(articles, names.separator),
        articles_field=names.articles_field or (articles_field if has_articles else ""),
        other_articles=split_labels(other, names.separator),
        case_id=_field(record, names.id_field),
        charges=split_charges(_field(record, charges_field)),
        unknown_articles=split_labels(unknown, names.separator),
        weight=_field_or_meta(record, "weight"),
        without_fact=None if fact_field in owner else tuple(record),
    )


def _field(record: Fields, name: str) -> Any:
    owner, name = owner_of(record, name)
    return owner.get(name)


def _field_or_meta(record: Fields, name: str) -> Any:
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
        >>> choose_reader(Path("cases.CSV.gz"), io.BytesIO())
        'csv'
    """
    name = file.stem if file.suffix.lower() in DECOMPRESSORS else file.name
    for suffix in (Path(name).suffix, Path(str(getattr(stream, "name", ""))).suffix):
        if suffix.lower() in SUFFIXES:
            return SUFFIXES[suffix.lower()]
    suffixes, packings = ", ".join(SUFFIXES), ", ".join(DECOMPRESSORS)
    raise CaseError(
        file,
        expected=f"the suffix must be one of {suffixes} (and then {packings})",
        got=quoted(file.suffix),
        todo="Rename the file, or name the format with --input-format.",
    )


def choose_stream_reader(
    stream: BufferedReader, case_format: CaseFormat
) -> tuple[str, BufferedReader]:
    """Choose the reader that fits the first line of a stream that is not blank.

    Args:
        stream: The bytes, of which that line is read.
        case_format: How the cases are written; the first line of a table names its columns.

    Returns:
        The key in `READERS` of the reader, and a stream that has all bytes again.

    Example:
        >>> import io
        >>> stream = io.BufferedReader(io.BytesIO(b"id,fact"))
        >>> reader, stream = choose_stream_reader(stream, DEFAULT_FORMAT)
        >>> reader, stream.read()
        ('csv', b'id,fact')
    """
    first, line = bytearray(), ""
    while not line.strip() and len(first) < SAMPLE_BYTES:
        read = stream.readline(SAMPLE_BYTES)
        if not read:
            break
        first += read
        line = _first_line(read, case_format.encoding)
    reader = looks_like(line, case_format.fact_field) or "text"
    return reader, put_back(bytes(first), stream)


def _first_line(content: bytes, encoding: str | None) -> str:
    """Return the first line, without a byte order mark; its end may be a carriage return."""
    lines = content.lstrip().splitlines() or [b""]
    return lines[0].decode(encoding or guess_encoding(lines[0]), "replace").lstrip("\ufeff")


READERS: dict[str, Reader] = {
    "text": Reader(read_lines, (".txt",), is_lines=True),
    "document": Reader(read_document, ()),
    "jsonl": Reader(read_json_lines, (".json", ".jsonl"), is_lines=True),
    "csv": Reader(read_csv, (".csv",)),
    "tsv": Reader(partial(read_csv, delimiter="\t"), (".tsv",)),
    "parquet": Reader(read_parquet, (".parquet",), is_text=False),
    "excel": Reader(read_excel, (".xlsx",), is_text=False),
}
SUFFIXES = {suffix: name for name, reader in READERS.items() for suffix in reader.suffixes}
