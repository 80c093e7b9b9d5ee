"""Metrics of predicted lists of articles: averages of F1, the score of CAIL2018 and others.

A case or an article without any known entry is left out of every mean over cases or articles. Every
case counts once, whatever its weight: weights are for training, and metrics of cases with different
weights could not be compared. Metrics of scores, which need no list, are in `ranking_metrics` and
`calibration_metrics`.

To add a metric, write a function of `Counts` and add one `Metric` to `METRICS`.

Source: Tsoumakas, Katakis and Vlahavas, "Mining Multi-label Data", 2010, section 7 (means over
cases, Hamming loss, exact match).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from lawrec.evaluation.confusion_counts import (
    AVERAGES,
    RATIOS,
    Counts,
    count,
    divide_or_zero,
    f1,
    macro,
    macro_supported,
    micro,
    nanmean_or_zero,
)
from lawrec.types import BoolArray, Float64Array, NumberArray


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
