"""Train cases for the tests of the ranker."""

import random

from lawrec.config import RankingConfig
from lawrec.corpus.records.record import Record
from lawrec.ranking.svm_fit import fit_linear_svms
from lawrec.ranking.tf_idf import fit_idf
from lawrec.ranking.train_cases import collect

TEXTS = ("<pad>", "<unk>", *(chr(ord("一") + number) for number in range(23)))
"""The texts of 25 tokens, a character each."""
# Token 2 is evidence of label 0, token 3 of label 1; the others say nothing. Label 2 has no case.
SVM_CASES = (
    ([2, 4, 5], [0]),
    ([2, 5, 5, 6], [0]),
    ([3, 4, 6], [1]),
    ([3, 3, 5], [1]),
    ([2, 3, 4], [0, 1]),
)
SVM_TOKENS, SVM_LABELS = 7, 3


def records(cases):
    """Return records of (token ids, label ids[, unknown ids[, weight]])."""
    return [Record("", *case) for case in cases]


def train_cases(cases, n_labels):
    """Return the same as train cases."""
    return collect(records(cases), n_labels, seed=1)


def fitted_svms(cases=SVM_CASES, **settings):
    """Return linear SVMs fitted to cases of `SVM_LABELS` labels."""
    cases = train_cases(cases, SVM_LABELS)
    idf = fit_idf(cases.token_ids, SVM_TOKENS)
    return fit_linear_svms(cases, idf, config=RankingConfig(**settings), seed=1)


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
