"""Processes: the same work on many items, on several cores, in order and in constant memory."""

import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess
from threading import Thread
from typing import TypeVar

from lawrec.errors import ConfigError

Item = TypeVar("Item")
Result = TypeVar("Result")
_MOST = 61  # processes that Windows can wait for


def cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_processes(
    work: Callable[[Item], Result], items: Iterable[Item], *, workers: int
) -> Generator[tuple[Item, Result], None, None]:
    """Give each item with its result, in order; at most two items a worker are under way.

    The processes are started afresh, not forked: a fork of a process with TensorFlow's threads may
    hang. They end when the iterator is closed, and when this process is killed.

    Args:
        work: Can be pickled, as its results can; its exception is raised here.
        items: Read as far as there are free workers.
        workers: The number of processes.

    Raises:
        ConfigError: A process was killed.
    """
    workers = min(workers, _MOST)
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _follow_the_parent)
    under_way: deque[tuple[Item, Future[Result]]] = deque()
    try:
        for item in items:
            with _interrupts_held_back():
                under_way.append((item, pool.submit(work, item)))
            if len(under_way) == 2 * workers:
                yield _finished(*under_way.popleft())
        while under_way:
            yield _finished(*under_way.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def _finished(item: Item, future: "Future[Result]") -> tuple[Item, Result]:
    try:
        return item, future.result()
    except BrokenProcessPool as error:
        raise ConfigError(
            "corpus.workers",
            expected="the processes must live until their work is done",
            got="one that was killed",
            todo="Free some memory, or pass --set corpus.workers=1.",
        ) from error


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Start processes that Ctrl-C does not reach before they have chosen to ignore it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _follow_the_parent() -> None:
    """Leave interrupts to the parent, and end with it: a killed parent cannot say that it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with, args=(parent_process(),), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)
