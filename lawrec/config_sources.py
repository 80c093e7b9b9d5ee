"""Where settings come from: presets, files and options.

A setting takes its value from the last of these that names it: the default, `--preset`,
`--config FILE`, `--set section.key=value`, the command's own options. A preset is only a set of
values, not a mode: a run stores the resolved settings, and `lawrec info` shows the preset from
which the fewest of them differ.
"""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lawrec.config import Config, check_limits, from_dict, with_values
from lawrec.errors import ConfigError, quoted
from lawrec.registry import lookup

_SHOWN = 80
"""Characters of an assignment that an error shows."""


def load(
    path: Path | None, assignments: Iterable[str] = (), *, preset: str | None = None
) -> Config:
    """Return the settings of a preset, changed by a TOML file and by assignments.

    Args:
        path: The TOML file, if any.
        assignments: Texts such as "training.epochs=3".
        preset: A key of `PRESETS`; "base", the defaults, if None.

    Raises:
        ConfigError: The file cannot be read, or a preset or setting is unknown, or a value has the
            wrong type or range, or the limits of lists do not fit together.

    Example:
        >>> load(None, ["training.epochs=3"], preset="tiny").model.lstm_layers
        1
    """
    config = from_dict(lookup(PRESETS, preset or "base", where="--preset"), "--preset")
    config = with_values(config, _read_toml(path), where=str(path)) if path else config
    return assign(config, assignments)


def assign(config: Config, assignments: Iterable[str], *, option: str = "--set") -> Config:
    """Return a configuration changed by assignments such as "training.epochs=3".

    Args:
        config: The configuration to start from.
        assignments: The assignments.
        option: The option that they were given with, for the error.

    Raises:
        ConfigError: A setting is unknown, or a value has the wrong type or range, or the limits of
            lists do not fit together.

    Example:
        >>> assign(Config(), ["model.pooling=mean"]).model.pooling
        'mean'
    """
    for assignment in assignments:
        where = f"{option} {assignment[:_SHOWN]}{'…' * (len(assignment) > _SHOWN)}"
        config = with_values(config, _parse_assignment(assignment, option), where=where)
    return check_limits(config)


def nearest_preset(config: Config) -> tuple[str, dict[str, Any]]:
    """Return the preset from which the fewest settings differ, and the settings that differ.

    Example:
        >>> nearest_preset(assign(Config(), ["training.epochs=3"]))
        ('base', {'training.epochs': 3})
    """
    changes = {
        name: differences(config, from_dict(settings, name)) for name, settings in PRESETS.items()
    }
    nearest = min(changes, key=lambda name: len(changes[name]))
    return nearest, changes[nearest]


def differences(config: Config, other: Config) -> dict[str, Any]:
    """Return the settings of a configuration that differ from those of another one.

    Example:
        >>> differences(assign(Config(), ["training.epochs=3"]), Config())
        {'training.epochs': 3}
    """
    others = other.to_dict()
    return {
        f"{section}.{key}": value
        for section, settings in config.to_dict().items()
        for key, value in settings.items()
        if value != others[section][key]
    }


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(
            path,
            expected="the TOML file must be readable",
            got=error.strerror,
            todo="Check the path.",
        ) from error
    except (ValueError, RecursionError) as error:  # also a number of more than 4,300 digits
        raise ConfigError(
            path, expected="the file must be TOML in UTF-8", got=str(error), todo="Fix that line."
        ) from error


def _parse_assignment(assignment: str, option: str) -> dict[str, Any]:
    name, equals, text = assignment.partition("=")
    section, dot, key = name.partition(".")
    if not (equals and dot):
        raise ConfigError(
            option,
            expected="a setting must look like section.key=value",
            got=quoted(assignment),
            todo=f"Write for example {option} training.epochs=3.",
        )
    try:
        values = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        values = {}
    # What is not TOML is a text without quotation marks: the shell removes them.
    value = values["value"] if values.keys() == {"value"} else text
    return {section.strip(): {key.strip(): value}}


PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "tiny": {
        "corpus": {"max_vocabulary": 20_000},
        "model": {"lstm_tokens": 192, "embedding_size": 64, "lstm_layers": 1, "lstm_units": 48},
        "ranking": {"character_ngrams": 0, "lstm_feature": False, "lstm_share": 0.2},
        "optimizer": {"learning_rate": 5e-3},
        "training": {"epochs": 6, "batch_tokens": 2_048},
    },
    "base": {},
    "large": {
        "corpus": {"max_vocabulary": 100_000},
        "model": {"lstm_tokens": 512, "embedding_size": 256, "lstm_layers": 3, "lstm_units": 384},
        "optimizer": {"learning_rate": 1e-3},
        "training": {"epochs": 12, "batch_tokens": 32_768},
    },
    "linear": {
        # A run has a network in any case: the smallest one, with a single step, whose logits
        # no score depends on.
        "model": {
            "lstm_tokens": 1,
            "embedding_size": 1,
            "embedding_init": "random",
            "lstm_layers": 1,
            "lstm_units": 1,
            "bidirectional": False,
            "pooling": "max",
        },
        "ranking": {
            "svm_c": 1.0,
            "max_positive_weight": 1.0,
            "character_ngrams": 0,
            "second_stage": False,
            "lstm_feature": False,
            "lstm_share": 0.0,
        },
        "training": {"max_steps": 1, "summary_every": 0},
    },
}
"""Settings of each preset: for a first look on a laptop, the defaults, for a GPU, and a baseline of
linear SVMs on the words alone."""
