"""Recommend: from scores to a ranked list of articles per case, each with its reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lawrec.decision.calibration import calibrate
from lawrec.decision.co_citation import CoCitations, CoCitationViolation, find_violations
from lawrec.decision.decision_rule import (
    RULE_KINDS,
    DecisionRule,
    abstained,
    decide,
    passing,
    score_thresholds,
)
from lawrec.decision.explanation import Explanation
from lawrec.decision.score_order import SCORE_DECIMALS, rank, round_scores
from lawrec.translation import marked
from lawrec.types import BoolArray, Float32Array, Int64Array

FALLBACK = marked("top-1 fallback")
MINIMUM = marked("minimum list")
GUARANTEE = marked("guarantee")
MAXIMUM = marked("over the maximum")
ABSTAINED = marked("abstained")
NOTHING_KNOWN = marked("nothing known in the text")


@dataclass(frozen=True)
class FeatureContribution:
    """How far one feature moved the score of an article in a case.

    Attributes:
        name: The feature, such as "words: margin".
        value: Its value.
        contribution: How far it moved the logit of the score from the mean of all pairs.
    """

    name: str
    value: float
    contribution: float


@dataclass(frozen=True)
class Recommendation:
    """One article for one case.

    Attributes:
        rank: Its rank in the case by score, from 1.
        article: The article.
        title: Its title, "" where unknown.
        score: Its score, rounded to six decimals.
        probability: Its calibrated probability; None without calibration.
        threshold: The lowest score that passes in this case; None where no score is enough, or
            where the list is chosen as a whole.
        recommended: Whether it is in the list of the case.
        reason: Why it is, or why not.
        features: The features that moved its score most; empty for an article that the second
            stage did not rank, None where nobody asked for them.
        explanation: Why it is recommended; None if it is not, or where nobody asked.
    """

    rank: int
    article: str
    title: str
    score: float
    probability: float | None
    threshold: float | None
    recommended: bool
    reason: str
    features: tuple[FeatureContribution, ...] | None = None
    explanation: Explanation | None = None


@dataclass(frozen=True)
class Decision:
    """What is decided for one case.

    Attributes:
        recommendations: Articles by falling score; some may be shown without being recommended.
        abstained: Whether a person must decide, because the guarantee would make the list too long.
        violations: Where the recommended articles contradict the train cases.
    """

    recommendations: tuple[Recommendation, ...] = ()
    abstained: bool = False
    violations: tuple[CoCitationViolation, ...] = ()


def recommend(
    y_score: Float32Array,
    rule: DecisionRule,
    *,
    articles: Sequence[str],
    titles: Mapping[str, str],
    top_k: int = 0,
    co_citations: CoCitations | None = None,
    nothing_known: BoolArray | None = None,
) -> list[Decision]:
    """Return the recommended articles of each case by falling score.

    Args:
        y_score: float32 (n_cases, n_articles), rounded here before anything is decided.
        rule: The rule to decide by.
        articles: The article of each column.
        titles: Titles of articles, where they are known.
        top_k: Return at least this many articles per case, the others marked as not
            recommended.
        co_citations: Which articles are always and never cited together; by default, no pair is.
        nothing_known: bool (n_cases,): cases in whose text the model knows nothing. Their scores
            are those of any such text, so that a list has one article at most, and none unless the
            rule asks for one.

    Example:
        >>> rule = DecisionRule(np.array([0.5, 0.5], np.float32), 1, 9)
        >>> y_score = np.array([[0.75, 0.25]], np.float32)
        >>> recommend(y_score, rule, articles=("264", "266"), titles={"264": "盗窃罪"})
        ... # doctest: +NORMALIZE_WHITESPACE
        [Decision(recommendations=(Recommendation(rank=1, article='264', title='盗窃罪', score=0.75,
         probability=None, threshold=0.5, recommended=True, reason='above threshold',
         features=None, explanation=None),),
         abstained=False, violations=())]
    """
    y_score = round_scores(y_score)
    y_pred, ranks = decide(y_score, rule), rank(y_score)
    thresholds, why = score_thresholds(y_score, rule), reasons(y_score, y_pred, rule=rule)
    if nothing_known is not None:
        y_pred &= ~nothing_known[:, None] | (_best_listed(y_pred, ranks) & (rule.min_articles > 0))
        why = np.where(nothing_known[:, None], NOTHING_KNOWN, why)
    shown = y_pred | (ranks < top_k)
    y_prob = calibrate(y_score, rule.calibration) if rule.calibration else None
    over = abstained(y_score, rule)
    known_pairs = co_citations or CoCitations({}, {})

    def recommendation(case: int, label: int) -> Recommendation:
        threshold = thresholds[case, label]
        return Recommendation(
            rank=int(ranks[case, label]) + 1,
            article=articles[label],
            title=titles.get(articles[label], ""),
            score=_rounded(y_score[case, label]),
            probability=None if y_prob is None else _rounded(y_prob[case, label]),
            threshold=_rounded(threshold) if np.isfinite(threshold) else None,
            recommended=bool(y_pred[case, label]),
            reason=str(why[case, label]),
        )

    def decision(case: int) -> Decision:
        labels = sorted(np.flatnonzero(shown[case]).tolist(), key=ranks[case].item)
        recommended = np.flatnonzero(y_pred[case]).tolist()
        return Decision(
            recommendations=tuple(recommendation(case, label) for label in labels),
            abstained=bool(over[case]),
            violations=tuple(find_violations(recommended, known_pairs, articles=articles)),
        )

    return [decision(case) for case in range(len(y_score))]


def reasons(
    y_score: Float32Array, y_pred: BoolArray, *, rule: DecisionRule
) -> npt.NDArray[np.object_]:
    """Return why each article of each case is recommended, or why it is not.

    Args:
        y_score: float32 (n_cases, n_articles).
        y_pred: What `decide` returns for these scores and this rule, of the same shape.
        rule: The rule.

    Returns:
        A str for each, (n_cases, n_articles).

    Example:
        >>> rule = DecisionRule(np.array([0.5, 0.5], np.float32), 1, 9)
        >>> y_score = np.array([[0.3, 0.1]], np.float32)
        >>> reasons(y_score, decide(y_score, rule), rule=rule).tolist()
        [['top-1 fallback', 'below threshold']]
    """
    passed = passing(y_score, rule)
    guaranteed = round_scores(y_score) >= rule.guarantee
    none_listed = ~(passed | guaranteed).any(axis=1, keepdims=True)
    alone = none_listed & (y_pred.sum(axis=1, keepdims=True) == 1)
    over = abstained(y_score, rule)[:, None]
    kind = RULE_KINDS[rule.kind]
    conditions = {  # the first one that holds is the reason
        ABSTAINED: over & (passed | guaranteed),
        kind.reason_passed: y_pred & passed,
        GUARANTEE: y_pred & guaranteed,
        FALLBACK: y_pred & alone,
        MINIMUM: y_pred,
        MAXIMUM: passed,
    }
    names = np.array([*conditions, kind.reason_failed], object)
    # Numbers first: an array of texts would have room for the longest one in every entry.
    numbers = np.select([*conditions.values()], [*range(len(conditions))], len(conditions))
    why: npt.NDArray[np.object_] = names[numbers]
    return why


def _best_listed(y_pred: BoolArray, ranks: Int64Array) -> BoolArray:
    """Return the best article of each list that has one, bool (n_cases, n_articles)."""
    last = ranks.shape[1]
    best = np.where(y_pred, ranks, last).min(axis=1, keepdims=True, initial=last)
    first: BoolArray = ranks == best
    return first


def _rounded(value: np.float32) -> float:
    return round(float(value), SCORE_DECIMALS)
