"""Cross-fitting: thresholds that do not hang on a few cases, and strategies compared fairly."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lawrec.config import DecisionConfig
from lawrec.decision.calibration import CALIBRATIONS
from lawrec.decision.decision_rule import DecisionRule, decide
from lawrec.decision.objectives import OBJECTIVES, best_point, objective
from lawrec.decision.strategies import STRATEGIES, best_by_cail_score, shared_cut, tune
from lawrec.decision.threshold_curve import NEVER, Curve
from lawrec.decision.tuning_cases import TuningCases
from lawrec.evaluation.bootstrap import LEVEL
from lawrec.evaluation.metrics import HEADLINES, HIGHER_IS_BETTER
from lawrec.registry import lookup
from lawrec.types import BoolArray, Float32Array, Float64Array

BEST = "best"
COMPARED_CASES = 100_000
_OWN_CUTS = ("per-article", "micro-f1", "cail", "cost")
_AVERAGED = (*_OWN_CUTS, "global", "top-n-per-score")


@dataclass(frozen=True)
class StrategyResult:
    """A strategy's objective and figures on cases that its thresholds were not chosen on."""

    strategy: str
    objective: float
    figures: dict[str, float]


def check_choices(config: DecisionConfig) -> None:
    """Raise ConfigError where the configuration names something that there is not."""
    if config.strategy != BEST:
        lookup(STRATEGIES, config.strategy, where="decision.strategy")
    lookup(OBJECTIVES, config.objective, where="decision.objective")
    lookup(CALIBRATIONS, config.calibration, where="decision.calibration")


def cross_fit(cases: TuningCases, config: DecisionConfig) -> DecisionRule:
    """Choose the cuts as `tune` does, and steady them.

    A threshold is the mean of those chosen without each fold of the cases in turn. Where each
    article has its own, it is then drawn towards a shared cut: an article with
    `config.shrinkage_cases` true cases lies half-way, one with more nearer to its own. Shared is the
    best cut of all articles together, and among rare ones that of the rare ones, drawn towards the
    former in the same way. A cut that never fires counts as 1 there, unless costs of its own
    ask for it. An article without a true case has what the rare ones share, unless
    `config.unseen_threshold` says otherwise.

    The strategy `cail` takes the best of all strategies so steadied, by their CAIL score here.

    Args:
        cases: The cases to tune on.
        config: Names the strategy, `best` excepted.

    Raises:
        ConfigError: There is no such strategy or objective.
    """
    if config.strategy == "cail":
        return cross_fit_all(cases, config)["cail"]
    averaged = config.strategy in _AVERAGED
    return _steadied(cases, config, folds=without_folds(cases, config) if averaged else [])


def cross_fit_all(cases: TuningCases, config: DecisionConfig) -> dict[str, DecisionRule]:
    """Return the cuts of each strategy as `cross_fit` does, all of them fitted once."""
    folds = without_folds(cases, config)
    found = {
        name: _steadied(cases, replace(config, strategy=name), folds=folds) for name in STRATEGIES
    }
    others = (rule for name, rule in found.items() if name != "cail")
    return found | {"cail": best_by_cail_score(cases, (found["cail"], *others))}


def choose(
    cases: TuningCases, config: DecisionConfig, *, told: Callable[[int, int], None] | None = None
) -> tuple[str, DecisionRule, list[StrategyResult]]:
    """Return a strategy, its cross-fitted cuts, and if it had to be found, how all compared.

    Args:
        cases: The cases to tune on.
        config: Its strategy may be `BEST`: the one that does best in cross-validation.
        told: Called with the number of folds compared, and that of all.

    Raises:
        ConfigError: There is no such strategy, objective or calibration.
    """
    compared = compare(cases, config, told=told) if config.strategy == BEST else []
    strategy = compared[0].strategy if compared else config.strategy
    return strategy, cross_fit(cases, replace(config, strategy=strategy)), compared


