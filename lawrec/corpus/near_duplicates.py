"""Duplicates: texts that say nearly the same, found by their signatures, verified on the texts."""

import hashlib
from array import array
from collections.abc import Iterator
from typing import IO

import numpy as np
from numpy.typing import NDArray

SHINGLE = 5
"""Signs in a shingle."""
ALIKE = 0.8
"""From this Jaccard similarity of their shingles on, two texts are near-duplicates."""
SIGNATURE, SEED = 256, 2018
"""NumberArray in the signature of a text, and what fixes the hash functions."""
FOUND = 0.995
"""The least probability with which a pair that is just alike becomes a candidate."""
BATCH = 512


def shingles(text: str) -> set[str]:
    """Return the stretches of `SHINGLE` signs of a text; a shorter text is one itself."""
    return {text[start : start + SHINGLE] for start in range(max(1, len(text) - SHINGLE + 1))}


def jaccard(one: set[str], other: set[str]) -> float:
    """Return the share of shingles that two texts have in common."""
    return len(one & other) / len(one | other)


def rows_in_band(threshold: float) -> int:
    """Return the most numbers in a band with which pairs that are alike are still found.

    With b bands of r numbers a pair becomes a candidate with probability 1 - (1 - J^r)^b (Leskovec,
    Rajaraman & Ullman, Mining of Massive Datasets, chapter 3). For 0.8 that is r = 8 and b = 32:
    0.997 at J = 0.8, but 0.12 at J = 0.5.
    """
    return max(
        rows
        for rows in range(1, SIGNATURE // 8)
        if 1 - (1 - threshold**rows) ** (SIGNATURE // rows) >= FOUND
    )


class NearDuplicates:
    """Collects texts, numbers the different ones from 0, and groups those that are alike.

    MinHash signatures (Broder 1997) are cut into bands; texts that share a band are candidates, and
    a pair of candidates counts only when its true similarity does. In memory are a digest of each
    text and 4 bytes a band.

    Args:
        spool: An empty file, open for writing and reading, where the texts wait.
        threshold: The Jaccard similarity from which on two texts are alike.
    """

    def __init__(self, spool: IO[bytes], threshold: float = ALIKE) -> None:
        self.threshold = threshold
        self._rows = rows_in_band(threshold)
        self._spool = spool
        self._ends = array("Q", [0])
        self._numbers: dict[bytes, int] = {}
        self._waiting: list[set[str]] = []
        self._bands: list[NDArray[np.uint32]] = []

    def __len__(self) -> int:
        return len(self._ends) - 1

    def add(self, text: str) -> int:
        """Return the number of a text, which is that of the same text if it came before."""
        digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
        number = self._numbers.setdefault(digest, len(self._numbers))
        if number == len(self):
            self._take(text)
        return number

    def groups(self) -> list[list[int]]:
        """Return the numbers of the texts that are alike, pair by pair, in groups of two or more.

        Groups and their members are in the order in which the texts came. To be called last.
        """
        self._sign()
        joined = _Joined(len(self))
        refused: set[int] = set()
        for one, other in self._candidates():
            pair = one * len(self) + other  # one number takes half the memory of two
            if pair in refused or joined.root(one) == joined.root(other):
                continue
            if jaccard(self._shingles(one), self._shingles(other)) >= self.threshold:
                joined.join(one, other)
            else:
                refused.add(pair)
        return joined.groups()

    def _take(self, text: str) -> None:
        self._ends.append(self._ends[-1] + self._spool.write(text.encode()))
        self._waiting.append(shingles(text))
        if len(self._waiting) == BATCH:
            self._sign()

    def _sign(self) -> None:
        if not self._waiting:
            return
        from rensa import RMinHash

        digests = RMinHash.digests_from_token_sets(self._waiting, SIGNATURE, SEED)
        self._bands.append(_banded(np.asarray(digests, dtype=np.uint64), self._rows))
        self._waiting.clear()

    def _candidates(self) -> Iterator[tuple[int, int]]:
        """Give the pairs that share a band, the smaller number first; a pair may come again."""
        if not self._bands:
            return
        for column in np.concatenate(self._bands).T:
            for bucket in _buckets(column):
                for place, other in enumerate(bucket):
                    yield from ((one, other) for one in bucket[:place])

    def _shingles(self, number: int) -> set[str]:
        start, end = self._ends[number], self._ends[number + 1]
        self._spool.seek(start)
        return shingles(self._spool.read(end - start).decode())


class _Joined:
    """Disjoint sets of numbers (union-find with path halving); a root is its set's least."""

    def __init__(self, size: int) -> None:
        self._parents = array("Q", range(size))

    def root(self, number: int) -> int:
        parents = self._parents
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self.root(one), self.root(other)))
        self._parents[high] = low

    def groups(self) -> list[list[int]]:
        found: dict[int, list[int]] = {}
        for number in range(len(self._parents)):
            if self._parents[number] != number:
                root = self.root(number)
                found.setdefault(root, [root]).append(number)
        return [found[root] for root in sorted(found)]


def _buckets(column: NDArray[np.uint32]) -> Iterator[list[int]]:
    """Give the places, in order, of each value that stands more than once."""
    order = np.argsort(column, kind="stable")
    starts = np.flatnonzero(np.diff(column[order], prepend=column[order[0]] + np.uint32(1)))
    sizes = np.diff(starts, append=len(order))
    for start, size in zip(starts[sizes > 1], sizes[sizes > 1], strict=True):
        yield order[start : start + size].tolist()


def _banded(digests: NDArray[np.uint64], rows: int) -> NDArray[np.uint32]:
    """Hash each band of a signature to 32 bits; a chance collision costs one comparison."""
    bands = SIGNATURE // rows
    factors = np.random.default_rng(SEED).integers(1, 2**63, rows, dtype=np.uint64) * 2 + 1
    mixed = digests[:, : bands * rows].reshape(len(digests), bands, rows) * factors
    summed: NDArray[np.uint64] = mixed.sum(axis=2, dtype=np.uint64)
    return np.right_shift(summed, 32).astype(np.uint32)
