"""Figures: all that an evaluation says in numbers, of a run and of others on the same cases."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from lawrec.evaluation import bootstrap, calibration_metrics, metrics, ranking_metrics
from lawrec.evaluation.bootstrap import Difference, Figures, Interval
from lawrec.evaluation.cail_judge import CailReport
from lawrec.types import BoolArray, Float32Array, Float64Array, Int64Array

MODEL, FREQUENT, NOTHING = "this run", "always the most frequent article", "no article"


@dataclass(frozen=True)
class RunPredictions:
    """A run's answers to labelled cases: arrays (n_cases, n_articles), or (n_articles,).

    `y_prob` are calibrated probabilities, the scores themselves where there are none; `trained` is
    the number of train cases of each article.
    """

    run: str
    articles: tuple[str, ...]
    y_true: BoolArray
    y_score: Float32Array
    y_prob: Float32Array
    y_pred: BoolArray
    known: BoolArray
    thresholds: Float32Array
    trained: Int64Array

    @cached_property
    def separation(self) -> ranking_metrics.Separation:
        """How well the scores of each article tell its cases from the others."""
        return ranking_metrics.separation(self.y_true, self.y_score, self.known)


@dataclass(frozen=True)
class Comparison:
    """Another run on the same cases: its figures, and how much more those of this run are."""

    run: str
    figures: dict[str, float]
    differences: dict[str, Difference]


@dataclass(frozen=True)
class EvaluationReport:
    """The figures of the run and of two trivial answers on the same cases.

    `intervals` are of the figures of `metrics.METRICS`, of the averages over cases and of the
    rankings. `comparisons` are over the articles of all runs, `compared_articles` in number.
    """

    run: str
    path: str
    cases: int
    skipped: int
    articles: int
    unknown_articles: tuple[str, ...]
    answers: dict[str, dict[str, float]]
    intervals: dict[str, Interval]
    averages: dict[str, dict[str, float]]
    rankings: dict[str, float]
    scores: dict[str, float]
    comparisons: tuple[Comparison, ...] = ()
    compared_articles: int = 0
    cail_judge: CailReport | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain nested dicts."""
        return asdict(self)


def figures_of(judged: RunPredictions) -> dict[str, Any]:
    """Return the fields of an `EvaluationReport` that are figures of the run alone."""
    arrays = judged.y_true, judged.y_score, judged.known
    rankings = ranking_metrics.of_rankings(*arrays)
    return {
        "answers": {
            MODEL: metrics.evaluate(judged.y_true, judged.y_pred, judged.known),
            FREQUENT: metrics.evaluate(judged.y_true, _always(judged), judged.known),
            NOTHING: metrics.evaluate(judged.y_true, judged.y_pred & False, judged.known),
        },
        "intervals": bootstrap.intervals(_resampled(judged, rankings), len(judged.y_true)),
        "averages": metrics.averages(judged.y_true, judged.y_pred, judged.known),
        "rankings": {name: metrics.mean_of_cases(of) for name, of in rankings.items()},
        "scores": calibration_metrics.of_scores(*arrays, judged.y_prob, judged.separation),
    }


def compare(judged: RunPredictions, others: Sequence[RunPredictions]) -> dict[str, Any]:
    """Return the fields of an `EvaluationReport` that set a run beside others."""
    ours, *theirs = brought_together([judged, *others])
    figures = _resampled(ours, _rankings(ours))
    comparisons = []
    for other in theirs:
        beside = _resampled(other, _rankings(other))
        whole = beside(np.ones((1, len(other.y_true)), np.float32))
        comparisons.append(
            Comparison(
                other.run,
                {name: float(value[0]) for name, value in whole.items()},
                bootstrap.differences(figures, beside, len(ours.y_true)),
            )
        )
    return {"comparisons": tuple(comparisons), "compared_articles": len(ours.articles)}


def brought_together(runs: Sequence[RunPredictions]) -> list[RunPredictions]:
    """Return the answers of runs to the same cases with the columns of all of them.

    An article that a run does not know scores 0 there and never fires. What one of them takes as
    true or as unknown is so for all: those are the cases' own, and the same but for the columns.
    """
    articles = tuple(dict.fromkeys(name for judged in runs for name in judged.articles))
    wide = [_widened(judged, articles) for judged in runs]
    y_true = np.logical_or.reduce([judged.y_true for judged in wide])
    known = np.logical_and.reduce([judged.known for judged in wide])
    return [replace(judged, y_true=y_true, known=known) for judged in wide]


def _widened(judged: RunPredictions, articles: tuple[str, ...]) -> RunPredictions:
    column = {name: place for place, name in enumerate(articles)}
    places = [column[name] for name in judged.articles]

    def wide(values: Any, empty: Any) -> Any:
        array = np.full((*values.shape[:-1], len(articles)), empty, values.dtype)
        array[..., places] = values
        return array

    return RunPredictions(
        run=judged.run,
        articles=articles,
        y_true=wide(judged.y_true, False),
        y_score=wide(judged.y_score, 0),
        y_prob=wide(judged.y_prob, 0),
        y_pred=wide(judged.y_pred, False),
        known=wide(judged.known, True),
        thresholds=wide(judged.thresholds, np.inf),
        trained=wide(judged.trained, 0),
    )


def per_article(judged: RunPredictions) -> dict[str, Any]:
    """Return the columns of the table of articles: an array or tuple of each, (n_articles,).

    ROC-AUC and average precision are nan where an article has too few cases for them.
    """
    counts = metrics.count(judged.y_true, judged.y_pred, judged.known)
    separate = judged.separation
    return {
        "article": judged.articles,
        "trained": judged.trained,
        "support": counts.support,
        "tp": counts.tp,
        "fp": counts.fp,
        "fn": counts.fn,
        **{name: ratio(counts) for name, ratio in metrics.RATIOS.items()},
        "roc_auc": separate.roc_auc,
        "average_precision": separate.average_precision,
        "threshold": judged.thresholds,
    }


def _rankings(judged: RunPredictions) -> dict[str, Float64Array]:
    return ranking_metrics.of_rankings(judged.y_true, judged.y_score, judged.known)


def _resampled(judged: RunPredictions, rankings: dict[str, Float64Array]) -> Figures:
    answers = judged.y_true, judged.y_pred, judged.known
    lists = {f"samples_{name}": of for name, of in metrics.of_cases(*answers).items()}
    exact = {"exact_match": metrics.matched(*answers)}
    return bootstrap.figures_of(*answers, exact | lists | rankings)


def _always(judged: RunPredictions) -> BoolArray:
    y_pred = np.zeros_like(judged.y_true)
    y_pred[:, int(np.argmax(judged.trained))] = True
    return y_pred
