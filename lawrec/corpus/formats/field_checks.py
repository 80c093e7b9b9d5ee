"""Field checks: what the fact, the id and the labels of a line must be."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from lawrec.corpus.formats.case_format import FIX_LINE
from lawrec.errors import CaseError, ErrorKind, quoted
from lawrec.storage.encodings import SURROGATE
from lawrec.storage.limits import MAX_FACT, MAX_ID, MAX_LABEL, MAX_LABELS

_CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
"""One Chinese character, of the CJK ideographs or their extension A."""
_MOST_EXACT = 2**53
"""Above it, a floating-point number stands for several whole numbers."""
_ROUNDED = re.compile(r"[0-9](?:\.[0-9]{1,20})?[Ee]\+[0-9]{2,3}")
"""How a spreadsheet writes a long number into a CSV file, "3.30106E+17", and pandas, "3.3e+17"."""


def check_fact(fact: object, where: str, *, field_name: str) -> None:
    """Check the text of a fact.

    Args:
        fact: What the line has.
        where: The line, for the error.
        field_name: The name of the field, for the error.

    Raises:
        CaseError: It is not text, is empty or too long, or has no Chinese character.

    Example:
        >>> check_fact("盗窃", "train.json:1", field_name="fact")
    """
    got, kind = "", ErrorKind.OTHER
    if isinstance(fact, str):
        check_encoding(fact, where)
    if not isinstance(fact, str):
        expected = f'"{field_name}" must be a text'
        todo = "Fix the line, or name another field with --fact-field."
    elif not fact.strip():
        expected, todo, kind = "the fact must not be empty", "Write the fact.", ErrorKind.EMPTY_FACT
    elif len(fact) > MAX_FACT:
        expected, todo = f"the fact must have at most {MAX_FACT:,} characters", "Shorten it."
        got = f"{len(fact):,}"
    elif not _CHINESE.search(fact):
        expected, todo = "the fact must hold Chinese text", "Write the fact in Chinese."
    else:
        return
    raise CaseError(where, expected=expected, got=got or quoted(fact), todo=todo, kind=kind)


def check_encoding(text: str, where: str) -> None:
    r"""Check that a text has no byte that is not in its encoding, and no half of a character.

    A byte that could not be decoded is a surrogate from U+DC80 on; any other surrogate was written
    as an escape of JSON, such as the first half of an emoji.

    Raises:
        CaseError: It has one.

    Example:
        >>> check_encoding("盗窃", "train.json:1")
    """
    surrogate = SURROGATE.search(text)
    if surrogate and "\udc80" <= surrogate[0] <= "\udcff":
        raise CaseError(
            where,
            expected="the text must be in the encoding of its file, UTF-8 or GB18030",
            got="other bytes",
            todo="Fix the line, or name the encoding with --encoding.",
            kind=ErrorKind.ENCODING,
        )
    if surrogate:
        got, todo = f"half of one, {surrogate[0]!a}", FIX_LINE
        raise CaseError(where, expected="the text must hold whole characters", got=got, todo=todo)


def id_of(value: Any, where: str) -> str:
    """Return the id of a line as a text, "" if it has none: NaN is a gap in a table.

    Args:
        value: What the line has.
        where: The line, for the error.

    Raises:
        CaseError: It is a number that has lost its last digits.

    Example:
        >>> [id_of(value, "train.json:1") for value in (7, 7.0, None, float("nan"))]
        ['7', '7', '', '']
    """
    if value is None or value != value:
        return ""
    is_float = isinstance(value, float)
    if _ROUNDED.fullmatch(str(value)) or (is_float and abs(value) > _MOST_EXACT):
        raise CaseError(
            where,
            expected="an id must be a text or a number with all its digits",
            got=value,
            todo="Save the ids as texts: spreadsheets keep 15 digits of a number.",
        )
    # A whole number, which a table with a gap among its whole numbers has as 7.0.
    is_whole = isinstance(value, float | Decimal) and value == int(value)
    return str(int(value)) if is_whole else str(value)


def usable_id(case_id: str) -> str:
    """Return an id that `check_id` does not refuse, else "".

    Example:
        >>> usable_id("7"), usable_id("7" * 1_000)
        ('7', '')
    """
    return "" if len(case_id) > MAX_ID or SURROGATE.search(case_id) else case_id


def check_id(case_id: str, where: str) -> None:
    """Check the id of a case.

    Raises:
        CaseError: It is too long, or not in the encoding of its file.

    Example:
        >>> check_id("7", "train.json:1")
    """
    check_encoding(case_id, where)
    if len(case_id) > MAX_ID:
        raise CaseError(
            where,
            expected=f"an id must have at most {MAX_ID:,} characters",
            got=f"{len(case_id):,}",
            todo=FIX_LINE,
        )


def check_label_sizes(values: Sequence[object], where: str, *, name: str) -> None:
    """Check how many labels there are, and how long they are.

    Args:
        values: What the line has.
        where: The line, for the error.
        name: "articles" or "charges".

    Raises:
        CaseError: There are too many, or one is too long.

    Example:
        >>> check_label_sizes([264, "133之一"], "train.json:1", name="articles")
    """
    longest = max((len(value) for value in values if isinstance(value, str)), default=0)
    if len(values) > MAX_LABELS:
        expected, got = f"a case must have at most {MAX_LABELS:,} {name}", len(values)
    elif longest > MAX_LABEL:
        expected, got = f"each of the {name} must have at most {MAX_LABEL:,} characters", longest
    else:
        return
    raise CaseError(
        where, expected=expected, got=f"{got:,}", todo=FIX_LINE, kind=ErrorKind.BAD_LABEL
    )
