"""Tuned: what a run's `thresholds.json` keeps: how to decide, and how far to trust it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from lawrec.decision.calibration import CALIBRATIONS, Calibration, calibrate
from lawrec.decision.co_citation import CoCitations
from lawrec.decision.decision_rule import RULE_KINDS, DecisionRule
from lawrec.decision.threshold_curve import NEVER
from lawrec.errors import RunError
from lawrec.runs.run import Run

THRESHOLDS = "thresholds.json"
_DAMAGES = (OSError, ValueError, LookupError, TypeError, AttributeError, OverflowError)
"""What reading a damaged file may raise."""


@dataclass(frozen=True)
class TunedThresholds:
    """How a run decides, which articles its train cases show together, and what tuned it."""

    rule: DecisionRule
    companions: CoCitations
    tuned_on: str  # SHA-256 of the cases


def load_thresholds(run: Run) -> TunedThresholds:
    """Return what tuning chose for a run.

    Raises:
        RunError: The run has no thresholds, or they are not readable or of other articles.
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
        return _parsed(json.loads(path.read_text(encoding="utf-8")), run.articles.names)
    except _DAMAGES as error:
        raise RunError(
            path,
            expected="the thresholds must be those of this run",
            got=f"{type(error).__name__}: {error}",
            todo="Run `lawrec tune-thresholds` again.",
        ) from error


def extend_rule(rule: DecisionRule, n_articles: int) -> DecisionRule:
    """Return the cuts for more columns, which never fire."""
    extra = np.full(n_articles - len(rule.thresholds), NEVER, np.float32)
    return replace(rule, thresholds=np.append(rule.thresholds, extra))


def decision_values(rule: DecisionRule) -> dict[str, Any]:
    """Return all of the cuts but the thresholds as JSON values."""
    return {
        "rule": rule.kind,
        "min_articles": rule.min_articles,
        "fill_score": rule.fill_score,
        "max_articles": rule.max_articles,
        "guarantee_score": finite(rule.guarantee),
        "calibration": _calibration_values(rule.calibration),
    }


def companion_values(companions: CoCitations, names: tuple[str, ...]) -> dict[str, Any]:
    """Return which articles stand together, by their names, as JSON values."""
    return {
        kind: {names[label]: [names[other] for other in others] for label, others in pairs.items()}
        for kind, pairs in asdict(companions).items()
    }


def finite(value: Any) -> float | None:
    """Return a threshold as JSON knows it: null for never."""
    return float(value) if np.isfinite(value) else None


def _parsed(values: Mapping[str, Any], names: tuple[str, ...]) -> TunedThresholds:
    of_article = {line["article"]: line["threshold"] for line in values["articles"]}
    group_of = {line["article"]: line["group"] for line in values["articles"]}
    thresholds = [of_article[name] for name in names]
    guarantee = values["guarantee_score"]
    rule = DecisionRule(
        np.array([NEVER if cut is None else cut for cut in thresholds], np.float32),
        int(values["min_articles"]),
        int(values["max_articles"]),
        float(values["fill_score"]),
        _known(values["rule"], RULE_KINDS),
        _calibration(values["calibration"], [group_of[name] for name in names]),
        float(NEVER if guarantee is None else guarantee),
    )
    _check(rule)
    return TunedThresholds(
        rule, _companions(values["companions"], names), str(values["tuned_on"]["sha256"])
    )


def _calibration_values(calibration: Calibration | None) -> dict[str, Any] | None:
    """Return the kind and the parameters of each group; the groups stand beside the thresholds."""
    if not calibration:
        return None
    return {"kind": calibration.kind, "parameters": calibration.parameters}


def _check(rule: DecisionRule) -> None:
    """Raise ValueError if the numbers are none to decide by; no comparison holds for a NaN."""
    numbers = np.append(rule.thresholds, (rule.fill_score, rule.guarantee))
    if not ((numbers >= 0).all() and 0 <= rule.min_articles <= rule.max_articles):
        raise ValueError("a threshold or limit is out of its range")
    if rule.calibration:
        y_score = np.tile(np.array([[0], [0.5], [1]], np.float32), len(rule.thresholds))
        steps = np.diff(calibrate(y_score, rule.calibration), axis=0, prepend=0, append=1)
        if not (steps >= 0).all():
            raise ValueError("the calibration gives no rising probabilities")


def _calibration(values: Mapping[str, Any] | None, groups: list[int]) -> Calibration | None:
    if values is None:
        return None
    parameters = tuple(
        tuple(tuple(map(float, part)) for part in group) for group in values["parameters"]
    )
    if not all(0 <= int(group) < len(parameters) for group in groups):
        raise ValueError("an article is in a group that has no calibration")
    return Calibration(_known(values["kind"], CALIBRATIONS), tuple(groups), parameters)


def _companions(values: Mapping[str, Any], names: tuple[str, ...]) -> CoCitations:
    label = {name: place for place, name in enumerate(names)}
    return CoCitations(
        **{
            kind: {label[a]: tuple(label[b] for b in others) for a, others in values[kind].items()}
            for kind in ("always", "never")
        }
    )


def _known(name: str, registry: Mapping[str, Any]) -> str:
    if name not in registry:
        raise ValueError(f"{name!r} is none of {', '.join(registry)}")
    return name
