"""Metrics of predicted lists of articles: precision, recall, F1 and the score of CAIL2018.

`y_true` and `y_pred` are bool (n_cases, n_articles). `known`, of the same shape, is False where
nobody knows whether the article applies to the case: such an entry counts nowhere. A case or an
article without any known entry is left out of every mean over cases or articles. Every case counts
once, whatever its weight: weights are for training, and metrics of cases with different weights
could not be compared.

A ratio 0/0 is 0 unless the docstring says otherwise. Metrics of scores, which need no list, are in
`ranking_metrics` and `calibration_metrics`.

To add a metric, write a function of `Counts` and add one `Metric` to `METRICS`.

Sources: Manning, Raghavan and Schütze, "Introduction to Information Retrieval", 2008, chapters 8
and 13.6 (precision, recall, F1; micro and macro averages); Tsoumakas, Katakis and Vlahavas, "Mining
Multi-label Data", 2010, section 7 (means over cases, Hamming loss, exact match).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from lawrec.types import BoolArray, Float64Array, NumberArray


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
    value: Float64Array = ratio(counts.pooled)[..., 0]
    return value


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


def cail(counts: Counts) -> Float64Array:
    """Return (micro-F1 + macro-F1) / 2 as the judge of CAIL2018 computes it.

    F1 is 1 where TP = FP = FN = 0, for an article and for the pooled counts. The judge averages
    over the 183 lines of law.txt; a corpus with another list of articles averages over its own.
    Where nothing is known, the score is 0.

    Source: Xiao et al., "CAIL2018: A Large-Scale Legal Dataset for Judgment Prediction", 2018.

    Example:
        >>> float(cail(Counts(*np.array([[1, 0], [0, 0], [0, 0], [0, 1]]))))  # article 2 is absent
        1.0
    """
    f1_or_one = partial(f1, zero_division=1.0)
    any_known = counts.total.sum(axis=-1) > 0
    score: Float64Array = any_known * (micro(f1_or_one, counts) + macro(f1_or_one, counts)) / 2
    return score


def cail_score(
    y_true: BoolArray,
    y_pred: BoolArray,
    known: BoolArray | None = None,
    *,
    n_absent_articles: int = 0,
) -> float:
    """Return the CAIL2018 score of predicted lists; `cail` has the formula.

    Args:
        y_true: bool (n_cases, n_articles).
        y_pred: bool (n_cases, n_articles).
        known: bool (n_cases, n_articles), False for entries to leave out. By default, all count.
        n_absent_articles: Number of further articles that have no column because they are neither
            true nor predicted in any case. Each counts with an F1 of 1.

    Example:
        >>> y_true, y_pred = np.array([[True], [True]]), np.array([[True], [False]])
        >>> cail_score(y_true, y_pred)  # micro-F1 and macro-F1 are both 2/3
        0.6666666666666666
        >>> cail_score(y_true, y_pred, n_absent_articles=1)  # macro-F1 is (2/3 + 1) / 2
        0.75
    """
    counts = count(y_true, y_pred, known)
    # An absent article has no positives: all cases are true negatives.
    zeros = np.zeros(n_absent_articles, np.int64)
    absent = (zeros, zeros, zeros, zeros + len(y_true))
    return float(cail(Counts(*map(np.append, vars(counts).values(), absent))))


def hamming_loss(counts: Counts) -> Float64Array:
    """Return the share of wrong decisions among all decisions, one per case and article.

    Example:
        >>> float(hamming_loss(Counts(*np.array([[1, 0], [0, 1], [0, 0], [1, 1]]))))
        0.25
    """
    return divide_or_zero((counts.fp + counts.fn).sum(axis=-1), counts.total.sum(axis=-1))


def exact_match(counts: Counts) -> Float64Array:
    """Return 1 for each case whose whole list is right, else 0; nan where nothing is known.

    Example:
        >>> exact_match(Counts(*np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0], [1, 0, 0]])))
        array([ 1.,  0., nan])
    """
    return _nan_where_unknown(counts.fp + counts.fn == 0, counts)


def ratios_per_case(
    y_true: BoolArray, y_pred: BoolArray, known: BoolArray | None = None
) -> dict[str, Float64Array]:
    """Return precision, recall and F1 of the list of each case.

    Their means over the cases are the "samples" averages of scikit-learn.

    Args:
        y_true: bool (n_cases, n_articles).
        y_pred: bool (n_cases, n_articles).
        known: bool (n_cases, n_articles), False for entries to leave out. By default, all count.

    Returns:
        For each name in `RATIOS` a float64 (n_cases,), nan where a case has no known entry.

    Example:
        >>> y_true, y_pred = np.array([[True, False]]), np.array([[True, True]])
        >>> ratios_per_case(y_true, y_pred)["precision"]
        array([0.5])
    """
    counts = count(y_true, y_pred, known, axis=1)
    return {name: _nan_where_unknown(ratio(counts), counts) for name, ratio in RATIOS.items()}


def _nan_where_unknown(values: NumberArray, counts: Counts) -> Float64Array:
    return np.where(counts.total > 0, values, np.nan)


@dataclass(frozen=True)
class Metric:
    """A metric of predicted lists: how it is computed, its label, and which way is better.

    Attributes:
        label: The name on screen.
        function: Computes the metric from counts.
        axis: With 0, `function` takes counts per article and returns the metric itself. With 1, it
            takes counts per case and returns a value per case, nan where a case does not count;
            the metric is the mean over the cases.
        higher_is_better: False for a loss.
    """

    label: str
    function: Callable[[Counts], Float64Array]
    axis: int = 0
    higher_is_better: bool = True

    def __call__(
        self, y_true: BoolArray, y_pred: BoolArray, known: BoolArray | None = None
    ) -> float:
        """Return the metric of predicted lists, all arrays (n_cases, n_articles)."""
        return self.value(count(y_true, y_pred, known, axis=self.axis))

    def value(self, counts: Counts) -> float:
        """Return the metric of counts along its own axis."""
        result = self.function(counts)
        return nanmean_or_zero(result) if self.axis else float(result)


def evaluate(
    y_true: BoolArray, y_pred: BoolArray, known: BoolArray | None = None
) -> dict[str, float]:
    """Return every metric of `METRICS` under its name.

    Args:
        y_true: bool (n_cases, n_articles).
        y_pred: bool (n_cases, n_articles).
        known: bool (n_cases, n_articles), False for entries to leave out. By default, all count.

    Example:
        >>> y_true = np.array([[True, False], [False, True]])
        >>> y_pred = np.array([[True, False], [True, True]])
        >>> round(evaluate(y_true, y_pred)["micro_f1"], 4), evaluate(y_true, y_pred)["exact_match"]
        (0.8, 0.5)
    """
    counts = [count(y_true, y_pred, known, axis=axis) for axis in (0, 1)]
    return {name: metric.value(counts[metric.axis]) for name, metric in METRICS.items()}


def averages(
    y_true: BoolArray, y_pred: BoolArray, known: BoolArray | None = None
) -> dict[str, dict[str, float]]:
    """Return precision, recall and F1 by each way to average them.

    Args:
        y_true: bool (n_cases, n_articles).
        y_pred: bool (n_cases, n_articles).
        known: bool (n_cases, n_articles), False for entries to leave out. By default, all count.

    Returns:
        For each name in `AVERAGES`, and for "samples" (the mean over cases), a dict with the names
        of `RATIOS`.

    Example:
        >>> y_true = np.array([[True, False], [False, True]])
        >>> averages(y_true, y_true)["macro"]
        {'precision': 1.0, 'recall': 1.0, 'f1': 1.0}
    """
    counts = count(y_true, y_pred, known)
    by_average = {
        name: {key: float(average(ratio, counts)) for key, ratio in RATIOS.items()}
        for name, average in AVERAGES.items()
    }
    per_case = ratios_per_case(y_true, y_pred, known)
    return by_average | {
        "samples": {name: nanmean_or_zero(values) for name, values in per_case.items()}
    }


RATIOS: dict[str, Ratio] = {"precision": precision, "recall": recall, "f1": f1}
AVERAGES: dict[str, Callable[[Ratio, Counts], Float64Array]] = {
    "micro": micro,
    "macro": macro,
    "macro_supported": macro_supported,
    "weighted": weighted,
}
METRICS = {
    "cail_score": Metric("CAIL score", cail),
    "micro_f1": Metric("micro-F1", lambda counts: micro(f1, counts)),
    "macro_f1": Metric("macro-F1, all articles", lambda counts: macro(f1, counts)),
    "macro_f1_supported": Metric(
        "macro-F1, articles with cases", lambda counts: macro_supported(f1, counts)
    ),
    "hamming_loss": Metric("Hamming loss", hamming_loss, higher_is_better=False),
    "exact_match": Metric("exact match", exact_match, axis=1),
}
HIGHER_IS_BETTER = {name: metric for name, metric in METRICS.items() if metric.higher_is_better}
"""The metrics that tuning can maximize and training can monitor."""
METRIC_LABELS = {name: metric.label for name, metric in METRICS.items()}
"""The names of the metrics on screen."""
HEADLINES = ("cail_score", "micro_f1", "macro_f1_supported", "exact_match")
"""The metrics to show where there is room for a few."""
