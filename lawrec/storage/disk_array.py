"""Disk arrays: one number or row per case in a temporary file, where memory must not grow with it.

What is sorted in memory elsewhere is grouped here range by range: see `equal_values`.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

BLOCK = 2**14
"""Items that are read at once."""
AT_ONCE = 2**18
"""Numbers that are sorted at once."""
_BINS = 2**14
"""The bins of the histogram from which ranges of numbers are made."""

Blocks: TypeAlias = Callable[[], Iterable[NDArray[Any]]]
"""Returns all values, unsigned integers, from the first on."""


class DiskArray:
    """A one-dimensional array in a file: items are appended, then read and replaced.

    Args:
        file: A binary file, which the caller closes: an empty one, open for writing and reading,
            or one with the items of such an array.
        dtype: The type of an item, which may be a row of several numbers.

    Example:
        >>> import io
        >>> lines = DiskArray(io.BytesIO(), np.uint32)
        >>> lines.append(7)
        >>> lines.extend([8, 9])
        >>> lines[1] = 5
        >>> len(lines), lines[1], [block.tolist() for block in lines.blocks()]
        (3, 5, [[7, 5, 9]])
    """

    def __init__(self, file: IO[bytes], dtype: DTypeLike) -> None:
        self._file = file
        self._dtype = np.dtype(dtype)
        self._length = file.seek(0, os.SEEK_END) // self._dtype.itemsize

    def __len__(self) -> int:
        return self._length

    def append(self, item: Any) -> None:
        """Add an item; none can be added after the first was read."""
        self._file.write(np.array(item, self._dtype).tobytes())
        self._length += 1

    def extend(self, items: Any) -> None:
        """Add items, an array or a sequence."""
        self._file.write(np.asarray(items, self._dtype).tobytes())
        self._length += len(items)

    def __getitem__(self, index: int) -> Any:
        return np.frombuffer(self._read(index, 1), self._dtype)[0].item()

    def __setitem__(self, index: int, item: Any) -> None:
        self._file.seek(index * self._dtype.itemsize)
        self._file.write(np.array(item, self._dtype).tobytes())

    def blocks(self) -> Iterator[NDArray[Any]]:
        """Yield all items in order, as arrays that cannot be written to."""
        for start in range(0, self._length, BLOCK):
            yield np.frombuffer(self._read(start, min(BLOCK, self._length - start)), self._dtype)

    def items(self) -> Iterator[Any]:
        """Yield each item in order."""
        for block in self.blocks():
            yield from block.tolist()

    def _read(self, index: int, n_items: int) -> bytes:
        self._file.seek(index * self._dtype.itemsize)
        return self._file.read(n_items * self._dtype.itemsize)


class ValueRange(NamedTuple):
    """The values that are in a range after their last `shift` bits are dropped."""

    shift: int
    first: int
    last: int


def equal_values(blocks: Blocks, *, at_least: int = 2) -> Iterator[list[int]]:
    """Yield the indices of each value that occurs several times, in the order of the values.

    The values are read again for each range of about `AT_ONCE` of them: memory holds a range.

    Args:
        blocks: Returns all values.
        at_least: How often a value must occur.

    Example:
        >>> list(equal_values(lambda: [np.array([7, 5], np.uint32), np.array([7, 9], np.uint32)]))
        [[0, 2]]
    """
    for values in value_ranges(blocks):
        yield from equal_values_in(blocks, values, at_least=at_least)


def equal_values_in(
    blocks: Blocks, value_range: ValueRange, *, at_least: int = 2
) -> Iterator[list[int]]:
    """Yield the indices of each value of a range that occurs several times, in ascending order.

    [7, 5, 7, 9] is sorted to [5, 7, 7, 9] by order [1, 0, 2, 3]. Runs of equal values start at 0, 1
    and 3 and have sizes 1, 2 and 1; the one of size 2 yields [0, 2].

    Args:
        blocks: Returns all values.
        value_range: One that `value_ranges` yielded.
        at_least: How often a value must occur.

    Example:
        >>> blocks = lambda: [np.array([7, 5, 7, 9], np.uint32)]
        >>> list(equal_values_in(blocks, ValueRange(0, 0, 8), at_least=1))
        [[1], [0, 2]]
    """
    values, indices = _in_range(blocks, value_range)
    order = np.argsort(values, kind="stable")
    _, starts, sizes = np.unique(values[order], return_index=True, return_counts=True)
    ordered = indices[order]
    for start, size in zip(starts[sizes >= at_least], sizes[sizes >= at_least], strict=True):
        yield ordered[start : start + size].tolist()


def value_ranges(blocks: Blocks) -> Iterator[ValueRange]:
    """Yield ranges of about `AT_ONCE` values, in ascending order, in which all values are.

    Args:
        blocks: Returns all values.

    Example:
        >>> list(value_ranges(lambda: [np.array([7, 5, 7, 9], np.uint32)]))
        [ValueRange(shift=0, first=0, last=16383)]
    """
    shift = max(0, max((int(block.max()) for block in blocks()), default=0).bit_length() - 14)
    counts = np.zeros(_BINS, np.int64)
    for block in blocks():
        counts += np.bincount((block >> np.uint8(shift)).astype(np.int64), minlength=_BINS)
    first = n_values = 0
    for index in np.flatnonzero(counts).tolist():
        if n_values and n_values + counts[index] > AT_ONCE:
            yield ValueRange(shift, first, index - 1)
            first, n_values = index, 0
        n_values += int(counts[index])
    if n_values:
        yield ValueRange(shift, first, _BINS - 1)


def _in_range(blocks: Blocks, value_range: ValueRange) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the values in a range, and their indices."""
    parts, start = [], 0
    for block in blocks():
        bins = block >> np.uint8(value_range.shift)
        chosen = np.flatnonzero((bins >= value_range.first) & (bins <= value_range.last))
        parts.append((block[chosen], chosen + start))
        start += len(block)
    values, indices = zip(*parts, strict=True)
    return np.concatenate(values), np.concatenate(indices)
