import numpy as np
from sklearn.feature_extraction.text import TfidfTransformer

from lawrec.config import RankingConfig
from lawrec.corpus.vocabulary import PAD_ID, UNK_ID
from lawrec.ranking.svm_fit import fit_linear_svms
from lawrec.ranking.tf_idf import fit_idf, tf_idf
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
