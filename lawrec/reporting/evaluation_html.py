"""Evaluation page: one HTML file with figures, plots and cases; it needs no network."""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from lawrec.corpus.cases import Case
from lawrec.evaluation import calibration_metrics, error_analysis, metrics
from lawrec.evaluation.error_analysis import Curves
from lawrec.evaluation.report import MODEL, EvaluationReport, RunPredictions, per_article
from lawrec.files import write_text
from lawrec.law.catalog import article_titles
from lawrec.reporting import evaluation_sections, plots
from lawrec.reporting.html_page import page_html, static_text
from lawrec.runs.results import EvaluationResult
from lawrec.types import BoolArray, Float64Array, Int64Array

PAIRS, WORST = 12, 15
"""Pairs of articles, and cases with wrong lists, that the page shows."""
ALL = "all articles"


def write_page(path: Path, evaluated: EvaluationResult) -> None:
    """Write an evaluation to a file as a page."""
    judged = evaluated.judged
    facts = evaluated.cases.read_rows(shown_cases(judged))
    write_text(
        path, evaluation_html(evaluated.report, judged, columns=per_article(judged), facts=facts)
    )


def shown_cases(judged: RunPredictions) -> set[int]:
    """Return the rows of the cases whose facts the page shows."""
    rows = set(_worst(judged).tolist())
    return rows.union(
        *(pair.cases[: evaluation_sections.EXAMPLES].tolist() for pair in _pairs(judged))
    )


def evaluation_html(
    report: EvaluationReport,
    judged: RunPredictions,
    *,
    columns: Mapping[str, Any],
    facts: Mapping[int, Case],
) -> str:
    """Return an evaluation as a page.

    Args:
        report: The figures.
        judged: The answers that they are of.
        columns: The table of articles, see `figures.per_article`.
        facts: The cases of the rows of `shown_cases`.
    """
    names = article_titles()
    members = error_analysis.bands(judged.trained)
    skipped = f", {report.skipped:,} bad lines left out" if report.skipped else ""
    body = _BODY.substitute(
        run=escape(report.run),
        path=escape(report.path),
        cases=f"{report.cases:,}",
        articles=f"{report.articles}",
        skipped=skipped,
        headlines=evaluation_sections.headlines(report),
        comparisons=evaluation_sections.comparisons(report),
        figures=evaluation_sections.figures(report),
        **_plots(report, judged, members=members),
        bands=evaluation_sections.band_table(judged, columns, members=members),
        pairs="".join(
            evaluation_sections.pair_details(
                pair, judged, names=names, facts=facts, open_binary=not place
            )
            for place, pair in enumerate(_pairs(judged))
        )
        or _NONE,
        worst="".join(
            evaluation_sections.case_details(
                row, judged, names=names, case=facts[row], open_binary=not place
            )
            for place, row in enumerate(_worst(judged).tolist())
        )
        or _NONE,
        table=evaluation_sections.article_table(columns, names),
        script=static_text("evaluation.js"),
    )
    return page_html(f"Evaluation of {report.run}", body, stylesheet="evaluation.css")


def _worst(judged: RunPredictions) -> Int64Array:
    answers = judged.y_true, judged.y_prob, judged.y_pred, judged.known
    return error_analysis.worst(*answers, most=WORST)


def _pairs(judged: RunPredictions) -> list[error_analysis.Pair]:
    return error_analysis.confused(judged.y_true, judged.y_pred, known=judged.known, most=PAIRS)


def _plots(
    report: EvaluationReport, judged: RunPredictions, *, members: Mapping[str, BoolArray]
) -> dict[str, str]:
    curves = _curves(judged, members)
    cited = (judged.y_true & judged.known).any(axis=0)
    seen = {name: of for name, of in members.items() if (of & cited).any()}
    arrays = judged.y_true, judged.y_prob, judged.known
    of_true, of_given = error_analysis.lengths(judged.y_true, judged.y_pred, judged.known)
    return {
        "precision_recall": plots.precision_recall_plot(curves),
        "roc": plots.roc_plot(curves),
        "sweep": plots.sweep_plot(
            error_analysis.sweep(judged.y_true, judged.y_score, judged.known),
            _tuned(report, judged),
        ),
        "reliability": plots.reliability_plot(
            {
                "all entries": calibration_metrics.reliability(*arrays),
                "best article": calibration_metrics.reliability(
                    *calibration_metrics.best_entries(*arrays)
                ),
            }
        ),
        "by_band": plots.bars_plot(
            list(seen), _band_scores(judged, seen), xlabel="train cases of an article"
        ),
        "lengths": plots.bars_plot(
            [str(length) for length in range(len(of_true))],
            {"true": of_true, "given": of_given},
            xlabel="articles of a case",
            ylabel="cases",
        ),
    }


