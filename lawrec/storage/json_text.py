"""JSON texts: written so that people can read them, and read within limits, whoever wrote them."""

import json
import math
import re
from collections import Counter
from typing import Any

from lawrec.errors import quoted
from lawrec.storage.limits import MAX_DIGITS, MAX_JSON_DEPTH
from lawrec.text import encodable

_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]')


def json_text(value: Any, indent: int | None = 1) -> str:
    r"""Return a value as JSON, with Chinese characters as they are.

    Characters that UTF-8 cannot hold, such as those of a file name in other bytes, are escaped.

    Args:
        value: The value.
        indent: Spaces before the values in a list or an object; None: all is one line.

    Example:
        >>> json_text({"fact": "盗窃"}, None)
        '{"fact": "盗窃"}'
        >>> json_text(["盗窃", "\udcff"], None)
        '["盗窃", "\\udcff"]'
    """
    return encodable(json.dumps(value, ensure_ascii=False, indent=indent))


def json_line(value: Any) -> bytes:
    """Return a value as JSON in UTF-8, on one line, without a line end; see `json_text`.

    Example:
        >>> json_line({"fact": "盗窃"}).decode()
        '{"fact": "盗窃"}'
    """
    return json_text(value, None).encode()


def parse_json(text: str, **options: Any) -> Any:
    """Return the value of a JSON text.

    Args:
        text: The text.
        **options: Those of `json.loads`.

    Raises:
        ValueError: It is not JSON, has too many brackets inside each other, too long or too large a
            number, or a key twice: which of the two values is meant, nobody can know.

    Example:
        >>> parse_json("[" * 100_000)
        Traceback (most recent call last):
        ValueError: more than 100 brackets inside each other
    """
    if _is_too_deep(text):
        raise ValueError(f"more than {MAX_JSON_DEPTH} brackets inside each other")
    hooks = {
        "object_pairs_hook": _with_unique_keys,
        "parse_int": _whole_number,
        "parse_float": _finite_number,
    }
    return json.loads(text, **hooks | options)


def _is_too_deep(text: str) -> bool:
    """Return whether a text has too many brackets inside each other, without a recursion."""
    if text.count("{") + text.count("[") <= MAX_JSON_DEPTH:
        return False
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match[0], 0)
        if depth > MAX_JSON_DEPTH:
            return True
    return False


def _with_unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        raise ValueError(f"the key {json_text(counts.most_common(1)[0][0])} twice in one object")
    return values


def _whole_number(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number of {len(digits):,} digits")
    return int(digits)


def _finite_number(text: str) -> float:
    """Return a number: Python reads 1e400 as infinity, and would write that as no JSON."""
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"a number that is too large: {quoted(text)}")
    return number
