import numpy as np

from lawrec.network.vectors import WINDOW, _cooccurrence, token_vectors


def slow_cooccurrence(cases, size):
    counts = np.zeros((size, size))
    for case in cases:
        for left in range(len(case)):
            for right in range(left + 1, min(left + WINDOW + 1, len(case))):
                counts[case[left], case[right]] += 1 / (right - left)
                counts[case[right], case[left]] += 1 / (right - left)
    return counts


def test_cooccurrence_equals_the_double_loop():
    numbers = np.random.default_rng(0)
    cases = [numbers.integers(0, 7, length).tolist() for length in (1, 2, 5, 12, 30)]
    result = _cooccurrence(cases, 7).toarray()
    np.testing.assert_allclose(result, slow_cooccurrence(cases, 7), rtol=1e-5)


def test_tokens_of_the_same_company_get_near_vectors():
    cases = [[2, 4, 6, 4, 2], [3, 4, 6, 4, 3], [5, 7, 8, 7, 5], [5, 8, 7]] * 20
    vectors = token_vectors(cases, 9, 4, stddev=0.6, seed=1)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert unit[2] @ unit[3] > 0.9 > 0.5 > unit[2] @ unit[5]


def test_vectors_have_the_asked_size_spread_and_type_and_are_fixed_by_the_seed():
    cases = [[2, 3, 4], [4, 3], [2]]
    vectors = token_vectors(cases, 5, 16, stddev=0.6, seed=7)
    assert vectors.shape == (5, 16)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors.std(), 0.6, rtol=1e-5)
    np.testing.assert_array_equal(vectors, token_vectors(cases, 5, 16, stddev=0.6, seed=7))
    assert np.isfinite(vectors).all()
