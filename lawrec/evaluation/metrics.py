"""Metrics of lists: every figure once, on y_true bool and y_pred bool (n_cases, n_articles).

A ratio 0/0 counts 0 unless the docstring says otherwise. Where `known` is False nobody knows
whether the article applies: such an entry counts nowhere, and neither do, in a mean over cases or
articles, those without a known entry. Every case counts once, whatever its weight: weights are for
training. Metrics of scores are in `ranking`.

Sources: Manning, Raghavan and Schütze, "Introduction to Information Retrieval", 2008, chapters 8
and 13.6 (precision, recall, F1; micro and macro); Tsoumakas, Katakis and Vlahavas, "Mining
Multi-label Data", 2010, section 7 (means over cases, Hamming loss, exact match).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lawrec.types import BoolArray, Float64Array, NumberArray


@dataclass(frozen=True)
class Counts:
    """Confusion counts of each article, int64 (n_articles,).

    Counts of resampled cases have a first axis more, (n_resamples, n_articles).
    """

    tp: NumberArray
    fp: NumberArray
    fn: NumberArray
    tn: NumberArray

    @property
    def support(self) -> NumberArray:
        """Number of true cases of each article."""
        return self.tp + self.fn

    @property
    def judged(self) -> NumberArray:
        """Number of cases that know whether each article applies."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def pooled(self) -> "Counts":
        """The counts summed over articles, of one article more or less."""
        parts = (self.tp, self.fp, self.fn, self.tn)
        return Counts(*(part.sum(axis=-1, keepdims=True) for part in parts))


def count(
    y_true: BoolArray, y_pred: BoolArray, known: BoolArray | None = None, axis: int = 0
) -> Counts:
    """Count the right and wrong decisions of each article, or of each case with `axis` 1."""
    if known is not None:
        y_true, y_pred = y_true & known, y_pred & known
    tp = (y_true & y_pred).sum(axis=axis)
    fp, fn = y_pred.sum(axis=axis) - tp, y_true.sum(axis=axis) - tp
    judged = y_true.shape[axis] if known is None else known.sum(axis=axis)
    return Counts(tp, fp, fn, judged - tp - fp - fn)


def divide_or_zero(numerator: NumberArray, denominator: NumberArray) -> Float64Array:
    """Return the quotient of two arrays, float64, and 0 where the denominator is 0.

    Example:
        >>> divide_or_zero(np.array([1, 3]), np.array([2, 0]))
        array([0.5, 0. ])
    """
    quotient = numerator / np.where(denominator == 0, 1, denominator)
    result: Float64Array = np.where(denominator == 0, 0.0, quotient)
    return result


def precision(counts: Counts) -> Float64Array:
    """Return TP / (TP + FP), 0 where nothing was predicted."""
    return _ratio(counts.tp, counts.tp + counts.fp)


def recall(counts: Counts) -> Float64Array:
    """Return TP / (TP + FN), 0 where nothing is true."""
    return _ratio(counts.tp, counts.support)


def f1(counts: Counts, empty: float = 0.0) -> Float64Array:
    """Return 2 TP / (2 TP + FP + FN), `empty` where all three are 0."""
    return _ratio(2 * counts.tp, 2 * counts.tp + counts.fp + counts.fn, empty=empty)


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


RATIOS: dict[str, Callable[[Counts], Float64Array]] = {
    "precision": precision,
    "recall": recall,
    "f1": f1,
}


def micro(ratio: Callable[[Counts], Float64Array], counts: Counts) -> Float64Array:
    """Return the ratio of the counts summed over articles."""
    total: Float64Array = ratio(counts.pooled)[..., 0]
    return total


def macro(ratio: Callable[[Counts], Float64Array], counts: Counts) -> Float64Array:
    """Return the mean ratio over all articles."""
    return weighted_mean(ratio(counts), counts.judged > 0)


def macro_supported(ratio: Callable[[Counts], Float64Array], counts: Counts) -> Float64Array:
    """Return the mean ratio over the articles with a true case; 0 where there is none."""
    return weighted_mean(ratio(counts), counts.support > 0)


def weighted(ratio: Callable[[Counts], Float64Array], counts: Counts) -> Float64Array:
    """Return the mean ratio over articles, each as often as it has true cases."""
    return weighted_mean(ratio(counts), counts.support)


AVERAGES: dict[str, Callable[[Callable[[Counts], Float64Array], Counts], Float64Array]] = {
    "micro": micro,
    "macro": macro,
    "macro_supported": macro_supported,
    "weighted": weighted,
}


def weighted_mean(values: Float64Array, weights: NumberArray) -> Float64Array:
    """Return the mean along the last axis; 0 where the weights are."""
    return _ratio((values * weights).sum(axis=-1), weights.sum(axis=-1))


def cail(counts: Counts) -> Float64Array:
    """Return (micro-F1 + macro-F1) / 2 as the judge of CAIL2018 counts it.

    Where TP = FP = FN = 0, F1 counts 1, for an article and for all of them together. The judge
    averages over the 183 lines of law.txt; a corpus with another list of articles over its own.
    Where nothing is known, it is 0.
    Source: Xiao et al., "CAIL2018: A Large-Scale Legal Dataset for Judgment Prediction", 2018.
    """

    def of(parts: Counts) -> Float64Array:
        return f1(parts, empty=1.0)

    known = counts.judged.sum(axis=-1) > 0
    score: Float64Array = known * (micro(of, counts) + macro(of, counts)) / 2
    return score


