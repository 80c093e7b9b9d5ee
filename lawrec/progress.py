"""How the library says how far it is: it calls a function that its caller chose."""

from typing import Protocol


class Progress(Protocol):
    """Called often during a long step."""

    def __call__(self, stage: str, done: int, total: int | None, note: str = "") -> None:
        """Tell that `done` of `total` cases (or steps) of `stage` are finished."""


def silent(stage: str, done: int, total: int | None, note: str = "") -> None:
    """Show nothing."""
