"""Tune: choose a run's thresholds on labelled cases, and store them in the run."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from lawrec.config import DecisionConfig
from lawrec.corpus.cases import Case, read_cases
from lawrec.corpus.label_check import labels_known_to_run
from lawrec.corpus.readers import CaseFormat
from lawrec.corpus.vocabulary import name_matrix
from lawrec.decision.co_citation import CoCitations, find_co_citations
from lawrec.decision.conformal import conformal_threshold
from lawrec.decision.cross_fitting import check_choices, choose_rule, threshold_intervals
from lawrec.decision.decision_rule import DecisionRule, abstained, decide
from lawrec.decision.score_order import round_scores
from lawrec.decision.tuning_cases import TuningCases
from lawrec.errors import CaseError, RunError, quoted
from lawrec.evaluation.metrics import evaluate
from lawrec.inference.engines import AUTO_ENGINE, EngineChoice
from lawrec.inference.score_cases import join_cases, score_labelled_cases
from lawrec.iterables import batched
from lawrec.law.articles import article_name
from lawrec.progress import SILENT, Progress
from lawrec.registry import lookup
from lawrec.runs.find_checkpoint import best_checkpoint
from lawrec.runs.labelled_cases import LabelledCases, labelled_cases
from lawrec.runs.leakage import refuse_same_cases, split_path
from lawrec.runs.out_of_fold_file import load_out_of_fold_scores
from lawrec.runs.results import FeedbackEffect, GuaranteeCost, ScoredCases, TuningResult
from lawrec.runs.run import Run
from lawrec.runs.thresholds_file import extend_rule, load_thresholds, save_thresholds
from lawrec.storage.files import check_writable
from lawrec.translation import marked
from lawrec.types import Float64Array

_SPLITS = {"valid": "valid", "out-of-fold": "train"}
"""The split of each value of decision.tune_on."""


def tune_run(
    run: Run,
    config: DecisionConfig | None = None,
    *,
    data: tuple[Path, CaseFormat] | None = None,
    skip_bad: bool = False,
    feedback: Path | None = None,
    engine: EngineChoice = AUTO_ENGINE,
    progress: Progress = SILENT,
) -> TuningResult:
    """Choose the thresholds of a run and write them to its `thresholds.json`.

    Args:
        run: A trained run.
        config: How to choose; by default, as the run's configuration says.
        data: A file of labelled cases and how they are written; by default, `decision.tune_on`
            says which. The run's own valid split is read as it was for its training.
        skip_bad: Leave out lines that cannot be used.
        feedback: Cases that `lawrec serve --feedback` has kept, to be used as well: of each fact,
            the last one.
        engine: What computes the network.
        progress: Updated after each chunk of cases, and after each fold of a comparison.

    Raises:
        CaseError: A file cannot be used, or it is the train split, or both are the same.
        ConfigError: A setting is unknown, or these cases are too few for the guarantee.
        RunError: The run has no checkpoint, or no scores out of fold.
        OSError: The folder of the run cannot be written to; raised before anything is computed.

    Example:
        >>> tune_run(find_run(Path("checkpoints"), None)).strategy  # doctest: +SKIP
        'per_article'
    """
    config = config or run.config.decision
    check_choices(config)
    check_writable(run.folder)
    source = _source(run, config, data=data, skip_bad=skip_bad)
    file = source or run.splits["train"]
    kept = None
    if feedback:
        kept = labelled_cases([run], feedback, skip_bad=skip_bad, last_of_fact=True)
        refuse_same_cases(
            run, kept.path, digest=kept.sha256, purpose="tune", tuned_on=(file.sha256,)
        )
    costs = _read_costs(config, run.articles.names)
    co_citations = _train_co_citations(run)
    checkpoint = best_checkpoint(run, progress)
    score = partial(
        score_labelled_cases, run, checkpoint=checkpoint, engine=engine, progress=progress
    )
    tuned = _rounded(score(source) if source else _out_of_fold_cases(run))
    judged = _rounded(score(kept)) if kept else None
    scored = join_cases(tuned, judged) if judged else tuned
    known = None if scored.known.all() else scored.known
    all_cases = TuningCases(scored.y_true, scored.y_score, known)
    own = all_cases.restrict_to_articles(np.s_[: len(run.articles)])
    if not own.y_true.any():
        raise CaseError(
            file.path,
            expected="the cases must cite articles that the run knows",
            got="none that does",
            todo="Tune on cases like those that it was trained on.",
        )
    cases = replace(own, costs=costs, train_support=np.array(run.label_counts))
    on_fold_done = partial(progress.update, marked("compare strategies"))
    strategy, rule, compared = choose_rule(cases, config, on_fold_done=on_fold_done)
    rule = replace(rule, calibration=cases.fit_calibration(config.calibration))
    guarantee = None
    if config.coverage:
        rule = replace(rule, guarantee=conformal_threshold(all_cases, config))
        guarantee = _guarantee_cost(all_cases, rule, coverage=config.coverage)
    y_pred = decide(all_cases.y_score, extend_rule(rule, len(scored.articles)))
    effect = None
    if kept and judged:
        effect = _feedback_effect(run, checkpoint, kept=kept, judged=judged, rule=rule)
    tuning = TuningResult(
        strategy=strategy,
        objective=config.objective,
        path=file.path,
        sha256=file.sha256,
        cases=len(tuned),
        drawn_from=tuned.drawn_from,
        rule=rule,
        support=cases.support,
        intervals=threshold_intervals(cases, config),
        metrics=evaluate(scored.y_true, y_pred, scored.known),
        compared=tuple(compared),
        guarantee=guarantee,
        feedback=effect,
        out_of_fold=source is None,
        skipped=tuned.skipped,
        trained=tuned.trained,
    )
    save_thresholds(run, tuning, co_citations=co_citations, checkpoint=checkpoint)
    return tuning


def _source(
    run: Run, config: DecisionConfig, *, data: tuple[Path, CaseFormat] | None, skip_bad: bool
) -> LabelledCases | None:
    """Return the cases to tune on; None for the train cases, whose scores out of fold are kept."""
    if data:
        path, case_format = data
        source = labelled_cases([run], path, case_format=case_format, skip_bad=skip_bad)
        refuse_same_cases(run, path, digest=source.sha256, purpose="tune")
        return source
    split = lookup(_SPLITS, config.tune_on, where="decision.tune_on")
    if split == "train" or split not in run.splits:
        return None
    own = split_path(run, split), run.dataset.case_format
    return _source(run, config, data=own, skip_bad=skip_bad)


def _out_of_fold_cases(run: Run) -> ScoredCases:
    scores = load_out_of_fold_scores(run)
    n_cases = len(scores.y_true)
    return ScoredCases(
        articles=run.articles.names,
        y_true=scores.y_true,
        y_score=scores.y_score,
        known=scores.known,
        skipped=0,
        positions=np.arange(n_cases),
        drawn_from=n_cases,
    )


def _rounded(scored: ScoredCases) -> ScoredCases:
    """Return cases with rounded scores in place of their own, which are not needed any more."""
    return replace(scored, y_score=round_scores(scored.y_score))


def _feedback_effect(
    run: Run, checkpoint: str, *, kept: LabelledCases, judged: ScoredCases, rule: DecisionRule
) -> FeedbackEffect:
    """Return how the lists of the cases of feedback change from the run's thresholds to a rule."""

    def metrics(rule: DecisionRule) -> dict[str, float]:
        y_pred = decide(judged.y_score, extend_rule(rule, len(judged.articles)))
        return evaluate(judged.y_true, y_pred, judged.known)

    try:
        before = metrics(load_thresholds(run, checkpoint).rule)
    except RunError:  # it has none yet, or some that were tuned for another checkpoint
        before = None
    return FeedbackEffect(kept.path, kept.sha256, len(judged), before, after=metrics(rule))


