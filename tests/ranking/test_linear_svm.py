import numpy as np
from sklearn.feature_extraction.text import TfidfTransformer

from lawrec.corpus.vocabulary import PAD_ID, UNK_ID
from lawrec.ranking.tf_idf import fit_idf, tf_idf
from tests.helpers.ranking import SVM_CASES, SVM_TOKENS, fitted_svms


def test_the_tokens_of_a_label_raise_its_margin():
    margins = fitted_svms().margins([[2, 5], [3, 6, 6], [2, 3, 5]])
    assert (margins[:, :2] > 0).tolist() == [[True, False], [False, True], [True, True]]


def test_features_are_those_of_scikit_learn():
    facts = [tokens for tokens, _ in SVM_CASES]
    counts = np.array([[tokens.count(token) for token in range(SVM_TOKENS)] for tokens in facts])
    reference = TfidfTransformer(sublinear_tf=True).fit(counts)
    idf = fit_idf(facts, SVM_TOKENS)
    np.testing.assert_allclose(idf[2:], reference.idf_[2:], rtol=1e-6)
    expected = reference.transform(counts).toarray()
    for row, (case, _) in zip(expected, SVM_CASES, strict=True):
        tokens, values = tf_idf(case, idf)
        np.testing.assert_allclose(values, row[tokens], rtol=1e-6)


def test_padding_unknown_tokens_order_and_other_cases_change_nothing():
    svms = fitted_svms()
    expected = svms.margins([[2, 5, 5]])
    shuffled = [5, UNK_ID, 2, 5, UNK_ID, PAD_ID, PAD_ID]
    np.testing.assert_array_equal(svms.margins([[3], shuffled, [4] * 9])[1:2], expected)


def test_a_case_of_unknown_tokens_has_the_margins_of_the_bias():
    svms = fitted_svms()
    np.testing.assert_array_equal(svms.margins([[UNK_ID]]), svms.bias[None])
