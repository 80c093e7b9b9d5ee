"""Strategies: choose a decision rule on labelled cases, by one of several methods.

A strategy that is called exact finds the optimum on the cases it sees, before the least and the
most articles of a list apply. That is also why it may be worse on other cases: `cross_fitting`
makes thresholds depend less on few cases and compares the strategies on cases held out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lawrec.config import DecisionConfig
from lawrec.decision.decision_rule import RULE_KINDS, DecisionRule, decide
from lawrec.decision.objectives import best_point
from lawrec.decision.score_order import best_columns
from lawrec.decision.threshold_curve import ThresholdCurve
from lawrec.decision.tuning_cases import TuningCases
from lawrec.evaluation.confusion_counts import chunk_rows, f1, f1_from_counts
from lawrec.evaluation.metrics import cail_score
from lawrec.registry import lookup
from lawrec.types import BoolArray, Float64Array, Int64Array, NumberArray

_ROUNDING = 1e-12  # a smaller gain may be an error of rounding


def fit_rule(cases: TuningCases, config: DecisionConfig) -> DecisionRule:
    """Choose a decision rule by the strategy of the configuration.

    An article without a true case here gets `config.unseen_threshold` and does not influence the
    others. Where that setting is 0, it gets the threshold that is best for all articles together.

    Raises:
        ConfigError: There is no such strategy or objective.

    Example:
        >>> y_score = np.array([[0.75], [0.25]], np.float32)
        >>> cases = TuningCases(y_score > 0.5, y_score)
        >>> fit_rule(cases, DecisionConfig(strategy="per_article")).thresholds
        array([0.5], dtype=float32)
    """
    strategy = lookup(STRATEGIES, config.strategy, where="decision.strategy")
    if not config.unseen_threshold or cases.support.all():
        return strategy.fit(cases, config)
    if not cases.support.any():
        return _rule(np.full(len(cases.support), config.unseen_threshold), config)
    rule = strategy.fit(cases.tunable, config)
    return _with_unseen(rule, cases.support > 0, unseen_threshold=config.unseen_threshold)


def best_global_rule(cases: TuningCases) -> DecisionRule:
    """Return the rule with the single threshold that has the best micro-F1: the quickest one.

    Example:
        >>> y_true = np.array([[True], [False]])
        >>> cases = TuningCases(y_true, np.array([[0.75], [0.25]], np.float32))
        >>> best_global_rule(cases).thresholds
        array([0.5], dtype=float32)
    """
    return fit_rule(cases, DecisionConfig(strategy="global", objective="micro_f1"))


def best_by_cail_score(cases: TuningCases, candidates: Sequence[DecisionRule]) -> DecisionRule:
    """Return the first rule with the best CAIL score on these cases, the limits of lists included.

    Example:
        >>> cases = TuningCases(np.array([[True, False]]), np.array([[0.4, 0.2]], np.float32))
        >>> rules = [DecisionRule(np.full(2, t, np.float32), 0, 9) for t in (0.5, 0.3)]
        >>> best_by_cail_score(cases, rules) is rules[1]
        True
    """

    def score(rule: DecisionRule) -> float:
        y_pred, n_absent = decide(cases.y_score, rule), cases.n_absent_articles
        return cail_score(cases.y_true, y_pred, cases.known, n_absent_articles=n_absent)

    return max(candidates, key=score)


def micro_f1_points(curves: list[ThresholdCurve]) -> list[int]:
    """Return the point of each curve so that their pooled F1 is the best of all combinations.

    Dinkelbach's method: for a given F1 value r, each curve by itself maximizes its share of
    2 TP - r (predicted + positives). The pooled F1 of these points is the next r. It rises until
    no point changes it, and then it is the maximum.
    Source: Dinkelbach, "On Nonlinear Fractional Programming", 1967.

    Example:
        >>> y_score = np.array([[0.75, 0.5], [0.25, 0.5]], np.float32)
        >>> micro_f1_points(TuningCases(y_score > 0.6, y_score).curves)
        [1, 0]
    """
    n_positives = sum(curve.n_positives for curve in curves)
    ratio, points = 0.0, [0] * len(curves)
    while True:
        best = [int(np.argmax(2 * curve.tp - ratio * curve.n_predicted)) for curve in curves]
        tp, n_predicted = _totals(curves, best)
        if n_positives == 0 or 2 * tp / (n_predicted + n_positives) <= ratio:
            return points
        ratio, points = 2 * tp / (n_predicted + n_positives), best


def cail_points(curves: list[ThresholdCurve], start: list[int], *, n_articles: int) -> list[int]:
    """Return a point of each curve so that no change of a single one improves the CAIL score.

    Coordinate ascent: each curve in turn takes the point that is best given all others.

    Args:
        curves: The curve of each article that is tuned.
        start: The points to start from.
        n_articles: The articles that the macro-F1 is averaged over; those without a curve count as
            right in all cases.

    Example:
        >>> y_score = np.array([[0.75, 0.5], [0.25, 0.5]], np.float32)
        >>> cail_points(TuningCases(y_score > 0.4, y_score).curves, [0, 0], n_articles=2)
        [1, 1]
    """
    points = list(start)
    n_positives = np.array(sum(curve.n_positives for curve in curves))
    own_f1 = [f1(curve.counts) for curve in curves]
    tp, n_predicted = _totals(curves, points)
    changed = True
    while changed:
        changed = False
        for label, curve in enumerate(curves):
            now = points[label]
            # The totals of all articles for each point that this curve might take.
            tps = tp - curve.tp[now] + curve.tp
            sizes = n_predicted - curve.n_predicted[now] + curve.n_predicted
            micro = f1_from_counts(tps, predicted=sizes, positives=n_positives)
            score = micro + own_f1[label] / max(n_articles, 1)
            best = int(np.argmax(score))
            if score[best] > score[now] + _ROUNDING:
                points[label], changed = best, True
                tp, n_predicted = int(tps[best]), int(sizes[best])
    return points


def best_pooled_threshold(cases: TuningCases, config: DecisionConfig) -> np.float32:
    """Return the single threshold for all articles with the best objective, exactly.

    Example:
        >>> y_score = np.array([[0.75, 0.25], [0.5, 0.0]], np.float32)
        >>> float(best_pooled_threshold(TuningCases(y_score > 0.4, y_score), DecisionConfig()))
        0.375
    """
    return cases.pooled_curve.threshold(best_point(cases.pooled_curve, config))


def cheapest_pooled_threshold(cases: TuningCases, config: DecisionConfig) -> np.float32:
    """Return the single threshold for all articles that costs least, by the mean of their costs.

    Example:
        >>> y_score = np.array([[0.75, 0.25], [0.5, 0.0]], np.float32)
        >>> cases = TuningCases(y_score > 0.6, y_score)
        >>> float(cheapest_pooled_threshold(cases, DecisionConfig(false_cost=3.0)))
        0.625
    """
    mean_costs = _costs(cases, config).mean(axis=0)
    return cases.pooled_curve.threshold(_cheapest_point(cases.pooled_curve, mean_costs))


def _fixed(cases: TuningCases, config: DecisionConfig) -> DecisionRule:
    """Return the threshold 0.5 for every article."""
    return _rule(np.full(cases.y_true.shape[1], 0.5), config)


def _global(cases: TuningCases, config: DecisionConfig) -> DecisionRule:
    """Return one threshold for all articles, with the best objective, exactly."""
    return _rule(np.full(cases.y_true.shape[1], best_pooled_threshold(cases, config)), config)


def _per_article(cases: TuningCases, config: DecisionConfig) -> DecisionRule:
    """Return each article's threshold with the best objective, exactly."""
    return _rule_at(cases, [best_point(curve, config) for curve in cases.curves], config=config)


