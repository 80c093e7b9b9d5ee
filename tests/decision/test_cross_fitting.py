import math
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from lawrec.config import DecisionConfig
from lawrec.decision import cross_fitting
from lawrec.decision.cross_fitting import (
    BEST,
    choose_rule,
    compare_strategies,
    cross_fit,
    fold_masks,
    leave_out_folds,
    threshold_intervals,
)
from lawrec.decision.decision_rule import decide
from lawrec.decision.objectives import objective
from lawrec.decision.threshold_strategies import STRATEGIES, fit_rule
from lawrec.decision.tuning_cases import RARE, TuningCases
from lawrec.errors import ConfigError
from lawrec.evaluation.metrics import HEADLINES, HIGHER_IS_BETTER, cail_score
from tests.helpers.arrays import SEEDS, bools, floats, random_mask, random_table

CONFIG = DecisionConfig(strategy="per_article", folds=3, shrinkage_cases=20)
QUICK = DecisionConfig(folds=2)
OWN = ("per_article", "micro_f1", "cost")


def invented(seed, cases=90, support=(40, 12, 3, 0), apart=0.3):
    """Articles with these numbers of true cases, whose scores are that much higher on average."""
    rng = np.random.default_rng(seed)
    y_true = np.zeros((cases, len(support)), np.bool_)
    for article, true in enumerate(support):
        y_true[rng.permutation(cases)[:true], article] = True
    noise = rng.beta(2, 2, y_true.shape)
    return TuningCases(y_true, (noise * (1 - apart) + apart * y_true).astype(np.float32))


def thresholds(cases, config):
    return cross_fit(cases, config).thresholds


def threshold_by_hand(cases, config, article):
    """The mean of an article's thresholds without each fold, shrunk towards the shared one.

    A threshold that is infinite on all cases counts as 1; one without a fold is left out there.
    """
    parts = [fit_rule(part, config).thresholds[article] for part in leave_out_folds(cases, config)]
    own = 1.0
    if np.isfinite(fit_rule(cases, config).thresholds[article]):
        own = np.mean([part for part in parts if np.isfinite(part)], dtype=np.float64)
    shared = best_threshold(cases, config)
    rare = [label for label, true in enumerate(cases.support) if true < RARE]
    if article in rare:
        shared = shrunk(
            best_threshold(cases.restrict_to_articles(rare), config),
            shared,
            cases.support[rare].sum(),
        )
    return shrunk(own, shared, cases.support[article])


def best_threshold(cases, config):
    """The threshold of all articles, as if they were one."""
    one = TuningCases(cases.y_true.reshape(-1, 1), cases.y_score.reshape(-1, 1))
    strategy = "cost" if config.strategy == "cost" else "per_article"
    return min(1.0, float(fit_rule(one, replace(config, strategy=strategy)).thresholds[0]))


def shrunk(own, shared, support, shrink=20):
    return (support * own + shrink * shared) / (support + shrink)


@pytest.mark.parametrize("strategy", OWN)
@pytest.mark.parametrize("seed", range(5))
def test_thresholds_are_means_of_folds_shrunk_towards_those_that_articles_share(strategy, seed):
    cases, config = invented(seed), replace(CONFIG, strategy=strategy)
    expected = [threshold_by_hand(cases, config, article) for article in range(4)]
    assert thresholds(cases, config) == pytest.approx(expected, abs=1e-6)


def test_a_threshold_by_hand():
    # The same in every fold: the articles' own thresholds are 0.5 and 0.3, the pooled one 0.3.
    y_true = np.tile(bools([1, 0], [0, 1]), (20, 1))
    y_score = np.tile(floats([0.8, 0.2], [0.2, 0.4]), (20, 1))
    cases = TuningCases(y_true, y_score)
    assert cases.support.tolist() == [20, 20]
    config = replace(CONFIG, folds=2)
    assert thresholds(cases, config) == pytest.approx([0.4, 0.3])
    assert thresholds(cases, replace(config, shrinkage_cases=60)) == pytest.approx([0.35, 0.3])
    assert thresholds(cases, replace(config, shrinkage_cases=0)) == pytest.approx([0.5, 0.3])


