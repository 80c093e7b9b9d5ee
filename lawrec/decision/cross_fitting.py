"""Cross-fitting: thresholds that do not depend on a few cases, and a fair comparison of strategies.

A threshold needs evidence. The threshold of an article is the mean of those chosen without each
fold of the cases in turn. Where every article has its own, it is then shrunk towards a threshold
that articles share, the more the fewer true cases it has. Rare articles share the best threshold
of the rare ones, because they score low even where they are true. Measured by cross-validation on
real cases: the CAIL score was 0.733 where articles without a case to tune on were never listed,
0.747 with a threshold of 0.5 for them, and 0.758 with the shared threshold; the macro-F1 of
articles with cases was 0.48, 0.54 and 0.59. decision.unseen_threshold sets one of the first two.

Strategies are compared on held-out cases: on the same real cases, the thresholds with the best CAIL
score on one part were worse on the other part than each article's own thresholds, shrunk. With
decision.folds=1 and decision.shrinkage_cases=0, thresholds stay as the strategy chose them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lawrec.config import DecisionConfig
from lawrec.decision.calibration import CALIBRATIONS
from lawrec.decision.decision_rule import DecisionRule, decide
from lawrec.decision.objectives import OBJECTIVES, best_point, objective
from lawrec.decision.threshold_curve import NEVER, ThresholdCurve
from lawrec.decision.threshold_strategies import STRATEGIES, best_by_cail_score, fit_rule
from lawrec.decision.tuning_cases import TuningCases
from lawrec.evaluation.bootstrap import LEVEL
from lawrec.evaluation.metrics import HEADLINES, HIGHER_IS_BETTER
from lawrec.registry import check_name, lookup
from lawrec.types import BoolArray, Float32Array, Float64Array, NumberArray

BEST = "best"
"""The value of decision.strategy that stands for the winner of a comparison."""
STRATEGY_CHOICES = (BEST, *STRATEGIES)
"""All values of decision.strategy."""

OnFoldDone = Callable[[int, int], None]
"""Called with the number of folds done, and the number of all folds."""


@dataclass(frozen=True)
class StrategyResult:
    """A strategy's objective and metrics on cases that its thresholds were not chosen on."""

    strategy: str
    objective: float
    metrics: dict[str, float]


def check_choices(config: DecisionConfig) -> None:
    """Refuse a configuration that names an unknown strategy, objective or calibration.

    Raises:
        ConfigError: One of them is unknown.

    Example:
        >>> check_choices(DecisionConfig(strategy="global"))
    """
    check_name(config.strategy, STRATEGY_CHOICES, where="decision.strategy", kind="choice")
    lookup(OBJECTIVES, config.objective, where="decision.objective")
    lookup(CALIBRATIONS, config.calibration, where="decision.calibration")


def choose_rule(
    cases: TuningCases, config: DecisionConfig, *, on_fold_done: OnFoldDone | None = None
) -> tuple[str, DecisionRule, list[StrategyResult]]:
    """Return a strategy, its cross-fitted rule, and how all strategies compare.

    Args:
        cases: The cases to tune on.
        config: Its strategy may be `BEST`; any other one is not compared, and the list is empty.
        on_fold_done: Called after each fold of the comparison.

    Raises:
        ConfigError: There is no such strategy, objective or calibration.

    Example:
        >>> y_score = np.array([[0.75], [0.25]] * 10, np.float32)
        >>> cases = TuningCases(y_score > 0.5, y_score)
        >>> strategy, rule, results = choose_rule(cases, DecisionConfig(strategy="global"))
        >>> strategy, rule.thresholds, results
        ('global', array([0.5], dtype=float32), [])
    """
    compared = []
    if config.strategy == BEST:
        compared = compare_strategies(cases, config, on_fold_done=on_fold_done)
    strategy = compared[0].strategy if compared else config.strategy
    return strategy, cross_fit(cases, replace(config, strategy=strategy)), compared


def cross_fit(cases: TuningCases, config: DecisionConfig) -> DecisionRule:
    """Choose a decision rule as `fit_rule` does, then average and shrink its thresholds.

    An average is over the rules chosen without each fold in turn. An article with
    `config.shrinkage_cases` true cases has a threshold half-way between its own and the shared
    one; with more cases, it is nearer to its own. The shared threshold is the best one of all
    articles together; for rare articles, it is the best one of the rare ones, shrunk towards that
    of all in the same way. An article without a true case has the shared threshold, unless
    `config.unseen_threshold` is set.

    Args:
        cases: The cases to tune on.
        config: Names the strategy, which cannot be `BEST` here.

    Raises:
        ConfigError: There is no such strategy or objective.

    Example:
        >>> y_score = np.array([[0.8, 0.4], [0.2, 0.2]] * 10, np.float32)
        >>> cases = TuningCases(y_score > 0.3, y_score)
        >>> cross_fit(cases, DecisionConfig(strategy="per_article")).thresholds.round(2)
        array([0.37, 0.3 ], dtype=float32)
    """
    strategy = lookup(STRATEGIES, config.strategy, where="decision.strategy")
    names = list(STRATEGIES) if strategy.takes_best_of_all else [config.strategy]
    return _cross_fit_all(cases, config, names=names)[config.strategy]


