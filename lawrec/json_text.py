"""JSON texts: written so that people can read them, and read within limits, whoever wrote them."""

import json
import re
from typing import Any

from lawrec.limits import MAX_DIGITS, MAX_JSON_DEPTH
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
        ValueError: It is no JSON, has too many brackets inside each other, or too long a number.

    Example:
        >>> parse_json("[" * 100_000)
        Traceback (most recent call last):
        ValueError: more than 100 brackets inside each other
    """
    if _is_too_deep(text):
        raise ValueError(f"more than {MAX_JSON_DEPTH} brackets inside each other")
    return json.loads(text, parse_int=_whole_number, **options)


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


def _whole_number(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number of {len(digits):,} digits")
    return int(digits)
