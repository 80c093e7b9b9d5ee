"""Error analysis: which recommendations are right and which are wrong.

By threshold (`threshold_sweep`, `pooled_curves`), by frequency of the article (`frequency_bands`),
by pair of articles (`confused_pairs`), by case (`worst_cases`) and by length of the list
(`list_lengths`).

`y_true`, `y_pred` and `known` are bool, `y_score` is float32 in 0 to 1, all (n_cases, n_articles).
Where `known` is False nobody knows whether the article applies: such an entry counts nowhere.
"""

import math
from dataclasses import dataclass

import numpy as np

from lawrec.evaluation.confusion_counts import Counts, chunk_rows
from lawrec.types import BoolArray, Float32Array, Float64Array, Int64Array

SWEEP_STEPS = 100
"""Number of equal steps from 0 to 1 in a threshold sweep."""
BAND_EDGES = (0, 1, 10, 50, 200)
"""The fewest train cases of an article in each frequency band."""
_CURVE_POINTS = 200
"""About the largest number of points to keep of a curve."""
_MIN_PROBABILITY = 1e-6
"""Probabilities are clipped to this distance from 0 and 1, so that log losses are finite."""


@dataclass(frozen=True)
class ThresholdSweep:
    """What one common threshold for all articles gives, for many thresholds.

    Attributes:
        thresholds: float64 (n_thresholds,), rising.
        counts: Confusion counts, each int64 (n_thresholds, n_articles).
        mean_length: Mean number of recommended articles per case, float64 (n_thresholds,).
    """

    thresholds: Float64Array
    counts: Counts
    mean_length: Float64Array


def threshold_sweep(
    y_true: BoolArray, y_score: Float32Array, known: BoolArray, *, steps: int = SWEEP_STEPS
) -> ThresholdSweep:
    """Return the counts for one common threshold, for each from 0 to 1 in equal steps.

    Args:
        y_true: bool (n_cases, n_articles).
        y_score: float32 (n_cases, n_articles).
        known: bool (n_cases, n_articles), False for entries to leave out.
        steps: Number of steps; there is one threshold more.

    Example:
        >>> y_true, known = np.array([[True], [False]]), np.array([[True], [True]])
        >>> sweep = threshold_sweep(y_true, np.array([[0.75], [0.25]], np.float32), known, steps=2)
        >>> sweep.thresholds.tolist(), sweep.counts.tp[:, 0].tolist(), sweep.mean_length.tolist()
        ([0.0, 0.5, 1.0], [1, 1, 0], [1.0, 0.5, 0.0])
    """
    thresholds = np.arange(steps + 1) / steps
    n_articles = y_true.shape[1]
    # Each entry falls into the bin of the highest threshold that its score reaches. Bins of all
    # articles are numbered through, so that one bincount serves all: with 3 thresholds, bin 1 of
    # article 2 is 2 * 3 + 1 = 7.
    n_bins = n_articles * (steps + 1)
    in_bins, true_in_bins = np.zeros(n_bins, np.int64), np.zeros(n_bins, np.int64)
    for rows in chunk_rows(len(y_true)):
        kept = known[rows]
        bins = np.searchsorted(thresholds.astype(np.float32), y_score[rows][kept], side="right") - 1
        bins += np.nonzero(kept)[1] * (steps + 1)
        in_bins += np.bincount(bins, minlength=n_bins)
        true_in_bins += np.bincount(bins[y_true[rows][kept]], minlength=n_bins)

    def at_or_above(per_bin: Int64Array) -> Int64Array:
        """Return the number of entries that reach each threshold, (n_thresholds, n_articles)."""
        falling = per_bin.reshape(n_articles, -1)[:, ::-1]
        return falling.cumsum(axis=1)[:, ::-1].T

    predicted, tp = at_or_above(in_bins), at_or_above(true_in_bins)
    fn = tp[0] - tp  # every score reaches threshold 0
    counts = Counts(tp, predicted - tp, fn, predicted[0] - predicted - fn)
    return ThresholdSweep(thresholds, counts, predicted.sum(axis=1) / max(1, len(y_true)))


