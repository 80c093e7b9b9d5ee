"""Tune: choose a run's thresholds on its valid cases, and keep them in the run."""

from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from lawrec.config import DecisionConfig
from lawrec.corpus.cases import Case, read_cases
from lawrec.corpus.readers import DEFAULT_FORMAT, Format
from lawrec.corpus.streams import digest_at
from lawrec.decision.cocitation import Companions, companions
from lawrec.decision.crossfit import Compared, check_choices, choose, intervals
from lawrec.decision.curves import Bools, Floats
from lawrec.decision.cuts import Cuts, abstained, decide
from lawrec.decision.guarantee import guaranteed_cut
from lawrec.decision.metrics import evaluate
from lawrec.decision.thresholds import RARE, Labelled, tune
from lawrec.delivery.tuned import (
    THRESHOLDS,
    companion_values,
    decision_values,
    finite,
    widened,
)
from lawrec.errors import CaseError, RunError
from lawrec.files import write_json
from lawrec.network.checkpoint import Run, SplitFile
from lawrec.network.scoring import ScoredCases, score_file
from lawrec.progress import Progress, silent


@dataclass(frozen=True)
class Promise:
    """What a guarantee costs on the cases that it was made with."""

    level: float
    score: float  # from which on articles are listed
    articles: float  # of a list, on average
    abstained: float  # share of cases


@dataclass(frozen=True)
class Tuning:
    """What was tuned, on what, and how well it does on just those cases.

    `compared` has the strategies by cross-validation, the best first, if one was to be found.
    `support` counts the true cases of each article there, `bounds` (n_articles, 2) says between
    which cuts the article's own best one lies.
    """

    strategy: str
    objective: str
    path: Path
    sha256: str
    cases: int
    cuts: Cuts
    support: npt.NDArray[np.int64]
    bounds: Floats
    figures: dict[str, float]
    compared: tuple[Compared, ...]
    promise: Promise | None


def valid_figures(y_true: Bools, y_score: Floats, known: Bools) -> dict[str, float]:
    """Return the figures of scores under the best single cut, for watching training."""
    config = DecisionConfig(strategy="global", objective="micro_f1")
    cuts = tune(Labelled(y_true, y_score, _unless_all(known)), config)
    return evaluate(y_true, decide(y_score, cuts), known)


def tune_run(
    run: Run,
    config: DecisionConfig | None = None,
    path: Path | None = None,
    form: Format = DEFAULT_FORMAT,
    skip_bad: bool = False,
    progress: Progress = silent,
) -> Tuning:
    """Choose the thresholds of a run and write them to its `thresholds.json`.

    Args:
        run: A trained run.
        config: How to choose, by default as the run's configuration says.
        path: Labelled cases, by default the run's own valid split.
        form: How the cases of `path` are written; the run's own are read as it read them.
        skip_bad: Leave out lines that cannot be used.
        progress: Told of every chunk of cases, and of the folds of a comparison.

    Raises:
        CaseError: The file cannot be used, or it is the train split.
        ConfigError: A setting is unknown, or these cases cannot keep the guarantee.
        RunError: The run has no checkpoint.
    """
    config = config or run.config.decision
    check_choices(config)
    if not path:
        path, form = split_path(run, "valid"), run.source.form
    digest = digest_at(path)
    refuse_same_cases(path, digest, "tune", trained_on(run))
    costs = _costs(config, run.articles.names)
    together = _train_companions(run)
    scored = score_file(run, path, form, skip_bad, progress)
    everything = Labelled(scored.y_true, scored.y_score, _unless_all(scored.known))
    own = everything.articles(np.s_[: len(run.articles)])
    cases = replace(own, costs=costs, trained=np.array(run.label_counts))

    def told(done: int, total: int) -> None:
        progress("compare strategies", done, total)

    strategy, cuts, compared = choose(cases, config, told)
    cuts = replace(cuts, calibration=cases.calibration(config.calibration))
    if config.guarantee:
        cuts = replace(cuts, guarantee=guaranteed_cut(everything, config))
    y_pred = decide(scored.y_score, widened(cuts, len(scored.articles)))
    tuning = Tuning(
        strategy=strategy,
        objective=config.objective,
        path=path,
        sha256=digest,
        cases=len(scored.case_ids),
        cuts=cuts,
        support=cases.support,
        bounds=intervals(cases, config),
        figures=evaluate(scored.y_true, y_pred, scored.known),
        compared=tuple(compared),
        promise=_promise(scored, cuts, config),
    )
    _save(run, tuning, together)
    return tuning


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


