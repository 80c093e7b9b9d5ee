"""Objectives: what tuning makes large, on lists of articles and on the cuts of a curve."""

from collections.abc import Callable
from typing import Any

import numpy as np

from lawrec.config import DecisionConfig
from lawrec.decision.threshold_curve import Curve
from lawrec.evaluation.metrics import HIGHER_IS_BETTER, averages, count
from lawrec.registry import lookup
from lawrec.types import BoolArray, Float64Array

OfLists = Callable[[BoolArray, BoolArray, BoolArray | None, DecisionConfig], float]


def objective(
    y_true: BoolArray, y_pred: BoolArray, known: BoolArray | None, config: DecisionConfig
) -> float:
    """Return the objective of the configuration for lists of articles, all (n_cases, n_articles).

    Raises:
        ConfigError: There is no such objective.
    """
    of_lists = lookup(OBJECTIVES, config.objective, where="decision.objective")
    return of_lists(y_true, y_pred, known, config)


def best_point(curve: Curve, config: DecisionConfig) -> int:
    """Return the cut of a curve with the best objective, exactly; of equals the highest.

    That of a mean of F1, and of the CAIL score, is F1.
    """
    rate: Callable[..., Float64Array] = RATES.get(config.objective, f1)
    return int(np.argmax(rate(curve.tp, curve.chosen, curve.positives, config)))


def f1(tp: Any, listed: Any, positives: Any, config: DecisionConfig | None = None) -> Float64Array:
    """Return 2 TP / (listed + positives), 0 for 0/0."""
    return _ratio(2 * np.asarray(tp), listed + positives)


def f_beta(tp: Any, listed: Any, positives: Any, config: DecisionConfig) -> Float64Array:
    """Return (1 + b^2) TP / (listed + b^2 positives), 0 for 0/0; recall counts b times as much.

    Source: van Rijsbergen, "Information Retrieval", 1979.
    """
    square = config.beta**2
    return _ratio((1 + square) * np.asarray(tp), listed + square * positives)


def precision_at_recall(
    tp: Any, listed: Any, positives: Any, config: DecisionConfig
) -> Float64Array:
    """Return the precision where the recall is at least `config.target_rate`.

    Elsewhere it is how far the recall is from 1, negative: any list that holds it is better.
    """
    recall = _ratio(tp, positives)
    return np.where(recall >= config.target_rate, _ratio(tp, listed), recall - 1)


def recall_at_precision(
    tp: Any, listed: Any, positives: Any, config: DecisionConfig
) -> Float64Array:
    """Return the recall where the precision is at least `config.target_rate`, else as above."""
    precision = _ratio(tp, listed)
    return np.where(precision >= config.target_rate, _ratio(tp, positives), precision - 1)


def _ratio(top: Any, bottom: Any) -> Float64Array:
    bottom = np.asarray(bottom, np.float64)
    return np.where(bottom == 0, 0.0, top / np.where(bottom == 0, 1.0, bottom))


def _of_all(rate: Callable[..., Float64Array]) -> OfLists:
    """Return a rate of the counts of all articles together."""

    def of_lists(
        y_true: BoolArray, y_pred: BoolArray, known: BoolArray | None, config: DecisionConfig
    ) -> float:
        counts = count(y_true, y_pred, known)
        tp = counts.tp.sum()
        return float(rate(tp, tp + counts.fp.sum(), tp + counts.fn.sum(), config))

    return of_lists


def _of_metric(metric: Callable[..., float]) -> OfLists:
    def of_lists(
        y_true: BoolArray, y_pred: BoolArray, known: BoolArray | None, config: DecisionConfig
    ) -> float:
        return metric(y_true, y_pred, known)

    return of_lists


def _of_average(average: str) -> OfLists:
    def of_lists(
        y_true: BoolArray, y_pred: BoolArray, known: BoolArray | None, config: DecisionConfig
    ) -> float:
        return averages(y_true, y_pred, known)[average]["f1"]

    return of_lists


RATES: dict[str, Callable[..., Float64Array]] = {
    "f_beta": f_beta,
    "precision_at_recall": precision_at_recall,
    "recall_at_precision": recall_at_precision,
}
OBJECTIVES: dict[str, OfLists] = {
    **{name: _of_metric(metric) for name, metric in HIGHER_IS_BETTER.items()},
    **{f"{average}_f1": _of_average(average) for average in ("weighted", "samples")},
    **{name: _of_all(rate) for name, rate in RATES.items()},
}
