"""Breakdown: where the right and wrong answers lie: by cut, by frequency, by pair, by case.

y_true, y_pred and known are bool, y_score float32 in 0..1, all (n_cases, n_articles). Where `known`
is False nobody knows whether the article applies: such an entry counts nowhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lawrec.evaluation.metrics import Counts
from lawrec.types import BoolArray, Float32Array, Float64Array, Int64Array

STEPS = 100
"""Of a sweep from 0 to 1."""
BANDS = (0, 1, 10, 50, 200)
"""The fewest train cases of an article in each band of frequency."""
_POINTS = 200  # of a curve, at most about
_SMALLEST = 1e-6  # a score nearer to 0 or 1 costs no more than this one


@dataclass(frozen=True)
class Sweep:
    """What one cut for all articles gives: cuts and list lengths (n_cuts,), counts of each."""

    thresholds: Float64Array
    counts: Counts  # (n_cuts, n_articles)
    lengths: Float64Array


def sweep(y_true: BoolArray, y_score: Float32Array, known: BoolArray, steps: int = STEPS) -> Sweep:
    """Return the counts for one cut for all articles, of each cut from 0 to 1 in equal steps."""
    cuts = np.arange(steps + 1) / steps
    n_articles = y_true.shape[1]
    place = np.searchsorted(cuts.astype(np.float32), y_score[known], side="right") - 1
    place += np.nonzero(known)[1] * (steps + 1)

    def at_or_above(entries: Int64Array) -> Int64Array:
        parts = np.bincount(entries, minlength=n_articles * (steps + 1))
        table: Int64Array = parts.reshape(n_articles, -1)[:, ::-1].cumsum(axis=1)[:, ::-1].T
        return table

    listed, tp = at_or_above(place), at_or_above(place[y_true[known]])
    fn = tp[0] - tp
    counts = Counts(tp, listed - tp, fn, listed[0] - listed - fn)
    return Sweep(cuts, counts, listed.sum(axis=1) / max(1, len(y_true)))


def bands(trained: Int64Array, edges: Sequence[int] = BANDS) -> dict[str, BoolArray]:
    """Return which articles each band of frequency has, by their number of train cases.

    Returns:
        A bool (n_articles,) for each band that is not empty, under a name such as "10-49".
    """
    found = {}
    for low, high in zip(edges, (*edges[1:], None), strict=True):
        last = "" if high is None else f"{high - 1}"
        name = f"{low}+" if high is None else last if low == high - 1 else f"{low}-{last}"
        members = (trained >= low) & (trained < (np.inf if high is None else high))
        if members.any():
            found[name] = members
    return found


@dataclass(frozen=True)
class Curves:
    """A precision-recall and a ROC curve, each thinned to a few points; all (n_points,)."""

    recall: Float64Array
    precision: Float64Array
    false_rate: Float64Array
    true_rate: Float64Array
    average_precision: float
    roc_auc: float


def curves(y_true: BoolArray, y_score: Float32Array, known: BoolArray) -> Curves | None:
    """Return the curves of all entries together, None where all or none of them are true.

    Both come of one sorting; precision at recall 0 is 1. Average precision: see `separation`.
    """
    from sklearn.metrics import auc, roc_curve

    true, score = y_true[known], y_score[known]
    if true.all() or not true.any():
        return None
    false_rate, true_rate, _ = roc_curve(true, score, drop_intermediate=False)
    tp, fp = true_rate * true.sum(), false_rate * (~true).sum()
    precision = np.append(1, tp[1:] / (tp + fp)[1:])
    return Curves(
        *_thinned(true_rate, precision),
        *_thinned(false_rate, true_rate),
        float((np.diff(true_rate) * precision[1:]).sum()),
        float(auc(false_rate, true_rate)),
    )


def _thinned(x: Float64Array, y: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Return the points of a curve that lie apart, the first and the last among them."""
    way = np.append(0, np.cumsum(np.hypot(np.diff(x), np.diff(y))))
    kept = np.unique(np.searchsorted(way, np.linspace(0, way[-1], _POINTS)))
    kept = np.union1d(kept, [0, len(x) - 1])
    return x[kept], y[kept]


@dataclass(frozen=True)
class Pair:
    """Columns of an article that is missing and of one that is given, and in which cases."""

    missed: int
    given: int
    cases: Int64Array


def confused(y_true: BoolArray, y_pred: BoolArray, *, known: BoolArray, most: int) -> list[Pair]:
    """Return the pairs of a missing and a false article that most cases have, the commonest first.

    A case that misses two articles and has one false one counts for both pairs.
    """
    missed, false = y_true & ~y_pred & known, y_pred & ~y_true & known
    both = np.flatnonzero(missed.any(axis=1) & false.any(axis=1))
    table = missed[both].T.astype(np.float32) @ false[both].astype(np.float32)
    order = np.argsort(-table, axis=None, kind="stable")[:most]
    found = []
    for place in order[table.ravel()[order] > 0]:
        one, other = map(int, np.unravel_index(place, table.shape))
        found.append(Pair(one, other, both[missed[both, one] & false[both, other]]))
    return found


def worst(
    y_true: BoolArray, y_score: Float32Array, y_pred: BoolArray, known: BoolArray, most: int
) -> Int64Array:
    """Return the rows of the cases with a wrong list whose scores are the furthest from the truth.

    By the sum of -log of the score of each true article and of 1 - score of each other one.
    """
    score = np.clip(y_score, _SMALLEST, 1 - _SMALLEST).astype(np.float64)
    loss = (-np.log(np.where(y_true, score, 1 - score)) * known).sum(axis=1)
    wrong = ((y_true != y_pred) & known).any(axis=1)
    order: Int64Array = np.argsort(np.where(wrong, -loss, np.inf), kind="stable")
    return order[: min(most, int(wrong.sum()))]


def lengths(
    y_true: BoolArray, y_pred: BoolArray, known: BoolArray
) -> tuple[Int64Array, Int64Array]:
    """Return how many cases have 0, 1, 2 ... true articles, and how many are given as many."""
    of_true, of_pred = (np.bincount((each & known).sum(axis=1)) for each in (y_true, y_pred))
    size = max(len(of_true), len(of_pred))
    return (np.pad(of_true, (0, size - len(of_true))), np.pad(of_pred, (0, size - len(of_pred))))