def _unless_all(known: Bools) -> Bools | None:
    return None if known.all() else known


def _promise(scored: ScoredCases, cuts: Cuts, config: DecisionConfig) -> Promise | None:
    if not config.guarantee:
        return None
    listed = (scored.y_score >= cuts.guarantee).sum(axis=1)
    return Promise(
        level=config.guarantee,
        score=cuts.guarantee,
        articles=float(listed.mean()),
        abstained=float(abstained(scored.y_score, cuts).mean()),
    )


def _costs(config: DecisionConfig, names: tuple[str, ...]) -> npt.NDArray[np.float64] | None:
    """Return what a miss and a false article cost for each article, as the file of costs says."""
    if not config.costs:
        return None
    try:
        table = pd.read_csv(config.costs, dtype={"article": str}).set_index("article")
        given = table[["miss", "false"]].astype(np.float64)
        if not given.index.is_unique or not (np.isfinite(given) & (given >= 0)).all(axis=None):
            raise ValueError("an article twice, or a cost that is no number from 0 on")
    except (OSError, ValueError, KeyError) as error:
        raise CaseError(
            config.costs,
            "the costs must be a CSV file with the columns article, miss and false",
            f"{type(error).__name__}: {error}",
            "Mend it, or leave decision.costs empty.",
        ) from error
    default = pd.Series({"miss": config.miss_cost, "false": config.false_cost})
    costs: npt.NDArray[np.float64] = given.reindex(list(names)).fillna(default).to_numpy()
    return costs


def _train_companions(run: Run) -> Companions:
    """Return which articles stand together in the train cases, if these are still there."""
    try:
        path = split_path(run, "train")
    except (CaseError, RunError):
        return Companions({}, {})
    column = {name: place for place, name in enumerate(run.articles.names)}
    together = np.zeros((len(column), len(column)), np.int64)
    cases = 0
    for case in read_cases(path, form=run.source.form):
        if isinstance(case, Case):
            labels = [column[name] for name in set(case.articles) if name in column]
            cases += 1
            for one, other in product(labels, labels):
                together[one, other] += 1
    return companions(together, cases)


def _save(run: Run, tuning: Tuning, together: Companions) -> None:
    cuts = tuning.cuts
    groups = cuts.calibration.groups if cuts.calibration else (0,) * len(run.articles)
    lines = zip(
        run.articles.names, cuts.thresholds, tuning.bounds, tuning.support, groups, strict=True
    )
    write_json(
        run.folder / THRESHOLDS,
        {
            "strategy": tuning.strategy,
            "objective": tuning.objective,
            **decision_values(cuts),
            "guarantee": vars(tuning.promise) if tuning.promise else None,
            "tuned_on": {"path": str(tuning.path), "sha256": tuning.sha256, "cases": tuning.cases},
            "figures": tuning.figures,
            "compared": [vars(entry) for entry in tuning.compared],
            "companions": companion_values(together, run.articles.names),
            "articles": [
                {
                    "article": name,
                    "threshold": finite(cut),
                    "low": finite(low),
                    "high": finite(high),
                    "support": int(support),
                    "reliable": bool(support >= RARE),
                    "group": group,
                }
                for name, cut, (low, high), support, group in lines
            ],
        },
    )
