"""TODO evaluation.calibration_metrics."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lawrec.evaluation.metrics import mean_of_cases
from lawrec.evaluation.ranking_metrics import Separation, separation
from lawrec.types import BoolArray, Float32Array, Float64Array, Int64Array

BINS = 10
"""Of probabilities, equally wide."""


@dataclass(frozen=True)
class Reliability:
    """Entries by their probability in equally wide bins, the last one with its upper edge.

    `counts` are the entries of each bin, `predicted` their mean probability and `observed` the
    share of them that is true, both nan in an empty bin; all (bins,).
    """

    counts: Int64Array
    predicted: Float64Array
    observed: Float64Array

    @property
    def error(self) -> float:
        """The expected calibration error, the mean distance of the two by entries; 0 of none.

        Source: Naeini, Cooper and Hauskrecht, "Obtaining Well Calibrated Probabilities Using
        Bayesian Binning", 2015.
        """
        distances = np.nan_to_num(np.abs(self.predicted - self.observed))
        return float((self.counts * distances).sum() / max(1, self.counts.sum()))


def reliability(
    y_true: BoolArray, y_prob: Float32Array, known: BoolArray | None = None, bins: int = BINS
) -> Reliability:
    """Return how often entries are true by what probability they have; arrays of any one shape."""
    true, prob = (y_true, y_prob) if known is None else (y_true[known], y_prob[known])
    place = np.minimum((prob.ravel() * np.float32(bins)).astype(np.int64), bins - 1)
    counts = np.bincount(place, minlength=bins)
    sums = np.bincount(place, prob.ravel(), bins), np.bincount(place, true.ravel(), bins)
    with np.errstate(invalid="ignore"):
        return Reliability(counts, sums[0] / counts, sums[1] / counts)


def best_entries(
    y_true: BoolArray, y_prob: Float32Array, known: BoolArray | None = None
) -> tuple[BoolArray, Float32Array]:
    """Return whether the most probable known article of each case is true, and how probable it is.

    Returns:
        bool and float32 (n,), n being the number of cases with a known entry.
    """
    judged = np.ones(len(y_true), np.bool_) if known is None else known.any(axis=1)
    candidates = y_prob if known is None else np.where(known, y_prob, -1)
    best = candidates.argmax(axis=1)[judged, None]
    true = np.take_along_axis(y_true[judged], best, axis=1)[:, 0]
    return true, np.take_along_axis(y_prob[judged], best, axis=1)[:, 0]


def label_accuracy(
    y_true: BoolArray, y_score: Float32Array, *, known: BoolArray | None = None
) -> float:
    """Return the share of entries that are right where 0.5 is the threshold; 0 of none."""
    right = (y_score >= 0.5) == y_true
    return _mean(right if known is None else right[known])


def brier_score(
    y_true: BoolArray, y_prob: Float32Array, *, known: BoolArray | None = None
) -> float:
    """Return the mean of (probability - truth) squared over all entries; 0 of none.

    Source: Brier, "Verification of forecasts expressed in terms of probability", 1950.
    """
    squares = (y_prob - y_true) ** 2
    return _mean(squares if known is None else squares[known])


def of_scores(
    y_true: BoolArray,
    y_score: Float32Array,
    known: BoolArray | None = None,
    y_prob: Float32Array | None = None,
    separate: Separation | None = None,
) -> dict[str, float]:
    """Return the figures of the scores themselves, of which some are of all entries together.

    Means over articles are over those where the figure is defined, and `..._articles` says how
    many these are. The calibration error stands there twice: over all entries, of which most are
    near 0, and over the most probable article of each case.

    Args:
        y_true: The true articles.
        y_score: Their scores.
        known: Where it is known whether they apply, by default everywhere.
        y_prob: Calibrated probabilities, by default the scores.
        separate: What `separation` gives of them, where that is known already.
    """
    y_prob = y_score if y_prob is None else y_prob
    separate = separate or separation(y_true, y_score, known)
    return {
        "roc_auc": mean_of_cases(separate.roc_auc),
        "roc_auc_articles": int((~np.isnan(separate.roc_auc)).sum()),
        "average_precision": mean_of_cases(separate.average_precision),
        "average_precision_articles": int((~np.isnan(separate.average_precision)).sum()),
        "label_accuracy": label_accuracy(y_true, y_score, known=known),
        "brier_score": brier_score(y_true, y_prob, known=known),
        "calibration_error": reliability(y_true, y_prob, known).error,
        "calibration_error_best": reliability(*best_entries(y_true, y_prob, known)).error,
    }


def _mean(values: npt.NDArray[np.generic]) -> float:
    return float(values.mean(dtype=np.float64)) if values.size else 0.0
