"""The page of an evaluation: an HTML file with metrics, plots and cases that needs no network."""

from collections.abc import Mapping
from html import escape
from itertools import islice
from pathlib import Path

import numpy as np

from lawrec.corpus.cases import Case
from lawrec.evaluation import calibration_metrics, confusion_counts, error_analysis
from lawrec.evaluation.report import EvaluationReport, RunPredictions
from lawrec.law.catalog import article_titles
from lawrec.reporting import evaluation_sections, plots
from lawrec.reporting.html_page import page_html, static_text, template
from lawrec.reporting.runs_text import cases_note
from lawrec.runs.results import EvaluationResult
from lawrec.storage.files import write_text
from lawrec.translation import marked, translate
from lawrec.types import BoolArray, Float64Array, Int64Array

PAIRS, WORST_CASES, FEATURES = 12, 15, 15
"""Number of confused pairs of articles, of cases with wrong lists, and of features to show."""


def write_page(path: Path, evaluated: EvaluationResult) -> None:
    """Write an evaluation to a file as a page.

    Example:
        >>> write_page(Path("page.html"), evaluate_run(run))  # doctest: +SKIP
    """
    cases = evaluated.read_rows(shown_cases(evaluated.predictions))
    write_text(path, evaluation_html(evaluated.report, evaluated.predictions, cases=cases))


def shown_cases(predictions: RunPredictions) -> set[int]:
    """Return the rows of the cases whose facts the page shows.

    Example:
        >>> sorted(shown_cases(predictions))[:3]  # doctest: +SKIP
        [4, 17, 21]
    """
    return set(_worst_cases(predictions).tolist()).union(
        *(pair.cases[: evaluation_sections.EXAMPLES].tolist() for pair in _pairs(predictions))
    )


def evaluation_html(
    report: EvaluationReport, predictions: RunPredictions, *, cases: Mapping[int, Case]
) -> str:
    """Return an evaluation as a page.

    Args:
        report: The metrics.
        predictions: The predictions that they are of.
        cases: From rows to cases, for the rows of `shown_cases`.

    Example:
        >>> page = evaluation_html(report, predictions, cases=cases)  # doctest: +SKIP
        >>> page.startswith("<!doctype html>")  # doctest: +SKIP
        True
    """
    titles = article_titles()
    bands = error_analysis.frequency_bands(predictions.train_support)
    nothing = f"<p>{translate('None.')}</p>"
    body = template("evaluation.html").substitute(
        run=escape(report.run),
        path=escape(report.path),
        cases=f"{report.cases:,}",
        articles=f"{report.articles}",
        note=cases_note(report),
        headlines=evaluation_sections.headline_cards(report),
        comparisons=evaluation_sections.comparison_section(report),
        summary=evaluation_sections.summary_boxes(report),
        importances=_importances_figure(report.feature_importances or {}),
        **_plots(report, predictions, bands=bands),
        bands=evaluation_sections.band_table(predictions, bands),
        pairs="".join(
            evaluation_sections.pair_details(
                pair, predictions, titles=titles, cases=cases, is_open=index == 0
            )
            for index, pair in enumerate(_pairs(predictions))
        )
        or nothing,
        worst="".join(
            evaluation_sections.case_details(
                row, predictions, titles=titles, case=cases[row], is_open=index == 0
            )
            for index, row in enumerate(_worst_cases(predictions).tolist())
        )
        or nothing,
        table=evaluation_sections.article_table(predictions, titles),
        script=static_text("evaluation.js"),
    )
    return page_html(translate(f"Evaluation of {report.run}"), body, stylesheet="evaluation.css")


def _worst_cases(predictions: RunPredictions) -> Int64Array:
    arrays = predictions.y_true, predictions.y_prob, predictions.y_pred, predictions.known
    return error_analysis.worst_cases(*arrays, limit=WORST_CASES)


def _pairs(predictions: RunPredictions) -> list[error_analysis.ConfusedPair]:
    arrays = predictions.y_true, predictions.y_pred, predictions.known
    return error_analysis.confused_pairs(*arrays, limit=PAIRS)


