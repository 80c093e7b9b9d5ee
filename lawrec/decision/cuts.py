"""Cuts: how to decide, and the one function that applies it: scores -> lists of articles."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lawrec.decision.calibration import Calibration, calibrated
from lawrec.decision.curves import NEVER, Bools, Floats, Ints

CHUNK_CASES = 1_024
CERTAIN = 12
"""Best articles of a case that are reckoned with one by one in its expected F1."""
OTHERS = 18
"""Other true articles of a case that are reckoned with in its expected F1, at most."""
_SCORE_BITS, _COLUMN_BITS = 32, 20
_COLUMNS = (1 << _COLUMN_BITS) - 1


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


def rank(y_score: Floats) -> Ints:
    """Return the place of each article in its case's list by score, from 0; ties by column."""
    places = np.empty(y_score.shape, np.int64)
    order = np.argsort(-y_score, axis=1, kind="stable")
    np.put_along_axis(places, order, np.arange(order.shape[1])[None, :], axis=1)
    return places


def best_columns(y_score: Floats, n: int) -> Ints:
    """Return the columns of the n best scores of each case, from the best on; ties by column."""
    last = y_score.shape[1] - 1
    columns: Ints = last - (_highest(_places(y_score), min(n, last + 1)) & _COLUMNS)
    return columns


def shares(y_score: Floats) -> Floats:
    """Return each score divided by the best of its case; 0 where that is 0."""
    best = y_score.max(axis=1, keepdims=True)
    divisor: Floats = np.where(best > 0, best, np.float32(1)).astype(np.float32)
    return y_score / divisor


def chunk_rows(n_cases: int) -> Iterator[slice]:
    """Give the rows of one chunk of cases after another, so that memory stays constant."""
    return (slice(start, start + CHUNK_CASES) for start in range(0, n_cases, CHUNK_CASES))


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


def _places(y_score: Floats) -> Ints:
    """Return a whole number for each score that ranks it in its case, ties by column.

    It holds the score's bits, which rise with the score since none is negative, and the column.
    """
    scores = np.ascontiguousarray(y_score, np.float32).view(np.int32).astype(np.int64)
    return (scores << _COLUMN_BITS) | np.arange(y_score.shape[1])[::-1]


def _highest(places: Ints, n: int) -> Ints:
    """Return the n highest numbers of each row, falling."""
    best: Ints = -np.sort(np.partition(-places, n - 1, axis=1)[:, :n], axis=1)
    return best


def _best_expected_f1(y_score: Floats, cuts: Cuts) -> Bools:
    """Return the list of each case whose expected F1 is highest, the articles being independent.

    The best list is that of the k most probable articles, for some k (Lewis 1995). With S the
    number of true articles, its F1 is expected to be the sum over its articles i of
    p_i E[2 / (k + 1 + S without i)]. The distribution of S is exact for the `CERTAIN` most
    probable articles; the others together are taken as Poisson, which errs by less than the sum
    of their squared probabilities (Le Cam 1960). Formula: Ye et al., "Optimizing F-Measure: A
    Tale of Two Approaches", 2012.
    """
    y_prob = calibrated(y_score, cuts.calibration) if cuts.calibration else y_score
    y_prob = _firing(y_prob, cuts)
    columns = best_columns(y_prob, CERTAIN)
    top = np.take_along_axis(y_prob, columns, axis=1).astype(np.float64)
    rest = _poisson(np.maximum(y_prob.sum(axis=1) - top.sum(axis=1), 0))
    lengths = np.arange(1, min(cuts.max_articles, top.shape[1]) + 1)
    gain = 2 / (lengths[:, None] + 1 + np.arange(OTHERS))
    without_each = _without_each(rest, top.T[:, :, None])
    of_article = [
        p[:, None] * (others @ gain.T)
        for p, others, _ in zip(top.T, without_each, lengths, strict=False)
    ]
    expected = np.diagonal(np.cumsum(of_article, axis=0), axis1=0, axis2=2)
    best = np.argmax(expected, axis=1)
    passed = np.zeros(y_score.shape, np.bool_)
    listed = np.arange(len(lengths)) <= best[:, None]
    np.put_along_axis(passed, columns[:, : len(lengths)], listed, axis=1)
    return passed


def _poisson(mean: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """Return the probability of 0, 1, ... events, (n, OTHERS)."""
    steps = np.arange(1, OTHERS)
    ratios = np.concatenate((np.exp(-mean)[:, None], mean[:, None] / steps), axis=1)
    return np.cumprod(ratios, axis=1)


def _without_each(
    counted: npt.NDArray[np.float64], prob: npt.NDArray[np.float64]
) -> Iterator[npt.NDArray[np.float64]]:
    """Give the distribution of a number when all of some events but one may add 1, for each one.

    Either half of the events is added once for all of the other half.

    Args:
        counted: The distribution before, (n, OTHERS).
        prob: The probability of each event, (n_events, n, 1).
    """
    if len(prob) == 1:
        yield counted
        return
    half = len(prob) // 2
    yield from _without_each(_with(counted, prob[half:]), prob[:half])
    yield from _without_each(_with(counted, prob[:half]), prob[half:])


def _with(
    counted: npt.NDArray[np.float64], prob: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the distribution of a number after each of some events may have added 1."""
    for p in prob:
        more = counted[:, :-1] * p
        counted = counted * (1 - p)
        counted[:, 1:] += more
    return counted


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
