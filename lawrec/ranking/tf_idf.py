"""TF-IDF: a token counts more the more often a case has it, and less the more cases have it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lawrec.corpus.vocabulary import PAD_ID, UNK_ID
from lawrec.types import Float32Array, TokenIds


def fit_idf(cases: Sequence[TokenIds], n_tokens: int) -> Float32Array:
    """Return the inverse document frequency of each token: 1 + log((1 + n_cases) / (1 + df)).

    It is scikit-learn's smoothed form; that of `PAD_ID` and `UNK_ID` is 0.

    Returns:
        float32 (n_tokens,).

    Example:
        >>> fit_idf([[2, 3], [2]], 4).round(2)
        array([0.  , 0.  , 1.  , 1.41], dtype=float32)
    """
    frequency = np.zeros(n_tokens)
    for case in cases:
        frequency[np.unique(np.asarray(case, np.int64))] += 1
    idf = 1 + np.log((1 + len(cases)) / (1 + frequency))
    idf[[PAD_ID, UNK_ID]] = 0
    return idf.astype(np.float32)


def tf_idf(case: TokenIds, idf: Float32Array) -> tuple[Any, Float32Array]:
    """Return the different tokens of a case, and their TF-IDF values, which have unit length.

    The term frequency is sublinear: a token that occurs n times counts 1 + log(n).

    Returns:
        The token ids, int64 (n,), and their values, float32 (n,).

    Example:
        >>> tokens, values = tf_idf([3, 2, 3], np.array([0, 0, 1, 2], np.float32))
        >>> tokens, values.round(2)
        (array([2, 3]), array([0.28, 0.96], dtype=float32))
    """
    tokens, counts = np.unique(np.asarray(case, np.int64), return_counts=True)
    values = (1 + np.log(counts)) * idf[tokens]
    length = np.sqrt((values**2).sum())
    return tokens, np.asarray(values / length if length else values, np.float32)


def sparse_tf_idf(cases: Sequence[TokenIds], idf: Float32Array) -> Any:
    """Return the TF-IDF features of cases, a scipy.sparse matrix (n_cases, n_tokens) of float64.

    Example:
        >>> sparse_tf_idf([[2, 3], [2]], np.ones(4, np.float32)).toarray().round(2)
        array([[0.  , 0.  , 0.71, 0.71],
               [0.  , 0.  , 1.  , 0.  ]])
    """
    from scipy import sparse

    rows = [tf_idf(case, idf) for case in cases]
    ends = np.cumsum([0, *(len(tokens) for tokens, _ in rows)])
    tokens, values = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    return sparse.csr_matrix((values.astype(np.float64), tokens, ends), (len(cases), len(idf)))
