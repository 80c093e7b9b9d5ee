from itertools import product

import numpy as np
import pytest

from lawrec.decision.expected_f1 import N_EXACT, best_expected_f1
from tests.helpers.arrays import SEEDS, floats, slow_expected_f1


def likeliest(prob, most=99):
    return best_expected_f1(floats(prob), most)[0]


def all_lists(n):
    return [chosen for chosen in product((False, True), repeat=n) if any(chosen)]


def test_the_likeliest_list_has_the_best_expected_f1_of_all_lists():
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        prob = rng.random(rng.integers(1, 7), np.float32) ** rng.integers(1, 4)
        prob[rng.random(len(prob)) < 0.1] = rng.choice([0, 1])
        best = max(slow_expected_f1(prob, chosen) for chosen in all_lists(len(prob)))
        assert slow_expected_f1(prob, likeliest(prob)) == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_the_likeliest_list_is_exact_for_as_many_articles_as_are_certain(seed):
    prob = np.sort(np.random.default_rng(seed).random(N_EXACT, np.float32))[::-1]
    heads = [np.arange(N_EXACT) < n for n in range(1, N_EXACT + 1)]
    best = max(slow_expected_f1(prob, head) for head in heads)
    assert slow_expected_f1(prob, likeliest(prob)) == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_the_likeliest_list_errs_by_less_than_the_squares_of_many_small_probabilities(seed):
    rng = np.random.default_rng(seed)
    prob = np.sort(np.append(rng.random(5), rng.random(400) * 0.01)).astype(np.float32)[::-1]
    gains = [expected_f1_of_head(prob, n) for n in range(1, N_EXACT + 1)]
    found = int(likeliest(prob).sum())
    error = float((prob[N_EXACT:] ** 2).sum())
    assert max(gains) - gains[found - 1] <= error / 10
    assert error < 0.02


def expected_f1_of_head(prob, n):
    """The expected F1 of the n likeliest, by the whole distribution of all numbers of articles."""
    rest = number_of(prob[n:])
    return sum(
        2 * hits / (n + hits + more) * p * q
        for hits, p in enumerate(number_of(prob[:n]))
        for more, q in enumerate(rest)
    )


def number_of(prob):
    counted = np.ones(1)
    for p in prob.astype(np.float64):
        counted = np.convolve(counted, (1 - p, p))
    return counted


@pytest.mark.parametrize(
    ("prob", "expected"),
    [
        ([1, 1, 0], [1, 1, 0]),
        ([0.9, 0.1, 0.1], [1, 0, 0]),
        ([0.2, 0.3, 0.1], [1, 1, 0]),
        ([0, 0, 0], [1, 0, 0]),
    ],
    ids=["sure ones", "one", "together likelier than one", "none: the shortest"],
)
def test_the_likeliest_list_by_hand(prob, expected):
    assert likeliest(prob).astype(int).tolist() == expected


def test_the_likeliest_list_is_no_longer_than_the_most():
    assert likeliest([0.9] * 6).sum() == 6
    assert likeliest([0.9] * 6, most=2).astype(int).tolist() == [1, 1, 0, 0, 0, 0]
