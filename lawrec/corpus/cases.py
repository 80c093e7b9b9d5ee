"""Cases: read them from files or a stream, and check each one.

A line that cannot be used becomes a `CaseError` in place of its `Case`, so that one pass over the
cases answers every line in order. `predict` shows these errors; training and evaluation pass them
to a `BadLines`, which stops at the first one unless the user chose to skip them.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from lawrec.corpus.readers import (
    DEFAULT_FORMAT,
    FIX_LINE,
    READERS,
    CaseFormat,
    CaseStream,
    RawCase,
    choose_reader,
)
from lawrec.errors import CaseError, ErrorKind, quoted
from lawrec.files import json_line
from lawrec.law.articles import is_empty
from lawrec.law.labels import article_names
from lawrec.text_files import SURROGATE, list_files, open_binary

EVERY_ARTICLE = ("*",)
"""The unknown articles of a case of which only the charges are known."""
SKIPPED = "skipped.jsonl"
"""The file of skipped lines, beside what was made of the other lines."""
_CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
"""One Chinese character, of the CJK ideographs or their extension A."""
_MAX_WEIGHT = 1_000_000
"""Beside a larger weight, float32 sums lose the cases of weight 1."""


@dataclass(frozen=True)
class Case:
    """One case: its fact and, where they are known, the articles and charges of its judgment.

    Args:
        where: The file and line, for messages.
        case_id: The case's own id, else its line.
        fact: The text of the fact.
        articles: The articles that apply, each once, as `article_name` writes them.
        charges: The charges as the line has them.
        unknown_articles: Articles of which nobody knows whether they apply. They are masked in the
            loss, in tuning and in all figures.
        weight: Training counts the case so many times; figures do not, because figures of cases
            with different weights could not be compared.
        cited: The articles as the line has them, repeats included.
    """

    where: str
    case_id: str
    fact: str = field(repr=False)
    articles: tuple[str, ...] = ()
    charges: tuple[str, ...] = ()
    unknown_articles: tuple[str, ...] = ()
    weight: float = 1.0
    cited: tuple[str, ...] = field(default=(), repr=False, compare=False)


Cases = Iterator[Case | CaseError]
"""One case per line, in order; a line that cannot be used comes as its error."""


class BadLines:
    """What to do with lines that cannot be used: stop at the first, or skip and count them.

    Args:
        skip: Whether to skip them.
        log: A file to which each skipped line is appended as JSON: where it was, and why.

    Attributes:
        skipped: How many lines were skipped so far.
    """

    def __init__(self, *, skip: bool, log: Path | None = None) -> None:
        self.skipped = 0
        self._skip = skip
        self._log = log

    def handle(self, error: CaseError) -> None:
        """Count and log a line, or raise its error."""
        if not self._skip:
            raise error
        self.skipped += 1
        if self._log:
            with self._log.open("ab") as file:
                file.write(json_line({"where": error.where, "error": str(error)}) + b"\n")


def usable_cases(cases: Cases, bad_lines: BadLines | None = None) -> Iterator[Case]:
    r"""Yield the cases, and pass each line that cannot be used to `bad_lines`.

    Args:
        cases: Cases and errors, as `read_cases` yields them.
        bad_lines: What to do with errors; by default, the first one is raised.

    Raises:
        CaseError: A line cannot be used and is not to be skipped.

    Example:
        >>> import io
        >>> lines = io.BytesIO('{"fact": "盗窃", "articles": [264]}\n{"fact": ""}'.encode())
        >>> cases = read_stream(lines, "a", labelled=True, case_format=CaseFormat("jsonl"))
        >>> bad_lines = BadLines(skip=True)
        >>> [case.articles for case in usable_cases(cases, bad_lines)], bad_lines.skipped
        ([('264',)], 1)
    """
    bad_lines = bad_lines or BadLines(skip=False)
    for case in cases:
        if isinstance(case, CaseError):
            bad_lines.handle(case)
        else:
            yield case


def read_cases(
    *paths: Path, labelled: bool = True, case_format: CaseFormat = DEFAULT_FORMAT
) -> Cases:
    """Yield the cases of paths, one by one.

    Args:
        *paths: Files, folders or patterns, as `list_files` takes them. Among several files, a case
            without an id is named "file:line".
        labelled: Whether each case must have its articles.
        case_format: How the cases are written. Without a reader, the suffix of a file must be a key
            of `SUFFIXES`, which one of `DECOMPRESSORS` may follow.

    Raises:
        CaseError: A file cannot be read, or its suffix is unknown.

    Example:
        >>> from lawrec.resources import shipped_path
        >>> next(read_cases(shipped_path("data/sample/train.json"))).articles
        ('133',)
    """
    files = [file for path in paths for file in list_files(path)]
    return _read_files(files, labelled, case_format=case_format)


def read_stream(
    stream: BinaryIO, where: str, *, labelled: bool, case_format: CaseFormat, prefix: str = ""
) -> Cases:
    r"""Yield the cases of an open binary stream.

    Args:
        stream: The bytes, decompressed.
        where: The name of the file, for messages.
        labelled: Whether each case must have its articles.
        case_format: How the cases are written; without a reader, each line is the text of a fact.
        prefix: A case without an id is named by this and the number of its line.

    Raises:
        CaseError: The stream as a whole cannot be read.

    Example:
        >>> import io
        >>> text = io.BytesIO("盗窃他人钱包。\n".encode())
        >>> next(read_stream(text, "stdin", labelled=False, case_format=DEFAULT_FORMAT)).case_id
        '1'
    """
    reader = READERS[case_format.reader or "text"]
    for number, raw in reader.read(CaseStream(stream, where, case_format, labelled)):
        if isinstance(raw, CaseError):
            yield raw
            continue
        case_id = f"{prefix}{number}" if raw.case_id in (None, "") else str(raw.case_id)
        try:
            yield _case(
                raw, case_id, where=f"{where}:{number}", labelled=labelled, case_format=case_format
            )
        except CaseError as error:
            yield error


def no_case_error(path: Path) -> CaseError:
    """Return the error of a file without a case.

    Example:
        >>> print(no_case_error(Path("train.json")))
        train.json: the file must hold a case, got none. Add cases to it.
    """
    return CaseError(
        path, expected="the file must hold a case", got="none", todo="Add cases to it."
    )


def _read_files(files: Sequence[Path], labelled: bool, *, case_format: CaseFormat) -> Cases:
    for file in files:
        prefix = f"{file.name}:" if len(files) > 1 else ""
        with open_binary(file) as stream:
            reader = case_format.reader or choose_reader(file, stream)
            resolved = replace(case_format, reader=reader)
            yield from read_stream(
                stream, str(file), labelled=labelled, case_format=resolved, prefix=prefix
            )


def _case(
    raw: RawCase, case_id: str, *, where: str, labelled: bool, case_format: CaseFormat
) -> Case:
    """Return the case of checked fields.

    Raises:
        CaseError: A field is missing or wrong.
    """
    fact = _checked_fact(raw.fact, where, field_name=case_format.fact_field)
    _check_encoding(case_id, where)
    if not labelled:
        return Case(where, case_id, fact)
    named = raw.charges if isinstance(raw.charges, list) else ()
    charges = tuple(str(charge) for charge in named if not is_empty(charge))
    _check_encoding("".join(charges), where)
    weight = _weight(raw.weight, where)
    if case_format.charges_only:
        _check_charges(charges, where)
        return Case(
            where, case_id, fact, charges=charges, unknown_articles=EVERY_ARTICLE, weight=weight
        )
    own_field = case_format.articles_field
    field_name = f'"{own_field}"' if own_field else '"meta.relevant_articles" (or "articles")'
    cited = _article_names(raw.articles, where, field_name=field_name)
    _check_encoding("".join(cited), where)
    return Case(
        where=where,
        case_id=case_id,
        fact=fact,
        articles=tuple(dict.fromkeys(cited)),
        charges=charges,
        unknown_articles=_unknown_articles(raw.unknown_articles, cited, where=where),
        weight=weight,
        cited=cited,
    )


def _checked_fact(fact: object, where: str, *, field_name: str) -> str:
    if not isinstance(fact, str):
        raise CaseError(
            where,
            expected=f'"{field_name}" must be a text',
            got=quoted(fact),
            todo="Fix the line, name another field with --fact-field, or pass --skip-bad.",
        )
    if not fact.strip():
        raise CaseError(
            where,
            expected="the fact must not be empty",
            got=quoted(fact),
            todo="Write the fact.",
            kind=ErrorKind.EMPTY_FACT,
        )
    _check_encoding(fact, where)
    if not _CHINESE.search(fact):
        raise CaseError(
            where,
            expected="the fact must hold Chinese text",
            got=quoted(fact),
            todo="Write the fact in Chinese.",
        )
    return fact


def _check_encoding(text: str, where: str) -> None:
    if SURROGATE.search(text):
        raise CaseError(
            where,
            expected="the text must be in the encoding of its file, UTF-8 or GB18030",
            got="other bytes",
            todo="Fix the line, name the encoding with --encoding, or pass --skip-bad.",
            kind=ErrorKind.ENCODING,
        )


def _check_charges(charges: tuple[str, ...], where: str) -> None:
    if not charges:
        expected = '"meta.accusation" (or "charges") must be a list of charges'
        raise _label_error(where, expected, got="none")


def _article_names(values: object, where: str, *, field_name: str) -> tuple[str, ...]:
    try:
        return article_names(values)
    except TypeError as error:
        expected = f"{field_name} must be a list of articles"
        raise _label_error(where, expected, got=quoted(values)) from error
    except ValueError as error:
        expected = 'an article must be a number or a text such as "133之一"'
        raise _label_error(where, expected, got=str(error)) from error


def _unknown_articles(values: object, articles: tuple[str, ...], *, where: str) -> tuple[str, ...]:
    if values is None:
        return ()
    unknown = tuple(dict.fromkeys(_article_names(values, where, field_name='"unknown_articles"')))
    if both := [name for name in unknown if name in articles]:
        raise CaseError(
            where,
            expected="an article of the case cannot be unknown as well",
            got=quoted(both),
            todo="Remove it from one of the two lists.",
        )
    return unknown


def _weight(value: Any, where: str) -> float:
    if value is None or value == "":
        return 1.0
    try:
        weight = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        weight = math.nan
    if not 0 <= weight <= _MAX_WEIGHT:  # NaN is not within
        raise CaseError(
            where,
            expected=f'"weight" must be a number from 0 to {_MAX_WEIGHT:,}',
            got=quoted(value),
            todo=FIX_LINE,
        )
    return weight


def _label_error(where: str, expected: str, *, got: str) -> CaseError:
    return CaseError(where, expected=expected, got=got, todo=FIX_LINE, kind=ErrorKind.BAD_LABEL)
