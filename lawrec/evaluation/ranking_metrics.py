"""Metrics of scores: whether the right articles come first, and whether 0.8 means 8 times in 10.

y_true and known are bool, y_score and y_prob float32 in 0..1, all (n_cases, n_articles). Where
`known` is False nobody knows whether the article applies: such an entry counts nowhere. Metrics of
lists are in `metrics`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lawrec.types import BoolArray, Float32Array, Float64Array, Int64Array

KS = (1, 3, 5)
"""Lengths of the lists of best scores that are judged."""
_ROWS = 65_536  # cases that are sorted at a time


def of_rankings(
    y_true: BoolArray, y_score: Float32Array, known: BoolArray | None = None, ks: Sequence[int] = KS
) -> dict[str, Float64Array]:
    """Return how well the scores rank the articles of each case; equal scores keep their columns.

    A case has, by its articles in falling order of score, those that are not known left out:
    `precision_at_k`, the true articles among the first k, over k; `recall_at_k`, over the number
    of its true articles; `in_top_k`, 1 if there is any; `ndcg_at_k`, their sum of
    1 / log2(place + 1) over the greatest that it can be (Järvelin and Kekäläinen, "Cumulated
    gain-based evaluation of IR techniques", 2002); `lrap`, the mean over its true articles of the
    share of true ones down to there; `coverage_error`, the place of the last one (both: Tsoumakas,
    Katakis and Vlahavas, "Mining Multi-label Data", 2010).

    Returns:
        A float64 (n_cases,) each, nan where a case has no true article: it counts in no mean.
    """
    known = np.ones_like(y_true) if known is None else known
    blocks = [
        _of_rankings(y_true[rows], y_score[rows], known=known[rows], ks=ks)
        for rows in (slice(at, at + _ROWS) for at in range(0, max(1, len(y_true)), _ROWS))
    ]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def _of_rankings(
    y_true: BoolArray, y_score: Float32Array, *, known: BoolArray, ks: Sequence[int]
) -> dict[str, Float64Array]:
    order = np.argsort(np.where(known, -y_score, np.inf), axis=1, kind="stable")
    hits = np.take_along_axis(y_true & known, order, axis=1)
    places = np.arange(1, hits.shape[1] + 1)
    found = hits.cumsum(axis=1)
    true = np.where(hits.any(axis=1), hits.sum(axis=1), np.nan)
    figures = {}
    for k in ks:
        at_k = hits[:, :k].sum(axis=1)
        figures[f"precision_at_{k}"] = at_k / k + 0 * true
        figures[f"recall_at_{k}"] = at_k / true
        figures[f"in_top_{k}"] = np.minimum(at_k, 1) + 0 * true
        figures[f"ndcg_at_{k}"] = _gain(hits[:, :k]) / _ideal(true, k)
    figures["lrap"] = (hits * found / places).sum(axis=1) / true
    figures["coverage_error"] = (hits * places).max(axis=1, initial=0) + 0 * true
    return figures


def _gain(hits: BoolArray) -> Float64Array:
    gain: Float64Array = hits @ (1 / np.log2(np.arange(hits.shape[1]) + 2))
    return gain


def _ideal(true: Float64Array, k: int) -> Float64Array:
    """Return the gain where the first places are all true, nan where none is."""
    sums = np.append(np.nan, (1 / np.log2(np.arange(k) + 2)).cumsum())
    gain: Float64Array = sums[np.minimum(np.nan_to_num(true), k).astype(np.int64)]
    return gain


@dataclass(frozen=True)
class Separation:
    """How well the scores of each article tell its cases from the others, (n_articles,).

    `positives` are its true cases, int64. `roc_auc` is nan where an article has no true or no
    other case, `average_precision` where it has no true one.
    """

    positives: Int64Array
    roc_auc: Float64Array
    average_precision: Float64Array


def separation(
    y_true: BoolArray, y_score: Float32Array, known: BoolArray | None = None
) -> Separation:
    """Return the area under the ROC curve and the average precision of each article.

    Sources: Hanley and McNeil, "The meaning and use of the area under a ROC curve", 1982; Manning,
    Raghavan and Schütze, "Introduction to Information Retrieval", 2008, section 8.4. As
    scikit-learn computes them, over the cases that know the article.
    """
    from sklearn import config_context
    from sklearn.metrics import average_precision_score, roc_auc_score

    known = np.ones_like(y_true) if known is None else known
    positives = (y_true & known).sum(axis=0)
    others = known.sum(axis=0) - positives

    def each(
        metric: Callable[[BoolArray, Float32Array], float], defined: BoolArray
    ) -> Float64Array:
        values = np.full(y_true.shape[1], np.nan)
        with config_context(assume_finite=True, skip_parameter_validation=True):
            for label in np.flatnonzero(defined):
                where = known[:, label]
                values[label] = metric(y_true[where, label], y_score[where, label])
        return values

    return Separation(
        positives,
        each(roc_auc_score, (positives > 0) & (others > 0)),
        each(average_precision_score, positives > 0),
    )
