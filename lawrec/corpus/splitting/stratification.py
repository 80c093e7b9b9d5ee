"""Stratification: how many groups of cases go to each split, so that articles spread by the ratios.

Groups are assigned one by one, but known by their kinds, of which there are far fewer: neither time
nor memory depends on which cases they have.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lawrec.storage.disk_array import BLOCK

_TOLERANCE = 0.02
"""A split may exceed its share of the cases by this fraction of it, to hold a rare article."""


@dataclass(frozen=True)
class GroupKind:
    """Groups that are alike: how many cases each has, and how many of these have each article.

    Groups of one kind are interchangeable, and there are far fewer kinds than groups.
    """

    cases: int
    articles: frozenset[tuple[str, int]]


def assign_groups(
    kinds: Mapping[GroupKind, int], ratios: Sequence[float], *, rng: np.random.Generator
) -> dict[GroupKind, list[int]]:
    """Return the number of groups of each kind per split, so that articles spread by the ratios.

    Iterative stratification (Sechidis, Tsoumakas & Vlahavas 2011, On the Stratification of
    Multi-Label Data) over groups in place of cases: the article with the fewest unassigned groups
    comes first, and each of its groups goes to the split that needs most cases of it. Two things
    are beyond the paper. A split without any case of the article comes first, so that an article of
    three groups reaches three splits, unless a split is full: the ratios hold even where most
    articles are rare. An article with fewer unassigned groups than there are splits, which cannot
    reach all of them, comes after the others, and goes to train.

    Args:
        kinds: The number of groups of each kind.
        ratios: The share of each split.
        rng: Random numbers for the order of groups of equal size; larger groups come first.

    Example:
        >>> theft = GroupKind(1, frozenset({("264", 1)}))
        >>> assign_groups({theft: 10}, (0.8, 0.1, 0.1), rng=np.random.default_rng(0))[theft]
        [8, 1, 1]
    """
    stratifier = _Stratifier(kinds, ratios)
    by_article = _kinds_by_article(kinds)
    unassigned = dict(kinds)
    while by_article:
        sizes = {
            name: sum(unassigned[kind] for kind in members) for name, members in by_article.items()
        }
        article = min(sizes, key=lambda name: (sizes[name] < len(ratios), sizes[name], name))
        for kind in _in_random_order(by_article[article], unassigned, rng=rng):
            stratifier.assign(kind, article)
        unassigned |= dict.fromkeys(by_article[article], 0)
        by_article = {
            name: left
            for name, members in by_article.items()
            if (left := [k for k in members if unassigned[k]])
        }
    for kind in _in_random_order([kind for kind in kinds if unassigned[kind]], unassigned, rng=rng):
        stratifier.assign(kind, None)
    _fill_empty_splits(stratifier.assigned)
    return stratifier.assigned


class _Stratifier:
    """The groups of each kind assigned so far, and what each split still needs."""

    def __init__(self, kinds: Mapping[GroupKind, int], ratios: Sequence[float]) -> None:
        self.assigned = {kind: [0] * len(ratios) for kind in kinds}
        self._held: list[set[str]] = [set() for _ in ratios]
        total: Counter[str] = Counter()
        groups: Counter[str] = Counter()
        for kind, n_groups in kinds.items():
            for name, n_cases in kind.articles:
                total[name] += n_cases * n_groups
                groups[name] += n_groups
        self._rare = {name for name in groups if groups[name] < len(ratios)}
        cases = sum(kind.cases * n_groups for kind, n_groups in kinds.items())
        # Cases that each split still needs, of each article and in all; negative: it has too many.
        self._needed = [{name: ratio * total[name] for name in total} for ratio in ratios]
        self._room = [ratio * cases for ratio in ratios]
        self._excess = [0.5 + _TOLERANCE * room for room in self._room]

    def assign(self, kind: GroupKind, article: str | None) -> None:
        """Assign a group to the split that needs it most for an article, or None: for its size."""
        split = max(
            range(len(self._room)), key=lambda split: self._need(split, kind, article=article)
        )
        self.assigned[kind][split] += 1
        self._room[split] -= kind.cases
        for name, count in kind.articles:
            self._held[split].add(name)
            self._needed[split][name] -= count

    def _need(self, split: int, kind: GroupKind, *, article: str | None) -> tuple[float, ...]:
        """Return how much a split needs a group: the larger tuple, the more."""
        is_full = kind.cases > self._room[split] + self._excess[split]
        if article is None or is_full:
            return (not is_full, 0, 0, 0, 0, self._room[split])
        held = self._held[split]
        absent = [name for name, _ in kind.articles if name not in held]
        # An article too rare for all three splits goes to train.
        train_lacks_rare = split == 0 and not self._rare.isdisjoint(absent)
        return (
            True,
            article not in held,
            train_lacks_rare,
            len(absent),
            self._needed[split][article],
            self._room[split],
        )


def _in_random_order(
    kinds: Iterable[GroupKind], counts: Mapping[GroupKind, int], *, rng: np.random.Generator
) -> Iterator[GroupKind]:
    """Yield each kind as often as there are groups of it: large groups first, equal ones mixed.

    They are taken at random from all groups of a size, a bounded number at a time.
    """
    by_size: dict[int, list[GroupKind]] = {}
    for kind in kinds:
        by_size.setdefault(kind.cases, []).append(kind)
    for size in sorted(by_size, reverse=True):
        left = np.array([counts[kind] for kind in by_size[size]])
        while n_left := int(left.sum()):
            chosen = rng.multivariate_hypergeometric(left, min(n_left, BLOCK), method="marginals")
            left -= chosen
            for number in rng.permutation(np.repeat(np.arange(len(chosen)), chosen)).tolist():
                yield by_size[size][number]


def _fill_empty_splits(assigned: Mapping[GroupKind, list[int]]) -> None:
    """Move a group, the smallest of the split with most, to each empty split."""
    totals = np.sum(list(assigned.values()), axis=0) if assigned else np.empty(0)
    for empty in np.flatnonzero(totals == 0).tolist():
        split = int(totals.argmax())
        if totals[split] > 1:
            kinds = (kind for kind, counts in assigned.items() if counts[split])
            counts = assigned[min(kinds, key=lambda kind: kind.cases)]
            for number, change in ((split, -1), (empty, 1)):
                counts[number] += change
                totals[number] += change


def _kinds_by_article(kinds: Iterable[GroupKind]) -> dict[str, list[GroupKind]]:
    by_article: dict[str, list[GroupKind]] = {}
    for kind in kinds:
        for name, _ in sorted(kind.articles):
            by_article.setdefault(name, []).append(kind)
    return by_article
