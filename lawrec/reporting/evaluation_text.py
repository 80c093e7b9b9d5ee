"""The report of an evaluation as text tables for people and as JSON for programs.

`summary_tables` and `comparison_table` build the rows once, as texts; this module prints them, and
`evaluation_sections` shows the same rows in HTML.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lawrec.evaluation.bootstrap import LEVEL, Difference, Interval
from lawrec.evaluation.cail_judge import CailReport
from lawrec.evaluation.metrics import METRIC_LABELS
from lawrec.evaluation.ranking_metrics import KS
from lawrec.evaluation.report import Comparison, EvaluationReport
from lawrec.reporting.runs_text import cases_note, shorten_list
from lawrec.reporting.tables import render, simple_table
from lawrec.storage.json_text import json_text
from lawrec.translation import marked, translate

INTERVAL_HEADING = marked(f"{LEVEL:.0%} interval")
AVERAGE_LABELS = {
    "micro": marked("micro, all entries pooled"),
    "macro": marked("macro, all articles"),
    "macro_supported": marked("macro, articles with cases"),
    "weighted": marked("weighted by the cases of each article"),
    "samples": marked("samples, mean over cases"),
}
RANKING_LABELS = {
    "precision_at": marked("precision of the top k"),
    "recall_at": marked("recall of the top k"),
    "in_top": marked("a true article in the top k"),
    "ndcg_at": marked("nDCG of the top k"),
}
"""The ranking metrics with a value for each k, without the "_k" of their names."""
WHOLE_RANKING_LABELS = {
    "lrap": marked("label ranking average precision"),
    "coverage_error": marked("coverage error: rank of the last true article"),
}
"""The ranking metrics of a case's whole ranking."""
SCORE_LABELS = {
    "roc_auc": marked("ROC-AUC, mean over {0:n} articles"),
    "average_precision": marked("average precision, mean over {0:n} articles"),
    "label_accuracy": marked("label accuracy at 0.5"),
    "brier_score": marked("Brier score"),
    "calibration_error": marked("calibration error (ECE), all entries"),
    "calibration_error_best": marked("calibration error (ECE), best article of each case"),
}


@dataclass(frozen=True)
class ReportTable:
    """A table of texts; each row has a cell per heading."""

    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def evaluation_table(report: EvaluationReport) -> str:
    """Return the report as text tables.

    Example:
        >>> print(evaluation_table(evaluate_run(run).report))  # doctest: +SKIP
        2,000 cases of data/test.json, 183 articles
        ...
    """
    metrics, *others = summary_tables(report)
    with_baselines = ReportTable(
        (*metrics.headings, *report.baselines),
        [
            (*row, *(f"{values[name]:.4f}" for values in report.baselines.values()))
            for row, name in zip(metrics.rows, METRIC_LABELS, strict=True)
        ],
    )
    cases = f"{report.cases:,} cases of {report.path}, {report.articles} articles"
    parts = [
        translate(cases) + cases_note(report),
        *(_render(table) for table in (with_baselines, *others)),
    ]
    n_compared = report.compared_articles
    for comparison in report.comparisons:
        heading = f"{report.run} against {comparison.run}, over {n_compared} articles"
        parts.append(f"\n{translate(heading)}")
        parts.append(_render(comparison_table(comparison)))
        parts.append(f"\n{translate(comparison.verdict)}")
    if report.cail_judge:
        parts.append(f"\n{cail_text(report.cail_judge)}")
    return "\n".join([*parts, ""])


def evaluation_json(report: EvaluationReport) -> str:
    """Return the report as JSON.

    Example:
        >>> json.loads(evaluation_json(report))["metrics"]["micro_f1"]  # doctest: +SKIP
        0.8123
    """
    return json_text(report.to_dict())


