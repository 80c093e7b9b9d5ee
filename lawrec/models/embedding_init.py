"""Initial token vectors: from the co-occurrence of tokens in the facts, from a file, or random.

A stacked LSTM whose embedding starts near zero learns nothing for epochs on a few thousand cases.
Factorising the co-occurrence matrix of the train facts takes seconds, and is worth several points
of F1 at the same number of steps.

The matrix is positive pointwise mutual information (PPMI): Levy and Goldberg, "Neural Word
Embedding as Implicit Matrix Factorization", 2014. As in word2vec, near tokens count more (a pair at
a distance of d tokens counts 1 / d), and context counts are raised to the power 0.75.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

from lawrec.config import ModelConfig
from lawrec.corpus.vocabulary import Vocabulary
from lawrec.iterables import batched
from lawrec.models.word2vec_format import read_vectors
from lawrec.progress import SILENT, Progress
from lawrec.types import BoolArray, Float32Array, Int64Array

WINDOW = 5
"""Tokens co-occur if their positions differ by at most this."""
CONTEXT_POWER = 0.75
_BATCH_CASES = 2_000  # counted at once; more would only take more memory


def initial_embedding(
    config: ModelConfig,
    tokens: Vocabulary,
    *,
    cases: Iterable[Sequence[int]],
    seed: int,
    progress: Progress = SILENT,
) -> Float32Array:
    """Return the initial embedding that `model.embedding_init` names.

    The vectors of a file are scaled to `embedding_stddev`. Tokens without a vector there get random
    vectors of the same standard deviation. They do not get vectors from co-occurrence, because the
    axes of two factorisations have nothing to do with each other.

    Args:
        config: Its `embedding_init`, `embedding_size` and `embedding_stddev` are used.
        tokens: The vocabulary.
        cases: The token ids of each train case; read only for "cooccurrence".
        seed: Seed of the random numbers.
        progress: Receives a message per step.

    Returns:
        float32 (n_tokens, embedding_size), with a standard deviation of `embedding_stddev`.

    Raises:
        ConfigError: The file is malformed or does not fit, see `read_vectors`.
        CaseError: The file cannot be read.

    Example:
        >>> config = ModelConfig(embedding_size=4, embedding_init="random")
        >>> initial_embedding(config, Vocabulary(("<pad>", "<unk>")), cases=[], seed=1).shape
        (2, 4)
    """
    size, stddev = config.embedding_size, config.embedding_stddev
    if config.embedding_init == "random":
        return _random_vectors(len(tokens), size, stddev=stddev, seed=seed)
    if config.embedding_init == "cooccurrence":
        progress.message("Counting the co-occurrences of tokens.")
        return token_vectors(cases, len(tokens), size=size, stddev=stddev, seed=seed)
    progress.message(f"Reading the vectors of {config.embedding_init}.")
    rows, in_file = read_vectors(Path(config.embedding_init), tokens, size=size, progress=progress)
    progress.message(
        f"{in_file.sum():,} of the {len(tokens):,} tokens have a vector there; the others start "
        "from random vectors."
    )
    return _scaled_and_completed(rows, in_file, stddev=stddev, seed=seed)


def token_vectors(
    cases: Iterable[Sequence[int]], vocabulary_size: int, *, size: int, stddev: float, seed: int
) -> Float32Array:
    """Return token vectors in which tokens of similar contexts are near each other.

    They are the left singular vectors of the PPMI matrix, each times the square root of its
    singular value, plus a little noise, so that no two tokens have the same vector.

    Args:
        cases: The token ids of each case.
        vocabulary_size: Number of token ids.
        size: Length of a vector.
        stddev: Standard deviation of all entries.
        seed: Seed of the random numbers.

    Returns:
        float32 (vocabulary_size, size).

    Example:
        >>> cases = [[2, 4, 2, 4], [3, 4, 3, 4], [5, 6, 5, 6]] * 9  # 2 and 3 share a context: 4
        >>> vectors = token_vectors(cases, 7, size=3, stddev=0.6, seed=1)
        >>> bool(vectors[2] @ vectors[3] > vectors[2] @ vectors[5])
        True
    """
    ppmi = _positive_pmi(_cooccurrence(cases, vocabulary_size))
    rank = min(size, vocabulary_size - 1)
    left, singular_values, _ = randomized_svd(ppmi, rank, n_iter=4, random_state=seed)
    noise = np.random.default_rng(seed).normal(size=(vocabulary_size, size))
    vectors = noise * 1e-3
    vectors[:, :rank] += left * np.sqrt(singular_values)
    return np.asarray(vectors * (stddev / vectors.std()), np.float32)


def _random_vectors(n_tokens: int, size: int, *, stddev: float, seed: int) -> Float32Array:
    noise = np.random.default_rng(seed).normal(0, stddev, (n_tokens, size))
    return noise.astype(np.float32)


def _scaled_and_completed(
    rows: Float32Array, in_file: BoolArray, *, stddev: float, seed: int
) -> Float32Array:
    """Scale the rows of the file to a standard deviation, and fill the others with random ones."""
    vectors = _random_vectors(len(rows), rows.shape[1], stddev=stddev, seed=seed)
    vectors[in_file] = rows[in_file] * (stddev / max(float(rows[in_file].std()), 1e-9))
    return vectors


def _cooccurrence(cases: Iterable[Sequence[int]], vocabulary_size: int) -> Any:
    """Return the weighted counts of pairs in both orders, sparse (n_tokens, n_tokens)."""
    total = _pair_counts([], vocabulary_size)
    for batch in batched(cases, _BATCH_CASES):
        total = total + _pair_counts(batch, vocabulary_size)
    return total + total.T


def _pair_counts(cases: list[Sequence[int]], vocabulary_size: int) -> Any:
    """Return the weighted counts of pairs, the row's token before the column's.

    The case a b c has the pairs (a, b) and (b, c) at distance 1, which count 1 each, and (a, c) at
    distance 2, which counts 1/2. For each distance, a case shifted against itself has all pairs:
    a b over b c, then a over c.
    """
    rows: list[Int64Array] = [np.empty(0, np.int64)]
    columns, weights = [rows[0]], [np.empty(0, np.float32)]
    for case in cases:
        token_ids = np.asarray(case)
        for distance in range(1, min(WINDOW, len(case) - 1) + 1):
            rows.append(token_ids[:-distance])
            columns.append(token_ids[distance:])
            weights.append(np.full(len(case) - distance, 1 / distance, np.float32))
    entries = (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns)))
    # The conversion to CSR sums the weights of equal pairs.
    return sparse.coo_matrix(entries, (vocabulary_size, vocabulary_size)).tocsr()


def _positive_pmi(counts: Any) -> Any:
    """Return max(0, log(P(token, context) / (P(token) P(context)))), sparse like the counts."""
    pairs = counts.tocoo()
    tokens = np.asarray(counts.sum(axis=1)).ravel()
    contexts = tokens**CONTEXT_POWER
    expected = tokens[pairs.row] * contexts[pairs.col] / max(contexts.sum(), 1e-9)
    information = np.log(np.maximum(pairs.data, 1e-9) / np.maximum(expected, 1e-9))
    kept = information > 0
    entries = (information[kept].astype(np.float32), (pairs.row[kept], pairs.col[kept]))
    return sparse.csr_matrix(entries, counts.shape)
