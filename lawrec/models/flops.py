"""Flops: how many floating-point operations the model needs for one case."""

from collections.abc import Iterable

from lawrec.config import ModelConfig
from lawrec.models.pooling import POOLINGS
from lawrec.registry import lookup


def flops(config: ModelConfig, n_tokens: int, labels: Iterable[int]) -> int:
    """Return the floating-point operations of a forward pass over one case.

    Only products of matrices are counted, as is usual: an addition and a multiplication for each
    weight, each time that it is used. Biases, activations, softmax and normalization are left out,
    and looking up an embedding is no operation. The linear model over the words is left out too: in
    its product with a row of counts, all but the case's own tokens is zero.

    An LSTM of H units with D inputs has four gates, each with D weights on the input and H on the
    last state for each unit: 4 H (D + H) weights, used once a token and direction. D is the size of
    the embedding, then the features F of the layer below: H, or 2 H with both directions. Pooling
    is counted as its function here says; the output then uses F weights for each of its labels.

    Args:
        config: The model's sizes.
        n_tokens: Length of the case.
        labels: Number of labels of each output.
    """
    directions = 2 if config.bidirectional else 1
    units, features = config.lstm_units, directions * config.lstm_units
    inputs = [config.embedding_size, *[features] * (config.lstm_layers - 1)]
    weights = sum(directions * 4 * units * (size + units) for size in inputs)
    pooling = lookup(POOLINGS, config.pooling, where="model.pooling")
    outputs = sum(
        pooling.flops(n_tokens, features, units, n_labels) + 2 * features * n_labels
        for n_labels in labels
    )
    return 2 * n_tokens * weights + outputs