def test_one_fold_without_shrinking_is_tuning():
    for name in STRATEGIES:
        config = DecisionConfig(strategy=name, folds=1, shrinkage_cases=0)
        cases = invented(0).restrict_to_articles([0, 1, 2])
        found, tuned = cross_fit(cases, config), fit_rule(cases, config)
        assert found.thresholds.tolist() == tuned.thresholds.tolist()
        assert replace(found, thresholds=None) == replace(tuned, thresholds=None)


@pytest.mark.parametrize(("miss", "false"), [(9, 1), (1, 1), (1, 3)])
def test_rare_articles_are_shrunk_towards_what_costs_least(miss, false):
    rng = np.random.default_rng(0)
    y_score = 1 / (1 + np.exp(-rng.normal((-1, -5, -6, -7), 2, (4_000, 4)))).astype(np.float32)
    cases = TuningCases(rng.random(y_score.shape) < y_score, y_score)
    config = DecisionConfig(strategy="cost", miss_cost=miss, false_cost=false)
    least = false / (miss + false)  # for every article, since its scores are probabilities
    found = thresholds(cases, config)
    assert np.isfinite(found).all()
    firing = found[np.isfinite(fit_rule(cases, config).thresholds)]
    assert len(firing) >= 3
    assert firing == pytest.approx([least] * len(firing), abs=0.15)


def test_articles_with_own_costs_share_the_threshold_that_is_cheapest_by_their_mean():
    cases = invented(1)
    costs = np.array([[20, 1], [28, 1], [20, 1], [12, 1]], np.float64)
    config = DecisionConfig(strategy="cost", folds=1)
    found = cross_fit(replace(cases, costs=costs), config).thresholds
    shared = best_threshold(cases, replace(config, miss_cost=20))
    own = [
        fit_rule(cases, replace(config, miss_cost=miss, false_cost=false)).thresholds[article]
        for article, (miss, false) in enumerate(costs)
    ]
    expected = [shrunk(own[article], shared, cases.support[article]) for article in (0, 1)]
    assert found[:2] == pytest.approx(expected)


def test_articles_are_rare_by_their_train_cases_where_these_are_known():
    cases = invented(0)
    assert cases.is_rare.tolist() == [False, False, True, True]
    known = replace(cases, train_support=np.array([49, 50, 50, 49]))
    assert (
        known.is_rare.tolist()
        == known.restrict_to_cases(np.arange(30)).is_rare.tolist()
        == [True, False, False, True]
    )
    assert known.restrict_to_articles([1, 0]).is_rare.tolist() == [False, True]
    assert known.fit_calibration("isotonic").groups == (0, 1, 1, 0)
    shared = best_threshold(cases, CONFIG)
    of_rare = shrunk(
        best_threshold(cases.restrict_to_articles([0, 3]), CONFIG), shared, cases.support[0]
    )
    found = thresholds(known, replace(CONFIG, folds=1))
    own = fit_rule(cases, CONFIG).thresholds
    expected = [shrunk(own[0], of_rare, 40), shrunk(own[1], shared, 12), shrunk(own[2], shared, 3)]
    assert found == pytest.approx([*expected, of_rare], abs=1e-6)


def test_own_costs_can_keep_an_article_from_ever_being_listed():
    costs = np.tile([3.0, 1.0], (4, 1))
    costs[2] = (0, 1)
    config = DecisionConfig(strategy="cost")
    found = cross_fit(replace(invented(1), costs=costs), config).thresholds
    assert np.isfinite(found).tolist() == [True, True, False, True]


@pytest.mark.parametrize("strategy", ["fixed", "top_n", "expected_f1"])
def test_a_strategy_that_is_not_averaged_is_left_as_it_is(strategy):
    config = DecisionConfig(strategy=strategy)
    expected = fit_rule(invented(0), config)
    assert thresholds(invented(0), config).tolist() == expected.thresholds.tolist()


@pytest.mark.parametrize("strategy", ["global", "top_n_per_score"])
def test_a_single_threshold_is_the_mean_of_folds(strategy):
    cases, config = invented(1), replace(CONFIG, strategy=strategy)
    parts = [fit_rule(part, config).thresholds for part in leave_out_folds(cases, config)]
    assert thresholds(cases, config) == pytest.approx(np.mean(parts, axis=0))


def test_cail_is_never_worse_than_another_strategy_on_the_cases_it_sees():
    for seed in range(4):
        cases = invented(seed)
        of_strategy = {}
        for name in STRATEGIES:
            rule = cross_fit(cases, replace(CONFIG, strategy=name))
            of_strategy[name] = cail_score(cases.y_true, decide(cases.y_score, rule))
        assert of_strategy["cail_score"] == max(of_strategy.values())


