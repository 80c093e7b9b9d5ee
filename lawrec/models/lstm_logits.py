"""LSTM logits: from token ids to the logits of the network, whatever else is in the same call.

The LSTM reads the first and the last tokens of a fact, the ranker all of them (see
`lawrec.ranking.ranker`).

No library for matrix products promises the same bits for each row of a batch, so neither do we.
The scores of a case agree to `SCORE_TOLERANCE` whatever other cases are in its batch, and whatever
its row and the padding are. A batch always has `BATCH_ROWS` rows: with a multiple of 24 the bits
are equal on the processors we know. On AVX2 the matrix kernels take 6 rows at a time and treat
remaining rows differently, and element-wise functions such as the sigmoid do so with what remains
of a vector of 8 numbers.
"""

from collections.abc import Sequence
from threading import Lock

import tensorflow as tf

from lawrec.ranking.length_batches import BATCH_ROWS, run_in_batches
from lawrec.ranking.run_scorer import LogitFunction
from lawrec.types import Float32Array, Model, NumberArray, Tensor, TokenIds

SCORE_TOLERANCE = 1e-6
"""The largest absolute difference between scores of the same case in different batches."""


def make_logit_function(model: Model) -> LogitFunction:
    """Return a function from the token ids of cases to the logits of the articles.

    Cases may have any length from 1. Threads may share the function: they take turns, batch by
    batch, because one batch already uses all cores.

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

    def in_turn(batch: NumberArray) -> NumberArray:
        with lock:
            values: NumberArray = forward(tf.constant(batch)).numpy()
        return values

    def logits(cases: Sequence[TokenIds]) -> Float32Array:
        n_articles = model.output["articles"].shape[-1]
        return run_in_batches(in_turn, cases, n_outputs=n_articles, fill=True)

    return logits
