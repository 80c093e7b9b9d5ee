import math

import numpy as np
import pytest
from sklearn.metrics import coverage_error, label_ranking_average_precision_score, ndcg_score

from lawrec.evaluation.calibration_metrics import score_metrics
from lawrec.evaluation.confusion_counts import nanmean_or_zero
from lawrec.evaluation.ranking_metrics import KS, auc_per_article, ranking_per_case
from tests.helpers.predictions import random_scored_cases

SEEDS = range(6)


def mean_rankings(*arrays):
    return {name: nanmean_or_zero(values) for name, values in ranking_per_case(*arrays).items()}


def slow_rankings(true, score, known):
    """The metrics of a case, rank by rank; None if it has no true article."""
    ranking = sorted(
        (column for column in range(len(true)) if known[column]), key=lambda column: -score[column]
    )
    hits = [bool(true[column]) for column in ranking]
    if not any(hits):
        return None
    metrics = {}
    for k in KS:
        metrics[f"precision_at_{k}"] = sum(hits[:k]) / k
        metrics[f"recall_at_{k}"] = sum(hits[:k]) / sum(hits)
        metrics[f"in_top_{k}"] = float(any(hits[:k]))
        best = sorted(hits, reverse=True)
        gain, ideal = (
            sum(hit / math.log2(rank + 1) for rank, hit in enumerate(order[:k], 1))
            for order in (hits, best)
        )
        metrics[f"ndcg_at_{k}"] = gain / ideal
    true_ranks = [rank for rank, hit in enumerate(hits, 1) if hit]
    shares = [sum(hits[:rank]) / rank for rank in true_ranks]
    return metrics | {"lrap": np.mean(shares), "coverage_error": true_ranks[-1]}


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_rankings_match_slow_ones(seed, masked):
    y_true, y_score, known = random_scored_cases(seed)
    metrics = ranking_per_case(y_true, y_score, known if masked else None)
    known = known if masked else np.ones_like(known)
    for case in range(len(y_true)):
        expected = slow_rankings(y_true[case], y_score[case], known[case])
        ours = {name: values[case] for name, values in metrics.items()}
        if expected is None:
            assert all(map(math.isnan, ours.values()))
        else:
            assert ours == pytest.approx(expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_rankings_agree_with_scikit_learn(seed):
    y_true, y_score, _ = random_scored_cases(seed)
    metrics = mean_rankings(y_true, y_score)
    rows = y_true.any(axis=1)
    arrays = y_true[rows].astype(int), y_score[rows]
    assert metrics["lrap"] == pytest.approx(label_ranking_average_precision_score(*arrays))
    assert metrics["coverage_error"] == pytest.approx(coverage_error(*arrays))
    for k in KS:
        assert metrics[f"ndcg_at_{k}"] == pytest.approx(ndcg_score(*arrays, k=k))


def test_rankings_worked_by_hand():
    y_true = np.array([[0, 1, 0, 1], [1, 0, 0, 0]], np.bool_)
    y_score = np.array([[0.9, 0.8, 0.1, 0.3], [0.2, 0.2, 0.2, 0.2]], np.float32)
    metrics = ranking_per_case(y_true, y_score, ks=(1, 3))
    assert metrics["precision_at_1"].tolist() == [0, 1]
    assert metrics["precision_at_3"] == pytest.approx([2 / 3, 1 / 3])
    assert metrics["recall_at_3"].tolist() == [1, 1]
    assert metrics["in_top_1"].tolist() == [0, 1]
    assert metrics["lrap"] == pytest.approx([(1 / 2 + 2 / 3) / 2, 1])
    assert metrics["coverage_error"].tolist() == [3, 1]
    both = 1 / math.log2(3) + 1 / math.log2(4)
    assert metrics["ndcg_at_3"] == pytest.approx([both / (1 + 1 / math.log2(3)), 1])


def test_k_may_exceed_the_number_of_articles():
    metrics = ranking_per_case(np.ones((1, 2), np.bool_), np.ones((1, 2), np.float32), ks=(5,))
    assert metrics["precision_at_5"].tolist() == [2 / 5]
    assert metrics["ndcg_at_5"].tolist() == [1]


def test_rankings_do_not_depend_on_the_number_of_cases_sorted_at_a_time(monkeypatch):
    y_true, y_score, known = random_scored_cases(0)
    whole = ranking_per_case(y_true, y_score, known)
    monkeypatch.setattr("lawrec.evaluation.confusion_counts.CHUNK_ROWS", 7)
    for name, values in ranking_per_case(y_true, y_score, known).items():
        np.testing.assert_array_equal(values, whole[name])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("metrics", [score_metrics, mean_rankings])
def test_no_metric_depends_on_the_order_or_on_masked_entries(metrics, seed):
    y_true, y_score, known = random_scored_cases(seed)
    rng = np.random.default_rng(seed)
    shuffle = np.ix_(rng.permutation(y_true.shape[0]), rng.permutation(y_true.shape[1]))
    expected = metrics(y_true, y_score, known)
    shuffled = metrics(y_true[shuffle], y_score[shuffle], known[shuffle])
    assert shuffled == pytest.approx(expected)
    other_score = np.where(known, y_score, 1 - y_score)
    assert metrics(y_true ^ ~known, other_score, known) == pytest.approx(expected)


@pytest.mark.parametrize("metrics", [score_metrics, mean_rankings])
def test_where_nothing_is_known_every_metric_is_0(metrics):
    y_true, y_score, known = random_scored_cases(0)
    assert set(metrics(y_true, y_score, known & False).values()) == {0}


def slow_auc(true, score):
    """The share of pairs of a true and a false case where the true one scores higher."""
    pairs = [(a, b) for a, hit in zip(score, true, strict=True) if hit for b in score[~true]]
    return np.mean([(a > b) + (a == b) / 2 for a, b in pairs]) if pairs else math.nan


def slow_average_precision(true, score):
    """The precision at the score of each true case, ties included, on average."""
    hits = [np.mean(true[score >= threshold]) for threshold in score[true]]
    return np.mean(hits) if hits else math.nan


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_areas_of_each_article_match_slow_ones(seed, ties):
    y_true, y_score, known = random_scored_cases(seed)
    y_true[:, 2] = True
    y_score = np.round(y_score, 1) if ties else y_score
    auc = auc_per_article(y_true, y_score, known)
    columns = [(y_true[rows, column], y_score[rows, column]) for column, rows in enumerate(known.T)]
    expected = [slow_auc(*column) for column in columns]
    assert auc.roc_auc == pytest.approx(expected, nan_ok=True)
    expected = [slow_average_precision(*column) for column in columns]
    assert auc.average_precision == pytest.approx(expected, nan_ok=True)


def test_an_article_without_true_or_without_false_cases_has_no_roc_auc():
    y_true = np.array([[0, 1, 1], [0, 1, 0]], np.bool_)
    auc = auc_per_article(y_true, np.full((2, 3), 0.5, np.float32))
    assert np.isnan(auc.roc_auc).tolist() == [True, True, False]
    assert np.isnan(auc.average_precision).tolist() == [True, False, False]
