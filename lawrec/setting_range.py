"""Ranges of settings: each number has a smallest and a largest value, and none may be NaN.

A setting may also have a search range: the values that `lawrec search` tries for it.
"""

import math
from dataclasses import dataclass, field
from typing import Any

from lawrec.translation import marked

MOST = 10**9
"""The largest value of a setting that has no bound of its own: no computer can follow beyond."""


@dataclass(frozen=True)
class SettingRange:
    """The range of a setting: NaN is outside of every one."""

    at_least: float
    at_most: float
    below: float
    allow_inf: bool

    def __contains__(self, value: float) -> bool:
        within = self.at_least <= value <= self.at_most and value < self.below
        return within or (self.allow_inf and value == math.inf)

    def __str__(self) -> str:
        """Return the range for people: "at least 0 and below 1"."""
        if self.below < math.inf:
            return marked(f"at least {self.at_least} and below {self.below}")
        if self.allow_inf:
            return marked(f"at least {self.at_least} and at most {self.at_most:,} or inf")
        return marked(f"at least {self.at_least} and at most {self.at_most:,}")


@dataclass(frozen=True)
class SearchRange:
    """The numbers that a search tries, both ends included.

    Attributes:
        low: The smallest number.
        high: The largest number.
        log: Whether to sample on a logarithmic scale: 1 to 10 as often as 10 to 100.
    """

    low: float
    high: float
    log: bool = False

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        """Return the range for people: "32 to 512, log"."""
        if self.log:
            return marked(f"{self.low:g} to {self.high:g}, log")
        return marked(f"{self.low:g} to {self.high:g}")


@dataclass(frozen=True)
class SearchChoices:
    """The values that a search tries, where they have no order."""

    values: tuple[str | bool, ...]

    def __contains__(self, value: str | bool) -> bool:
        return value in self.values

    def __str__(self) -> str:
        """Return the values for people: "cosine, constant"."""
        return ", ".join(map(str, self.values))


def choice(default: Any, *others: Any) -> Any:
    """Return the dataclass field of a setting for which a search tries several values.

    The setting may have other values as well: what it allows is checked where it is used.

    Args:
        default: The default, a text or a bool.
        *others: The other values that a search tries.

    Example:
        >>> str(choice("cosine", "constant").metadata["search"])
        'cosine, constant'
    """
    return field(default=default, metadata={"search": SearchChoices((default, *others))})


def number(
    default: Any,
    *,
    at_least: float = 0,
    at_most: float = MOST,
    below: float = math.inf,
    allow_inf: bool = False,
    search: SearchRange | None = None,
) -> Any:
    """Return the dataclass field of a number with a range, which `from_dict` checks.

    A range ends where no computer can follow, or where a value makes no sense.

    Args:
        default: The default, an int or a float; values must be of the same type.
        at_least: The smallest allowed value.
        at_most: The largest allowed value, which the error names unless `below` is given.
        below: Values must be smaller than this.
        allow_inf: Whether infinity is allowed as well.
        search: The range that a search samples from; None for a setting that is not searched.

    Example:
        >>> 1 in number(0.25, below=1).metadata["range"]
        False
    """
    allowed = SettingRange(at_least, at_most, below, allow_inf)
    return field(default=default, metadata={"range": allowed, "search": search})
