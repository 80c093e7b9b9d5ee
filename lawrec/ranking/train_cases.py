"""Train cases in memory: what the linear SVMs and the second stage are fitted to.

The number of cases is bounded, so that memory is, too.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Self, TypeVar

import numpy as np

from lawrec.corpus.records.record import Record
from lawrec.corpus.vocabulary import label_matrix
from lawrec.types import BoolArray, Float32Array, NumberArray, TokenIds

Item = TypeVar("Item")
MAX_CASES = 50_000
"""The largest number of cases that are kept."""
MAX_MARGINS = 100_000_000
"""The largest number of margins of a model, one per case and label: of more, fewer cases are kept.

With 5,000 articles, these are 20,000 cases, and 400 MB for each model of the first stage.
"""


@dataclass(frozen=True)
class TrainCases:
    """Labelled cases.

    Attributes:
        token_ids: The token ids of each case.
        y_true: bool (n_cases, n_labels).
        known: bool (n_cases, n_labels), False where it is not known whether the label applies.
        weights: How often each case counts, float32 (n_cases,).
    """

    token_ids: Sequence[TokenIds]
    y_true: BoolArray
    known: BoolArray
    weights: Float32Array

    def __len__(self) -> int:
        return len(self.token_ids)

    def rows(self, rows: NumberArray) -> Self:
        """Return some of the cases; `rows` are their positions, int64 (n,)."""
        return replace(
            self,
            token_ids=[self.token_ids[row] for row in rows],
            y_true=self.y_true[rows],
            known=self.known[rows],
            weights=self.weights[rows],
        )

    def followed_by(self, other: "TrainCases") -> "TrainCases":
        """Return these cases and others after them."""
        return TrainCases(
            [*self.token_ids, *other.token_ids],
            np.concatenate([self.y_true, other.y_true]),
            np.concatenate([self.known, other.known]),
            np.concatenate([self.weights, other.weights]),
        )


@dataclass(frozen=True)
class RankerCases:
    """What the ranker is fitted to.

    Attributes:
        train: The train cases, or some of them.
        statute: One case per article whose text is known: that text, and the article as its label.
        extra: More cases, of other sources.
        titles: The token ids of the title of each article; none if titles are not known.
        tokens: The text of each token.
    """

    train: TrainCases
    statute: TrainCases
    extra: TrainCases
    titles: Sequence[TokenIds]
    tokens: Sequence[str]


def collect(records: Iterable[Record], n_labels: int, *, seed: int) -> TrainCases:
    """Return records as train cases; those of weight 0 teach nothing and are left out.

    Args:
        records: Read once; if there are more than `MAX_CASES`, or than `MAX_MARGINS` allow, a
            random sample of that size is kept.
        n_labels: The number of label ids.
        seed: The seed of that sample.

    Example:
        >>> cases = collect([Record("a", [2], label_ids=[0], unknown_ids=[1])], 2, seed=1)
        >>> cases.y_true.tolist(), cases.known.tolist()
        ([[True, False]], [[True, False]])
    """
    limit = max(1, min(MAX_CASES, MAX_MARGINS // max(n_labels, 1)))
    kept = [record for record in sampled(records, limit, seed=seed) if record.weight > 0]
    return TrainCases(
        token_ids=[np.asarray(record.token_ids, np.int32) for record in kept],
        y_true=label_matrix((record.label_ids for record in kept), n_labels),
        known=~label_matrix((record.unknown_ids for record in kept), n_labels),
        weights=np.array([record.weight for record in kept], np.float32),
    )


def sampled(items: Iterable[Item], limit: int, *, seed: int) -> list[Item]:
    """Return at most `limit` items, each with the same chance.

    Reservoir sampling (Vitter, 1985): the n-th item replaces one of the kept ones with probability
    limit / n.

    Args:
        items: Read once; no more than `limit` of them are in memory.
        limit: How many to return at most.
        seed: The seed of the random numbers.

    Example:
        >>> sampled("abc", 3, seed=1), len(sampled(range(1000), 3, seed=1))
        (['a', 'b', 'c'], 3)
    """
    rest = iter(items)
    kept = list(islice(rest, limit))
    random_numbers = random.Random(seed)
    for n_seen, item in enumerate(rest, len(kept) + 1):
        if (index := random_numbers.randrange(n_seen)) < limit:
            kept[index] = item
    return kept