def frequency_bands(train_support: Int64Array) -> dict[str, BoolArray]:
    """Return which articles are in each band, by their number of train cases.

    Args:
        train_support: Number of train cases of each article, int64 (n_articles,).

    Returns:
        For each band that is not empty a bool (n_articles,), under a name such as "10-49".

    Example:
        >>> bands = frequency_bands(np.array([0, 12, 49, 300]))
        >>> {name: np.flatnonzero(members).tolist() for name, members in bands.items()}
        {'0': [0], '10-49': [1, 2], '200+': [3]}
    """
    bands = {}
    for low, high in zip(BAND_EDGES, (*BAND_EDGES[1:], math.inf), strict=True):
        last = "+" if high == math.inf else f"-{high - 1}" if high - 1 > low else ""
        name = f"{low}{last}"
        members = (train_support >= low) & (train_support < high)
        if members.any():
            bands[name] = members
    return bands


@dataclass(frozen=True)
class PooledCurves:
    """The precision-recall and the ROC curve of entries pooled over articles.

    The curves are float64 (n_points,), thinned to a few hundred points; the areas are those of the
    whole curves.
    """

    recall: Float64Array
    precision: Float64Array
    false_positive_rate: Float64Array
    true_positive_rate: Float64Array
    average_precision: float
    roc_auc: float


def pooled_curves(
    y_true: BoolArray, y_score: Float32Array, known: BoolArray
) -> PooledCurves | None:
    """Return the curves of all entries together; None if all entries, or none, are true.

    The precision at recall 0 is 1 by convention. Between the scores of two true entries, only false
    ones are added, so that both curves are straight: a score needs no more than the point above it
    and the point with all that have it.

    Args:
        y_true: bool (n_cases, n_articles).
        y_score: float32 (n_cases, n_articles).
        known: bool (n_cases, n_articles), False for entries to leave out.

    Example:
        >>> y_true, known = np.array([[True, False, True]]), np.array([[True, True, True]])
        >>> curves = pooled_curves(y_true, np.array([[0.9, 0.1, 0.8]], np.float32), known)
        >>> curves.roc_auc, curves.average_precision
        (1.0, 1.0)
    """
    from sklearn.metrics import auc

    true, false = np.sort(y_score[y_true & known]), np.sort(y_score[~y_true & known])
    if not len(true) or not len(false):
        return None
    scores = np.unique(true)[::-1]
    tp, fp = _numbers_above(true, scores), _numbers_above(false, scores)
    with np.errstate(invalid="ignore"):  # 0 / 0 where nothing is recommended
        precision = np.where(tp + fp > 0, tp / (tp + fp), 1)
    recall, false_positive_rate = tp / len(true), fp / len(false)
    return PooledCurves(
        *_thin(recall, precision),
        *_thin(false_positive_rate, recall),
        average_precision=float((np.diff(recall) * precision[1:]).sum()),
        roc_auc=float(auc(false_positive_rate, recall)),
    )


def _numbers_above(values: Float32Array, scores: Float32Array) -> Float64Array:
    """Return how many sorted values are above each falling score, and at least it: from 0 to all.

    Values 1, 2, 3 and 3 have 0 above 3, 2 of at least 3, 2 above 2, 3 of at least 2, and 4 in all.
    """
    below = np.column_stack([np.searchsorted(values, scores, side) for side in ("right", "left")])
    return np.concatenate(([0.0], len(values) - below.ravel(), [len(values)]))


