"""Expected F1: the list of each case that is best if the probabilities of its articles are right.

The articles count as independent. The best list is then that of the k most probable articles, for
some k (Lewis, "Evaluating and Optimizing Autonomous Text Classification Systems", 1995). Let S be
the number of true articles of a case; the F1 of the k best articles is expected to be the sum,
over these articles i, of

    p_i E[2 / (k + 1 + S without i)]

(Ye et al., "Optimizing F-Measure: A Tale of Two Approaches", 2012). The distribution of S is exact
for the `N_EXACT` most probable articles. The number of true ones among all others is taken as
Poisson, which errs by less than the sum of their squared probabilities (Le Cam, "An Approximation
Theorem for the Poisson Binomial Distribution", 1960).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from lawrec.decision.score_order import best_columns
from lawrec.types import BoolArray, Float32Array, Float64Array

N_EXACT = 12
"""Most probable articles of a case whose number of true ones has its exact distribution."""
N_OUTCOMES = 18
"""Numbers of true articles that are considered: 0, 1, ... 17."""


def best_expected_f1(y_prob: Float32Array, max_articles: int) -> BoolArray:
    """Return the list of each case with the highest expected F1, at least one article long.

    Args:
        y_prob: Probabilities, float32 (n_cases, n_articles).
        max_articles: The longest list; never more than `N_EXACT` articles.

    Returns:
        bool (n_cases, n_articles).

    Example:
        >>> best_expected_f1(np.array([[0.9, 0.1, 0.1], [0.2, 0.3, 0.1]], np.float32), 3).tolist()
        [[True, False, False], [True, True, False]]
    """
    columns = best_columns(y_prob, N_EXACT)
    top = np.take_along_axis(y_prob, columns, axis=1).astype(np.float64)  # (n_cases, N_EXACT)
    rest = _poisson(np.maximum(y_prob.sum(axis=1) - top.sum(axis=1), 0))
    lengths = np.arange(1, min(max_articles, top.shape[1]) + 1)
    # gain[k - 1, s] is the share of F1 that a right article adds to a list of k articles where s
    # other articles are true: 2 / (k + 1 + s).
    gain = 2 / (lengths[:, None] + 1 + np.arange(N_OUTCOMES))
    per_article = [  # for the first, second, ... article: (n_cases, n_lengths)
        p[:, None] * (others @ gain.T)
        for p, others, _ in zip(
            top.T, _without_each(rest, top.T[:, :, None]), lengths, strict=False
        )
    ]
    # The sum over the first k articles, with the gain of a list of k articles: the diagonal of
    # (k articles, n_cases, n_lengths) over its first and last axis is (n_cases, n_lengths).
    expected = np.diagonal(np.cumsum(per_article, axis=0), axis1=0, axis2=2)
    best = np.argmax(expected, axis=1)
    y_pred = np.zeros(y_prob.shape, np.bool_)
    listed = np.arange(len(lengths)) <= best[:, None]
    np.put_along_axis(y_pred, columns[:, : len(lengths)], listed, axis=1)
    return y_pred


def _poisson(mean: npt.NDArray[np.floating[Any]]) -> Float64Array:
    """Return the Poisson probabilities of 0, 1, ... events, float64 (n_cases, N_OUTCOMES).

    P(s) = exp(-mean) mean^s / s!, so that P(s) / P(s - 1) = mean / s.
    """
    steps = np.arange(1, N_OUTCOMES)
    ratios = np.concatenate((np.exp(-mean)[:, None], mean[:, None] / steps), axis=1)
    return np.cumprod(ratios, axis=1)


def _without_each(distribution: Float64Array, prob: Float64Array) -> Iterator[Float64Array]:
    """Yield, for each event in turn, the distribution after all other events may have happened.

    Divide and conquer: for four events, the last two are added once for both of the first two.
    That takes n log n additions instead of n^2, and divides by no small probability.

    Args:
        distribution: Of the number of true articles so far, float64 (n_cases, N_OUTCOMES).
        prob: The probability of each event, (n_events, n_cases, 1).
    """
    if len(prob) == 1:
        yield distribution
        return
    half = len(prob) // 2
    yield from _without_each(_with(distribution, prob[half:]), prob[:half])
    yield from _without_each(_with(distribution, prob[:half]), prob[half:])


def _with(distribution: Float64Array, prob: Float64Array) -> Float64Array:
    """Return the distribution of a number after each of some events may have added 1."""
    for p in prob:
        one_more = distribution[:, :-1] * p
        distribution = distribution * (1 - p)
        distribution[:, 1:] += one_more
    return distribution
