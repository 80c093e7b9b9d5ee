"""Evaluation report: figures as tables for people and as JSON for programs."""

import json
from collections.abc import Callable, Iterator

from rich import box
from rich.table import Table

from lawrec.evaluation.bootstrap import LEVEL, Difference, Interval
from lawrec.evaluation.ranking_metrics import KS
from lawrec.evaluation.report import MODEL, EvaluationReport
from lawrec.reporting.runs_text import FIGURES
from lawrec.reporting.tables import WIDTH, render

AVERAGES = {
    "micro": "micro, all decisions together",
    "macro": "macro, all articles",
    "macro_supported": "macro, articles with cases",
    "weighted": "weighted by an article's cases",
    "samples": "samples, mean over cases",
}
RANKINGS = {
    "precision_at": "precision of the first k",
    "recall_at": "recall of the first k",
    "in_top": "a true one among the first k",
    "ndcg_at": "nDCG of the first k",
}
"""Figures of each k; without the k."""
SINGLE = {
    "lrap": "label ranking average precision",
    "coverage_error": "coverage error: articles down to the last true one",
}
SCORES = {
    "roc_auc": "ROC-AUC, mean over {} articles",
    "average_precision": "average precision, mean over {} articles",
    "label_accuracy": "label accuracy at 0.5",
    "brier_score": "Brier score",
    "calibration_error": "calibration error (ECE), all entries",
    "calibration_error_best": "calibration error (ECE), each case's best article",
}


def evaluation_table(report: EvaluationReport) -> str:
    """Return the figures of an evaluation for people."""
    title = f"{report.cases:,} cases of {report.path}, {report.articles} articles"
    parts = [title, _headlines(report), _averages(report), _rankings(report), _scores(report)]
    judged = [f"\n{report.cail_judge.text()}"] if report.cail_judge else []
    return "\n".join([*parts, *_comparisons(report), *judged, ""])


def evaluation_json(report: EvaluationReport) -> str:
    """Return an evaluation as JSON."""
    return json.dumps(report.to_dict(), ensure_ascii=False, indent=1)


def interval_text(of: Interval | Difference) -> str:
    """Return between what a figure lies; a small one has a digit more."""
    case_format = ".3f" if abs(of.high) >= 0.02 else ".4f"
    case_format = f"+{case_format}" if isinstance(of, Difference) else case_format
    return f"{of.low:{case_format}} to {of.high:{case_format}}"


def score_lines(report: EvaluationReport) -> Iterator[tuple[str, str]]:
    """Give the name and value of each figure of scores."""
    for name, label in SINGLE.items():
        yield label, f"{report.rankings[name]:.4f}"
    for name, label in SCORES.items():
        articles = report.scores.get(f"{name}_articles", "")
        yield label.format(articles), f"{report.scores[name]:.4f}"


def _headlines(report: EvaluationReport) -> str:
    trivial = [name for name in report.answers if name != MODEL]
    table = _table("Figure", MODEL, f"{LEVEL:.0%} interval", *trivial)
    for key, label in FIGURES.items():
        value, *others = (f"{figures[key]:.4f}" for figures in report.answers.values())
        table.add_row(label, value, interval_text(report.intervals[key]), *others)
    return render(table, WIDTH).rstrip()


def _averages(report: EvaluationReport) -> str:
    table = _table("Average", "precision", "recall", "F1")
    for name, label in AVERAGES.items():
        table.add_row(label, *(f"{value:.4f}" for value in report.averages[name].values()))
    return render(table, WIDTH).rstrip()


def _rankings(report: EvaluationReport) -> str:
    table = _table("Ranking of a case's articles", *(f"k = {k}" for k in KS))
    for name, label in RANKINGS.items():
        table.add_row(label, *(f"{report.rankings[f'{name}_{k}']:.4f}" for k in KS))
    return render(table, WIDTH).rstrip()


def _scores(report: EvaluationReport) -> str:
    table = _table("Scores", "")
    for label, value in score_lines(report):
        table.add_row(label, value)
    return render(table, WIDTH).rstrip()


def _comparisons(report: EvaluationReport) -> Iterator[str]:
    for other in report.comparisons:
        yield f"\n{report.run} beside {other.run}, over {report.compared_articles} articles"
        table = _table("Figure", MODEL, "the other", "difference", f"{LEVEL:.0%} interval", "p")
        for key, label in FIGURES.items():
            of = other.differences[key]
            theirs = other.figures[key]
            values = (f"{theirs + of.value:.4f}", f"{theirs:.4f}", f"{of.value:+.4f}")
            table.add_row(label, *values, interval_text(of), f"{of.p_value:.3f}")
        yield render(table, WIDTH).rstrip()


def _table(first: str, *others: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right")
    return table


EVALUATION_WRITERS: dict[str, Callable[[EvaluationReport], str]] = {
    "table": evaluation_table,
    "json": evaluation_json,
}