def _top_n(cases: TuningCases, config: DecisionConfig) -> DecisionRule:
    """Return the same number of articles for every case, with the best micro-F1, exactly."""
    thresholds = np.zeros(cases.y_true.shape[1])  # every article passes
    lengths = np.arange(max(1, config.min_articles), config.max_articles + 1)
    rule = _rule(thresholds, config, kind="share")
    tp, n_predicted = _counts_of_best(cases, config.max_articles)
    by_length = f1_from_counts(tp, predicted=n_predicted, positives=cases.support.sum())
    n = int(lengths[np.argmax(by_length[np.minimum(lengths, len(tp)) - 1])])
    return replace(rule, min_articles=n, max_articles=n)


def _top_n_per_score(cases: TuningCases, config: DecisionConfig) -> DecisionRule:
    """Return the share of the best score of its case that an article must reach, exactly."""
    curve = cases.pooled_relative_curve
    share = curve.threshold(best_point(curve, config))
    return _rule(np.full(cases.y_true.shape[1], share), config, kind="share")


def _micro_f1(cases: TuningCases, config: DecisionConfig) -> DecisionRule:
    """Return the thresholds whose micro-F1 is the best of all combinations, exactly."""
    return _rule_at(cases, micro_f1_points(cases.curves), config=config)


def _cail(cases: TuningCases, config: DecisionConfig) -> DecisionRule:
    """Return the best thresholds by CAIL score that coordinate ascent finds from three starts."""
    f1_config = replace(config, objective="micro_f1")
    own = [best_point(curve, f1_config) for curve in cases.curves]
    starts = (own, micro_f1_points(cases.curves), [0] * len(own))
    n_articles = cases.n_articles_in_mean
    ends = [cail_points(cases.curves, start, n_articles=n_articles) for start in starts]
    return best_by_cail_score(cases, [_rule_at(cases, points, config=config) for points in ends])


def _expected_f1(cases: TuningCases, config: DecisionConfig) -> DecisionRule:
    """Return the rule that maximizes the expected F1 of each list, by calibrated probabilities."""
    rule = _rule(np.zeros(cases.y_true.shape[1]), config, kind="expected_f1")
    return replace(rule, calibration=cases.fit_calibration(config.calibration))


def _cost(cases: TuningCases, config: DecisionConfig) -> DecisionRule:
    """Return each article's cheapest threshold, by the costs of misses and mistakes, exactly."""
    points = map(_cheapest_point, cases.curves, _costs(cases, config))
    return _rule_at(cases, list(points), config=config)


