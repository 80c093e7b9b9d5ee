from functools import partial
from types import SimpleNamespace
from unittest.mock import Mock, call

import numpy as np
import pytest

from lawrec.config import RankingConfig
from lawrec.ranking import svm_fit
from lawrec.ranking.linear_svm import NO_CASE_MARGIN
from lawrec.ranking.svm_fit import fit_linear_svms
from lawrec.ranking.tf_idf import fit_idf, sparse_tf_idf
from tests.helpers.ranking import (
    SVM_CASES,
    SVM_LABELS,
    SVM_TOKENS,
    TEXTS,
    fitted_svms,
    invented,
    train_cases,
)


def test_a_label_of_no_case_and_one_of_all_cases_have_constant_margins():
    bias = fitted_svms([([2 + number], [0]) for number in range(3)]).bias
    assert bias.tolist() == [-NO_CASE_MARGIN, NO_CASE_MARGIN, NO_CASE_MARGIN]


def test_unknown_labels_and_their_cases_teach_nothing():
    masked = fitted_svms([*SVM_CASES, ([3, 3, 3], [1], [0])])
    unmasked = fitted_svms([*SVM_CASES, ([3, 3, 3], [0, 1])])
    assert masked.kernel[3, 0] < unmasked.kernel[3, 0]


@pytest.mark.parametrize(("n_cases", "expected"), [(4, 1.0), (100, 10 / 3), (10_000, 10.0)])
def test_the_only_true_case_of_an_article_counts_more(n_cases, expected, monkeypatch):
    seen = []
    fit = svm_fit._fit_svc

    def spy(features, y_true, *, weights, **arguments):
        seen.append((weights[y_true].tolist(), set(weights[~y_true].tolist())))
        return fit(features, y_true, weights=weights, **arguments)

    monkeypatch.setattr(svm_fit, "_fit_svc", spy)
    fitted_svms([([2, 4], [0]), *[([3, 4], [])] * (n_cases - 1)])
    assert seen == [([pytest.approx(expected)], {1.0})]


def test_fitting_is_the_same_every_time():
    for values, again in zip(fitted_svms(), fitted_svms(), strict=True):
        np.testing.assert_array_equal(values, again)


def test_weights_are_nearly_those_of_scikit_learn():
    cases = train_cases(SVM_CASES, SVM_LABELS)
    features = sparse_tf_idf(cases.token_ids, idf := fit_idf(cases.token_ids, SVM_TOKENS))
    svms = fitted_svms()
    for label in range(2):
        y_true = cases.y_true[:, label]
        weights = svm_fit._case_weights(y_true, RankingConfig())
        reference = svm_fit._fit_svc(features, y_true, weights=weights, c=3.0, seed=1).coef_[0]
        largest = np.abs(reference).max()
        values = svms.kernel[:, label] * svms.scale[label]
        np.testing.assert_allclose(values, reference, atol=largest / 127 / 2 * 1.001)
    np.testing.assert_array_equal(idf, svms.idf)


def test_more_processes_fit_the_same_svms(monkeypatch):
    cases = train_cases([*invented(60), ([2, 3, 5], [0], [1])], SVM_LABELS)
    idf = fit_idf(cases.token_ids, len(TEXTS))
    fit = partial(fit_linear_svms, cases, idf, config=RankingConfig(), seed=1)
    alone = fit(workers=1)
    monkeypatch.setattr(svm_fit, "_MIN_PARALLEL_WORK", 0)
    progress = Mock()
    shared = fit(workers=2, progress=progress)
    for values, expected in zip(shared, alone, strict=True):
        assert values.dtype == expected.dtype
        np.testing.assert_array_equal(values, expected)
    assert progress.update.mock_calls == [
        call("linear SVMs", done, SVM_LABELS) for done in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    ("n_values", "n_labels", "workers", "expected"),
    [
        (100_000, 100, 8, 1),  # quick
        (1_000_000, 183, 8, 8),
        (1_000_000, 183, 0, 6),  # the cores
        (20_000_000, 183, 8, 3),  # of 60 million values that are copied
        (90_000_000, 183, 8, 1),
        (50_000_000, 2, 8, 1),
        (25_000_000, 4, 8, 2),
    ],
)
def test_processes_are_as_many_as_are_useful_and_fit_into_memory(
    monkeypatch, n_values, n_labels, workers, expected
):
    monkeypatch.setattr(svm_fit, "available_cores", lambda: 6)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    values = SimpleNamespace(nnz=n_values)
    unused = np.zeros((1, n_labels), bool)
    problem = svm_fit.SvmProblem(values, unused, unused, unused)
    assert svm_fit._n_workers(problem, workers) == expected


@pytest.mark.parametrize(("threads", "expected"), [("1", 1), ("4", 4), ("64", 6), ("4,2", 6)])
def test_processes_are_at_most_as_many_as_threads_of_openmp(monkeypatch, threads, expected):
    monkeypatch.setattr(svm_fit, "available_cores", lambda: 6)
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    assert svm_fit._default_workers() == expected