def _curves(judged: RunPredictions, members: Mapping[str, BoolArray]) -> dict[str, Curves]:
    groups = {ALL: np.ones(len(judged.articles), np.bool_)}
    groups |= {f"{name} train cases": of for name, of in members.items()}
    found = {
        name: error_analysis.curves(
            judged.y_true[:, of], judged.y_score[:, of], judged.known[:, of]
        )
        for name, of in groups.items()
    }
    return {name: of for name, of in found.items() if of}


def _tuned(report: EvaluationReport, judged: RunPredictions) -> dict[str, float]:
    figures = report.answers[MODEL]
    return {
        "micro-F1": figures["micro_f1"],
        "macro-F1": figures["macro_f1_supported"],
        "articles a case": float((judged.y_pred & judged.known).sum() / max(1, report.cases)),
    }


def _band_scores(
    judged: RunPredictions, members: Mapping[str, BoolArray]
) -> dict[str, Float64Array]:
    true = judged.y_true & judged.known
    counts = metrics.count(judged.y_true, judged.y_pred, judged.known)
    f1, seen = metrics.f1(counts), counts.support > 0
    return {
        "macro-F1": np.array([f1[of & seen].mean() for of in members.values()]),
        "mean score of true articles": np.array(
            [judged.y_prob[true & of].mean(dtype=np.float64) for of in members.values()]
        ),
    }


_NONE = "<p>None.</p>"
_BODY = Template("""<h1>Evaluation of $run</h1>
<p class="path">$cases cases of $path, $articles articles$skipped</p>
<section class="cards">$headlines</section>
<p class="note">Below each figure: between what it lies in 95 of 100 resamples of the cases.</p>
$comparisons<h2>Figures</h2>
<section class="grid">$figures</section>
<h2>Scores and thresholds</h2>
<section class="grid">
<figure class="box"><h3>Precision and recall</h3>$precision_recall
<figcaption>All decisions together, and those on articles by their number of train cases. AP:
average precision.</figcaption></figure>
<figure class="box"><h3>ROC</h3>$roc
<figcaption>The false positive rate is on a logarithmic scale: with so many articles, one in a
hundred is already too many.</figcaption></figure>
<figure class="box"><h3>One cut for all articles</h3>$sweep
<figcaption>What each cut gives, with no least or most of articles a case; dashed, what the tuned
thresholds give. macro-F1 is over the articles with cases.</figcaption></figure>
<figure class="box"><h3>Reliability</h3>$reliability
<figcaption>On the dashed line, entries of probability 0.8 are true 8 times in 10. Below, how many
there are, on a logarithmic scale. ECE: expected calibration error.</figcaption></figure>
<figure class="box"><h3>Rare and frequent articles</h3>$by_band
<figcaption>macro-F1 over the articles with cases here, and the mean score of articles that
apply.</figcaption></figure>
<figure class="box"><h3>Length of the lists</h3>$lengths
<figcaption>How many cases have so many articles, and to how many as many are given.</figcaption>
</figure>
</section>
<h2>Articles by number of train cases</h2>
<div class="box">$bands</div>
<h2>Mistaken for each other</h2>
<p class="note">Cases in which one article is missing and another is given that does not apply.</p>
<section>$pairs</section>
<h2>The worst cases</h2>
<p class="note">The wrong lists whose scores are the furthest from the truth.
<span class="tag missed">missing</span><span class="tag given">given, does not apply</span>
<span class="tag right">right</span></p>
<section>$worst</section>
<h2>Articles</h2>
<div class="box"><div class="tools">
<input id="search" type="search" placeholder="article or title" aria-label="Filter articles">
<label><input id="short" type="checkbox"> only those with cases or answers</label></div>
$table</div>
<script>
$script</script>
""")
