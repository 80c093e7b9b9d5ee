import numpy as np
import pytest
from sklearn.metrics import auc, average_precision_score, roc_auc_score, roc_curve

from lawrec.evaluation import error_analysis, metrics

SEEDS = range(5)


def random_answers(seed, cases=25, articles=5):
    rng = np.random.default_rng(seed)
    y_true = rng.random((cases, articles)) < 0.3
    y_score = np.round(np.clip(rng.normal(0.3 + 0.3 * y_true, 0.25), 0, 1), 2).astype(np.float32)
    known = rng.random((cases, articles)) < 0.8
    return y_true, y_score, known


@pytest.mark.parametrize("seed", SEEDS)
def test_a_sweep_has_the_counts_of_each_cut_decided_anew(seed):
    y_true, y_score, known = random_answers(seed)
    found = error_analysis.sweep(y_true, y_score, known, steps=10)
    assert found.thresholds == pytest.approx(np.linspace(0, 1, 11))
    for place, cut in enumerate(found.thresholds):
        y_pred = y_score >= np.float32(cut)
        counts = metrics.count(y_true, y_pred, known)
        for part in ("tp", "fp", "fn", "tn"):
            expected = getattr(counts, part).tolist()
            assert getattr(found.counts, part)[place].tolist() == expected
        assert found.lengths[place] == pytest.approx((y_pred & known).sum(axis=1).mean())


def test_bands_hold_each_article_once_and_leave_out_what_is_empty():
    trained = np.array([0, 1, 9, 10, 5_000])
    found = error_analysis.bands(trained)
    assert {name: np.flatnonzero(of).tolist() for name, of in found.items()} == {
        "0": [0],
        "1-9": [1, 2],
        "10-49": [3],
        "200+": [4],
    }
    assert np.sum(list(found.values()), axis=0).tolist() == [1] * 5


@pytest.mark.parametrize("seed", SEEDS)
def test_curves_have_the_areas_of_all_known_entries_together(seed):
    y_true, y_score, known = random_answers(seed, cases=200)
    found = error_analysis.curves(y_true, y_score, known)
    entries = y_true[known], y_score[known]
    assert found.average_precision == pytest.approx(average_precision_score(*entries))
    assert found.roc_auc == pytest.approx(roc_auc_score(*entries))
    area = auc(found.false_rate, found.true_rate)
    assert area == pytest.approx(found.roc_auc, abs=0.003)
    assert (found.recall[0], found.recall[-1]) == (0, 1)


def test_long_curves_are_thinned_to_points_that_are_on_them():
    rng = np.random.default_rng(0)
    y_true = rng.random((5_000, 2)) < 0.3
    y_score = (rng.random((5_000, 2)) / 2 + y_true / 4).astype(np.float32)
    found = error_analysis.curves(y_true, y_score, np.ones_like(y_true))
    assert 100 < len(found.recall) < 300
    assert 100 < len(found.false_rate) < 300
    rates = zip(
        *roc_curve(y_true.ravel(), y_score.ravel(), drop_intermediate=False)[:2], strict=True
    )
    assert set(zip(found.false_rate, found.true_rate, strict=True)) <= set(rates)


@pytest.mark.parametrize("truth", [False, True])
def test_entries_that_are_all_alike_have_no_curves(truth):
    y_true = np.full((3, 2), truth)
    assert error_analysis.curves(y_true, np.ones((3, 2), np.float32), np.ones_like(y_true)) is None


def test_confused_pairs_worked_by_hand():
    y_true = np.array([[1, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 1], [1, 0, 0]], np.bool_)
    y_pred = np.array([[0, 1, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1], [0, 0, 0]], np.bool_)
    known = np.ones_like(y_true)
    found = error_analysis.confused(y_true, y_pred, known=known, most=10)
    assert [(pair.missed, pair.given, pair.cases.tolist()) for pair in found] == [
        (0, 1, [0, 1]),
        (0, 2, [2]),
        (1, 2, [2]),
    ]
    assert len(error_analysis.confused(y_true, y_pred, known=known, most=2)) == 2
    known[0, 0] = False
    assert error_analysis.confused(y_true, y_pred, known=known, most=1)[0].cases.tolist() == [1]
    assert error_analysis.confused(y_true, y_true, known=known, most=9) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_confused_pairs_are_those_counted_slowly(seed):
    y_true, y_score, known = random_answers(seed)
    y_pred = y_score >= 0.5
    found = error_analysis.confused(y_true, y_pred, known=known, most=100)
    expected = {}
    for case in range(len(y_true)):
        wrong = [at for at in range(5) if known[case, at] and y_true[case, at] != y_pred[case, at]]
        for one in wrong:
            for other in wrong:
                if y_true[case, one] and y_pred[case, other]:
                    expected.setdefault((one, other), []).append(case)
    assert {(pair.missed, pair.given): pair.cases.tolist() for pair in found} == expected
    sizes = [len(pair.cases) for pair in found]
    assert sizes == sorted(sizes, reverse=True)


def test_the_worst_cases_have_wrong_lists_and_the_largest_loss_first():
    y_true = np.array([[1, 0], [1, 0], [1, 0], [1, 0]], np.bool_)
    y_score = np.array([[0.4, 0.1], [0.1, 0.9], [0.1, 0.4], [0.2, 0.9]], np.float32)
    y_pred = np.array([[0, 0], [0, 1], [1, 0], [0, 1]], np.bool_)  # the third list is right
    known = np.ones_like(y_true)
    assert error_analysis.worst(y_true, y_score, y_pred, known, most=9).tolist() == [1, 3, 0]
    assert error_analysis.worst(y_true, y_score, y_pred, known, most=1).tolist() == [1]
    known[1] = False
    assert error_analysis.worst(y_true, y_score, y_pred, known, most=9).tolist() == [3, 0]


def test_scores_of_0_and_1_make_no_case_infinitely_bad():
    y_true = np.array([[1, 0], [1, 1]], np.bool_)
    y_score = np.array([[0, 0], [0, 0]], np.float32)
    found = error_analysis.worst(y_true, y_score, y_true & False, np.ones_like(y_true), most=2)
    assert found.tolist() == [1, 0]


def test_lengths_count_cases_by_their_number_of_known_articles():
    y_true = np.array([[1, 0, 0], [1, 1, 0], [1, 1, 1]], np.bool_)
    y_pred = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0]], np.bool_)
    known = np.ones_like(y_true)
    of_true, of_pred = error_analysis.lengths(y_true, y_pred, known)
    assert (of_true.tolist(), of_pred.tolist()) == ([0, 1, 1, 1], [1, 1, 1, 0])
    known[2, 2] = False
    assert error_analysis.lengths(y_true, y_pred, known)[0].tolist() == [0, 1, 2]
