"""Evaluate: a run on cases that neither training nor tuning saw, beside others."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lawrec.corpus.readers import DEFAULT_FORMAT, Format
from lawrec.decision.calibration import calibrated
from lawrec.decision.decision_rule import decide
from lawrec.evaluation.report import EvaluationReport, Judged, compare, figures_of, per_article
from lawrec.files import replaced, write_json
from lawrec.inference.score_cases import score_file
from lawrec.progress import Progress, silent
from lawrec.runs.leakage import refuse_same_cases, split_path, trained_on
from lawrec.runs.results import Evaluated, LabelledCases, ScoredCases
from lawrec.runs.run import Run
from lawrec.runs.thresholds_file import load_tuned, widened
from lawrec.text_files import digest_at


def evaluate_run(
    run: Run,
    split: str = "test",
    *,
    path: Path | None = None,
    form: Format = DEFAULT_FORMAT,
    skip_bad: bool = False,
    others: Sequence[Run] = (),
    progress: Progress = silent,
) -> Evaluated:
    """Evaluate a run with its thresholds.

    Args:
        run: A trained and tuned run.
        split: The split to evaluate on.
        path: Labelled cases to evaluate on instead.
        form: How the cases of `path` are written; the run's own are read as it read them.
        skip_bad: Leave out lines that cannot be used.
        others: Trained and tuned runs to compare it with on the same cases.
        progress: Told of every chunk of cases.

    Raises:
        CaseError: The file cannot be used, or training or tuning of one of the runs used it.
        RunError: A run has no checkpoint or no thresholds.
    """
    name = re.sub(r"[*?\[\]]+", "_", path.stem) if path else split
    if not path:
        path, form = split_path(run, split), run.source.form
    cases = LabelledCases(path, digest_at(path), form, skip_bad)
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
    )
    return Evaluated(run, name, cases, scored, judged, report)


def save_evaluation(evaluated: Evaluated) -> None:
    """Write the figures, and a table with a row per article, into the run's folder."""
    prefix = evaluated.run.folder / f"evaluation-{evaluated.name}"
    write_json(prefix.with_name(f"{prefix.name}.json"), evaluated.report.to_dict())
    with replaced(prefix.with_name(f"{prefix.name}.csv")) as temporary:
        pd.DataFrame(per_article(evaluated.judged)).to_csv(temporary, index=False)


def _judged(run: Run, cases: LabelledCases, progress: Progress) -> tuple[ScoredCases, Judged]:
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