def _thin(x: Float64Array, y: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Return points of a curve at equal distances along it, with the first and the last one."""
    distance = np.append(0, np.cumsum(np.hypot(np.diff(x), np.diff(y))))
    kept = np.unique(np.searchsorted(distance, np.linspace(0, distance[-1], _CURVE_POINTS)))
    kept = np.union1d(kept, [0, len(x) - 1])
    return x[kept], y[kept]


@dataclass(frozen=True)
class ConfusedPair:
    """An article that cases miss while another one is wrongly recommended.

    Attributes:
        missed: Column of the missed article.
        predicted: Column of the wrongly recommended article.
        cases: Rows of the cases, int64.
    """

    missed: int
    predicted: int
    cases: Int64Array


def confused_pairs(
    y_true: BoolArray, y_pred: BoolArray, known: BoolArray, *, limit: int
) -> list[ConfusedPair]:
    """Return the pairs of a missed and a wrongly recommended article, most frequent first.

    A case that misses two articles and has one wrong recommendation counts for both pairs.

    Args:
        y_true: bool (n_cases, n_articles).
        y_pred: bool (n_cases, n_articles).
        known: bool (n_cases, n_articles), False for entries to leave out.
        limit: The largest number of pairs to return.

    Example:
        >>> y_true, y_pred = np.array([[True, False]]), np.array([[False, True]])
        >>> confused_pairs(y_true, y_pred, np.array([[True, True]]), limit=5)
        [ConfusedPair(missed=0, predicted=1, cases=array([0]))]
    """
    missed, wrong = y_true & ~y_pred & known, y_pred & ~y_true & known
    both = np.flatnonzero(missed.any(axis=1) & wrong.any(axis=1))
    # table[a, b] is the number of cases that miss article a and have article b wrongly.
    table = missed[both].T.astype(np.float32) @ wrong[both].astype(np.float32)
    order = np.argsort(-table, axis=None, kind="stable")[:limit]
    pairs = []
    for index in order[table.ravel()[order] > 0]:
        a, b = map(int, np.unravel_index(index, table.shape))
        pairs.append(ConfusedPair(a, b, both[missed[both, a] & wrong[both, b]]))
    return pairs


def worst_cases(
    y_true: BoolArray, y_score: Float32Array, y_pred: BoolArray, known: BoolArray, *, limit: int
) -> Int64Array:
    """Return the rows of the cases with a wrong list, by falling log loss of their scores.

    The loss of a case is the sum of -log(score) over its true articles and of -log(1 - score) over
    the others.

    Args:
        y_true: bool (n_cases, n_articles).
        y_score: float32 (n_cases, n_articles).
        y_pred: bool (n_cases, n_articles).
        known: bool (n_cases, n_articles), False for entries to leave out.
        limit: The largest number of cases to return.

    Example:
        >>> y_true = np.array([[True], [True], [True]])
        >>> y_score = np.array([[0.4], [0.1], [0.9]], np.float32)
        >>> worst_cases(y_true, y_score, y_score >= 0.5, np.ones_like(y_true), limit=5)
        array([1, 0])
    """
    loss = np.zeros(len(y_true))
    for rows in chunk_rows(len(y_true)):
        score = np.clip(y_score[rows], _MIN_PROBABILITY, 1 - _MIN_PROBABILITY).astype(np.float64)
        losses = -np.log(np.where(y_true[rows], score, 1 - score))
        loss[rows] = (losses * known[rows]).sum(axis=1)
    wrong = ((y_true != y_pred) & known).any(axis=1)
    order: Int64Array = np.argsort(np.where(wrong, -loss, np.inf), kind="stable")
    return order[: min(limit, int(wrong.sum()))]


def list_lengths(
    y_true: BoolArray, y_pred: BoolArray, known: BoolArray
) -> tuple[Int64Array, Int64Array]:
    """Return how many true and how many predicted lists have 0, 1, 2 ... articles.

    Args:
        y_true: bool (n_cases, n_articles).
        y_pred: bool (n_cases, n_articles).
        known: bool (n_cases, n_articles), False for entries to leave out.

    Returns:
        Two int64 (longest list + 1,): index n counts the cases whose list has n articles.

    Example:
        >>> y_true = np.array([[True, False], [True, True]])
        >>> list_lengths(y_true, np.zeros_like(y_true), np.ones_like(y_true))
        (array([0, 1, 1]), array([2, 0, 0]))
    """
    true, pred = (np.bincount((part & known).sum(axis=1)) for part in (y_true, y_pred))
    size = max(len(true), len(pred))
    return np.pad(true, (0, size - len(true))), np.pad(pred, (0, size - len(pred)))
