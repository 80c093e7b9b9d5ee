"""Evaluation parts: the tables and cases of the page of an evaluation, each as HTML."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from lawrec.corpus.cases import Case
from lawrec.evaluation import metrics
from lawrec.evaluation.bootstrap import Interval
from lawrec.evaluation.error_analysis import Pair
from lawrec.evaluation.ranking_metrics import KS
from lawrec.evaluation.report import FREQUENT, MODEL, Comparison, EvaluationReport, RunPredictions
from lawrec.law.articles import statute_order
from lawrec.reporting.evaluation_text import AVERAGES, RANKINGS, interval_text, score_lines
from lawrec.reporting.runs_text import FIGURES
from lawrec.types import BoolArray

EXAMPLES = 3
"""Cases that a pair of articles shows."""
FACT_SIGNS, EXAMPLE_SIGNS = 800, 240
"""Signs of a fact that a wrong case and an example of a pair show."""
_CHANCE = 0.05
"""A difference is called one where its p-value is below."""


def table(head: Sequence[str], rows: Iterable[Sequence[object]], kind: str = "numbers") -> str:
    """Return a table of texts, in a box of its own that scrolls where the page is narrow."""
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows
    )
    return (
        f'<div class="scroll"><table class="{kind}"><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def headlines(report: EvaluationReport) -> str:
    """Return a card a headline, with its interval and what a trivial answer gets."""
    return "".join(
        _card(FIGURES[name], report.intervals[name], trivial=report.answers[FREQUENT][name])
        for name in metrics.HEADLINES
    )


def _card(label: str, of: Interval, *, trivial: float) -> str:
    span = f"left:{of.low:.1%};width:{of.high - of.low:.1%}"
    return (
        f'<article class="card"><h3>{escape(label)}</h3><p class="big">{of.value:.3f}</p>'
        f'<p class="unit interval">{interval_text(of)}</p>'
        f'<div class="range"><i style="{span}"></i><b style="left:{of.value:.1%}"></b></div>'
        f'<p class="note">{escape(FREQUENT)}: {trivial:.3f}</p></article>'
    )


def figures(report: EvaluationReport) -> str:
    """Return the groups of figures as tables side by side."""
    decided = [
        (label, f"{report.answers[MODEL][name]:.4f}", interval_text(report.intervals[name]))
        for name, label in FIGURES.items()
    ]
    averaged = [
        (label, *(f"{value:.4f}" for value in report.averages[name].values()))
        for name, label in AVERAGES.items()
    ]
    ranked = [
        (label, *(f"{report.rankings[f'{name}_{k}']:.4f}" for k in KS))
        for name, label in RANKINGS.items()
    ]
    return (
        _box(table(("Lists", "", "95% interval"), decided))
        + _box(table(("Average", "precision", "recall", "F1"), averaged))
        + _box(table(("Ranking", *(f"k = {k}" for k in KS)), ranked))
        + _box(table(("Scores", ""), list(score_lines(report))))
    )


def _box(content: str) -> str:
    return f'<div class="box">{content}</div>'


def comparisons(report: EvaluationReport) -> str:
    """Return a table for each other run, nothing where there is none."""
    if not report.comparisons:
        return ""
    note = (
        "Paired bootstrap on the same cases: how much more each figure of this run is, between "
        "what that lies in 95 of 100 resamples, and how often chance alone gives as much. Over the "
        f"{report.compared_articles} articles of all runs."
    )
    tables = "".join(_box(_comparison(other)) for other in report.comparisons)
    return f'<h2>Beside other runs</h2>{tables}<p class="note">{note}</p>'


def _comparison(other: Comparison) -> str:
    rows = [
        (
            label,
            f"{other.figures[name] + other.differences[name].value:.4f}",
            f"{other.figures[name]:.4f}",
            f"{other.differences[name].value:+.4f}",
            interval_text(other.differences[name]),
            f"{other.differences[name].p_value:.3f}",
            "a difference" if other.differences[name].p_value < _CHANCE else "may be chance",
        )
        for name, label in FIGURES.items()
    ]
    head = ("Figure", MODEL, "the other", "difference", "95% interval", "p", "")
    return f"<h3>{escape(other.run)}</h3>{table(head, rows)}"


def band_table(
    judged: RunPredictions, columns: Mapping[str, Any], *, members: Mapping[str, BoolArray]
) -> str:
    """Return the figures of each band of articles, by their number of train cases."""
    counts = metrics.count(judged.y_true, judged.y_pred, judged.known)
    rows = []
    for name, of in members.items():
        part = metrics.Counts(counts.tp[of], counts.fp[of], counts.fn[of], counts.tn[of])
        values = [float(metrics.micro(ratio, part)) for ratio in metrics.RATIOS.values()]
        values.append(float(metrics.macro_supported(metrics.f1, part)))
        areas = (columns[key][of] for key in ("roc_auc", "average_precision"))
        values += map(metrics.mean_of_cases, areas)
        shown = [f"{value:.3f}" if part.support.any() else "–" for value in values]
        rows.append((name, int(of.sum()), f"{int(part.support.sum()):,}", *shown))
    head = ("Train cases", "articles", "cases here", "precision", "recall", "micro-F1", "macro-F1")
    return table((*head, "ROC-AUC", "average precision"), rows)


def pair_details(
    pair: Pair,
    judged: RunPredictions,
    *,
    names: Mapping[str, str],
    facts: Mapping[int, Case],
    open_binary: bool,
) -> str:
    """Return a pair of articles that are mistaken for each other, with examples."""
    missed, given = (_named(judged.articles[at], names) for at in (pair.missed, pair.given))
    examples = "".join(
        f'<p class="fact"><span class="id">case {escape(facts[row].case_id)}</span> '
        f"{_cut(facts[row].fact, EXAMPLE_SIGNS)}</p>"
        for row in pair.cases[:EXAMPLES].tolist()
    )
    return (
        f'<details{" open" * open_binary}><summary><span class="meaning">'
        f'<b class="missed">{missed}</b> is missing, <b class="given">{given}</b> is given</span>'
        f'<span class="count">{len(pair.cases):,}</span></summary>{examples}</details>'
    )


def case_details(
    row: int, judged: RunPredictions, *, names: Mapping[str, str], case: Case, open_binary: bool
) -> str:
    """Return a case with a wrong list: which articles are missing, given or right, and its fact."""
    true, given, known = judged.y_true[row], judged.y_pred[row], judged.known[row]
    kinds = {
        "missed": true & ~given & known,
        "given": given & ~true & known,
        "right": true & given & known,
    }
    tags = "".join(
        f'<span class="tag {kind}">{_named(judged.articles[at], names)}</span>'
        for kind, members in kinds.items()
        for at in np.flatnonzero(members)
    )
    shown = np.flatnonzero((true | given) & known)
    rows = [
        (
            f"{judged.articles[at]} {names.get(judged.articles[at], '')}",
            next(kind for kind, members in kinds.items() if members[at]),
            f"{judged.y_prob[row, at]:.3f}",
            f"{judged.thresholds[at]:.3f}",
        )
        for at in shown[np.argsort(-judged.y_score[row, shown], kind="stable")]
    ]
    return (
        f'<details{" open" * open_binary}><summary><span class="id">case {escape(case.case_id)}</span>'
        f'<span class="meaning">{tags}</span></summary>'
        f"{table(('Article', '', 'probability', 'threshold'), rows, 'numbers scored')}"
        f'<p class="fact">{_cut(case.fact, FACT_SIGNS)}</p></details>'
    )


def article_table(columns: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Return the table of articles in the statute's order; its columns sort where scripts run."""
    entries = [
        dict(zip(ARTICLE_COLUMNS, values, strict=True))
        for values in zip(*(columns[name] for name in ARTICLE_COLUMNS), strict=True)
    ]
    entries.sort(key=lambda entry: statute_order(entry["article"]))
    head = "".join(f"<th><button>{escape(name)}</button></th>" for name in ARTICLE_COLUMNS.values())
    rows = "".join(_article_row(entry, names) for entry in entries)
    return (
        f'<div class="scroll"><table id="articles" class="numbers"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _article_row(values: dict[str, Any], names: Mapping[str, str]) -> str:
    name = values.pop("article")
    quiet = " class=quiet" if not values["support"] and not values["fp"] else ""
    cells = "".join(f"<td>{_number(value)}</td>" for value in values.values())
    return f"<tr{quiet}><td>{_named(name, names)}</td>{cells}</tr>"


def _number(value: Any) -> str:
    if isinstance(value, np.integer):
        return str(value)
    return f"{value:.3f}" if np.isfinite(value) else "never" if value > 0 else "–"


def _named(article: str, names: Mapping[str, str]) -> str:
    return escape(f"{article} {names.get(article, '')}".strip())


def _cut(text: str, signs: int) -> str:
    return escape(text if len(text) <= signs else f"{text[:signs]}…")


ARTICLE_COLUMNS = {
    "article": "article",
    "trained": "train",
    "support": "cases",
    "tp": "right",
    "fp": "false",
    "fn": "missed",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "roc_auc": "ROC-AUC",
    "average_precision": "AP",
    "threshold": "threshold",
}
"""The columns of `figures.per_article` that the page shows, and their heads."""
