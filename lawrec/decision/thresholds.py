"""Thresholds: choose one cut for each article on a tuning split, and apply the cuts.

An article is positive where `score >= threshold`. Thresholds are float32 (n_articles,).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from lawrec.config import DecisionConfig, chosen
from lawrec.decision.metrics import micro_f1

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
NEVER = np.float32(np.inf)
SHRINK_CASES = 20
"""True cases at which an article's own cut weighs as much as the cut of all articles together."""


@dataclass(frozen=True)
class Cuts:
    """How to decide: a threshold an article, and the least and the most articles of a case.

    What fills a list up to the least must score at least `fill_score`.
    """

    thresholds: Floats
    min_articles: int
    max_articles: int
    fill_score: float = 0.0


def tune(
    y_true: Bools, y_score: Floats, config: DecisionConfig, known: Bools | None = None
) -> Cuts:
    """Choose the cuts on a tuning split by the strategy of the configuration.

    Args:
        y_true: The true articles, (n_cases, n_articles).
        y_score: Their scores, of the same shape, 0 to 1.
        config: Names the strategy, a key of `STRATEGIES`.
        known: Of the same shape; an entry where it is False counts nowhere. By default, none.

    Returns:
        The cuts. Nothing says when an article without a true case should fire: it gets the
        configuration's `unseen_score`.
    """
    known = np.ones_like(y_true) if known is None else known
    seen = (y_true & known).any(axis=0)
    thresholds = np.full(y_score.shape[1], config.unseen_score, np.float32)
    if not seen.any():
        return _cuts(thresholds, config)
    strategy = chosen(STRATEGIES, config.strategy, "decision.strategy")
    cuts = strategy(y_true[:, seen], y_score[:, seen], known[:, seen], config)
    thresholds[seen] = cuts.thresholds
    return replace(cuts, thresholds=thresholds)


def decide(y_score: Floats, cuts: Cuts) -> Bools:
    """Return y_pred: the articles at or above their threshold, within the least and the most.

    A list that is too short is filled with the best scores from `fill_score` on, first among the
    articles that can fire at all; one that is too long keeps its best scores.
    """
    passed = y_score >= cuts.thresholds
    wanted = np.clip(passed.sum(axis=1, keepdims=True), cuts.min_articles, cuts.max_articles)
    never = np.broadcast_to(np.isinf(cuts.thresholds), y_score.shape)
    within = _places(np.lexsort((-y_score, ~passed, never), axis=1)) < wanted
    y_pred: Bools = within & (passed | (y_score >= cuts.fill_score))
    return y_pred


def rank(y_score: Floats) -> npt.NDArray[np.int64]:
    """Return the place of each article in its case's list by score, from 0; ties by column."""
    return _places(np.argsort(-y_score, axis=1, kind="stable"))


def best_cut(y_true: Bools, y_score: Floats) -> float:
    """Return the cut with the best F1 over all cuts that the scores allow, exactly.

    With the scores in falling order, the cut after the first k of them has
    F1 = 2 TP(k) / (k + P), P being the number of positives; only a k where the score falls is a
    cut, and the end, where all are positive. It lies half-way to the next score below, so that it
    does not hang on one case.

    Args:
        y_true: bool (n,).
        y_score: float32 (n,).
    """
    order = np.argsort(-y_score, kind="stable")
    scores = np.append(y_score[order], np.float32(0))
    tp = np.cumsum(y_true[order])
    f1 = 2 * tp / (np.arange(1, len(order) + 1) + y_true.sum())
    is_cut = scores[1:] < scores[:-1]
    is_cut[-1] = True
    k = int(np.argmax(np.where(is_cut, f1, -1.0)))
    middle = np.float32((scores[k] + scores[k + 1]) / 2)
    return float(middle if middle > scores[k + 1] else scores[k])


def _places(order: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the place of each column in its row's order of columns."""
    places = np.empty(order.shape, np.int64)
    np.put_along_axis(places, order, np.arange(order.shape[1])[None, :], axis=1)
    return places


def _fixed(y_true: Bools, y_score: Floats, known: Bools, config: DecisionConfig) -> Cuts:
    return _cuts(np.full(y_score.shape[1], 0.5), config)


def _global(y_true: Bools, y_score: Floats, known: Bools, config: DecisionConfig) -> Cuts:
    """One cut for all articles, with the best micro-F1."""
    return _cuts(np.full(y_score.shape[1], best_cut(y_true[known], y_score[known])), config)


def _per_article(y_true: Bools, y_score: Floats, known: Bools, config: DecisionConfig) -> Cuts:
    """The cut with the best F1 of each article, drawn towards the global cut by its support."""
    pooled = best_cut(y_true[known], y_score[known])
    columns = zip(y_true.T, y_score.T, known.T, strict=True)
    own = np.array([best_cut(true[where], score[where]) for true, score, where in columns])
    support = (y_true & known).sum(axis=0)
    weight = support / (support + SHRINK_CASES)
    return _cuts(weight * own + (1 - weight) * pooled, config)


def _top_n(y_true: Bools, y_score: Floats, known: Bools, config: DecisionConfig) -> Cuts:
    """The same number of articles for every case, with the best micro-F1."""
    least = max(1, config.min_articles)
    cuts = [
        Cuts(np.zeros(y_score.shape[1], np.float32), n, n)
        for n in range(least, max(least, config.max_articles) + 1)
    ]
    return max(cuts, key=lambda cut: micro_f1(y_true, decide(y_score, cut), known))


def _cuts(thresholds: npt.NDArray[np.floating[Any]], config: DecisionConfig) -> Cuts:
    limits = (config.min_articles, config.max_articles, config.fill_score)
    return Cuts(thresholds.astype(np.float32), *limits)


STRATEGIES: dict[str, Callable[[Bools, Floats, Bools, DecisionConfig], Cuts]] = {
    "fixed": _fixed,
    "global": _global,
    "per-article": _per_article,
    "top-n": _top_n,
}
