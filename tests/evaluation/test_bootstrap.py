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
    """Any metric of arrays of cases as a function of weights: slow, each case written out."""

    def figure(weights):
        times = weights.astype(np.int64)
        return np.array([metric(*(np.repeat(a, row, axis=0) for a in arrays)) for row in times])

    return figure


def figures(y_true, y_pred, known=None):
    exact = metrics.matched(y_true, y_pred, known)
    return bootstrap.figures_of(y_true, y_pred, known, {"exact_match": exact})


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_resample_has_the_figures_of_its_cases_written_out(seed, masked):
    y_true, y_pred, known = random_answers(seed)
    known = known if masked else np.ones_like(known)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(y_true), size=(5, len(y_true)))
    weights = np.array([np.bincount(cases, minlength=len(y_true)) for cases in drawn], np.float32)
    found = figures(y_true, y_pred, known if masked else None)(weights)
    for row, cases in enumerate(drawn):
        expected = metrics.evaluate(y_true[cases], y_pred[cases], known[cases])
        assert {name: values[row] for name, values in found.items()} == pytest.approx(expected)


def test_any_metric_becomes_a_figure_by_repeating_cases():
    y_true, y_pred, known = random_answers(0)
    weights = np.array([[2, 0, 1] + [1] * 37, [1] * 40], np.float32)
    slow = repeated(metrics.cail_score, y_true, y_pred, known)(weights)
    assert slow == pytest.approx(figures(y_true, y_pred, known)(weights)["cail_score"])


def test_each_resample_draws_as_many_cases_as_there_are_and_a_seed_fixes_them(monkeypatch):
    draws = partial(bootstrap._draws, 50, 230)
    (whole,) = draws(seed=1)
    monkeypatch.setattr(bootstrap, "_BLOCK", 5_000)
    blocks = list(draws(seed=1))
    assert [block.shape for block in blocks] == [(100, 50), (100, 50), (30, 50)]
    np.testing.assert_array_equal(np.concatenate(blocks), whole)
    assert all((block.sum(axis=1) == 50).all() for block in blocks)
    np.testing.assert_array_equal(np.concatenate(blocks), np.concatenate(list(draws(seed=1))))
    assert (np.concatenate(blocks) != np.concatenate(list(draws(seed=2)))).any()


def test_the_interval_of_a_mean_is_the_textbooks():
    n = 400
    hits = np.arange(n) % 5 == 0
    nothing = np.zeros((n, 1), np.bool_)
    of_case = {"share": hits.astype(np.float64)}
    found = bootstrap.intervals(bootstrap.figures_of(nothing, nothing, None, of_case), n, 2_000)
    error = np.sqrt(0.2 * 0.8 / n)
    assert found["share"].value == pytest.approx(0.2)
    assert found["share"].low == pytest.approx(0.2 - 1.96 * error, abs=0.006)
    assert found["share"].high == pytest.approx(0.2 + 1.96 * error, abs=0.006)


def test_the_value_of_an_interval_is_that_of_the_cases_themselves():
    y_true, y_pred, known = random_answers(3)
    found = bootstrap.intervals(figures(y_true, y_pred, known), 40, resamples=50)
    values = {name: interval.value for name, interval in found.items()}
    assert values == pytest.approx(metrics.evaluate(y_true, y_pred, known))
    assert all(of.low <= of.high for of in found.values())


def test_a_figure_of_cases_of_which_none_counts_is_0():
    of_case = {"never": np.full(3, np.nan)}
    nothing = np.zeros((3, 2), np.bool_)
    found = bootstrap.intervals(bootstrap.figures_of(nothing, nothing, None, of_case), 3, 5)
    assert found["never"] == bootstrap.Interval(0, 0, 0)


def shares(hits):
    return lambda weights: {"share": (weights @ hits) / weights.sum(axis=1)}


def test_a_run_does_not_differ_from_itself():
    hits = np.arange(30) % 3 == 0
    found = bootstrap.differences(shares(hits), shares(hits), 30)
    assert found["share"] == bootstrap.Difference(0, 0, 0, 1)


def test_a_clear_difference_is_no_chance_and_turns_its_sign_with_the_runs():
    better, worse = np.ones(60), (np.arange(60) % 2).astype(np.float64)
    found = bootstrap.differences(shares(better), shares(worse), 60)["share"]
    back = bootstrap.differences(shares(worse), shares(better), 60)["share"]
    assert found.value == 0.5
    assert found.low > 0.3
    assert found.p_value == pytest.approx(1 / 1001)
    assert (back.value, back.low, back.high) == pytest.approx((-0.5, -found.high, -found.low))


def test_two_runs_that_are_alike_are_told_apart_about_as_often_as_chance_has_it():
    rng = np.random.default_rng(5)
    found = [
        bootstrap.differences(
            *(shares(hits) for hits in (rng.random((2, 80)) < 0.7).astype(float)), 80, 100, seed
        )["share"].p_value
        for seed in range(300)
    ]
    assert 0.02 < np.mean(np.array(found) <= 0.05) < 0.09
    assert 0.4 < np.mean(found) < 0.6


def test_pairing_sees_a_difference_that_hides_in_the_spread_of_the_cases():
    rng = np.random.default_rng(0)
    level = rng.random(200)
    found = bootstrap.differences(shares(level + 0.02), shares(level), 200)["share"]
    alone = bootstrap.intervals(shares(level), 200)["share"]
    assert found.p_value == pytest.approx(1 / 1001)
    assert alone.high - alone.low > 0.06


def test_rare_articles_do_not_move_an_interval_off_its_own_value():
    """Half of the articles have one case: a third of the resamples lacks each of these."""
    rng = np.random.default_rng(0)
    articles = np.append(rng.integers(20, size=180), np.arange(20, 40))
    y_true = np.eye(40, dtype=np.bool_)[articles]
    y_pred = np.eye(40, dtype=np.bool_)[np.where(rng.random(200) < 0.8, articles, 0)]
    of = figures(y_true, y_pred)
    plain = bootstrap.resampled(of, 200, resamples=300, seed=0)["macro_f1"]
    found = bootstrap.intervals(of, 200, 300)["macro_f1"]
    assert np.quantile(plain, 0.975) < found.value
    assert found.low < found.value < found.high
    assert found.high - found.low == pytest.approx(np.ptp(np.quantile(plain, [0.025, 0.975])))


def test_the_interval_of_a_share_stays_within_0_and_1():
    y_true = np.eye(30, dtype=np.bool_)
    y_true[:, 20:] = y_true[:, :10]
    found = bootstrap.intervals(figures(y_true, y_true), 30, 200)
    assert all(0 <= of.low <= of.high <= 1 for of in found.values())
    assert found["macro_f1"].high == 1
    counts = {"places": np.arange(30.0)}
    nothing = np.zeros((30, 1), np.bool_)
    far = bootstrap.intervals(bootstrap.figures_of(nothing, nothing, None, counts), 30, 200)
    assert far["places"].high > 15
