"""Bootstrap: how far a figure can be trusted, and whether two runs differ, by resampling cases.

A resample draws as many cases as there are, with repeats; it is a row of weights, how often each
case was drawn. A figure is a function of such rows: sums of weights replace counts of cases.

A mean over articles is biased in resamples: one of three lacks an article that has a single case,
and counts 0, 1 or nothing for it. A percentile interval of macro-F1 may then lie wholly beside its
own value. The intervals here are moved by the bias that the resamples show; in a simulation with
183 articles of Zipf's frequencies and 500 cases, the interval of the CAIL score then held the truth
in 89 of 100 samples instead of 52, that of macro-F1 over all articles in 79 instead of 10. Both are
still a little too narrow.

Sources: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 10 (bias), 13
(percentile intervals) and 16 (tests); Koehn, "Statistical Significance Tests for Machine
Translation Evaluation", 2004 (resampling the same cases of two systems).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from lawrec.evaluation.metrics import COUNT_METRICS, Counts
from lawrec.types import BoolArray, Float32Array, Float64Array

RESAMPLES = 1_000
LEVEL = 0.95
_BLOCK = 10_000_000  # weights at a time

Figures = Callable[[Float32Array], dict[str, Float64Array]]
"""From weights float32 (n_resamples, n_cases) to float64 (n_resamples,) of each figure."""


@dataclass(frozen=True)
class Interval:
    """A figure of the cases, and between what it lies in `LEVEL` of all resamples, bias removed."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """How much more a figure of one run is than of another, and how easily chance gives as much."""

    value: float
    low: float
    high: float
    p_value: float


def figures_of(
    y_true: BoolArray,
    y_pred: BoolArray,
    known: BoolArray | None = None,
    of_case: Mapping[str, Float64Array] | None = None,
) -> Figures:
    """Return the figures of weighted cases: those of `COUNT_METRICS`, and means over cases.

    Args:
        y_true: The true articles, (n_cases, n_articles).
        y_pred: The recommended ones, of the same shape.
        known: Of the same shape; an entry where it is False counts nowhere. By default, none.
        of_case: Other figures of each case, (n_cases,), nan where it counts nowhere.
    """
    known = np.ones_like(y_true) if known is None else known
    wrong = (y_true != y_pred) & known
    parts = [_sums(part) for part in (y_true & y_pred & known, y_pred & wrong, y_true & wrong)]
    unknown = _sums(~known)
    means = {name: _mean(values) for name, values in (of_case or {}).items()}

    def figures(weights: Float32Array) -> dict[str, Float64Array]:
        tp, fp, fn = (sums(weights) for sums in parts)
        judged = weights.sum(axis=1, keepdims=True) - unknown(weights)
        counts = Counts(tp, fp, fn, judged - tp - fp - fn)
        counted = {name: metric(counts) for name, metric in COUNT_METRICS.items()}
        return counted | {name: mean(weights) for name, mean in means.items()}

    return figures


def intervals(
    figures: Figures, n_cases: int, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Interval]:
    """Return each figure with its interval; that of a share stays within 0 and 1."""
    drawn = resampled(figures, n_cases, resamples=resamples, seed=seed)
    found = {}
    for name, value in _at_hand(figures, n_cases).items():
        low, high = _middle(drawn[name], value)
        found[name] = Interval(value, max(low, 0.0), min(high, max(1.0, drawn[name].max())))
    return found


def differences(
    first: Figures, second: Figures, n_cases: int, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Difference]:
    """Return how much more the first run's figures are than the second's on the same cases.

    Both are computed from the same resamples. The p-value is two-sided: how often a difference
    from resamples, moved so that its mean would be none, is as far from none as the one at hand.
    One resample more, the cases themselves, is counted, so that it is never 0.
    """
    one, other = _at_hand(first, n_cases), _at_hand(second, n_cases)
    drawn = (resampled(of, n_cases, resamples=resamples, seed=seed) for of in (first, second))
    found = {}
    for (name, ours), theirs in zip(next(drawn).items(), next(drawn).values(), strict=True):
        value = one[name] - other[name]
        drawn_value = ours - theirs
        by_chance = np.abs(drawn_value - drawn_value.mean()) >= abs(value) - 1e-12
        p_value = (1 + int(by_chance.sum())) / (1 + resamples)
        found[name] = Difference(value, *_middle(drawn_value, value), p_value)
    return found


def resampled(
    figures: Figures, n_cases: int, *, resamples: int, seed: int
) -> dict[str, Float64Array]:
    """Return each figure of each resample, float64 (resamples,)."""
    blocks = [figures(weights) for weights in _draws(n_cases, resamples, seed=seed)]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def _draws(n_cases: int, resamples: int, *, seed: int) -> Iterator[Float32Array]:
    """Give blocks of weights, float32 (some, n_cases): how often each case is drawn.

    The resamples do not depend on how many of them are a block.
    """
    rng = np.random.default_rng(seed)
    size = max(1, _BLOCK // n_cases)
    for start in range(0, resamples, size):
        rows = range(min(size, resamples - start))
        drawn = [np.bincount(rng.integers(n_cases, size=n_cases), minlength=n_cases) for _ in rows]
        yield np.array(drawn, np.float32)


def _at_hand(figures: Figures, n_cases: int) -> dict[str, float]:
    whole = figures(np.ones((1, n_cases), np.float32))
    return {name: float(value[0]) for name, value in whole.items()}


def _middle(drawn: Float64Array, value: float) -> tuple[float, float]:
    """Return between what the resamples lie when they are moved to have the value as their mean."""
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) - drawn.mean() + value
    return float(low), float(high)


def _sums(entries: BoolArray) -> Callable[[Float32Array], Float64Array]:
    """Return the sum of weights over the true entries of each article, which must be few."""
    cases, articles = np.nonzero(entries)
    n_articles = entries.shape[1]

    def sums(weights: Float32Array) -> Float64Array:
        return np.array([np.bincount(articles, row[cases], n_articles) for row in weights])

    return sums


def _mean(values: Float64Array) -> Callable[[Float32Array], Float64Array]:
    """Return the weighted mean of a figure of each case, 0 where none counts."""
    judged = (~np.isnan(values)).astype(np.float64)
    known = np.nan_to_num(values)

    def mean(weights: Float32Array) -> Float64Array:
        of_all: Float64Array = (weights @ known) / np.maximum(weights @ judged, 1)
        return of_all

    return mean
