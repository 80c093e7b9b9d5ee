"""From token ids to scores, whatever else is scored in the same call.

The LSTM reads the first tokens of a fact, the ranker all of them (see `lawrec.ranking.ranker`).

A case must not get other articles because of the cases that it is scored with. So a batch always
has `BATCH_ROWS` rows, and its length depends on the length of the case alone: the case goes through
the same arithmetic alone and among ten thousand others.

No library for matrix products promises the same bits for each row of a batch, so neither do we.
The scores of a case agree to `SCORE_TOLERANCE` whatever its batch mates, its row and the padding
are. With `BATCH_ROWS` a multiple of 24 the bits are equal on the processors we know: on AVX2 the
matrix kernels take 6 rows at a time and treat remaining rows differently, and element-wise
functions such as the sigmoid do so with what remains of a vector of 8 numbers.
"""

from collections.abc import Iterator, Sequence
from threading import Lock

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from lawrec.corpus.input_pipeline import LENGTH_STEP
from lawrec.corpus.vocabulary import PAD_ID, UNK_ID
from lawrec.ranking.ranker import Ranker
from lawrec.ranking.scorer import RunScorer, Scorer
from lawrec.types import Float32Array, Model, Tensor, TokenIds

BATCH_ROWS = 24
SCORE_TOLERANCE = 1e-6
"""The largest absolute difference between scores of the same case in different batches."""


def make_scorer(model: Model, ranker: Ranker | None = None, *, lstm_tokens: int) -> RunScorer:
    """Return a function from the token ids of cases to their scores.

    Cases may have any length from 1. Threads may share the function: they take turns, batch by
    batch, because one batch already uses all cores.

    Args:
        model: As `build_model` returns it.
        ranker: What else decides; None: the scores are the sigmoids of the model's logits.
        lstm_tokens: How many tokens the model reads.

    Example:
        >>> model = build_model(ModelConfig(), 50, n_articles=3)  # doctest: +SKIP
        >>> scorer = make_scorer(model, lstm_tokens=384)  # doctest: +SKIP
        >>> scorer([[5, 7], [2, 3, 4]]).shape  # doctest: +SKIP
        (2, 3)
    """
    return RunScorer(make_logit_function(model), ranker, lstm_tokens)


def make_logit_function(model: Model) -> Scorer:
    """Return a function from the token ids of cases to the logits of the articles.

    Args:
        model: As `build_model` returns it.

    Example:
        >>> model = build_model(ModelConfig(), 50, n_articles=3)  # doctest: +SKIP
        >>> make_logit_function(model)([[5, 7], [2, 3, 4]]).shape  # doctest: +SKIP
        (2, 3)
    """
    lock = Lock()

    @tf.function(input_signature=[tf.TensorSpec((BATCH_ROWS, None), tf.int32)], autograph=False)
    def forward(token_ids: Tensor) -> Tensor:
        return model(token_ids, training=False)["articles"]

    def logits(cases: Sequence[TokenIds]) -> Float32Array:
        values = np.empty((len(cases), model.output["articles"].shape[-1]), np.float32)
        for rows in _batches([len(case) for case in cases]):
            batch = _padded([cases[row] for row in rows])
            with lock:
                rows_logits = forward(tf.constant(batch))
            values[rows] = rows_logits.numpy()[: len(rows)]
        return values

    return logits


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield the rows of each batch: at most `BATCH_ROWS` cases that are padded to the same length.

    With steps of 16 tokens, cases of 1 to 16 tokens share batches, those of 17 to 32, and so on.
    """
    by_steps: dict[int, list[int]] = {}
    for row, length in enumerate(lengths):
        by_steps.setdefault(_length_steps(length), []).append(row)
    for rows in by_steps.values():
        yield from (rows[start : start + BATCH_ROWS] for start in range(0, len(rows), BATCH_ROWS))


def _padded(cases: Sequence[TokenIds]) -> npt.NDArray[np.int32]:
    """Return int32 (BATCH_ROWS, length); the rows after the cases are a single unknown token."""
    batch = np.full((BATCH_ROWS, _length_steps(len(cases[0])) * LENGTH_STEP), PAD_ID, np.int32)
    batch[len(cases) :, 0] = UNK_ID  # cuDNN allows no row of padding alone
    for row, case in enumerate(cases):
        batch[row, : len(case)] = case
    return batch


def _length_steps(length: int) -> int:
    return -(-length // LENGTH_STEP)  # rounded up: 1 -> 1, 16 -> 1, 17 -> 2
