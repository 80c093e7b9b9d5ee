"""Normalization of text: facts, words and charges are compared in one form."""

import re
import unicodedata
from itertools import groupby

# Combining marks are no letters. Real text has runs of dots or crosses, but rarely such long ones.
_MARKS = re.compile(r"[^\w\s]{32,}+")


def normalize(text: str) -> str:
    """Return a text in Unicode form NFKC, without white space.

    NFKC replaces full-width letters, digits and punctuation by their usual forms. White space in
    Chinese text carries no meaning: it comes from page layout.

    Example:
        >>> normalize("２０１６年 ，ＡＴＭ")
        '2016年,ATM'
    """
    return "".join(nfkc(text).split())


def nfkc(text: str) -> str:
    """Return a text in Unicode form NFKC, in linear time.

    `unicodedata.normalize` takes quadratic time to order a long run of combining marks, so that
    such a run is ordered first.

    Example:
        >>> nfkc("ＡＴＭ e\u0301")
        'ATM é'
    """
    return unicodedata.normalize("NFKC", _MARKS.sub(_with_ordered_marks, text))


def _with_ordered_marks(match: re.Match[str]) -> str:
    """Return a text in form NFKD: marks are ordered by their class, all else stays in place."""
    parts = "".join(unicodedata.normalize("NFKD", character) for character in match[0])
    runs = groupby(parts, key=lambda part: unicodedata.combining(part) > 0)
    return "".join("".join(sorted(run, key=unicodedata.combining)) for _, run in runs)
