"""Parts of a fact: its clauses and its words, each with its tokens and its characters."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice, pairwise
from typing import NamedTuple

import numpy as np

from lawrec.corpus.tokenization.token_spans import Span, token_spans
from lawrec.corpus.vocabulary import UNK_ID, Encoder, encode, known_pieces
from lawrec.types import Int64Array

# The end of a clause, with what closes after it, but not the comma of 1,200 or the colon of 17:30.
_CLAUSE_END = re.compile(r"""(?:[。；！？;!?\n]|(?<!\d)[,，:：]|[,，:：](?!\d))+[”’"』」）)]*""")
_LETTER = re.compile(r"\w")


@dataclass(frozen=True)
class LocatedFact:
    """A fact, and where in it its tokens are.

    Attributes:
        text: The fact as it was given.
        token_ids: What a scorer gets, int64 (n_tokens,).
        spans: The characters of each token.
    """

    text: str
    token_ids: Int64Array
    spans: Sequence[Span]


class Part(NamedTuple):
    """Tokens that belong together.

    Attributes:
        positions: The positions of those that the model knows, ascending.
        spans: Their characters in the fact.
    """

    positions: tuple[int, ...]
    spans: tuple[Span, ...]


def locate(fact: str, encoder: Encoder) -> LocatedFact:
    """Return a fact with those of its tokens that a model reads; it may have none.

    Example:
        >>> from lawrec.config import CorpusConfig
        >>> from lawrec.corpus.tokenization.tokenizers import load_tokenizer
        >>> from lawrec.corpus.vocabulary import Vocabulary
        >>> tokenizer = load_tokenizer(CorpusConfig(tokenizer="char"))
        >>> locate("盗 窃", Encoder(tokenizer, Vocabulary(("<pad>", "<unk>", "窃")), 9))
        LocatedFact(text='盗 窃', token_ids=array([1, 2]), \
spans=[Span(start=0, end=1), Span(start=2, end=3)])
    """
    split = partial(known_pieces, vocabulary=encoder.tokens)
    pieces = token_spans(encoder.tokenizer, fact, split=split)[: encoder.max_tokens]
    ids = encode([piece for piece, _ in pieces], encoder.tokens)
    return LocatedFact(fact, np.array(ids, np.int64), [span for _, span in pieces])


def clauses(fact: LocatedFact) -> list[Part]:
    """Return the clauses of a fact in which the model knows a token.

    Example:
        >>> spans = [Span(start, start + 1) for start in range(5)]
        >>> clauses(LocatedFact("窃，伤。", np.array([2, 1, 1, 1]), spans))
        [Part(positions=(0,), spans=(Span(start=0, end=2),))]
    """
    ends = [match.end() for match in _CLAUSE_END.finditer(fact.text)]
    characters = [0, *ends, len(fact.text)]
    tokens = np.searchsorted([span.start for span in fact.spans], characters).tolist()
    return [
        Part(positions, (_stripped(fact.text, start, end=end),))
        for (start, end), borders in zip(pairwise(characters), pairwise(tokens), strict=True)
        if (positions := _known(fact, range(*borders)))
    ]


def passages(parts: Sequence[Part], n_passages: int) -> list[list[Part]]:
    """Return parts in at most `n_passages` groups of neighbours, none of them empty.

    Example:
        >>> parts = [Part((position,), (Span(position, position + 1),)) for position in range(5)]
        >>> [[part.positions for part in group] for group in passages(parts, 2)]
        [[(0,), (1,), (2,)], [(3,), (4,)]]
    """
    size = max(1, -(-len(parts) // n_passages))
    return [list(parts[start : start + size]) for start in range(0, len(parts), size)]


def joined(parts: Iterable[Part]) -> Part:
    """Return several parts as a single one.

    Example:
        >>> joined([Part((0, 1), (Span(0, 4),)), Part((5,), (Span(9, 11),))]).positions
        (0, 1, 5)
    """
    positions, spans = zip(*parts, strict=True)
    return Part(tuple(chain(*positions)), tuple(chain(*spans)))


def words(fact: LocatedFact, parts: Iterable[Part], *, limit: int) -> list[Part]:
    """Return the different words of some parts, each with all its occurrences in the whole fact.

    Args:
        fact: The fact.
        parts: The parts, those first whose words must not be missing.
        limit: Return at most this many words.

    Example:
        >>> spans = [Span(start, start + 1) for start in range(4)]
        >>> fact = LocatedFact("窃又窃，", np.array([2, 3, 2, 4]), spans)
        >>> words(fact, clauses(fact), limit=1)
        [Part(positions=(0, 2), spans=(Span(start=0, end=1), Span(start=2, end=3)))]
    """
    different = dict.fromkeys(
        int(fact.token_ids[position])
        for part in parts
        for position in part.positions
        if _LETTER.search(fact.text, *fact.spans[position])
    )
    return [
        Part(positions, tuple(fact.spans[position] for position in positions))
        for token_id in islice(different, limit)
        if (positions := tuple(np.flatnonzero(fact.token_ids == token_id).tolist()))
    ]


def _known(fact: LocatedFact, positions: Iterable[int]) -> tuple[int, ...]:
    return tuple(position for position in positions if fact.token_ids[position] != UNK_ID)


def _stripped(text: str, start: int, *, end: int) -> Span:
    """Return a span without the white space at both of its ends."""
    part = text[start:end]
    return Span(end - len(part.lstrip()), start + len(part.rstrip()))
