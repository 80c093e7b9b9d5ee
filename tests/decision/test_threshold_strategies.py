import math
from itertools import permutations, product

import numpy as np
import pytest

from lawrec.config import DecisionConfig
from lawrec.decision.decision_rule import RULE_KINDS, DecisionRule, decide
from lawrec.decision.objectives import OBJECTIVES, objective
from lawrec.decision.score_order import relative_scores
from lawrec.decision.threshold_curve import NEVER, threshold_curve
from lawrec.decision.threshold_strategies import STRATEGIES, cail_points, micro_f1_points
from lawrec.decision.threshold_strategies import fit_rule as tune_labelled
from lawrec.decision.tuning_cases import TuningCases
from lawrec.errors import ConfigError
from lawrec.evaluation.confusion_counts import Counts, f1
from lawrec.evaluation.metrics import METRICS
from tests.helpers.arrays import (
    RATES,
    SEEDS,
    all_thresholds,
    bools,
    floats,
    never_unseen,
    random_mask,
    random_table,
    slow_rate,
    without_limits,
)

MICRO = DecisionConfig(objective="micro_f1")


def tune(y_true, y_score, config, known=None, costs=None):
    return tune_labelled(TuningCases(y_true, y_score, known, costs), config)


def same_rules(left, right):
    np.testing.assert_array_equal(left.thresholds, right.thresholds)
    assert left.calibration == right.calibration
    return (left.kind, left.min_articles, left.max_articles) == (
        right.kind,
        right.min_articles,
        right.max_articles,
    )


def tables(articles=3, cases=7):
    """Small tables without and with a mask, each article with a known true case."""
    for seed in SEEDS:
        y_true, y_score = random_table(seed, cases, articles, unseen=0)
        known = random_mask(seed, y_true.shape) if seed % 2 else np.ones_like(y_true)
        if (y_true & known).any(axis=0).all():
            yield y_true, y_score, known


def all_counts(y_true, y_score, known):
    """TP, listed and true entries of each article for every combination of thresholds."""
    of_article = [
        [
            (
                (true & (score >= threshold))[seen].sum(),
                (score >= threshold)[seen].sum(),
                true[seen].sum(),
            )
            for threshold in all_thresholds(score)
        ]
        for true, score, seen in zip(y_true.T, y_score.T, known.T, strict=True)
    ]
    return np.array(list(product(*of_article)))  # (combinations, articles, 3)


def test_micro_f1_is_the_best_of_all_combinations_of_thresholds():
    for y_true, y_score, known in tables():
        rule = tune(y_true, y_score, without_limits(strategy="micro_f1"), known)
        tp, listed, true = all_counts(y_true, y_score, known).sum(axis=1).T
        found = METRICS["micro_f1"](y_true, decide(y_score, rule), known)
        assert found == pytest.approx((2 * tp / (listed + true)).max())


def test_micro_f1_of_more_articles_is_exact_too():
    y_true, y_score = random_table(0, cases=6, articles=4, unseen=0)
    rule = tune(y_true, y_score, without_limits(strategy="micro_f1"))
    tp, listed, true = all_counts(y_true, y_score, np.ones_like(y_true)).sum(axis=1).T
    assert METRICS["micro_f1"](y_true, decide(y_score, rule)) == pytest.approx(
        (2 * tp / (listed + true)).max()
    )


def test_micro_f1_without_a_true_case_is_never():
    assert micro_f1_points([threshold_curve(bools(0, 0), floats(0.5, 0.25))]) == [0]


@pytest.mark.parametrize("costs", [(1, 1), (4, 1), (0.1, 1)])
def test_cost_is_the_least_of_all_thresholds(costs):
    miss, false = costs
    config = without_limits(strategy="cost", miss_cost=miss, false_cost=false)
    for y_true, y_score, known in tables():
        tp, listed, true = np.moveaxis(all_counts(y_true, y_score, known), 2, 0)
        least = (miss * (true - tp) + false * (listed - tp)).sum(axis=1).min()
        y_pred = decide(y_score, tune(y_true, y_score, config, known))
        missed, wrong = (y_true & ~y_pred & known).sum(), (~y_true & y_pred & known).sum()
        assert miss * missed + false * wrong == pytest.approx(least)


