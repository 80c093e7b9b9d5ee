"""Threshold curves: what every useful threshold yields on labelled cases, exactly.

A threshold that can be the best lies at the score of a true case: raising any other threshold to
the next such score drops false cases alone. A curve therefore has only as many points as there are
true cases with different scores. It is enough for the exact optimum of every objective that does
not rise when a false article is added, and also for the interval of a threshold: resampling the
cases only changes the counts between its points.
"""

from dataclasses import dataclass

import numpy as np

from lawrec.evaluation.confusion_counts import Counts
from lawrec.types import BoolArray, Float32Array, Int64Array

NEVER = np.float32(np.inf)
"""The threshold that no score reaches."""
SORT_CHUNK = 1 << 20
"""Scores that are sorted at a time."""


@dataclass(frozen=True)
class ThresholdCurve:
    """The thresholds of one column of scores that can be the best, and the counts of each.

    Point 0 is the threshold `NEVER`; the thresholds fall from there. Arrays are (n_points,).

    Attributes:
        thresholds: float32, `NEVER` and then the scores of true cases, falling.
        next_lower: float32, the next score below each threshold; 0 where there is none.
        n_predicted: int64, cases with a score of at least the threshold.
        tp: int64, the true ones among them.
        n_positives: True cases in all.
    """

    thresholds: Float32Array
    next_lower: Float32Array
    n_predicted: Int64Array
    tp: Int64Array
    n_positives: int

    @property
    def counts(self) -> Counts:
        """Confusion counts at each point; `tn` is 0, because a curve does not know it."""
        fp, fn = self.n_predicted - self.tp, self.n_positives - self.tp
        return Counts(self.tp, fp, fn, np.zeros_like(self.tp))

    def threshold(self, point: int) -> np.float32:
        """Return the threshold of a point, half-way to the next lower score.

        A threshold in the middle of a gap does not depend on one case alone. Where no float32 lies
        between the two scores, it is the score of the true case itself.
        """
        threshold, lower = self.thresholds[point], self.next_lower[point]
        middle = np.float32((threshold + lower) / 2)
        return middle if middle > lower else threshold


def threshold_curve(y_true: BoolArray, y_score: Float32Array) -> ThresholdCurve:
    """Return the curve of one column: y_true bool (n,), y_score float32 (n,), 0 to 1.

    Example:
        >>> curve = threshold_curve(
        ...     np.array([True, False, True]), np.array([0.75, 0.5, 0.25], np.float32)
        ... )
        >>> curve.thresholds.tolist(), curve.n_predicted.tolist(), curve.tp.tolist()
        ([inf, 0.75, 0.25], [0, 1, 3], [0, 1, 2])
        >>> float(curve.threshold(1))
        0.625
    """
    true_scores = np.sort(y_score[y_true])
    thresholds = np.unique(true_scores)[::-1]
    n_lower = np.zeros(len(thresholds), np.int64)
    next_lower = np.zeros(len(thresholds), np.float32)
    for start in range(0, len(y_score), SORT_CHUNK):
        part = np.sort(y_score[start : start + SORT_CHUNK])
        index = np.searchsorted(part, thresholds)
        n_lower += index
        score_before = np.where(index > 0, part[index - 1], np.float32(0))
        next_lower = np.maximum(next_lower, score_before)
    return ThresholdCurve(
        thresholds=np.append(NEVER, thresholds),
        next_lower=np.append(NEVER, next_lower),
        n_predicted=np.append(0, len(y_score) - n_lower),
        tp=np.append(0, len(true_scores) - np.searchsorted(true_scores, thresholds)),
        n_positives=len(true_scores),
    )
