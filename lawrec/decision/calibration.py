"""Calibration: scores -> probabilities, so that of all articles with 0.8, 8 in 10 are right.

A calibration is fitted on a tuning split, separately for groups of articles that are about as
rare: an article with three true cases cannot be calibrated by itself. On real cases, isotonic
steps for the rare and for the other articles were nearer to the truth than two temperatures or no
calibration (cross-validated Brier score per case 0.32, 0.35 and 0.35). Lists are decided by scores;
probabilities are shown, and decide only the lists of the rule "expected_f1".

Scores are compared by their logit, log(score / (1 - score)), in steps of 1 / `STEPS_PER_LOGIT`
between -`MAX_LOGIT` and `MAX_LOGIT`. So a fit sees a few thousand counts, however many cases there
are, and a calibration is a table in which probabilities are looked up.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lawrec.evaluation.confusion_counts import chunk_rows
from lawrec.registry import lookup
from lawrec.types import BoolArray, Float32Array, Float64Array, Int64Array

Parameters = tuple[tuple[float, ...], ...]

GROUP_BOUNDS = (10, 100)
"""The fewest true cases of an article in the second and in the third group."""
MIN_TRUE_CASES = 10
"""True cases that a group needs to be fitted by itself; with fewer, all articles are fitted."""
STEPS_PER_LOGIT = 100
MAX_LOGIT = 16
"""Logit at which the table ends on both sides: 1e-7 away from the scores 0 and 1."""


@dataclass(frozen=True)
class Calibration:
    """How scores become probabilities.

    Attributes:
        kind: A key of `CALIBRATIONS`.
        groups: The group of each article, from 0.
        parameters: The fitted parameters of each group.
    """

    kind: str
    groups: tuple[int, ...]
    parameters: tuple[Parameters, ...]


def fit_calibration(
    y_true: BoolArray,
    y_score: Float32Array,
    *,
    kind: str,
    known: BoolArray | None = None,
    groups: Int64Array | None = None,
) -> Calibration:
    """Fit a calibration on a tuning split.

    Args:
        y_true: bool (n_cases, n_articles).
        y_score: float32 (n_cases, n_articles), 0 to 1.
        kind: A key of `CALIBRATIONS`; without a true case, "none" is fitted instead.
        known: bool (n_cases, n_articles); an entry where it is False counts nowhere.
        groups: The group of each article, from 0; by default by its number of true cases.

    Raises:
        ConfigError: There is no such kind.

    Example:
        >>> y_score = np.array([[0.2], [0.8]] * 50, np.float32)
        >>> fit_calibration(y_score > 0.5, y_score, kind="none")
        Calibration(kind='none', groups=(1,), parameters=((), ()))
    """
    method = lookup(CALIBRATIONS, kind, where="decision.calibration")
    support = (y_true if known is None else y_true & known).sum(axis=0)
    if not support.any():
        kind, method = "none", CALIBRATIONS["none"]
    if groups is None:
        groups = np.searchsorted(GROUP_BOUNDS, support, side="right")
    parameters = []
    for group in range(int(groups.max(initial=0)) + 1):
        member = groups == group
        columns = member if support[member].sum() >= MIN_TRUE_CASES else np.ones_like(member)
        counts = _counts_per_step(y_true, y_score, known, columns=columns)
        parameters.append(method.fit(*counts))
    return Calibration(kind, tuple(groups.tolist()), tuple(parameters))


def calibrate(y_score: Float32Array, calibration: Calibration) -> Float32Array:
    """Return probabilities float32 (n_cases, n_articles) for scores of the same shape.

    The first columns are the articles of the fit; columns after them keep their scores.

    Example:
        >>> halved = Calibration("temperature", (0,), (((2.0,),),))  # logits divided by 2
        >>> calibrate(np.array([[0.9]], np.float32), halved).round(2).tolist()
        [[0.75]]
    """
    method = CALIBRATIONS[calibration.kind]
    # One row per group, one column per step: the probability of every score that there can be.
    table = np.array([method.apply(_logits(), group) for group in calibration.parameters])
    table = table.astype(np.float32)
    y_prob = y_score.copy()
    groups = np.array(calibration.groups)
    for rows in chunk_rows(len(y_score)):
        # `groups` is (n_articles,), the steps are (n_cases, n_articles): the index broadcasts.
        y_prob[rows, : len(groups)] = table[groups, _steps(y_score[rows, : len(groups)])]
    return y_prob


def _logits() -> Float64Array:
    """Return the logit of each step, float64 (n_steps,), rising."""
    last = MAX_LOGIT * STEPS_PER_LOGIT
    return np.arange(-last, last + 1) / STEPS_PER_LOGIT


def _steps(y_score: Float32Array) -> Int64Array:
    """Return the index of the step that is nearest to the logit of each score."""
    with np.errstate(divide="ignore"):  # the logits of 0 and 1 are infinite
        logits = np.log(y_score / (1 - y_score))
    clipped = np.clip(logits, -MAX_LOGIT, MAX_LOGIT)
    steps: Int64Array = np.rint((clipped + MAX_LOGIT) * STEPS_PER_LOGIT).astype(np.int64)
    return steps


def _counts_per_step(
    y_true: BoolArray, y_score: Float32Array, known: BoolArray | None, *, columns: BoolArray
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Return the logits that occur among the scores, and how many scores there are true, and all.

    Only the chosen columns count. All three arrays are float64 (n_occurring_steps,).
    """
    n_steps = 2 * MAX_LOGIT * STEPS_PER_LOGIT + 1
    n_true, n_all = np.zeros(n_steps), np.zeros(n_steps)
    for rows in chunk_rows(len(y_true)):
        kept = np.s_[:] if known is None else known[rows][:, columns]
        steps = _steps(y_score[rows][:, columns][kept])
        n_all += np.bincount(steps.ravel(), minlength=n_steps)
        n_true += np.bincount(steps[y_true[rows][:, columns][kept]], minlength=n_steps)
    occurs = n_all > 0
    return _logits()[occurs], n_true[occurs], n_all[occurs]


