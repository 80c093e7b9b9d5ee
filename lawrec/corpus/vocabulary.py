"""Vocabularies: tokens <-> token ids, articles <-> label ids, and the one way to encode a fact."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lawrec.corpus.tokenization.tokenizers import Tokenizer
from lawrec.errors import ConfigError, RecordsError
from lawrec.storage.files import write_lines
from lawrec.types import BoolArray, TokenIds

PAD, UNK = "<pad>", "<unk>"
PAD_ID, UNK_ID = 0, 1
LENGTH_STEP = 16
"""Batches are padded to a multiple of this many tokens."""
_LONGEST_PIECE = 8
"""In characters; few words are longer, and looking for them takes time in proportion."""


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
    counts: Mapping[str, int], *, min_count: int, max_size: int, always: Sequence[str] = ()
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
        >>> from collections import Counter
        >>> build_vocabulary(Counter("abbccc"), min_count=2, max_size=10, always=["x"]).names
        ('<pad>', '<unk>', 'x', 'c', 'b')
    """
    first = dict.fromkeys((PAD, UNK, *always))
    if always and len(first) > max_size:
        needed = f"the {len(first)} tokens that are always in"
        raise ConfigError(
            "corpus.max_vocabulary",
            expected=f"the vocabulary must have room for {needed}",
            got=max_size,
            todo="Raise it, or shorten the list of corpus.user_tokens.",
        )
    frequent = [token for token, n in counts.items() if n >= min_count and token not in first]
    frequent.sort(key=lambda token: (-counts[token], token))
    room = max(0, max_size - len(first))
    return Vocabulary((*first, *frequent[:room]))


def head_and_tail(token_ids: TokenIds, limit: int) -> TokenIds:
    """Return the first and the last tokens of a case, as many as the limit in all.

    What a court states first and last says more of a long fact than its beginning alone.

    Args:
        token_ids: The token ids of the case.
        limit: How many to return at most, at least 1.

    Example:
        >>> head_and_tail([2, 3, 4, 5, 6, 7], 3)
        [2, 3, 7]
        >>> head_and_tail([2, 3], 3)
        [2, 3]
    """
    if len(token_ids) <= limit:
        return token_ids
    n_last = limit // 2
    return [*token_ids[: limit - n_last], *token_ids[len(token_ids) - n_last :]]


def known_pieces(token: str, vocabulary: Vocabulary) -> list[str]:
    """Return a token as it is if it has an id, else the words in it that have one.

    Compounds are endless, and a rare one is made of common words. From left to right, the longest
    word is taken, of 2 to `_LONGEST_PIECE` characters: single characters say little, and most
    names have no word in them. What remains between two words is an unknown piece.

    Returns:
        At least one piece; joined, they are the token.

    Example:
        >>> vocabulary = Vocabulary((PAD, UNK, "持刀", "抢劫"))
        >>> known_pieces("持刀抢劫", vocabulary), known_pieces("又抢劫了", vocabulary)
        (['持刀', '抢劫'], ['又', '抢劫', '了'])
    """
    if token in vocabulary.ids or token.startswith("<"):  # no tokenizer yields "<" but entities
        return [token]
    pieces, start, position = [], 0, 0
    while position < len(token) - 1:
        word = _longest_word(token, position, ids=vocabulary.ids)
        if word:
            pieces += [token[start:position], word]
            start = position + len(word)
        position += len(word) or 1
    return [piece for piece in (*pieces, token[start:]) if piece] or [token]


def _longest_word(token: str, start: int, *, ids: Mapping[str, int]) -> str:
    """Return the longest word that begins at a position of a token, "" if there is none."""
    lengths = range(min(_LONGEST_PIECE, len(token) - start), 1, -1)
    words = (token[start : start + length] for length in lengths)
    return next((word for word in words if ids.get(word, PAD_ID) > UNK_ID), "")


def encode(tokens: Sequence[str], vocabulary: Vocabulary) -> list[int]:
    """Return the ids of the tokens of a fact and of their known pieces, at least one id.

    Args:
        tokens: The tokens of the fact, possibly none.
        vocabulary: The tokens with an id of their own; pieces without one get `UNK_ID`.

    Example:
        >>> encode(["盗", "窃", "盗窃罪"], Vocabulary((PAD, UNK, "盗", "盗窃")))
        [2, 1, 3, 1]
        >>> encode([], Vocabulary((PAD, UNK, "盗")))
        [1]
    """
    pieces = (piece for token in tokens for piece in known_pieces(token, vocabulary))
    return [vocabulary.ids.get(piece, UNK_ID) for piece in pieces] or [UNK_ID]


class EncodedFact(NamedTuple):
    """The token ids of a fact, and whether they are those of its beginning only."""

    token_ids: TokenIds
    truncated: bool

    @property
    def nothing_known(self) -> bool:
        """Whether no token has an id of its own."""
        return all(token_id == UNK_ID for token_id in self.token_ids)


def encode_tokens(tokens: Sequence[str], vocabulary: Vocabulary, *, max_tokens: int) -> EncodedFact:
    """Return 1 to `max_tokens` token ids, and whether the fact has more tokens than that.

    Args:
        tokens: The tokens of the fact, possibly none.
        vocabulary: As for `encode`.
        max_tokens: How many ids to return at most, at least 1.

    Example:
        >>> encode_tokens(["盗", "窃", "盗"], Vocabulary((PAD, UNK, "盗")), max_tokens=2)
        EncodedFact(token_ids=[2, 1], truncated=True)
    """
    token_ids = encode(tokens, vocabulary)
    return EncodedFact(token_ids[:max_tokens], truncated=len(token_ids) > max_tokens)


@dataclass(frozen=True)
class Encoder:
    """All that turns a fact into token ids, the same in preparation and in prediction."""

    tokenizer: Tokenizer
    tokens: Vocabulary
    max_tokens: int

    def __call__(self, fact: str) -> list[int]:
        """Return 1 to `max_tokens` token ids."""
        return list(self.encode(fact).token_ids)

    def encode(self, fact: str) -> EncodedFact:
        """Return 1 to `max_tokens` token ids, and whether the fact has more tokens than that."""
        tokens = self.tokenizer.tokenize(fact)
        return encode_tokens(tokens, self.tokens, max_tokens=self.max_tokens)


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


def name_matrix(names: Iterable[Sequence[str]], vocabulary: Vocabulary) -> BoolArray:
    """Return bool (n_cases, n_names): True where a case has a name of the vocabulary.

    Example:
        >>> name_matrix([["264", "1"], []], Vocabulary(("133", "264")))
        array([[False,  True],
               [False, False]])
    """
    ids = ([vocabulary.ids[name] for name in each if name in vocabulary.ids] for each in names)
    return label_matrix(ids, len(vocabulary))
