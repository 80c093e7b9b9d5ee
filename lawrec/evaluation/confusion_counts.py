"""Confusion counts of predicted lists of articles: their ratios, and the averages of ratios.

`y_true` and `y_pred` are bool (n_cases, n_articles). `known`, of the same shape, is False where
nobody knows whether the article applies to the case: such an entry counts nowhere. A ratio 0/0 is 0
unless the docstring says otherwise.

Source: Manning, Raghavan and Schütze, "Introduction to Information Retrieval", 2008, chapters 8 and
13.6 (precision, recall, F1; micro and macro averages).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from lawrec.types import BoolArray, Float64Array, NumberArray

CHUNK_ROWS = 4_096
"""Cases for which numbers are computed at once that are larger than what is known of the cases."""


def chunk_rows(n_cases: int, size: int = CHUNK_ROWS) -> Iterator[slice]:
    """Yield slices of `size` rows, so that memory does not grow with the cases.

    Example:
        >>> list(chunk_rows(5_000))
        [slice(0, 4096, None), slice(4096, 8192, None)]
    """
    yield from (slice(start, start + size) for start in range(0, n_cases, size))


@dataclass(frozen=True)
class Counts:
    """Confusion counts: true and false positives, false and true negatives, int64.

    The shape is (n_articles,) for counts per article, (n_cases,) for counts per case. Counts of
    resampled cases are float64 (n_resamples, n_articles).
    """

    tp: NumberArray
    fp: NumberArray
    fn: NumberArray
    tn: NumberArray

    @property
    def predicted(self) -> NumberArray:
        """Number of positive predictions: TP + FP."""
        return self.tp + self.fp

    @property
    def support(self) -> NumberArray:
        """Number of true entries: TP + FN, for an article the number of its true cases."""
        return self.tp + self.fn

    @property
    def total(self) -> NumberArray:
        """Number of known entries: TP + FP + FN + TN."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def pooled(self) -> "Counts":
        """Counts pooled over all articles; the last axis has length 1."""
        parts = (self.tp, self.fp, self.fn, self.tn)
        return Counts(*(part.sum(axis=-1, keepdims=True) for part in parts))


Ratio = Callable[[Counts], Float64Array]
"""A function that returns a value per article (or per case) from their counts."""


def count(
    y_true: BoolArray, y_pred: BoolArray, known: BoolArray | None = None, *, axis: int = 0
) -> Counts:
    """Count right and wrong decisions per article or per case.

    Args:
        y_true: bool (n_cases, n_articles), the articles that apply.
        y_pred: bool (n_cases, n_articles), the articles that are recommended.
        known: bool (n_cases, n_articles), False for entries to leave out. By default, all count.
        axis: 0 for counts per article, 1 for counts per case.

    Example:
        >>> y_true = np.array([[True, False], [True, True]])
        >>> y_pred = np.array([[True, True], [False, True]])
        >>> count(y_true, y_pred)
        Counts(tp=array([1, 1]), fp=array([0, 1]), fn=array([1, 0]), tn=array([0, 0]))
    """
    if known is not None:
        y_true, y_pred = y_true & known, y_pred & known
    tp = (y_true & y_pred).sum(axis=axis)
    fp, fn = y_pred.sum(axis=axis) - tp, y_true.sum(axis=axis) - tp
    total = y_true.shape[axis] if known is None else known.sum(axis=axis)
    return Counts(tp, fp, fn, total - tp - fp - fn)


def divide_or_zero(numerator: NumberArray, denominator: NumberArray) -> Float64Array:
    """Return the quotient of two arrays, float64, and 0 where the denominator is 0.

    Example:
        >>> divide_or_zero(np.array([1, 3]), np.array([2, 0]))
        array([0.5, 0. ])
    """
    quotient = numerator / np.where(denominator == 0, 1, denominator)
    return np.where(denominator == 0, 0.0, quotient)


def nanmean_or_zero(values: Float64Array) -> float:
    """Return the mean of the values that are not nan, and 0 where all are nan or there is none.

    Example:
        >>> nanmean_or_zero(np.array([1.0, np.nan, 0.0]))
        0.5
    """
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else 0.0


