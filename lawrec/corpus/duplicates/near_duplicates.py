"""Near-duplicates: texts that are nearly the same, found by MinHash and checked on the texts.

Two texts are near-duplicates when the Jaccard similarity of their sets of shingles (stretches of
five characters) reaches a threshold. Comparing every pair would take too long, so that MinHash
signatures (Broder 1997) with locality-sensitive hashing (Leskovec, Rajaraman & Ullman, Mining of
Massive Datasets, chapter 3) propose candidates: the numbers of a signature are divided into bands,
and texts that agree in a whole band are candidates. A pair of candidates counts only when its true
similarity reaches the threshold, so that nothing is reported by chance.

Where very many texts agree in a band, as texts of one template do, each is a candidate only with
the `MAX_CANDIDATES` before it: the work grows with the texts, and not with their pairs.

Texts wait in a temporary file: memory holds a digest per text and 4 bytes per text and band.
"""

import hashlib
from array import array
from collections.abc import Iterator
from typing import IO

import numpy as np
from numpy.typing import NDArray

from lawrec.limits import MAX_CANDIDATES

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
BATCH_CHARACTERS = 2**20
"""The characters from which on fewer texts are enough: their shingles wait in memory."""


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
    """Numbers different texts from 0 and groups those that are near-duplicates.

    Args:
        spool: An empty binary file, open for writing and reading, where the texts wait.
        threshold: The smallest Jaccard similarity of two texts that are near-duplicates.

    Example:
        >>> import io
        >>> index = NearDuplicateIndex(io.BytesIO(), threshold=0.5)
        >>> [index.add(text) for text in ("被告人张某盗窃", "抢劫", "抢劫", "被告人张某盗窃罪")]
        [0, 1, 1, 2]
        >>> index.groups()
        [[0, 2]]
    """

    def __init__(self, spool: IO[bytes], threshold: float = NEAR_DUPLICATE_THRESHOLD) -> None:
        self.threshold = threshold
        self._rows = rows_per_band(threshold)
        self._spool = spool
        self._ends = array("Q", [0])
        self._numbers: dict[bytes, int] = {}
        self._pending: list[set[str]] = []  # shingles of the texts without a signature yet
        self._pending_characters = 0
        self._bands: list[NDArray[np.uint32]] = []

    def __len__(self) -> int:
        return len(self._ends) - 1

    def add(self, text: str) -> int:
        """Return the number of a text: a new one unless the same text was added before."""
        digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
        number = self._numbers.setdefault(digest, len(self._numbers))
        if number == len(self):
            self._store(text)
        return number

    def groups(self) -> list[list[int]]:
        """Return the numbers of near-duplicates, in groups of two or more.

        Each text of a group is a near-duplicate of some other text of it, not of every one. Groups
        and their members are in the order in which the texts were added. No text can be added
        after this call, which moves the position in the spool.
        """
        self._add_signatures()
        sets = _DisjointSets(len(self))
        rejected: set[int] = set()
        for first, second in self._candidates():
            # One number takes half the memory of a tuple. With 10 texts, (3, 7) becomes 37.
            pair = first * len(self) + second
            if pair in rejected or sets.root(first) == sets.root(second):
                continue
            if jaccard(self._shingles(first), self._shingles(second)) >= self.threshold:
                sets.join(first, second)
            else:
                rejected.add(pair)
        return sets.groups()

    def _store(self, text: str) -> None:
        self._ends.append(self._ends[-1] + self._spool.write(text.encode()))
        self._pending.append(shingles(text))
        self._pending_characters += len(text)
        if len(self._pending) == BATCH_SIZE or self._pending_characters >= BATCH_CHARACTERS:
            self._add_signatures()

    def _add_signatures(self) -> None:
        """Compute the signatures of the texts that wait for them, and keep the hashes of bands."""
        if not self._pending:
            return
        from rensa import RMinHash

        signatures = RMinHash.digests_from_token_sets(self._pending, SIGNATURE_SIZE, SEED)
        self._bands.append(_band_hashes(np.asarray(signatures, dtype=np.uint64), self._rows))
        self._pending.clear()
        self._pending_characters = 0

    def _candidates(self) -> Iterator[tuple[int, int]]:
        """Yield the pairs that agree in a band, the smaller number first; pairs may repeat."""
        if not self._bands:
            return
        for hashes in np.concatenate(self._bands).T:
            for bucket in _buckets(hashes):
                for position, second in enumerate(bucket):
                    firsts = bucket[max(0, position - MAX_CANDIDATES) : position]
                    yield from ((first, second) for first in firsts)

    def _shingles(self, number: int) -> set[str]:
        start, end = self._ends[number], self._ends[number + 1]
        self._spool.seek(start)
        return shingles(self._spool.read(end - start).decode())


class _DisjointSets:
    """Disjoint sets of the numbers below `size` (union-find with path halving).

    The root of a set is its smallest number.
    """

    def __init__(self, size: int) -> None:
        self._parents = array("Q", range(size))

    def root(self, number: int) -> int:
        parents = self._parents
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    def join(self, first: int, second: int) -> None:
        low, high = sorted((self.root(first), self.root(second)))
        self._parents[high] = low

    def groups(self) -> list[list[int]]:
        """Return the sets of two or more numbers, in ascending order."""
        members: dict[int, list[int]] = {}
        for number in range(len(self._parents)):
            if self._parents[number] != number:
                root = self.root(number)
                members.setdefault(root, [root]).append(number)
        return [members[root] for root in sorted(members)]


def _buckets(hashes: NDArray[np.uint32]) -> Iterator[list[int]]:
    """Yield the indices, in ascending order, of each value that occurs more than once.

    Example: [7, 5, 7, 9] is sorted to [5, 7, 7, 9] by order [1, 0, 2, 3]. Runs of equal values
    start at 0, 1 and 3 and have sizes 1, 2 and 1; the one of size 2 yields [0, 2].
    """
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    # The prepended value differs from the first one, so that a run starts at 0, too.
    starts = np.flatnonzero(np.diff(ordered, prepend=ordered[0] + np.uint32(1)))
    sizes = np.diff(starts, append=len(order))
    for start, size in zip(starts[sizes > 1], sizes[sizes > 1], strict=True):
        yield order[start : start + size].tolist()


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
