"""Evaluate: a run on cases that neither training nor tuning saw, beside others."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lawrec.corpus.cases import Case, read_cases
from lawrec.corpus.readers import DEFAULT_FORMAT, Format
from lawrec.decision.calibration import calibrated
from lawrec.decision.decision_rule import decide
from lawrec.evaluation.report import EvaluationReport, Judged, compare, figures_of, per_article
from lawrec.export.cail_answers import CailFile, write_answers
from lawrec.files import replaced, write_json, write_text
from lawrec.inference.score_cases import ScoredCases, score_file
from lawrec.progress import Progress, silent
from lawrec.reporting.evaluation_html import evaluation_html, shown_cases
from lawrec.reporting.plots import require_plots
from lawrec.runs.leakage import refuse_same_cases, split_path, trained_on
from lawrec.runs.run import Run
from lawrec.runs.thresholds_file import load_tuned, widened
from lawrec.text_files import digest_at


@dataclass(frozen=True)
class _Cases:
    """Labelled cases: where they are, how they are written, whether bad lines may be left out."""

    path: Path
    sha256: str
    form: Format
    skip_bad: bool


def evaluate_run(
    run: Run,
    split: str = "test",
    path: Path | None = None,
    form: Format = DEFAULT_FORMAT,
    skip_bad: bool = False,
    progress: Progress = silent,
    cail: CailFile | None = None,
    others: Sequence[Run] = (),
    page: Path | None = None,
) -> EvaluationReport:
    """Evaluate a run with its thresholds, and keep the figures in the run's folder.

    Args:
        run: A trained and tuned run.
        split: The split to evaluate on.
        path: Labelled cases to evaluate on instead.
        form: How the cases of `path` are written; the run's own are read as it read them.
        skip_bad: Leave out lines that cannot be used.
        progress: Told of every chunk of cases.
        cail: Where to write the answers for CAIL2018's judge, which is then asked too.
        others: Trained and tuned runs to set beside it on the same cases.
        page: Where to write the figures as a page.

    Raises:
        CaseError: The file cannot be used, or training or tuning of one of the runs used it.
        RunError: A run has no checkpoint or no thresholds, or no plots can be drawn.
    """
    if page:
        require_plots()
    name = re.sub(r"[*?\[\]]+", "_", path.stem) if path else split
    if not path:
        path, form = split_path(run, split), run.source.form
    cases = _Cases(path, digest_at(path), form, skip_bad)
    scored, judged = _judged(run, cases, progress)
    beside = [_judged(other, cases, progress)[1] for other in others]
    report = EvaluationReport(
        run=judged.run,
        path=str(path),
        cases=len(scored.case_ids),
        skipped=scored.skipped,
        articles=len(scored.articles),
        unknown_articles=scored.articles[len(run.articles) :],
        **figures_of(judged),
        **(compare(judged, beside) if beside else {}),
        cail_judge=write_answers(cail, scored, judged.y_pred) if cail else None,
    )
    columns = per_article(judged)
    write_json(run.folder / f"evaluation-{name}.json", report.to_dict())
    with replaced(run.folder / f"evaluation-{name}.csv") as temporary:
        pd.DataFrame(columns).to_csv(temporary, index=False)
    if page:
        facts = _read(cases, shown_cases(judged))
        write_text(page, evaluation_html(report, judged, columns, facts))
    return report


def _judged(run: Run, cases: _Cases, progress: Progress) -> tuple[ScoredCases, Judged]:
    """Return the scores of a run and the lists that its thresholds make of them."""
    tuned = load_tuned(run)
    used = {**trained_on(run), "tune": (tuned.tuned_on,)}
    refuse_same_cases(cases.path, cases.sha256, "evaluate", used)
    scored = score_file(run, cases.path, cases.form, cases.skip_bad, progress)
    cuts = widened(tuned.cuts, len(scored.articles))
    new = len(scored.articles) - len(run.label_counts)
    return scored, Judged(
        run=run.folder.name,
        articles=scored.articles,
        y_true=scored.y_true,
        y_score=scored.y_score,
        y_prob=calibrated(scored.y_score, cuts.calibration) if cuts.calibration else scored.y_score,
        y_pred=decide(scored.y_score, cuts),
        known=scored.known,
        thresholds=cuts.thresholds,
        trained=np.pad(np.array(run.label_counts, np.int64), (0, new)),
    )


def _read(cases: _Cases, rows: Iterable[int]) -> dict[int, Case]:
    """Return the cases of some rows of the scores, read again from their file."""
    wanted = set(rows)
    read = (case for case in read_cases(cases.path, form=cases.form) if isinstance(case, Case))
    return {row: case for row, case in enumerate(read) if row in wanted}
