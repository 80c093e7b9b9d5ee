"""Trained cases file: by which a run recognizes the cases that its training has read.

checkpoints/<run>/trained/digests.npz     "digests", the 64-bit BLAKE2 digests of the token ids of
                                          the train cases and extra cases, int64, sorted, each once
checkpoints/<run>/trained/manifest.json   sealed as `lawrec.runs.array_parts` describes

Of more than `MAX_DIGESTS`, the smallest are kept: a random sample, since digests are random. Cases
that differ in unknown tokens alone have the same digest.
"""

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np

from lawrec.errors import RunError
from lawrec.iterables import batched
from lawrec.runs.array_parts import load_part, save_part
from lawrec.runs.run import Run
from lawrec.storage.seal import SEAL_ERRORS
from lawrec.types import Int64Array, TokenIds

TRAINED = "trained"
DIGESTS = "digests.npz"
MAX_DIGESTS = 1_000_000


def case_digests(cases: Iterable[TokenIds]) -> Int64Array:
    """Return the digest of each case, int64 (n_cases,).

    Args:
        cases: The token ids of each case.

    Example:
        >>> first, second, third = case_digests([[17, 402], [402, 17], [17, 402]])
        >>> bool(first == second), bool(first == third)
        (False, True)
    """
    contents = (np.asarray(case, "<i4").tobytes() for case in cases)
    digests = b"".join(blake2b(content, digest_size=8).digest() for content in contents)
    return np.frombuffer(digests, "<i8").astype(np.int64)


def smallest_digests(cases: Iterable[TokenIds], limit: int = MAX_DIGESTS) -> Int64Array:
    """Return the different digests of cases, int64, sorted; at most `limit` of them.

    Args:
        cases: The token ids of each case, read once, and no more than some thousands at a time.
        limit: How many to return at most.

    Example:
        >>> len(smallest_digests([[17, 402], [402, 17], [17, 402]]))
        2
    """
    kept = np.zeros(0, np.int64)
    for chunk in batched(cases):
        kept = np.union1d(kept, case_digests(chunk))[:limit]
    return kept


def save_trained_cases(run: Run, digests: Int64Array) -> None:
    """Write digests, as `smallest_digests` returns them, into the folder of a run.

    Example:
        >>> save_trained_cases(run, smallest_digests([[17, 402]]))  # doctest: +SKIP
        >>> len(load_trained_cases(run))  # doctest: +SKIP
        1
    """
    save_part(run, TRAINED, file=DIGESTS, arrays={"digests": digests}, values={})


def load_trained_cases(run: Run) -> Int64Array:
    """Return the digests of the cases that a run was trained on, int64, sorted.

    Raises:
        RunError: They are missing or damaged, or belong to another run.

    Example:
        >>> len(load_trained_cases(run))  # doctest: +SKIP
        1400
    """
    try:
        digests: Int64Array = load_part(run, TRAINED, file=DIGESTS)[1]["digests"]
        if digests.dtype != np.int64 or digests.ndim != 1 or (digests[1:] <= digests[:-1]).any():
            raise ValueError("no sorted digests")
        return digests
    except SEAL_ERRORS as error:
        raise RunError(
            run.folder / TRAINED,
            expected="the folder must hold the digests of the run's train cases",
            got=error,
            todo="Delete it, and build it again with `lawrec train --resume`.",
        ) from error


def count_trained(cases: Iterable[TokenIds], digests: Int64Array) -> int:
    """Return how many cases are among those of a training; of more than `MAX_DIGESTS`, at least.

    Args:
        cases: The token ids of each case.
        digests: Those of the training, sorted, as `load_trained_cases` returns them.

    Example:
        >>> count_trained([[17, 402], [5]], smallest_digests([[17, 402]]))
        1
    """
    own = case_digests(cases)
    # The digests are sorted, each once: between both sides lies one or none.
    first, end = (np.searchsorted(digests, own, side) for side in ("left", "right"))
    return int((end - first).sum())