def _costs(cases: TuningCases, config: DecisionConfig) -> Float64Array:
    """Return the costs of a miss and of a mistake per article, (n_articles, 2)."""
    if cases.costs is not None:
        return cases.costs
    return np.tile((config.miss_cost, config.false_cost), (len(cases.support), 1))


def _cheapest_point(curve: ThresholdCurve, costs: Float64Array) -> int:
    miss_cost, false_cost = costs
    return int(np.argmin(miss_cost * curve.counts.fn + false_cost * curve.counts.fp))


def _totals(curves: list[ThresholdCurve], points: list[int]) -> tuple[int, int]:
    """Return the true positives and the predictions of all curves at these points."""
    pairs = list(zip(curves, points, strict=True))
    tp = sum(int(curve.tp[point]) for curve, point in pairs)
    return tp, sum(int(curve.n_predicted[point]) for curve, point in pairs)


def _counts_of_best(cases: TuningCases, max_articles: int) -> tuple[Int64Array, Int64Array]:
    """Return TP and known entries of lists of the 1, 2, ... best articles, int64 (n_lengths,)."""
    n_lengths = min(max_articles, cases.y_true.shape[1])
    tp, n_predicted = np.zeros(n_lengths, np.int64), np.zeros(n_lengths, np.int64)
    for rows in chunk_rows(len(cases.y_true)):
        columns = best_columns(cases.y_score[rows], n_lengths)
        known = np.ones_like(columns, np.bool_)
        if cases.known is not None:
            known = np.take_along_axis(cases.known[rows], columns, axis=1)
        true = np.take_along_axis(cases.y_true[rows], columns, axis=1) & known
        tp += true.sum(axis=0).cumsum()
        n_predicted += known.sum(axis=0).cumsum()
    return tp, n_predicted


def _rule_at(cases: TuningCases, points: list[int], *, config: DecisionConfig) -> DecisionRule:
    """Return the thresholds of these points; an article without a true case gets the shared one."""
    shared = STRATEGIES[config.strategy].shared_threshold(cases, config)
    pairs = zip(cases.curves, points, strict=True)
    own = np.array([curve.threshold(point) for curve, point in pairs])
    return _rule(np.where(cases.support > 0, own, shared), config)


def _rule(
    thresholds: NumberArray, config: DecisionConfig, *, kind: str = "threshold"
) -> DecisionRule:
    limits = (config.min_articles, config.max_articles, config.fill_score)
    return DecisionRule(thresholds.astype(np.float32), *limits, kind=kind)


def _with_unseen(rule: DecisionRule, seen: BoolArray, *, unseen_threshold: float) -> DecisionRule:
    """Return a rule of the seen articles as a rule of all.

    The other articles get `unseen_threshold`. It is a score, so a rule whose thresholds are not
    scores uses it only to exclude them, where it is infinite.
    """
    thresholds = np.full(len(seen), unseen_threshold, np.float32)
    if not RULE_KINDS[rule.kind].absolute and np.isfinite(unseen_threshold):
        thresholds[:] = rule.thresholds.max(initial=0)
    thresholds[seen] = rule.thresholds
    calibration = rule.calibration
    if calibration:
        groups = np.zeros(len(seen), np.int64)
        groups[seen] = calibration.groups
        calibration = replace(calibration, groups=tuple(groups.tolist()))
    return replace(rule, thresholds=thresholds, calibration=calibration)


@dataclass(frozen=True)
class ThresholdStrategy:
    """A way to choose a decision rule.

    Attributes:
        fit: From tuning cases and the configuration to a rule.
        averaged: Whether cross-fitting averages the thresholds over folds.
        per_article: Whether each article has its own threshold, which cross-fitting shrinks towards
            the shared one.
        shared_threshold: Chooses the threshold that articles share.
        takes_best_of_all: Whether cross-fitting takes the rules of all other strategies as
            candidates, too, so that none of them has a better CAIL score on the same cases.
    """

    fit: Callable[[TuningCases, DecisionConfig], DecisionRule]
    averaged: bool = False
    per_article: bool = False
    shared_threshold: Callable[[TuningCases, DecisionConfig], np.float32] = best_pooled_threshold
    takes_best_of_all: bool = False


STRATEGIES = {
    "fixed": ThresholdStrategy(_fixed),
    "global": ThresholdStrategy(_global, averaged=True),
    "per_article": ThresholdStrategy(_per_article, averaged=True, per_article=True),
    "top_n": ThresholdStrategy(_top_n),
    "top_n_per_score": ThresholdStrategy(_top_n_per_score, averaged=True),
    "micro_f1": ThresholdStrategy(_micro_f1, averaged=True, per_article=True),
    "cail_score": ThresholdStrategy(_cail, averaged=True, per_article=True, takes_best_of_all=True),
    "expected_f1": ThresholdStrategy(_expected_f1),
    "cost": ThresholdStrategy(
        _cost, averaged=True, per_article=True, shared_threshold=cheapest_pooled_threshold
    ),
}
"""The values of decision.strategy. To add one, write its function and a line here."""
