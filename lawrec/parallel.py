"""Parallel work on many items in other processes: in order, and in constant memory."""

import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.process import BaseProcess
from threading import Thread
from typing import Any, TypeVar

from lawrec.errors import ConfigError

Item = TypeVar("Item")
Result = TypeVar("Result")
_MAX_WORKERS = 61  # Windows can wait for no more processes
_BLOCKED = (signal.SIGINT, signal.SIGTERM)


def parallel_map(
    work: Callable[[Item], Result], items: Iterable[Item], *, workers: int, ahead: int = 0
) -> Generator[tuple[Item, Result], None, None]:
    """Yield each item with its result, in order; at most two items per worker are in progress.

    Worker processes are spawned, not forked: a fork of a process with TensorFlow's threads may
    hang. For this reason a script that calls this needs `if __name__ == "__main__":`. The workers
    end when the generator is closed, and when this process is killed.

    Args:
        work: A function that can be pickled, as its results can; its exceptions are raised here.
        items: Read only as far ahead as there are free workers.
        workers: The number of processes.
        ahead: Number of further items in progress, so that workers are busy while the caller is.

    Raises:
        ConfigError: A worker process was killed.

    Example:
        >>> list(parallel_map(abs, [-1, 2], workers=2))  # doctest: +SKIP
        [(-1, 1), (2, 2)]
    """
    workers = min(workers, _MAX_WORKERS)
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _follow_parent)
    pending: deque[tuple[Item, Future[Result]]] = deque()
    try:
        for item in items:
            with _signals_blocked():
                pending.append((item, pool.submit(work, item)))
            if len(pending) == 2 * workers + ahead:
                yield _finished(*pending.popleft())
        while pending:
            yield _finished(*pending.popleft())
    except BrokenProcessPool as error:
        raise ConfigError(
            "workers",
            expected="worker processes must run until their work is done",
            got="one that was killed",
            todo="Free some memory, or start none: --set corpus.workers=1, or --jobs 0.",
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def start_worker(work: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Start a process that ignores Ctrl-C, and ends when this process ends.

    Args:
        work: A function that can be pickled.
        *arguments: Its arguments, likewise.

    Returns:
        The process, which runs until `work` returns.

    Example:
        >>> process = start_worker(print, "done")  # doctest: +SKIP
        >>> process.join()  # doctest: +SKIP
    """
    process = get_context("spawn").Process(target=_work_for_parent, args=(work, arguments))
    with _signals_blocked():
        process.start()
    return process


def _work_for_parent(work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    _follow_parent()
    work(*arguments)


def _finished(item: Item, future: "Future[Result]") -> tuple[Item, Result]:
    return item, future.result()


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Block SIGINT and SIGTERM while a worker starts, which inherits this until `_follow_parent`.

    A parent that ended in the middle of it would leave the worker without its work, and with a
    traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # which the first worker starts, and which unblocks SIGINT
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _BLOCKED)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _follow_parent() -> None:
    """Ignore Ctrl-C, which the parent handles, and end when the parent ends, even if killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _BLOCKED)
    Thread(target=_exit_after, args=(parent_process(),), daemon=True).start()


def _exit_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)
