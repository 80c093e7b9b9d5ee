"""The sections of the evaluation page: its tables and cases, each as an HTML fragment.

Everything that comes from data (names of runs and articles, titles, facts) is escaped here.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from lawrec.corpus.cases import Case
from lawrec.evaluation import confusion_counts, metrics
from lawrec.evaluation.bootstrap import Interval
from lawrec.evaluation.error_analysis import ConfusedPair
from lawrec.evaluation.report import (
    MOST_FREQUENT,
    SIGNIFICANCE_LEVEL,
    Comparison,
    EvaluationReport,
    RunPredictions,
    metrics_per_article,
)
from lawrec.law.articles import statute_order
from lawrec.reporting.evaluation_text import comparison_table, interval_text, summary_tables
from lawrec.reporting.html_page import table_rows
from lawrec.translation import marked, translate
from lawrec.types import BoolArray

EXAMPLES = 3
"""Number of example cases of a pair of confused articles."""
FACT_LENGTH, EXAMPLE_LENGTH = 800, 240
"""Number of characters to show of the fact of a wrong case, and of an example."""


def html_table(
    headings: Sequence[str], rows: Iterable[Sequence[object]], *, css_class: str = "numbers"
) -> str:
    """Return a table of texts inside a box that scrolls where the page is narrow.

    Args:
        headings: The heading of each column, as plain English text, which is translated.
        rows: The cells of each row, shown as plain text.
        css_class: Classes of the <table>.

    Example:
        >>> "<tr><td>264</td><td>&lt;b&gt;</td></tr>" in html_table(["a", "b"], [[264, "<b>"]])
        True
    """
    head = "".join(f"<th>{escape(translate(name))}</th>" for name in headings)
    return (
        f'<div class="scroll"><table class="{css_class}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{table_rows(rows)}</tbody></table></div>"
    )


def headline_cards(report: EvaluationReport) -> str:
    """Return one card per headline metric, with its interval and its value for a baseline.

    Example:
        >>> headline_cards(report).count("<article")  # doctest: +SKIP
        4
    """
    baseline = report.baselines[MOST_FREQUENT]
    return "".join(
        _card(metrics.METRIC_LABELS[name], report.intervals[name], baseline=baseline[name])
        for name in metrics.HEADLINES
    )


def _card(label: str, interval: Interval, *, baseline: float) -> str:
    span = f"left:{interval.low:.1%};width:{interval.high - interval.low:.1%}"
    return (
        f'<article class="card"><h3>{escape(translate(label))}</h3>'
        f'<p class="big">{interval.value:.3f}</p>'
        f'<p class="unit interval">{interval_text(interval)}</p><div class="range">'
        f'<i style="{span}"></i><b style="left:{interval.value:.1%}"></b></div>'
        f'<p class="note">{escape(translate(MOST_FREQUENT))}: {baseline:.3f}</p></article>'
    )


def summary_boxes(report: EvaluationReport) -> str:
    """Return the tables of metrics, averages, rankings and scores, one box per table.

    Example:
        >>> summary_boxes(report).count("<table")  # doctest: +SKIP
        4
    """
    return "".join(_box(html_table(table.headings, table.rows)) for table in summary_tables(report))


def _box(content: str) -> str:
    return f'<div class="box">{content}</div>'


def comparison_section(report: EvaluationReport) -> str:
    """Return the section with a table per other run, or "" if there is no other run.

    Example:
        >>> comparison_section(report)[:39]  # doctest: +SKIP
        '<h2>Comparison with other runs</h2><div'
    """
    if not report.comparisons:
        return ""
    note = translate(
        "Paired bootstrap on the same cases: how much higher each metric of this run is, the 95% "
        "interval of this difference, and its p-value. Over the "
        f"{report.compared_articles} articles of all runs together."
    )
    tables = "".join(_box(_comparison(comparison)) for comparison in report.comparisons)
    heading = translate("Comparison with other runs")
    return f'<h2>{heading}</h2>{tables}<p class="note">{note}</p>'


def _comparison(comparison: Comparison) -> str:
    table = comparison_table(comparison)
    rows = []
    for row, name in zip(table.rows, metrics.METRIC_LABELS, strict=True):
        is_significant = comparison.differences[name].p_value < SIGNIFICANCE_LEVEL
        rows.append((*row, translate("significant" if is_significant else "may be chance")))
    return (
        f"<h3>{escape(comparison.run)}</h3>{html_table((*table.headings, ''), rows)}"
        f"<p>{escape(translate(comparison.verdict))}</p>"
    )


def band_table(predictions: RunPredictions, bands: Mapping[str, BoolArray]) -> str:
    """Return the table of metrics of each frequency band of articles.

    Example:
        >>> bands = frequency_bands(predictions.train_support)  # doctest: +SKIP
        >>> band_table(predictions, bands).count("<tr>")  # doctest: +SKIP
        6
    """
    counts = confusion_counts.count(predictions.y_true, predictions.y_pred, predictions.known)
    auc = predictions.article_auc
    rows = []
    for name, members in bands.items():
        part = confusion_counts.Counts(*(values[members] for values in vars(counts).values()))
        ratios = confusion_counts.RATIOS.values()
        values = [float(confusion_counts.micro(ratio, part)) for ratio in ratios]
        values.append(float(confusion_counts.macro_supported(confusion_counts.f1, part)))
        areas = (auc.roc_auc, auc.average_precision)
        values += [confusion_counts.nanmean_or_zero(area[members]) for area in areas]
        shown = [f"{value:.3f}" if part.support.any() else "–" for value in values]
        rows.append((name, int(members.sum()), f"{int(part.support.sum()):,}", *shown))
    return html_table(_BAND_COLUMNS, rows)


def pair_details(
    pair: ConfusedPair,
    predictions: RunPredictions,
    *,
    titles: Mapping[str, str],
    cases: Mapping[int, Case],
    is_open: bool,
) -> str:
    """Return a pair of articles that are mistaken for each other, with example cases.

    Args:
        pair: The pair.
        predictions: The predictions that it is from.
        titles: From articles to their titles.
        cases: From rows to cases; has the first `EXAMPLES` cases of the pair.
        is_open: Whether the examples are shown at first.

    Example:
        >>> html = pair_details(  # doctest: +SKIP
        ...     pair, predictions, titles=titles, cases=cases, is_open=True
        ... )
        >>> html.startswith("<details open>")  # doctest: +SKIP
        True
    """
    missed, wrong = (
        _with_title(predictions.articles[column], titles)
        for column in (pair.missed, pair.predicted)
    )
    examples = "".join(
        f'<p class="fact"><span class="id">{_case_name(cases[row])}</span> '
        f"{_shortened(cases[row].fact, EXAMPLE_LENGTH)}</p>"
        for row in pair.cases[:EXAMPLES].tolist()
    )
    missed, wrong = f'<b class="missed">{missed}</b>', f'<b class="wrong">{wrong}</b>'
    meaning = translate(f"{missed} is missing, {wrong} is recommended")
    return (
        f'<details{" open" * is_open}><summary><span class="meaning">{meaning}</span>'
        f'<span class="count">{len(pair.cases):,}</span></summary>{examples}</details>'
    )


def case_details(
    row: int, predictions: RunPredictions, *, titles: Mapping[str, str], case: Case, is_open: bool
) -> str:
    """Return a case with its missed, wrong and right articles, their probabilities and its fact.

    Args:
        row: The row of the case.
        predictions: The predictions.
        titles: From articles to their titles.
        case: The case.
        is_open: Whether the table and the fact are shown at first.

    Example:
        >>> html = case_details(  # doctest: +SKIP
        ...     3, predictions, titles=titles, case=cases[3], is_open=False
        ... )
        >>> html.startswith("<details>")  # doctest: +SKIP
        True
    """
    true, pred, known = predictions.y_true[row], predictions.y_pred[row], predictions.known[row]
    members_of = {
        marked("missed"): true & ~pred & known,
        marked("wrong"): pred & ~true & known,
        marked("right"): true & pred & known,
    }
    tags = "".join(
        f'<span class="tag {kind}">{_with_title(predictions.articles[column], titles)}</span>'
        for kind, members in members_of.items()
        for column in np.flatnonzero(members)
    )
    shown = np.flatnonzero((true | pred) & known)
    rows = [
        (
            f"{predictions.articles[column]} {titles.get(predictions.articles[column], '')}",
            translate(next(kind for kind, members in members_of.items() if members[column])),
            f"{predictions.y_prob[row, column]:.3f}",
            f"{predictions.thresholds[column]:.3f}",
        )
        for column in shown[np.argsort(-predictions.y_score[row, shown], kind="stable")]
    ]
    table = html_table(_SCORE_COLUMNS, rows, css_class="numbers scored")
    return (
        f'<details{" open" * is_open}><summary><span class="id">{_case_name(case)}</span>'
        f'<span class="meaning">{tags}</span></summary>{table}'
        f'<p class="fact">{_shortened(case.fact, FACT_LENGTH)}</p></details>'
    )


def article_table(predictions: RunPredictions, titles: Mapping[str, str]) -> str:
    """Return the table of articles in the order of the statute, sortable by a script of the page.

    Example:
        >>> article_table(predictions, titles).count("<button>")  # doctest: +SKIP
        12
    """
    columns = metrics_per_article(predictions)
    rows = [
        dict(zip(ARTICLE_COLUMNS, values, strict=True))
        for values in zip(*(columns[name] for name in ARTICLE_COLUMNS), strict=True)
    ]
    rows.sort(key=lambda row: statute_order(row["article"]))
    head = "".join(
        f"<th><button>{escape(translate(name))}</button></th>" for name in ARTICLE_COLUMNS.values()
    )
    body = "".join(_article_row(row, titles) for row in rows)
    return (
        f'<div class="scroll"><table id="articles" class="numbers"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _article_row(values: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """Return a row; the class "quiet" marks an article without a true or a predicted case."""
    article, *numbers = values.values()
    quiet = " class=quiet" if not values["support"] and not values["fp"] else ""
    cells = "".join(f"<td>{_number(value)}</td>" for value in numbers)
    return f"<tr{quiet}><td>{_with_title(article, titles)}</td>{cells}</tr>"


def _number(value: Any) -> str:
    """Return a count or a share; nan is a dash."""
    if isinstance(value, np.integer):
        return str(value)
    return f"{value:.3f}" if np.isfinite(value) else "∞" if value > 0 else "–"


def _case_name(case: Case) -> str:
    return translate(f"case {escape(case.case_id)}")


def _with_title(article: str, titles: Mapping[str, str]) -> str:
    return escape(f"{article} {titles.get(article, '')}".strip())


def _shortened(text: str, length: int) -> str:
    return escape(text if len(text) <= length else f"{text[:length]}…")


_SCORE_COLUMNS = (marked("Article"), "", marked("probability"), marked("threshold"))
_BAND_COLUMNS = (
    *(marked("Train cases"), marked("articles"), marked("cases here")),
    *(marked("precision"), marked("recall"), "micro-F1", "macro-F1", "ROC-AUC"),
    marked("average precision"),
)
ARTICLE_COLUMNS = {
    "article": marked("article"),
    "trained": marked("train cases"),
    "support": marked("cases"),
    "tp": marked("right"),
    "fp": marked("wrong"),
    "fn": marked("missed"),
    "precision": marked("precision"),
    "recall": marked("recall"),
    "f1": "F1",
    "roc_auc": "ROC-AUC",
    "average_precision": "AP",
    "threshold": marked("threshold"),
}
"""The columns of `metrics_per_article` that the page shows, and their headings."""
