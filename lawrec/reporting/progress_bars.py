"""Progress: a bar with rate and time left on a terminal, plain lines elsewhere."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TextIO

from lawrec.progress import Progress

LINE_SECONDS = 5.0
"""Seconds between two plain lines of a stage."""


@contextmanager
def shown_on(stream: TextIO) -> Iterator[Progress]:
    """Give a Progress that shows itself on a stream as long as the block lasts."""
    if stream.isatty():
        with _bars(stream) as progress:
            yield progress
    else:
        yield _lines(stream)


class _Rates:
    """The rate of each stage since it was first told of: a resumed stage does not start at 0."""

    def __init__(self) -> None:
        self._starts: dict[str, tuple[int, float]] = {}

    def of(self, stage: str, done: int) -> float:
        """Return the rate by now; 0 at the start of a stage or of its rerun: none is known yet."""
        now = time.monotonic()
        first, start = self._starts.setdefault(stage, (done, now))
        if done <= first:
            self._starts[stage] = (done, now)
            return 0.0
        return (done - first) / max(now - start, 1e-3)


@contextmanager
def stopping_between_steps(progress: Progress) -> Iterator[Progress]:
    """Give a Progress that raises KeyboardInterrupt at its next call after Ctrl-C was pressed.

    TensorFlow may abort the process where an exception comes up in the middle of its work. A second
    Ctrl-C is raised at once all the same. Only the main thread gets signals: elsewhere, nothing is
    changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield progress
        return
    pressed = threading.Event()

    def press(number: int, frame: FrameType | None) -> None:
        if pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()

    def show(stage: str, done: int, total: int | None, note: str = "") -> None:
        progress(stage, done, total, note)
        if pressed.is_set():
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, press)
    try:
        yield show
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _bars(stream: TextIO) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Bars(*columns, console=Console(file=stream, markup=False, emoji=False)) as bars:
        tasks = {}
        rates = _Rates()

        def show(stage: str, done: int, total: int | None, note: str = "") -> None:
            rate = rates.of(stage, done)
            if done == 0:
                bars.console.print(note, highlight=False)
                return
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total, rate="", note="")
            shown = f"{rate:,.0f}/s" if rate else ""
            bars.update(tasks[stage], completed=done, total=total, rate=shown, note=note)

        yield show


def _lines(stream: TextIO) -> Progress:
    rates = _Rates()
    printed: dict[str, float] = {}

    def show(stage: str, done: int, total: int | None, note: str = "") -> None:
        rate = rates.of(stage, done)
        now = time.monotonic()
        if done == 0:
            print(note, file=stream, flush=True)
        elif done == total or now - printed.setdefault(stage, now) >= LINE_SECONDS:
            printed[stage] = now
            print(_line(stage, done, total, note, rate), file=stream, flush=True)

    return show


def _line(stage: str, done: int, total: int | None, note: str, rate: float) -> str:
    parts = [f"{stage}: {done:,}" + (f" of {total:,}" if total else "")]
    if rate:
        parts.append(f"{rate:,.0f}/s")
    if rate and total and done < total:
        parts.append(f"{(total - done) / rate:,.0f} s left")
    return ", ".join([*parts, note] if note else parts)
