"""Texts as they are compared, shown on a terminal, and written to files and to spreadsheets.

Any text may come from a stranger: articles, titles and ids of cases, names of files and of runs,
and the messages of errors that quote them.
"""

import json
import re
import unicodedata
from itertools import groupby
from typing import Any

_FORMULA = tuple("=+-@＝＋－＠")
"""How a formula of a spreadsheet begins; East Asian versions take full-width characters as well."""
_LINES = ("\t", "\r", "\n")
"""The control characters that a text in a file may have; a formula may follow them."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""The others, and halves of surrogate pairs."""
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
"""Characters without a form of their own, but white space: control and format characters, and
selectors of a variant of the character before."""
# Combining marks are not letters. Real text has runs of dots or crosses, but rarely such long ones.
_MARKS = re.compile(r"[^\w\s]{32,}+")


def normalize(text: str) -> str:
    r"""Return a text in Unicode form NFKC, without white space and invisible characters.

    NFKC replaces full-width letters, digits and punctuation by their usual forms. White space in
    Chinese text carries no meaning: it comes from page layout, and invisible characters from where
    a text was copied.

    Example:
        >>> normalize("２０１６年 ，Ａ\u200bＴＭ")
        '2016年,ATM'
    """
    return "".join(nfkc(visible(text)).split())


def visible(text: str) -> str:
    r"""Return a text without invisible characters, such as spaces of no width; white space stays.

    Example:
        >>> visible("264\u200b \x00条")
        '264 条'
    """
    return _INVISIBLE.sub("", text)


def nfkc(text: str) -> str:
    """Return a text in Unicode form NFKC, in linear time.

    `unicodedata.normalize` takes quadratic time to order a long run of combining marks, so that
    such a run is ordered first.

    Example:
        >>> nfkc("ＡＴＭ e\u0301")
        'ATM é'
    """
    return unicodedata.normalize("NFKC", _MARKS.sub(_with_ordered_marks, text))


def printable(text: str) -> str:
    r"""Return a text for a terminal, in which characters that would steer it are escaped.

    All control and format characters but line feeds are escaped, as JSON does it: what is printed
    as JSON keeps its meaning.

    Example:
        >>> print(printable("盗窃\x1b[2J\u202e"))
        盗窃\u001b[2J\u202e
    """
    if text.isprintable():
        return text
    return "".join(character if _is_shown(character) else _escape(character) for character in text)


def plain(text: str) -> str:
    r"""Return a text on one line, with characters that would steer a terminal escaped.

    Example:
        >>> print(plain("张某\x1b[2J\n 盗窃"))
        张某\u001b[2J 盗窃
    """
    return printable(" ".join(text.split()))


def encodable(text: str) -> str:
    r"""Return a text in which what UTF-8 cannot hold, half of a surrogate pair, is escaped.

    Python has such characters for the bytes of a file name that is not in UTF-8.

    Example:
        >>> print(encodable("案\udcff.txt"))
        案\udcff.txt
    """
    return text.encode(errors="backslashreplace").decode()


def table_cell(value: Any) -> Any:
    """Return a value for a CSV file, as a text that no spreadsheet takes for a formula.

    An apostrophe before it, as OWASP recommends, makes it text. Numbers stay as they are. Control
    characters, which could steer a terminal that shows the file, are escaped.

    Example:
        >>> [table_cell(value) for value in ("264", "=1+1", -0.5, None)]
        ['264', "'=1+1", -0.5, None]
    """
    if not isinstance(value, str):
        return value
    text = _CONTROL.sub(lambda match: _escape(match[0]), value)
    is_formula = text.lstrip().startswith(_FORMULA) or text.startswith(_LINES)
    return f"'{text}" if is_formula else text


def _is_shown(character: str) -> bool:
    """Return whether a terminal shows a character, or begins a line or leaves a space for it."""
    return character.isprintable() or character == "\n" or unicodedata.category(character) == "Zs"


def _escape(character: str) -> str:
    return json.dumps(character)[1:-1]


def _with_ordered_marks(match: re.Match[str]) -> str:
    """Return a text in form NFKD: marks are ordered by their class, all else stays in place."""
    parts = "".join(unicodedata.normalize("NFKD", character) for character in match[0])
    runs = groupby(parts, key=lambda part: unicodedata.combining(part) > 0)
    return "".join("".join(sorted(run, key=unicodedata.combining)) for _, run in runs)
