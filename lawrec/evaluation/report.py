"""The report of an evaluation: all metrics of a run, of two baselines, and of other runs.

`evaluate_predictions` turns the predictions of a run into an `EvaluationReport`, which
`lawrec.reporting` shows as text, JSON and HTML; `metrics_per_article` is the table of articles.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from lawrec.evaluation import (
    bootstrap,
    calibration_metrics,
    confusion_counts,
    metrics,
    ranking_metrics,
)
from lawrec.evaluation.bootstrap import Difference, Interval, WeightedMetrics
from lawrec.evaluation.cail_judge import CailReport
from lawrec.translation import marked
from lawrec.types import BoolArray, Float32Array, Float64Array, Int64Array

MOST_FREQUENT, NO_ARTICLE = marked("most frequent article"), marked("no article")
"""The baselines: to recommend in every case the article with the most train cases, or none."""
SIGNIFICANCE_LEVEL = 0.05
"""The p-value below which two runs are said to differ."""
_FILL = {"known": True, "thresholds": np.inf}
"""Values other than 0 or False of `RunPredictions` for an article that the run does not know."""
_ROUNDING = 1e-12
"""Metrics that differ by no more than this are equal but for rounding."""


@dataclass(frozen=True)
class RunPredictions:
    """The scores and lists of articles that a run predicts for labelled cases.

    Attributes:
        run: Name of the run.
        articles: Names of the articles, one per column.
        y_true: bool (n_cases, n_articles), the articles that apply.
        y_score: float32 (n_cases, n_articles), 0 to 1.
        y_prob: float32 (n_cases, n_articles), calibrated probabilities; the scores if the run has
            no calibration.
        y_pred: bool (n_cases, n_articles), the articles that are recommended.
        known: bool (n_cases, n_articles), False where nobody knows whether the article applies.
        thresholds: float32 (n_articles,), inf for an article that is never recommended.
        train_support: int64 (n_articles,), number of train cases of each article.
    """

    run: str
    articles: tuple[str, ...]
    y_true: BoolArray
    y_score: Float32Array
    y_prob: Float32Array
    y_pred: BoolArray
    known: BoolArray
    thresholds: Float32Array
    train_support: Int64Array

    @cached_property
    def article_auc(self) -> ranking_metrics.ArticleAuc:
        """ROC-AUC and average precision of each article."""
        return ranking_metrics.auc_per_article(self.y_true, self.y_score, self.known)

    @cached_property
    def rankings(self) -> dict[str, Float64Array]:
        """How well the scores rank the articles of each case."""
        return ranking_metrics.ranking_per_case(self.y_true, self.y_score, self.known)


@dataclass(frozen=True)
class Comparison:
    """Another run on the same cases.

    Attributes:
        run: Name of the other run.
        metrics: Its metrics.
        differences: How much higher each metric of this run is.
        verdict: In words, where the other run is better, as `verdict` returns it.
    """

    run: str
    metrics: dict[str, float]
    differences: dict[str, Difference]
    verdict: str


@dataclass(frozen=True)
class EvaluationReport:
    """The metrics of a run, of two baselines, and of other runs on the same cases.

    Attributes:
        run: Name of the run.
        path: The evaluated cases.
        cases: Number of cases.
        drawn_from: Number of cases that they were drawn from.
        skipped: Number of lines that could not be used.
        articles: Number of articles.
        unknown_articles: Articles that the cases cite and that the run does not know.
        metrics: `metrics.METRICS` of the run.
        baselines: The same of `MOST_FREQUENT` and `NO_ARTICLE`.
        intervals: Confidence intervals of the run's metrics, its averages over cases ("samples_f1")
            and its rankings.
        averages: Precision, recall and F1 by each way to average them.
        rankings: Means over cases of `ranking_metrics.ranking_per_case`.
        scores: `calibration_metrics.score_metrics`.
        comparisons: The other runs, compared over the articles of all runs together.
        compared_articles: Number of articles of all runs together; 0 without other runs.
        cail_judge: The result of CAIL2018's judge, if the answers were written for it.
        trained: Number of the cases that the run was trained on.
        feature_importances: The share of each feature in what the trees of the second stage gain,
            the greatest first; None if the run has no second stage.
    """

    run: str
    path: str
    cases: int
    drawn_from: int
    skipped: int
    articles: int
    unknown_articles: tuple[str, ...]
    metrics: dict[str, float]
    baselines: dict[str, dict[str, float]]
    intervals: dict[str, Interval]
    averages: dict[str, dict[str, float]]
    rankings: dict[str, float]
    scores: dict[str, float]
    comparisons: tuple[Comparison, ...] = ()
    compared_articles: int = 0
    cail_judge: CailReport | None = None
    feature_importances: dict[str, float] | None = None
    trained: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain nested dicts."""
        return asdict(self)


