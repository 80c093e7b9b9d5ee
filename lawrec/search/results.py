"""Search results: what a study has found, without Optuna, and its best settings as TOML."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lawrec.config import from_dict
from lawrec.config_sources import PRESETS, differences
from lawrec.errors import RunError
from lawrec.search.space import SearchSpace
from lawrec.search.study import ERROR, Study, best_trial, finished_trials, importances
from lawrec.storage.files import write_text
from lawrec.text import encodable, printable

BEST_FILE = "best.toml"
RUNS = "runs"
"""The folder of the trials' runs in that of the study."""
_STATES = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}


@dataclass(frozen=True)
class TrialResult:
    """A finished trial.

    Attributes:
        number: Its number, from 0.
        state: "complete", "pruned" or "failed".
        value: The best of its evaluations; None if there is none.
        evaluations: The monitored metric after each evaluation.
        settings: The searched settings, by name.
        seconds: How long it took.
        error: Why it failed, or "".
    """

    number: int
    state: str
    value: float | None
    evaluations: tuple[float, ...]
    settings: dict[str, Any]
    seconds: float
    error: str


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes:
        folder: The folder of the study.
        preset: The preset that the search started from.
        monitor: The metric on valid that it maximized.
        trials: All finished trials, by number.
        best: The trial with the best value.
        start: The searched settings of the first trial, by name.
        ranges: The range of each searched setting, in words, by name.
        importances: The share of each setting in the variance of the values, the largest first;
            empty where there are too few complete trials to know.
        settings: All settings of the best trial that differ from the preset.
        case_options: The arguments of `lawrec train` that name the cases of the search.
    """

    folder: Path
    preset: str
    monitor: str
    trials: tuple[TrialResult, ...]
    best: TrialResult
    start: dict[str, Any]
    ranges: dict[str, str]
    importances: dict[str, float]
    settings: dict[str, Any]
    case_options: tuple[str, ...] = ()

    @property
    def run(self) -> Path:
        """The run of the best trial."""
        return self.folder / RUNS / run_name(self.best.number)


def run_name(number: int) -> str:
    """Return the name of a trial's run.

    Example:
        >>> run_name(7)
        'trial-0007'
    """
    return f"trial-{number:04}"


def search_result(
    study: Study, space: SearchSpace, *, folder: Path, preset: str | None = None
) -> SearchResult:
    """Return what a study has found.

    Args:
        study: The study.
        space: What it searches.
        folder: Its folder.
        preset: The preset that the search started from; "base" if None.

    Raises:
        RunError: No trial is complete.

    Example:
        >>> search_result(study, space, folder=folder).best.value  # doctest: +SKIP
        0.84
    """
    trials = tuple(map(_trial_result, finished_trials(study)))
    best = best_trial(study)
    if best is None:
        raise RunError(
            folder,
            expected="a trial of the search must be complete",
            got=_why_none(trials),
            todo="Continue the search with more --trials or --minutes, or change what fails.",
        )
    preset = preset or "base"
    return SearchResult(
        folder=folder,
        preset=preset,
        monitor=space.start.training.monitor,
        trials=trials,
        best=_trial_result(best),
        start=space.start_values,
        ranges={name: str(searched) for name, searched in space.ranges.items()},
        importances=importances(study),
        settings=differences(space.with_values(best.params), from_dict(PRESETS[preset], preset)),
    )


def write_best(result: SearchResult) -> Path:
    """Write the best settings to the folder of the study, for `lawrec train --config`.

    Example:
        >>> write_best(result)  # doctest: +SKIP
        PosixPath('checkpoints/search-20260301-090507/best.toml')
    """
    path = result.folder / BEST_FILE
    head = f"# valid {result.monitor} {result.best.value:.4f}, trial {result.best.number}"
    command = printable(train_command(result)).replace("\n", "\n# ")
    write_text(path, f"{head}\n# {command}\n{toml_text(result.settings)}")
    return path


def train_command(result: SearchResult) -> str:
    """Return the command that trains with the best settings on the cases of the search.

    Example:
        >>> train_command(result)  # doctest: +SKIP
        'lawrec train --preset tiny --config checkpoints/search-20260301-090507/best.toml'
    """
    preset = [] if result.preset == "base" else ["--preset", result.preset]
    config = ["--config", str(result.folder / BEST_FILE)]
    return encodable(shlex.join(["lawrec", "train", *preset, *config, *result.case_options]))


def toml_text(settings: Mapping[str, Any]) -> str:
    """Return settings as TOML, a table per section.

    Args:
        settings: Values by name: numbers, bools, texts, or tuples of texts.

    Example:
        >>> print(toml_text({"model.lstm_units": 96, "model.pooling": "max"}), end="")
        <BLANKLINE>
        [model]
        lstm_units = 96
        pooling = "max"
    """
    sections: dict[str, list[str]] = {}
    for name, value in settings.items():
        section, _, key = name.partition(".")
        sections.setdefault(section, []).append(f"{key} = {_toml_value(value)}\n")
    return "".join(f"\n[{name}]\n{''.join(lines)}" for name, lines in sections.items())


def _toml_value(value: Any) -> str:
    """Return a value as TOML: as JSON writes it, except what JSON does not have or does not escape.

    TOML has inf, and no DEL in a text.
    """
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _trial_result(trial: Any) -> TrialResult:
    evaluations = tuple(value for _, value in sorted(trial.intermediate_values.items()))
    duration = trial.duration
    return TrialResult(
        number=trial.number,
        state=_STATES[trial.state.name],
        value=max(evaluations, default=None),
        evaluations=evaluations,
        settings=dict(trial.params),
        seconds=duration.total_seconds() if duration else 0.0,
        error=trial.user_attrs.get(ERROR, ""),
    )


def _why_none(trials: tuple[TrialResult, ...]) -> str:
    failed = [trial for trial in trials if trial.error]
    return f"{len(failed)} that failed, the last with: {failed[-1].error}" if failed else "none"
