"""Normalization of text: facts, words and charges are compared in one form."""

import unicodedata


def normalize(text: str) -> str:
    """Return a text in Unicode form NFKC, without white space.

    NFKC replaces full-width letters, digits and punctuation by their usual forms. White space in
    Chinese text carries no meaning: it comes from page layout.

    Example:
        >>> normalize("２０１６年 ，ＡＴＭ")
        '2016年,ATM'
    """
    return "".join(unicodedata.normalize("NFKC", text).split())
