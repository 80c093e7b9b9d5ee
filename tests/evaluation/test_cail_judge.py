"""The judge against hand-worked cases, a slow one of its own, and the metric of the same name."""

import random

import numpy as np
import pytest

from lawrec.errors import CaseError
from lawrec.evaluation.cail_judge import judge
from lawrec.evaluation.metrics import cail_score


def slow_judge(truth, answers, labels):
    """Count id by id and case by case, and divide only where the judge divides."""

    def values(tp, fp, fn):
        if tp == 0:
            return (1.0, 1.0, 1.0) if fp == 0 and fn == 0 else (0.0, 0.0, 0.0)
        precision, recall = tp / (tp + fp), tp / (tp + fn)
        return precision, recall, 2 * precision * recall / (precision + recall)

    table = []
    for number in range(1, labels + 1):
        tp = fp = fn = 0
        for true, given in zip(truth, answers, strict=True):
            if number in given and number in true:
                tp += 1
            elif number in given:
                fp += 1
            elif number in true:
                fn += 1
        table.append((tp, fp, fn))
    macro = sum(values(*row)[2] for row in table) / labels
    micro = values(*(sum(column) for column in zip(*table, strict=True)))[2]
    return table, [values(*row) for row in table], micro, macro


def random_lists(numbers, cases, labels):
    """Lists with repeats, empty ones, and with 0 or a number beyond the labels now and then."""
    return [
        [numbers.randint(0, labels + 1) for _ in range(numbers.choice((0, 1, 1, 2, 4)))]
        for _ in range(cases)
    ]


def hot(lists, labels):
    matrix = np.zeros((len(lists), labels), np.bool_)
    for row, ids in enumerate(lists):
        matrix[row, [one - 1 for one in ids if 1 <= one <= labels]] = True
    return matrix


# truth, answers, lines, micro-F1, macro-F1
HAND_WORKED = {
    "id 1 right, 2 missed, 3 invented, 4 nowhere": (
        [[1], [1, 2], []],
        [[1], [1], [3]],
        4,
        4 / 6,
        (1 + 0 + 0 + 1) / 4,
    ),
    "half of them": ([[1], [1]], [[1], []], 1, 2 / 3, 2 / 3),
    "all right": ([[2], [1, 2]], [[2], [2, 1]], 3, 1, 1),
    "nothing to say and nothing said": ([[], []], [[], []], 3, 1, 1),
    "no case": ([], [], 2, 1, 1),
    "silent": ([[1], [2]], [[], []], 4, 0, 2 / 4),
    "repeats collapse": ([[1, 1]], [[1, 1, 1]], 2, 1, 1),
    "one false answer for an id that never applies": ([[1]], [[1, 2]], 183, 2 / 3, 182 / 183),
    "beyond the lines": ([[1, 9]], [[1, 0, -3]], 2, 1, 1),
}


@pytest.mark.parametrize("name", HAND_WORKED)
def test_hand_worked(name):
    truth, answers, labels, micro, macro = HAND_WORKED[name]
    verdict = judge(truth, answers, labels=labels)
    assert verdict.micro_f1 == pytest.approx(micro)
    assert verdict.macro_f1 == pytest.approx(macro)
    assert verdict.score == pytest.approx((micro + macro) / 2)


@pytest.mark.parametrize("seed", range(20))
def test_it_counts_as_the_slow_judge_does(seed):
    numbers = random.Random(seed)
    labels, cases = numbers.randint(1, 9), numbers.randint(1, 30)
    truth, answers = (random_lists(numbers, cases, labels) for _ in range(2))
    verdict = judge(truth, answers, labels=labels)
    table, values, micro, macro = slow_judge(truth, answers, labels)
    counted = (verdict.counts.tp, verdict.counts.fp, verdict.counts.fn)
    assert list(zip(*(part.tolist() for part in counted), strict=True)) == table
    found = np.stack([verdict.precision, verdict.recall, verdict.f1], axis=1)
    np.testing.assert_allclose(found, values, rtol=1e-12)
    assert verdict.micro_f1 == pytest.approx(micro, abs=1e-12)
    assert verdict.score == pytest.approx((micro + macro) / 2, abs=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_it_is_the_metric_cail_score_on_the_same_matrices(seed):
    numbers = random.Random(seed)
    truth, answers = (random_lists(numbers, 25, 12) for _ in range(2))
    metric = cail_score(hot(truth, 12), hot(answers, 12))
    assert judge(truth, answers, labels=12).score == pytest.approx(metric, abs=1e-12)


def test_the_order_of_cases_and_of_ids_does_not_matter():
    numbers = random.Random(3)
    truth, answers = (random_lists(numbers, 30, 8) for _ in range(2))
    pairs = [(true[::-1], given[::-1]) for true, given in zip(truth, answers, strict=True)]
    numbers.shuffle(pairs)
    turned = judge([true for true, _ in pairs], [given for _, given in pairs], labels=8)
    assert turned.score == judge(truth, answers, labels=8).score


def test_ignored_ids_are_counted_and_named():
    verdict = judge([[1, 200, 200], [0]], [[1, -7, 184], [184]])
    assert (verdict.ignored, verdict.ignored_examples) == (5, (-7, 0, 184, 200))
    assert len(verdict.f1) == 183


def test_a_missing_answer_is_refused():
    with pytest.raises(CaseError, match="one for each of the 2 cases, got 1"):
        judge([[1], [2]], [[1]])
