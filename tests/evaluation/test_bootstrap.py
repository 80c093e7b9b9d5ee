import tracemalloc
from functools import partial

import numpy as np
import pytest

from lawrec.evaluation import bootstrap, metrics

SEEDS = range(4)


def random_answers(seed, cases=40, articles=6):
    rng = np.random.default_rng(seed)
    y_true = rng.random((cases, articles)) < 0.3
    y_pred = y_true ^ (rng.random((cases, articles)) < 0.15)
    known = rng.random((cases, articles)) < 0.8
    known[0], known[:, 0] = False, False
    return y_true, y_pred, known


def repeated(metric, *arrays):
    """Any metric of arrays of cases as a function of weights: slow, by repeating cases."""

    def weighted(weights):
        times = weights.astype(np.int64)
        return np.array([metric(*(np.repeat(a, row, axis=0) for a in arrays)) for row in times])

    return weighted


def mean_of(values):
    """A function of weights that returns the weighted mean of values per case, under "mean"."""
    empty = np.zeros((len(values), 1), np.bool_)
    return bootstrap.weighted_metrics(empty, empty, per_case={"mean": values})


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_metrics_of_a_resample_are_those_of_its_repeated_cases(seed, masked):
    y_true, y_pred, known = random_answers(seed)
    known = known if masked else np.ones_like(known)
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(y_true), size=(5, len(y_true)))
    weights = np.array([np.bincount(cases, minlength=len(y_true)) for cases in draws], np.float32)
    resampled = bootstrap.weighted_metrics(y_true, y_pred, known if masked else None)(weights)
    for row, cases in enumerate(draws):
        expected = metrics.evaluate(y_true[cases], y_pred[cases], known[cases])
        assert {name: values[row] for name, values in resampled.items()} == pytest.approx(expected)


def test_weights_are_as_good_as_repeating_cases():
    y_true, y_pred, known = random_answers(0)
    weights = np.array([[2, 0, 1] + [1] * 37, [1] * 40], np.float32)
    slow = repeated(metrics.cail_score, y_true, y_pred, known)(weights)
    fast = bootstrap.weighted_metrics(y_true, y_pred, known)(weights)["cail_score"]
    assert fast == pytest.approx(slow)


def test_each_resample_draws_as_many_cases_as_there_are_and_a_seed_fixes_them(monkeypatch):
    draws = partial(bootstrap.resample_weights, 50, 230)
    (whole,) = draws(seed=1)
    monkeypatch.setattr(bootstrap, "_BLOCK_WEIGHTS", 5_000)
    blocks = list(draws(seed=1))
    assert [block.shape for block in blocks] == [(100, 50), (100, 50), (30, 50)]
    np.testing.assert_array_equal(np.concatenate(blocks), whole)
    assert all((block.sum(axis=1) == 50).all() for block in blocks)
    np.testing.assert_array_equal(np.concatenate(blocks), np.concatenate(list(draws(seed=1))))
    assert (np.concatenate(blocks) != np.concatenate(list(draws(seed=2)))).any()


def test_the_interval_of_a_mean_is_the_textbooks():
    n = 400
    hits = np.arange(n) % 5 == 0
    interval = bootstrap.intervals(mean_of(hits.astype(np.float64)), n, resamples=2_000)["mean"]
    error = np.sqrt(0.2 * 0.8 / n)
    assert interval.value == pytest.approx(0.2)
    assert interval.low == pytest.approx(0.2 - 1.96 * error, abs=0.006)
    assert interval.high == pytest.approx(0.2 + 1.96 * error, abs=0.006)


def test_the_value_of_an_interval_is_that_of_the_cases_themselves():
    y_true, y_pred, known = random_answers(3)
    weighted = bootstrap.weighted_metrics(y_true, y_pred, known)
    intervals = bootstrap.intervals(weighted, 40, resamples=50)
    values = {name: interval.value for name, interval in intervals.items()}
    assert values == pytest.approx(metrics.evaluate(y_true, y_pred, known))
    assert all(interval.low <= interval.high for interval in intervals.values())


