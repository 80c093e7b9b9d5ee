import numpy as np
import pytest

from lawrec.config import DecisionConfig
from lawrec.decision import threshold_curve as module
from lawrec.decision.objectives import best_point
from lawrec.decision.threshold_curve import NEVER, threshold_curve
from tests.helpers.arrays import RATES, all_thresholds, bools, floats, random_column, slow_rate


def best_threshold(y_true, y_score):
    curve = threshold_curve(y_true, y_score)
    return curve.threshold(best_point(curve, DecisionConfig()))


def neighbour_above(score):
    return np.nextafter(np.float32(score), NEVER)


def test_a_curve_by_hand():
    curve = threshold_curve(bools(1, 0, 1, 0, 1), floats(0.75, 0.5, 0.5, 0.25, 0))
    assert curve.thresholds.tolist() == [np.inf, 0.75, 0.5, 0]
    assert curve.next_lower.tolist() == [np.inf, 0.5, 0.25, 0]
    assert curve.n_predicted.tolist() == [0, 1, 3, 5]
    assert curve.tp.tolist() == [0, 1, 2, 3]
    assert curve.n_positives == 3
    assert [curve.threshold(point) for point in range(4)] == [np.inf, 0.625, 0.375, 0]


@pytest.mark.parametrize("y_true", [bools(), bools(0, 0)])
def test_without_a_true_case_there_is_no_threshold_but_never(y_true):
    curve = threshold_curve(y_true, np.full(len(y_true), 0.5, np.float32))
    assert curve.thresholds.tolist() == [np.inf]
    assert (curve.n_predicted.tolist(), curve.tp.tolist()) == ([0], [0])
    assert curve.threshold(0) == NEVER


def test_a_threshold_has_the_counts_of_its_point():
    for seed in range(200):
        y_true, y_score = random_column(seed)
        curve = threshold_curve(y_true, y_score)
        for point, (n_predicted, tp) in enumerate(zip(curve.n_predicted, curve.tp, strict=True)):
            y_pred = y_score >= curve.threshold(point)
            assert ((y_pred).sum(), (y_pred & y_true).sum()) == (n_predicted, tp)


@pytest.mark.parametrize("hold", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("objective", RATES)
def test_the_best_threshold_is_as_good_as_the_best_of_all_thresholds(objective, hold):
    config = DecisionConfig(objective=objective, beta=4 * hold, target_rate=hold)
    for seed in range(100):
        y_true, y_score = random_column(seed)
        curve = threshold_curve(y_true, y_score)
        threshold = curve.threshold(best_point(curve, config))
        best = max(slow_rate(y_true, y_score >= each, config) for each in all_thresholds(y_score))
        assert slow_rate(y_true, y_score >= threshold, config) == pytest.approx(best)


@pytest.mark.parametrize("costs", [(1, 1), (5, 1), (0.2, 1), (0, 1), (1, 0)])
def test_the_threshold_that_costs_least_is_on_the_curve(costs):
    miss, false = costs
    for seed in range(100):
        y_true, y_score = random_column(seed)
        curve = threshold_curve(y_true, y_score)
        missed, wrong = curve.n_positives - curve.tp, curve.n_predicted - curve.tp
        assert (miss * missed + false * wrong).min() == min(
            miss * (y_true & (y_score < threshold)).sum()
            + false * (~y_true & (y_score >= threshold)).sum()
            for threshold in all_thresholds(y_score)
        )


@pytest.mark.parametrize(
    ("y_true", "y_score", "expected"),
    [
        (bools(1, 0), floats(0.75, 0.25), 0.5),
        (bools(0, 1), floats(0.25, 0.75), 0.5),
        (bools(1, 1, 0), floats(1, 0.5, 0.25), 0.375),
        (bools(1, 0, 1), floats(1, 0.75, 0.5), 0.25),
        (bools(1), floats(0.5), 0.25),
        (bools(1, 0, 0), floats(0.5, 0.5, 0), 0.25),
        (bools(1, 1), floats(0.5, 0), 0),
        (bools(1, 0), floats(0, 0), 0),
        (bools(1, 1), floats(1, 1), 0.5),
    ],
)
def test_the_best_threshold_lies_half_way_to_the_next_score_below(y_true, y_score, expected):
    assert best_threshold(y_true, y_score) == expected


@pytest.mark.parametrize("score", [0.0, 1e-30, 0.5, 1.0])
def test_the_best_threshold_separates_neighbouring_floats(score):
    y_score = floats(score, neighbour_above(score))
    assert (y_score >= best_threshold(bools(0, 1), y_score)).tolist() == [False, True]


def test_scores_that_are_sorted_in_parts_give_the_same_curve(monkeypatch):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        y_score = rng.integers(0, 12, 40).astype(np.float32) / 12
        y_true = rng.random(40) < 0.3
        whole = threshold_curve(y_true, y_score)
        with monkeypatch.context() as patch:
            patch.setattr(module, "SORT_CHUNK", 7)
            parts = threshold_curve(y_true, y_score)
        for name, values in vars(whole).items():
            np.testing.assert_array_equal(getattr(parts, name), values)
