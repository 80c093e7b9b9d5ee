import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfTransformer

from lawrec.config import RankingConfig
from lawrec.corpus.vocabulary import PAD_ID, UNK_ID
from lawrec.ranking.linear_svm import NO_CASE_MARGIN, fit_linear_svms
from lawrec.ranking.tf_idf import fit_idf, sparse_tf_idf, tf_idf
from tests.helpers.ranking import train_cases

# Token 2 is evidence of label 0, token 3 of label 1; the others say nothing. Label 2 has no case.
CASES = (
    ([2, 4, 5], [0]),
    ([2, 5, 5, 6], [0]),
    ([3, 4, 6], [1]),
    ([3, 3, 5], [1]),
    ([2, 3, 4], [0, 1]),
)
TOKENS, LABELS = 7, 3


def fitted(cases=CASES, **settings):
    cases = train_cases(cases, LABELS)
    idf = fit_idf(cases.token_ids, TOKENS)
    return fit_linear_svms(cases, idf, config=RankingConfig(**settings), seed=1)


def test_the_tokens_of_a_label_raise_its_margin():
    margins = fitted().margins([[2, 5], [3, 6, 6], [2, 3, 5]])
    assert (margins[:, :2] > 0).tolist() == [[True, False], [False, True], [True, True]]


def test_a_label_of_no_case_and_one_of_all_cases_have_constant_margins():
    bias = fitted([([2 + number], [0]) for number in range(3)]).bias
    assert bias.tolist() == [-NO_CASE_MARGIN, NO_CASE_MARGIN, NO_CASE_MARGIN]


def test_features_are_those_of_scikit_learn():
    counts = np.array([[tokens.count(token) for token in range(TOKENS)] for tokens, _ in CASES])
    reference = TfidfTransformer(sublinear_tf=True).fit(counts)
    idf = fit_idf([tokens for tokens, _ in CASES], TOKENS)
    np.testing.assert_allclose(idf[2:], reference.idf_[2:], rtol=1e-6)
    expected = reference.transform(counts).toarray()
    for row, (case, _) in zip(expected, CASES, strict=True):
        tokens, values = tf_idf(case, idf)
        np.testing.assert_allclose(values, row[tokens], rtol=1e-6)


def test_padding_unknown_tokens_order_and_other_cases_change_nothing():
    svms = fitted()
    expected = svms.margins([[2, 5, 5]])
    shuffled = [5, UNK_ID, 2, 5, UNK_ID, PAD_ID, PAD_ID]
    np.testing.assert_array_equal(svms.margins([[3], shuffled, [4] * 9])[1:2], expected)


def test_a_case_of_unknown_tokens_has_the_margins_of_the_bias():
    svms = fitted()
    np.testing.assert_array_equal(svms.margins([[UNK_ID]]), svms.bias[None])


def test_unknown_labels_and_their_cases_teach_nothing():
    masked = fitted([*CASES, ([3, 3, 3], [1], [0])])
    unmasked = fitted([*CASES, ([3, 3, 3], [0, 1])])
    assert masked.kernel[3, 0] < unmasked.kernel[3, 0]


@pytest.mark.parametrize(("n_cases", "expected"), [(4, 1.0), (100, 10 / 3), (10_000, 10.0)])
def test_the_only_true_case_of_an_article_counts_more(n_cases, expected, monkeypatch):
    from lawrec.ranking import linear_svm

    seen = []
    fit = linear_svm._fit

    def spy(features, y_true, *, weights, **arguments):
        seen.append((weights[y_true].tolist(), set(weights[~y_true].tolist())))
        return fit(features, y_true, weights=weights, **arguments)

    monkeypatch.setattr(linear_svm, "_fit", spy)
    fitted([([2, 4], [0]), *[([3, 4], [])] * (n_cases - 1)])
    assert seen == [([pytest.approx(expected)], {1.0})]


def test_fitting_is_the_same_every_time():
    for values, again in zip(fitted(), fitted(), strict=True):
        np.testing.assert_array_equal(values, again)


def test_weights_are_nearly_those_of_scikit_learn():
    from lawrec.ranking import linear_svm

    cases = train_cases(CASES, LABELS)
    features = sparse_tf_idf(cases.token_ids, idf := fit_idf(cases.token_ids, TOKENS))
    svms = fitted()
    for label in range(2):
        y_true = cases.y_true[:, label]
        weights = linear_svm._case_weights(y_true, RankingConfig())
        reference = linear_svm._fit(features, y_true, weights=weights, c=3.0, seed=1).coef_[0]
        largest = np.abs(reference).max()
        values = svms.kernel[:, label] * svms.scale[label]
        np.testing.assert_allclose(values, reference, atol=largest / 127 / 2 * 1.001)
    np.testing.assert_array_equal(idf, svms.idf)
