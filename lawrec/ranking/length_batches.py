"""Length batches: cases of about the same length together, padded to a rectangle of token ids.

A case must not get other articles because of the cases that it is scored with. So the padded length
of a case depends on its own length alone: the case goes through the same arithmetic alone and among
ten thousand others.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from lawrec.corpus.vocabulary import LENGTH_STEP, PAD_ID, UNK_ID
from lawrec.threads import map_in_threads
from lawrec.types import Float32Array, NumberArray, TokenIds

BATCH_ROWS = 24
"""The default of `max_rows`."""


def run_in_batches(
    forward: Callable[[NumberArray], NumberArray],
    cases: Sequence[TokenIds],
    *,
    n_outputs: int,
    max_rows: int = BATCH_ROWS,
    fill: bool = False,
    threads: int = 1,
) -> Float32Array:
    """Return what a model computes for each case, float32 (n_cases, n_outputs).

    Args:
        forward: From int32 (rows, length), right-padded with `PAD_ID`, to (rows, n_outputs).
        cases: The token ids of each case, at least one.
        n_outputs: How many numbers the model computes for a case.
        max_rows: The most cases in a batch.
        fill: Whether all batches must have `max_rows` rows: they are filled with rows of a single
            unknown token.
        threads: The number of batches to compute at the same time.

    Example:
        >>> n_tokens = lambda batch: (batch > 0).sum(axis=1, keepdims=True)
        >>> run_in_batches(n_tokens, [[5, 7], [3] * 40, [2]], n_outputs=1)[:, 0].tolist()
        [2.0, 40.0, 1.0]
    """

    def compute(rows: list[int]) -> NumberArray:
        batch = _padded([cases[row] for row in rows], max_rows if fill else len(rows))
        return forward(batch)[: len(rows)]

    values = np.empty((len(cases), n_outputs), np.float32)
    batches = list(_batches([len(case) for case in cases], max_rows))
    computed = map_in_threads(compute, batches, threads=threads)
    for rows, outputs in zip(batches, computed, strict=True):
        values[rows] = outputs
    return values


def _batches(lengths: Sequence[int], max_rows: int) -> Iterator[list[int]]:
    """Yield the rows of each batch: at most `max_rows` cases that are padded to the same length.

    With steps of 16 tokens, cases of 1 to 16 tokens share batches, those of 17 to 32, and so on.
    """
    by_steps: dict[int, list[int]] = {}
    for row, length in enumerate(lengths):
        by_steps.setdefault(_length_steps(length), []).append(row)
    for rows in by_steps.values():
        yield from (rows[start : start + max_rows] for start in range(0, len(rows), max_rows))


def _padded(cases: Sequence[TokenIds], n_rows: int) -> npt.NDArray[np.int32]:
    """Return int32 (n_rows, length); the rows after the cases are a single unknown token."""
    batch = np.full((n_rows, _length_steps(len(cases[0])) * LENGTH_STEP), PAD_ID, np.int32)
    batch[len(cases) :, 0] = UNK_ID  # cuDNN allows no row of padding alone
    for row, case in enumerate(cases):
        batch[row, : len(case)] = case
    return batch


def _length_steps(length: int) -> int:
    return -(-length // LENGTH_STEP)  # rounded up: 1 -> 1, 16 -> 1, 17 -> 2
