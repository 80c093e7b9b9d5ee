from dataclasses import replace

import numpy as np

from lawrec.config import ModelConfig
from lawrec.corpus.vocabulary import Vocabulary
from lawrec.models.embedding_init import WINDOW, _cooccurrence, initial_embedding, token_vectors
from tests.helpers.progress import messages_to


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


def test_tokens_of_similar_contexts_get_near_vectors():
    cases = [[2, 4, 6, 4, 2], [3, 4, 6, 4, 3], [5, 7, 8, 7, 5], [5, 8, 7]] * 20
    vectors = token_vectors(cases, 9, size=4, stddev=0.6, seed=1)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert unit[2] @ unit[3] > 0.9 > 0.5 > unit[2] @ unit[5]


def test_vectors_have_the_asked_size_spread_and_type_and_are_fixed_by_the_seed():
    cases = [[2, 3, 4], [4, 3], [2]]
    vectors = token_vectors(cases, 5, size=16, stddev=0.6, seed=7)
    assert vectors.shape == (5, 16)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors.std(), 0.6, rtol=1e-5)
    np.testing.assert_array_equal(vectors, token_vectors(cases, 5, size=16, stddev=0.6, seed=7))
    assert np.isfinite(vectors).all()


TOKENS = Vocabulary(("<pad>", "<unk>", "盗窃", "诈骗", "抢劫"))
CASES = [[2, 3, 4], [4, 3], [2]]


def test_the_embedding_starts_from_the_facts_or_from_random_vectors():
    config = ModelConfig(embedding_size=16, embedding_stddev=0.6)
    facts = initial_embedding(config, TOKENS, cases=CASES, seed=7)
    np.testing.assert_array_equal(facts, token_vectors(CASES, 5, size=16, stddev=0.6, seed=7))
    wide = replace(config, embedding_size=2000, embedding_init="random")
    noise = initial_embedding(wide, TOKENS, cases=[], seed=7)
    assert noise.dtype == np.float32
    np.testing.assert_allclose(noise.std(), 0.6, rtol=0.05)
    np.testing.assert_array_equal(noise, initial_embedding(wide, TOKENS, cases=[], seed=7))


def test_a_files_vectors_are_scaled_and_the_others_are_random(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("3 4\n盗窃 10 20 30 40\n诈骗 -10 0 10 20\n别的 1 1 1 1\n", encoding="utf-8")
    config = ModelConfig(embedding_size=4, embedding_stddev=0.5, embedding_init=str(path))
    messages = []
    vectors = initial_embedding(config, TOKENS, cases=[], seed=7, progress=messages_to(messages))
    vectors_of_file = np.array([[10, 20, 30, 40], [-10, 0, 10, 20]], np.float32)
    np.testing.assert_allclose(
        vectors[2:4], vectors_of_file * 0.5 / vectors_of_file.std(), rtol=1e-6
    )
    noise = initial_embedding(replace(config, embedding_init="random"), TOKENS, cases=[], seed=7)
    np.testing.assert_array_equal(vectors[[0, 1, 4]], noise[[0, 1, 4]])
    assert messages == [
        f"Reading the vectors of {path}.",
        "2 of the 5 tokens have a vector there; the others start from random vectors.",
    ]


def test_vectors_of_nothing_but_zeros_stay_finite(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("1 2\n盗窃 0 0\n", encoding="utf-8")
    vectors = initial_embedding(
        ModelConfig(embedding_size=2, embedding_init=str(path)), TOKENS, cases=[], seed=7
    )
    assert vectors[2].tolist() == [0, 0]
    assert np.isfinite(vectors).all()
