import numpy as np
import pytest

from lawrec.decision import score_order
from lawrec.decision.score_order import best_columns, rank, relative_scores, round_scores, top_mask
from tests.helpers.arrays import SEEDS, floats, random_scores


def test_relative_scores_are_shares_of_the_best_score():
    assert relative_scores(floats([0.5, 0.25, 0], [0, 0, 0])).tolist() == [[1, 0.5, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([0.1, 0.9, 0.5], [2, 0, 1]),
        ([0.5, 0.9, 0.5, 0.9], [2, 0, 3, 1]),
        ([0.0, 0.0, 0.0], [0, 1, 2]),
        ([0.3], [0]),
    ],
)
def test_rank_counts_from_0_by_score_and_ties_by_column(scores, expected):
    assert rank(floats(scores)).tolist() == [expected]
    assert np.argsort(expected).tolist() == best_columns(floats(scores), 9)[0].tolist()


@pytest.mark.parametrize("seed", range(3))
def test_ties_among_many_articles_go_by_column(seed):
    y_score = random_scores(np.random.default_rng(seed), (4, 200))
    by_score = [sorted(range(200), key=lambda column, row=row: -row[column]) for row in y_score]
    assert np.argsort(rank(y_score), axis=1).tolist() == by_score
    assert best_columns(y_score, 9).tolist() == [row[:9] for row in by_score]
    mask = top_mask(y_score, np.full(4, 7), priority=np.zeros((4, 200), np.int64))
    assert [np.flatnonzero(row).tolist() for row in mask] == [sorted(row[:7]) for row in by_score]


def test_the_best_articles_go_by_priority_then_score_then_column():
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        y_score = random_scores(rng, (6, 9))
        priority, n = rng.integers(0, 3, (6, 9)), rng.integers(0, 10, 6)
        mask = top_mask(y_score, n, priority=priority)
        for row in range(6):
            keys = zip(-priority[row], -y_score[row], range(9), strict=True)
            expected = [column for _, _, column in sorted(keys)[: n[row]]]
            assert np.flatnonzero(mask[row]).tolist() == sorted(expected)


@pytest.mark.parametrize("score", [0.0, 1e-30, 1e-6, 0.1, 0.5, 0.999999, 1.0])
def test_sort_keys_rise_with_the_score_up_to_its_last_bit(score):
    above = np.nextafter(np.float32(score), np.float32(2))
    assert rank(floats([score, above])).tolist() == [[1, 0]]
    assert best_columns(floats([score, above]), 2).tolist() == [[1, 0]]


def test_more_columns_than_a_sort_key_can_number_are_refused(monkeypatch):
    monkeypatch.setattr(score_order, "MAX_COLUMNS", 3)
    with pytest.raises(ValueError, match="at most 3 columns can be ordered, got 4"):
        best_columns(np.zeros((1, 4), np.float32), 1)


def test_rounding_twice_is_rounding_once():
    every = np.arange(1_000_001, dtype=np.float64) / 1e6
    once = round_scores(every.astype(np.float32))
    assert once.dtype == np.float32
    assert len(np.unique(once)) == len(every)
    np.testing.assert_array_equal(round_scores(once), once)


def test_scores_that_differ_in_their_last_bits_round_to_the_same():
    scores = floats(0.1234561, 0.1234562, 0.5)
    noisy = scores + np.float32(6e-8)
    assert (scores != noisy).any()
    assert round_scores(scores).tolist() == round_scores(noisy).tolist()
