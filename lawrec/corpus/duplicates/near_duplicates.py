"""Near-duplicates: texts that are nearly the same, found by MinHash and checked on the texts.

Two texts are near-duplicates when the Jaccard similarity of their sets of shingles (stretches of
five characters) reaches a threshold. Comparing every pair would take too long, so that MinHash
signatures (Broder 1997) with locality-sensitive hashing (Leskovec, Rajaraman & Ullman, Mining of
Massive Datasets, chapter 3) propose candidates: the numbers of a signature are divided into bands,
and texts that agree in a whole band are candidates. A pair of candidates counts only when its true
similarity reaches the threshold, so that nothing is reported by chance.

Where very many texts agree in a band, as texts of one template do, each is a candidate only with
the `MAX_CANDIDATES` before it: the work grows with the texts, and not with their pairs.

All that there is of a text is in temporary files, 170 bytes beside the text itself: memory holds a
range of the hashes of one band at a time, whatever the number of texts.
"""

import hashlib
from array import array
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from lawrec.storage.disk_array import BLOCK, DiskArray, equal_values
from lawrec.storage.files import temporary_file
from lawrec.storage.limits import MAX_CANDIDATES

SHINGLE_SIZE = 5
"""Characters per shingle."""
NEAR_DUPLICATE_THRESHOLD = 0.8
"""The smallest Jaccard similarity of the shingles of two near-duplicates."""
SIGNATURE_SIZE = 256
"""Numbers in the signature of a text."""
SEED = 2018
"""The seed of the hash functions."""
MIN_RECALL = 0.995
"""The least probability with which a pair at the threshold becomes a candidate."""
BATCH_SIZE = 512
"""The most texts whose signatures are computed at once."""
BATCH_SHINGLES = 2**20
"""The shingles from which on fewer texts are enough: they wait in memory."""
MAX_REJECTED = 2**16
"""Pairs below the threshold that are remembered, so as not to compare them for another band."""


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


