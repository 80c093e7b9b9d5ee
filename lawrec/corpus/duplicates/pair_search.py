"""Pair search: the near-duplicates among many texts, range by range of the hashes of a band.

Each range is work of its own: the texts whose hashes in a band are equal are candidates, and those
whose true similarity reaches the threshold are joined. All that this takes is in files, which any
number of processes can read. Each of them skips the pairs that follow from what it has joined
already. Together they join the same texts, whoever searches which range.
"""

import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lawrec.storage.disk_array import (
    BLOCK,
    DiskArray,
    ValueRange,
    equal_values_in,
    value_ranges,
)
from lawrec.storage.files import temporary_file
from lawrec.storage.limits import MAX_CANDIDATES

SHINGLE_SIZE = 5
"""Characters per shingle."""
MAX_REJECTED = 2**16
"""Pairs below the threshold that are remembered, so as not to compare them for another band."""
N_FILES = 6
"""The files of a `TextStore`."""
Pair = tuple[int, int]
"""The numbers of two texts, the smaller one first."""


def shingles(text: str) -> set[str]:
    """Return all stretches of `SHINGLE_SIZE` characters; a shorter text is its only shingle.

    Example:
        >>> sorted(shingles("被告人盗窃罪"))
        ['告人盗窃罪', '被告人盗窃']
    """
    starts = range(max(1, len(text) - SHINGLE_SIZE + 1))
    return {text[start : start + SHINGLE_SIZE] for start in starts}


def jaccard(a: set[str], b: set[str]) -> float:
    """Return the Jaccard similarity of two sets: common elements / all elements, 0 to 1.

    Example:
        >>> jaccard({"a", "b", "c"}, {"b", "c", "d"})
        0.5
    """
    return len(a & b) / len(a | b)


class TextStore:
    """Texts with the hashes of their bands, in files.

    Args:
        files: `N_FILES` binary files, empty ones that can be written, or those of a full store.
        n_bands: The number of hashes of each text.

    Attributes:
        firsts: The first text that is the same as each text, or already joined to it.
    """

    def __init__(self, files: Sequence[IO[bytes]], n_bands: int) -> None:
        self.n_bands = n_bands
        self._files = files
        self._texts, self._bands, *others = files
        dtypes = ("u8,u8", "u8", "u8", "u8")
        self._spans, self.firsts, self._compared, self._batch_sizes = map(DiskArray, others, dtypes)
        self._end = 0

    def add(self, text: str) -> None:
        """Add a text."""
        start, self._end = self._end, self._end + self._texts.write(text.encode())
        self._spans.append((start, self._end))

    def text(self, number: int) -> str:
        """Return a text."""
        start, end = self._spans[number]
        self._texts.seek(start)
        return self._texts.read(end - start).decode()

    def add_hashes(self, numbers: Sequence[int], hashes: NDArray[np.uint32]) -> None:
        """Add the hashes of the next batch of texts, uint32 (n_texts, n_bands)."""
        self._bands.write(hashes.T.tobytes())
        self._batch_sizes.append(len(numbers))
        self._compared.extend(numbers)

    def hash_ranges(self) -> Iterator[tuple[int, ValueRange]]:
        """Yield each band with each range of its hashes."""
        for band in range(self.n_bands):
            for values in value_ranges(partial(self._hashes, band)):
                yield band, values

    def candidates(self, band: int, values: ValueRange) -> Iterator[Pair]:
        """Yield the pairs of texts that agree in a range of the hashes of a band."""
        for bucket in equal_values_in(partial(self._hashes, band), values):
            numbers = [self._compared[index] for index in bucket]
            for position, second in enumerate(numbers):
                firsts = numbers[max(0, position - MAX_CANDIDATES) : position]
                yield from ((first, second) for first in firsts)

    def shared_paths(self) -> tuple[Path, ...]:
        """Return paths at which other processes can read the files; none if there is no way."""
        paths = [Path(f"/proc/{os.getpid()}/fd/{file.fileno()}") for file in self._files]
        for file in self._files:
            file.flush()
        return tuple(paths) if all(path.exists() for path in paths) else ()

    def _hashes(self, band: int) -> Iterator[NDArray[np.uint32]]:
        """Yield the hashes of a band of all texts that are compared."""
        start, width = 0, np.uint32().itemsize
        for size in self._batch_sizes.items():
            self._bands.seek((start * self.n_bands + size * band) * width)
            yield np.frombuffer(self._bands.read(size * width), np.uint32)
            start += size


