"""Progress on a stream: bars with rate and time left on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TextIO

from lawrec.progress import Progress
from lawrec.text import plain, printable
from lawrec.translation import joined, translate

LINE_SECONDS = 5.0
"""Seconds between two plain lines of a stage."""
_LEAST_RATE = 0.5
"""The least rate that is shown: without decimals, it would be 0/s."""


@contextmanager
def progress_on(stream: TextIO) -> Iterator[Progress]:
    """Yield a Progress that is shown on a stream until the end of the block.

    Example:
        >>> import sys
        >>> with progress_on(sys.stdout) as progress:
        ...     progress.message("Preparing the cases.")
        ...     progress.update("prepare", 80, 80)
        Preparing the cases.
        prepare: 80 of 80
    """
    if stream.isatty():
        with _rich_bars(stream) as bars:
            yield _Bars(bars)
    else:
        yield _Lines(stream)


class _Rates:
    """The rate of each stage since its first report, which for a resumed stage is not at 0."""

    def __init__(self) -> None:
        self._starts: dict[str, tuple[int, float]] = {}

    def rate(self, stage: str, done: int) -> float:
        """Return cases or steps per second; 0 at the start of a stage, where it is not known."""
        now = time.monotonic()
        first, start = self._starts.setdefault(stage, (done, now))
        if done <= first:
            self._starts[stage] = (done, now)
            return 0.0
        return (done - first) / max(now - start, 1e-3)


@dataclass(frozen=True)
class _Bars:
    """One bar per stage; messages are printed above the bars."""

    bars: Any  # a rich.progress.Progress
    tasks: dict[str, Any] = field(default_factory=dict)
    rates: _Rates = field(default_factory=_Rates)

    def update(self, stage: str, done: int, total: int | None, note: str = "") -> None:
        rate = self.rates.rate(stage, done)
        if stage not in self.tasks:
            name = plain(translate(stage))
            self.tasks[stage] = self.bars.add_task(name, total=total, rate="", note="")
        shown = f"{rate:,.0f}/s" if rate >= _LEAST_RATE else ""
        self.bars.update(
            self.tasks[stage], completed=done, total=total, rate=shown, note=plain(translate(note))
        )

    def message(self, text: str) -> None:
        self.bars.console.print(printable(translate(text)), highlight=False)


def _rich_bars(stream: TextIO) -> Any:
    """Return a `rich.progress.Progress`, which shows its bars inside a block."""
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
    return Bars(*columns, console=Console(file=stream, markup=False, emoji=False))


@dataclass(frozen=True)
class _Lines:
    """One plain line per stage every few seconds, and another at the end of the stage."""

    stream: TextIO
    printed: dict[str, float] = field(default_factory=dict)
    rates: _Rates = field(default_factory=_Rates)

    def update(self, stage: str, done: int, total: int | None, note: str = "") -> None:
        rate = self.rates.rate(stage, done)
        now = time.monotonic()
        if done == total or now - self.printed.setdefault(stage, now) >= LINE_SECONDS:
            self.printed[stage] = now
            self._print(plain(_line(stage, done, total=total, note=note, rate=rate)))

    def message(self, text: str) -> None:
        self._print(translate(text))

    def _print(self, text: str) -> None:
        with suppress(OSError):  # a full disk or a closed pipe must not stop the work
            print(printable(text), file=self.stream, flush=True)


def _line(stage: str, done: int, *, total: int | None, note: str, rate: float) -> str:
    count = translate(f"{done:,} of {total:,}") if total else f"{done:,}"
    parts = [joined(": ", [translate(stage), count])]
    if rate >= _LEAST_RATE:
        parts.append(f"{rate:,.0f}/s")
    if rate and total and done < total:
        parts.append(translate(f"{(total - done) / rate:,.0f} s left"))
    return joined(", ", [*parts, translate(note)] if note else parts)