def precision(counts: Counts) -> Float64Array:
    """Return TP / (TP + FP), and 0 where nothing is predicted.

    Example:
        >>> precision(Counts(*np.array([[1, 0], [1, 0], [0, 1], [0, 1]])))
        array([0.5, 0. ])
    """
    return divide_or_zero(counts.tp, counts.predicted)


def recall(counts: Counts) -> Float64Array:
    """Return TP / (TP + FN), and 0 where nothing is true.

    Example:
        >>> recall(Counts(*np.array([[1, 0], [0, 1], [3, 0], [0, 3]])))
        array([0.25, 0.  ])
    """
    return divide_or_zero(counts.tp, counts.support)


def f1(counts: Counts, *, zero_division: float = 0.0) -> Float64Array:
    """Return 2 TP / (2 TP + FP + FN), and `zero_division` where all three counts are 0.

    Example:
        >>> counts = Counts(*np.array([[1, 0], [0, 0], [2, 0], [0, 3]]))  # article 2 is absent
        >>> f1(counts), f1(counts, zero_division=1.0)
        (array([0.5, 0. ]), array([0.5, 1. ]))
    """
    values = f1_from_counts(counts.tp, predicted=counts.predicted, positives=counts.support)
    return np.where(counts.predicted + counts.support == 0, zero_division, values)


def f1_from_counts(
    tp: NumberArray, *, predicted: NumberArray, positives: NumberArray
) -> Float64Array:
    """Return F1 = 2 TP / (predicted + positives), and 0 for 0/0.

    Args:
        tp: Number of true positives.
        predicted: Number of positive predictions, right or wrong.
        positives: Number of true entries, predicted or not.

    Example:
        >>> f1_from_counts(np.array([1, 0]), predicted=np.array([1, 0]), positives=np.array([3, 0]))
        array([0.5, 0. ])
    """
    return divide_or_zero(2 * tp, predicted + positives)


def weighted_mean(values: Float64Array, weights: NumberArray) -> Float64Array:
    """Return the weighted mean along the last axis, and 0 where the weights add up to 0.

    Example:
        >>> float(weighted_mean(np.array([0.0, 1.0]), np.array([3, 1])))
        0.25
    """
    return divide_or_zero((values * weights).sum(axis=-1), weights.sum(axis=-1))


def micro(ratio: Ratio, counts: Counts) -> Float64Array:
    """Return the ratio of the counts pooled over all articles.

    Example:
        >>> float(micro(recall, Counts(*np.array([[2, 1], [0, 0], [0, 1], [0, 0]]))))
        0.75
    """
    return ratio(counts.pooled)[..., 0]


def macro(ratio: Ratio, counts: Counts) -> Float64Array:
    """Return the mean ratio over all articles.

    Example:
        >>> float(macro(recall, Counts(*np.array([[2, 0], [0, 1], [2, 0], [0, 3]]))))
        0.25
    """
    return weighted_mean(ratio(counts), counts.total > 0)


def macro_supported(ratio: Ratio, counts: Counts) -> Float64Array:
    """Return the mean ratio over the articles with a true case, and 0 where there is none.

    Example:
        >>> float(macro_supported(recall, Counts(*np.array([[2, 0], [0, 1], [2, 0], [0, 3]]))))
        0.5
    """
    return weighted_mean(ratio(counts), counts.support > 0)


def weighted(ratio: Ratio, counts: Counts) -> Float64Array:
    """Return the mean ratio over articles, each weighted by its number of true cases.

    Example:
        >>> float(weighted(recall, Counts(*np.array([[3, 0], [0, 0], [0, 1], [0, 0]]))))
        0.75
    """
    return weighted_mean(ratio(counts), counts.support)


RATIOS: dict[str, Ratio] = {"precision": precision, "recall": recall, "f1": f1}
AVERAGES: dict[str, Callable[[Ratio, Counts], Float64Array]] = {
    "micro": micro,
    "macro": macro,
    "macro_supported": macro_supported,
    "weighted": weighted,
}
