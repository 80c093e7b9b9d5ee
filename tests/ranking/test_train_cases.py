import numpy as np

from lawrec.ranking import train_cases
from lawrec.ranking.train_cases import collect
from tests.helpers.ranking import records


def test_cases_of_weight_0_are_left_out():
    cases = collect(records([([2], [0], [1], 0.0), ([3], [1], [], 2.0)]), 2, seed=1)
    assert [case.tolist() for case in cases.token_ids] == [[3]]
    assert (cases.y_true.tolist(), cases.weights.tolist()) == ([[False, True]], [2.0])


def test_many_cases_are_sampled_and_the_seed_decides_which(monkeypatch):
    monkeypatch.setattr(train_cases, "MAX_CASES", 5)
    many = records([([number], []) for number in range(40)])
    first, again, other = (
        [case.tolist() for case in collect(many, 1, seed=seed).token_ids] for seed in (1, 1, 2)
    )
    assert len(first) == 5
    assert first == again != other
    assert len(collect(many[:4], 1, seed=1)) == 4


def test_fewer_cases_are_kept_of_more_labels(monkeypatch):
    monkeypatch.setattr(train_cases, "MAX_MARGINS", 12)
    many = records([([number], []) for number in range(40)])
    sizes = [len(collect(many, n_labels, seed=1)) for n_labels in (1, 2, 5, 12, 100)]
    assert sizes == [12, 6, 2, 1, 1]


def test_rows_and_other_cases_keep_all_parts_together():
    cases = collect(records([([2], [0]), ([3], [1], [0], 2.0), ([4], [])]), 2, seed=1)
    both = cases.rows(np.array([2, 1])).followed_by(cases.rows(np.array([0])))
    assert [case.tolist() for case in both.token_ids] == [[4], [3], [2]]
    assert both.y_true.tolist() == [[False, False], [False, True], [True, False]]
    assert both.known.tolist() == [[True, True], [False, True], [True, True]]
    assert both.weights.tolist() == [1, 2, 1]