def evaluate_predictions(
    predictions: RunPredictions,
    others: Sequence[RunPredictions] = (),
    *,
    path: str,
    drawn_from: int | None = None,
    skipped: int = 0,
    trained: int = 0,
    unknown_articles: tuple[str, ...] = (),
) -> EvaluationReport:
    """Return the report of a run's predictions.

    Args:
        predictions: The predictions of the run.
        others: The predictions of other runs for the same cases.
        path: The evaluated cases.
        drawn_from: Number of cases that they were drawn from; by default, they are all.
        skipped: Number of lines that could not be used.
        trained: Number of the cases that the run was trained on.
        unknown_articles: Articles that the cases cite and that the run does not know.

    Example:
        >>> report = evaluate_predictions(predictions, path="test.json")  # doctest: +SKIP
        >>> report.metrics["micro_f1"], report.intervals["micro_f1"].low  # doctest: +SKIP
        (0.8123, 0.7954)
    """
    y_true, known = predictions.y_true, predictions.known
    return EvaluationReport(
        run=predictions.run,
        path=path,
        cases=len(y_true),
        drawn_from=drawn_from or len(y_true),
        skipped=skipped,
        trained=trained,
        articles=len(predictions.articles),
        unknown_articles=unknown_articles,
        metrics=metrics.evaluate(y_true, predictions.y_pred, known),
        baselines={
            MOST_FREQUENT: metrics.evaluate(y_true, _most_frequent_article(predictions), known),
            NO_ARTICLE: metrics.evaluate(y_true, np.zeros_like(y_true), known),
        },
        intervals=bootstrap.intervals(_weighted_metrics(predictions), len(y_true)),
        averages=metrics.averages(y_true, predictions.y_pred, known),
        rankings={k: confusion_counts.nanmean_or_zero(v) for k, v in predictions.rankings.items()},
        scores=calibration_metrics.score_metrics(
            y_true,
            predictions.y_score,
            known,
            y_prob=predictions.y_prob,
            article_auc=predictions.article_auc,
        ),
        comparisons=compare(predictions, others) if others else (),
        compared_articles=len(_all_articles([predictions, *others])) if others else 0,
    )


def compare(
    predictions: RunPredictions, others: Sequence[RunPredictions]
) -> tuple[Comparison, ...]:
    """Return a comparison of a run with each other run, over the articles of all of them.

    Args:
        predictions: The predictions of the run.
        others: The predictions of other runs for the same cases.

    Example:
        >>> (comparison,) = compare(predictions, [other])  # doctest: +SKIP
        >>> comparison.differences["micro_f1"].p_value  # doctest: +SKIP
        0.021
    """
    first, *rest = align_articles([predictions, *others])
    n_cases = len(first.y_true)
    ours = _weighted_metrics(first)
    comparisons = []
    for other in rest:
        theirs = _weighted_metrics(other)
        values = bootstrap.point_estimates(theirs, n_cases)
        differences = bootstrap.differences(ours, theirs, n_cases=n_cases)
        comparisons.append(
            Comparison(other.run, values, differences, verdict(other.run, differences))
        )
    return tuple(comparisons)


