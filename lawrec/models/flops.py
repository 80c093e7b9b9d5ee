"""The size of a model's work: weights of the LSTM layers, floating-point operations per case."""

from collections.abc import Iterable

from lawrec.config import ModelConfig
from lawrec.models.pooling import POOLINGS
from lawrec.registry import lookup


def n_features(config: ModelConfig) -> int:
    """Return the number of features that an LSTM layer has for each token.

    Example:
        >>> n_features(ModelConfig(lstm_units=128, bidirectional=True))
        256
    """
    return (2 if config.bidirectional else 1) * config.lstm_units


def lstm_weights(config: ModelConfig) -> int:
    """Return the number of entries of the kernels of all LSTM layers, without biases.

    An LSTM of H units with D inputs has four gates, and each unit of a gate has D weights for the
    input and H for the previous state: 4 H (D + H) weights per direction. D is the size of the
    embedding for the first layer, then the number of features of the layer below.

    Example:
        >>> config = ModelConfig(embedding_size=3, lstm_units=2, lstm_layers=1, bidirectional=False)
        >>> lstm_weights(config)
        40
    """
    inputs = [config.embedding_size, *[n_features(config)] * (config.lstm_layers - 1)]
    return sum(4 * n_features(config) * (size + config.lstm_units) for size in inputs)


def flops(config: ModelConfig, n_tokens: int, *, labels: Iterable[int]) -> int:
    """Return the number of floating-point operations of a forward pass over one case.

    Only matrix products are counted, as is usual: a multiplication and an addition for each weight,
    each time that it is used. Biases, activations, softmax and normalization are left out, and
    looking up an embedding is not an operation. The linear SVMs are left out too: they use only the
    weights of the tokens that the case has.

    The LSTM's weights are used once per token, and so are those of the pooling, which may add a
    weighted sum of the states. An output then uses one weight per feature and label.

    Args:
        config: The model's sizes.
        n_tokens: Length of the case.
        labels: Number of labels of each output.

    Raises:
        ConfigError: There is no pooling of that name.

    Example:
        >>> config = ModelConfig(
        ...     embedding_size=3, lstm_units=2, lstm_layers=1, bidirectional=False, pooling="last"
        ... )
        >>> flops(config, 5, labels=[4])  # 2 * (5 * 40 + 2 * 4)
        416
    """
    cost = lookup(POOLINGS, config.pooling, where="model.pooling").cost
    features = n_features(config)
    total = n_tokens * lstm_weights(config)
    for n_labels in labels:
        pooling = cost(features, config.lstm_units, n_labels)
        total += n_tokens * (pooling.n_weights + pooling.n_sums) + features * n_labels
    return 2 * total
