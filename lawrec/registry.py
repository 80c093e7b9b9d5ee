"""Registries: plain dicts from the name that a setting gives to the function or record it means."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

from lawrec.errors import ConfigError, quoted

T = TypeVar("T")


def lookup(registry: Mapping[str, T], name: str, where: str) -> T:
    """Return the entry of a registry that a setting names.

    Args:
        registry: The entries by name.
        name: The name that was given.
        where: The setting or option that gave it, for the error.

    Raises:
        ConfigError: The registry has no such entry; the error names the nearest one.

    Example:
        >>> lookup({"adam": 1, "sgd": 2}, "sgd", "optimizer.name")
        2
    """
    check_name(name, registry, where=where, kind="choice")
    return registry[name]


def check_name(name: str, known: Iterable[str], *, where: str, kind: str) -> None:
    """Refuse a name that is not a known one.

    Args:
        name: The name that was given.
        known: All names.
        where: The setting, option or file that gave it, for the error.
        kind: What the name is of, such as "setting".

    Raises:
        ConfigError: The name is unknown; the error names the nearest known one.
    """
    names = list(known)
    if name not in names:
        near = get_close_matches(name, names, n=1, cutoff=0.4)
        hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(names)}."
        raise ConfigError(
            where, expected=f"every {kind} must be a known one", got=quoted(name), todo=hint
        )
