"""Pair search: the near-duplicates among many texts, range by range of the hashes of a band.

The texts whose hashes in a band are equal are candidates, and those whose true similarity reaches
the threshold are joined. Pairs that follow from what is joined already are not compared. The others
are compared in tasks that hold their texts, so that any process can do any of them, in any order:
together they join the same texts.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from functools import lru_cache, partial
from itertools import chain
from typing import IO, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lawrec.iterables import MapItems, batched, map_here
from lawrec.storage.disk_array import DiskArray, ValueRange, equal_values_in, value_ranges
from lawrec.storage.limits import MAX_CANDIDATES

SHINGLE_SIZE = 5
"""Characters per shingle."""
MAX_REJECTED = 2**16
"""Pairs below the threshold that are remembered, so as not to compare them for another band."""
PAIRS_PER_TASK = 1_024
"""Pairs that are compared at once ..."""
BYTES_PER_TASK = 2**21
"""... or fewer, once their texts have this many bytes: they are in memory."""
N_FILES = 6
"""The files of a `TextStore`."""
Pair: TypeAlias = tuple[int, int]
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
        files: `N_FILES` empty binary files, open for writing and reading.
        n_bands: The number of hashes of each text.

    Attributes:
        firsts: The first text that is the same as each text, or already joined to it.
    """

    def __init__(self, files: Sequence[IO[bytes]], n_bands: int) -> None:
        self.n_bands = n_bands
        self._texts, self._bands, *others = files
        dtypes = ("u8,u8", "u8", "u8", "u8")
        self._spans, self.firsts, self._compared, self._batch_sizes = map(DiskArray, others, dtypes)
        self._end = 0

    def add(self, text: str) -> None:
        """Add a text."""
        start, self._end = self._end, self._end + self._texts.write(text.encode())
        self._spans.append((start, self._end))
        self.firsts.append(len(self.firsts))

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

    def buckets(self, band: int, values: ValueRange) -> Iterator[list[int]]:
        """Yield the numbers of texts that have the same hash, in a range of those of a band."""
        for bucket in equal_values_in(partial(self._hashes, band), values):
            yield [self._compared[index] for index in bucket]

    def n_bytes(self, number: int) -> int:
        """Return the size of a text."""
        start, end = self._spans[number]
        return int(end - start)

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

    def __init__(self, parents: DiskArray | dict[int, int]) -> None:
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


class Comparison(NamedTuple):
    """Some pairs of texts that are compared together.

    Args:
        pairs: The pairs.
        texts: Their texts, by number.
        roots: The first text that each of them is joined to already, or its own number.
    """

    pairs: list[Pair]
    texts: dict[int, str]
    roots: dict[int, int]

    def joined(self, threshold: float) -> list[Pair]:
        """Return pairs of near-duplicates, from which all others follow."""
        sets = DisjointSets({root: root for root in self.roots.values()} | self.roots)
        joined = []
        for first, second in dict.fromkeys(self.pairs):
            if sets.root(first) != sets.root(second):
                texts = (self.texts[first], self.texts[second])
                if jaccard(*map(shingles, texts)) >= threshold:
                    sets.join(first, second)
                    joined.append((first, second))
        return joined


class PairSearch(NamedTuple):
    """The search for near-duplicates.

    Args:
        store: The texts, all of them with their hashes.
        sets: The texts that are joined.
        rejected: Pairs that were compared in vain.
    """

    store: TextStore
    sets: DisjointSets
    rejected: set[Pair]

    def comparisons(self) -> Iterator[Comparison]:
        """Yield what is to be compared, as far as is known from what is joined already."""
        store = self.store
        n_bytes = lru_cache(2 * MAX_CANDIDATES)(store.n_bytes)  # of a text, for all of its pairs
        for pairs in batched(
            self._undecided(),
            PAIRS_PER_TASK,
            weigh=lambda pair: sum(map(n_bytes, pair)),
            most_weight=BYTES_PER_TASK,
        ):
            numbers = dict.fromkeys(chain.from_iterable(pairs))
            roots = {number: self.sets.root(number) for number in numbers}
            yield Comparison(pairs, {number: store.text(number) for number in numbers}, roots)

    def enter(self, pairs: Iterable[Pair], joined: Iterable[Pair]) -> None:
        """Join the near-duplicates that were found among some pairs."""
        for pair in joined:
            self.sets.join(*pair)
        if len(self.rejected) > MAX_REJECTED:
            self.rejected.clear()
        self.rejected.update(pairs)

    def _undecided(self) -> Iterator[Pair]:
        for hashes in self.store.hash_ranges():
            for bucket in self.store.buckets(*hashes):
                roots = {number: self.sets.root(number) for number in bucket}
                if len(set(roots.values())) > 1:  # in most bands, those of a template are joined
                    for first, second in _candidates(bucket):
                        if roots[first] != roots[second] and (first, second) not in self.rejected:
                            yield first, second


def join_near_duplicates(
    store: TextStore, threshold: float, *, map_items: MapItems = map_here
) -> None:
    """Join near-duplicates: `store.firsts` becomes the first text of the group of each text.

    Args:
        store: The texts, all of them with their hashes.
        threshold: The smallest Jaccard similarity of two texts that are near-duplicates.
        map_items: Compares the texts, in this process or in others.

    Example:
        >>> join_near_duplicates(store, 0.8)  # doctest: +SKIP
    """
    sets = DisjointSets(store.firsts)
    search = PairSearch(store, sets, set())
    with closing(map_items(partial(_joined, threshold), search.comparisons())) as compared:
        for comparison, joined in compared:
            search.enter(comparison.pairs, joined)
    for number, first in enumerate(store.firsts.items()):
        if number != first:
            store.firsts[number] = sets.root(number)


def _candidates(bucket: list[int]) -> Iterator[Pair]:
    """Yield the pairs of texts of a bucket, each text with so many before it at most."""
    for position, second in enumerate(bucket):
        yield from (
            (first, second) for first in bucket[max(0, position - MAX_CANDIDATES) : position]
        )


def _joined(threshold: float, comparison: Comparison) -> list[Pair]:
    return comparison.joined(threshold)