def test_each_article_has_its_own_costs():
    y_true = np.tile(bools([1, 1, 1], [0, 0, 0]), (2, 1))
    y_score = np.tile(floats([0.25, 0.25, 0.25], [0.75, 0.75, 0.75]), (2, 1))
    costs = np.array([[3.0, 1.0], [1.0, 3.0], [0.0, 0.0]])
    rule = tune(y_true, y_score, without_limits(strategy="cost"), costs=costs)
    assert rule.thresholds.tolist() == [0.125, np.inf, np.inf]
    by_rows = (
        TuningCases(y_true, y_score, None, costs)
        .restrict_to_articles([1, 0])
        .restrict_to_cases([0, 1])
    )
    found = tune_labelled(by_rows, without_limits(strategy="cost"))
    assert found.thresholds.tolist() == [np.inf, 0.125]


@pytest.mark.parametrize("name", RATES)
def test_per_article_has_the_best_rate_of_every_article(name):
    config = without_limits(strategy="per_article", objective=name, beta=2, target_rate=0.7)
    for y_true, y_score, known in tables():
        y_pred = decide(y_score, tune(y_true, y_score, config, known))
        for article, seen in enumerate(known.T):
            true, score = y_true[seen, article], y_score[seen, article]
            best = max(
                slow_rate(true, score >= threshold, config) for threshold in all_thresholds(score)
            )
            assert slow_rate(true, y_pred[seen, article], config) == pytest.approx(best)


@pytest.mark.parametrize("name", RATES)
def test_global_has_the_best_rate_of_all_single_thresholds(name):
    config = without_limits(strategy="global", objective=name, beta=2, target_rate=0.7)
    for y_true, y_score, known in tables():
        rule = tune(y_true, y_score, config, known)
        assert len(set(rule.thresholds)) == 1
        true, score = y_true[known], y_score[known]
        best = max(
            slow_rate(true, score >= threshold, config) for threshold in all_thresholds(score)
        )
        found = objective(y_true, decide(y_score, rule), known, config=config)
        assert found == pytest.approx(best)


def test_top_n_has_the_best_micro_f1_of_all_n():
    config = never_unseen(strategy="top_n", max_articles=4)
    for y_true, y_score, known in tables(articles=5):
        rule = tune(y_true, y_score, config, known)
        never = np.full(5, NEVER)
        lists = [decide(y_score, DecisionRule(never, n, n)) for n in range(1, 5)]
        scores = [METRICS["micro_f1"](y_true, y_pred, known) for y_pred in lists]
        assert rule.min_articles == rule.max_articles == 1 + int(np.argmax(scores))
        assert (decide(y_score, rule) == lists[rule.max_articles - 1]).all()


@pytest.mark.parametrize("name", RATES)
def test_top_n_per_score_has_the_best_share(name):
    config = without_limits(strategy="top_n_per_score", objective=name, beta=2, target_rate=0.7)
    for y_true, y_score, known in tables():
        relative = relative_scores(y_score)
        lists = [relative >= share for share in all_thresholds(relative)]
        best = max(objective(y_true, y_pred, known, config=config) for y_pred in lists)
        y_pred = decide(y_score, tune(y_true, y_score, config, known))
        assert objective(y_true, y_pred, known, config=config) == pytest.approx(best)


