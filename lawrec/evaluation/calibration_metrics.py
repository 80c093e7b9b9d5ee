"""Metrics of calibration: whether articles of probability 0.8 apply 8 times in 10.

`y_true` and `known` are bool, `y_score` and `y_prob` float32 in 0 to 1, all (n_cases, n_articles).
Where `known` is False nobody knows whether the article applies: such an entry counts nowhere.
`y_prob` are calibrated probabilities; `y_score` are the model's own scores, which rank articles but
need not be probabilities.

`score_metrics` collects everything that is said of scores without a threshold per article.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from lawrec.evaluation.confusion_counts import chunk_rows, nanmean_or_zero
from lawrec.evaluation.ranking_metrics import ArticleAuc, auc_per_article
from lawrec.types import BoolArray, Float32Array, Float64Array, Int64Array, NumberArray

BINS = 10
"""Number of bins of a reliability diagram."""


@dataclass(frozen=True)
class Reliability:
    """A reliability diagram: entries in bins of equal width by their probability, all (bins,).

    Attributes:
        counts: Number of entries in each bin, int64.
        predicted: Their mean probability, float64; nan in an empty bin.
        observed: The share of them that is true, float64; nan in an empty bin.
    """

    counts: Int64Array
    predicted: Float64Array
    observed: Float64Array

    @property
    def error(self) -> float:
        """The expected calibration error (ECE); 0 without any entry.

        It is the mean of |predicted - observed| over the bins, weighted by their number of entries.

        Source: Naeini, Cooper and Hauskrecht, "Obtaining Well Calibrated Probabilities Using
        Bayesian Binning", 2015.
        """
        distances = np.nan_to_num(np.abs(self.predicted - self.observed))
        return float((self.counts * distances).sum() / max(1, self.counts.sum()))


def reliability(
    y_true: BoolArray, y_prob: Float32Array, known: BoolArray | None = None, *, bins: int = BINS
) -> Reliability:
    """Return how often entries are true, by their probability.

    Args:
        y_true: bool, of any shape.
        y_prob: float32 of the same shape.
        known: bool of the same shape, False for entries to leave out. By default, all count.
        bins: Number of bins; the last one includes probability 1.

    Example:
        >>> y_true = np.array([True, True, False, True])
        >>> diagram = reliability(y_true, np.array([0.25, 0.75, 0.75, 0.75], np.float32), bins=2)
        >>> diagram.counts.tolist(), diagram.predicted.tolist()
        ([1, 3], [0.25, 0.75])
        >>> diagram.observed.round(4).tolist()
        [1.0, 0.6667]
    """
    counts, predicted, observed = np.zeros(bins, np.int64), np.zeros(bins), np.zeros(bins)
    for rows in chunk_rows(len(y_true)):
        kept = np.s_[:] if known is None else known[rows]
        true, prob = y_true[rows][kept].ravel(), y_prob[rows][kept].ravel()
        # With 10 bins, probability 0.25 is in bin int(2.5) = 2, and 1.0 in the last one, 9.
        index = np.minimum((prob * np.float32(bins)).astype(np.int64), bins - 1)
        counts += np.bincount(index, minlength=bins)
        predicted += np.bincount(index, prob, bins)
        observed += np.bincount(index, true, bins)
    with np.errstate(invalid="ignore"):
        return Reliability(counts, predicted / counts, observed / counts)


def most_probable_articles(
    y_true: BoolArray, y_prob: Float32Array, known: BoolArray | None = None
) -> tuple[BoolArray, Float32Array]:
    """Return for each case whether its most probable known article is true, and its probability.

    Args:
        y_true: bool (n_cases, n_articles).
        y_prob: float32 (n_cases, n_articles).
        known: bool (n_cases, n_articles), False for entries to leave out. By default, all count.

    Returns:
        bool (n,) and float32 (n,), where n is the number of cases with a known entry.

    Example:
        >>> y_true = np.array([[True, False], [False, True]])
        >>> y_prob = np.array([[0.75, 0.5], [0.5, 0.25]], np.float32)
        >>> most_probable_articles(y_true, y_prob)
        (array([ True, False]), array([0.75, 0.5 ], dtype=float32))
    """
    any_known = np.ones(len(y_true), np.bool_) if known is None else known.any(axis=1)
    best = np.zeros(len(y_true), np.int64)
    for rows in chunk_rows(len(y_true)):
        candidates = y_prob[rows] if known is None else np.where(known[rows], y_prob[rows], -1)
        best[rows] = candidates.argmax(axis=1)
    best = best[any_known, None]
    true = np.take_along_axis(y_true[any_known], best, axis=1)[:, 0]
    return true, np.take_along_axis(y_prob[any_known], best, axis=1)[:, 0]


def label_accuracy(
    y_true: BoolArray, y_score: Float32Array, known: BoolArray | None = None
) -> float:
    """Return the share of entries that are right at a threshold of 0.5, and 0 without any entry.

    Args:
        y_true: bool (n_cases, n_articles).
        y_score: float32 (n_cases, n_articles).
        known: bool (n_cases, n_articles), False for entries to leave out. By default, all count.

    Example:
        >>> label_accuracy(np.array([[True, False]]), np.array([[0.5, 0.75]], np.float32))
        0.5
    """
    right = ((y_score[rows] >= 0.5) == y_true[rows] for rows in chunk_rows(len(y_true)))
    return _mean_of_known(right, known)


def brier_score(y_true: BoolArray, y_prob: Float32Array, known: BoolArray | None = None) -> float:
    """Return the mean of (probability - truth) squared over all entries, and 0 without any entry.

    Source: Brier, "Verification of forecasts expressed in terms of probability", 1950.

    Args:
        y_true: bool (n_cases, n_articles).
        y_prob: float32 (n_cases, n_articles).
        known: bool (n_cases, n_articles), False for entries to leave out. By default, all count.

    Example:
        >>> brier_score(np.array([[True, False]]), np.array([[0.5, 0.5]], np.float32))
        0.25
    """
    squares = ((y_prob[rows] - y_true[rows]) ** 2 for rows in chunk_rows(len(y_true)))
    return _mean_of_known(squares, known)


def score_metrics(
    y_true: BoolArray,
    y_score: Float32Array,
    known: BoolArray | None = None,
    *,
    y_prob: Float32Array | None = None,
    article_auc: ArticleAuc | None = None,
) -> dict[str, float]:
    """Return the metrics of scores and probabilities that need no list of articles.

    The means over articles leave out the articles where the metric is not defined;
    `roc_auc_articles` and `average_precision_articles` are the numbers of those that count. The
    calibration error is there twice: over all entries, most of which have a probability near 0, and
    over the most probable article of each case (`calibration_error_best`).

    Args:
        y_true: bool (n_cases, n_articles).
        y_score: float32 (n_cases, n_articles).
        known: bool (n_cases, n_articles), False for entries to leave out. By default, all count.
        y_prob: Calibrated probabilities, float32 (n_cases, n_articles). By default, the scores.
        article_auc: The result of `auc_per_article`, if it is already computed.

    Example:
        >>> y_true = np.array([[True, False], [False, True]])
        >>> y_score = np.array([[0.9, 0.2], [0.1, 0.8]], np.float32)
        >>> metrics = score_metrics(y_true, y_score)
        >>> metrics["roc_auc"], metrics["roc_auc_articles"]
        (1.0, 2)
    """
    y_prob = y_score if y_prob is None else y_prob
    auc = article_auc or auc_per_article(y_true, y_score, known)
    return {
        "roc_auc": nanmean_or_zero(auc.roc_auc),
        "roc_auc_articles": int((~np.isnan(auc.roc_auc)).sum()),
        "average_precision": nanmean_or_zero(auc.average_precision),
        "average_precision_articles": int((~np.isnan(auc.average_precision)).sum()),
        "label_accuracy": label_accuracy(y_true, y_score, known),
        "brier_score": brier_score(y_true, y_prob, known),
        "calibration_error": reliability(y_true, y_prob, known).error,
        "calibration_error_best": reliability(*most_probable_articles(y_true, y_prob, known)).error,
    }


def _mean_of_known(blocks: Iterable[NumberArray], known: BoolArray | None) -> float:
    """Return the mean of the known entries of blocks of rows; 0 without any entry."""
    total, n_entries, row = 0.0, 0, 0
    for block in blocks:
        values = block if known is None else block[known[row : row + len(block)]]
        total += float(values.sum(dtype=np.float64))
        n_entries += values.size
        row += len(block)
    return total / max(1, n_entries)
