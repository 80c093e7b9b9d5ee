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
from lawrec.reporting.html_page import page_html
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
        script=_SCRIPT,
    )
    return page_html(f"Evaluation of {report.run}", _STYLE, body=body)


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
_STYLE = """
:root { --series-0: #1d2433; --series-1: #3b6fb6; --series-2: #d0731f; --series-3: #1a8f5a;
  --series-4: #a3459b; --series-5: #b3261e; --mark: #3b6fb622; }
@media (prefers-color-scheme: dark) { :root { --series-0: #e6e9ef; --series-1: #6ea3e8;
  --series-2: #f0a35e; --series-3: #5fd39a; --series-4: #d98ad2; --series-5: #f2867e;
  --mark: #6ea3e833; } }
.range { position: relative; height: 6px; margin-top: .5rem; border-radius: 3px;
  background: var(--line); }
.range i { position: absolute; height: 6px; border-radius: 3px; background: var(--bar);
  opacity: .5; }
.range b { position: absolute; top: -3px; width: 2px; height: 12px; background: var(--bar); }
.note { margin-bottom: .6rem; }
.interval { display: block; margin: 0; } .box h3 { padding: .5rem 1.1rem 0; }
figure.box h3 { padding: 0; }
.grid .box { margin: 0; }
.grid { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem),
  1fr)); align-items: start; }
.box { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: .4rem 0; margin: 0 0 .6rem; min-width: 0; overflow: hidden; }
figure.box { padding: .9rem 1.1rem; } figure h3 { margin-bottom: .6rem; }
figcaption { color: var(--soft); font-size: .85rem; margin-top: .5rem; }
svg { display: block; width: 100%; height: auto; } svg text { font-family: inherit; }
.scroll { overflow-x: auto; }
th { color: var(--soft); font-weight: 600; } thead th { border-bottom: 1px solid var(--line); }
.numbers td, .numbers th { padding: .35rem .7rem; text-align: right; overflow-wrap: normal;
  font-variant-numeric: tabular-nums; white-space: nowrap; }
.numbers :is(td, th):first-child { text-align: left; white-space: normal; padding-left: 1.1rem;
  min-width: 9rem; }
.id { color: var(--soft); font-size: .85rem; }
.fact { margin: .7rem 1.1rem; overflow-wrap: anywhere; font-size: .92rem; }
.tag { display: inline-block; margin: .1rem .3rem .1rem 0; padding: .02rem .5rem;
  border-radius: 6px; border: 1px solid; font-size: .85rem; }
.missed { color: var(--bad); } .given { color: var(--fair); } .right { color: var(--good); }
.key { margin-right: .9rem; }
.tools { display: flex; flex-wrap: wrap; gap: .6rem 1.2rem; align-items: center;
  padding: .6rem 1.1rem; }
input[type=search] { font: inherit; color: inherit; background: var(--paper); padding: .3rem .7rem;
  border: 1px solid var(--line); border-radius: 8px; min-width: 0; flex: 0 1 16rem; }
#articles { font-size: .84rem; } #articles tbody tr:hover { background: var(--mark); }
#articles.short .quiet { display: none; } #articles [hidden] { display: none; }
#articles button { font: inherit; color: inherit; background: none; border: 0; padding: 0;
  cursor: pointer; } th[aria-sort] button { color: var(--ink); }
th[aria-sort=ascending] button::after { content: " ▲"; font-size: .7em; }
th[aria-sort=descending] button::after { content: " ▼"; font-size: .7em; }
@media (max-width: 600px) { main { padding: 1.5rem .9rem 3rem; }
  .meaning { flex-basis: 10rem; } .numbers { font-size: .8rem; }
  .numbers td, .numbers th { padding: .35rem .4rem; }
  .numbers :is(td, th):first-child { min-width: 7rem; } }
"""
_SCRIPT = """
const table = document.getElementById("articles"), body = table.tBodies[0];
const heads = [...table.tHead.rows[0].cells];
const value = (row, column) => {
  const text = row.cells[column].textContent;
  return text === "never" ? Infinity : text === "–" ? -Infinity : parseFloat(text) || 0;
};
heads.forEach((head, column) => head.firstChild.addEventListener("click", () => {
  const falling = head.getAttribute("aria-sort") === (column ? "descending" : "ascending");
  const sign = falling === Boolean(column) ? 1 : -1;
  heads.forEach(other => other.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
  const compare = (one, two) => value(one, column) - value(two, column) || 0;
  body.append(...[...body.rows].sort((one, two) => sign * compare(one, two)));
}));
document.getElementById("search").addEventListener("input", event => {
  const wanted = event.target.value.trim();
  for (const row of body.rows) row.hidden = !row.cells[0].textContent.includes(wanted);
});
document.getElementById("short").addEventListener("change", event => {
  table.classList.toggle("short", event.target.checked);
});
"""
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
<script>$script</script>
""")
