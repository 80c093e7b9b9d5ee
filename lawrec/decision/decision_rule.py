"""Decision rules: how scores become lists of articles, and the function that applies them.

Scores are rounded to six decimals before anything is compared, here as well as in tuning, because
two processors may differ in the last bits of a score. What this promises:

- A case's list is a function of its rounded scores alone. It is the same on every processor, in
  every batch and after every restart, as long as these are.
- A threshold that is itself the score of a case, such as the guarantee score, is a rounded score.
  That case reaches it wherever its score rounds to the same number, and not by luck.
- Any other threshold that tuning reads off a curve lies half-way between two neighbouring rounded
  scores, at least half a millionth away from each. Cross-fitting then averages such thresholds.

What it cannot promise: a score that differs by 1e-7 between two processors rounds differently on
them when it lies within 1e-7 of a rounding boundary, such as 0.1234565. The list of that case
changes only if a threshold lies between the two rounded scores, which are 1e-6 apart.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lawrec.decision.calibration import Calibration, calibrate
from lawrec.decision.expected_f1 import best_expected_f1
from lawrec.decision.score_order import relative_scores, round_scores, top_mask
from lawrec.decision.threshold_curve import NEVER
from lawrec.evaluation.confusion_counts import chunk_rows
from lawrec.translation import marked
from lawrec.types import BoolArray, Float32Array

ABOVE, BELOW = marked("above threshold"), marked("below threshold")
LIKELIEST, OUTSIDE = marked("likeliest list"), marked("outside the likeliest list")
"""Reasons why an article passes, or why it does not."""


@dataclass(frozen=True)
class DecisionRule:
    """Per-article thresholds, limits of a list, and optionally a calibration and a guarantee.

    Attributes:
        thresholds: float32 (n_articles,); `NEVER` for an article that never passes.
        min_articles: A shorter list is filled with the best scores of its case ...
        max_articles: A longer list keeps its best scores.
        fill_score: ... that are at least this.
        kind: How scores are compared with the thresholds, a key of `RULE_KINDS`.
        calibration: How scores become probabilities.
        guarantee: The lowest score that is listed whatever the article's threshold. A case with
            more than `max_articles` such articles gets no list at all: a person must decide it.
    """

    thresholds: Float32Array
    min_articles: int
    max_articles: int
    fill_score: float = 0.0
    kind: str = "threshold"
    calibration: Calibration | None = None
    guarantee: float = float(NEVER)


def decide(y_score: Float32Array, rule: DecisionRule) -> BoolArray:
    """Return the list of articles of each case, bool (n_cases, n_articles).

    A list that is too short is filled with the best scores, articles that can pass going before
    those that never do. A list that is too long keeps its best scores. Equal scores are ordered by
    column.

    Args:
        y_score: float32 (n_cases, n_articles), 0 to 1, rounded or not.
        rule: A rule for as many articles.

    Example:
        >>> rule = DecisionRule(np.array([0.5, 0.3], np.float32), min_articles=1, max_articles=9)
        >>> decide(np.array([[0.6, 0.4], [0.1, 0.2]], np.float32), rule).tolist()
        [[True, True], [False, True]]
    """
    y_pred = np.empty(y_score.shape, np.bool_)
    for rows in chunk_rows(len(y_score)):
        y_pred[rows] = _decide_chunk(round_scores(y_score[rows]), rule)
    return y_pred


def abstained(y_score: Float32Array, rule: DecisionRule) -> BoolArray:
    """Return which cases the rule leaves to a person, bool (n_cases,).

    They are those with more articles from the guarantee score on than a list may have.

    Example:
        >>> rule = DecisionRule(np.array([0.5, 0.5], np.float32), 0, 1, guarantee=0.2)
        >>> abstained(np.array([[0.3, 0.4], [0.3, 0.1]], np.float32), rule).tolist()
        [True, False]
    """
    n_guaranteed = (round_scores(y_score) >= rule.guarantee).sum(axis=1)
    over: BoolArray = n_guaranteed > rule.max_articles
    return over


def passing(y_score: Float32Array, rule: DecisionRule) -> BoolArray:
    """Return which articles pass by the thresholds alone, before the guarantee and the limits.

    Example:
        >>> rule = DecisionRule(np.array([0.5, 0.5], np.float32), 1, 9)
        >>> passing(np.array([[0.6, 0.4], [0.1, 0.2]], np.float32), rule).tolist()
        [[True, False], [False, False]]
    """
    passes = RULE_KINDS[rule.kind].passes(_eligible(round_scores(y_score), rule), rule)
    return passes & np.isfinite(rule.thresholds)


def score_thresholds(y_score: Float32Array, rule: DecisionRule) -> Float32Array:
    """Return the lowest score that passes, for each article in each case, (n_cases, n_articles).

    It is infinite for an article that never passes, and everywhere if a list is chosen as a whole.

    Example:
        >>> rule = DecisionRule(np.array([0.5, 0.5], np.float32), 1, 9, kind="share")
        >>> score_thresholds(np.array([[0.5, 0.25]], np.float32), rule).tolist()  # half of the best
        [[0.25, 0.25]]
    """
    with np.errstate(invalid="ignore"):  # an infinite threshold times a best score of 0
        thresholds = RULE_KINDS[rule.kind].thresholds(_eligible(round_scores(y_score), rule), rule)
    thresholds = np.where(np.isfinite(rule.thresholds), thresholds, NEVER)
    return np.broadcast_to(thresholds, y_score.shape)


def _eligible(y_score: Float32Array, rule: DecisionRule) -> Float32Array:
    """Return the scores, 0 for articles that never pass: they are not the best of a case either."""
    eligible = np.isfinite(rule.thresholds)
    return y_score if eligible.all() else np.where(eligible, y_score, np.float32(0))


def _decide_chunk(y_score: Float32Array, rule: DecisionRule) -> BoolArray:
    listed = passing(y_score, rule) | (y_score >= rule.guarantee)
    n_listed = listed.sum(axis=1)
    n_wanted = np.clip(n_listed, rule.min_articles, min(rule.max_articles, listed.shape[1]))
    rows = np.flatnonzero(n_listed != n_wanted)
    if len(rows):
        # Listed articles go first, articles that never pass go last.
        priority = np.where(listed[rows], 2, np.where(np.isinf(rule.thresholds), 0, 1))
        best = top_mask(y_score[rows], n_wanted[rows], priority=priority)
        listed[rows] = best & (listed[rows] | (y_score[rows] >= rule.fill_score))
    listed[abstained(y_score, rule)] = False
    return listed


@dataclass(frozen=True)
class RuleKind:
    """A way to compare scores with thresholds.

    Attributes:
        passes: From y_score and the rule to the articles that pass, bool (n_cases, n_articles).
        thresholds: From y_score and the rule to the lowest score of each article that passes, of a
            shape that broadcasts to (n_cases, n_articles); infinite where a list is chosen as a
            whole.
        absolute: Whether a threshold is a score, and not relative to the other scores of its case.
        reason_passed: The reason for an article that passes.
        reason_failed: The reason for one that does not.
    """

    passes: Callable[[Float32Array, DecisionRule], BoolArray]
    thresholds: Callable[[Float32Array, DecisionRule], Float32Array]
    absolute: bool = False
    reason_passed: str = ABOVE
    reason_failed: str = BELOW


def _likeliest_list(y_score: Float32Array, rule: DecisionRule) -> BoolArray:
    y_prob = calibrate(y_score, rule.calibration) if rule.calibration else y_score
    return best_expected_f1(_eligible(y_prob, rule), rule.max_articles)


RULE_KINDS = {
    "threshold": RuleKind(
        passes=lambda y_score, rule: y_score >= rule.thresholds,
        thresholds=lambda y_score, rule: rule.thresholds,
        absolute=True,
    ),
    "share": RuleKind(
        passes=lambda y_score, rule: relative_scores(y_score) >= rule.thresholds,
        thresholds=lambda y_score, rule: rule.thresholds * y_score.max(axis=1, keepdims=True),
    ),
    "expected_f1": RuleKind(
        passes=_likeliest_list,
        thresholds=lambda y_score, rule: np.full(1, NEVER),
        reason_passed=LIKELIEST,
        reason_failed=OUTSIDE,
    ),
}
"""What passes: a score of at least its article's threshold; a score of at least this share of the
best score of its case; or the articles of the list with the highest expected F1."""