def verdict(other: str, differences: Mapping[str, Difference]) -> str:
    """Return in words in which metrics another run is better, each with its p-value.

    Example:
        >>> differences = {"micro_f1": Difference(-0.02, -0.04, -0.01, p_value=0.003)}
        >>> verdict("baseline", differences)
        'baseline is better in micro-F1 (p = 0.003)'
    """
    better = [
        _with_p_value(metrics.METRIC_LABELS[name], difference.p_value)
        for name, difference in differences.items()
        if name in metrics.METRICS and _is_other_better(name, difference)
    ]
    return marked(f"{other} is better in {'; '.join(better) or marked('no metric')}")


def _with_p_value(label: str, p_value: float) -> str:
    if p_value < SIGNIFICANCE_LEVEL:
        return marked(f"{label} (p = {p_value:.3f})")
    return marked(f"{label} (p = {p_value:.3f}, may be chance)")


def _is_other_better(metric: str, difference: Difference) -> bool:
    lead = -difference.value if metric in metrics.HIGHER_IS_BETTER else difference.value
    return lead > _ROUNDING


def align_articles(runs: Sequence[RunPredictions]) -> list[RunPredictions]:
    """Return predictions of runs for the same cases with the same columns: the articles of all.

    An article that a run does not know scores 0 there and is never recommended. An entry is true
    if any run has it as true, and known if all runs that have the article know it: what is true and
    known belongs to the cases, and differs between runs only by the columns.

    Example:
        >>> aligned = align_articles([first, second])  # doctest: +SKIP
        >>> aligned[0].articles == aligned[1].articles  # doctest: +SKIP
        True
    """
    articles = _all_articles(runs)
    widened = [_with_columns(predictions, articles) for predictions in runs]
    y_true = np.logical_or.reduce([predictions.y_true for predictions in widened])
    known = np.logical_and.reduce([predictions.known for predictions in widened])
    return [replace(predictions, y_true=y_true, known=known) for predictions in widened]


def _all_articles(runs: Sequence[RunPredictions]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for predictions in runs for name in predictions.articles))


def _with_columns(predictions: RunPredictions, articles: tuple[str, ...]) -> RunPredictions:
    """Return predictions with a column for each of `articles`, which hold all of its own."""
    columns = [articles.index(name) for name in predictions.articles]
    arrays: dict[str, Any] = {}
    for name, values in vars(predictions).items():
        if isinstance(values, np.ndarray):  # (n_cases, n_articles) or (n_articles,)
            shape = (*values.shape[:-1], len(articles))
            arrays[name] = np.full(shape, _FILL.get(name, 0), values.dtype)
            arrays[name][..., columns] = values
    return replace(predictions, articles=articles, **arrays)


def metrics_per_article(predictions: RunPredictions) -> dict[str, Any]:
    """Return the columns of the table of articles.

    Returns:
        For each column an array, or a tuple of names, (n_articles,). ROC-AUC and average precision
        are nan where an article has too few cases.

    Example:
        >>> list(metrics_per_article(predictions))[:4]  # doctest: +SKIP
        ['article', 'trained', 'support', 'tp']
    """
    counts = confusion_counts.count(predictions.y_true, predictions.y_pred, predictions.known)
    return {
        "article": predictions.articles,
        "trained": predictions.train_support,
        "support": counts.support,
        "tp": counts.tp,
        "fp": counts.fp,
        "fn": counts.fn,
        **{name: ratio(counts) for name, ratio in confusion_counts.RATIOS.items()},
        "roc_auc": predictions.article_auc.roc_auc,
        "average_precision": predictions.article_auc.average_precision,
        "threshold": predictions.thresholds,
    }


def _weighted_metrics(predictions: RunPredictions) -> WeightedMetrics:
    """Return the metrics, averages over cases and rankings as functions of weighted cases."""
    y_true, y_pred, known = predictions.y_true, predictions.y_pred, predictions.known
    samples = metrics.ratios_per_case(y_true, y_pred, known)
    per_case = {f"samples_{name}": values for name, values in samples.items()}
    return bootstrap.weighted_metrics(
        y_true, y_pred, known, per_case=per_case | predictions.rankings
    )


def _most_frequent_article(predictions: RunPredictions) -> BoolArray:
    """Return lists that have only the article with the most train cases."""
    y_pred = np.zeros_like(predictions.y_true)
    y_pred[:, int(np.argmax(predictions.train_support))] = True
    return y_pred