@pytest.mark.parametrize("unseen_threshold", [0.0, math.inf])
@pytest.mark.parametrize("limits", [(0, 100), (1, 10), (1, 2)])
def test_cail_is_never_worse_without_folds_whatever_the_limits_are(limits, unseen_threshold):
    config = DecisionConfig(
        min_articles=limits[0],
        max_articles=limits[1],
        unseen_threshold=unseen_threshold,
        folds=1,
        shrinkage_cases=0,
    )
    for seed in SEEDS:
        y_true, y_score = random_table(seed, articles=6, unseen=2)
        known = random_mask(seed, y_true.shape) if seed % 2 else None
        cases = TuningCases(y_true, y_score, known)
        of_strategy = {}
        for name in STRATEGIES:
            rule = cross_fit(cases, replace(config, strategy=name))
            of_strategy[name] = cail_score(y_true, decide(y_score, rule), known)
        assert of_strategy["cail_score"] >= max(of_strategy.values()) - 1e-12


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_each_strategy_is_fitted_once_on_the_same_cases(strategy, monkeypatch):
    fitted = []

    def fit(cases, config):
        fitted.append((config.strategy, len(cases.y_true)))
        return fit_rule(cases, config)

    monkeypatch.setattr(cross_fitting, "fit_rule", fit)
    cross_fit(invented(0, cases=91), replace(CONFIG, strategy=strategy))
    folds = [len(mask) - mask.sum() for mask in fold_masks(91, CONFIG.folds)]
    names = list(STRATEGIES) if strategy == "cail_score" else [strategy]
    parts = {name: [91, *folds] if STRATEGIES[name].averaged else [91] for name in names}
    assert sorted(fitted) == sorted((name, size) for name in names for size in parts[name])


def test_an_article_with_many_cases_keeps_nearly_its_own_threshold():
    cases = invented(0, cases=9_000, support=(4_000, 4_000), apart=0.5)
    cases.y_score[:, 1] *= 0.5
    own = fit_rule(cases, CONFIG).thresholds
    assert own[0] - own[1] > 0.1
    assert thresholds(cases, CONFIG) == pytest.approx(own, abs=0.01)


@pytest.mark.parametrize("strategy", OWN)
def test_an_article_without_a_case_follows_the_rare_ones(strategy):
    cases = invented(2, support=(60, 8, 8, 0))
    cases.y_score[:, 1:] *= 0.5
    config = replace(CONFIG, strategy=strategy)
    rare = best_threshold(cases.restrict_to_articles([1, 2, 3]), config)
    expected = shrunk(rare, best_threshold(cases, config), 16)
    found = thresholds(cases, config)
    assert found[3] == pytest.approx(expected, abs=1e-6)
    assert found[3] < best_threshold(cases, config) - 0.02


@pytest.mark.parametrize("unseen_threshold", [0.5, math.inf])
@pytest.mark.parametrize("strategy", OWN)
def test_an_article_without_a_case_has_the_score_of_the_configuration(strategy, unseen_threshold):
    cases = invented(2)
    cases.y_score[:, 3] = 1
    config = replace(CONFIG, strategy=strategy, unseen_threshold=unseen_threshold)
    found = thresholds(cases, config)
    assert found[3] == unseen_threshold
    assert found[:3] == pytest.approx(thresholds(cases.restrict_to_articles([0, 1, 2]), config))


def test_no_article_with_a_case_at_all_has_the_score_of_the_configuration():
    nothing = TuningCases(np.zeros((6, 2), np.bool_), np.full((6, 2), 0.5, np.float32))
    for score in (0.5, math.inf):
        config = replace(CONFIG, unseen_threshold=score)
        assert thresholds(nothing, config).tolist() == [score, score]
    assert thresholds(nothing, CONFIG).tolist() == [math.inf, math.inf]


@pytest.mark.parametrize("shrinkage_cases", [0, 20])
@pytest.mark.parametrize("unseen_threshold", [0.0, 0.5, math.inf])
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("cases", [0, 1, 3])
def test_few_cases_yield_thresholds_without_nan(cases, strategy, unseen_threshold, shrinkage_cases):
    y_true, y_score = random_table(0, cases=3)
    config = DecisionConfig(
        strategy=strategy, unseen_threshold=unseen_threshold, shrinkage_cases=shrinkage_cases
    )
    found = thresholds(TuningCases(y_true[:cases], y_score[:cases]), config)
    assert (found.dtype, found.shape) == (np.float32, (5,))
    assert not np.isnan(found).any()


