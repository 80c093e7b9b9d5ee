"""Vectors: a start for the embedding, from a file or from which tokens of the facts stand together.

Positive pointwise mutual information, factorised: Levy and Goldberg, "Neural Word Embedding as
Implicit Matrix Factorization", 2014. Co-occurrence weighs 1 / distance; context counts are raised
to 0.75.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

from lawrec.config import ModelConfig
from lawrec.corpus.vocabulary import Vocabulary
from lawrec.models.word2vec_format import read_vectors
from lawrec.progress import SILENT, Progress
from lawrec.types import BoolArray, Float32Array, Int64Array

WINDOW = 5
CONTEXT_POWER = 0.75


def initial_embedding(
    config: ModelConfig,
    tokens: Vocabulary,
    *,
    cases: Iterable[Sequence[int]],
    seed: int,
    progress: Progress = SILENT,
) -> Float32Array:
    """Return what `model.embedding_init` says the embedding starts from, float32 (n_tokens, size).

    Their standard deviation is `embedding_stddev`, that of a file's vectors too. Tokens that a file
    lacks start from noise: co-occurrence has other axes than the file's vectors.

    Args:
        config: Its `vectors`, `embedding_size` and `embedding_stddev` decide.
        tokens: The vocabulary.
        cases: The token ids of each train case.
        seed: Fixes the random numbers.
        progress: Told what is done.

    Raises:
        ConfigError, CaseError: As `vector_files.read_vectors` says.
    """
    size, stddev = config.embedding_size, config.embedding_stddev
    if config.embedding_init == "random":
        return _noise(len(tokens), size, stddev=stddev, seed=seed)
    if config.embedding_init == "cooccurrence":
        progress.message("Counting which tokens stand together.")
        return token_vectors(cases, len(tokens), size=size, stddev=stddev, seed=seed)
    progress.message(f"Reading the vectors of {config.embedding_init}.")
    rows, found = read_vectors(Path(config.embedding_init), tokens, size=size, progress=progress)
    known = f"{found.sum():,} of the {len(tokens):,} tokens have a vector there"
    progress.message(f"{known}; the others start from noise.")
    return _completed(rows, found, stddev=stddev, seed=seed)


def token_vectors(
    cases: Iterable[Sequence[int]], vocabulary_size: int, *, size: int, stddev: float, seed: int
) -> Float32Array:
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


def _noise(n_tokens: int, size: int, *, stddev: float, seed: int) -> Float32Array:
    noise = np.random.default_rng(seed).normal(0, stddev, (n_tokens, size))
    return noise.astype(np.float32)


def _completed(rows: Float32Array, found: BoolArray, *, stddev: float, seed: int) -> Float32Array:
    """Bring the found rows to a standard deviation, and the others to noise of the same."""
    vectors = _noise(len(rows), rows.shape[1], stddev=stddev, seed=seed)
    vectors[found] = rows[found] * (stddev / max(float(rows[found].std()), 1e-9))
    return vectors


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
    rows: list[Int64Array] = [np.empty(0, np.int64)]
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
