"""Progress: a long step reports to an object that its caller chose, and never prints itself."""

from typing import Protocol


class Progress(Protocol):
    """Receiver of the reports of a long step, such as a progress bar."""

    def update(self, stage: str, done: int, total: int | None, note: str = "") -> None:
        """Report that `done` of `total` cases or steps of a stage are finished.

        Args:
            stage: Name of the stage, the same in all its reports.
            done: Number finished so far.
            total: Number in all, or None if it is unknown.
            note: Anything else to show, such as the current loss.
        """

    def message(self, text: str) -> None:
        """Report one event, as a full sentence."""


class _Silent:
    """Progress that shows nothing."""

    def update(self, stage: str, done: int, total: int | None, note: str = "") -> None:
        """Show nothing."""

    def message(self, text: str) -> None:
        """Show nothing."""


SILENT: Progress = _Silent()
