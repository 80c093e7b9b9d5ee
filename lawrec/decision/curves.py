"""Curves: what every cut of an article gives on labelled cases, and the best one, exactly."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
NEVER = np.float32(np.inf)


@dataclass(frozen=True)
class Curve:
    """The cuts of one column of scores that can be the best, and what each of them gives.

    They stand at the scores of true cases: moving any other cut up to the next of these drops
    false cases alone. The first cut is `NEVER`. All arrays are (n_cuts,).
    """

    cuts: Floats  # falling
    below: Floats  # the next score under the cut, 0 where there is none
    chosen: Ints  # cases at or above the cut
    tp: Ints  # of them true
    positives: int  # true cases in all

    def threshold(self, point: int) -> np.float32:
        """Return a cut half-way to the next score below, so that it does not hang on one case."""
        cut, below = self.cuts[point], self.below[point]
        middle = np.float32((cut + below) / 2)
        return middle if middle > below else cut


def curve(y_true: Bools, y_score: Floats) -> Curve:
    """Return the curve of a column: y_true bool (n,), y_score float32 (n,), 0 to 1."""
    scores, true_scores = np.sort(y_score), np.sort(y_score[y_true])
    cuts = np.unique(true_scores)[::-1]
    lower = np.searchsorted(scores, cuts)
    below = (
        np.where(lower > 0, scores[np.maximum(lower, 1) - 1], np.float32(0)) if len(cuts) else cuts
    )
    return Curve(
        cuts=np.append(NEVER, cuts),
        below=np.append(NEVER, below).astype(np.float32),
        chosen=np.append(0, len(scores) - lower),
        tp=np.append(0, len(true_scores) - np.searchsorted(true_scores, cuts)),
        positives=len(true_scores),
    )
