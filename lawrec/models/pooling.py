"""TODO models.pooling."""

from collections.abc import Callable
from typing import Any

from keras import layers, ops

from lawrec.config import ModelConfig
from lawrec.models.lstm_classifier import Task


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
