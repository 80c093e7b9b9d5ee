"""Vectors: a start for the embedding from how often tokens of the train facts stand together.

Positive pointwise mutual information, factorised: Levy and Goldberg, "Neural Word Embedding as
Implicit Matrix Factorization", 2014. Co-occurrence weighs 1 / distance; context counts are raised
to 0.75.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

WINDOW = 5
CONTEXT_POWER = 0.75


def token_vectors(
    cases: Iterable[Sequence[int]], vocabulary_size: int, size: int, stddev: float, seed: int
) -> npt.NDArray[np.float32]:
    """Return float32 (vocabulary_size, size) with the given standard deviation.

    Args:
        cases: The token ids of each case.
        vocabulary_size: Number of token ids.
        size: Length of a vector.
        stddev: Standard deviation of all entries.
        seed: Fixes the random numbers.
    """
    information = _positive_information(_cooccurrence(cases, vocabulary_size))
    rank = min(size, vocabulary_size - 1)
    left, strength, _ = randomized_svd(information, rank, n_iter=4, random_state=seed)
    noise = np.random.default_rng(seed).normal(size=(vocabulary_size, size))
    vectors = noise * 1e-3
    vectors[:, :rank] += left * np.sqrt(strength)
    return np.asarray(vectors * (stddev / vectors.std()), np.float32)


def _cooccurrence(cases: Iterable[Sequence[int]], size: int) -> Any:
    total = _pairs([], size)
    batch: list[Sequence[int]] = []
    for case in cases:
        batch.append(case)
        if len(batch) == 2_000:
            total = total + _pairs(batch, size)
            batch = []
    total = total + _pairs(batch, size)
    return total + total.T


def _pairs(cases: list[Sequence[int]], size: int) -> Any:
    rows: list[npt.NDArray[np.int64]] = [np.empty(0, np.int64)]
    columns, weights = [rows[0]], [np.empty(0, np.float32)]
    for case in cases:
        token_ids = np.asarray(case)
        for distance in range(1, min(WINDOW, len(case) - 1) + 1):
            rows.append(token_ids[:-distance])
            columns.append(token_ids[distance:])
            weights.append(np.full(len(case) - distance, 1 / distance, np.float32))
    entries = (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns)))
    return sparse.coo_matrix(entries, (size, size)).tocsr()


def _positive_information(counts: Any) -> Any:
    pairs = counts.tocoo()
    tokens = np.asarray(counts.sum(axis=1)).ravel()
    contexts = tokens**CONTEXT_POWER
    expected = tokens[pairs.row] * contexts[pairs.col] / max(contexts.sum(), 1e-9)
    information = np.log(np.maximum(pairs.data, 1e-9) / np.maximum(expected, 1e-9))
    kept = information > 0
    entries = (information[kept].astype(np.float32), (pairs.row[kept], pairs.col[kept]))
    return sparse.csr_matrix(entries, counts.shape)
