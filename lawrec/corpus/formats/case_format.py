"""Case format: how cases are written, and an open file of them."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import chain, islice
from typing import Any, BinaryIO

from lawrec.errors import CaseError, ErrorKind
from lawrec.storage.limits import MAX_LINE_BYTES
from lawrec.storage.packed_files import binary_format
from lawrec.storage.text_files import TOO_LONG, bounded_lines, decode_lines

ALL_ARTICLES = "all articles"
"""Each labelled case has all its articles."""
OR_CHARGES = "all articles or charges"
"""A labelled case has all its articles, or its charges alone."""
SOME_ARTICLES = "some articles"
"""Each labelled case has some of its articles; the others are unknown."""
FIX_LINE = "Fix the line."
"""`BadLines` adds that of commands which stop at the line, --skip-bad leaves it out."""


@dataclass(frozen=True)
class CaseFormat:
    """How cases are written; what is None is detected from the file.

    A field may lie inside others, as `owner_of` finds it: "meta.relevant_articles".
    """

    reader: str | None = None  # a key of READERS; by default, by the suffix of the file
    fact_field: str = "fact"
    articles_field: str | None = None  # by default "meta.relevant_articles", else "articles"
    id_field: str = "id"
    separator: str | None = None  # between articles in one text
    encoding: str | None = None  # one of encodings.ENCODINGS
    labels: str = ALL_ARTICLES  # of labelled cases: which labels they have
    any_label: bool = False  # without a list, an article need not be in the catalog

    @property
    def needs_id(self) -> bool:
        """Whether each case must have its id: somebody has named the field."""
        return self.id_field != CaseFormat.id_field

    def non_defaults(self) -> dict[str, Any]:
        """Return the fields that differ from their defaults, for `CaseFormat(**fields)`."""
        defaults = asdict(CaseFormat())
        return {name: value for name, value in asdict(self).items() if value != defaults[name]}


DEFAULT_FORMAT = CaseFormat()


@dataclass(frozen=True)
class CaseStream:
    """An open file of cases, and how to read it.

    Args:
        stream: The bytes of the file, decompressed.
        where: The name of the file, for errors.
        case_format: Names of fields, separator and encoding.
        labelled: Whether each case must have labels.
        first_line: The number of the first line, above 1 if the stream is a later part of a file.
    """

    stream: BinaryIO
    where: str
    case_format: CaseFormat
    labelled: bool
    first_line: int = 1

    def lines(self) -> Iterator[str]:
        """Yield the lines; bytes that do not fit the encoding are surrogates.

        A line of more than `MAX_LINE_BYTES` is `TOO_LONG`.

        Raises:
            CaseError: The file is not text.
        """
        is_start = self.first_line == 1
        lines = bounded_lines(self.stream, any_line_end=is_start)
        first = list(islice(lines, 1))
        if first and is_start:
            check_is_text(first[0], self.where)
        return decode_lines(chain(first, lines), self.case_format.encoding)


Fields = dict[str, Any]
"""The fields of a case by the names that its file has, of any type."""
Row = tuple[int, Fields | CaseError]
"""The number of a line or row, from 1, and its fields, or the error of a line without any."""


@dataclass(frozen=True)
class Reader:
    """One format of files with cases."""

    read: Callable[[CaseStream], Iterator[Row]]  # in order and in constant memory
    suffixes: tuple[str, ...]
    is_text: bool = True  # False: such a file has no encoding to detect
    is_lines: bool = False  # whether a file may be read in parts: each line is a case of its own


def owner_of(record: Fields, name: str) -> tuple[Fields, str]:
    """Return the object that has a field, or should have it, and the name of the field in it.

    Example:
        >>> owner_of({"fact": "盗窃", "meta": {"court": 7}}, "meta.court")
        ({'court': 7}, 'court')
    """
    outer, _, inner = name.partition(".")
    value = record.get(outer)
    if name in record or not isinstance(value, dict) or not inner:
        return record, name
    return owner_of(value, inner)


def check_is_text(start: bytes, where: str) -> None:
    """Raise CaseError if cases that should be text begin as a packed or binary file does.

    Example:
        >>> check_is_text(b"id,fact", "stdin")
    """
    if kind := binary_format(start):
        raise CaseError(
            where,
            expected="the cases must be unpacked text",
            got=kind,
            todo="Unpack them, or name a file with its own suffix, such as .gz; a pipe of Parquet "
            "or Excel needs --input-format.",
            kind=ErrorKind.OTHER_FORMAT,
        )


def too_long_error(where: str) -> CaseError:
    """Return the error of a line of more than `MAX_LINE_BYTES`.

    Example:
        >>> print(too_long_error("train.json:3"))
        train.json:3: a line must have at most 8,388,608 bytes, got more. Shorten it.
    """
    expected = f"a line must have at most {MAX_LINE_BYTES:,} bytes"
    return CaseError(where, expected=expected, got="more", todo="Shorten it.")


def is_too_long(line: str) -> bool:
    """Return whether a line, or the text of a row, takes the place of one that was too long.

    Example:
        >>> is_too_long(TOO_LONG), is_too_long("盗窃")
        (True, False)
    """
    return TOO_LONG in line
