"""Curves: what every cut of an article gives on labelled cases, and the best one, exactly."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from lawrec.types import BoolArray, Float32Array, Int64Array

NEVER = np.float32(np.inf)
PART = 1 << 25
"""Scores that are sorted at a time."""


@dataclass(frozen=True)
class Curve:
    """The cuts of one column of scores that can be the best, and what each of them gives.

    They stand at the scores of true cases: moving any other cut up to the next of these drops
    false cases alone. The first cut is `NEVER`. All arrays are (n_cuts,).
    """

    thresholds: Float32Array  # falling
    below: Float32Array  # the next score under the cut, 0 where there is none
    chosen: Int64Array  # cases at or above the cut
    tp: Int64Array  # of them true
    positives: int  # true cases in all

    def threshold(self, point: int) -> np.float32:
        """Return a cut half-way to the next score below, so that it does not hang on one case."""
        cut, below = self.thresholds[point], self.below[point]
        middle = np.float32((cut + below) / 2)
        return middle if middle > below else cut


def curve(y_true: BoolArray, y_score: Float32Array) -> Curve:
    """Return the curve of a column: y_true bool (n,), y_score float32 (n,), 0 to 1."""
    parts, true_scores = _sorted_parts(y_score), np.sort(y_score[y_true])
    rule = np.unique(true_scores)[::-1]
    lower = [np.searchsorted(part, rule) for part in parts]
    below = [_before(part, place) for part, place in zip(parts, lower, strict=True)]
    return Curve(
        thresholds=np.append(NEVER, rule),
        below=np.append(NEVER, np.max(below, axis=0)),
        chosen=np.append(0, len(y_score) - np.sum(lower, axis=0)),
        tp=np.append(0, len(true_scores) - np.searchsorted(true_scores, rule)),
        positives=len(true_scores),
    )


def _sorted_parts(y_score: Float32Array) -> list[Float32Array]:
    """Return the scores in parts that are sorted, each by itself and beside the others."""
    if len(y_score) <= PART:
        return [np.sort(y_score)]
    with ThreadPoolExecutor() as pool:  # NumPy sorts outside of Python's lock
        return list(pool.map(np.sort, np.array_split(y_score, -(-len(y_score) // PART))))


def _before(scores: Float32Array, places: Int64Array) -> Float32Array:
    """Return what stands before each place of sorted scores, 0 before the first."""
    return np.where(places > 0, scores[places - 1], np.float32(0))