def test_a_mean_over_cases_of_which_none_counts_is_0():
    intervals = bootstrap.intervals(mean_of(np.full(3, np.nan)), 3, resamples=5)
    assert intervals["mean"] == bootstrap.Interval(0, 0, 0)


def shares(hits):
    return lambda weights: {"share": (weights @ hits) / weights.sum(axis=1)}


def test_a_run_does_not_differ_from_itself():
    hits = np.arange(30) % 3 == 0
    differences = bootstrap.differences(shares(hits), shares(hits), n_cases=30)
    assert differences["share"] == bootstrap.Difference(0, 0, 0, 1)


def test_a_clear_difference_is_significant_and_is_negated_when_the_runs_are_swapped():
    better, worse = np.ones(60), (np.arange(60) % 2).astype(np.float64)
    gain = bootstrap.differences(shares(better), shares(worse), n_cases=60)["share"]
    loss = bootstrap.differences(shares(worse), shares(better), n_cases=60)["share"]
    assert gain.value == 0.5
    assert gain.low > 0.3
    assert gain.p_value == pytest.approx(1 / 1001)
    assert (loss.value, loss.low, loss.high) == pytest.approx((-0.5, -gain.high, -gain.low))


def test_two_equal_runs_differ_significantly_about_as_often_as_the_level_says():
    rng = np.random.default_rng(5)
    runs = (
        [shares(hits) for hits in (rng.random((2, 80)) < 0.7).astype(float)] for _ in range(300)
    )
    p_values = [
        bootstrap.differences(*pair, n_cases=80, resamples=100, seed=seed)["share"].p_value
        for seed, pair in enumerate(runs)
    ]
    assert 0.02 < np.mean(np.array(p_values) <= 0.05) < 0.09
    assert 0.4 < np.mean(p_values) < 0.6


def test_a_paired_test_detects_a_difference_smaller_than_the_intervals():
    rng = np.random.default_rng(0)
    level = rng.random(200)
    difference = bootstrap.differences(shares(level + 0.02), shares(level), n_cases=200)["share"]
    interval = bootstrap.intervals(shares(level), 200)["share"]
    assert difference.p_value == pytest.approx(1 / 1001)
    assert interval.high - interval.low > 0.06


def test_rare_articles_do_not_shift_an_interval_away_from_its_value():
    """Half of the articles have a single case: each is missing from a third of the resamples."""
    rng = np.random.default_rng(0)
    articles = np.append(rng.integers(20, size=180), np.arange(20, 40))
    y_true = np.eye(40, dtype=np.bool_)[articles]
    y_pred = np.eye(40, dtype=np.bool_)[np.where(rng.random(200) < 0.8, articles, 0)]
    weighted = bootstrap.weighted_metrics(y_true, y_pred)
    samples = bootstrap.resampled_metrics(weighted, 200, resamples=300, seed=0)["macro_f1"]
    interval = bootstrap.intervals(weighted, 200, resamples=300)["macro_f1"]
    assert np.quantile(samples, 0.975) < interval.value
    assert interval.low < interval.value < interval.high
    width = np.ptp(np.quantile(samples, [0.025, 0.975]))
    assert interval.high - interval.low == pytest.approx(width)


def test_the_interval_of_a_share_stays_within_0_and_1():
    y_true = np.eye(30, dtype=np.bool_)
    y_true[:, 20:] = y_true[:, :10]
    weighted = bootstrap.weighted_metrics(y_true, y_true)
    intervals = bootstrap.intervals(weighted, 30, resamples=200)
    assert all(0 <= interval.low <= interval.high <= 1 for interval in intervals.values())
    assert intervals["macro_f1"].high == 1
    ranks = bootstrap.intervals(mean_of(np.arange(30.0)), 30, resamples=200)["mean"]
    assert ranks.high > 15


def test_metrics_of_weighted_cases_hold_one_kind_of_entries_at_a_time():
    y_true = np.zeros((5_000, 200), np.bool_)
    y_true[:, 0] = True
    tracemalloc.start()
    bootstrap.weighted_metrics(y_true, y_true, ~y_true)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 5 * y_true.nbytes