def _guarantee_cost(cases: TuningCases, rule: DecisionRule, *, coverage: float) -> GuaranteeCost:
    """Return how long the lists of the guarantee are, and how many cases it leaves to a person."""
    n_listed = (cases.y_score >= rule.guarantee).sum(axis=1)
    return GuaranteeCost(
        coverage=coverage,
        score=rule.guarantee,
        articles_per_case=float(n_listed.mean()),
        abstained=float(abstained(cases.y_score, rule).mean()),
    )


def _read_costs(config: DecisionConfig, names: tuple[str, ...]) -> Float64Array | None:
    """Return the costs of a miss and of a mistake per article, (n_articles, 2); None without file.

    Articles that the file does not list have the costs of the configuration.
    """
    if not config.costs_file:
        return None
    try:
        with Path(config.costs_file).open("rb") as file:  # a name, pandas would take for a URL
            table = pd.read_csv(file, dtype={"article": str})
        if not isinstance(table.index, pd.RangeIndex):  # pandas takes the first field for a name
            raise ValueError("a row has more fields than the first line")
        table.index = pd.Index(map(article_name, table["article"]))
        if unknown := labels_known_to_run(names).unknown(table.index):
            raise ValueError(f"{quoted(unknown[0])} is no article of the run or the Criminal Law")
        listed = table[["miss", "false"]].astype(np.float64)
        if not listed.index.is_unique:
            raise ValueError("an article is listed twice")
        if not (np.isfinite(listed) & (listed >= 0)).all(axis=None):
            raise ValueError("a cost is not a number of at least 0")
    except (OSError, ValueError, KeyError) as error:
        raise CaseError(
            config.costs_file,
            expected="the costs must be a CSV file with the columns article, miss and false",
            got=f"{type(error).__name__}: {error}",
            todo="Fix it, or leave decision.costs_file empty.",
        ) from error
    default = pd.Series({"miss": config.miss_cost, "false": config.false_cost})
    costs: Float64Array = listed.reindex(list(names)).fillna(default).to_numpy()
    return costs


def _train_co_citations(run: Run) -> CoCitations:
    """Return which articles the train cases always and never cite together; none if they are gone.

    With a matrix m of 0 and 1 per case and article, m.T @ m counts the cases that cite both
    articles of each pair.
    """
    try:
        path = split_path(run, "train")
    except (CaseError, RunError):
        return CoCitations({}, {})
    n_articles, n_cases = len(run.articles), 0
    pair_counts = np.zeros((n_articles, n_articles), np.int64)
    read = read_cases(path, case_format=run.dataset.case_format)
    cited = (case.articles for case in read if isinstance(case, Case))
    for chunk in batched(cited):
        matrix = name_matrix(chunk, run.articles).astype(np.float64)
        pair_counts += (matrix.T @ matrix).astype(np.int64)
        n_cases += len(chunk)
    return find_co_citations(pair_counts, n_cases)
