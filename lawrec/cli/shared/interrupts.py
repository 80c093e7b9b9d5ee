"""Interrupts: what Ctrl-C and SIGTERM stop, and where."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from lawrec.progress import Progress


@dataclass(frozen=True)
class _Interruptible:
    """A Progress that passes reports on, and raises KeyboardInterrupt after Ctrl-C was pressed."""

    progress: Progress
    pressed: threading.Event

    def update(self, stage: str, done: int, total: int | None, note: str = "") -> None:
        self.progress.update(stage, done, total, note)
        self._stop_if_pressed()

    def message(self, text: str) -> None:
        self.progress.message(text)
        self._stop_if_pressed()

    def _stop_if_pressed(self) -> None:
        if self.pressed.is_set():
            raise KeyboardInterrupt


@contextmanager
def stopping_between_steps(progress: Progress) -> Iterator[Progress]:
    """Yield a Progress that raises KeyboardInterrupt at its next report after Ctrl-C was pressed.

    TensorFlow may abort the process when an exception is raised in the middle of its work. A second
    Ctrl-C is still raised at once. Only the main thread gets signals: in other threads, the
    Progress is yielded unchanged.

    Example:
        >>> from lawrec.progress import SILENT
        >>> with stopping_between_steps(SILENT) as progress:
        ...     progress.update("train", 1, 100)
    """
    if threading.current_thread() is not threading.main_thread():
        yield progress
        return
    pressed = threading.Event()

    def press(signal_number: int, frame: FrameType | None) -> None:
        if pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()

    previous = signal.signal(signal.SIGINT, press)
    try:
        yield _Interruptible(progress, pressed)
    finally:
        signal.signal(signal.SIGINT, previous)


@contextmanager
def ending_on_sigterm() -> Iterator[None]:
    """Yield while SIGTERM ends the process, even where it is the first one of a container.

    Linux does not end such a process by a signal that it has no handler for. The handler raises no
    exception: libraries that are imported or started in the block may catch it and go on.

    Yields:
        Nothing.

    Example:
        >>> with ending_on_sigterm():  # doctest: +SKIP
        ...     signal.raise_signal(signal.SIGTERM)  # the process ends with exit code 0
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGTERM, lambda signal_number, frame: os._exit(0))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
