"""Streams that do not fit into memory: read them in chunks, or keep them in a temporary file."""

import json
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Self, TypeVar

T = TypeVar("T")
CHUNK_CASES = 2_048


def batched(items: Iterable[T], size: int = CHUNK_CASES) -> Iterator[list[T]]:
    """Yield a stream as lists of `size` items; the last may be shorter.

    Example:
        >>> list(batched("abcde", 2))
        [['a', 'b'], ['c', 'd'], ['e']]
    """
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def growing_batches(
    items: Iterable[T], *, first: int = 32, largest: int = CHUNK_CASES
) -> Iterator[list[T]]:
    """Yield a stream as lists, each twice as long as the one before it, up to `largest`.

    What is computed list by list begins with little delay, and is efficient in the long run.

    Args:
        items: The stream.
        first: The length of the first list, unless `largest` is less.
        largest: The greatest length.

    Example:
        >>> [len(batch) for batch in growing_batches(range(12), first=1, largest=4)]
        [1, 2, 4, 4, 1]
    """
    rest, size = iter(items), min(first, largest)
    while batch := list(islice(rest, size)):
        yield batch
        size = min(2 * size, largest)


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
