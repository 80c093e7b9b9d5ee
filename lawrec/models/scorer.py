"""TODO models.scorer."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from lawrec.corpus.input_pipeline import LENGTH_STEP
from lawrec.corpus.vocabulary import PAD_ID, UNK_ID
from lawrec.types import Float32Array

Scorer = Callable[[Sequence[Sequence[int]]], Float32Array]
ROWS = 32
"""Cases in a batch. Always as many, and padded to a length that only the case itself decides: so
the arithmetic for a case is the same whatever it is scored with."""


def make_scorer(model: Any) -> Scorer:
    """Return a function from token ids of cases to y_score float32 (n_cases, n_articles)."""

    @tf.function(input_signature=[tf.TensorSpec((ROWS, None), tf.int32)], autograph=False)
    def forward(token_ids: Any) -> Any:
        return tf.sigmoid(model(token_ids, training=False)["articles"])

    def score(cases: Sequence[Sequence[int]]) -> Float32Array:
        y_score = np.empty((len(cases), model.output["articles"].shape[-1]), np.float32)
        for rows in _batches([len(case) for case in cases]):
            batch = _padded([cases[row] for row in rows])
            y_score[rows] = forward(tf.constant(batch)).numpy()[: len(rows)]
        return y_score

    return score


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Give the rows of each batch: cases that are padded to the same length, `ROWS` at most."""
    by_length: dict[int, list[int]] = {}
    for row, length in enumerate(lengths):
        by_length.setdefault(-(-length // LENGTH_STEP), []).append(row)
    for rows in by_length.values():
        yield from (rows[start : start + ROWS] for start in range(0, len(rows), ROWS))


def _padded(cases: Sequence[Sequence[int]]) -> npt.NDArray[np.int32]:
    length = -(-len(cases[0]) // LENGTH_STEP) * LENGTH_STEP
    batch = np.full((ROWS, length), PAD_ID, np.int32)
    batch[len(cases) :, 0] = UNK_ID  # no row may be padding alone
    for row, case in enumerate(cases):
        batch[row, : len(case)] = case
    return batch
