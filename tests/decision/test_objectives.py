import numpy as np
import pytest

from lawrec.config import DecisionConfig
from lawrec.decision.objectives import OBJECTIVES, f_beta, objective
from lawrec.errors import ConfigError
from lawrec.evaluation.confusion_counts import Counts
from lawrec.evaluation.metrics import HIGHER_IS_BETTER
from tests.helpers.arrays import RATES, SEEDS, random_mask, random_table, slow_rate


def random_lists(seed):
    y_true, y_score = random_table(seed, unseen=0)
    return y_true, y_score > 0.5


@pytest.mark.parametrize("name", RATES)
def test_a_rate_counts_all_known_entries_together(name):
    for seed in SEEDS:
        y_true, y_pred = random_lists(seed)
        config = DecisionConfig(objective=name, beta=2, target_rate=0.6)
        expected = slow_rate(y_true, y_pred, config)
        assert objective(y_true, y_pred, None, config=config) == pytest.approx(expected)
        known = random_mask(seed, y_true.shape)
        expected = slow_rate(y_true[known], y_pred[known], config)
        assert objective(y_true ^ ~known, y_pred, known, config=config) == pytest.approx(expected)


@pytest.mark.parametrize("name", HIGHER_IS_BETTER)
def test_a_metric_is_itself(name):
    y_true, y_pred = random_lists(0)
    known = random_mask(0, y_true.shape)
    found = objective(y_true, y_pred, known, config=DecisionConfig(objective=name))
    assert found == HIGHER_IS_BETTER[name](y_true, y_pred, known)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_right_lists_are_the_best(name):
    y_true, y_pred = random_lists(1)
    config = DecisionConfig(objective=name)
    assert objective(y_true, y_true, None, config=config) == 1
    assert objective(y_true, y_pred, None, config=config) < 1


def test_rates_by_hand():
    config = DecisionConfig(beta=2)
    counts = Counts(*np.array([[3, 0], [1, 0], [2, 0], [0, 0]]))
    assert f_beta(counts, config).tolist() == [15 / 24, 0]


@pytest.mark.parametrize("name", ["precision_at_recall", "recall_at_precision"])
def test_any_list_that_holds_a_rate_is_better_than_one_that_does_not(name):
    y_true, y_pred = np.eye(4, dtype=np.bool_), np.eye(4, dtype=np.bool_)
    config = DecisionConfig(objective=name, target_rate=0.75)
    if name == "precision_at_recall":
        y_pred[0, 0] = False  # right in all that it lists, three of four
        worse = np.zeros_like(y_true)
        worse[1:3, 1:3] = np.eye(2)
        assert objective(y_true, y_pred, None, config=config) == 1
        assert objective(y_true, worse, None, config=config) == 0.5 - 1
    else:
        y_pred[0] = [1, 1, 0, 0]  # four of five are right
        assert objective(y_true, y_pred, None, config=config) == 1
        assert objective(y_true, ~y_true, None, config=config) == 0 - 1


def test_an_unknown_objective_is_refused():
    y_true, y_pred = random_lists(0)
    with pytest.raises(ConfigError, match="micro_f1"):
        objective(y_true, y_pred, None, config=DecisionConfig(objective="micro-f1"))
