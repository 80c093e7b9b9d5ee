"""Thresholds: choose the cuts on labelled cases, by one of several strategies.

Whatever is called exact here is so before the least and the most articles of a case apply.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from lawrec.config import DecisionConfig
from lawrec.decision.decision_rule import DecisionRule, decide
from lawrec.decision.objectives import best_point, f1
from lawrec.decision.score_order import best_columns, chunk_rows
from lawrec.decision.threshold_curve import Curve
from lawrec.decision.tuning_cases import TuningCases
from lawrec.evaluation.metrics import cail_score
from lawrec.registry import lookup
from lawrec.types import BoolArray, Float64Array, Int64Array

_NOTHING = 1e-12  # a gain below it is rounding


def tune(cases: TuningCases, config: DecisionConfig) -> DecisionRule:
    """Choose the cuts on labelled cases by the strategy of the configuration.

    Nothing there says when an article without a true case should fire: it gets the
    configuration's `unseen_threshold` and sways no other; where that is 0, it gets the best cut of
    all articles together.

    Raises:
        ConfigError: There is no such strategy or objective.
    """
    strategy = lookup(STRATEGIES, config.strategy, where="decision.strategy")
    if not config.unseen_threshold or cases.support.all():
        return strategy(cases, config)
    if not cases.support.any():
        return _cuts(np.full(len(cases.support), config.unseen_threshold), config)
    return _with_unseen(
        strategy(cases.seen, config), cases.support > 0, unseen_threshold=config.unseen_threshold
    )


def shared_cut(cases: TuningCases, config: DecisionConfig) -> np.float32:
    """Return the best cut of all articles together by the objective, for `cost` the cheapest.

    Where each article has its own costs, it is the cheapest by their mean.
    """
    pooled = cases.pooled
    if config.strategy == "cost":
        return pooled.threshold(_cheapest(pooled, *_costs(cases, config).mean(axis=0)))
    return pooled.threshold(best_point(pooled, config))


def _fixed(cases: TuningCases, config: DecisionConfig) -> DecisionRule:
    """0.5 for every article."""
    return _cuts(np.full(cases.y_true.shape[1], 0.5), config)


def _global(cases: TuningCases, config: DecisionConfig) -> DecisionRule:
    """One cut for all articles with the best objective, exactly."""
    return _cuts(np.full(cases.y_true.shape[1], shared_cut(cases, config)), config)


def _per_article(cases: TuningCases, config: DecisionConfig) -> DecisionRule:
    """Each article's own best cut, exactly."""
    return _at(cases, [best_point(curve, config) for curve in cases.curves], config=config)


def _top_n(cases: TuningCases, config: DecisionConfig) -> DecisionRule:
    """The same number of articles for every case, with the best micro-F1, exactly."""
    thresholds = np.zeros(cases.y_true.shape[1])
    lengths = np.arange(max(1, config.min_articles), config.max_articles + 1)
    rule = _cuts(thresholds, config, kind="share")
    tp, listed = _within_best(cases, config.max_articles)
    best = f1(tp, listed, cases.support.sum())[np.minimum(lengths, len(tp)) - 1]
    n = int(lengths[np.argmax(best)])
    return replace(rule, min_articles=n, max_articles=n)


def _top_n_per_score(cases: TuningCases, config: DecisionConfig) -> DecisionRule:
    """As many articles as score at least a share of their case's best, the best share exactly."""
    share = cases.shares.threshold(best_point(cases.shares, config))
    return _cuts(np.full(cases.y_true.shape[1], share), config, kind="share")


def _micro_f1(cases: TuningCases, config: DecisionConfig) -> DecisionRule:
    """The cuts of all articles whose micro-F1 is best, exactly."""
    return _at(cases, micro_f1_points(cases.curves), config=config)


def _cail(cases: TuningCases, config: DecisionConfig) -> DecisionRule:
    """The best CAIL score that coordinate ascent finds from several starts.

    No other strategy has a better one on these cases: theirs are candidates too.
    """
    own = [best_point(curve, replace(config, objective="micro_f1")) for curve in cases.curves]
    starts = (own, micro_f1_points(cases.curves), [0] * len(own))
    found = [
        _at(cases, cail_points(cases.curves, start, judged=cases.judged), config=config)
        for start in starts
    ]
    others = [
        strategy(cases, replace(config, strategy=name))
        for name, strategy in STRATEGIES.items()
        if name != "cail"
    ]

    return best_by_cail_score(cases, (*found, *others))


def best_by_cail_score(cases: TuningCases, candidates: Sequence[DecisionRule]) -> DecisionRule:
    """Return the cuts with the best CAIL score on these cases, the limits included."""

    def score(rule: DecisionRule) -> float:
        return cail_score(
            cases.y_true, decide(cases.y_score, rule), cases.known, cases.n_absent_articles
        )

    return max(candidates, key=score)


def _expected_f1(cases: TuningCases, config: DecisionConfig) -> DecisionRule:
    """For each case the list with the best expected F1, by calibrated probabilities."""
    rule = _cuts(np.zeros(cases.y_true.shape[1]), config, kind="expected-f1")
    return replace(rule, calibration=cases.calibration(config.calibration))


