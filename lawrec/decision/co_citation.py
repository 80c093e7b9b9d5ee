"""Co-citation: which articles stand together always or never, and the lists that break this."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lawrec.types import BoolArray, Float64Array, Int64Array

FEWEST = 20
"""Cases that an article needs for "always" to mean something."""
ALWAYS = 0.98
"""Share of an article's cases that also cite the other, from which on that is "always"."""
EXPECTED = 10.0
"""Cases that would cite both by chance, from which on none at all is "never"."""


@dataclass(frozen=True)
class CoCitations:
    """What training shows of pairs of articles: for each label those that always, never join it."""

    always: dict[int, tuple[int, ...]]
    never: dict[int, tuple[int, ...]]


@dataclass(frozen=True)
class CoCitationViolation:
    """A list that has an article but not its constant companion, or two that never meet."""

    kind: str  # missing or unheard
    article: str
    other: str


def lift(together: npt.NDArray[Any], cases: int) -> Float64Array:
    """Return how much oftener two articles stand together than if they were independent.

    n_ab n / (n_a n_b), (n_articles, n_articles), 0 where an article has no case.

    Args:
        together: Cases that cite both articles, and on the diagonal, those that cite the one.
        cases: All cases.
    """
    single = np.diagonal(together).astype(np.float64)
    chance = np.outer(single, single)
    return np.where(chance > 0, together * float(cases) / np.maximum(chance, 1), 0.0)


def companions(together: Int64Array, cases: int) -> CoCitations:
    """Return which pairs of articles always and never stand together, from counts as in `lift`."""
    single = np.diagonal(together)
    other = ~np.eye(len(single), dtype=np.bool_)
    joined = together >= ALWAYS * np.maximum(single, 1)[:, None]
    chance = np.outer(single, single) / max(cases, 1)
    return CoCitations(
        always=_named(joined & other & (single >= FEWEST)[:, None]),
        never=_named((lift(together, cases) == 0) & (chance >= EXPECTED)),
    )


def breaks(
    labels: list[int], known: CoCitations, articles: Sequence[str]
) -> list[CoCitationViolation]:
    """Return in what a list of labels departs from what training shows."""
    chosen = set(labels)
    missing = [
        CoCitationViolation("missing", articles[label], articles[other])
        for label in labels
        for other in known.always.get(label, ())
        if other not in chosen
    ]
    unheard = [
        CoCitationViolation("unheard", articles[label], articles[other])
        for place, label in enumerate(labels)
        for other in labels[place + 1 :]
        if other in known.never.get(label, ())
    ]
    return missing + unheard


def _named(pairs: BoolArray) -> dict[int, tuple[int, ...]]:
    return {
        int(row): tuple(np.flatnonzero(pairs[row]).tolist()) for row in np.flatnonzero(pairs.any(1))
    }