def test_no_change_of_a_single_threshold_improves_the_points_of_cail():
    for y_true, y_score, known in tables(articles=4):
        cases = TuningCases(y_true, y_score, known)
        judged = 4 + len(y_true) * (not known.all())  # with and without others
        points = cail_points(cases.curves, [0] * 4, n_articles=judged)
        now = score_of_points(cases.curves, points, judged)
        for label, of_one in enumerate(cases.curves):
            for point in range(len(of_one.thresholds)):
                moved = [*points[:label], point, *points[label + 1 :]]
                assert score_of_points(cases.curves, moved, judged) <= now + 1e-9
        assert cail_points(cases.curves, points, n_articles=judged) == points


def score_of_points(curves, points, judged):
    pairs = list(zip(curves, points, strict=True))
    tp = np.array([curve.tp[point] for curve, point in pairs])
    listed = np.array([curve.n_predicted[point] for curve, point in pairs])
    positives = np.array([curve.n_positives for curve in curves])
    own = f1(Counts(tp, listed - tp, positives - tp, 0 * tp))
    return (2 * tp.sum() / (listed + positives).sum() + own.sum() / judged) / 2


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_order_of_cases_does_not_matter(strategy):
    for seed in range(10):
        y_true, y_score = random_table(seed)
        known = random_mask(seed, y_true.shape)
        rows = np.random.default_rng(seed).permutation(len(y_true))
        config = DecisionConfig(strategy=strategy)
        expected = tune(y_true, y_score, config, known)
        assert same_rules(tune(y_true[rows], y_score[rows], config, known[rows]), expected)


@pytest.mark.parametrize(
    "strategy", sorted(set(STRATEGIES) - {"cail_score"})
)  # ascent goes by column
def test_the_order_of_articles_does_not_matter(strategy):
    y_true, _ = random_table(0, articles=4)
    y_score = np.random.default_rng(0).random(y_true.shape, np.float32)
    config = DecisionConfig(strategy=strategy)
    expected = tune(y_true, y_score, config)
    for columns in map(list, permutations(range(4))):
        rule = tune(y_true[:, columns], y_score[:, columns], config)
        assert rule.thresholds.tolist() == expected.thresholds[columns].tolist()
        lists = decide(y_score[:, columns], rule)
        assert (lists == decide(y_score, expected)[:, columns]).all()


def test_the_fixed_threshold_of_an_article_with_a_case_is_one_half():
    rule = tune(*random_table(0), never_unseen(strategy="fixed"))
    assert rule.thresholds.tolist() == [0.5] * 4 + [np.inf]


def test_expected_f1_keeps_the_calibration_of_the_configuration():
    for kind in ("none", "temperature", "isotonic"):
        rule = tune(*random_table(0), DecisionConfig(strategy="expected_f1", calibration=kind))
        assert (rule.kind, rule.calibration.kind) == ("expected_f1", kind)


def test_top_n_does_not_count_an_article_that_never_passes():
    y_true = bools([1, 0, 0], [1, 0, 0], [0, 1, 0])
    y_score = floats([0.5, 0.25, 0.75], [0.5, 0.25, 0.75], [0.25, 0.5, 0.75])
    rule = tune(y_true, y_score, never_unseen(strategy="top_n"))
    assert rule.max_articles == 1
    assert (decide(y_score, rule) == y_true).all()


def test_global_does_not_count_an_article_that_never_passes():
    y_true = bools([1, 0], [1, 0], [0, 0])
    y_score = floats([0.5, 0.75], [0.5, 0.75], [0.25, 0.75])
    rule = tune(y_true, y_score, without_limits(strategy="global"))
    assert rule.thresholds.tolist() == [0.375, np.inf]


@pytest.mark.parametrize(("least", "most", "expected"), [(1, 10, 1), (2, 10, 2), (3, 3, 3)])
def test_top_n_keeps_to_the_least_number_of_articles(least, most, expected):
    y_true = bools([1, 0, 0], [0, 1, 0], [0, 0, 1])
    y_score = np.where(y_true, floats(0.9), floats(0.1)).astype(np.float32)
    config = never_unseen(strategy="top_n", min_articles=least, max_articles=most)
    rule = tune(y_true, y_score, config)
    assert (rule.min_articles, rule.max_articles) == (expected, expected)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_article_without_a_true_case_never_passes(strategy):
    y_true, y_score = random_table(3)
    y_score[:, -1] = 1
    rule = tune(y_true, y_score, never_unseen(strategy=strategy))
    assert np.isfinite(rule.thresholds).tolist() == [True] * 4 + [False]
    assert not decide(y_score, rule)[:, -1].any()


