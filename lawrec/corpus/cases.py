"""Cases: read them from files or a stream, check each one, and find the splits of a folder."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from lawrec.corpus.readers import DEFAULT_FORMAT, READERS, SUFFIXES, CaseFormat
from lawrec.errors import CaseError, quoted
from lawrec.law.articles import article_name
from lawrec.text_files import DECOMPRESSORS, SURROGATE, detect_encoding, list_files, open_binary

NO_FACT = "the fact must not be empty"
NO_LIST = "must be a list of articles"  # after the name of the field
NO_NAME = 'an article must be a number or a text such as "133之一"'
OTHER_BYTES = "the text must be in the encoding of its file, UTF-8 or GB18030"
"""What an error expected, by which it can be told apart; see also those of `readers`."""
EVERY_ARTICLE = ("*",)
"""The unknown articles of a case of which only the charges are known."""
_CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_MAX_WEIGHT = 1_000_000  # beside which a case of weight 1 is lost in float32
_ARTICLES_FIELDS = '"meta.relevant_articles" (or "articles")'


@dataclass(frozen=True)
class Case:
    """One case: its fact, and the articles and charges that a court gave it, where they are known.

    `where` names the file and line, for messages; `case_id` is the case's own id, else its line.
    `cited` are the articles as the line gives them, repeats included.
    Whether one of `unknown_articles` applies is not known; training counts a case `weight` times.
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
"""A case a line, in order; a line that cannot be used comes as its error, never as nothing."""


def read_cases(
    path: Path, labelled: bool = True, *, case_format: CaseFormat = DEFAULT_FORMAT
) -> Cases:
    """Read the cases of a file, of a folder's files, or of those that fit a pattern, one by one.

    Args:
        path: As `list_files` takes it; suffixes are keys of `SUFFIXES`, unless the form says more,
            and one of `DECOMPRESSORS` may follow.
        labelled: Whether each case must say its articles.
        case_format: How the cases are written.

    Raises:
        CaseError: A file cannot be read, or its suffix is unknown.
    """
    return read_files(list_files(path), labelled, case_format=case_format)


def read_files(files: Sequence[Path], labelled: bool, *, case_format: CaseFormat) -> Cases:
    """Read the cases of files in turn; of several, a case without an id is named "file:line".

    Raises:
        CaseError: A file cannot be read, or its suffix is unknown.
    """
    for file in files:
        prefix = f"{file.name}:" if len(files) > 1 else ""
        with open_binary(file) as stream:
            of_file = replace(case_format, reader=case_format.reader or reader_of(file, stream))
            yield from read_stream(
                stream, str(file), labelled=labelled, case_format=of_file, prefix=prefix
            )


def read_stream(
    stream: BinaryIO, where: str, *, labelled: bool, case_format: CaseFormat, prefix: str = ""
) -> Cases:
    """Read the cases of an open binary stream with the reader that the form names.

    A case without an id is named by its line, after `prefix`.
    """
    for number, fields in READERS[case_format.reader or "text"](
        stream, where, case_format, labelled
    ):
        if isinstance(fields, CaseError):
            yield fields
        else:
            yield _case(
                f"{where}:{number}",
                f"{prefix}{number}",
                fields=fields,
                labelled=labelled,
                case_format=case_format,
            )


def reader_of(file: Path, stream: BinaryIO) -> str:
    """Choose the reader by the suffix before the packing, else by that of a .zip file's member.

    Raises:
        CaseError: The suffix is unknown.
    """
    name = file.stem if file.suffix in DECOMPRESSORS else file.name
    for suffix in (Path(name).suffix, Path(str(getattr(stream, "name", ""))).suffix):
        if suffix in SUFFIXES:
            return SUFFIXES[suffix]
    raise CaseError(
        file,
        expected=f"the suffix must be one of {', '.join(SUFFIXES)} "
        f"(and then {', '.join(DECOMPRESSORS)})",
        got=quoted(file.suffix),
        todo="Rename the file, or say the format with --format.",
    )


def encodings_at(path: Path, case_format: CaseFormat = DEFAULT_FORMAT) -> str:
    """Return in which encodings the files of a path are read, for people: "utf-8", say.

    Raises:
        CaseError: A file cannot be read, or its suffix is unknown.
    """
    return " and ".join(sorted({_encoding(file, case_format) for file in list_files(path)}))


def no_case_error(path: Path) -> CaseError:
    """Return the error of a file without a case."""
    return CaseError(
        path, expected="the file must hold a case", got="none", todo="Add cases to it."
    )


def raise_bad_case(cases: Cases) -> Iterator[Case]:
    """Pass the cases on and raise the first line that cannot be used."""
    for case in cases:
        if isinstance(case, CaseError):
            raise case
        yield case


