"""The model: token ids -> embedding -> stacked LSTM -> pooling -> one logit per article.

The charges of a case may be a second output, with a pooling and weights of its own. It is there for
training only: cases of which only the charges are known teach the layers that both outputs share.
Predictions and metrics are always of the articles.
"""

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers, ops

from lawrec.config import ModelConfig
from lawrec.corpus.vocabulary import PAD_ID
from lawrec.models.fast_lstm import LSTM
from lawrec.models.pooling import POOLINGS, Task
from lawrec.registry import lookup
from lawrec.types import Float32Array, Model, Tensor


def build_model(
    config: ModelConfig, vocabulary_size: int, *, n_articles: int, n_charges: int = 0
) -> Model:
    """Return a new model with random weights.

    Args:
        config: Sizes and parts.
        vocabulary_size: Number of token ids.
        n_articles: Number of labels of the output "articles".
        n_charges: Number of labels of the output "charges"; if 0, there is no such output.

    Returns:
        A keras.Model from int32 (batch, length), right-padded with `PAD_ID`, to a dict of float32
        logits: "articles" (batch, n_articles), "charges" (batch, n_charges).

    Raises:
        ConfigError: There is no pooling of that name.

    Example:
        >>> model = build_model(ModelConfig(embedding_size=8, lstm_units=4), 50, n_articles=3)
        >>> model(np.array([[5, 7, 0], [2, 3, 4]]))["articles"].shape
        TensorShape([2, 3])
    """
    token_ids = keras.Input((None,), dtype="int32", name="token_ids")
    mask = ops.not_equal(token_ids, PAD_ID)
    states = layers.Embedding(
        vocabulary_size,
        config.embedding_size,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=config.embedding_stddev),
        name="embedding",
    )(token_ids)
    states = layers.SpatialDropout1D(config.dropout)(states)
    for index in range(config.lstm_layers):
        states = _lstm(config, index)(states, mask=mask)
        states = layers.Dropout(config.dropout)(states)
    sizes = {"articles": n_articles} | ({"charges": n_charges} if n_charges else {})
    logits = {
        name: _output(Task(name, size), states, mask=mask, config=config)
        for name, size in sizes.items()
    }
    return keras.Model(token_ids, logits, name="lawrec")


def log_odds_bias(shares: Sequence[float]) -> Float32Array:
    """Return the initial bias of an output: the log-odds of each label's share of train cases.

    With it, training need not first learn that most labels are rare. A label that no train case has
    starts near -11.5, a score of 1e-5.

    Args:
        shares: n_labels shares, 0 to 1.

    Returns:
        float32 (n_labels,).

    Example:
        >>> log_odds_bias([0.5, 0.2, 0.0]).round(2)
        array([  0.  ,  -1.39, -11.51], dtype=float32)
    """
    clipped = np.clip(np.asarray(shares, np.float32), 1e-5, 0.5)
    return np.asarray(np.log(clipped / (1 - clipped)), np.float32)


def _lstm(config: ModelConfig, index: int) -> keras.layers.Layer:
    lstm = LSTM(config.lstm_units, return_sequences=True, name=f"lstm_{index}")
    return layers.Bidirectional(lstm, name=f"bilstm_{index}") if config.bidirectional else lstm


def _output(task: Task, states: Tensor, *, mask: Tensor, config: ModelConfig) -> Tensor:
    """Return logits (batch, n_labels): a weight vector and a bias per label, on pooled features.

    In the equations, b is the batch, f a feature and a a label: the features are (batch, f) if the
    labels share them, or (batch, labels, f) if each label has its own.
    """
    pooling = lookup(POOLINGS, config.pooling, where="model.pooling")
    features = pooling.build(states, mask, config, task)
    if config.batch_normalization:
        features = layers.BatchNormalization(synchronized=True, name=f"{task.name}_norm")(features)
    equation = "baf,af->ba" if pooling.per_label else "bf,fa->ba"
    return layers.EinsumDense(
        equation, task.n_labels, bias_axes="a", dtype="float32", name=task.name
    )(features)