def rows_per_band(threshold: float) -> int:
    """Return the largest band with which pairs at the threshold still become candidates.

    With b bands of r numbers, a pair of similarity J becomes a candidate with probability
    1 - (1 - J^r)^b. Larger bands propose fewer wrong candidates, but miss more pairs. For a
    threshold of 0.8, r = 8 and b = 256 / 8 = 32: probability 0.997 at J = 0.8, 0.12 at J = 0.5.

    Example:
        >>> rows_per_band(0.8)
        8
    """
    return max(
        rows
        for rows in range(1, SIGNATURE_SIZE // 8)
        if 1 - (1 - threshold**rows) ** (SIGNATURE_SIZE // rows) >= MIN_RECALL
    )


class NearDuplicateIndex:
    """Numbers texts from 0, and groups those that are the same or near-duplicates.

    Args:
        files: Closes the temporary files, which hold all that there is of each text.
        threshold: The smallest Jaccard similarity of two texts that are near-duplicates.

    Example:
        >>> with ExitStack() as files:
        ...     index = NearDuplicateIndex(files, threshold=0.5)
        ...     for text in ("被告人张某盗窃", "抢劫", "抢劫", "被告人张某盗窃罪"):
        ...         index.add(text)
        ...     list(index.equal_texts()), list(index.groups())
        ([[1, 2]], [[0, 3], [1, 2]])
    """

    def __init__(self, files: ExitStack, threshold: float = NEAR_DUPLICATE_THRESHOLD) -> None:
        self.threshold = threshold
        self._rows = rows_per_band(threshold)
        self._texts, self._bands = (files.enter_context(temporary_file()) for _ in range(2))
        self._spans, self._digests, self._firsts, self._compared = (
            DiskArray(files.enter_context(temporary_file()), dtype)
            for dtype in ("u8,u8", "u8", "u8", "u8")
        )
        self._end = 0
        self._batch_sizes = array("Q")

    def add(self, text: str) -> None:
        """Add the next text; none can be added after anything was returned."""
        content = text.encode()
        start, self._end = self._end, self._end + self._texts.write(content)
        self._spans.append((start, self._end))
        digest = hashlib.blake2b(content, digest_size=8).digest()
        self._digests.append(int.from_bytes(digest))

    def equal_texts(self) -> Iterator[list[int]]:
        """Yield the numbers of each text that was added several times."""
        for numbers in equal_values(self._digests.blocks):
            same: dict[str, list[int]] = {}
            for number in numbers:
                same.setdefault(self._text(number), []).append(number)
            yield from (equal for equal in same.values() if len(equal) > 1)

    def groups(self, *, at_least: int = 2) -> Iterator[list[int]]:
        """Yield the numbers of texts that are the same or near-duplicates, in groups.

        Each text of a group is a near-duplicate of some other text of it, not of every one. Groups
        and their members are in the order in which the texts were added.

        Args:
            at_least: The number of texts of the smallest groups that are yielded.
        """
        return equal_values(self.first_of_group.blocks, at_least=at_least)

    @cached_property
    def first_of_group(self) -> DiskArray:
        """The first text of the group of each text; a text without relatives is its own."""
        for start in range(0, len(self._digests), BLOCK):
            self._firsts.extend(range(start, min(start + BLOCK, len(self._digests))))
        for first, *others in self.equal_texts():
            for number in others:
                self._firsts[number] = first
        self._compute_signatures()
        sets = _DisjointSets(self._firsts)
        self._join_near_duplicates(sets)
        sets.shorten_paths()
        return self._firsts

    def _join_near_duplicates(self, sets: "_DisjointSets") -> None:
        rejected: set[tuple[int, int]] = set()
        for first, second in self._candidates():
            pair = first, second
            if pair in rejected or sets.root(first) == sets.root(second):
                continue
            if jaccard(self._shingles(first), self._shingles(second)) >= self.threshold:
                sets.join(first, second)
            else:
                if len(rejected) == MAX_REJECTED:
                    rejected.clear()
                rejected.add(pair)

    def _compute_signatures(self) -> None:
        """Write the hashes of the bands of each different text, band by band in each batch."""
        from rensa import RMinHash

        for numbers, sets in self._batches():
            signatures = RMinHash.digests_from_token_sets(sets, SIGNATURE_SIZE, SEED)
            hashes = _band_hashes(np.asarray(signatures, dtype=np.uint64), self._rows)
            self._bands.write(hashes.T.tobytes())
            self._batch_sizes.append(len(numbers))
            self._compared.extend(numbers)

    def _batches(self) -> Iterator[tuple[list[int], list[set[str]]]]:
        """Yield the numbers and the shingles of all different texts."""
        numbers: list[int] = []
        sets: list[set[str]] = []
        n_shingles = 0
        for number, first in enumerate(self._firsts.items()):
            if number == first:
                numbers.append(number)
                sets.append(self._shingles(number))
                n_shingles += len(sets[-1])
                if len(numbers) == BATCH_SIZE or n_shingles >= BATCH_SHINGLES:
                    yield numbers, sets
                    numbers, sets, n_shingles = [], [], 0
        if numbers:
            yield numbers, sets

    def _candidates(self) -> Iterator[tuple[int, int]]:
        """Yield the pairs that agree in a band, the smaller number first; pairs may repeat."""
        for band in range(SIGNATURE_SIZE // self._rows):
            for bucket in equal_values(partial(self._hashes, band)):
                numbers = [self._compared[index] for index in bucket]
                for position, second in enumerate(numbers):
                    firsts = numbers[max(0, position - MAX_CANDIDATES) : position]
                    yield from ((first, second) for first in firsts)

    def _hashes(self, band: int) -> Iterator[NDArray[np.uint32]]:
        """Yield the hashes of a band of all different texts."""
        n_bands, start = SIGNATURE_SIZE // self._rows, 0
        for size in self._batch_sizes:
            self._bands.seek((start * n_bands + size * band) * np.uint32().itemsize)
            yield np.frombuffer(self._bands.read(size * np.uint32().itemsize), np.uint32)
            start += size

    def _shingles(self, number: int) -> set[str]:
        return shingles(self._text(number))

    def _text(self, number: int) -> str:
        start, end = self._spans[number]
        self._texts.seek(start)
        return self._texts.read(end - start).decode()


class _DisjointSets:
    """Disjoint sets of numbers (union-find with path halving); the smallest is the root.

    Args:
        parents: A smaller number of the same set for each number, or the number itself.
    """

    def __init__(self, parents: DiskArray) -> None:
        self._parents = parents

    def root(self, number: int) -> int:
        while (parent := self._parents[number]) != number:
            grandparent = self._parents[parent]
            if grandparent != parent:
                self._parents[number] = grandparent
            number = grandparent
        return number

    def join(self, first: int, second: int) -> None:
        low, high = sorted((self.root(first), self.root(second)))
        self._parents[high] = low

    def shorten_paths(self) -> None:
        """Make the root the parent of each number."""
        for number, parent in enumerate(self._parents.items()):
            if number != parent:
                self._parents[number] = self.root(number)


def _band_hashes(signatures: NDArray[np.uint64], rows: int) -> NDArray[np.uint32]:
    """Return a hash of each band of each signature, uint32 (n_texts, n_bands).

    A band (s1, s2, ...) is hashed to the upper 32 bits of f1 * s1 + f2 * s2 + ... modulo 2^64, with
    random odd factors. Two bands with the same hash by chance cost only one needless comparison.

    Args:
        signatures: uint64 (n_texts, SIGNATURE_SIZE).
        rows: Numbers per band. What is left of a signature after the last whole band is unused.
    """
    bands = SIGNATURE_SIZE // rows
    factors = np.random.default_rng(SEED).integers(1, 2**63, rows, dtype=np.uint64) * 2 + 1
    products = signatures[:, : bands * rows].reshape(len(signatures), bands, rows) * factors
    sums: NDArray[np.uint64] = products.sum(axis=2, dtype=np.uint64)
    return np.right_shift(sums, 32).astype(np.uint32)
