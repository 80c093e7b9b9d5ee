"""Progress: a bar with rate and time left on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def _bars(stream: TextIO) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("{task.fields[note]}"),
    )
    with Bars(*columns, console=Console(file=stream)) as bars:
        tasks = {}
        started: dict[str, float] = {}

        def show(stage: str, done: int, total: int | None, note: str = "") -> None:
            if done == 0:
                bars.console.print(note, highlight=False)
                return
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total, rate="", note="")
                started[stage] = time.monotonic()
            rate = f"{_rate(done, started[stage]):.0f}/s"
            bars.update(tasks[stage], completed=done, total=total, rate=rate, note=note)

        yield show


def _lines(stream: TextIO) -> Progress:
    started: dict[str, float] = {}
    printed: dict[str, float] = {}

    def show(stage: str, done: int, total: int | None, note: str = "") -> None:
        now = time.monotonic()
        start = started.setdefault(stage, now)
        if done == 0:
            print(note, file=stream, flush=True)
        elif done == total or now - printed.setdefault(stage, now) >= LINE_SECONDS:
            printed[stage] = now
            print(_line(stage, done, total, note, start), file=stream, flush=True)

    return show


def _line(stage: str, done: int, total: int | None, note: str, start: float) -> str:
    rate = _rate(done, start)
    parts = [f"{stage}: {done:,}" + (f" of {total:,}" if total else ""), f"{rate:,.0f}/s"]
    if total and done < total:
        parts.append(f"{(total - done) / rate:,.0f} s left")
    return ", ".join([*parts, note] if note else parts)


def _rate(done: int, start: float) -> float:
    return done / max(time.monotonic() - start, 1e-3)
