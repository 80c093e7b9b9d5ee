"""Character n-grams of a case: they see the parts of words that no vocabulary knows.

The characters come from the texts of the tokens. An n-gram has a column by its hash: nothing but
the number of columns has to be kept, and two n-grams that share one rarely matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lawrec.corpus.vocabulary import PAD_ID, UNK_ID
from lawrec.types import Int64Array, NumberArray, TokenIds

COLUMNS = 2**16
"""The number of columns; those of `PAD_ID` and `UNK_ID` stay empty."""
_BREAK = "\0"
"""The text of an unknown token: no n-gram goes across it."""
_FACTOR, _SHIFT = np.uint64(0x9E3779B97F4A7C15), np.uint64(32)
"""Of the hash: 2**64 divided by the golden ratio, which spreads numbers evenly (Knuth, 1973)."""


@dataclass(frozen=True)
class CharacterNgrams:
    """A function from the token ids of a case to the columns of its n-grams.

    Attributes:
        texts: The text of each token.
        longest: The characters of the longest n-grams; the shortest have two.

    Example:
        >>> ngrams = CharacterNgrams(("<pad>", "<unk>", "盗窃", "罪"), longest=3)
        >>> len(ngrams([2, 3])), len(ngrams([2, 1, 3]))
        (3, 1)
    """

    texts: Sequence[str]
    longest: int

    def __call__(self, case: TokenIds) -> Int64Array:
        """Return the column of each n-gram, int64 (n_ngrams,)."""
        unknown = (PAD_ID, UNK_ID)
        text = "".join(_BREAK if token in unknown else self.texts[token] for token in case)
        return text_ngrams(text, self.longest)


def text_ngrams(text: str, longest: int) -> Int64Array:
    """Return the column of each n-gram of a text, the shortest n-grams first.

    Args:
        text: The text.
        longest: The characters of the longest n-grams.

    Returns:
        int64 (n_ngrams,), 2 to `COLUMNS` - 1.

    Example:
        >>> one, two, both = text_ngrams("盗窃罪", 3).tolist()
        >>> text_ngrams("窃罪", 3).tolist() == [two]
        True
    """
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64)
    breaks = np.r_[0, np.cumsum(codes == ord(_BREAK))]
    columns, hashes = [np.zeros(0, np.int64)], _mixed(codes)
    for n in range(2, longest + 1):
        hashes = _mixed(hashes[:-1] ^ codes[n - 1 :])
        whole = breaks[n:] == breaks[: max(0, len(breaks) - n)]
        columns.append(_column(hashes[whole]))
    return np.concatenate(columns)


def _mixed(values: NumberArray) -> NumberArray:
    product = values * _FACTOR
    return product ^ (product >> _SHIFT)


def _column(hashes: NumberArray) -> Int64Array:
    reserved = 1 + max(PAD_ID, UNK_ID)
    return (reserved + hashes % np.uint64(COLUMNS - reserved)).astype(np.int64)
