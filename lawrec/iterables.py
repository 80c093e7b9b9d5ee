"""Streams of cases in lists of bounded size, so that memory stays constant."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
CHUNK_CASES = 2_048


def batched(items: Iterable[T], size: int = CHUNK_CASES) -> Iterator[list[T]]:
    """Yield lists of `size` consecutive items; the last list may be shorter.

    Example:
        >>> list(batched("abcde", size=2))
        [['a', 'b'], ['c', 'd'], ['e']]
    """
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
