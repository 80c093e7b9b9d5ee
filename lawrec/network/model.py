"""The model: token ids -> embedding -> stacked LSTM -> pooling -> one logit an article."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from lawrec.config import ModelConfig, chosen
from lawrec.corpus.vocabulary import PAD_ID


def build_model(
    config: ModelConfig, vocabulary_size: int, n_articles: int, label_shares: Sequence[float] = ()
) -> Any:
    """Return the model.

    Args:
        config: Its sizes.
        vocabulary_size: Number of token ids.
        n_articles: Number of outputs.
        label_shares: Share of train cases that each article has; the output biases start there, so
            that training need not first learn that most articles are rare.

    Returns:
        A keras.Model from int32 (batch, length), right-padded with `PAD_ID`, to float32 logits
        (batch, n_articles). The sigmoid of a logit is the article's score.
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
    for number in range(config.lstm_layers):
        states = _lstm(config, number)(states, mask=mask)
        states = layers.Dropout(config.dropout)(states)
    features = chosen(POOLINGS, config.pooling, "model.pooling")(states, mask, config, n_articles)
    logits = _output(features, n_articles, label_shares)
    return keras.Model(token_ids, logits, name="lawrec")


def _lstm(config: ModelConfig, number: int) -> Any:
    lstm = layers.LSTM(config.lstm_units, return_sequences=True, name=f"lstm_{number}")
    return layers.Bidirectional(lstm, name=f"bilstm_{number}") if config.bidirectional else lstm


def _output(features: Any, n_articles: int, label_shares: Sequence[float]) -> Any:
    """One weight vector an article, on features that articles share or that each has of its own."""
    bias = keras.initializers.Constant(_start_bias(label_shares)) if label_shares else "zeros"
    own = len(features.shape) == 3
    equation = "baf,af->ba" if own else "bf,fa->ba"
    return layers.EinsumDense(
        equation, n_articles, bias_axes="a", bias_initializer=bias, dtype="float32", name="articles"
    )(features)


def _start_bias(label_shares: Sequence[float]) -> Any:
    shares = np.clip(np.asarray(label_shares, np.float32), 1e-5, 0.5)
    return np.log(shares / (1 - shares))


def _last(states: Any, mask: Any, config: ModelConfig, n_articles: int) -> Any:
    """The last state forwards; backwards, reading ends at the first token."""
    end = ops.sum(ops.cast(mask, "int32"), axis=1) - 1
    forward = ops.take_along_axis(states, ops.reshape(end, (-1, 1, 1)), axis=1)[:, 0]
    if not config.bidirectional:
        return forward
    units = config.lstm_units
    return ops.concatenate([forward[:, :units], states[:, 0, units:]], axis=-1)


def _max(states: Any, mask: Any, config: ModelConfig, n_articles: int) -> Any:
    return ops.max(ops.where(ops.expand_dims(mask, -1), states, -1e4), axis=1)


def _mean(states: Any, mask: Any, config: ModelConfig, n_articles: int) -> Any:
    weights = ops.expand_dims(ops.cast(mask, states.dtype), -1)
    return ops.sum(states * weights, axis=1) / ops.sum(weights, axis=1)


def _attention(states: Any, mask: Any, config: ModelConfig, n_articles: int) -> Any:
    hidden = layers.Dense(config.lstm_units, activation="tanh", name="attention_hidden")(states)
    scores = layers.Dense(1, use_bias=False, name="attention_scores")(hidden)
    return ops.sum(states * _attention_weights(scores, mask), axis=1)


def _article_attention(states: Any, mask: Any, config: ModelConfig, n_articles: int) -> Any:
    """Each article attends to the tokens that speak for it.

    Mullenbach et al., "Explainable Prediction of Medical Codes from Clinical Text", 2018.
    """
    scores = layers.Dense(n_articles, use_bias=False, name="attention_scores")(states)
    return ops.einsum("bta,btf->baf", _attention_weights(scores, mask), states)


def _attention_weights(scores: Any, mask: Any) -> Any:
    return ops.softmax(ops.where(ops.expand_dims(mask, -1), scores, -1e4), axis=1)


POOLINGS: dict[str, Callable[[Any, Any, ModelConfig, int], Any]] = {
    "last": _last,
    "max": _max,
    "mean": _mean,
    "attention": _attention,
    "article-attention": _article_attention,
}
