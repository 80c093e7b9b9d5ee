import itertools

import numpy as np
import pytest
from sklearn.metrics import auc, average_precision_score, roc_auc_score, roc_curve

from lawrec.evaluation import confusion_counts, error_analysis

SEEDS = range(5)


def random_answers(seed, cases=25, articles=5):
    rng = np.random.default_rng(seed)
    y_true = rng.random((cases, articles)) < 0.3
    y_score = np.round(np.clip(rng.normal(0.3 + 0.3 * y_true, 0.25), 0, 1), 2).astype(np.float32)
    known = rng.random((cases, articles)) < 0.8
    return y_true, y_score, known


@pytest.mark.parametrize("seed", SEEDS)
def test_a_sweep_has_the_counts_of_each_threshold(seed):
    y_true, y_score, known = random_answers(seed)
    sweep = error_analysis.threshold_sweep(y_true, y_score, known, steps=10)
    assert sweep.thresholds == pytest.approx(np.linspace(0, 1, 11))
    for index, threshold in enumerate(sweep.thresholds):
        y_pred = y_score >= np.float32(threshold)
        counts = confusion_counts.count(y_true, y_pred, known)
        for part in ("tp", "fp", "fn", "tn"):
            expected = getattr(counts, part).tolist()
            assert getattr(sweep.counts, part)[index].tolist() == expected
        assert sweep.mean_length[index] == pytest.approx((y_pred & known).sum(axis=1).mean())


def test_each_article_is_in_one_band_and_empty_bands_are_left_out():
    bands = error_analysis.frequency_bands(np.array([0, 1, 9, 10, 5_000]))
    assert {name: np.flatnonzero(members).tolist() for name, members in bands.items()} == {
        "0": [0],
        "1-9": [1, 2],
        "10-49": [3],
        "200+": [4],
    }
    assert np.sum(list(bands.values()), axis=0).tolist() == [1] * 5


@pytest.mark.parametrize("seed", SEEDS)
def test_curves_have_the_areas_of_all_known_entries_pooled(seed):
    y_true, y_score, known = random_answers(seed, cases=200)
    curves = error_analysis.pooled_curves(y_true, y_score, known)
    entries = y_true[known], y_score[known]
    assert curves.average_precision == pytest.approx(average_precision_score(*entries))
    assert curves.roc_auc == pytest.approx(roc_auc_score(*entries))
    area = auc(curves.false_positive_rate, curves.true_positive_rate)
    assert area == pytest.approx(curves.roc_auc, abs=0.003)
    assert (curves.recall[0], curves.recall[-1]) == (0, 1)


def test_long_curves_are_thinned_to_points_of_their_own():
    rng = np.random.default_rng(0)
    y_true = rng.random((5_000, 2)) < 0.3
    y_score = (rng.random((5_000, 2)) / 2 + y_true / 4).astype(np.float32)
    curves = error_analysis.pooled_curves(y_true, y_score, np.ones_like(y_true))
    assert 100 < len(curves.recall) < 300
    assert 100 < len(curves.false_positive_rate) < 300
    rates = zip(
        *roc_curve(y_true.ravel(), y_score.ravel(), drop_intermediate=False)[:2], strict=True
    )
    points = zip(curves.false_positive_rate, curves.true_positive_rate, strict=True)
    assert set(points) <= set(rates)


@pytest.mark.parametrize("truth", [False, True])
def test_entries_that_are_all_alike_have_no_curves(truth):
    y_true, y_score = np.full((3, 2), truth), np.ones((3, 2), np.float32)
    assert error_analysis.pooled_curves(y_true, y_score, np.ones_like(y_true)) is None


def test_confused_pairs_worked_by_hand():
    y_true = np.array([[1, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 1], [1, 0, 0]], np.bool_)
    y_pred = np.array([[0, 1, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1], [0, 0, 0]], np.bool_)
    known = np.ones_like(y_true)
    pairs = error_analysis.confused_pairs(y_true, y_pred, known, limit=10)
    assert [(pair.missed, pair.predicted, pair.cases.tolist()) for pair in pairs] == [
        (0, 1, [0, 1]),
        (0, 2, [2]),
        (1, 2, [2]),
    ]
    assert len(error_analysis.confused_pairs(y_true, y_pred, known, limit=2)) == 2
    known[0, 0] = False
    (pair,) = error_analysis.confused_pairs(y_true, y_pred, known, limit=1)
    assert pair.cases.tolist() == [1]
    assert error_analysis.confused_pairs(y_true, y_true, known, limit=9) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_confused_pairs_match_slow_ones(seed):
    y_true, y_score, known = random_answers(seed)
    y_pred = y_score >= 0.5
    pairs = error_analysis.confused_pairs(y_true, y_pred, known, limit=100)
    expected = {}
    for case in range(len(y_true)):
        wrong = [a for a in range(5) if known[case, a] and y_true[case, a] != y_pred[case, a]]
        for a, b in itertools.product(wrong, wrong):
            if y_true[case, a] and y_pred[case, b]:
                expected.setdefault((a, b), []).append(case)
    assert {(pair.missed, pair.predicted): pair.cases.tolist() for pair in pairs} == expected
    sizes = [len(pair.cases) for pair in pairs]
    assert sizes == sorted(sizes, reverse=True)


def test_the_worst_cases_have_wrong_lists_and_the_largest_loss_first():
    y_true = np.array([[1, 0], [1, 0], [1, 0], [1, 0]], np.bool_)
    y_score = np.array([[0.4, 0.1], [0.1, 0.9], [0.1, 0.4], [0.2, 0.9]], np.float32)
    y_pred = np.array([[0, 0], [0, 1], [1, 0], [0, 1]], np.bool_)  # the third list is right
    known = np.ones_like(y_true)
    assert error_analysis.worst_cases(y_true, y_score, y_pred, known, limit=9).tolist() == [1, 3, 0]
    assert error_analysis.worst_cases(y_true, y_score, y_pred, known, limit=1).tolist() == [1]
    known[1] = False
    assert error_analysis.worst_cases(y_true, y_score, y_pred, known, limit=9).tolist() == [3, 0]


def test_scores_of_0_and_1_make_no_case_infinitely_bad():
    y_true = np.array([[1, 0], [1, 1]], np.bool_)
    y_score = np.array([[0, 0], [0, 0]], np.float32)
    worst = error_analysis.worst_cases(
        y_true, y_score, y_true & False, np.ones_like(y_true), limit=2
    )
    assert worst.tolist() == [1, 0]


def test_lengths_count_cases_by_their_number_of_known_articles():
    y_true = np.array([[1, 0, 0], [1, 1, 0], [1, 1, 1]], np.bool_)
    y_pred = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0]], np.bool_)
    known = np.ones_like(y_true)
    true, predicted = error_analysis.list_lengths(y_true, y_pred, known)
    assert (true.tolist(), predicted.tolist()) == ([0, 1, 1, 1], [1, 1, 1, 0])
    known[2, 2] = False
    assert error_analysis.list_lengths(y_true, y_pred, known)[0].tolist() == [0, 1, 2]
