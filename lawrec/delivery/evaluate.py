"""Evaluate: a run on cases that neither training nor tuning saw, beside trivial answers."""

import re
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from lawrec.corpus.readers import DEFAULT_FORMAT, Format
from lawrec.corpus.streams import digest_at
from lawrec.decision import metrics
from lawrec.decision.cuts import Cuts, decide
from lawrec.delivery.cail import CailFile, CailVerdict, write_answers
from lawrec.delivery.tune import refuse_same_cases, split_path, trained_on
from lawrec.delivery.tuned import load_tuned, widened
from lawrec.files import replaced, write_json
from lawrec.network.checkpoint import Run
from lawrec.network.scoring import ScoredCases, score_file
from lawrec.progress import Progress, silent

MODEL, FREQUENT, NOTHING = "this run", "always the most frequent article", "no article"


@dataclass(frozen=True)
class EvaluationReport:
    """The figures of the run and of two trivial answers on the same cases."""

    run: str
    path: str
    cases: int
    skipped: int
    articles: int
    unknown_articles: tuple[str, ...]
    answers: dict[str, dict[str, float]]
    cail_judge: CailVerdict | None = None


def evaluate_run(
    run: Run,
    split: str = "test",
    path: Path | None = None,
    form: Format = DEFAULT_FORMAT,
    skip_bad: bool = False,
    progress: Progress = silent,
    cail: CailFile | None = None,
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

    Raises:
        CaseError: The file cannot be used, or training or tuning used it.
        RunError: The run has no checkpoint or no thresholds.
    """
    tuned = load_tuned(run)
    name = re.sub(r"[*?\[\]]+", "_", path.stem) if path else split
    if not path:
        path, form = split_path(run, split), run.source.form
    used = {**trained_on(run), "tune": (tuned.tuned_on,)}
    refuse_same_cases(path, digest_at(path), "evaluate", used)
    scored = score_file(run, path, form, skip_bad, progress)
    cuts = widened(tuned.cuts, len(scored.articles))
    y_pred = decide(scored.y_score, cuts)
    report = EvaluationReport(
        run=run.folder.name,
        path=str(path),
        cases=len(scored.case_ids),
        skipped=scored.skipped,
        articles=len(scored.articles),
        unknown_articles=scored.articles[len(run.articles) :],
        answers={
            MODEL: _figures(scored, y_pred),
            FREQUENT: _figures(scored, _always(scored, run.label_counts)),
            NOTHING: _figures(scored, np.zeros_like(scored.y_true)),
        },
        cail_judge=write_answers(cail, scored, y_pred) if cail else None,
    )
    write_json(run.folder / f"evaluation-{name}.json", asdict(report))
    with replaced(run.folder / f"evaluation-{name}.csv") as temporary:
        per_article(scored, y_pred, cuts).to_csv(temporary, index=False)
    return report


def per_article(scored: ScoredCases, y_pred: npt.NDArray[np.bool_], cuts: Cuts) -> pd.DataFrame:
    """Return a row an article: support, counts, precision, recall, F1 and threshold."""
    counts = metrics.count(scored.y_true, y_pred, scored.known)
    return pd.DataFrame(
        {
            "article": scored.articles,
            "support": counts.support,
            "tp": counts.tp,
            "fp": counts.fp,
            "fn": counts.fn,
            "precision": counts.tp / np.maximum(counts.tp + counts.fp, 1),
            "recall": counts.tp / np.maximum(counts.support, 1),
            "f1": metrics.f1(counts),
            "threshold": cuts.thresholds,
        }
    )


def _figures(scored: ScoredCases, y_pred: npt.NDArray[np.bool_]) -> dict[str, float]:
    return metrics.evaluate(scored.y_true, y_pred, scored.known)


def _always(scored: ScoredCases, label_counts: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    y_pred = np.zeros_like(scored.y_true)
    y_pred[:, int(np.argmax(label_counts))] = True
    return y_pred
