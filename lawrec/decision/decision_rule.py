"""Cuts: how to decide, and the one function that applies it: scores -> lists of articles."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lawrec.decision.calibration import Calibration, calibrate
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

ABOVE, BELOW = "above threshold", "below threshold"
LIKELIEST, OUTSIDE = "likeliest list", "outside the likeliest list"
"""Reasons why an article passes, or why not."""


@dataclass(frozen=True)
class DecisionRule:
    """How to decide: a threshold an article, and the least and the most articles of a case.

    What fills a list up to the least must score at least `fill_score`. From the score `guarantee`
    on an article is listed whatever its threshold; a case with more such articles than the most
    is not answered at all.
    """

    thresholds: Float32Array
    min_articles: int
    max_articles: int
    fill_score: float = 0.0
    kind: str = "threshold"  # a key of `RULE_KINDS`
    calibration: Calibration | None = None
    guarantee: float = float(NEVER)


def decide(y_score: Float32Array, rule: DecisionRule) -> BoolArray:
    """Return y_pred: the articles that pass by the rule of the cuts, within the least and the most.

    A list that is too short is filled with the best scores from `fill_score` on, first among the
    articles that can fire at all; one that is too long keeps its best scores. Ties go by column.

    Args:
        y_score: float32 (n_cases, n_articles), 0 to 1.
        rule: How to decide, for as many articles.
    """
    y_pred = np.empty(y_score.shape, np.bool_)
    for rows in chunk_rows(len(y_score)):
        y_pred[rows] = _decided(y_score[rows], rule)
    return y_pred


def abstained(y_score: Float32Array, rule: DecisionRule) -> BoolArray:
    """Return for each case whether the guarantee would take more articles than the most."""
    over: BoolArray = (y_score >= rule.guarantee).sum(axis=1) > rule.max_articles
    return over


def passing(y_score: Float32Array, rule: DecisionRule) -> BoolArray:
    """Return which articles pass by the rule alone, before the guarantee and the limits."""
    return RULE_KINDS[rule.kind].passes(_firing(y_score, rule), rule) & np.isfinite(rule.thresholds)


def score_thresholds(y_score: Float32Array, rule: DecisionRule) -> Float32Array:
    """Return the score from which each article passes in each case, (n_cases, n_articles).

    It is infinite where none would do, and everywhere if lists are chosen as a whole.
    """
    with np.errstate(invalid="ignore"):  # never, times a best score of 0
        lines = RULE_KINDS[rule.kind].line(_firing(y_score, rule), rule)
    return np.broadcast_to(np.where(np.isfinite(rule.thresholds), lines, NEVER), y_score.shape)


def _firing(y_score: Float32Array, rule: DecisionRule) -> Float32Array:
    """Return the scores, 0 for what never fires, so that it is nobody's best either."""
    can_fire = np.isfinite(rule.thresholds)
    return y_score if can_fire.all() else np.where(can_fire, y_score, np.float32(0))


def _decided(y_score: Float32Array, rule: DecisionRule) -> BoolArray:
    passed = passing(y_score, rule)
    listed = passed | (y_score >= rule.guarantee)
    found = listed.sum(axis=1)
    wanted = np.clip(found, rule.min_articles, min(rule.max_articles, listed.shape[1]))
    rows = np.flatnonzero(found != wanted)
    if len(rows):
        within = _best(
            y_score[rows], listed[rows], never=np.isinf(rule.thresholds), wanted=wanted[rows]
        )
        listed[rows] = within & (listed[rows] | (y_score[rows] >= rule.fill_score))
    listed[abstained(y_score, rule)] = False
    return listed


def _best(
    y_score: Float32Array, listed: BoolArray, *, never: BoolArray, wanted: Int64Array
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

    passes: Callable[[Float32Array, DecisionRule], BoolArray]
    line: Callable[[Float32Array, DecisionRule], Float32Array]
    inside: str = ABOVE
    outside: str = BELOW


def _likeliest_list(y_score: Float32Array, kind: DecisionRule) -> BoolArray:
    y_prob = calibrate(y_score, kind.calibration) if kind.calibration else y_score
    return best_expected_f1(_firing(y_prob, kind), kind.max_articles)


RULE_KINDS: dict[str, RuleKind] = {
    "threshold": RuleKind(
        passes=lambda y_score, kind: y_score >= kind.thresholds,
        line=lambda y_score, kind: kind.thresholds,
    ),
    "share": RuleKind(
        passes=lambda y_score, kind: shares(y_score) >= kind.thresholds,
        line=lambda y_score, kind: kind.thresholds * y_score.max(axis=1, keepdims=True),
    ),
    "expected-f1": RuleKind(
        passes=_likeliest_list,
        line=lambda y_score, kind: np.full(1, NEVER),
        inside=LIKELIEST,
        outside=OUTSIDE,
    ),
}
"""What passes: a score at its article's threshold, a score that is this share of its case's best,
or a list that is chosen as a whole."""
