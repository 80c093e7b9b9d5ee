"""Threads: how many cores this process may use, and work on many items in several threads."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def available_cores() -> int:
    """Return the number of CPU cores that this process may use.

    Example:
        >>> available_cores() >= 1
        True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_in_threads(
    work: Callable[[Item], Result], items: Sequence[Item], *, threads: int
) -> Iterator[Result]:
    """Yield the result of each item, in order; for work that leaves Python to others.

    Args:
        work: What to call; its exceptions are raised here.
        items: The items; a single one needs no other thread.
        threads: The number of threads.

    Example:
        >>> list(map_in_threads(abs, [-1, 2], threads=2))
        [1, 2]
    """
    if min(threads, len(items)) <= 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(min(threads, len(items))) as pool:
        yield from pool.map(work, items)
