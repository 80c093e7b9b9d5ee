"""The judge against values worked by hand, a slow judge, and the metric `cail_score`."""

import random

import numpy as np
import pytest

from lawrec.errors import CaseError
from lawrec.evaluation.cail_judge import judge
from lawrec.evaluation.metrics import cail_score


def slow_judge(truth, answers, labels):
    """Micro-F1 and macro-F1, counted id by id and case by case."""

    def f1(tp, fp, fn):
        if tp == 0:
            return 1.0 if fp == 0 and fn == 0 else 0.0
        precision, recall = tp / (tp + fp), tp / (tp + fn)
        return 2 * precision * recall / (precision + recall)

    table = []
    for number in range(1, labels + 1):
        tp = fp = fn = 0
        for true, predicted in zip(truth, answers, strict=True):
            if number in predicted and number in true:
                tp += 1
            elif number in predicted:
                fp += 1
            elif number in true:
                fn += 1
        table.append((tp, fp, fn))
    macro = sum(f1(*row) for row in table) / labels
    micro = f1(*(sum(column) for column in zip(*table, strict=True)))
    return micro, macro


def random_lists(numbers, cases, labels):
    """Lists with repeats, empty ones, and with 0 or a number beyond the labels now and then."""
    return [
        [numbers.randint(0, labels + 1) for _ in range(numbers.choice((0, 1, 1, 2, 4)))]
        for _ in range(cases)
    ]


def multi_hot(lists, labels):
    matrix = np.zeros((len(lists), labels), np.bool_)
    for row, ids in enumerate(lists):
        matrix[row, [label - 1 for label in ids if 1 <= label <= labels]] = True
    return matrix


# truth, answers, lines, micro-F1, macro-F1
HAND_WORKED = {
    "id 1 right, 2 missed, 3 false, 4 absent": (
        [[1], [1, 2], []],
        [[1], [1], [3]],
        4,
        4 / 6,
        (1 + 0 + 0 + 1) / 4,
    ),
    "half of them": ([[1], [1]], [[1], []], 1, 2 / 3, 2 / 3),
    "all right": ([[2], [1, 2]], [[2], [2, 1]], 3, 1, 1),
    "nothing true and nothing predicted": ([[], []], [[], []], 3, 1, 1),
    "no case": ([], [], 2, 1, 1),
    "nothing predicted": ([[1], [2]], [[], []], 4, 0, 2 / 4),
    "repeated ids count once": ([[1, 1]], [[1, 1, 1]], 2, 1, 1),
    "one false answer for an id that never applies": ([[1]], [[1, 2]], 183, 2 / 3, 182 / 183),
    "beyond the lines": ([[1, 9]], [[1, 0, -3]], 2, 1, 1),
}


@pytest.mark.parametrize("name", HAND_WORKED)
def test_the_judge_matches_values_worked_by_hand(name):
    truth, answers, labels, micro, macro = HAND_WORKED[name]
    result = judge(truth, answers, n_labels=labels)
    assert result.micro_f1 == pytest.approx(micro)
    assert result.macro_f1 == pytest.approx(macro)
    assert result.score == pytest.approx((micro + macro) / 2)


@pytest.mark.parametrize("seed", range(20))
def test_the_judge_matches_a_slow_judge(seed):
    numbers = random.Random(seed)
    labels, cases = numbers.randint(1, 9), numbers.randint(1, 30)
    truth, answers = (random_lists(numbers, cases, labels) for _ in range(2))
    result = judge(truth, answers, n_labels=labels)
    micro, macro = slow_judge(truth, answers, labels)
    assert result.micro_f1 == pytest.approx(micro, abs=1e-12)
    assert result.macro_f1 == pytest.approx(macro, abs=1e-12)
    assert result.score == pytest.approx((micro + macro) / 2, abs=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_the_judge_agrees_with_the_metric_cail_score(seed):
    numbers = random.Random(seed)
    truth, answers = (random_lists(numbers, 25, 12) for _ in range(2))
    metric = cail_score(multi_hot(truth, 12), multi_hot(answers, 12))
    assert judge(truth, answers, n_labels=12).score == pytest.approx(metric, abs=1e-12)


def test_the_order_of_cases_and_of_ids_does_not_matter():
    numbers = random.Random(3)
    truth, answers = (random_lists(numbers, 30, 8) for _ in range(2))
    pairs = [(true[::-1], pred[::-1]) for true, pred in zip(truth, answers, strict=True)]
    numbers.shuffle(pairs)
    shuffled = judge([true for true, _ in pairs], [pred for _, pred in pairs], n_labels=8)
    assert shuffled.score == judge(truth, answers, n_labels=8).score


def test_ids_beyond_the_183_lines_are_ignored():
    result = judge([[1, 200, 200], [0]], [[1, -7, 184], [184]], n_labels=183)
    assert result == judge([[1], []], [[1], []], n_labels=183)
    assert result.score == 1


def test_a_missing_answer_is_refused():
    with pytest.raises(CaseError, match="one for each of the 2 cases, got 1"):
        judge([[1], [2]], [[1]], n_labels=183)