def _plots(
    report: EvaluationReport, predictions: RunPredictions, *, bands: Mapping[str, BoolArray]
) -> dict[str, str]:
    y_true, y_prob, known = predictions.y_true, predictions.y_prob, predictions.known
    curves = _curves(predictions, bands)
    sweep = error_analysis.threshold_sweep(y_true, predictions.y_score, known)
    best = calibration_metrics.most_probable_articles(y_true, y_prob, known)
    cited = (y_true & known).any(axis=0)
    cited_bands = {name: members for name, members in bands.items() if (members & cited).any()}
    true_lengths, predicted_lengths = error_analysis.list_lengths(y_true, predictions.y_pred, known)
    return {
        "precision_recall": plots.precision_recall_plot(curves),
        "roc": plots.roc_plot(curves),
        "sweep": plots.sweep_plot(sweep, _with_tuned_thresholds(report, predictions)),
        "reliability": plots.reliability_plot(
            {
                marked("all entries"): calibration_metrics.reliability(y_true, y_prob, known),
                marked("best article"): calibration_metrics.reliability(*best),
            }
        ),
        "by_band": plots.bars_plot(
            list(cited_bands),
            _band_scores(predictions, cited_bands),
            xlabel=marked("train cases of an article"),
        ),
        "lengths": plots.bars_plot(
            [str(length) for length in range(len(true_lengths))],
            {marked("true"): true_lengths, marked("predicted"): predicted_lengths},
            xlabel=plots.ARTICLES_PER_CASE,
            ylabel=marked("cases"),
        ),
    }


def _importances_figure(importances: Mapping[str, float]) -> str:
    """Return a figure of the most important features, "" if there are none."""
    if not importances:
        return ""
    shares = dict(islice(importances.items(), FEATURES))
    plot = plots.importance_plot(shares, xlabel=marked("share of what the trees gain"))
    caption = translate(
        f"What decides about an article: the {len(shares)} of {len(importances)} features whose "
        "splits gain most in training."
    )
    return (
        f'<figure class="box"><h3>{translate("Features of the second stage")}</h3>{plot}'
        f"<figcaption>{caption}</figcaption></figure>\n"
    )


def _curves(
    predictions: RunPredictions, bands: Mapping[str, BoolArray]
) -> dict[str, error_analysis.PooledCurves]:
    """Return the curves of all articles and of each band that has true and false entries."""
    groups = {marked("all articles"): np.ones(len(predictions.articles), np.bool_)}
    groups |= {marked(f"{name} train cases"): members for name, members in bands.items()}
    y_true, y_score, known = predictions.y_true, predictions.y_score, predictions.known
    curves = {
        name: error_analysis.pooled_curves(y_true[:, m], y_score[:, m], known[:, m])
        for name, m in groups.items()
    }
    return {name: curve for name, curve in curves.items() if curve}


def _with_tuned_thresholds(
    report: EvaluationReport, predictions: RunPredictions
) -> dict[str, float]:
    """Return what the sweep plot shows, for the lists of the tuned thresholds."""
    n_predicted = (predictions.y_pred & predictions.known).sum()
    return {
        "micro-F1": report.metrics["micro_f1"],
        "macro-F1": report.metrics["macro_f1_supported"],
        plots.ARTICLES_PER_CASE: float(n_predicted / max(1, report.cases)),
    }


def _band_scores(
    predictions: RunPredictions, bands: Mapping[str, BoolArray]
) -> dict[str, Float64Array]:
    """Return macro-F1 and the mean score of true articles in each band, which has true cases."""
    true = predictions.y_true & predictions.known
    counts = confusion_counts.count(predictions.y_true, predictions.y_pred, predictions.known)
    f1, supported = confusion_counts.f1(counts), counts.support > 0
    return {
        "macro-F1": np.array([f1[members & supported].mean() for members in bands.values()]),
        marked("mean score of true articles"): np.array(
            [predictions.y_prob[true & m].mean(dtype=np.float64) for m in bands.values()]
        ),
    }