def summary_tables(report: EvaluationReport) -> list[ReportTable]:
    """Return the tables of metrics, averages, rankings and scores of a run.

    Example:
        >>> [table.headings[0] for table in summary_tables(report)]  # doctest: +SKIP
        ['Metric', 'Average', 'Ranking', 'Scores']
    """
    return [
        ReportTable(
            ("Metric", "this run", INTERVAL_HEADING),
            [
                (
                    translate(label),
                    f"{report.metrics[name]:.4f}",
                    interval_text(report.intervals[name]),
                )
                for name, label in METRIC_LABELS.items()
            ],
        ),
        ReportTable(
            ("Average", "precision", "recall", "F1"),
            [
                (translate(label), *(f"{value:.4f}" for value in report.averages[name].values()))
                for name, label in AVERAGE_LABELS.items()
            ],
        ),
        ReportTable(
            ("Ranking", *(f"k = {k}" for k in KS)),
            [
                (translate(label), *(f"{report.rankings[f'{name}_{k}']:.4f}" for k in KS))
                for name, label in RANKING_LABELS.items()
            ],
        ),
        ReportTable(("Scores", ""), _score_rows(report)),
    ]


def comparison_table(comparison: Comparison) -> ReportTable:
    """Return the metrics of this run and of another one, their differences and p-values.

    Example:
        >>> comparison_table(report.comparisons[0]).rows[0]  # doctest: +SKIP
        ('CAIL score', '0.7412', '0.7305', '+0.0107', '+0.002 to +0.019', '0.012')
    """
    rows = []
    for name, label in METRIC_LABELS.items():
        theirs, difference = comparison.metrics[name], comparison.differences[name]
        values = (f"{theirs + difference.value:.4f}", f"{theirs:.4f}", f"{difference.value:+.4f}")
        rows.append(
            (translate(label), *values, interval_text(difference), f"{difference.p_value:.3f}")
        )
    return ReportTable(
        ("Metric", "this run", "other run", "difference", INTERVAL_HEADING, "p"), rows
    )


def interval_text(interval: Interval | Difference) -> str:
    """Return the bounds of an interval, with one digit more where they are small.

    Example:
        >>> interval_text(Interval(0.5, 0.25, 0.75))
        '0.250 to 0.750'
        >>> interval_text(Difference(0.001, -0.001, 0.003, p_value=0.4))
        '-0.0010 to +0.0030'
    """
    digits = ".3f" if abs(interval.high) >= 0.02 else ".4f"
    spec = f"+{digits}" if isinstance(interval, Difference) else digits
    return translate(f"{interval.low:{spec}} to {interval.high:{spec}}")


def cail_text(report: CailReport) -> str:
    """Return the result of CAIL2018's judge, and which articles its list lacks.

    Example:
        >>> print(cail_text(CailReport("a.json", "a.truth.json", 183, 0.75, 0.8, 0.7, (), 0, 0)))
        CAIL2018's judge, 183 lines: score 0.7500, micro-F1 0.8000, macro-F1 0.7000
        Answers: a.json, truth: a.truth.json
    """
    lines = [
        translate(
            f"CAIL2018's judge, {report.lines:,} lines: score {report.score:.4f}, "
            f"micro-F1 {report.micro_f1:.4f}, macro-F1 {report.macro_f1:.4f}"
        ),
        translate(f"Answers: {report.answers}, truth: {report.truth}"),
    ]
    if report.unmapped_articles:
        lines.append(
            translate(
                f"Left out, since the list lacks {shorten_list(report.unmapped_articles)}: "
                f"{report.cited_left_out:,} cited, {report.recommended_left_out:,} recommended"
            )
        )
    return "\n".join(lines)


def _score_rows(report: EvaluationReport) -> list[tuple[str, str]]:
    values = report.rankings | report.scores
    return [
        (translate(label.format(values.get(f"{name}_articles"))), f"{values[name]:.4f}")
        for name, label in (WHOLE_RANKING_LABELS | SCORE_LABELS).items()
    ]


def _render(table: ReportTable) -> str:
    text_table = simple_table(*table.headings)
    for row in table.rows:
        text_table.add_row(*row)
    return render(text_table).rstrip()


EVALUATION_WRITERS = {"table": evaluation_table, "json": evaluation_json}
