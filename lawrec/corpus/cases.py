"""Cases: read them from files or a stream, and check each one.

A line that cannot be used becomes a `CaseError` in place of its `Case`, so that one pass over the
cases answers every line in order. `predict` shows these errors; training and evaluation pass them
to a `BadLines`, which stops at the first one unless the user chose to skip them.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any, BinaryIO, TypeVar

from lawrec.corpus.formats.field_checks import (
    check_encoding,
    check_fact,
    check_id,
    check_label_sizes,
    id_of,
    usable_id,
)
from lawrec.corpus.readers import (
    DEFAULT_FORMAT,
    FIX_LINE,
    OR_CHARGES,
    SOME_ARTICLES,
    CaseFormat,
    CaseStream,
    RawCase,
    choose_reader,
    read_raw_cases,
)
from lawrec.errors import CaseError, ErrorKind, quoted
from lawrec.iterables import batched
from lawrec.law.articles import is_empty
from lawrec.law.labels import article_names
from lawrec.storage.file_lists import list_files
from lawrec.storage.packed_files import open_binary
from lawrec.text import encodable

EVERY_ARTICLE = ("*",)
"""The unknown articles of a case of which all articles but those that it names are unknown."""
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
        unknown_articles: Articles of which it is not known whether they apply. They are masked in
            the loss, in tuning and in all metrics.
        weight: How often training counts the case; metrics do not, because metrics of cases
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
AnyCase = TypeVar("AnyCase", bound=Case | CaseError)
CASES_PER_TASK = 128
"""Cases that are sent to a process at once ..."""
_CHARACTERS_PER_TASK = 2**20
"""... or fewer, once their facts have this many characters."""


def n_characters(case: Case | CaseError) -> int:
    """Return how long the fact of a case is; 0 for an error.

    Example:
        >>> n_characters(Case("facts.txt:1", "1", fact="盗窃"))
        2
    """
    return len(case.fact) if isinstance(case, Case) else 0


def task_batches(cases: Iterable[AnyCase]) -> Iterator[list[AnyCase]]:
    """Yield cases in the batches that other processes get one by one.

    Example:
        >>> cases = [Case("facts.txt:1", "1", fact="盗窃")] * 200
        >>> [len(batch) for batch in task_batches(cases)]
        [128, 72]
    """
    return batched(cases, CASES_PER_TASK, weigh=n_characters, most_weight=_CHARACTERS_PER_TASK)


def read_cases(
    *paths: Path, labelled: bool = True, case_format: CaseFormat = DEFAULT_FORMAT
) -> Cases:
    """Yield the cases of paths, one by one.

    Args:
        *paths: Files, folders or patterns, as `list_files` takes them. Among several files, a case
            without an id is named as `id_prefixes` says.
        labelled: Whether each case must have its articles.
        case_format: How the cases are written. Without a reader, the suffix of a file must be a key
            of `SUFFIXES`, which one of `DECOMPRESSORS` may follow.

    Raises:
        CaseError: A file cannot be read, or its suffix is unknown.

    Example:
        >>> from lawrec.storage.resources import shipped_path
        >>> next(read_cases(shipped_path("data/sample/train.json"))).articles
        ('133',)
    """
    files = [file for path in paths for file in list_files(path)]
    return _read_files(files, labelled, case_format=case_format)


def id_prefixes(files: Sequence[str]) -> list[str]:
    """Return, for each of the files, what a case without an id is named by before its line.

    Args:
        files: Paths, as messages show them.

    Example:
        >>> id_prefixes(["a.txt"]), id_prefixes(["d/a.txt", "d/b.txt", "e/a.txt"])
        ([''], ['d/a.txt:', 'b.txt:', 'e/a.txt:'])
    """
    if len(files) == 1:
        return [""]
    names = [PurePath(file).name for file in files]
    counts = Counter(names)
    return [
        f"{name if counts[name] == 1 else file}:" for name, file in zip(names, files, strict=True)
    ]


def read_stream(
    stream: BinaryIO,
    where: str,
    *,
    labelled: bool,
    case_format: CaseFormat,
    prefix: str = "",
    first_line: int = 1,
) -> Cases:
    r"""Yield the cases of an open binary stream.

    Args:
        stream: The bytes, decompressed.
        where: The name of the file, for messages.
        labelled: Whether each case must have its articles.
        case_format: How the cases are written; without a reader, each line is the text of a fact.
        prefix: A case without an id is named by this and the number of its line.
        first_line: The number of the first line.

    Raises:
        CaseError: The stream as a whole cannot be read.

    Example:
        >>> import io
        >>> text = io.BytesIO("盗窃他人钱包。\n".encode())
        >>> next(read_stream(text, "stdin", labelled=False, case_format=DEFAULT_FORMAT)).case_id
        '1'
    """
    stream_of_cases = CaseStream(stream, where, case_format, labelled, first_line)
    for number, raw in read_raw_cases(stream_of_cases):
        case = (
            raw
            if isinstance(raw, CaseError)
            else _case_or_error(raw, prefix, number=number, cases=stream_of_cases)
        )
        if isinstance(case, CaseError):
            case.case_id = usable_id(case.case_id) or f"{prefix}{number}"
        yield case


def no_case_error(path: Path) -> CaseError:
    """Return the error of a file without a case.

    Example:
        >>> print(no_case_error(Path("train.json")))
        train.json: the file must hold a case, got none. Add cases to it.
    """
    return CaseError(
        path, expected="the file must hold a case", got="none", todo="Add cases to it."
    )


def no_answer_error(n_lines: int) -> CaseError:
    """Return the error of an input without a case.

    Example:
        >>> no_answer_error(0).got
        'nothing'
    """
    return CaseError(
        "the input",
        expected="there must be a case to answer",
        got=f"{n_lines:,} lines, none of them valid" if n_lines else "nothing",
        todo="Write one fact per line.",
        kind=ErrorKind.NO_CASE,
    )


def _read_files(files: Sequence[Path], labelled: bool, *, case_format: CaseFormat) -> Cases:
    names = [encodable(str(file)) for file in files]
    for file, name, prefix in zip(files, names, id_prefixes(names), strict=True):
        with open_binary(file) as stream:
            reader = case_format.reader or choose_reader(file, stream)
            resolved = replace(case_format, reader=reader)
            yield from read_stream(
                stream, name, labelled=labelled, case_format=resolved, prefix=prefix
            )


def _case_or_error(
    raw: RawCase, prefix: str, *, number: int, cases: CaseStream
) -> Case | CaseError:
    """Return the case of unchecked fields, or its error, which names its own id if it has one."""
    where = f"{cases.where}:{number}"
    own_id = ""
    try:
        own_id = id_of(raw.case_id, where)
        check_id(own_id, where)
        return _case(
            raw,
            own_id or f"{prefix}{number}",
            where=where,
            labelled=cases.labelled,
            case_format=cases.case_format,
        )
    except CaseError as error:
        error.case_id = own_id  # `read_stream` drops one that is too long
        return error


def _case(
    raw: RawCase, case_id: str, *, where: str, labelled: bool, case_format: CaseFormat
) -> Case:
    """Return the case of checked fields.

    Raises:
        CaseError: A field is missing or wrong.
    """
    fact = raw.fact
    if raw.without_fact is not None:
        raise _no_field(raw.without_fact, where, name=case_format.fact_field)
    check_fact(fact, where, field_name=case_format.fact_field)
    if not labelled:
        return Case(where, case_id, fact)
    named = raw.charges if isinstance(raw.charges, list) else ()
    charges = tuple(str(charge) for charge in named if not is_empty(charge))
    check_encoding("".join(charges), where)
    check_label_sizes(charges, where, name="charges")
    weight = _weight(raw.weight, where)
    own_field = raw.articles_field
    field_name = f'"{own_field}"' if own_field else '"meta.relevant_articles" (or "articles")'
    has_charges_alone = case_format.labels == OR_CHARGES and raw.articles is None and charges
    articles = [] if has_charges_alone else raw.articles
    cited = _article_names(articles, where, field_name=field_name)
    check_encoding("".join(cited), where)
    _check_other(raw.other_articles, cited, where=where)
    return Case(
        where=where,
        case_id=case_id,
        fact=fact,
        articles=tuple(dict.fromkeys(cited)),
        charges=charges,
        unknown_articles=EVERY_ARTICLE
        if case_format.labels == SOME_ARTICLES
        else _unknown_articles(raw.unknown_articles, cited, where=where),
        weight=weight,
        cited=cited,
    )


def _article_names(values: object, where: str, *, field_name: str) -> tuple[str, ...]:
    try:
        names = article_names(values)
    except TypeError as error:
        expected = f"{field_name} must be a list of articles"
        raise _label_error(where, expected, got=quoted(values)) from error
    except ValueError as error:
        expected = 'an article must be a number or a text such as "133之一"'
        raise _label_error(where, expected, got=str(error)) from error
    check_label_sizes(names, where, name="articles")
    return names


def _check_other(values: object, articles: tuple[str, ...], *, where: str) -> None:
    """Check that a case with two lists of articles has the same articles in both."""
    others = articles if values is None else _article_names(values, where, field_name='"articles"')
    if set(others) != set(articles):
        raise CaseError(
            where,
            expected='"articles" and "meta.relevant_articles" must hold the same articles',
            got=quoted([list(others), list(articles)]),
            todo="Remove one of the two, or name the right one with --articles-field.",
            kind=ErrorKind.BAD_LABEL,
        )


def _unknown_articles(values: object, articles: tuple[str, ...], *, where: str) -> tuple[str, ...]:
    if values is None:
        return ()
    unknown = tuple(dict.fromkeys(_article_names(values, where, field_name='"unknown_articles"')))
    if EVERY_ARTICLE[0] in unknown:  # evaluation has no such mask
        raise CaseError(
            where,
            expected="unknown articles must be named one by one",
            got=quoted(EVERY_ARTICLE[0]),
            todo="Name them, or pass such train cases with --extra-partial.",
        )
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


def _no_field(fields: Sequence[str], where: str, *, name: str) -> CaseError:
    return CaseError(
        where,
        expected=f'a case must have a field "{name}"',
        got=quoted(",".join(fields)),
        todo="Add the field, or name yours with --fact-field.",
        kind=ErrorKind.NO_COLUMN,
    )


def _label_error(where: str, expected: str, *, got: str) -> CaseError:
    return CaseError(where, expected=expected, got=got, todo=FIX_LINE, kind=ErrorKind.BAD_LABEL)
