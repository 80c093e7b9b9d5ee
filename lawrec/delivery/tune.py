"""Tune: choose a run's thresholds on its valid cases, and keep them in the run."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lawrec.config import DecisionConfig
from lawrec.corpus.readers import DEFAULT_FORMAT, Format
from lawrec.corpus.streams import digest_at
from lawrec.decision.metrics import evaluate
from lawrec.decision.thresholds import NEVER, Bools, Cuts, Floats, decide, tune
from lawrec.errors import CaseError, RunError
from lawrec.files import write_json
from lawrec.network.checkpoint import Run, SplitFile
from lawrec.network.scoring import score_file
from lawrec.progress import Progress, silent

THRESHOLDS = "thresholds.json"


@dataclass(frozen=True)
class Tuning:
    """What was tuned, on what, and how well it does on just those cases."""

    strategy: str
    path: Path
    sha256: str
    cases: int
    seen: int  # articles with a true case there
    cuts: Cuts
    figures: dict[str, float]


def valid_figures(y_true: Bools, y_score: Floats, known: Bools) -> dict[str, float]:
    """Return the figures of scores under the best single cut, for watching training."""
    cuts = tune(y_true, y_score, DecisionConfig(strategy="global"), known)
    return evaluate(y_true, decide(y_score, cuts), known)


def tune_run(
    run: Run,
    strategy: str | None = None,
    path: Path | None = None,
    form: Format = DEFAULT_FORMAT,
    skip_bad: bool = False,
    progress: Progress = silent,
) -> Tuning:
    """Choose the thresholds of a run and write them to its `thresholds.json`.

    Args:
        run: A trained run.
        strategy: A key of `STRATEGIES`, by default that of the run's configuration.
        path: Labelled cases, by default the run's own valid split.
        form: How the cases of `path` are written; the run's own are read as it read them.
        skip_bad: Leave out lines that cannot be used.
        progress: Told of every chunk of cases.

    Raises:
        CaseError: The file cannot be used, or it is the train split.
        RunError: The run has no checkpoint.
    """
    config = run.config.decision
    config = replace(config, strategy=strategy or config.strategy)
    if not path:
        path, form = split_path(run, "valid"), run.source.form
    digest = digest_at(path)
    refuse_same_cases(path, digest, "tune", trained_on(run))
    scored = score_file(run, path, form, skip_bad, progress)
    own = np.s_[:, : len(run.articles)]
    cuts = tune(scored.y_true[own], scored.y_score[own], config, scored.known[own])
    y_pred = decide(scored.y_score, widened(cuts, len(scored.articles)))
    support = (scored.y_true & scored.known).sum(axis=0)
    tuning = Tuning(
        strategy=config.strategy,
        path=path,
        sha256=digest,
        cases=len(scored.case_ids),
        seen=int((support[own[1]] > 0).sum()),
        cuts=cuts,
        figures=evaluate(scored.y_true, y_pred, scored.known),
    )
    _save(run, tuning, support.tolist())
    return tuning


def load_cuts(run: Run) -> tuple[Cuts, str]:
    """Return a run's cuts, and the SHA-256 of the cases that they were tuned on.

    Raises:
        RunError: The run has no thresholds, or they are not readable or of other articles.
    """
    path = run.folder / THRESHOLDS
    if not path.is_file():
        raise RunError(
            run.folder,
            "the run must have thresholds",
            f"no {THRESHOLDS}",
            "Run `lawrec tune-thresholds` first.",
        )
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        of_article = {line["article"]: line["threshold"] for line in values["articles"]}
        thresholds = [of_article[name] for name in run.articles.names]
        cuts = Cuts(
            np.array([NEVER if cut is None else cut for cut in thresholds], np.float32),
            int(values["min_articles"]),
            int(values["max_articles"]),
            float(values["fill_score"]),
        )
        return cuts, str(values["tuned_on"]["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            path,
            "the thresholds must be those of this run",
            f"{type(error).__name__}: {error}",
            "Run `lawrec tune-thresholds` again.",
        ) from error


def split_path(run: Run, split: str) -> Path:
    """Return where the cases of a run's split are.

    Raises:
        RunError: The run's data has no such split.
        CaseError: They are gone, or changed since the run was trained.
    """
    if split not in run.splits:
        raise RunError(
            run.folder,
            f"the run's data must have a {split} split",
            f"only {', '.join(run.splits)}",
            "Name a file of labelled cases with --data.",
        )
    source = run.splits[split]
    if change := _change_of(source):
        raise CaseError(
            source.path,
            f"the {split} cases must be as they were when the run was trained",
            change,
            "Restore them, or name other labelled cases with --data.",
        )
    return source.path


def _change_of(source: SplitFile) -> str:
    """Return what happened to a split's cases since, if anything."""
    try:
        return "" if digest_at(source.path) == source.sha256 else "changed cases"
    except CaseError as error:
        return error.got


def trained_on(run: Run) -> dict[str, tuple[str, ...]]:
    """Return the SHA-256 of the cases that a run was trained on, by their use."""
    charged = (run.splits["charged"].sha256,) if "charged" in run.splits else ()
    return {"train": run.trained_on, "train the charges": charged}


def refuse_same_cases(
    path: Path, digest: str, purpose: str, used: dict[str, tuple[str, ...]]
) -> None:
    """Raise CaseError when a file has the SHA-256 of cases that the run has used already."""
    for use, known in used.items():
        if digest in known:
            raise CaseError(
                path,
                f"to {purpose}, the cases must differ from those used to {use}",
                "the same file",
                "Take cases that the run has not seen.",
            )


def widened(cuts: Cuts, n_articles: int) -> Cuts:
    """Return the cuts for more columns, which never fire."""
    extra = np.full(n_articles - len(cuts.thresholds), NEVER, np.float32)
    return replace(cuts, thresholds=np.append(cuts.thresholds, extra))


def _save(run: Run, tuning: Tuning, support: list[int]) -> None:
    cuts = [None if cut == NEVER else float(cut) for cut in tuning.cuts.thresholds]
    lines = zip(run.articles.names, cuts, support, strict=False)
    write_json(
        run.folder / THRESHOLDS,
        {
            "strategy": tuning.strategy,
            "fill_score": tuning.cuts.fill_score,
            "min_articles": tuning.cuts.min_articles,
            "max_articles": tuning.cuts.max_articles,
            "tuned_on": {"path": str(tuning.path), "sha256": tuning.sha256, "cases": tuning.cases},
            "figures": tuning.figures,
            "articles": [
                {"article": name, "threshold": cut, "support": cases} for name, cut, cases in lines
            ],
        },
    )