def compare_strategies(
    cases: TuningCases, config: DecisionConfig, *, on_fold_done: OnFoldDone | None = None
) -> list[StrategyResult]:
    """Compare all strategies by cross-validation, and return the best one first.

    The lists of each fold are decided by rules that were cross-fitted on the other folds. The
    metrics are those of the lists of all folds together: a mean over articles of the F1 of one fold
    would count every article that the fold lacks.

    Args:
        cases: The cases to tune on.
        config: Names the objective.
        on_fold_done: Called after each fold.

    Raises:
        ConfigError: There is no such objective or calibration.

    Example:
        >>> y_score = np.array([[0.75], [0.25]] * 10, np.float32)
        >>> cases = TuningCases(y_score > 0.5, y_score)
        >>> results = compare_strategies(cases, DecisionConfig(min_articles=0))
        >>> len(results) == len(STRATEGIES), results[0].objective
        (True, 1.0)
    """
    n_cases, n_articles = cases.y_true.shape
    # Eight articles in a byte: the lists of all strategies are then as large as those of one.
    lists = {name: np.zeros((n_cases, -(-n_articles // 8)), np.uint8) for name in STRATEGIES}
    masks = fold_masks(n_cases, max(2, config.folds))
    for number, held_out in enumerate(masks, 1):
        others = cases.restrict_to_cases(~held_out)
        for name, rule in _cross_fit_all(others, config, names=list(STRATEGIES)).items():
            lists[name][held_out] = np.packbits(decide(cases.y_score[held_out], rule), axis=1)
        if on_fold_done:
            on_fold_done(number, len(masks))
    results = []
    for name, packed in lists.items():
        y_pred = np.unpackbits(packed, axis=1, count=n_articles).view(np.bool_)
        arrays = (cases.y_true, y_pred, cases.known)
        metrics = {metric: HIGHER_IS_BETTER[metric](*arrays) for metric in HEADLINES}
        results.append(StrategyResult(name, objective(*arrays, config=config), metrics=metrics))
    return sorted(results, key=lambda result: -result.objective)


def threshold_intervals(cases: TuningCases, config: DecisionConfig) -> Float32Array:
    """Return the bootstrap interval of each article's own best threshold, float32 (n_articles, 2).

    It is the middle `LEVEL` of the best thresholds of `config.resamples` resamples. An article
    without a true case has (0, inf), as all have without resamples.

    The number of times that a case is drawn is taken as Poisson with mean 1. The draws of the false
    cases between two true ones then add up to a Poisson number whose mean is the number of these
    cases, so that only the curve is resampled. Source: Oza and Russell, "Online Bagging and
    Boosting", 2001.

    Example:
        >>> y_score = np.array([[0.75], [0.25]] * 20, np.float32)
        >>> threshold_intervals(TuningCases(y_score > 0.5, y_score), DecisionConfig())
        array([[0.5, 0.5]], dtype=float32)
    """
    rng = np.random.default_rng(0)
    intervals = np.tile(np.array((0, NEVER), np.float32), (len(cases.curves), 1))
    for interval, curve in zip(intervals, cases.curves, strict=True):
        if curve.n_positives and config.resamples:
            draws = range(config.resamples)
            thresholds = [_resampled_threshold(curve, config, rng=rng) for _ in draws]
            tails = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
            interval[:] = np.quantile(thresholds, tails, method="nearest")
    return intervals


def fold_masks(n_cases: int, n_folds: int) -> list[BoolArray]:
    """Return which cases are in each fold, bool (n_cases,) each; the same ones every time.

    Example:
        >>> np.sum(fold_masks(5, 2), axis=1).tolist()
        [3, 2]
    """
    fold = np.random.default_rng(0).permutation(n_cases) % n_folds
    return [fold == number for number in range(n_folds)]


def leave_out_folds(cases: TuningCases, config: DecisionConfig) -> Iterator[TuningCases]:
    """Yield the cases without each fold in turn; nothing where `config.folds` is 1.

    Example:
        >>> cases = TuningCases(np.eye(4, dtype=bool), np.eye(4, dtype=np.float32))
        >>> [len(fold.y_true) for fold in leave_out_folds(cases, DecisionConfig(folds=2))]
        [2, 2]
    """
    if 1 < config.folds <= len(cases.y_true):
        for fold in fold_masks(len(cases.y_true), config.folds):
            yield cases.restrict_to_cases(~fold)


def _cross_fit_all(
    cases: TuningCases, config: DecisionConfig, *, names: Sequence[str]
) -> dict[str, DecisionRule]:
    """Return the rules of strategies as `cross_fit` does, each fitted once."""
    configs = {name: replace(config, strategy=name) for name in names}
    averaged = [name for name in names if STRATEGIES[name].averaged and cases.support.any()]
    # One fold after the other is in memory: together, they are four times the cases.
    fold_rules = [
        {name: fit_rule(fold, configs[name]) for name in averaged}
        for fold in (leave_out_folds(cases, config) if averaged else ())
    ]
    rules = {name: fit_rule(cases, configs[name]) for name in names}
    for name in averaged:
        of_folds = [rules_of_fold[name] for rules_of_fold in fold_rules]
        rules[name] = _averaged(rules[name], of_folds, cases=cases, config=configs[name])
    others = [rule for name, rule in rules.items() if not STRATEGIES[name].takes_best_of_all]
    for name in rules:
        if STRATEGIES[name].takes_best_of_all:
            rules[name] = best_by_cail_score(cases, (rules[name], *others))
    return rules


def _averaged(
    rule: DecisionRule,
    fold_rules: Sequence[DecisionRule],
    *,
    cases: TuningCases,
    config: DecisionConfig,
) -> DecisionRule:
    """Return the rule of a strategy, averaged and shrunk as `cross_fit` says."""
    thresholds = _mean_thresholds(rule, fold_rules)
    if STRATEGIES[config.strategy].per_article:
        thresholds = _shrink_to_shared(thresholds, cases, config=config)
    return replace(rule, thresholds=thresholds.astype(np.float32))


def _mean_thresholds(rule: DecisionRule, fold_rules: Sequence[DecisionRule]) -> Float64Array:
    """Return the mean thresholds of the folds, or the rule's own where there are none.

    An infinite threshold of a fold is left out of the mean; one of the rule itself is kept.
    """
    stacked = np.array([fold.thresholds for fold in fold_rules] or [rule.thresholds], np.float64)
    finite = np.isfinite(stacked)
    means = np.where(finite, stacked, 0).sum(axis=0) / np.maximum(finite.sum(axis=0), 1)
    has_mean = np.isfinite(rule.thresholds) & finite.any(axis=0)
    return np.where(has_mean, means, rule.thresholds)


def _shrink_to_shared(
    thresholds: Float64Array, cases: TuningCases, *, config: DecisionConfig
) -> Float64Array:
    """Return each threshold shrunk towards the one that its article shares with others."""
    choose_shared = STRATEGIES[config.strategy].shared_threshold
    pooled = cases.tunable if config.unseen_threshold else cases
    shared = np.full(len(thresholds), choose_shared(pooled, config))
    is_rare, n_rare = cases.is_rare, pooled.rare.support.sum()
    if n_rare:
        of_rare = np.array(choose_shared(pooled.rare, config))
        shared[is_rare] = _shrink_towards(of_rare, shared[is_rare], support=n_rare, config=config)
    shrunk = _shrink_towards(thresholds, shared, support=cases.support, config=config)
    # With few cases, shrink even an infinite threshold, unless the user gave per-article costs.
    unseen = cases.support == 0
    kept = np.isinf(thresholds) & (unseen | (cases.costs is not None))
    kept |= unseen & (config.unseen_threshold > 0)
    return np.where(kept, thresholds, shrunk)


def _shrink_towards(
    own: NumberArray, shared: NumberArray, *, support: NumberArray, config: DecisionConfig
) -> Float64Array:
    """Return the mean of two thresholds, weighted by `support` and `config.shrinkage_cases`.

    With 20 cases and 20 shrinkage cases, 0.6 and 0.2 become 0.4. An infinite threshold counts as 1,
    the highest score. Without shrinkage cases, `own` is returned unchanged.
    """
    weight = support / np.maximum(support + config.shrinkage_cases, 1)
    mean = weight * np.minimum(own, 1) + (1 - weight) * np.minimum(shared, 1)
    return np.where(weight < 1, mean, own)


def _resampled_threshold(
    curve: ThresholdCurve, config: DecisionConfig, *, rng: np.random.Generator
) -> np.float32:
    """Return the best threshold of one resample of the cases of a curve.

    The number of true cases between two neighbouring points, and that of false ones, are drawn from
    Poisson distributions whose means are the numbers of the curve.
    """
    n_true = rng.poisson(np.diff(curve.tp, prepend=0))
    n_false = rng.poisson(np.diff(curve.n_predicted - curve.tp, prepend=0))
    tp = n_true.cumsum()
    resampled = replace(curve, tp=tp, n_predicted=tp + n_false.cumsum(), n_positives=int(tp[-1]))
    return curve.threshold(best_point(resampled, config))