class DisjointSets:
    """Disjoint sets of numbers (union-find with path halving); the smallest is the root.

    Args:
        parents: A smaller number of the same set for each number, or the number itself.
    """

    def __init__(self, parents: DiskArray) -> None:
        self._parents = parents

    def root(self, number: int) -> int:
        """Return the smallest number of the set of a number."""
        while (parent := self._parents[number]) != number:
            grandparent = self._parents[parent]
            if grandparent != parent:
                self._parents[number] = grandparent
            number = grandparent
        return number

    def join(self, first: int, second: int) -> None:
        """Join the sets of two numbers."""
        low, high = sorted((self.root(first), self.root(second)))
        self._parents[high] = low

    def shorten_paths(self) -> None:
        """Make the root the parent of each number."""
        for number, parent in enumerate(self._parents.items()):
            if number != parent:
                self._parents[number] = self.root(number)


def extend_with_numbers(array: DiskArray, n_items: int) -> None:
    """Add the numbers from 0 on to an array: the parents of numbers none of which is joined.

    Example:
        >>> import io
        >>> parents = DiskArray(io.BytesIO(), "u8")
        >>> extend_with_numbers(parents, 3)
        >>> list(parents.items())
        [0, 1, 2]
    """
    for start in range(0, n_items, BLOCK):
        array.extend(range(start, min(start + BLOCK, n_items)))


class PairSearch(NamedTuple):
    """The search of one process.

    Args:
        store: The texts.
        threshold: The smallest Jaccard similarity of two texts that are near-duplicates.
        sets: The texts that this process has joined.
        rejected: Pairs that it has compared in vain.
    """

    store: TextStore
    threshold: float
    sets: DisjointSets
    rejected: set[Pair]

    def join(self, band: int, values: ValueRange) -> Iterator[Pair]:
        """Yield the pairs of near-duplicates in a range of the hashes of a band, and join them."""
        for pair in self.store.candidates(band, values):
            first, second = pair
            if pair in self.rejected or self.sets.root(first) == self.sets.root(second):
                continue
            if jaccard(*(shingles(self.store.text(number)) for number in pair)) >= self.threshold:
                self.sets.join(first, second)
                yield pair
            else:
                if len(self.rejected) == MAX_REJECTED:
                    self.rejected.clear()
                self.rejected.add(pair)


def join_near_duplicates(store: TextStore, threshold: float, *, jobs: int) -> None:
    """Join near-duplicates: `store.firsts` becomes the first text of the group of each text.

    Args:
        store: The texts, all of them with their hashes.
        threshold: The smallest Jaccard similarity of two texts that are near-duplicates.
        jobs: The number of other processes that search; 0: this one does.

    Example:
        >>> join_near_duplicates(store, 0.8, jobs=0)  # doctest: +SKIP
    """
    from lawrec.parallel import parallel_map  # multiprocessing is slow to import

    sets = DisjointSets(store.firsts)
    search = PairSearch(store, threshold, sets, set())
    joined: Generator[tuple[Any, Iterable[Pair]], None, None]
    if jobs and (paths := store.shared_paths()):
        work = partial(_join_elsewhere, paths, store.n_bands, threshold)
        joined = parallel_map(work, store.hash_ranges(), workers=jobs)
    else:
        joined = ((task, search.join(*task)) for task in store.hash_ranges())
    with closing(joined):
        for first, second in chain.from_iterable(pairs for _, pairs in joined):
            sets.join(first, second)
    sets.shorten_paths()


def _join_elsewhere(
    paths: tuple[Path, ...], n_bands: int, threshold: float, task: tuple[int, ValueRange]
) -> list[Pair]:
    search, _ = _search_of_process(paths, n_bands, threshold=threshold)
    return list(search.join(*task))


@cache
def _search_of_process(
    paths: tuple[Path, ...], n_bands: int, *, threshold: float
) -> tuple[PairSearch, ExitStack]:
    """Return the search of another process, and what closes its files."""
    files = ExitStack()
    store = TextStore([files.enter_context(path.open("rb")) for path in paths], n_bands)
    # Of texts that are the same, one alone is compared: none of the others is joined yet.
    parents = DiskArray(files.enter_context(temporary_file()), "u8")
    extend_with_numbers(parents, len(store.firsts))
    return PairSearch(store, threshold, DisjointSets(parents), set()), files
