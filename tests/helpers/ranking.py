"""Train cases for the tests of the ranker."""

import random

from lawrec.corpus.records.record import Record
from lawrec.ranking.train_cases import collect

TEXTS = ("<pad>", "<unk>", *(chr(ord("一") + number) for number in range(23)))
"""The texts of 25 tokens, a character each."""


def records(cases):
    """Return records of (token ids, label ids[, unknown ids[, weight]])."""
    return [Record("", *case) for case in cases]


def train_cases(cases, n_labels):
    """Return the same as train cases."""
    return collect(records(cases), n_labels, seed=1)


def invented(n_cases, seed=1, noise=20):
    """Return cases of three labels: tokens 2, 3 and 4 are evidence, label 2 comes with label 1."""
    numbers = random.Random(seed)
    cases = []
    for _ in range(n_cases):
        label = numbers.choice([0, 0, 0, 1])
        labels = [1, 2] if label and numbers.random() < 0.8 else [label]
        evidence = [2 + label] * numbers.choice([0, 1, 2]) + [4] * (2 in labels)
        cases.append((evidence + numbers.choices(range(5, 5 + noise), k=9), labels))
    return cases