def _fit_none(logits: Float64Array, n_true: Float64Array, n_all: Float64Array) -> Parameters:
    return ()


def _sigmoid(logits: Float64Array, parameters: Parameters) -> Float64Array:
    return np.exp(-np.logaddexp(0, -logits))  # 1 / (1 + exp(-logits)) without overflow


def _fit_temperature(logits: Float64Array, n_true: Float64Array, n_all: Float64Array) -> Parameters:
    """Return the temperature that minimizes the log loss; 1 where all scores are true or none is.

    Probabilities are sigmoid(logit / temperature).
    Source: Guo et al., "On Calibration of Modern Neural Networks", 2017.
    """
    from sklearn.linear_model import LogisticRegression

    if n_true.sum() in (0, n_all.sum()):
        return ((1.0,),)
    # Every logit occurs twice: once with the weight of its true, once of its false cases.
    labels = np.repeat((True, False), len(logits))
    weights = np.append(n_true, n_all - n_true)
    model = LogisticRegression(C=np.inf, fit_intercept=False)
    model.fit(np.tile(logits, 2)[:, None], labels, sample_weight=weights)
    return ((1 / max(float(model.coef_[0, 0]), 1 / STEPS_PER_LOGIT),),)


def _apply_temperature(logits: Float64Array, parameters: Parameters) -> Float64Array:
    return _sigmoid(logits / parameters[0][0], ())


def _fit_isotonic(logits: Float64Array, n_true: Float64Array, n_all: Float64Array) -> Parameters:
    """Return the knots, logits and probabilities, of the rising function with the least error.

    One more case is counted as false above all scores and one as true below them, because no
    number of cases makes a thing certain: where all n of n cases are right, the probability is
    n / (n + 1).

    Source: Zadrozny and Elkan, "Transforming Classifier Scores into Accurate Multiclass
    Probability Estimates", 2002.
    """
    from sklearn.isotonic import IsotonicRegression

    logits = np.concatenate(([-MAX_LOGIT], logits, [MAX_LOGIT]))
    n_true, n_all = np.pad(n_true, 1), np.pad(n_all, 1)
    n_true[0] += 1
    n_all[[0, -1]] += 1
    model = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    model.fit(logits, n_true / n_all, sample_weight=n_all)
    knots = (model.X_thresholds_, model.y_thresholds_)
    return tuple(tuple(round(float(value), 6) for value in values) for values in knots)


def _apply_isotonic(logits: Float64Array, parameters: Parameters) -> Float64Array:
    knots, probabilities = parameters
    return np.interp(logits, knots, probabilities)


@dataclass(frozen=True)
class CalibrationMethod:
    """A way to calibrate.

    Attributes:
        fit: From logits, true and all scores at each, float64 (n,), to the parameters of a group.
        apply: From logits, float64 (n,), and the parameters to probabilities of the same shape.
    """

    fit: Callable[[Float64Array, Float64Array, Float64Array], Parameters]
    apply: Callable[[Float64Array, Parameters], Float64Array]


CALIBRATIONS = {
    "none": CalibrationMethod(_fit_none, _sigmoid),
    "temperature": CalibrationMethod(_fit_temperature, _apply_temperature),
    "isotonic": CalibrationMethod(_fit_isotonic, _apply_isotonic),
}
"""The values of decision.calibration. To add one, write its two functions and a line here."""
