"""Cuts: how to decide, and the one function that applies it: scores -> lists of articles."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lawrec.decision.calibration import Calibration
from lawrec.decision.expected_f1 import _best_expected_f1
from lawrec.decision.score_order import (
    _COLUMN_BITS,
    _SCORE_BITS,
    _highest,
    _places,
    chunk_rows,
    shares,
)
from lawrec.decision.threshold_curve import NEVER, Bools, Floats, Ints


@dataclass(frozen=True)
class Cuts:
    """How to decide: a threshold an article, and the least and the most articles of a case.

    What fills a list up to the least must score at least `fill_score`. From the score `guarantee`
    on an article is listed whatever its threshold; a case with more such articles than the most
    is not answered at all.
    """

    thresholds: Floats
    min_articles: int
    max_articles: int
    fill_score: float = 0.0
    rule: str = "threshold"  # a key of `RULES`
    calibration: Calibration | None = None
    guarantee: float = float(NEVER)


def decide(y_score: Floats, cuts: Cuts) -> Bools:
    """Return y_pred: the articles that pass by the rule of the cuts, within the least and the most.

    A list that is too short is filled with the best scores from `fill_score` on, first among the
    articles that can fire at all; one that is too long keeps its best scores. Ties go by column.

    Args:
        y_score: float32 (n_cases, n_articles), 0 to 1.
        cuts: How to decide, for as many articles.
    """
    y_pred = np.empty(y_score.shape, np.bool_)
    for rows in chunk_rows(len(y_score)):
        y_pred[rows] = _decided(y_score[rows], cuts)
    return y_pred


def abstained(y_score: Floats, cuts: Cuts) -> Bools:
    """Return for each case whether the guarantee would take more articles than the most."""
    over: Bools = (y_score >= cuts.guarantee).sum(axis=1) > cuts.max_articles
    return over


def passing(y_score: Floats, cuts: Cuts) -> Bools:
    """Return which articles pass by the rule alone, before the guarantee and the limits."""
    return RULES[cuts.rule](_firing(y_score, cuts), cuts) & np.isfinite(cuts.thresholds)


def thresholds_of(y_score: Floats, cuts: Cuts) -> Floats:
    """Return the score from which each article passes in each case, (n_cases, n_articles).

    It is infinite where none would do, and everywhere if lists are chosen as a whole.
    """
    with np.errstate(invalid="ignore"):  # never, times a best score of 0
        lines = LINES[cuts.rule](_firing(y_score, cuts), cuts)
    return np.broadcast_to(np.where(np.isfinite(cuts.thresholds), lines, NEVER), y_score.shape)


def _firing(y_score: Floats, cuts: Cuts) -> Floats:
    """Return the scores, 0 for what never fires, so that it is nobody's best either."""
    can_fire = np.isfinite(cuts.thresholds)
    return y_score if can_fire.all() else np.where(can_fire, y_score, np.float32(0))


def _decided(y_score: Floats, cuts: Cuts) -> Bools:
    passed = passing(y_score, cuts)
    listed = passed | (y_score >= cuts.guarantee)
    found = listed.sum(axis=1)
    wanted = np.clip(found, cuts.min_articles, min(cuts.max_articles, listed.shape[1]))
    rows = np.flatnonzero(found != wanted)
    if len(rows):
        within = _best(y_score[rows], listed[rows], np.isinf(cuts.thresholds), wanted[rows])
        listed[rows] = within & (listed[rows] | (y_score[rows] >= cuts.fill_score))
    listed[abstained(y_score, cuts)] = False
    return listed


def _best(y_score: Floats, listed: Bools, never: Bools, wanted: Ints) -> Bools:
    """Return each case's `wanted` best articles: what is listed first, what never fires last."""
    flags = np.where(listed, 2, np.where(never, 0, 1))
    places = (flags << _SCORE_BITS + _COLUMN_BITS) | _places(y_score)
    best = _highest(places, max(1, int(wanted.max())))
    last = np.take_along_axis(best, np.maximum(wanted, 1)[:, None] - 1, axis=1)
    within: Bools = (places >= last) & (wanted > 0)[:, None]
    return within


RULES: dict[str, Callable[[Floats, Cuts], Bools]] = {
    "threshold": lambda y_score, cuts: y_score >= cuts.thresholds,
    "share": lambda y_score, cuts: shares(y_score) >= cuts.thresholds,
    "expected-f1": _best_expected_f1,
}
"""What passes: a score at its article's threshold, a score that is this share of its case's best,
or a list that is chosen as a whole."""
LINES: dict[str, Callable[[Floats, Cuts], Floats]] = {
    "threshold": lambda y_score, cuts: cuts.thresholds,
    "share": lambda y_score, cuts: cuts.thresholds * y_score.max(axis=1, keepdims=True),
    "expected-f1": lambda y_score, cuts: np.full(1, NEVER),
}
