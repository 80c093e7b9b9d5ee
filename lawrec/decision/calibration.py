"""Calibration: scores -> probabilities, so that 0.8 is right 8 times in 10.

Fitted on a tuning split, apart for groups of articles that are about as rare.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lawrec.registry import lookup
from lawrec.types import BoolArray, Float32Array, Float64Array, Int64Array

Parameters = tuple[tuple[float, ...], ...]

GROUPS_FROM = (10, 100)
"""True cases from which on an article belongs to the next group."""
FEWEST = 10
"""True cases that a group must have in all to be fitted by itself."""
MOST_CASES = 100_000
"""Cases to fit on; of more, evenly spaced ones are taken."""
STEPS = 100
"""Scores are told apart to this part of a logit: so many steps to 1, ..."""
FARTHEST = 16
"""... and no farther than to this logit on both sides, which is 1e-7 from 0 or 1."""


@dataclass(frozen=True)
class Calibration:
    """How scores become probabilities: a key of `CALIBRATIONS`, and a group for each article."""

    kind: str
    groups: tuple[int, ...]
    parameters: tuple[Parameters, ...]  # of each group


def fit_calibration(
    kind: str,
    y_true: BoolArray,
    *,
    y_score: Float32Array,
    known: BoolArray | None = None,
    groups: Int64Array | None = None,
) -> Calibration:
    """Fit a calibration on a tuning split.

    Args:
        kind: A key of `CALIBRATIONS`.
        y_true: (n_cases, n_articles).
        y_score: Of the same shape, 0 to 1.
        known: Of the same shape; an entry where it is False counts nowhere.
        groups: The group of each article, from 0; by default by its number of true cases.

    Raises:
        ConfigError: There is no such kind.
    """
    fit, _ = lookup(CALIBRATIONS, kind, where="decision.calibration")
    support = (y_true if known is None else y_true & known).sum(axis=0)
    if not support.any():  # nothing to learn from
        kind, fit = "none", _none
    if groups is None:
        groups = np.searchsorted(GROUPS_FROM, support, side="right")
    rows = slice(None, None, -(-len(y_true) // MOST_CASES) or 1)
    parameters = []
    for group in range(int(groups.max(initial=0)) + 1):
        member = groups == group
        columns = member if support[member].sum() >= FEWEST else np.ones_like(member)
        true, score = y_true[rows, columns], y_score[rows, columns]
        kept = np.s_[:] if known is None else known[rows, columns]
        parameters.append(fit(*_counted(true[kept], score[kept])))
    return Calibration(kind, tuple(groups.tolist()), tuple(parameters))


def calibrate(y_score: Float32Array, calibration: Calibration) -> Float32Array:
    """Return probabilities float32 (n_cases, n_articles) for scores of the same shape.

    The articles are those of the fit; columns after them keep their scores.
    """
    _, apply = CALIBRATIONS[calibration.kind]
    table = np.array([apply(_logits(), parameters) for parameters in calibration.parameters])
    table = table.astype(np.float32)
    y_prob = y_score.copy()
    groups = np.array(calibration.groups)
    y_prob[:, : len(groups)] = table[groups, _steps(y_score[:, : len(groups)])]
    return y_prob


def _logits() -> Float64Array:
    """Return the logit of each step."""
    return np.arange(-FARTHEST * STEPS, FARTHEST * STEPS + 1) / STEPS


def _steps(y_score: Float32Array) -> Int64Array:
    """Return which step each score is nearest to by its logit, log(score / (1 - score))."""
    with np.errstate(divide="ignore"):  # the logits of 0 and 1 are infinite
        logits = np.log(y_score / (1 - y_score))
    held = np.clip(logits, -FARTHEST, FARTHEST)
    steps: Int64Array = np.rint((held + FARTHEST) * STEPS).astype(np.int64)
    return steps


def _counted(
    y_true: BoolArray, y_score: Float32Array
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Return the logits of the steps that some scores are on, and the true and all scores there."""
    steps, size = _steps(y_score), 2 * FARTHEST * STEPS + 1
    everything = np.bincount(steps.ravel(), minlength=size).astype(np.float64)
    true = np.bincount(steps[y_true], minlength=size).astype(np.float64)
    some = everything > 0
    return _logits()[some], true[some], everything[some]


def _none(logits: Float64Array, true: Float64Array, everything: Float64Array) -> Parameters:
    return ()


def _as_scored(logits: Float64Array, parameters: Parameters) -> Float64Array:
    return np.exp(-np.logaddexp(0, -logits))  # 1 / (1 + exp(-logits)) without overflow


def _temperature(logits: Float64Array, true: Float64Array, everything: Float64Array) -> Parameters:
    """Return the temperature that divides the logits with the least log loss, 1 if any does.

    Source: Guo et al., "On Calibration of Modern Neural Networks", 2017.
    """
    from sklearn.linear_model import LogisticRegression

    if true.sum() in (0, everything.sum()):
        return ((1.0,),)
    labels = np.repeat((True, False), len(logits))
    model = LogisticRegression(C=np.inf, fit_intercept=False)
    weights = np.append(true, everything - true)
    model.fit(np.tile(logits, 2)[:, None], labels, sample_weight=weights)
    return ((1 / max(float(model.coef_[0, 0]), 1 / STEPS),),)


def _divided(logits: Float64Array, parameters: Parameters) -> Float64Array:
    return _as_scored(logits / parameters[0][0], ())


def _isotonic(logits: Float64Array, true: Float64Array, everything: Float64Array) -> Parameters:
    """Return the knots, logits and probabilities, of the rising function nearest to the truth.

    One case more is taken as false above all scores and one as true below them, because no number
    of cases makes a thing certain: the next n of n right ones are given n / (n + 1).

    Source: Zadrozny and Elkan, "Transforming Classifier Scores into Accurate Multiclass
    Probability Estimates", 2002.
    """
    from sklearn.isotonic import IsotonicRegression

    logits = np.concatenate(([-FARTHEST], logits, [FARTHEST]))
    true, everything = np.pad(true, 1), np.pad(everything, 1)
    true[0] += 1
    everything[[0, -1]] += 1
    model = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    model.fit(logits, true / everything, sample_weight=everything)
    knots = (model.X_thresholds_, model.y_thresholds_)
    return tuple(tuple(round(float(value), 6) for value in values) for values in knots)


def _interpolated(logits: Float64Array, parameters: Parameters) -> Float64Array:
    knots, probabilities = parameters
    return np.interp(logits, knots, probabilities)


CALIBRATIONS: dict[
    str,
    tuple[
        Callable[[Float64Array, Float64Array, Float64Array], Parameters],
        Callable[[Float64Array, Parameters], Float64Array],
    ],
] = {
    "none": (_none, _as_scored),
    "temperature": (_temperature, _divided),
    "isotonic": (_isotonic, _interpolated),
}
"""How to fit the parameters of a group, and how to turn logits into probabilities with them."""
