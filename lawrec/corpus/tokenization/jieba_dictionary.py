"""jieba's dictionary, of which each text loads the words that may occur in it.

jieba itself reads all 349,046 words before the first fact, which takes most of a second. A word can
only occur in a text that has its first two characters in this order. So we index the lines of the
dictionary by these, and add those that a text needs before it is tokenized: the tokens are the same
as with all words.

There is no cache on the disk, which anybody could have written: it would not be faster.
"""

import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lawrec.errors import ConfigError

# jieba takes quadratic time for text without a comma or full stop, so that such text is split into
# stretches of 1,024 characters at most: "甲,乙。丙" -> "甲,", "乙。", "丙".
_STRETCH = re.compile("[^,。]{1,1024}[,。]?|[,。]")
_ZERO, _SPACE, _LINE_END = map(ord, "0 \n")
_UTF16 = "utf-16-le"
"""Code units of 16 bits: a character, or half of a rare one, which changes nothing here."""

Units = npt.NDArray[np.uint16]
Pairs = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class JiebaDictionary:
    """The lines of a dictionary, such as "盗窃 488 v", by the pair of units that they begin with.

    Attributes:
        lines: All lines in UTF-16.
        pairs: uint32 (n_blocks,), ascending: the pair that all lines of a block begin with.
        bounds: int64 (n_blocks, 2), the first and the last byte of each block, exclusive.
        total: The sum of all frequencies.
    """

    lines: bytes
    pairs: Pairs
    bounds: npt.NDArray[np.int64]
    total: int

    def words(self, pairs: Iterable[int]) -> Iterator[tuple[str, int]]:
        """Yield the words that begin with one of the pairs, with their frequencies."""
        wanted = np.fromiter(pairs, np.uint32)
        first, end = (np.searchsorted(self.pairs, wanted, side) for side in ("left", "right"))
        blocks = (self.bounds[i:j] for i, j in zip(first, end, strict=True) if i < j)
        parts = [self.lines[start:stop] for block in blocks for start, stop in block.tolist()]
        fields = b"".join(parts).decode(_UTF16).split()
        return zip(fields[::3], map(int, fields[1::3]), strict=True)


def read_dictionary(path: Path) -> JiebaDictionary:
    r"""Read a dictionary.

    Raises:
        ConfigError: A line is not a word, its frequency and its part of speech.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "dict.txt")
        ...     _ = path.write_bytes("盗 9 v\n盗窃 488 v\n罪 7 n\n".encode())
        ...     dictionary = read_dictionary(path)
        >>> dictionary.total, list(dictionary.words(pairs_of("盗窃")))
        (504, [('盗', 9), ('盗窃', 488)])
    """
    lines = path.read_bytes().decode().encode(_UTF16)
    units = _units(lines)
    ends = np.flatnonzero(units == _LINE_END)
    spaces = np.flatnonzero(units == _SPACE)
    if len(spaces) != 2 * len(ends) or not len(ends) or ends[-1] != len(units) - 1:
        raise ConfigError(
            path,
            expected="each line must be a word, its frequency and its part of speech",
            got="other lines",
            todo="Install jieba again: pip install --force-reinstall jieba",
        )
    starts = np.concatenate([[0], ends + 1])
    pairs = _pairs(units[starts[:-1]], units[starts[:-1] + 1])
    blocks = np.concatenate([[0], np.flatnonzero(pairs[1:] != pairs[:-1]) + 1, [len(pairs)]])
    bounds = 2 * starts[np.stack([blocks[:-1], blocks[1:]], axis=1)]
    order = np.argsort(pairs[blocks[:-1]], kind="stable")
    total = _sum_between(units, spaces.reshape(-1, 2))
    return JiebaDictionary(lines, pairs[blocks[:-1]][order], bounds[order], total)


def pairs_of(text: str) -> set[int]:
    """Return the pairs that a word in a text may begin with; a single character has a space.

    Example:
        >>> sorted(divmod(pair, 2**16) for pair in pairs_of("ab"))
        [(97, 32), (97, 98), (98, 32)]
    """
    units = _units(text.encode(_UTF16, "surrogatepass"))
    pairs = np.concatenate([_pairs(units[:-1], units[1:]), _pairs(units, np.uint16(_SPACE))])
    return set(pairs.tolist())


def load_jieba(words: Sequence[str]) -> Callable[[str], list[str]]:
    """Return jieba's tokenizer, with words of the user.

    Threads may share it: all words that may occur in a text are there before it is tokenized, and
    to add them twice changes nothing.

    Args:
        words: Each gets the frequency at which jieba keeps it together.

    Example:
        >>> load_jieba(["秘密窃取"])("被告人秘密窃取手机")
        ['被告人', '秘密窃取', '手机']
    """
    dictionary = _own_dictionary()
    tokenizer = _import_jieba().Tokenizer()
    # By itself, jieba would load a copy of its dictionary from the folder for temporary files,
    # which another user or another version of jieba may have written.
    tokenizer.initialized, tokenizer.total = True, dictionary.total
    loaded: set[int] = set()

    def load_words(text: str) -> None:
        pairs = pairs_of(text) - loaded
        _add_words(tokenizer.FREQ, dictionary.words(pairs))
        loaded.update(pairs)

    def tokenize(text: str) -> list[str]:
        load_words(text)
        return [token for stretch in _STRETCH.findall(text) for token in tokenizer.lcut(stretch)]

    load_words("\n".join(words))
    for word in words:
        tokenizer.add_word(word)
    return tokenize


def _add_words(frequencies: dict[str, int], words: Iterable[tuple[str, int]]) -> None:
    """Add words to those that jieba knows; a prefix that is not a word has the frequency 0."""
    for word, frequency in words:
        frequencies[word] = frequency
        for end in range(1, len(word)):
            frequencies.setdefault(word[:end], 0)


@cache
def _own_dictionary() -> JiebaDictionary:
    jieba = _import_jieba()
    return read_dictionary(Path(jieba.__file__).with_name(jieba.DEFAULT_DICT_NAME))


def _units(utf16: bytes) -> Units:
    return np.frombuffer(utf16, "<u2")


def _pairs(first: Units, second: Units | np.uint16) -> Pairs:
    return (first.astype(np.uint32) << np.uint32(16)) | second


def _sum_between(units: Units, bounds: npt.NDArray[np.int64]) -> int:
    """Return the sum of numbers, digit by digit from the last one.

    Args:
        units: The code units of a text.
        bounds: int64 (n_numbers, 2), the positions of the spaces before and after each number.
    """
    before, positions = bounds[:, 0], bounds[:, 1] - 1
    total, value = 0, 1
    while len(positions):
        total += value * (int(units[positions].sum()) - _ZERO * len(positions))
        has_more = positions - 1 > before
        before, positions, value = before[has_more], positions[has_more] - 1, 10 * value
    return total


def _import_jieba() -> Any:
    with _without_pkg_resources(), warnings.catch_warnings():
        # Python 3.12 shows them to the user where it has to compile jieba.
        warnings.filterwarnings("ignore", "invalid escape sequence")
        import jieba
    return jieba


@contextmanager
def _without_pkg_resources() -> Iterator[None]:
    """Keep jieba from pkg_resources, which it uses where that is installed: it loads slowly."""
    if "pkg_resources" in sys.modules:
        yield
        return
    sys.modules["pkg_resources"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["pkg_resources"]
