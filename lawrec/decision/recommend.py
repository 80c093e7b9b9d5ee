"""Recommend: from one case's scores to a ranked list of articles, each with its reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lawrec.decision.thresholds import Cuts, Floats, decide, rank

PASSED = "at or above its threshold"
FILLED = "best score, below its threshold"
TOO_MANY = "cut: the list is full"
BELOW = "below its threshold"


@dataclass(frozen=True)
class Recommendation:
    """One article for one case; `rank` counts from 1 by score, `threshold` is None for never."""

    rank: int
    article: str
    title: str
    score: float
    threshold: float | None
    recommended: bool
    reason: str


def recommend(
    y_score: Floats,
    cuts: Cuts,
    articles: Sequence[str],
    titles: Mapping[str, str],
    candidates: int = 0,
) -> list[list[Recommendation]]:
    """Return the recommended articles of each case by falling score.

    Args:
        y_score: float32 (n_cases, n_articles).
        cuts: How to decide.
        articles: The article of each column.
        titles: Titles of articles, where they are known.
        candidates: Give at least this many articles a case, the others marked as not recommended.
    """
    y_pred = decide(y_score, cuts)
    listed = y_pred | (rank(y_score) < candidates)
    order = np.argsort(-y_score, axis=1, kind="stable")
    return [
        [
            _recommendation(
                place, articles[label], titles, scores[label], cuts.thresholds[label], chosen[label]
            )
            for place, label in enumerate(columns, 1)
            if shown[label]
        ]
        for scores, chosen, shown, columns in zip(y_score, y_pred, listed, order, strict=True)
    ]


def _recommendation(
    place: int,
    article: str,
    titles: Mapping[str, str],
    score: np.float32,
    threshold: np.float32,
    recommended: np.bool_,
) -> Recommendation:
    return Recommendation(
        rank=place,
        article=article,
        title=titles.get(article, ""),
        score=round(float(score), 6),
        threshold=round(float(threshold), 6) if np.isfinite(threshold) else None,
        recommended=bool(recommended),
        reason=_reason(bool(score >= threshold), bool(recommended)),
    )


def _reason(passed: bool, recommended: bool) -> str:
    if recommended:
        return PASSED if passed else FILLED
    return TOO_MANY if passed else BELOW
