"""TODO decision.score_order."""

from collections.abc import Iterator

import numpy as np

from lawrec.types import Float32Array, Int64Array

CHUNK_CASES = 1_024
_SCORE_BITS, _COLUMN_BITS = 32, 20
_COLUMNS = (1 << _COLUMN_BITS) - 1


def rank(y_score: Float32Array) -> Int64Array:
    """Return the place of each article in its case's list by score, from 0; ties by column."""
    places = np.empty(y_score.shape, np.int64)
    order = np.argsort(-y_score, axis=1, kind="stable")
    np.put_along_axis(places, order, np.arange(order.shape[1])[None, :], axis=1)
    return places


def best_columns(y_score: Float32Array, n: int) -> Int64Array:
    """Return the columns of the n best scores of each case, from the best on; ties by column."""
    last = y_score.shape[1] - 1
    columns: Int64Array = last - (_highest(_places(y_score), min(n, last + 1)) & _COLUMNS)
    return columns


def shares(y_score: Float32Array) -> Float32Array:
    """Return each score divided by the best of its case; 0 where that is 0."""
    best = y_score.max(axis=1, keepdims=True)
    divisor: Float32Array = np.where(best > 0, best, np.float32(1)).astype(np.float32)
    return y_score / divisor


def chunk_rows(n_cases: int) -> Iterator[slice]:
    """Give the rows of one chunk of cases after another, so that memory stays constant."""
    return (slice(start, start + CHUNK_CASES) for start in range(0, n_cases, CHUNK_CASES))


def _places(y_score: Float32Array) -> Int64Array:
    """Return a whole number for each score that ranks it in its case, ties by column.

    It holds the score's bits, which rise with the score since none is negative, and the column.
    """
    scores = np.ascontiguousarray(y_score, np.float32).view(np.int32).astype(np.int64)
    return (scores << _COLUMN_BITS) | np.arange(y_score.shape[1])[::-1]


def _highest(places: Int64Array, n: int) -> Int64Array:
    """Return the n highest numbers of each row, falling."""
    best: Int64Array = -np.sort(np.partition(-places, n - 1, axis=1)[:, :n], axis=1)
    return best
