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
from lawrec.files import write_text
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
        """Write one name a line."""
        write_text(path, "".join(f"{name}\n" for name in self.names))


def load_vocabulary(path: Path) -> Vocabulary:
    """Read what `Vocabulary.save` wrote.

    Raises:
        RecordsError: The file cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RecordsError(
            path,
            expected="the list must be readable",
            got=str(error),
            todo="Make it again with `lawrec prepare`.",
        ) from error
    return Vocabulary(tuple(lines[:-1]))


def build_tokens(
    counts: Counter[str], min_count: int, max_size: int, always: Sequence[str] = ()
) -> Vocabulary:
    """Return `<pad>`, `<unk>`, the user's tokens and then the most frequent ones.

    Equal counts stand in text order.

    Args:
        counts: How often each token occurs in the train split.
        min_count: Rarer tokens are left out.
        max_size: The largest number of entries, `<pad>` and `<unk>` included.
        always: Tokens that are in, in this order, however rare they are.

    Raises:
        ConfigError: There is no room for all of `always`.
    """
    first = tuple(dict.fromkeys((PAD, UNK, *always)))
    if always and len(first) > max_size:
        raise ConfigError(
            "corpus.max_vocabulary",
            expected=f"the vocabulary must have room for the {len(first)} tokens that are always in",
            got=max_size,
            todo="Raise it, or shorten the list of corpus.user_tokens.",
        )
    taken = set(first)
    frequent = [
        entry for entry in counts.items() if entry[1] >= min_count and entry[0] not in taken
    ]
    frequent.sort(key=lambda entry: (-entry[1], entry[0]))
    room = max(0, max_size - len(first))
    return Vocabulary((*first, *(token for token, _ in frequent[:room])))


def encode(tokens: Sequence[str], vocabulary: Vocabulary, *, max_tokens: int) -> list[int]:
    """Return the ids of the first `max_tokens` tokens, `UNK_ID` for an unknown one or for none."""
    ids = vocabulary.ids
    return [ids.get(token, UNK_ID) for token in tokens[:max_tokens]] or [UNK_ID]


class EncodedFact(NamedTuple):
    """The token ids of a fact, and whether they are those of its beginning only."""

    token_ids: list[int]
    truncated: bool


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
        tokens = self.tokenizer.cut(fact)
        token_ids = encode(tokens, self.tokens, max_tokens=self.max_tokens)
        return EncodedFact(token_ids, truncated=len(tokens) > self.max_tokens)


def label_matrix(label_ids: Iterable[Sequence[int]], n_labels: int) -> BoolArray:
    """Return bool (n_cases, n_labels): True where the label is among the ids of the case."""
    cases = list(label_ids)
    matrix = np.zeros((len(cases), n_labels), np.bool_)
    for row, ids in zip(matrix, cases, strict=True):
        row[list(ids)] = True
    return matrix
