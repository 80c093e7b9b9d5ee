"""Order of scores: rounding, ranks, and the best articles of each case.

All functions take y_score, float32 (n_cases, n_articles), 0 to 1. Equal scores are ordered by
column, the lower column first, so that every function here agrees with every other one.
"""

import numpy as np

from lawrec.types import BoolArray, Float32Array, Int64Array

SCORE_DECIMALS = 6
"""Decimals that a decision looks at; answers show as many."""
MAX_COLUMNS = 1 << 20
"""Columns that a sort key has room for."""
_COLUMN_BITS, _SCORE_BITS = 20, 32


def round_scores(y_score: Float32Array) -> Float32Array:
    """Return the scores rounded to `SCORE_DECIMALS`, as decisions and tuning compare them.

    Rounding twice is the same as rounding once: a float32 near k / 10^6 differs from it by far
    less than half a millionth, for every k from 0 to 10^6.

    Example:
        >>> round_scores(np.array([[0.1234564, 0.1234566]], np.float32)).tolist()
        [[0.12345600128173828, 0.12345699965953827]]
    """
    return np.round(y_score, SCORE_DECIMALS)


def rank(y_score: Float32Array) -> Int64Array:
    """Return the rank of each article in its case by score, from 0, int64 of the same shape.

    Example:
        >>> rank(np.array([[0.2, 0.9, 0.2]], np.float32)).tolist()
        [[1, 0, 2]]
    """
    ranks = np.empty(y_score.shape, np.int64)
    order = np.argsort(-y_score, axis=1, kind="stable")
    np.put_along_axis(ranks, order, np.arange(order.shape[1])[None, :], axis=1)
    return ranks


def best_columns(y_score: Float32Array, n: int) -> Int64Array:
    """Return the columns of the n best scores of each case, best first, int64 (n_cases, n).

    Example:
        >>> best_columns(np.array([[0.2, 0.9, 0.2]], np.float32), 2).tolist()
        [[1, 0]]
    """
    last = y_score.shape[1] - 1
    keys = _largest(_sort_keys(y_score), min(n, last + 1))
    # The lowest bits of a key hold `last - column`, see `_sort_keys`.
    columns: Int64Array = last - (keys & (MAX_COLUMNS - 1))
    return columns


def top_mask(y_score: Float32Array, n: Int64Array, *, priority: Int64Array) -> BoolArray:
    """Return which articles are the n best of their case, by priority first and then by score.

    Args:
        y_score: float32 (n_cases, n_articles), 0 to 1.
        n: How many articles each case gets, int64 (n_cases,), at most n_articles.
        priority: int64 (n_cases, n_articles), 0 to 1023; a higher one goes first, whatever the
            score.

    Returns:
        bool (n_cases, n_articles).

    Example:
        >>> y_score = np.array([[0.2, 0.9, 0.5]], np.float32)
        >>> top_mask(y_score, np.array([2]), priority=np.array([[1, 0, 0]])).tolist()
        [[True, True, False]]
    """
    keys = _sort_keys(y_score) | (priority << (_SCORE_BITS + _COLUMN_BITS))
    best = _largest(keys, max(1, int(n.max())))
    lowest = np.take_along_axis(best, np.maximum(n, 1)[:, None] - 1, axis=1)  # key of the n-th best
    return (keys >= lowest) & (n > 0)[:, None]


def relative_scores(y_score: Float32Array) -> Float32Array:
    """Return each score divided by the best score of its case; 0 where that is 0.

    Example:
        >>> relative_scores(np.array([[0.5, 0.25], [0, 0]], np.float32)).tolist()
        [[1.0, 0.5], [0.0, 0.0]]
    """
    best = y_score.max(axis=1, keepdims=True)
    divisor: Float32Array = np.where(best > 0, best, np.float32(1)).astype(np.float32)
    return y_score / divisor


def _sort_keys(y_score: Float32Array) -> Int64Array:
    """Return one int64 per score that sorts as (score, column) does, equal scores by column.

    One key takes the place of a pair, so that `np.partition` can select the best articles of a
    case without sorting all of them, and no two keys of a case are equal:

        bit   63 ... 62   61 ... 52   51 ... 20        19 ... 0
              0           priority    bits of score    last column - column

    The bits of a float32 that is not negative, read as an integer, rise with its value:
    0.25 is 0x3E800000, 0.5 is 0x3F000000, and 1.0 is 0x3F800000. The column is counted from the
    last one, so that among equal scores the lower column has the larger key. An example with
    three columns:

        column 0, score 0.5     0x3F000000 << 20 | 2     the second largest
        column 1, score 0.5     0x3F000000 << 20 | 1     the smallest
        column 2, score 1.0     0x3F800000 << 20 | 0     the largest

    `top_mask` adds the priority, which outweighs the score. A score is never negative: it would
    have bit 31 set, and sort the wrong way.

    Raises:
        ValueError: There are more columns than 20 bits can number.
    """
    n_columns = y_score.shape[1]
    if n_columns > MAX_COLUMNS:
        raise ValueError(f"at most {MAX_COLUMNS:,} columns can be ordered, got {n_columns:,}")
    bits = np.ascontiguousarray(y_score, np.float32).view(np.int32).astype(np.int64)
    return (bits << _COLUMN_BITS) | np.arange(n_columns)[::-1]


def _largest(keys: Int64Array, n: int) -> Int64Array:
    """Return the n largest keys of each row, the largest first, int64 (n_cases, n)."""
    return -np.sort(np.partition(-keys, n - 1, axis=1)[:, :n], axis=1)
