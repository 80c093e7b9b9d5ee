import math

import numpy as np
import pytest

from lawrec.evaluation.calibration_metrics import (
    brier_score,
    most_probable_articles,
    reliability,
    score_metrics,
)
from lawrec.evaluation.ranking_metrics import auc_per_article
from tests.helpers.predictions import random_scored_cases

SEEDS = range(6)


def slow_reliability(true, prob, bins):
    """(number of entries, mean probability, share of true ones) of each bin."""
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
def test_reliability_matches_a_slow_one(seed, bins):
    rng = np.random.default_rng(seed)
    prob = (rng.integers(0, 13, (20, 5)) / 16 + rng.integers(0, 2, (20, 5)) / 4).astype(np.float32)
    true, known = rng.random((20, 5)) < prob, rng.random((20, 5)) < 0.7
    diagram = reliability(true, prob, known, bins=bins)
    counts, predicted, observed = slow_reliability(true[known], prob[known], bins)
    assert diagram.counts.tolist() == list(counts)
    assert diagram.predicted == pytest.approx(predicted, nan_ok=True)
    assert diagram.observed == pytest.approx(observed, nan_ok=True)
    gaps = [n * abs(p - o) for n, p, o in zip(counts, predicted, observed, strict=True) if n]
    assert diagram.error == pytest.approx(sum(gaps) / sum(counts))


def test_calibrated_probabilities_have_a_small_error_and_others_a_large_one():
    rng = np.random.default_rng(0)
    prob = rng.random((4_000, 10)).astype(np.float32)
    true = rng.random((4_000, 10)) < prob
    assert reliability(true, prob).error < 0.02
    assert reliability(true, prob**3).error > 0.2
    assert brier_score(true, prob) == pytest.approx(1 / 6, abs=0.01)


def test_the_most_probable_article_of_a_case_is_a_known_one():
    y_true = np.array([[1, 0, 0], [0, 0, 1], [1, 1, 1]], np.bool_)
    y_prob = np.array([[0.9, 0.5, 0.1], [0.9, 0.5, 0.6], [0.1, 0.2, 0.3]], np.float32)
    known = np.array([[1, 1, 1], [0, 1, 1], [0, 0, 0]], np.bool_)
    true, prob = most_probable_articles(y_true, y_prob, known)
    assert true.tolist() == [True, True]
    assert prob == pytest.approx([0.9, 0.6])
    assert most_probable_articles(y_true, y_prob)[0].tolist() == [True, False, True]


def test_score_metrics_are_their_parts_and_the_numbers_of_articles_that_count():
    y_true, y_score, known = random_scored_cases(3)
    y_prob = y_score / 2
    metrics = score_metrics(y_true, y_score, known, y_prob=y_prob)
    auc = auc_per_article(y_true, y_score, known)
    assert metrics["roc_auc"] == pytest.approx(np.nanmean(auc.roc_auc))
    assert metrics["roc_auc_articles"] == np.isfinite(auc.roc_auc).sum() == 7
    true, prob = y_true[known], y_prob[known]
    assert metrics["brier_score"] == pytest.approx(np.mean((prob - true) ** 2))
    right = (y_score[known] >= 0.5) == true
    assert metrics["label_accuracy"] == pytest.approx(right.mean())
    assert metrics["calibration_error"] == reliability(true, prob).error