def _cost(cases: TuningCases, config: DecisionConfig) -> DecisionRule:
    """The cut of each article that costs least, by what misses and false articles cost, exactly."""
    pairs = zip(cases.curves, _costs(cases, config), strict=True)
    return _at(cases, [_cheapest(curve, *costs) for curve, costs in pairs], config=config)


def _costs(cases: TuningCases, config: DecisionConfig) -> Float64Array:
    if cases.costs is not None:
        return cases.costs
    return np.tile((config.miss_cost, config.false_cost), (len(cases.support), 1))


def _cheapest(curve: Curve, miss: float, false: float) -> int:
    missed, wrong = curve.positives - curve.tp, curve.chosen - curve.tp
    return int(np.argmin(miss * missed + false * wrong))


def micro_f1_points(curves: list[Curve]) -> list[int]:
    """Return the cut of each curve such that their micro-F1 together is the best of all choices.

    Dinkelbach's method: for a ratio r, the sum of 2 TP - r (chosen + positives) is made large,
    which each curve can do by itself; the ratio of what is found is the next r. It rises until it
    is the best. Source: Dinkelbach, "On Nonlinear Fractional Programming", 1967.
    """
    positives = sum(curve.positives for curve in curves)
    ratio, points = 0.0, [0] * len(curves)
    while True:
        found = [int(np.argmax(2 * curve.tp - ratio * curve.chosen)) for curve in curves]
        tp, listed = _totals(curves, found)
        if positives == 0 or 2 * tp / (listed + positives) <= ratio:
            return points
        ratio, points = 2 * tp / (listed + positives), found


def cail_points(curves: list[Curve], start: list[int], *, judged: int) -> list[int]:
    """Return cuts that no change of a single one betters, by their CAIL score.

    Its mean is over `judged` articles, those without a curve among them being right in all cases.
    Coordinate ascent: each curve in turn takes the cut that is best given all the others'.
    """
    points = list(start)
    positives = sum(curve.positives for curve in curves)
    own = [f1(curve.tp, curve.chosen, curve.positives) for curve in curves]
    tp, listed = _totals(curves, points)
    changed = True
    while changed:
        changed = False
        for label, of_one in enumerate(curves):
            now = points[label]
            tps = tp - of_one.tp[now] + of_one.tp
            sizes = listed - of_one.chosen[now] + of_one.chosen
            score = f1(tps, sizes, positives) + own[label] / max(judged, 1)
            best = int(np.argmax(score))
            if score[best] > score[now] + _NOTHING:
                points[label], tp, listed, changed = best, int(tps[best]), int(sizes[best]), True
    return points


def _totals(curves: list[Curve], points: list[int]) -> tuple[int, int]:
    pairs = list(zip(curves, points, strict=True))
    tp = sum(int(curve.tp[point]) for curve, point in pairs)
    return tp, sum(int(curve.chosen[point]) for curve, point in pairs)


def _within_best(cases: TuningCases, most: int) -> tuple[Int64Array, Int64Array]:
    """Return TP and the known entries among the 1, 2, ... `most` best articles of all cases."""
    most = min(most, cases.y_true.shape[1])
    tp, listed = np.zeros(most, np.int64), np.zeros(most, np.int64)
    for rows in chunk_rows(len(cases.y_true)):
        columns = best_columns(cases.y_score[rows], most)
        known = np.ones_like(columns, np.bool_)
        if cases.known is not None:
            known = np.take_along_axis(cases.known[rows], columns, axis=1)
        true = np.take_along_axis(cases.y_true[rows], columns, axis=1) & known
        tp += true.sum(axis=0).cumsum()
        listed += known.sum(axis=0).cumsum()
    return tp, listed


def _at(cases: TuningCases, points: list[int], *, config: DecisionConfig) -> DecisionRule:
    pairs = zip(cases.curves, points, strict=True)
    own = np.array([curve.threshold(point) for curve, point in pairs])
    return _cuts(np.where(cases.support > 0, own, shared_cut(cases, config)), config)


def _cuts(
    thresholds: npt.NDArray[np.floating[Any]],
    config: DecisionConfig,
    *,
    kind: str = "threshold",
) -> DecisionRule:
    limits = (config.min_articles, config.max_articles, config.fill_score)
    return DecisionRule(thresholds.astype(np.float32), *limits, kind=kind)


def _with_unseen(rule: DecisionRule, seen: BoolArray, *, unseen_threshold: float) -> DecisionRule:
    """Return the cuts of the seen articles for all; a relative rule knows no other score."""
    thresholds = np.full(len(seen), unseen_threshold, np.float32)
    if rule.kind != "threshold" and np.isfinite(unseen_threshold):
        thresholds[:] = rule.thresholds.max(initial=0)
    thresholds[seen] = rule.thresholds
    calibration = rule.calibration
    if calibration:
        groups = np.zeros(len(seen), np.int64)
        groups[seen] = calibration.groups
        calibration = replace(calibration, groups=tuple(groups.tolist()))
    return replace(rule, thresholds=thresholds, calibration=calibration)


STRATEGIES: dict[str, Callable[[TuningCases, DecisionConfig], DecisionRule]] = {
    "fixed": _fixed,
    "global": _global,
    "per-article": _per_article,
    "top-n": _top_n,
    "top-n-per-score": _top_n_per_score,
    "micro-f1": _micro_f1,
    "cail": _cail,
    "expected-f1": _expected_f1,
    "cost": _cost,
}