@pytest.mark.parametrize("strategy", ["fixed", "global", "per_article", "micro_f1", "cost"])
def test_an_article_without_a_true_case_gets_the_score_of_the_configuration(strategy):
    rule = tune(*random_table(3), DecisionConfig(strategy=strategy, unseen_threshold=0.625))
    assert rule.thresholds[-1] == np.float32(0.625)


@pytest.mark.parametrize("strategy", ["global", "per_article", "micro_f1", "cail_score"])
def test_an_article_without_a_true_case_gets_the_best_pooled_threshold(strategy):
    y_true, y_score = random_table(3)
    pooled = tune(y_true, y_score, DecisionConfig(strategy="global"))
    rule = tune(y_true, y_score, DecisionConfig(strategy=strategy))
    if rule.kind == "threshold":
        assert rule.thresholds[-1] == pooled.thresholds[0]


@pytest.mark.parametrize(
    "strategy", sorted(set(STRATEGIES) - {"cail_score"})
)  # its mean is over all articles
def test_an_article_without_a_true_case_does_not_influence_the_others(strategy):
    y_true, y_score = random_table(3)
    config = never_unseen(strategy=strategy)
    without = tune(y_true[:, :-1], y_score[:, :-1], config)
    rule = tune(y_true, y_score, config)
    assert rule.thresholds[:-1].tolist() == without.thresholds.tolist()
    assert (rule.min_articles, rule.max_articles) == (without.min_articles, without.max_articles)


def test_an_article_without_a_true_case_gets_the_cheapest_pooled_threshold():
    y_true, y_score = random_table(3)
    config = DecisionConfig(strategy="cost", miss_cost=3)
    as_one = tune(y_true.reshape(-1, 1), y_score.reshape(-1, 1), config)
    assert tune(y_true, y_score, config).thresholds[-1] == as_one.thresholds[0]


def test_a_share_is_no_score_so_that_an_article_without_a_true_case_gets_that_of_all():
    config = DecisionConfig(strategy="top_n_per_score", unseen_threshold=0.0625)
    rule = tune(*random_table(3), config)
    assert len(set(rule.thresholds.tolist())) == 1
    assert rule.thresholds[0] > 0.0625


def test_an_article_that_nobody_knows_does_not_influence_cail():
    for seed in SEEDS:
        y_true, y_score = random_table(seed)
        known = np.ones_like(y_true)
        known[:, -1] = False
        expected = tune(y_true[:, :-1], y_score[:, :-1], never_unseen(strategy="cail_score"))
        rule = tune(y_true, y_score, never_unseen(strategy="cail_score"), known)
        assert rule.thresholds[:-1].tolist() == expected.thresholds.tolist()


def test_articles_keep_their_calibration_group_next_to_one_without_a_true_case():
    rng = np.random.default_rng(0)
    y_score = rng.random((300, 4), np.float32)
    y_true = rng.random((300, 4)) < y_score * np.array((0.8, 0, 0.2, 0.03))
    rule = tune(y_true, y_score, never_unseen(strategy="expected_f1"))
    assert rule.calibration.groups == (2, 0, 1, 0)


@pytest.mark.parametrize("strategy", ["fixed", "global", "per_article"])
def test_a_rule_has_the_limits_of_the_configuration(strategy):
    config = never_unseen(strategy=strategy, min_articles=2, fill_score=0.125, max_articles=3)
    rule = tune(*random_table(0), config)
    assert (rule.min_articles, rule.fill_score, rule.max_articles) == (2, 0.125, 3)


