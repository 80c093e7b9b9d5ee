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
range of the hashes of one band at a time, whatever the number of texts. Other processes may compute
the signatures and compare the candidates: the groups are the same.
"""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import cached_property, partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lawrec.corpus.duplicates.pair_search import (
    N_FILES,
    TextStore,
    join_near_duplicates,
    shingles,
)
from lawrec.iterables import MapItems, batched, map_here
from lawrec.storage.disk_array import DiskArray, equal_values
from lawrec.storage.files import temporary_file

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
"""Above this many characters, fewer texts are processed at once: their shingles are in memory."""
_Batch: TypeAlias = tuple[list[int], list[str]]
"""The numbers of some texts, and the texts."""


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
        map_items: Computes the signatures and compares the texts, in this process or in others.

    Example:
        >>> with ExitStack() as files:
        ...     index = NearDuplicateIndex(files, threshold=0.5)
        ...     for text in ("被告人张某盗窃", "抢劫", "抢劫", "被告人张某盗窃罪"):
        ...         index.add(text)
        ...     list(index.equal_texts()), list(index.groups())
        ([[1, 2]], [[0, 3], [1, 2]])
    """

    def __init__(
        self,
        files: ExitStack,
        threshold: float = NEAR_DUPLICATE_THRESHOLD,
        *,
        map_items: MapItems = map_here,
    ) -> None:
        self.threshold = threshold
        self._map_items = map_items
        self._rows = rows_per_band(threshold)
        digests, *others = (files.enter_context(temporary_file()) for _ in range(1 + N_FILES))
        self._digests = DiskArray(digests, "u8")
        self._store = TextStore(others, SIGNATURE_SIZE // self._rows)

    def add(self, text: str) -> None:
        """Add the next text; none can be added after anything was returned."""
        self._store.add(text)
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        self._digests.append(int.from_bytes(digest))

    def equal_texts(self) -> Iterator[list[int]]:
        """Yield the numbers of each text that was added several times."""
        for numbers in equal_values(self._digests.blocks):
            same: dict[str, list[int]] = {}
            for number in numbers:
                same.setdefault(self._store.text(number), []).append(number)
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
        firsts = self._store.firsts
        for first, *others in self.equal_texts():
            for number in others:
                firsts[number] = first
        self._compute_signatures()
        join_near_duplicates(self._store, self.threshold, map_items=self._map_items)
        return firsts

    def _compute_signatures(self) -> None:
        """Add the hashes of the bands of each different text."""
        work = partial(_hash_bands, self._rows)
        with closing(self._map_items(work, self._batches())) as hashed:
            for (numbers, _), hashes in hashed:
                self._store.add_hashes(numbers, hashes)

    def _batches(self) -> Iterator[_Batch]:
        """Yield the numbers of all different texts, and the texts."""
        different = (
            (number, self._store.text(number))
            for number, first in enumerate(self._store.firsts.items())
            if number == first
        )
        for batch in batched(
            different, BATCH_SIZE, weigh=lambda item: len(item[1]), most_weight=BATCH_CHARACTERS
        ):
            yield [number for number, _ in batch], [text for _, text in batch]


def _hash_bands(rows: int, batch: _Batch) -> NDArray[np.uint32]:
    """Return the hashes of the bands of each text, uint32 (n_texts, n_bands)."""
    from rensa import RMinHash

    sets = list(map(shingles, batch[1]))
    signatures = RMinHash.digests_from_token_sets(sets, SIGNATURE_SIZE, SEED)
    return _band_hashes(np.asarray(signatures, dtype=np.uint64), rows)


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
