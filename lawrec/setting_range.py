"""Ranges of settings: each number has a smallest and a largest value, and none may be NaN."""

import math
from dataclasses import dataclass, field
from typing import Any

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
            return f"at least {self.at_least} and below {self.below}"
        end = " or inf" if self.allow_inf else ""
        return f"at least {self.at_least} and at most {self.at_most:,}{end}"


def number(
    default: Any,
    *,
    at_least: float = 0,
    at_most: float = MOST,
    below: float = math.inf,
    allow_inf: bool = False,
) -> Any:
    """Return the dataclass field of a number with a range, which `from_dict` checks.

    A range ends where no computer can follow, or where a value makes no sense.

    Args:
        default: The default, an int or a float; values must be of the same type.
        at_least: The smallest allowed value.
        at_most: The largest allowed value, which the error names unless `below` is given.
        below: Values must be smaller than this.
        allow_inf: Whether infinity is allowed as well.

    Example:
        >>> 1 in number(0.25, below=1).metadata["range"]
        False
    """
    return field(
        default=default, metadata={"range": SettingRange(at_least, at_most, below, allow_inf)}
    )
