"""Expected F1: the list of each case that is best if its probabilities are right."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from lawrec.decision.score_order import best_columns
from lawrec.types import BoolArray, Float32Array, Float64Array

CERTAIN = 12
"""Best articles of a case that are reckoned with one by one in its expected F1."""
OTHERS = 18
"""Other true articles of a case that are reckoned with in its expected F1, at most."""


def best_expected_f1(y_prob: Float32Array, max_articles: int) -> BoolArray:
    """Return the list of each case whose expected F1 is highest, the articles being independent.

    The best list is that of the k most probable articles, for some k (Lewis 1995). With S the
    number of true articles, its F1 is expected to be the sum over its articles i of
    p_i E[2 / (k + 1 + S without i)]. The distribution of S is exact for the `CERTAIN` most
    probable articles; the others together are taken as Poisson, which errs by less than the sum
    of their squared probabilities (Le Cam 1960). Formula: Ye et al., "Optimizing F-Measure: A
    Tale of Two Approaches", 2012.
    """
    columns = best_columns(y_prob, CERTAIN)
    top = np.take_along_axis(y_prob, columns, axis=1).astype(np.float64)
    rest = _poisson(np.maximum(y_prob.sum(axis=1) - top.sum(axis=1), 0))
    lengths = np.arange(1, min(max_articles, top.shape[1]) + 1)
    gain = 2 / (lengths[:, None] + 1 + np.arange(OTHERS))
    without_each = _without_each(rest, top.T[:, :, None])
    of_article = [
        p[:, None] * (others @ gain.T)
        for p, others, _ in zip(top.T, without_each, lengths, strict=False)
    ]
    expected = np.diagonal(np.cumsum(of_article, axis=0), axis1=0, axis2=2)
    best = np.argmax(expected, axis=1)
    passed = np.zeros(y_prob.shape, np.bool_)
    listed = np.arange(len(lengths)) <= best[:, None]
    np.put_along_axis(passed, columns[:, : len(lengths)], listed, axis=1)
    return passed


def _poisson(mean: npt.NDArray[np.floating[Any]]) -> Float64Array:
    """Return the probability of 0, 1, ... events, (n, OTHERS)."""
    steps = np.arange(1, OTHERS)
    ratios = np.concatenate((np.exp(-mean)[:, None], mean[:, None] / steps), axis=1)
    return np.cumprod(ratios, axis=1)


def _without_each(counted: Float64Array, prob: Float64Array) -> Iterator[Float64Array]:
    """Give the distribution of a number when all of some events but one may add 1, for each one.

    Either half of the events is added once for all of the other half.

    Args:
        counted: The distribution before, (n, OTHERS).
        prob: The probability of each event, (n_events, n, 1).
    """
    if len(prob) == 1:
        yield counted
        return
    half = len(prob) // 2
    yield from _without_each(_with(counted, prob[half:]), prob[:half])
    yield from _without_each(_with(counted, prob[:half]), prob[half:])


def _with(counted: Float64Array, prob: Float64Array) -> Float64Array:
    """Return the distribution of a number after each of some events may have added 1."""
    for p in prob:
        more = counted[:, :-1] * p
        counted = counted * (1 - p)
        counted[:, 1:] += more
    return counted
