"""Articles: their one way of writing, the catalogue of titles, and lists of labels."""

import re
import unicodedata
from pathlib import Path

from lawrec.errors import CaseError, quoted
from lawrec.text_files import SURROGATE, decode_lines, open_binary

_DIGITS = dict(zip("零〇一二三四五六七八九", (0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
_UNITS = {"十": 10, "百": 100, "千": 1000}
_NUMBER = "[0-9]+|[零〇一二三四五六七八九十百千]+"
_BRANCH = "[1-9][0-9]?|[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九]"
_UNNUMBERED = 10**9
_ARTICLE = re.compile(
    r"(?:《?(?:中华人民共和国)?刑法》?)?"
    rf"(?P<opening>第)?(?P<number>{_NUMBER})(?:-(?P<hyphened>[1-9]))?(?P<closing>条)?"
    rf"(?:之(?P<branch>{_BRANCH}))?"
)
_WHOLE = re.compile(r"^([0-9]+)\.0+$")
_BRANCHES = {120: 6, 133: 2, 162: 2, 262: 2, 280: 2, 287: 2, 291: 2} | dict.fromkeys(
    (
        *(17, 37, 134, 135, 139, 142, 169, 175, 177, 185, 205, 210, 219, 224, 234, 236, 244, 253),
        *(260, 276, 284, 286, 293, 299, 307, 308, 334, 336, 342, 344, 355, 388, 390, 399, 408),
    ),
    1,
)
"""How many branches each of the Criminal Law's articles has: 133之一 and 133之二 are two."""


def article_name(value: object) -> str:
    """Return the one way of writing an article, "264" or "133之一"; other labels stay, on one line.

    The Criminal Law's articles may come as 264, 264.0, "264", "第二百六十四条", "刑法第264条".
    "133-1" is 133之一, because the law has that branch and a range would ascend; "264-1" is
    another label.

    Raises:
        ValueError: The value is neither a positive whole number nor a text with something in it.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        if value <= 0 or value % 1:
            raise ValueError(f"not an article: {value!r}")
        return str(int(value))
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"not an article: {value!r}")
    text = _WHOLE.sub(r"\1", "".join(unicodedata.normalize("NFKC", value).split()))
    found = _ARTICLE.fullmatch(text)
    if not found or not _is_article(found):
        return " ".join(value.split())
    branch = found["branch"] or found["hyphened"]
    return str(_number(found["number"])) + (f"之{_chinese(_number(branch))}" if branch else "")


def _is_article(found: re.Match[str]) -> bool:
    number, hyphened = found["number"], found["hyphened"]
    if hyphened:
        known = _BRANCHES.get(int(number), 0) if number.isdecimal() else 0
        return not found["branch"] and int(hyphened) <= known
    return number.isdecimal() or bool(found["opening"] and found["closing"])


def read_article_list(path: Path) -> list[str]:
    """Read a list of labels, one article a line, such as CAIL's law.txt.

    Raises:
        CaseError: The file cannot be read, is empty, or names an article twice.
    """
    with open_binary(path) as stream:
        lines = "".join(decode_lines(stream)).splitlines()
    names = [article_name(line) for line in lines if line.strip()]
    if any(SURROGATE.search(name) for name in names):
        raise CaseError(
            path,
            expected="the list of articles must be UTF-8 or GB18030",
            got="other bytes",
            todo="Convert it to UTF-8.",
        )
    if not names:
        raise CaseError(
            path,
            expected="the list must name an article",
            got="none",
            todo="Write one article a line.",
        )
    _refuse_repeats(path, names)
    return names


def statute_order(article: str) -> tuple[int, int, str]:
    """Return a sort key: the Criminal Law's articles by number and branch, then other labels."""
    found = re.fullmatch(rf"([0-9]+)(?:之({_NUMBER}))?", article)
    if not found:
        return (_UNNUMBERED, 0, article)
    return (int(found[1]), _number(found[2]) if found[2] else 0, article)


def is_numbered(article: str) -> bool:
    """Tell whether a name is that of a numbered article, "264" or "133之一"."""
    return statute_order(article)[0] < _UNNUMBERED


def _refuse_repeats(path: Path, names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise CaseError(
                path,
                expected="each article must stand once",
                got=quoted(name),
                todo="Delete the second line.",
            )
        seen.add(name)


def _number(text: str) -> int:
    if text.isdecimal():
        return int(text)
    if not _UNITS.keys() & set(text):
        return int("".join(str(_DIGITS[sign]) for sign in text))
    total, digit = 0, 0
    for sign in text:
        if sign in _UNITS:
            total, digit = total + (digit or 1) * _UNITS[sign], 0
        else:
            digit = _DIGITS[sign]
    return total + digit


def _chinese(number: int) -> str:
    """Write 1 to 99 in Chinese, as the branches of articles are numbered."""
    tens, ones = divmod(number, 10)
    signs = "零一二三四五六七八九"
    if not tens:
        return signs[ones]
    return (signs[tens] if tens > 1 else "") + "十" + (signs[ones] if ones else "")