def _encoding(file: Path, case_format: CaseFormat) -> str:
    with open_binary(file) as stream:
        reader = case_format.reader or reader_of(file, stream)
    return reader if reader == "parquet" else case_format.encoding or detect_encoding(file)


def _case(
    here: str, unnamed: str, *, fields: dict[str, Any], labelled: bool, case_format: CaseFormat
) -> Case | CaseError:
    case_id = str(unnamed if fields.get("id") in (None, "") else fields["id"])
    try:
        _check_fact(fields.get("fact"), here, case_format=case_format)
        _check_encoding(case_id, here)
        labels = _labels(fields, here, case_format) if labelled else {}
    except CaseError as error:
        return error
    return Case(where=here, case_id=case_id, fact=fields["fact"], **labels)


def _labels(fields: dict[str, Any], here: str, case_format: CaseFormat) -> dict[str, Any]:
    """Return what a labelled case has beside its fact."""
    charges = fields.get("charges")
    charges = tuple(filter(None, map(str, charges))) if isinstance(charges, list) else ()
    _check_encoding("".join(charges), here)
    weight = _weight(fields.get("weight"), here)
    if case_format.charges_only:
        _check_charges(charges, here)
        return {"charges": charges, "unknown_articles": EVERY_ARTICLE, "weight": weight}
    cited = _articles(fields.get("articles"), here, case_format=case_format)
    _check_encoding("".join(cited), here)
    return {
        "articles": tuple(dict.fromkeys(cited)),
        "charges": charges,
        "unknown_articles": _unknown(fields.get("unknown_articles"), cited, here=here),
        "weight": weight,
        "cited": cited,
    }


def _check_charges(charges: tuple[str, ...], here: str) -> None:
    if not charges:
        raise CaseError(
            here,
            expected='"meta.accusation" (or "charges") must be a list of charges',
            got="none",
            todo="Fix the line, or pass --skip-bad.",
        )


def _check_fact(fact: object, here: str, *, case_format: CaseFormat) -> None:
    if not isinstance(fact, str):
        raise CaseError(
            here,
            expected=f'"{case_format.fact_field}" must be a text',
            got=quoted(fact),
            todo="Mend the line, or name another field with --fact-field.",
        )
    if not fact.strip():
        raise CaseError(here, expected=NO_FACT, got=quoted(fact), todo="Write the fact.")
    _check_encoding(fact, here)
    if not _CHINESE.search(fact):
        raise CaseError(
            here,
            expected="the fact must hold Chinese text",
            got=quoted(fact),
            todo="Write the fact in Chinese.",
        )


def _check_encoding(text: str, here: str) -> None:
    if SURROGATE.search(text):
        raise CaseError(
            here,
            expected=OTHER_BYTES,
            got="other bytes",
            todo="Mend the line, or name the encoding with --encoding.",
        )


def _articles(values: object, here: str, *, case_format: CaseFormat) -> tuple[str, ...]:
    if not isinstance(values, list):
        field = (
            f'"{case_format.articles_field}"' if case_format.articles_field else _ARTICLES_FIELDS
        )
        raise CaseError(
            here,
            expected=f"{field} {NO_LIST}",
            got=quoted(values),
            todo="Fix the line, or pass --skip-bad.",
        )
    return _names(values, here)


def _unknown(values: object, articles: tuple[str, ...], *, here: str) -> tuple[str, ...]:
    if values is None:
        return ()
    if not isinstance(values, list):
        raise CaseError(
            here,
            expected='"unknown_articles" must be a list of articles',
            got=quoted(values),
            todo="Fix the line, or pass --skip-bad.",
        )
    unknown = tuple(dict.fromkeys(_names(values, here)))
    if both := [name for name in unknown if name in articles]:
        raise CaseError(
            here,
            expected="an article of the case cannot be unknown as well",
            got=quoted(both),
            todo="Take it out of the one list or the other.",
        )
    return unknown


def _weight(value: object, here: str) -> float:
    if value is None or value == "":
        return 1.0
    try:
        weight = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        weight = math.nan
    if not 0 <= weight <= _MAX_WEIGHT:
        raise CaseError(
            here,
            expected=f'"weight" must be a number from 0 to {_MAX_WEIGHT:,}',
            got=quoted(value),
            todo="Fix the line, or pass --skip-bad.",
        )
    return weight


def _names(values: list[Any], here: str) -> tuple[str, ...]:
    try:
        return tuple(article_name(value) for value in values)
    except ValueError as error:
        raise CaseError(
            here,
            expected=NO_NAME,
            got=str(error),
            todo="Fix the line, or pass --skip-bad.",
        ) from error
