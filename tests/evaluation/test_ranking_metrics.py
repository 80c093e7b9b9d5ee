import math

import numpy as np
import pytest
from sklearn.metrics import (
    coverage_error,
    label_ranking_average_precision_score,
    ndcg_score,
)

from lawrec.evaluation import calibration_metrics, ranking_metrics
from lawrec.evaluation.metrics import mean_of_cases

SEEDS = range(6)


def random_scores(seed, cases=30, articles=9):
    """True articles, scores without ties that go along with them, and what is known."""
    rng = np.random.default_rng(seed)
    y_true = rng.random((cases, articles)) < 0.2
    y_true[0], y_true[:, 0] = False, False
    spread = rng.permutation(cases * articles).reshape(cases, articles) / (cases * articles)
    y_score = (0.7 * spread + 0.3 * y_true).astype(np.float32)
    known = rng.random((cases, articles)) < 0.8
    known[1], known[:, 1] = False, False
    return y_true, y_score, known


def slow_rankings(true, score, known):
    """The figures of one case, place by place; None where it has no true article."""
    places = sorted(
        (label for label in range(len(true)) if known[label]), key=lambda at: -score[at]
    )
    hits = [bool(true[label]) for label in places]
    if not any(hits):
        return None
    figures = {}
    for k in ranking_metrics.KS:
        figures[f"precision_at_{k}"] = sum(hits[:k]) / k
        figures[f"recall_at_{k}"] = sum(hits[:k]) / sum(hits)
        figures[f"in_top_{k}"] = float(any(hits[:k]))
        best = sorted(hits, reverse=True)
        gain, ideal = (
            sum(hit / math.log2(place + 2) for place, hit in enumerate(order[:k]))
            for order in (hits, best)
        )
        figures[f"ndcg_at_{k}"] = gain / ideal
    true_places = [place for place, hit in enumerate(hits, 1) if hit]
    shares = [sum(hits[:place]) / place for place in true_places]
    return figures | {"lrap": np.mean(shares), "coverage_error": true_places[-1]}


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_rankings_are_those_told_slowly_case_by_case(seed, masked):
    y_true, y_score, known = random_scores(seed)
    found = ranking_metrics.of_rankings(y_true, y_score, known if masked else None)
    known = known if masked else np.ones_like(known)
    for case in range(len(y_true)):
        expected = slow_rankings(y_true[case], y_score[case], known[case])
        ours = {name: values[case] for name, values in found.items()}
        if expected is None:
            assert all(map(math.isnan, ours.values()))
        else:
            assert ours == pytest.approx(expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_rankings_agree_with_scikit_learn(seed):
    y_true, y_score, _ = random_scores(seed)
    found = ranking_metrics.of_rankings(y_true, y_score)
    true = y_true.any(axis=1)
    answers = y_true[true].astype(int), y_score[true]
    assert mean_of_cases(found["lrap"]) == pytest.approx(
        label_ranking_average_precision_score(*answers)
    )
    assert mean_of_cases(found["coverage_error"]) == pytest.approx(coverage_error(*answers))
    for k in ranking_metrics.KS:
        assert mean_of_cases(found[f"ndcg_at_{k}"]) == pytest.approx(ndcg_score(*answers, k=k))


def test_rankings_worked_by_hand():
    y_true = np.array([[0, 1, 0, 1], [1, 0, 0, 0]], np.bool_)
    y_score = np.array([[0.9, 0.8, 0.1, 0.3], [0.2, 0.2, 0.2, 0.2]], np.float32)
    found = ranking_metrics.of_rankings(y_true, y_score, ks=(1, 3))
    assert found["precision_at_1"].tolist() == [0, 1]
    assert found["precision_at_3"] == pytest.approx([2 / 3, 1 / 3])
    assert found["recall_at_3"].tolist() == [1, 1]
    assert found["in_top_1"].tolist() == [0, 1]
    assert found["lrap"] == pytest.approx([(1 / 2 + 2 / 3) / 2, 1])
    assert found["coverage_error"].tolist() == [3, 1]
    both = 1 / math.log2(3) + 1 / math.log2(4)
    assert found["ndcg_at_3"] == pytest.approx([both / (1 + 1 / math.log2(3)), 1])


def test_more_places_than_articles_are_empty():
    found = ranking_metrics.of_rankings(
        np.ones((1, 2), np.bool_), np.ones((1, 2), np.float32), ks=(5,)
    )
    assert found["precision_at_5"].tolist() == [2 / 5]
    assert found["ndcg_at_5"].tolist() == [1]


def test_rankings_are_the_same_whatever_is_sorted_at_a_time(monkeypatch):
    y_true, y_score, known = random_scores(0)
    whole = ranking_metrics.of_rankings(y_true, y_score, known)
    monkeypatch.setattr(ranking_metrics, "_ROWS", 7)
    for name, values in ranking_metrics.of_rankings(y_true, y_score, known).items():
        np.testing.assert_array_equal(values, whole[name])


@pytest.mark.parametrize("seed", SEEDS)
def test_no_figure_of_scores_depends_on_the_order_or_on_what_is_masked(seed):
    y_true, y_score, known = random_scores(seed)
    rng = np.random.default_rng(seed)
    shuffle = np.ix_(rng.permutation(y_true.shape[0]), rng.permutation(y_true.shape[1]))
    other = np.where(known, y_score, 1 - y_score), y_true ^ ~known
    for figures in (calibration_metrics.of_scores, means_of_rankings):
        expected = figures(y_true, y_score, known)
        shuffled = figures(y_true[shuffle], y_score[shuffle], known[shuffle])
        assert shuffled == pytest.approx(expected)
        assert figures(other[1], other[0], known) == pytest.approx(expected)


def means_of_rankings(*arrays):
    return {name: mean_of_cases(of) for name, of in ranking_metrics.of_rankings(*arrays).items()}


def slow_auc(true, score):
    """The share of pairs of a true and another case that the scores order rightly."""
    pairs = [(a, b) for a, hit in zip(score, true, strict=True) if hit for b in score[~true]]
    return np.mean([(a > b) + (a == b) / 2 for a, b in pairs]) if pairs else math.nan


def slow_average_precision(true, score):
    """The precision at the score of each true case, ties included, on average."""
    hits = [np.mean(true[score >= cut]) for cut in score[true]]
    return np.mean(hits) if hits else math.nan


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_separation_of_each_article_is_the_one_told_slowly(seed, ties):
    y_true, y_score, known = random_scores(seed)
    y_true[:, 2] = True
    y_score = np.round(y_score, 1) if ties else y_score
    found = ranking_metrics.separation(y_true, y_score, known)
    columns = [(y_true[k, at], y_score[k, at]) for at, k in enumerate(known.T)]
    assert found.positives.tolist() == [int(true.sum()) for true, _ in columns]
    expected = [slow_auc(*column) for column in columns]
    assert found.roc_auc == pytest.approx(expected, nan_ok=True)
    expected = [slow_average_precision(*column) for column in columns]
    assert found.average_precision == pytest.approx(expected, nan_ok=True)


def test_an_article_without_cases_or_without_others_has_no_area():
    y_true = np.array([[0, 1, 1], [0, 1, 0]], np.bool_)
    found = ranking_metrics.separation(y_true, np.full((2, 3), 0.5, np.float32))
    assert np.isnan(found.roc_auc).tolist() == [True, True, False]
    assert np.isnan(found.average_precision).tolist() == [True, False, False]
    assert found.positives.tolist() == [0, 2, 1]


def slow_reliability(true, prob, bins):
    """(entries, mean probability, share of true ones) of each bin."""
    rows = []
    for low in range(bins):
        inside = [
            (p, t)
            for p, t in zip(prob.tolist(), true.tolist(), strict=True)
            if low / bins <= p < (low + 1) / bins or (p == 1 and low == bins - 1)
        ]
        means = np.mean(inside, axis=0).tolist() if inside else [math.nan, math.nan]
        rows.append((len(inside), *means))
    return zip(*rows, strict=True)


@pytest.mark.parametrize("bins", [1, 4])
@pytest.mark.parametrize("seed", SEEDS)
def test_reliability_is_that_of_each_bin_told_slowly(seed, bins):
    rng = np.random.default_rng(seed)
    prob = (rng.integers(0, 13, (20, 5)) / 16 + rng.integers(0, 2, (20, 5)) / 4).astype(np.float32)
    true, known = rng.random((20, 5)) < prob, rng.random((20, 5)) < 0.7
    found = calibration_metrics.reliability(true, prob, known, bins)
    counts, predicted, observed = slow_reliability(true[known], prob[known], bins)
    assert found.counts.tolist() == list(counts)
    assert found.predicted == pytest.approx(predicted, nan_ok=True)
    assert found.observed == pytest.approx(observed, nan_ok=True)
    gaps = [n * abs(p - o) for n, p, o in zip(counts, predicted, observed, strict=True) if n]
    assert found.error == pytest.approx(sum(gaps) / sum(counts))


def test_probabilities_that_come_true_have_a_small_error_and_others_a_large_one():
    rng = np.random.default_rng(0)
    prob = rng.random((4_000, 10)).astype(np.float32)
    true = rng.random((4_000, 10)) < prob
    assert calibration_metrics.reliability(true, prob).error < 0.02
    assert calibration_metrics.reliability(true, prob**3).error > 0.2
    assert calibration_metrics.brier_score(true, prob) == pytest.approx(1 / 6, abs=0.01)


def test_the_best_entry_of_a_case_is_among_those_that_are_known():
    y_true = np.array([[1, 0, 0], [0, 0, 1], [1, 1, 1]], np.bool_)
    y_prob = np.array([[0.9, 0.5, 0.1], [0.9, 0.5, 0.6], [0.1, 0.2, 0.3]], np.float32)
    known = np.array([[1, 1, 1], [0, 1, 1], [0, 0, 0]], np.bool_)
    true, prob = calibration_metrics.best_entries(y_true, y_prob, known)
    assert true.tolist() == [True, True]
    assert prob == pytest.approx([0.9, 0.6])
    assert calibration_metrics.best_entries(y_true, y_prob)[0].tolist() == [True, False, True]


def test_the_figures_of_scores_are_their_parts_and_say_how_many_articles_count():
    y_true, y_score, known = random_scores(3)
    y_prob = y_score / 2
    found = calibration_metrics.of_scores(y_true, y_score, known, y_prob)
    separate = ranking_metrics.separation(y_true, y_score, known)
    assert found["roc_auc"] == pytest.approx(np.nanmean(separate.roc_auc))
    assert found["roc_auc_articles"] == np.isfinite(separate.roc_auc).sum() == 7
    true, prob = y_true[known], y_prob[known]
    assert found["brier_score"] == pytest.approx(np.mean((prob - true) ** 2))
    right = (y_score[known] >= 0.5) == true
    assert found["label_accuracy"] == pytest.approx(right.mean())
    assert found["calibration_error"] == calibration_metrics.reliability(true, prob).error


def test_where_nothing_is_known_every_figure_of_scores_is_0():
    y_true, y_score, known = random_scores(0)
    assert set(calibration_metrics.of_scores(y_true, y_score, known & False).values()) == {0}
    assert set(means_of_rankings(y_true, y_score, known & False).values()) == {0}
