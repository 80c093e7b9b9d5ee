"""Recommend: from one case's scores to a ranked list of articles, each with its reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lawrec.decision.calibration import calibrate
from lawrec.decision.co_citation import CoCitations, CoCitationViolation, breaks
from lawrec.decision.decision_rule import (
    RULE_KINDS,
    DecisionRule,
    abstained,
    decide,
    passing,
    score_thresholds,
)
from lawrec.decision.score_order import rank
from lawrec.types import BoolArray, Float32Array

FALLBACK = "top-1 fallback"
MINIMUM = "minimum list"
GUARANTEE = "guarantee"
MAXIMUM = "cut by maximum"
ABSTAINED = "abstained"


@dataclass(frozen=True)
class Recommendation:
    """One article for one case; `rank` counts from 1 by score.

    `threshold` is the score from which the article passes in this case, None where none would do
    or the list is chosen as a whole; `probability` is None without calibration.
    """

    rank: int
    article: str
    title: str
    score: float
    probability: float | None
    threshold: float | None
    recommended: bool
    reason: str


@dataclass(frozen=True)
class Decision:
    """What one case is given.

    `abstained` marks a case for a person: the guarantee would take too long a list. `breaks` say
    where the recommended articles depart from what training shows.
    """

    recommendations: tuple[Recommendation, ...] = ()
    abstained: bool = False
    breaks: tuple[CoCitationViolation, ...] = ()


def recommend(
    y_score: Float32Array,
    rule: DecisionRule,
    *,
    articles: Sequence[str],
    titles: Mapping[str, str],
    candidates: int = 0,
    companions: CoCitations | None = None,
) -> list[Decision]:
    """Return the recommended articles of each case by falling score.

    Args:
        y_score: float32 (n_cases, n_articles).
        rule: How to decide.
        articles: The article of each column.
        titles: Titles of articles, where they are known.
        candidates: Give at least this many articles a case, the others marked as not recommended.
        companions: Which articles always and never stand together; by default, nothing is known.
    """
    y_pred = decide(y_score, rule)
    places = rank(y_score)
    listed = y_pred | (places < candidates)
    y_prob = calibrate(y_score, rule.calibration) if rule.calibration else None
    lines, why = score_thresholds(y_score, rule), reasons(y_score, y_pred, rule=rule)
    over = abstained(y_score, rule)
    together = companions or CoCitations({}, {})

    def entry(case: int, label: int) -> Recommendation:
        line = lines[case, label]
        return Recommendation(
            rank=int(places[case, label]) + 1,
            article=articles[label],
            title=titles.get(articles[label], ""),
            score=_rounded(y_score[case, label]),
            probability=None if y_prob is None else _rounded(y_prob[case, label]),
            threshold=_rounded(line) if np.isfinite(line) else None,
            recommended=bool(y_pred[case, label]),
            reason=str(why[case, label]),
        )

    return [
        Decision(
            tuple(entry(case, label) for label in sorted(labels, key=places[case].item)),
            bool(over[case]),
            tuple(breaks(np.flatnonzero(y_pred[case]).tolist(), together, articles)),
        )
        for case, labels in enumerate(np.flatnonzero(row).tolist() for row in listed)
    ]


def reasons(
    y_score: Float32Array, y_pred: BoolArray, *, rule: DecisionRule
) -> npt.NDArray[np.str_]:
    """Return for each case and article why it is recommended, or why not.

    Args:
        y_score: float32 (n_cases, n_articles).
        y_pred: What `decide` makes of these scores and cuts.
        rule: How to decide.
    """
    passed, needed = passing(y_score, rule), y_score >= rule.guarantee
    none = ~(passed | needed).any(axis=1, keepdims=True)
    alone = none & (y_pred.sum(axis=1, keepdims=True) == 1)
    over = abstained(y_score, rule)[:, None]
    kind = RULE_KINDS[rule.kind]
    return np.select(
        [
            over & (passed | needed),
            y_pred & passed,
            y_pred & needed,
            y_pred & alone,
            y_pred,
            passed,
        ],
        [ABSTAINED, kind.inside, GUARANTEE, FALLBACK, MINIMUM, MAXIMUM],
        kind.outside,
    )


def _rounded(value: np.float32) -> float:
    return round(float(value), 6)
