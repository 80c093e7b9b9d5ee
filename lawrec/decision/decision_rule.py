"""Cuts: how to decide, and the one function that applies it: scores -> lists of articles."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lawrec.decision.calibration import Calibration, calibrated
from lawrec.decision.expected_f1 import best_expected_f1
from lawrec.decision.score_order import (
    _COLUMN_BITS,
    _SCORE_BITS,
    _highest,
    _places,
    chunk_rows,
    shares,
)
from lawrec.decision.threshold_curve import NEVER
from lawrec.types import BoolArray, Float32Array, Int64Array


@dataclass(frozen=True)
class Cuts:
    """How to decide: a threshold an article, and the least and the most articles of a case.

    What fills a list up to the least must score at least `fill_score`. From the score `guarantee`
    on an article is listed whatever its threshold; a case with more such articles than the most
    is not answered at all.
    """

    thresholds: Float32Array
    min_articles: int
    max_articles: int
    fill_score: float = 0.0
    rule: str = "threshold"  # a key of `RULE_KINDS`
    calibration: Calibration | None = None
    guarantee: float = float(NEVER)


def decide(y_score: Float32Array, cuts: Cuts) -> BoolArray:
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


def abstained(y_score: Float32Array, cuts: Cuts) -> BoolArray:
    """Return for each case whether the guarantee would take more articles than the most."""
    over: BoolArray = (y_score >= cuts.guarantee).sum(axis=1) > cuts.max_articles
    return over


def passing(y_score: Float32Array, cuts: Cuts) -> BoolArray:
    """Return which articles pass by the rule alone, before the guarantee and the limits."""
    return RULE_KINDS[cuts.rule].passes(_firing(y_score, cuts), cuts) & np.isfinite(cuts.thresholds)


def thresholds_of(y_score: Float32Array, cuts: Cuts) -> Float32Array:
    """Return the score from which each article passes in each case, (n_cases, n_articles).

    It is infinite where none would do, and everywhere if lists are chosen as a whole.
    """
    with np.errstate(invalid="ignore"):  # never, times a best score of 0
        lines = RULE_KINDS[cuts.rule].line(_firing(y_score, cuts), cuts)
    return np.broadcast_to(np.where(np.isfinite(cuts.thresholds), lines, NEVER), y_score.shape)


def _firing(y_score: Float32Array, cuts: Cuts) -> Float32Array:
    """Return the scores, 0 for what never fires, so that it is nobody's best either."""
    can_fire = np.isfinite(cuts.thresholds)
    return y_score if can_fire.all() else np.where(can_fire, y_score, np.float32(0))


def _decided(y_score: Float32Array, cuts: Cuts) -> BoolArray:
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


def _best(
    y_score: Float32Array, listed: BoolArray, never: BoolArray, wanted: Int64Array
) -> BoolArray:
    """Return each case's `wanted` best articles: what is listed first, what never fires last."""
    flags = np.where(listed, 2, np.where(never, 0, 1))
    places = (flags << _SCORE_BITS + _COLUMN_BITS) | _places(y_score)
    best = _highest(places, max(1, int(wanted.max())))
    last = np.take_along_axis(best, np.maximum(wanted, 1)[:, None] - 1, axis=1)
    within: BoolArray = (places >= last) & (wanted > 0)[:, None]
    return within


@dataclass(frozen=True)
class RuleKind:
    """A way to decide which articles pass.

    Attributes:
        passes: From y_score and the rule to which articles pass, bool (n_cases, n_articles).
        line: From y_score and the rule to the score from which each article passes, something that
            broadcasts to (n_cases, n_articles); infinite where a list is chosen as a whole.
        inside: The reason for an article that passes.
        outside: The reason for one that does not.
    """

    passes: Callable[[Float32Array, Cuts], BoolArray]
    line: Callable[[Float32Array, Cuts], Float32Array]
    inside: str = "above threshold"
    outside: str = "below threshold"


def _likeliest_list(y_score: Float32Array, rule: Cuts) -> BoolArray:
    y_prob = calibrated(y_score, rule.calibration) if rule.calibration else y_score
    return best_expected_f1(_firing(y_prob, rule), rule.max_articles)


RULE_KINDS: dict[str, RuleKind] = {
    "threshold": RuleKind(
        passes=lambda y_score, rule: y_score >= rule.thresholds,
        line=lambda y_score, rule: rule.thresholds,
    ),
    "share": RuleKind(
        passes=lambda y_score, rule: shares(y_score) >= rule.thresholds,
        line=lambda y_score, rule: rule.thresholds * y_score.max(axis=1, keepdims=True),
    ),
    "expected-f1": RuleKind(
        passes=_likeliest_list,
        line=lambda y_score, rule: np.full(1, NEVER),
        inside="likeliest list",
        outside="outside the likeliest list",
    ),
}
"""What passes: a score at its article's threshold, a score that is this share of its case's best,
or a list that is chosen as a whole."""