DEGENERATE = {
    "one case": (bools([1, 0, 0]), floats([0.5, 0.25, 0.125])),
    "one case, one article": (bools([1]), floats([0.5])),
    "one case without articles": (bools([0, 0, 0]), floats([0.5, 0.25, 0.125])),
    "no positives anywhere": (np.zeros((4, 3), np.bool_), np.full((4, 3), 0.5, np.float32)),
    "all positive": (np.ones((4, 3), np.bool_), np.full((4, 3), 0.5, np.float32)),
    "all scores 0": (np.eye(3, dtype=np.bool_), np.zeros((3, 3), np.float32)),
    "all scores 1": (np.eye(3, dtype=np.bool_), np.ones((3, 3), np.float32)),
    "no cases": (np.zeros((0, 3), np.bool_), np.zeros((0, 3), np.float32)),
}


@pytest.mark.parametrize("case", DEGENERATE)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_runs_on_degenerate_cases(strategy, case):
    y_true, y_score = DEGENERATE[case]
    for config in (never_unseen(strategy=strategy), DecisionConfig(strategy=strategy)):
        for known in (None, np.zeros_like(y_true)):
            rule = tune(y_true, y_score, config, known)
            assert rule.thresholds.dtype == np.float32
            assert rule.thresholds.shape == (y_true.shape[1],)
            assert not np.isnan(rule.thresholds).any()
            assert decide(y_score, rule).shape == y_true.shape


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_mask_without_gaps_tunes_as_no_mask(strategy):
    for seed in range(10):
        y_true, y_score = random_table(seed)
        config = DecisionConfig(strategy=strategy)
        assert same_rules(
            tune(y_true, y_score, config, y_true | True), tune(y_true, y_score, config)
        )


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_masked_labels_do_not_move_a_threshold(strategy):
    for seed in range(10):
        y_true, y_score = random_table(seed)
        known = random_mask(seed, y_true.shape)
        for config in (never_unseen(strategy=strategy), DecisionConfig(strategy=strategy)):
            expected = tune(y_true, y_score, config, known)
            assert same_rules(tune(y_true ^ ~known, y_score, config, known), expected)


@pytest.mark.parametrize("strategy", ["global", "per_article", "micro_f1", "cost"])
def test_masked_scores_do_not_move_a_threshold(strategy):
    for seed in range(10):
        y_true, y_score = random_table(seed)
        known = random_mask(seed, y_true.shape)
        config = DecisionConfig(strategy=strategy)
        other = np.where(known, y_score, np.float32(0.75))
        assert same_rules(tune(y_true, other, config, known), tune(y_true, y_score, config, known))


@pytest.mark.parametrize("unseen", [0.75, math.inf])
def test_an_article_whose_true_cases_are_all_masked_gets_the_threshold_of_unseen_ones(unseen):
    y_true, y_score = bools([1, 1], [0, 1]), floats([0.9, 0.8], [0.2, 0.7])
    config = without_limits(strategy="global", unseen_threshold=unseen)
    rule = tune(y_true, y_score, config, bools([0, 1], [1, 1]))
    assert rule.thresholds.tolist()[0] == unseen
    assert rule.thresholds.tolist()[1] < unseen


@pytest.mark.parametrize(
    "settings",
    [{"strategy": "best"}, {"strategy": "none"}, {"strategy": "expected_f1", "calibration": "x"}],
)
def test_what_is_unknown_is_refused(settings):
    with pytest.raises(ConfigError, match="must be a known one"):
        tune(*random_table(0), DecisionConfig(**settings))


def test_a_strategy_has_the_name_of_the_objective_that_it_maximizes():
    assert all(name.isidentifier() for name in (*STRATEGIES, *RULE_KINDS, *OBJECTIVES))
    assert set(STRATEGIES) & set(OBJECTIVES) == {"micro_f1", "cail_score"}
