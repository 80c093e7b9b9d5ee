"""Evaluate: a run on cases that neither training nor tuning saw, beside others."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lawrec.corpus.readers import DEFAULT_FORMAT, CaseFormat
from lawrec.decision.calibration import calibrate
from lawrec.decision.decision_rule import decide
from lawrec.evaluation.report import (
    EvaluationReport,
    RunPredictions,
    compare,
    figures_of,
    per_article,
)
from lawrec.files import atomic_file, write_json
from lawrec.inference.score_cases import score_file
from lawrec.progress import SILENT, Progress
from lawrec.runs.leakage import refuse_same_cases, split_path, trained_on
from lawrec.runs.results import EvaluationResult, LabelledCases, ScoredCases
from lawrec.runs.run import Run
from lawrec.runs.thresholds_file import extend_rule, load_thresholds
from lawrec.text_files import content_digest


def evaluate_run(
    run: Run,
    split: str = "test",
    *,
    path: Path | None = None,
    case_format: CaseFormat = DEFAULT_FORMAT,
    skip_bad: bool = False,
    others: Sequence[Run] = (),
    progress: Progress = SILENT,
) -> EvaluationResult:
    """Evaluate a run with its thresholds.

    Args:
        run: A trained and tuned run.
        split: The split to evaluate on.
        path: Labelled cases to evaluate on instead.
        case_format: How the cases of `path` are written; the run's own are read as it read them.
        skip_bad: Leave out lines that cannot be used.
        others: Trained and tuned runs to compare it with on the same cases.
        progress: Told of every chunk of cases.

    Raises:
        CaseError: The file cannot be used, or training or tuning of one of the runs used it.
        RunError: A run has no checkpoint or no thresholds.
    """
    name = re.sub(r"[*?\[\]]+", "_", path.stem) if path else split
    if not path:
        path, case_format = split_path(run, split), run.dataset.case_format
    cases = LabelledCases(path, content_digest(path), case_format, skip_bad)
    scored, judged = _judged(run, cases, progress=progress)
    beside = [_judged(other, cases, progress=progress)[1] for other in others]
    report = EvaluationReport(
        run=judged.run,
        path=str(path),
        cases=len(scored.case_ids),
        skipped=scored.skipped,
        articles=len(scored.articles),
        unknown_articles=scored.articles[len(run.articles) :],
        **figures_of(judged),
        **(compare(judged, beside) if beside else {}),
    )
    return EvaluationResult(run, name, cases, scored, judged, report)


def save_evaluation(evaluated: EvaluationResult) -> None:
    """Write the figures, and a table with a row per article, into the run's folder."""
    prefix = evaluated.run.folder / f"evaluation-{evaluated.name}"
    write_json(prefix.with_name(f"{prefix.name}.json"), evaluated.report.to_dict())
    with atomic_file(prefix.with_name(f"{prefix.name}.csv")) as temporary:
        pd.DataFrame(per_article(evaluated.judged)).to_csv(temporary, index=False)


def _judged(
    run: Run, cases: LabelledCases, *, progress: Progress
) -> tuple[ScoredCases, RunPredictions]:
    """Return the scores of a run and the lists that its thresholds make of them."""
    tuned = load_thresholds(run)
    used = {**trained_on(run), "tune": (tuned.tuned_on,)}
    refuse_same_cases(cases.path, cases.sha256, purpose="evaluate", used=used)
    scored = score_file(
        run, cases.path, case_format=cases.case_format, skip_bad=cases.skip_bad, progress=progress
    )
    rule = extend_rule(tuned.rule, len(scored.articles))
    new = len(scored.articles) - len(run.label_counts)
    return scored, RunPredictions(
        run=run.folder.name,
        articles=scored.articles,
        y_true=scored.y_true,
        y_score=scored.y_score,
        y_prob=calibrate(scored.y_score, rule.calibration) if rule.calibration else scored.y_score,
        y_pred=decide(scored.y_score, rule),
        known=scored.known,
        thresholds=rule.thresholds,
        trained=np.pad(np.array(run.label_counts, np.int64), (0, new)),
    )
