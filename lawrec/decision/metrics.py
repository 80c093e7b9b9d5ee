"""Metrics: every figure once, on y_true bool and y_pred bool or y_score float32.

All arrays are (n_cases, n_articles). A ratio 0/0 counts 0 unless the docstring says otherwise.
Where `known` is False nobody knows whether the article applies: such an entry counts nowhere, and
neither do, in a mean over cases or articles, those without a known entry. Every case counts once,
whatever its weight: weights are for training.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Counts:
    """Confusion counts of each article, int64 (n_articles,)."""

    tp: Ints
    fp: Ints
    fn: Ints

    @property
    def support(self) -> Ints:
        """Number of true cases of each article."""
        return self.tp + self.fn


def count(y_true: Bools, y_pred: Bools, known: Bools | None = None) -> Counts:
    """Count true positives, false positives and false negatives of each article."""
    if known is not None:
        y_true, y_pred = y_true & known, y_pred & known
    return Counts(
        tp=(y_true & y_pred).sum(axis=0),
        fp=(~y_true & y_pred).sum(axis=0),
        fn=(y_true & ~y_pred).sum(axis=0),
    )


def f1(counts: Counts, empty: float = 0.0) -> npt.NDArray[np.float64]:
    """Return 2 TP / (2 TP + FP + FN) of each article, `empty` where all three are 0."""
    bottom = 2 * counts.tp + counts.fp + counts.fn
    return np.where(bottom == 0, empty, 2 * counts.tp / np.maximum(bottom, 1))


def micro_f1(y_true: Bools, y_pred: Bools, known: Bools | None = None) -> float:
    """Return F1 of the counts summed over articles."""
    return _micro(count(y_true, y_pred, known))


def macro_f1(y_true: Bools, y_pred: Bools, known: Bools | None = None) -> float:
    """Return the mean F1 over all articles."""
    return _mean(f1(count(y_true, y_pred, known)), known, axis=0)


def supported_macro_f1(y_true: Bools, y_pred: Bools, known: Bools | None = None) -> float:
    """Return the mean F1 over the articles with a true case; 0 where there is none."""
    counts = count(y_true, y_pred, known)
    return float(f1(counts)[counts.support > 0].mean()) if counts.support.any() else 0.0


def cail_score(y_true: Bools, y_pred: Bools, known: Bools | None = None, idle: int = 0) -> float:
    """Return (micro-F1 + macro-F1) / 2 as the judge of CAIL2018 counts it.

    An article with TP = FP = FN = 0 counts F1 = 1. The judge averages over the 183 lines of
    law.txt; a corpus with another list of articles is averaged over its own. There may be `idle`
    more articles, without a column because they are neither true nor listed in any case.
    Source: Xiao et al., "CAIL2018: A Large-Scale Legal Dataset for Judgment Prediction", 2018.
    """
    counts = count(y_true, y_pred, known)
    own = f1(counts, empty=1.0)[np.s_[:] if known is None else known.any(axis=0)]
    return (_micro(counts) + _mean(np.append(own, np.ones(idle)))) / 2


def hamming_loss(y_true: Bools, y_pred: Bools, known: Bools | None = None) -> float:
    """Return the share of all decisions, one a case and article, that are wrong."""
    wrong = y_true != y_pred
    return _mean(wrong if known is None else wrong[known])


def exact_match(y_true: Bools, y_pred: Bools, known: Bools | None = None) -> float:
    """Return the share of cases whose whole list of articles, where known, is right."""
    wrong = y_true != y_pred
    return _mean(~(wrong if known is None else wrong & known).any(axis=1), known, axis=1)


def evaluate(y_true: Bools, y_pred: Bools, known: Bools | None = None) -> dict[str, float]:
    """Return every metric of `METRICS` under its name."""
    return {name: metric(y_true, y_pred, known) for name, metric in METRICS.items()}


def _mean(values: npt.NDArray[Any], known: Bools | None = None, axis: int = 0) -> float:
    """Return the mean of a figure for each case or article, of those with a known entry."""
    judged = values if known is None else values[known.any(axis=axis)]
    return float(judged.mean()) if judged.size else 0.0


def _micro(counts: Counts) -> float:
    totals = Counts(*(np.array([part.sum()]) for part in (counts.tp, counts.fp, counts.fn)))
    return float(f1(totals)[0])


METRICS: dict[str, Callable[[Bools, Bools, Bools | None], float]] = {
    "cail_score": cail_score,
    "micro_f1": micro_f1,
    "macro_f1": macro_f1,
    "macro_f1_supported": supported_macro_f1,
    "hamming_loss": hamming_loss,
    "exact_match": exact_match,
}
GAINS = {name: metric for name, metric in METRICS.items() if name != "hamming_loss"}
"""The metrics of which more is better."""
