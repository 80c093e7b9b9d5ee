"""Tune: choose a run's thresholds on its valid cases, and keep them in the run."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from lawrec.config import DecisionConfig
from lawrec.corpus.cases import Case, read_cases
from lawrec.corpus.readers import DEFAULT_FORMAT, CaseFormat
from lawrec.decision.co_citation import CoCitations, companions
from lawrec.decision.conformal import guaranteed_cut
from lawrec.decision.cross_fitting import check_choices, choose, intervals
from lawrec.decision.decision_rule import DecisionRule, abstained, decide
from lawrec.decision.tuning_cases import RARE, TuningCases
from lawrec.errors import CaseError, RunError
from lawrec.evaluation.metrics import evaluate
from lawrec.files import write_json
from lawrec.inference.score_cases import score_file
from lawrec.progress import SILENT, Progress
from lawrec.runs.leakage import refuse_same_cases, split_path, trained_on
from lawrec.runs.results import GuaranteeCost, ScoredCases, TuningResult
from lawrec.runs.run import Run
from lawrec.runs.thresholds_file import (
    THRESHOLDS,
    companion_values,
    decision_values,
    extend_rule,
    finite,
)
from lawrec.text_files import content_digest
from lawrec.types import Float64Array


def tune_run(
    run: Run,
    config: DecisionConfig | None = None,
    *,
    path: Path | None = None,
    case_format: CaseFormat = DEFAULT_FORMAT,
    skip_bad: bool = False,
    progress: Progress = SILENT,
) -> TuningResult:
    """Choose the thresholds of a run and write them to its `thresholds.json`.

    Args:
        run: A trained run.
        config: How to choose, by default as the run's configuration says.
        path: Labelled cases, by default the run's own valid split.
        case_format: How the cases of `path` are written; the run's own are read as it read them.
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
        path, case_format = split_path(run, "valid"), run.dataset.case_format
    digest = content_digest(path)
    refuse_same_cases(path, digest, purpose="tune", used=trained_on(run))
    costs = _costs(config, run.articles.names)
    together = _train_companions(run)
    scored = score_file(run, path, case_format=case_format, skip_bad=skip_bad, progress=progress)
    everything = TuningCases(
        scored.y_true, scored.y_score, None if scored.known.all() else scored.known
    )
    own = everything.articles(np.s_[: len(run.articles)])
    cases = replace(own, costs=costs, trained=np.array(run.label_counts))

    def told(done: int, total: int) -> None:
        progress.update("compare strategies", done, total)

    strategy, rule, compared = choose(cases, config, told=told)
    rule = replace(rule, calibration=cases.calibration(config.calibration))
    if config.coverage:
        rule = replace(rule, guarantee=guaranteed_cut(everything, config))
    y_pred = decide(scored.y_score, extend_rule(rule, len(scored.articles)))
    tuning = TuningResult(
        strategy=strategy,
        objective=config.objective,
        path=path,
        sha256=digest,
        cases=len(scored.case_ids),
        rule=rule,
        support=cases.support,
        bounds=intervals(cases, config),
        figures=evaluate(scored.y_true, y_pred, scored.known),
        compared=tuple(compared),
        promise=_promise(scored, rule, config=config),
    )
    _save(run, tuning, together=together)
    return tuning


def _promise(
    scored: ScoredCases, rule: DecisionRule, *, config: DecisionConfig
) -> GuaranteeCost | None:
    if not config.coverage:
        return None
    listed = (scored.y_score >= rule.guarantee).sum(axis=1)
    return GuaranteeCost(
        level=config.coverage,
        score=rule.guarantee,
        articles=float(listed.mean()),
        abstained=float(abstained(scored.y_score, rule).mean()),
    )


def _costs(config: DecisionConfig, names: tuple[str, ...]) -> Float64Array | None:
    """Return what a miss and a false article cost for each article, as the file of costs says."""
    if not config.costs_file:
        return None
    try:
        table = pd.read_csv(config.costs_file, dtype={"article": str}).set_index("article")
        given = table[["miss", "false"]].astype(np.float64)
        if not given.index.is_unique or not (np.isfinite(given) & (given >= 0)).all(axis=None):
            raise ValueError("an article twice, or a cost that is no number from 0 on")
    except (OSError, ValueError, KeyError) as error:
        raise CaseError(
            config.costs_file,
            expected="the costs must be a CSV file with the columns article, miss and false",
            got=f"{type(error).__name__}: {error}",
            todo="Mend it, or leave decision.costs_file empty.",
        ) from error
    default = pd.Series({"miss": config.miss_cost, "false": config.false_cost})
    costs: Float64Array = given.reindex(list(names)).fillna(default).to_numpy()
    return costs


def _train_companions(run: Run) -> CoCitations:
    """Return which articles stand together in the train cases, if these are still there."""
    try:
        path = split_path(run, "train")
    except (CaseError, RunError):
        return CoCitations({}, {})
    column = {name: place for place, name in enumerate(run.articles.names)}
    together = np.zeros((len(column), len(column)), np.int64)
    cases = 0
    for case in read_cases(path, case_format=run.dataset.case_format):
        if isinstance(case, Case):
            labels = [column[name] for name in set(case.articles) if name in column]
            cases += 1
            for one, other in product(labels, labels):
                together[one, other] += 1
    return companions(together, cases)


def _save(run: Run, tuning: TuningResult, *, together: CoCitations) -> None:
    rule = tuning.rule
    groups = rule.calibration.groups if rule.calibration else (0,) * len(run.articles)
    lines = zip(
        run.articles.names, rule.thresholds, tuning.bounds, tuning.support, groups, strict=True
    )
    write_json(
        run.folder / THRESHOLDS,
        {
            "strategy": tuning.strategy,
            "objective": tuning.objective,
            **decision_values(rule),
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