def test_masked_entries_move_no_threshold():
    cases = invented(3)
    known = random_mask(3, cases.y_true.shape)
    other = TuningCases(cases.y_true ^ ~known, np.where(known, cases.y_score, np.float32(0)), known)
    expected = thresholds(replace(cases, known=known), CONFIG)
    assert thresholds(other, CONFIG).tolist() == expected.tolist()


def test_each_case_is_in_one_fold():
    for n_cases, folds in ((10, 3), (3, 5), (0, 2)):
        masks = fold_masks(n_cases, folds)
        assert len(masks) == folds
        assert np.sum(masks, axis=0).tolist() == [1] * n_cases
        sizes = [int(mask.sum()) for mask in masks]
        assert max(sizes) - min(sizes) <= 1
    parts = list(leave_out_folds(invented(0), CONFIG))
    assert [len(part.y_true) for part in parts] == [60] * 3
    assert list(leave_out_folds(invented(0), replace(CONFIG, folds=1))) == []
    assert list(leave_out_folds(invented(0, cases=2, support=(1,)), CONFIG)) == []


@pytest.fixture
def held_out_lists(monkeypatch):
    """The lists that a comparison decides, by fold and strategy."""
    lists = []

    def recording(y_score, rule):
        lists.append(decide(y_score, rule))
        return lists[-1]

    monkeypatch.setattr(cross_fitting, "decide", recording)
    return lists


def test_the_lists_of_a_fold_do_not_depend_on_its_own_labels(held_out_lists):
    cases = invented(4)
    for fold, held_out in enumerate(fold_masks(len(cases.y_true), QUICK.folds)):
        held_out_lists.clear()
        compare_strategies(cases, QUICK)
        expected = list(held_out_lists)
        held_out_lists.clear()
        compare_strategies(replace(cases, y_true=cases.y_true ^ held_out[:, None]), QUICK)
        own = np.s_[fold * len(STRATEGIES) : (fold + 1) * len(STRATEGIES)]
        for found, before in zip(held_out_lists[own], expected[own], strict=True):
            assert found.tolist() == before.tolist()
        assert any((a != b).any() for a, b in zip(held_out_lists, expected, strict=True))


def test_the_metrics_are_those_of_all_lists_together(held_out_lists):
    cases = invented(4)
    found = compare_strategies(cases, QUICK)
    masks = fold_masks(len(cases.y_true), QUICK.folds)
    for index, name in enumerate(STRATEGIES):
        y_pred = np.zeros_like(cases.y_true)
        for fold, held_out in enumerate(masks):
            y_pred[held_out] = held_out_lists[fold * len(STRATEGIES) + index]
        (entry,) = [entry for entry in found if entry.strategy == name]
        assert entry.objective == objective(cases.y_true, y_pred, config=QUICK)
        assert entry.metrics == {
            name: HIGHER_IS_BETTER[name](cases.y_true, y_pred, None) for name in HEADLINES
        }


@pytest.mark.parametrize("name", ["cail_score", "micro_f1", "f_beta"])
def test_a_comparison_has_every_strategy_once_the_best_first(name):
    found = compare_strategies(invented(5), replace(QUICK, objective=name))
    assert sorted(entry.strategy for entry in found) == sorted(STRATEGIES)
    objectives = [entry.objective for entry in found]
    assert objectives == sorted(objectives, reverse=True)


def test_best_is_the_first_of_the_comparison():
    cases = invented(6)
    strategy, rule, compared = choose_rule(cases, replace(QUICK, strategy=BEST))
    assert compared == compare_strategies(cases, QUICK)
    assert strategy == compared[0].strategy
    expected = cross_fit(cases, replace(QUICK, strategy=strategy))
    assert rule.thresholds.tolist() == expected.thresholds.tolist()


def test_a_named_strategy_is_not_compared():
    strategy, rule, compared = choose_rule(invented(6), CONFIG)
    assert (strategy, compared) == ("per_article", [])
    assert rule.thresholds.tolist() == thresholds(invented(6), CONFIG).tolist()


