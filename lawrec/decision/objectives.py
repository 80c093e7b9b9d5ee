"""Objectives: what tuning maximizes, computed on lists of articles and on a threshold curve."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lawrec.config import DecisionConfig
from lawrec.decision.threshold_curve import ThresholdCurve
from lawrec.evaluation import confusion_counts, metrics
from lawrec.evaluation.confusion_counts import Counts
from lawrec.registry import lookup
from lawrec.types import BoolArray, Float64Array

CountObjective = Callable[[Counts, DecisionConfig], Float64Array]
"""From confusion counts, (n,) each, to the objective for each of the n."""
ListObjective = Callable[[BoolArray, BoolArray, BoolArray | None, DecisionConfig], float]
"""From y_true, y_pred and known, bool (n_cases, n_articles), to the objective."""


def objective(
    y_true: BoolArray, y_pred: BoolArray, known: BoolArray | None = None, *, config: DecisionConfig
) -> float:
    """Return the objective of the configuration for lists of articles.

    Args:
        y_true: bool (n_cases, n_articles).
        y_pred: bool (n_cases, n_articles).
        known: bool (n_cases, n_articles); an entry where it is False counts nowhere.
        config: Names the objective.

    Raises:
        ConfigError: There is no such objective.

    Example:
        >>> y_true, y_pred = np.array([[True, False]]), np.array([[True, True]])
        >>> objective(y_true, y_pred, config=DecisionConfig(objective="f_beta", beta=2))
        0.8333333333333334
    """
    on_lists = lookup(OBJECTIVES, config.objective, where="decision.objective").on_lists
    return on_lists(y_true, y_pred, known, config)


def best_point(curve: ThresholdCurve, config: DecisionConfig) -> int:
    """Return the point of a curve with the best objective, exactly.

    Of equally good points, it is the one with the highest threshold. Where the objective is a mean
    of F1 or the CAIL score, a curve maximizes F1.

    Raises:
        ConfigError: There is no such objective.

    Example:
        >>> from lawrec.decision.threshold_curve import threshold_curve
        >>> y_score = np.array([0.75, 0.5, 0.25], np.float32)
        >>> best_point(threshold_curve(y_score > 0.6, y_score), DecisionConfig())
        1
    """
    on_counts = lookup(OBJECTIVES, config.objective, where="decision.objective").on_counts
    return int(np.argmax(on_counts(curve.counts, config)))


def f_beta(counts: Counts, config: DecisionConfig) -> Float64Array:
    """Return (1 + b^2) TP / (predicted + b^2 positives), 0 for 0/0; recall counts b times as much.

    Source: van Rijsbergen, "Information Retrieval", 1979.

    Example:
        >>> f_beta(Counts(*np.array([[3], [1], [2], [0]])), DecisionConfig(beta=2))
        array([0.625])
    """
    square = config.beta**2
    predicted, positives = counts.tp + counts.fp, counts.support
    return confusion_counts.divide_or_zero((1 + square) * counts.tp, predicted + square * positives)


def precision_at_recall(counts: Counts, config: DecisionConfig) -> Float64Array:
    """Return the precision where the recall is at least `config.target_rate`.

    Elsewhere, return recall - 1, which is negative: any list that reaches the recall is better.

    Example:
        >>> counts = Counts(*np.array([[3, 4], [1, 4], [1, 0], [0, 0]]))
        >>> precision_at_recall(counts, DecisionConfig(target_rate=0.9))
        array([-0.25,  0.5 ])
    """
    recall = confusion_counts.recall(counts)
    return np.where(recall >= config.target_rate, confusion_counts.precision(counts), recall - 1)


def recall_at_precision(counts: Counts, config: DecisionConfig) -> Float64Array:
    """Return the recall where the precision is at least `config.target_rate`, else precision - 1.

    Example:
        >>> counts = Counts(*np.array([[3, 4], [1, 4], [1, 0], [0, 0]]))
        >>> recall_at_precision(counts, DecisionConfig(target_rate=0.7))
        array([ 0.75, -0.5 ])
    """
    precision = confusion_counts.precision(counts)
    return np.where(precision >= config.target_rate, confusion_counts.recall(counts), precision - 1)


@dataclass(frozen=True)
class Objective:
    """Something that tuning maximizes.

    Attributes:
        on_lists: The objective of lists of articles.
        on_counts: The objective at each point of a curve; F1 where a curve is not enough.
    """

    on_lists: ListObjective
    on_counts: CountObjective = lambda counts, config: confusion_counts.f1(counts)


def _rate(on_counts: CountObjective) -> Objective:
    """Return the objective that is a function of the counts pooled over all articles."""

    def on_lists(
        y_true: BoolArray, y_pred: BoolArray, known: BoolArray | None, config: DecisionConfig
    ) -> float:
        return float(on_counts(confusion_counts.count(y_true, y_pred, known).pooled, config)[0])

    return Objective(on_lists, on_counts)


def _metric(metric: Callable[[BoolArray, BoolArray, BoolArray | None], float]) -> Objective:
    return Objective(lambda y_true, y_pred, known, config: metric(y_true, y_pred, known))


def _averaged_f1(average: str) -> Objective:
    return Objective(
        lambda y_true, y_pred, known, config: metrics.averages(y_true, y_pred, known)[average]["f1"]
    )


OBJECTIVES = {
    **{name: _metric(metric) for name, metric in metrics.HIGHER_IS_BETTER.items()},
    "weighted_f1": _averaged_f1("weighted"),
    "samples_f1": _averaged_f1("samples"),
    "f_beta": _rate(f_beta),
    "precision_at_recall": _rate(precision_at_recall),
    "recall_at_precision": _rate(recall_at_precision),
}
"""The values of decision.objective."""
