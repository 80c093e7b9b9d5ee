"""Progress: how the library says how far it is, to an object that its caller chose."""

from typing import Protocol


class Progress(Protocol):
    """What a long step reports to."""

    def update(self, stage: str, done: int, total: int | None, note: str = "") -> None:
        """Report that `done` of `total` cases or steps of a stage are finished.

        Args:
            stage: Name of the stage, the same in all calls for it.
            done: Number finished so far.
            total: Number in all, None where nobody knows it.
            note: What else there is to say now, such as the loss.
        """

    def message(self, text: str) -> None:
        """Report something that is said once, as a full sentence."""


class Silent:
    """A Progress that shows nothing."""

    def update(self, stage: str, done: int, total: int | None, note: str = "") -> None:
        """Show nothing."""

    def message(self, text: str) -> None:
        """Show nothing."""


SILENT = Silent()
