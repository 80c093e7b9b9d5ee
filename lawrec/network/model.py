"""The model: token ids -> embedding -> stacked LSTM -> pooling -> one logit an article.

The charges of a case may be a second output, with a pooling and weights of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import layers, ops

from lawrec.config import ModelConfig, chosen
from lawrec.corpus.vocabulary import PAD_ID
from lawrec.network.recurrent import LSTM
from lawrec.network.words import MixedWithWords

WORDS = "words"
"""The name of the layer that mixes the articles' logits with those of the words."""


def build_model(
    config: ModelConfig, vocabulary_size: int, n_articles: int, n_charges: int = 0
) -> Any:
    """Return the model.

    Args:
        config: Its sizes.
        vocabulary_size: Number of token ids.
        n_articles: Number of outputs "articles".
        n_charges: Number of outputs "charges"; without any, there is no such output.

    Returns:
        A keras.Model from int32 (batch, length), right-padded with `PAD_ID`, to a dict of float32
        logits: "articles" (batch, n_articles), "charges" (batch, n_charges). The sigmoid of a logit
        is the article's score.
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
    sizes = {"articles": n_articles} | ({"charges": n_charges} if n_charges else {})
    logits = {name: _output(Task(name, size), states, mask, config) for name, size in sizes.items()}
    if config.words:
        mixed = MixedWithWords(vocabulary_size, config.words, name=WORDS)
        logits["articles"] = mixed(token_ids, logits["articles"])
    return keras.Model(token_ids, logits, name="lawrec")


def start_bias(shares: Sequence[float]) -> npt.NDArray[np.float32]:
    """Return the log-odds of the share of train cases that each label has, float32 (n_labels,).

    An output that starts there need not first learn that most labels are rare.
    """
    kept = np.clip(np.asarray(shares, np.float32), 1e-5, 0.5)
    return np.asarray(np.log(kept / (1 - kept)), np.float32)


def named_axes(config: ModelConfig) -> dict[str, tuple[str, int]]:
    """Return, for each weight with a row a name, the vocabulary of the names and the rows' axis.

    The vocabularies are "tokens", "articles" and "charges".
    """
    each_has_features = config.pooling == "article-attention"
    axes = {"embedding/embeddings": ("tokens", 0)}
    for task in ("articles", "charges"):
        axes[f"{task}/kernel"] = (task, 0 if each_has_features else 1)
        axes[f"{task}/bias"] = (task, 0)
        if each_has_features:
            axes[f"{task}_attention/kernel"] = (task, 1)
    return axes


@dataclass(frozen=True)
class Task:
    """One output: its name, which its layers bear, and the number of its labels."""

    name: str
    n_labels: int


def _lstm(config: ModelConfig, number: int) -> Any:
    lstm = LSTM(config.lstm_units, return_sequences=True, name=f"lstm_{number}")
    return layers.Bidirectional(lstm, name=f"bilstm_{number}") if config.bidirectional else lstm


def _output(task: Task, states: Any, mask: Any, config: ModelConfig) -> Any:
    """One weight vector a label, on features that labels share or that each has of its own."""
    pooling = chosen(POOLINGS, config.pooling, "model.pooling")
    features = pooling(states, mask, config, task)
    if config.batch_norm:
        features = layers.BatchNormalization(synchronized=True, name=f"{task.name}_norm")(features)
    equation = "baf,af->ba" if len(features.shape) == 3 else "bf,fa->ba"
    return layers.EinsumDense(
        equation, task.n_labels, bias_axes="a", dtype="float32", name=task.name
    )(features)


def _last(states: Any, mask: Any, config: ModelConfig, task: Task) -> Any:
    """The last state forwards; backwards, reading ends at the first token."""
    end = ops.sum(ops.cast(mask, "int32"), axis=1) - 1
    forward = ops.take_along_axis(states, ops.reshape(end, (-1, 1, 1)), axis=1)[:, 0]
    if not config.bidirectional:
        return forward
    units = config.lstm_units
    return ops.concatenate([forward[:, :units], states[:, 0, units:]], axis=-1)


def _max(states: Any, mask: Any, config: ModelConfig, task: Task) -> Any:
    return ops.max(ops.where(ops.expand_dims(mask, -1), states, -1e4), axis=1)


def _mean(states: Any, mask: Any, config: ModelConfig, task: Task) -> Any:
    weights = ops.expand_dims(ops.cast(mask, states.dtype), -1)
    return ops.sum(states * weights, axis=1) / ops.sum(weights, axis=1)


def _attention(states: Any, mask: Any, config: ModelConfig, task: Task) -> Any:
    hidden = layers.Dense(
        config.lstm_units, activation="tanh", name=f"{task.name}_attention_hidden"
    )(states)
    scores = layers.Dense(1, use_bias=False, name=f"{task.name}_attention")(hidden)
    return ops.sum(states * _attention_weights(scores, mask), axis=1)


def _article_attention(states: Any, mask: Any, config: ModelConfig, task: Task) -> Any:
    """Each label attends to the tokens that speak for it.

    Mullenbach et al., "Explainable Prediction of Medical Codes from Clinical Text", 2018.
    """
    scores = layers.Dense(task.n_labels, use_bias=False, name=f"{task.name}_attention")(states)
    return ops.einsum("bta,btf->baf", _attention_weights(scores, mask), states)


def _attention_weights(scores: Any, mask: Any) -> Any:
    return ops.softmax(ops.where(ops.expand_dims(mask, -1), scores, -1e4), axis=1)


POOLINGS: dict[str, Callable[[Any, Any, ModelConfig, Task], Any]] = {
    "last": _last,
    "max": _max,
    "mean": _mean,
    "attention": _attention,
    "article-attention": _article_attention,
}
