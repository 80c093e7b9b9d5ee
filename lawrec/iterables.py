"""Streams that do not fit into memory: work on them item by item, or keep them in a file."""

import json
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

T = TypeVar("T")
Result = TypeVar("Result")
CHUNK_CASES = 2_048
CHUNK_CHARACTERS = 16 * 2**20
"""Characters of the facts in memory at once: a packed file of a megabyte may hold gigabytes."""


def batched(
    items: Iterable[T],
    size: int = CHUNK_CASES,
    *,
    first: int | None = None,
    weigh: Callable[[T], int] = lambda item: 0,
    most_weight: int = CHUNK_CHARACTERS,
) -> Iterator[list[T]]:
    """Yield a stream as lists of `size` items; the last may be shorter.

    Args:
        items: The stream.
        size: The length of the lists.
        first: The length of the first list, if it is to be shorter than the others: what is
            computed list by list then begins with little delay.
        weigh: The room that an item takes.
        most_weight: A list that weighs so much is not continued.

    Example:
        >>> list(batched("abcde", 2))
        [['a', 'b'], ['c', 'd'], ['e']]
        >>> list(batched("abcde", 3, first=1))
        [['a'], ['b', 'c', 'd'], ['e']]
        >>> list(batched(["a", "bcd", "e"], 9, weigh=len, most_weight=3))
        [['a', 'bcd'], ['e']]
    """
    chunk: list[T] = []
    length, weight = min(first or size, size), 0
    for item in items:
        chunk.append(item)
        weight += weigh(item)
        if len(chunk) == length or weight >= most_weight:
            yield chunk
            chunk, length, weight = [], size, 0
    if chunk:
        yield chunk


class MapItems(Protocol):
    """Yields each item with the result of a function, in order: here, or in other processes.

    In other processes, the function, the items and the results are pickled, and items are read some
    way ahead. Closing the generator ends the work.
    """

    def __call__(
        self, work: Callable[[T], Result], items: Iterable[T]
    ) -> Generator[tuple[T, Result], None, None]:
        """Yield each item with its result."""


def map_here(
    work: Callable[[T], Result], items: Iterable[T]
) -> Generator[tuple[T, Result], None, None]:
    """Yield each item with its result, as `MapItems` does, in this process.

    Example:
        >>> list(map_here(abs, [-1, 2]))
        [(-1, 1), (2, 2)]
    """
    yield from ((item, work(item)) for item in items)


class JsonSpool:
    """A list of JSON values in a temporary file, which closing deletes.

    Args:
        folder: Where the file is created; by default, where the system keeps temporary files.

    Example:
        >>> with JsonSpool() as spool:
        ...     spool.append(["盗窃", "钱包"])
        ...     list(spool)
        [['盗窃', '钱包']]
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._file = tempfile.TemporaryFile("w+", encoding="utf-8", dir=folder)  # noqa: SIM115
        self._length = 0

    def append(self, value: Any) -> None:
        """Add a value after the others."""
        self._file.write(json.dumps(value) + "\n")
        self._length += 1

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Any]:
        """Yield all values in order; none may be appended until then."""
        self._file.seek(0)
        return map(json.loads, self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()