@pytest.mark.parametrize(("folds", "compared"), [(3, 3), (1, 2)])
def test_a_comparison_reports_each_fold(folds, compared):
    reported = []
    compare_strategies(
        invented(6),
        replace(QUICK, folds=folds),
        on_fold_done=lambda *progress: reported.append(progress),
    )
    assert reported == [(fold, compared) for fold in range(1, compared + 1)]


@pytest.mark.parametrize("cases", [1, 2, 3])
def test_few_cases_can_be_compared(cases):
    y_true, y_score = random_table(0, cases=3)
    assert len(
        compare_strategies(TuningCases(y_true[:cases], y_score[:cases]), DecisionConfig())
    ) == len(STRATEGIES)


def test_comparing_takes_no_more_than_some_copies_of_the_scores():
    cases = invented(6, cases=20_000, support=(400,) * 40)
    compare_strategies(cases.restrict_to_cases(np.s_[:400]), QUICK)  # imports what it needs
    tracemalloc.start()
    compare_strategies(cases, QUICK)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 5 * (cases.y_score.nbytes + cases.y_true.nbytes)


def test_the_chosen_strategy_does_as_well_elsewhere_as_simple_ones():
    tuning, elsewhere = (invented(seed, 600, (300, 90, 40, 12), 0.35) for seed in (7, 8))
    _, rule, _ = choose_rule(tuning, DecisionConfig(strategy=BEST, folds=3))

    def score(rule):
        lists = decide(elsewhere.y_score, rule)
        return objective(elsewhere.y_true, lists, config=DecisionConfig())

    for simple in ("fixed", "global"):
        assert score(rule) >= score(fit_rule(tuning, DecisionConfig(strategy=simple))) - 0.005


def test_intervals_hold_the_threshold_of_cases_that_are_well_separated():
    cases = invented(9, support=(45, 30, 20, 0), apart=0.8)
    bounds = threshold_intervals(cases, DecisionConfig())
    own = fit_rule(cases, CONFIG).thresholds
    assert (bounds.dtype, bounds.shape) == (np.float32, (4, 2))
    assert (bounds[:3, 0] <= own[:3]).all()
    assert (own[:3] <= bounds[:3, 1]).all()
    assert bounds[3].tolist() == [0, math.inf]


def test_intervals_are_narrow_with_many_cases_and_wide_with_three():
    narrow = threshold_intervals(invented(9, 4_000, (2_000,), apart=0.5), DecisionConfig())
    wide = threshold_intervals(invented(9, 4_000, (3,), apart=0.5), DecisionConfig())
    assert narrow[0, 1] - narrow[0, 0] < 0.08
    assert wide[0, 1] - wide[0, 0] > 0.15


def test_without_resamples_an_interval_holds_everything():
    bounds = threshold_intervals(invented(9), DecisionConfig(resamples=0))
    assert bounds.tolist() == [[0, math.inf]] * 4


@pytest.mark.parametrize("true", [4, 15])
def test_intervals_are_like_those_of_cases_resampled_one_by_one(true):
    cases = invented(9, 100, (true,), apart=0.4)
    (curve,) = cases.curves
    rng = np.random.default_rng(1)
    rule = []
    for _ in range(2_000):
        times = rng.poisson(1, 100)
        listed = [times * (cases.y_score[:, 0] >= threshold) for threshold in curve.thresholds]
        right = times * cases.y_true[:, 0]
        f1 = [2 * (row * cases.y_true[:, 0]).sum() / max(1, (row + right).sum()) for row in listed]
        rule.append(curve.threshold(int(np.argmax(f1))))
    expected = np.quantile(rule, (0.025, 0.975), method="nearest")
    found = threshold_intervals(cases, DecisionConfig(resamples=2_000))[0]
    assert found == pytest.approx(expected, abs=0.03)


def test_everything_is_the_same_again():
    cases = invented(0)
    assert (
        threshold_intervals(cases, DecisionConfig()).tolist()
        == threshold_intervals(cases, DecisionConfig()).tolist()
    )
    assert compare_strategies(cases, QUICK) == compare_strategies(cases, QUICK)


@pytest.mark.parametrize("settings", [{"strategy": "none"}, {"objective": "none"}])
def test_what_is_unknown_is_refused(settings):
    with pytest.raises(ConfigError, match="must be a known one"):
        choose_rule(invented(0), DecisionConfig(**settings))
