"""Vocabularies: tokens <-> token ids, articles <-> label ids, and the one way to encode a fact."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lawrec.corpus.tokenizers import Tokenizer
from lawrec.errors import ConfigError, RecordsError
from lawrec.files import write_lines
from lawrec.types import BoolArray

PAD, UNK = "<pad>", "<unk>"
PAD_ID, UNK_ID = 0, 1


@dataclass(frozen=True)
class Vocabulary:
    """Unique names in a fixed order; the id of a name is its position, from 0."""

    names: tuple[str, ...]

    @cached_property
    def ids(self) -> dict[str, int]:
        """The id of each name."""
        return {name: position for position, name in enumerate(self.names)}

    def __len__(self) -> int:
        return len(self.names)

    def save(self, path: Path) -> None:
        """Write one name per line."""
        write_lines(path, self.names)


def load_vocabulary(path: Path) -> Vocabulary:
    """Read what `Vocabulary.save` wrote.

    Raises:
        RecordsError: The file cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Vocabulary(("133", "264")).save(Path(folder, "articles.txt"))
        ...     load_vocabulary(Path(folder, "articles.txt"))
        Vocabulary(names=('133', '264'))
    """
    try:
        # Not `splitlines`: it would also split at the line separators that a token may contain.
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RecordsError(
            path,
            expected="the list must be readable",
            got=error,
            todo="Write it again with `lawrec prepare`.",
        ) from error
    return Vocabulary(tuple(lines[:-1]))


def build_vocabulary(
    counts: Counter[str], *, min_count: int, max_size: int, always: Sequence[str] = ()
) -> Vocabulary:
    """Return `<pad>`, `<unk>`, the user's tokens and then the most frequent tokens.

    Tokens of equal counts are in the order of their text.

    Args:
        counts: How often each token occurs in the train split.
        min_count: Rarer tokens are left out.
        max_size: The largest number of entries, `<pad>` and `<unk>` included.
        always: The user's tokens: they are included in this order, however rare they are.

    Raises:
        ConfigError: There is no room for all of `always`.

    Example:
        >>> build_vocabulary(Counter("abbccc"), min_count=2, max_size=10, always=["x"]).names
        ('<pad>', '<unk>', 'x', 'c', 'b')
    """
    first = tuple(dict.fromkeys((PAD, UNK, *always)))
    if always and len(first) > max_size:
        needed = f"the {len(first)} tokens that are always in"
        raise ConfigError(
            "corpus.max_vocabulary",
            expected=f"the vocabulary must have room for {needed}",
            got=max_size,
            todo="Raise it, or shorten the list of corpus.user_tokens.",
        )
    included = set(first)
    frequent = [
        (token, count)
        for token, count in counts.items()
        if count >= min_count and token not in included
    ]
    frequent.sort(key=lambda item: (-item[1], item[0]))
    room = max(0, max_size - len(first))
    return Vocabulary((*first, *(token for token, _ in frequent[:room])))


def encode(tokens: Sequence[str], vocabulary: Vocabulary, *, max_tokens: int) -> list[int]:
    """Return the ids of the first tokens of a fact, at least one id.

    Args:
        tokens: The tokens of the fact, possibly none.
        vocabulary: The tokens with an id of their own; the others get `UNK_ID`.
        max_tokens: The largest number of ids.

    Example:
        >>> encode(["盗", "窃"], Vocabulary((PAD, UNK, "盗")), max_tokens=384)
        [2, 1]
        >>> encode([], Vocabulary((PAD, UNK, "盗")), max_tokens=384)
        [1]
    """
    ids = vocabulary.ids
    return [ids.get(token, UNK_ID) for token in tokens[:max_tokens]] or [UNK_ID]


class EncodedFact(NamedTuple):
    """The token ids of a fact, and whether they are those of its beginning only."""

    token_ids: list[int]
    truncated: bool

    @property
    def nothing_known(self) -> bool:
        """Whether no token has an id of its own."""
        return all(token_id == UNK_ID for token_id in self.token_ids)


@dataclass(frozen=True)
class Encoder:
    """All that turns a fact into token ids, the same in preparation and in prediction."""

    tokenizer: Tokenizer
    tokens: Vocabulary
    max_tokens: int

    def __call__(self, fact: str) -> list[int]:
        """Return 1 to `max_tokens` token ids."""
        return self.encode(fact).token_ids

    def encode(self, fact: str) -> EncodedFact:
        """Return 1 to `max_tokens` token ids, and whether the fact has more tokens than that."""
        tokens = self.tokenizer.tokenize(fact)
        token_ids = encode(tokens, self.tokens, max_tokens=self.max_tokens)
        return EncodedFact(token_ids, truncated=len(tokens) > self.max_tokens)


def label_matrix(label_ids: Iterable[Sequence[int]], n_labels: int) -> BoolArray:
    """Return bool (n_cases, n_labels): True where the label is among the ids of the case.

    Example:
        >>> label_matrix([[0, 2], []], 3)
        array([[ True, False,  True],
               [False, False, False]])
    """
    cases = list(label_ids)
    matrix = np.zeros((len(cases), n_labels), np.bool_)
    for row, ids in zip(matrix, cases, strict=True):
        row[list(ids)] = True
    return matrix
