"""Lookup in registries: plain dicts from the value of a setting to a function or a record.

A registry is near the end of its module, such as `POOLINGS` in `models/pooling.py`. To add an
entry, write one function or record and one line in the dict. The command line builds its choices
from the keys.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

from lawrec.errors import ConfigError, quoted
from lawrec.translation import marked

T = TypeVar("T")
_EXPECTED = {
    "choice": marked("every choice must be a known one"),
    "engine": marked("every engine must be a known one"),
    "section": marked("every section must be a known one"),
    "setting": marked("every setting must be a known one"),
}
"""What must hold of each kind of name."""


def lookup(registry: Mapping[str, T], name: str, *, where: str) -> T:
    """Return the entry of a registry that a setting names.

    Args:
        registry: The entries by name.
        name: The value of the setting.
        where: The setting or option, for the error.

    Raises:
        ConfigError: The registry has no such entry; the error suggests the nearest one.

    Example:
        >>> lookup({"adam": 1, "sgd": 2}, "sgd", where="optimizer.name")
        2
    """
    check_name(name, registry, where=where, kind="choice")
    return registry[name]


def check_name(name: str, known: Iterable[str], *, where: str, kind: str) -> None:
    """Raise an error if a name is not among the known names.

    Args:
        name: The name to check.
        known: All valid names.
        where: The setting, option or file that has the name, for the error.
        kind: What the name stands for, for the error: "choice", "engine", "section" or "setting".

    Raises:
        ConfigError: The name is unknown; the error suggests the nearest known one.

    Example:
        >>> check_name("epoch", ["epochs", "seed"], where="my.toml", kind="setting")
        ... # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        lawrec.errors.ConfigError: my.toml: ... got 'epoch'. Did you mean epochs?
    """
    names = list(known)
    if name not in names:
        near = get_close_matches(name, names, n=1, cutoff=0.4)
        hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(names)}."
        raise ConfigError(where, expected=_EXPECTED[kind], got=quoted(name), todo=hint)
