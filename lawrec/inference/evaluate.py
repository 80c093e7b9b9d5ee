"""Evaluate a run on cases that neither its training nor its tuning used, against other runs."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from lawrec.corpus.readers import DEFAULT_FORMAT, CaseFormat
from lawrec.corpus.splits import split_name
from lawrec.decision.calibration import calibrate
from lawrec.decision.decision_rule import decide
from lawrec.evaluation.report import RunPredictions, evaluate_predictions, metrics_per_article
from lawrec.inference.engines import AUTO_ENGINE, EngineChoice
from lawrec.inference.score_cases import score_labelled_cases
from lawrec.progress import SILENT, Progress
from lawrec.runs.find_checkpoint import best_checkpoint
from lawrec.runs.labelled_cases import LabelledCases, labelled_cases
from lawrec.runs.leakage import refuse_same_cases, split_path
from lawrec.runs.ranker_file import load_ranker
from lawrec.runs.results import EvaluationResult, ScoredCases
from lawrec.runs.run import Run
from lawrec.runs.thresholds_file import extend_rule, load_thresholds
from lawrec.storage.files import CSV_ENCODING, atomic_file, write_json
from lawrec.text import table_cell


def evaluate_run(
    run: Run,
    cases: str | Path = "test",
    *,
    case_format: CaseFormat = DEFAULT_FORMAT,
    skip_bad: bool = False,
    others: Sequence[Run] = (),
    engine: EngineChoice = AUTO_ENGINE,
    progress: Progress = SILENT,
) -> EvaluationResult:
    """Evaluate a run with its tuned thresholds.

    Args:
        run: A trained and tuned run.
        cases: The name of the split to evaluate on, or the path of other labelled cases.
        case_format: How the cases of a path are written. A split is read as in training.
        skip_bad: Whether to leave out lines that cannot be used.
        others: Trained and tuned runs to compare with `run` on the same cases.
        engine: What computes the networks.
        progress: Is updated after every chunk of scored cases.

    Raises:
        CaseError: The file cannot be used, or one of the runs was trained or tuned on it.
        RunError: A run has no checkpoint or no thresholds.

    Example:
        >>> run = find_run(Path("checkpoints"), None)  # doctest: +SKIP
        >>> evaluate_run(run).report.metrics["micro_f1"]  # doctest: +SKIP
        0.8123
    """
    if isinstance(cases, Path):
        name, path = f"data-{split_name(cases)}", cases
    else:
        name, path, case_format = cases, split_path(run, cases), run.dataset.case_format
    labelled = labelled_cases([run, *others], path, case_format=case_format, skip_bad=skip_bad)
    scored, predictions = _predict(run, labelled, engine=engine, progress=progress)
    if not scored.y_true[:, : len(run.articles)].any():
        progress.message(
            f"{path}: no case cites an article that the run knows, so that the metrics say little "
            "about it."
        )
    report = evaluate_predictions(
        predictions,
        [_predict(other, labelled, engine=engine, progress=progress)[1] for other in others],
        path=str(path),
        drawn_from=scored.drawn_from,
        skipped=scored.skipped,
        trained=scored.trained,
        unknown_articles=scored.articles[len(run.articles) :],
    )
    ranker = load_ranker(run)
    if ranker and ranker.second_stage:
        report = replace(report, feature_importances=ranker.importances)
    return EvaluationResult(run, name, labelled, scored, predictions, report)


def save_evaluation(evaluated: EvaluationResult, progress: Progress = SILENT) -> None:
    """Write evaluation-NAME.json, the report, and evaluation-NAME.csv, a row per article.

    Where the folder of the run cannot be written to, or is a bundle, a message says that they are
    not kept.

    Example:
        >>> save_evaluation(evaluate_run(run))  # doctest: +SKIP
        >>> (run.folder / "evaluation-test.json").is_file()  # doctest: +SKIP
        True
    """
    folder, stem = evaluated.run.folder, f"evaluation-{evaluated.name}"
    if bundle := evaluated.run.bundle:
        progress.message(f"{bundle}: the evaluation is not kept there (it is a bundle).")
        return
    try:
        write_json(folder / f"{stem}.json", evaluated.report.to_dict())
        with atomic_file(folder / f"{stem}.csv") as temporary:
            table = pd.DataFrame(metrics_per_article(evaluated.predictions)).map(table_cell)
            table.to_csv(temporary, index=False, encoding=CSV_ENCODING, errors="backslashreplace")
    except OSError as error:
        progress.message(f"{folder}: the evaluation is not kept there ({error.strerror}).")


def _predict(
    run: Run, cases: LabelledCases, *, engine: EngineChoice, progress: Progress
) -> tuple[ScoredCases, RunPredictions]:
    """Return the scores of a run for the cases, and the lists by its thresholds."""
    checkpoint = best_checkpoint(run, progress)
    tuned = load_thresholds(run, checkpoint)
    refuse_same_cases(
        run, cases.path, digest=cases.sha256, purpose="evaluate", tuned_on=tuned.tuned_on
    )
    scored = score_labelled_cases(
        run, cases, checkpoint=checkpoint, engine=engine, progress=progress
    )
    rule = extend_rule(tuned.rule, len(scored.articles))
    n_unknown = len(scored.articles) - len(run.label_counts)
    return scored, RunPredictions(
        run=run.folder.name,
        articles=scored.articles,
        y_true=scored.y_true,
        y_score=scored.y_score,
        y_prob=calibrate(scored.y_score, rule.calibration) if rule.calibration else scored.y_score,
        y_pred=decide(scored.y_score, rule),
        known=scored.known,
        thresholds=rule.thresholds,
        train_support=np.pad(np.array(run.label_counts, np.int64), (0, n_unknown)),
    )