def compare(
    cases: TuningCases, config: DecisionConfig, *, told: Callable[[int, int], None] | None = None
) -> list[StrategyResult]:
    """Compare all strategies by cross-validation, the best objective first.

    The lists of each fold are decided by cuts that were chosen, and steadied, on the other folds;
    the figures are those of all lists together, because a mean over articles of one fold's F1 would
    count every article that the fold lacks.

    Of more than `COMPARED_CASES`, evenly spaced ones are compared.

    Raises:
        ConfigError: There is no such objective or calibration.
    """
    step = -(-len(cases.y_true) // COMPARED_CASES)
    cases = cases.rows(np.s_[::step]) if step > 1 else cases
    lists = {name: np.zeros_like(cases.y_true) for name in STRATEGIES}
    masks = fold_masks(len(cases.y_true), max(2, config.folds))
    for number, held_out in enumerate(masks, 1):
        for name, rule in cross_fit_all(cases.rows(~held_out), config).items():
            lists[name][held_out] = decide(cases.y_score[held_out], rule)
        if told:
            told(number, len(masks))
    found = [
        StrategyResult(
            strategy=name,
            objective=objective(cases.y_true, y_pred, cases.known, config),
            figures={
                figure: HIGHER_IS_BETTER[figure](cases.y_true, y_pred, cases.known)
                for figure in HEADLINES
            },
        )
        for name, y_pred in lists.items()
    ]
    return sorted(found, key=lambda entry: -entry.objective)


def intervals(cases: TuningCases, config: DecisionConfig) -> Float32Array:
    """Return between which cuts each article's own best one lies, float32 (n_articles, 2).

    Of `config.resamples` draws of as many cases, with replacement, the middle `LEVEL` counts.
    An article without a true case has (0, inf), as all have without any draws.

    The number of times that a case is drawn is taken as Poisson with mean 1; those of the false
    cases between two true ones then add up to Poisson with their number as mean, so that only the
    curve is needed. Source: Oza and Russell, "Online Bagging and Boosting", 2001.
    """
    rng = np.random.default_rng(0)
    bounds = np.tile(np.array((0, NEVER), np.float32), (len(cases.curves), 1))
    for bound, curve in zip(bounds, cases.curves, strict=True):
        if curve.positives and config.resamples:
            rule = [_redrawn_cut(curve, config, rng=rng) for _ in range(config.resamples)]
            tails = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
            bound[:] = np.quantile(rule, tails, method="nearest")
    return bounds


def fold_masks(n_cases: int, folds: int) -> list[BoolArray]:
    """Return for each fold which cases are in it, dealt out at random but always alike."""
    fold = np.random.default_rng(0).permutation(n_cases) % folds
    return [fold == number for number in range(folds)]


def without_folds(cases: TuningCases, config: DecisionConfig) -> list[TuningCases]:
    """Return the cases without each fold in turn; none where the configuration has no folds."""
    if not 1 < config.folds <= len(cases.y_true):
        return []
    return [cases.rows(~fold) for fold in fold_masks(len(cases.y_true), config.folds)]


def _steadied(
    cases: TuningCases, config: DecisionConfig, *, folds: list[TuningCases]
) -> DecisionRule:
    """Return the cuts of a strategy, averaged and drawn as `cross_fit` says."""
    whole = tune(cases, config)
    if config.strategy not in _AVERAGED or not cases.support.any():
        return whole
    thresholds = _mean_of(whole, [tune(part, config) for part in folds])
    if config.strategy in _OWN_CUTS and whole.kind == "threshold":
        thresholds = _drawn(thresholds, cases, config=config)
    return replace(whole, thresholds=thresholds.astype(np.float32))


def _mean_of(whole: DecisionRule, parts: list[DecisionRule]) -> Float64Array:
    """Return the mean threshold of the parts that decide in the whole's manner, else the whole's.

    What never fires in a part counts nowhere, and what never fires in the whole stays so.
    """
    alike = [part.thresholds for part in parts if _manner(part) == _manner(whole)]
    stacked = np.array(alike or [whole.thresholds], np.float64)
    finite = np.isfinite(stacked)
    means = np.where(finite, stacked, 0).sum(axis=0) / np.maximum(finite.sum(axis=0), 1)
    kept = np.isfinite(whole.thresholds) & finite.any(axis=0)
    return np.where(kept, means, whole.thresholds)


def _drawn(thresholds: Float64Array, cases: TuningCases, *, config: DecisionConfig) -> Float64Array:
    """Return each threshold drawn towards the cut that its article shares with others."""
    together = cases.seen if config.unseen_threshold else cases
    shared = np.full(len(thresholds), shared_cut(together, config))
    rare, among_rare = cases.rare, together.only_rare
    if among_rare.support.any():
        own = shared_cut(among_rare, config)
        shared[rare] = _between(own, shared[rare], support=among_rare.support.sum(), config=config)
    drawn = np.array(_between(thresholds, shared, support=cases.support, config=config))
    # Few cases are no ground never to list an article; costs of its own may be.
    firm = (cases.support == 0) | (cases.costs is not None)
    fixed = (firm & np.isinf(thresholds)) | ((cases.support == 0) & (config.unseen_threshold > 0))
    return np.where(fixed, thresholds, drawn)


def _between(own: Any, shared: Any, *, support: Any, config: DecisionConfig) -> Any:
    weight = support / np.maximum(support + config.shrinkage_cases, 1)
    # A score cannot pass 1, which stands for never here.
    drawn = weight * np.minimum(own, 1) + (1 - weight) * np.minimum(shared, 1)
    return np.where(weight < 1, drawn, own)


def _manner(rule: DecisionRule) -> tuple[str, int, int]:
    return rule.kind, rule.min_articles, rule.max_articles


def _redrawn_cut(curve: Curve, config: DecisionConfig, *, rng: np.random.Generator) -> np.float32:
    true = rng.poisson(np.diff(curve.tp, prepend=0))
    false = rng.poisson(np.diff(curve.chosen - curve.tp, prepend=0))
    tp = true.cumsum()
    drawn = replace(curve, tp=tp, chosen=tp + false.cumsum(), positives=int(tp[-1]))
    return curve.threshold(best_point(drawn, config))
