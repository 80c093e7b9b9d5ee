"""Thresholds file: what a run keeps in `thresholds.json` about how to decide.

The keys that decide, all of which must be there:

    rule                "threshold", "share" or "expected_f1", a key of `RULE_KINDS`
    min_articles, max_articles, fill_score
                        the limits of a list, as in `DecisionRule`
    guarantee_score     every article with at least this score is listed; null: no guarantee
    calibration         null, or {"kind": a key of `CALIBRATIONS`, "parameters": [one per group]}
    co_citations        {"always": {article: [articles]}, "never": {article: [articles]}}
    tuned_on            {"path", "sha256", "cases", "drawn_from", "out_of_fold"} of the cases used
                        to tune; only the digest is read again, so that a run is not evaluated on
                        them
    feedback            null or absent, or what feedback was used as well, as in `FeedbackEffect`;
                        likewise
    tuned_for           {"checkpoint", "sha256"} of the checkpoint whose scores were used; with
                        another checkpoint, the thresholds are refused
    sha256              the digest of all other keys, as `lawrec.storage.seal` describes
    articles            one object per article of the run, in any order: "article", "threshold"
                        (null: it never passes) and "calibration_group" (from 0)

The keys that only inform:

    strategy, objective as in the configuration, `best` replaced by the strategy that won
    guarantee           null, or the cost of the guarantee, as in `GuaranteeCost`
    metrics             the metrics on the cases used to tune, by name
    compared            the strategies compared, the best first: "strategy", "objective", "metrics"
    articles            also "low" and "high" (the interval of the article's best threshold; null:
                        infinite), "support" (true cases used to tune) and "reliable" (whether
                        these are enough)
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lawrec.config import DecisionConfig
from lawrec.decision.calibration import CALIBRATIONS, Calibration, calibrate
from lawrec.decision.co_citation import CoCitations
from lawrec.decision.decision_rule import RULE_KINDS, DecisionRule
from lawrec.decision.threshold_curve import NEVER
from lawrec.decision.tuning_cases import RARE
from lawrec.errors import ConfigError, RunError
from lawrec.runs.ranker_file import scoring_digest
from lawrec.runs.results import TuningResult
from lawrec.runs.run import Run
from lawrec.storage.seal import SEAL_ERRORS, read_sealed, write_sealed

THRESHOLDS = "thresholds.json"


@dataclass(frozen=True)
class TunedThresholds:
    """What a run needs to decide.

    Attributes:
        rule: The rule.
        co_citations: Which articles the train cases always and never cite together.
        tuned_on: The SHA-256 of each file of cases used to tune.
    """

    rule: DecisionRule
    co_citations: CoCitations
    tuned_on: tuple[str, ...]


def equal_thresholds(
    limits: DecisionConfig, threshold: float, *, n_articles: int
) -> TunedThresholds:
    """Return the same threshold for all articles, as if it had been tuned.

    Args:
        limits: The settings with the limits of a list.
        threshold: The threshold, 0 to 1.
        n_articles: The number of articles.

    Raises:
        ConfigError: The threshold is not within 0 to 1.

    Example:
        >>> equal_thresholds(DecisionConfig(), 0.5, n_articles=2).rule.thresholds
        array([0.5, 0.5], dtype=float32)
    """
    if not 0 <= threshold <= 1:  # NaN is not within
        raise ConfigError(
            "threshold",
            expected="the threshold must be at least 0 and at most 1",
            got=threshold,
            todo="Choose a value in that range.",
        )
    rule = DecisionRule(
        np.full(n_articles, threshold, np.float32),
        min_articles=limits.min_articles,
        max_articles=limits.max_articles,
        fill_score=limits.fill_score,
    )
    return TunedThresholds(rule, CoCitations({}, {}), tuned_on=())


def save_thresholds(
    run: Run, tuning: TuningResult, *, co_citations: CoCitations, checkpoint: str
) -> None:
    """Write `thresholds.json` into the folder of a run.

    Args:
        run: The run.
        tuning: What tuning chose for it.
        co_citations: Which articles the train cases always and never cite together.
        checkpoint: The path prefix of the checkpoint whose scores were used.

    Example:
        >>> save_thresholds(  # doctest: +SKIP
        ...     run, tuning, co_citations=CoCitations({}, {}), checkpoint=best_checkpoint(run)
        ... )
    """
    rule, calibration, names = tuning.rule, tuning.rule.calibration, run.articles.names
    groups = calibration.groups if calibration else (0,) * len(names)
    rows = zip(names, rule.thresholds, tuning.intervals, tuning.support, groups, strict=True)
    values = {
        "strategy": tuning.strategy,
        "objective": tuning.objective,
        "rule": rule.kind,
        "min_articles": rule.min_articles,
        "fill_score": rule.fill_score,
        "max_articles": rule.max_articles,
        "guarantee_score": _null_if_infinite(rule.guarantee),
        "guarantee": asdict(tuning.guarantee) if tuning.guarantee else None,
        "calibration": calibration
        and {"kind": calibration.kind, "parameters": calibration.parameters},
        "tuned_on": {
            "path": str(tuning.path),
            "sha256": tuning.sha256,
            "cases": tuning.cases,
            "drawn_from": tuning.drawn_from,
            "out_of_fold": tuning.out_of_fold,
        },
        "feedback": tuning.feedback
        and {**asdict(tuning.feedback), "path": str(tuning.feedback.path)},
        "tuned_for": {
            "checkpoint": Path(checkpoint).relative_to(run.folder).as_posix(),
            "sha256": scoring_digest(run, checkpoint),
        },
        "metrics": tuning.metrics,
        "compared": [asdict(result) for result in tuning.compared],
        "co_citations": _co_citation_values(co_citations, names),
        "articles": [
            {
                "article": name,
                "threshold": _null_if_infinite(threshold),
                "low": _null_if_infinite(low),
                "high": _null_if_infinite(high),
                "support": int(support),
                "reliable": bool(support >= RARE),
                "calibration_group": group,
            }
            for name, threshold, (low, high), support, group in rows
        ],
    }
    write_sealed(run.folder / THRESHOLDS, values)


def load_thresholds(run: Run, checkpoint: str) -> TunedThresholds:
    """Read what tuning chose for a run and one of its checkpoints.

    Args:
        run: The run.
        checkpoint: The path prefix of the checkpoint that gives the scores.

    Raises:
        RunError: The run has no thresholds, or the file is damaged, lacks a key, or was tuned for
            another checkpoint or other articles.

    Example:
        >>> load_thresholds(run, best_checkpoint(run)).rule.kind  # doctest: +SKIP
        'threshold'
    """
    path = run.folder / THRESHOLDS
    if not path.is_file():
        raise RunError(
            run.folder,
            expected="the run must have thresholds",
            got=f"no {THRESHOLDS}",
            todo="Run `lawrec tune-thresholds` first.",
        )
    try:
        values = read_sealed(path)
        tuned = _parse(values, run.articles.names)
        tuned_for = {key: str(values["tuned_for"][key]) for key in ("checkpoint", "sha256")}
    except SEAL_ERRORS as error:
        raise RunError(
            path,
            expected="the thresholds must be those of this run",
            got=f"{type(error).__name__}: {error}",
            todo="Run `lawrec tune-thresholds` again.",
        ) from error
    if tuned_for["sha256"] != scoring_digest(run, checkpoint):
        raise RunError(
            path,
            expected=f"the thresholds must be tuned for {Path(checkpoint).relative_to(run.folder)}",
            got=f"those for {tuned_for['checkpoint']} as it was when they were tuned",
            todo="Run `lawrec tune-thresholds` again.",
        )
    return tuned


def extend_rule(rule: DecisionRule, n_articles: int) -> DecisionRule:
    """Return a rule for more articles; those after its own never pass.

    Example:
        >>> extend_rule(DecisionRule(np.array([0.5], np.float32), 1, 9), 2).thresholds
        array([0.5, inf], dtype=float32)
    """
    extra = np.full(n_articles - len(rule.thresholds), NEVER, np.float32)
    return replace(rule, thresholds=np.append(rule.thresholds, extra))


def _null_if_infinite(value: float | np.float32) -> float | None:
    return float(value) if np.isfinite(value) else None


def _infinite_if_null(value: Any) -> Any:
    return NEVER if value is None else value


def _co_citation_values(co_citations: CoCitations, names: Sequence[str]) -> dict[str, Any]:
    return {
        key: {names[label]: [names[each] for each in others] for label, others in pairs.items()}
        for key, pairs in asdict(co_citations).items()
    }


def _parse(values: Mapping[str, Any], names: Sequence[str]) -> TunedThresholds:
    articles = {entry["article"]: entry for entry in values["articles"]}
    if articles.keys() != set(names) or len(values["articles"]) != len(names):
        raise ValueError("they are for other articles")
    thresholds = [_infinite_if_null(articles[name]["threshold"]) for name in names]
    groups = [articles[name]["calibration_group"] for name in names]
    rule = DecisionRule(
        thresholds=np.array(thresholds, np.float32),
        min_articles=int(values["min_articles"]),
        max_articles=int(values["max_articles"]),
        fill_score=float(values["fill_score"]),
        kind=_known(values["rule"], RULE_KINDS),
        calibration=_parse_calibration(values["calibration"], groups),
        guarantee=float(_infinite_if_null(values["guarantee_score"])),
    )
    _check(rule)
    co_citations = _parse_co_citations(values["co_citations"], names)
    feedback = values.get("feedback")
    files = [values["tuned_on"], *([feedback] if feedback else [])]
    return TunedThresholds(rule, co_citations, tuple(str(file["sha256"]) for file in files))


def _check(rule: DecisionRule) -> None:
    """Raise ValueError if one cannot decide by these numbers; NaN fails every comparison."""
    numbers = np.append(rule.thresholds, (rule.fill_score, rule.guarantee))
    if not ((numbers >= 0).all() and 0 <= rule.min_articles <= rule.max_articles):
        raise ValueError("a threshold or limit is out of its range")
    if rule.calibration:
        y_score = np.tile(np.array([[0], [0.5], [1]], np.float32), len(rule.thresholds))
        steps = np.diff(calibrate(y_score, rule.calibration), axis=0, prepend=0, append=1)
        if not (steps >= 0).all():
            raise ValueError("the calibrated probabilities do not rise with the score")


def _parse_calibration(values: Mapping[str, Any] | None, groups: list[int]) -> Calibration | None:
    if values is None:
        return None
    parameters = tuple(
        tuple(tuple(map(float, numbers)) for numbers in group) for group in values["parameters"]
    )
    if not all(0 <= int(group) < len(parameters) for group in groups):
        raise ValueError("an article is in a group that has no calibration")
    return Calibration(_known(values["kind"], CALIBRATIONS), tuple(groups), parameters)


def _parse_co_citations(values: Mapping[str, Any], names: Sequence[str]) -> CoCitations:
    ids = {name: label for label, name in enumerate(names)}

    def pairs(key: str) -> dict[int, tuple[int, ...]]:
        return {ids[name]: tuple(ids[each] for each in xs) for name, xs in values[key].items()}

    return CoCitations(always=pairs("always"), never=pairs("never"))


def _known(name: str, registry: Mapping[str, Any]) -> str:
    if name not in registry:
        raise ValueError(f"{name!r} is not one of {', '.join(registry)}")
    return name