def hamming(counts: Counts) -> Float64Array:
    """Return the share of all decisions, one a case and article, that are wrong."""
    return _ratio((counts.fp + counts.fn).sum(axis=-1), counts.judged.sum(axis=-1))


COUNT_METRICS: dict[str, Callable[[Counts], Float64Array]] = {
    "cail_score": cail,
    "micro_f1": lambda counts: micro(f1, counts),
    "macro_f1": lambda counts: macro(f1, counts),
    "macro_f1_supported": lambda counts: macro_supported(f1, counts),
    "hamming_loss": hamming,
}
"""The metrics that need no more than the counts of each article; float64, () or (n_resamples,)."""


def matched(y_true: BoolArray, y_pred: BoolArray, known: BoolArray | None = None) -> Float64Array:
    """Return for each case 1.0 where its whole list, where known, is right, else 0.0.

    Returns:
        float64 (n_cases,), nan where the case has no known entry.
    """
    wrong = y_true != y_pred
    right = ~(wrong if known is None else wrong & known).any(axis=1)
    return _of_judged(right, known)


def of_cases(
    y_true: BoolArray, y_pred: BoolArray, known: BoolArray | None = None
) -> dict[str, Float64Array]:
    """Return precision, recall and F1 of each case's list: their means are the samples averages.

    Returns:
        A float64 (n_cases,) each, nan where the case has no known entry.
    """
    counts = count(y_true, y_pred, known, axis=1)
    return {name: _of_judged(ratio(counts), known) for name, ratio in RATIOS.items()}


def mean_of_cases(values: Float64Array) -> float:
    """Return the mean of a figure of each case without those where it is nan; 0 of none."""
    judged = values[~np.isnan(values)]
    return float(judged.mean()) if judged.size else 0.0


def micro_f1(y_true: BoolArray, y_pred: BoolArray, known: BoolArray | None = None) -> float:
    """Return F1 of the counts summed over articles."""
    return float(micro(f1, count(y_true, y_pred, known)))


def macro_f1(y_true: BoolArray, y_pred: BoolArray, known: BoolArray | None = None) -> float:
    """Return the mean F1 over all articles."""
    return float(macro(f1, count(y_true, y_pred, known)))


def supported_macro_f1(
    y_true: BoolArray, y_pred: BoolArray, known: BoolArray | None = None
) -> float:
    """Return the mean F1 over the articles with a true case; 0 where there is none."""
    return float(macro_supported(f1, count(y_true, y_pred, known)))


def cail_score(
    y_true: BoolArray, y_pred: BoolArray, known: BoolArray | None = None, n_absent_articles: int = 0
) -> float:
    """Return the score of CAIL2018, see `cail`.

    There may be `n_absent_articles` more articles, without a column because they are neither true nor listed in
    any case.
    """
    counts = count(y_true, y_pred, known)
    more = Counts(*(np.full(n_absent_articles, cases) for cases in (0, 0, 0, len(y_true))))
    parts = zip(vars(counts).values(), vars(more).values(), strict=True)
    return float(cail(Counts(*(np.append(own, others) for own, others in parts))))


def hamming_loss(y_true: BoolArray, y_pred: BoolArray, known: BoolArray | None = None) -> float:
    """Return the share of all decisions, one a case and article, that are wrong."""
    return float(hamming(count(y_true, y_pred, known)))


def exact_match(y_true: BoolArray, y_pred: BoolArray, known: BoolArray | None = None) -> float:
    """Return the share of cases whose whole list of articles, where known, is right."""
    return mean_of_cases(matched(y_true, y_pred, known))


def evaluate(
    y_true: BoolArray, y_pred: BoolArray, known: BoolArray | None = None
) -> dict[str, float]:
    """Return every metric of `METRICS` under its name."""
    counts = count(y_true, y_pred, known)
    counted = {name: float(metric(counts)) for name, metric in COUNT_METRICS.items()}
    return counted | {"exact_match": exact_match(y_true, y_pred, known)}


def averages(
    y_true: BoolArray, y_pred: BoolArray, known: BoolArray | None = None
) -> dict[str, dict[str, float]]:
    """Return precision, recall and F1 by each way to average them.

    Returns:
        A dict of `RATIOS` for each of `AVERAGES`, and for "samples", the mean over cases.
    """
    counts = count(y_true, y_pred, known)
    table = {
        name: {ratio: float(average(of, counts)) for ratio, of in RATIOS.items()}
        for name, average in AVERAGES.items()
    }
    cases = of_cases(y_true, y_pred, known)
    return table | {"samples": {name: mean_of_cases(values) for name, values in cases.items()}}


def _ratio(top: NumberArray, bottom: NumberArray, *, empty: float = 0.0) -> Float64Array:
    values: Float64Array = np.where(bottom == 0, empty, top / np.where(bottom == 0, 1, bottom))
    return values


def _of_judged(values: NumberArray, known: BoolArray | None) -> Float64Array:
    judged = values if known is None else np.where(known.any(axis=1), values, np.nan)
    return judged.astype(np.float64)


METRICS: dict[str, Callable[[BoolArray, BoolArray, BoolArray | None], float]] = {
    "cail_score": cail_score,
    "micro_f1": micro_f1,
    "macro_f1": macro_f1,
    "macro_f1_supported": supported_macro_f1,
    "hamming_loss": hamming_loss,
    "exact_match": exact_match,
}
HEADLINES = ("cail_score", "micro_f1", "macro_f1_supported", "exact_match")
"""The metrics that say most."""
HIGHER_IS_BETTER = {name: metric for name, metric in METRICS.items() if name != "hamming_loss"}
"""The metrics of which more is better."""
