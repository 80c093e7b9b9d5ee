"""Search space: the settings that a search changes, and the values that it tries for each.

The ranges are in `config.py`, beside the defaults: a setting with a `search` range, or one that is
a `choice`, is searched; all others keep their values. So do settings that change no score, such as
those of the LSTM where the scores are those of the SVMs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

from lawrec.config import Config, RankingConfig, from_dict
from lawrec.config_sources import assign
from lawrec.errors import ConfigError, quoted
from lawrec.setting_range import SearchChoices, SearchRange

Searched = SearchRange | SearchChoices


@dataclass(frozen=True)
class SearchSpace:
    """What a search changes, and from where it starts.

    Attributes:
        start: The settings of the first trial; those that are not searched hold for all trials.
        ranges: The range of each searched setting, by name, such as "model.dropout".
    """

    start: Config
    ranges: Mapping[str, Searched]

    @property
    def start_values(self) -> dict[str, Any]:
        """The searched settings of the first trial, by name."""
        return {name: attrgetter(name)(self.start) for name in self.ranges}

    def with_values(self, values: Mapping[str, Any]) -> Config:
        """Return the settings of a trial."""
        sections: dict[str, dict[str, Any]] = {}
        for name, value in values.items():
            section, _, key = name.partition(".")
            sections.setdefault(section, {})[key] = value
        return from_dict(sections, "the trial", base=self.start)


def search_space(config: Config, fixed: Iterable[str] = ()) -> SearchSpace:
    """Return what a search changes.

    Args:
        config: The settings to start from.
        fixed: Assignments such as "model.dropout=0.5": these settings are changed and kept.

    Raises:
        ConfigError: An assignment is wrong, a setting to start from is outside of its search range,
            or nothing is left to search.

    Example:
        >>> space = search_space(Config(), ["model.dropout=0.5"])
        >>> space.start.model.dropout, "model.dropout" in space.ranges
        (0.5, False)
    """
    assignments = list(fixed)
    start = assign(config, assignments, option="--fixed")
    kept = {_name(assignment) for assignment in assignments}
    ranges = {
        name: values
        for name, values in all_ranges().items()
        if name not in kept and _changes_scores(name, start.ranking)
    }
    if not ranges:
        raise ConfigError(
            "--fixed",
            expected="a setting must be left to search",
            got="all of them",
            todo="Name fewer settings.",
        )
    space = SearchSpace(start, ranges)
    for name, value in space.start_values.items():
        _check_start(name, value, searched=ranges[name])
    return space


def all_ranges() -> dict[str, Searched]:
    """Return the search range of each setting that has one, by name.

    Example:
        >>> str(all_ranges()["model.lstm_layers"])
        '1 to 3'
    """
    return {
        f"{section.name}.{setting.name}": setting.metadata["search"]
        for section in fields(Config)
        for setting in fields(getattr(Config(), section.name))
        if setting.metadata.get("search")
    }


def _changes_scores(name: str, ranking: RankingConfig) -> bool:
    """Return whether a setting can change a score, where [ranking] says what decides."""
    if name.startswith("ranking.tree"):
        return ranking.second_stage
    if name.startswith("ranking."):
        return ranking.needs_ranker
    return ranking.needs_lstm


def _name(assignment: str) -> str:
    """Return the setting of an assignment: "model.dropout" for " model.dropout = 0.5"."""
    return ".".join(part.strip() for part in assignment.partition("=")[0].split("."))


def _check_start(name: str, value: Any, *, searched: Searched) -> None:
    if value in searched:
        return
    raise ConfigError(
        name,
        expected=f"a search starts within its range ({searched}), so the value must be in it",
        got=quoted(value),
        todo=f"Pass --fixed {name}={value} to keep this value and not to search.",
    )
