"""Pooling: from the LSTM's states of a case to the features that the outputs are computed from.

A mask is bool (batch, length), True where a token stands. States are float (batch, length,
features). Masked positions never take part, so padding does not change a score.
"""

from collections.abc import Callable
from dataclasses import dataclass

from keras import layers, ops

from lawrec.config import ModelConfig
from lawrec.registry import lookup
from lawrec.types import Tensor

MASKED_LOGIT = -1e4  # small enough for a softmax weight of 0, within the range of bfloat16


@dataclass(frozen=True)
class Task:
    """One output: its name, which its layers bear, and the number of its labels."""

    name: str
    n_labels: int


@dataclass(frozen=True)
class Pooling:
    """A way of pooling.

    Attributes:
        build: From the states, the mask, the configuration and the task to the pooled features:
            (batch, features), or (batch, n_labels, features) where each label has its own.
        flops: From n_tokens, n_features, n_units and n_labels to the floating-point operations for
            one case.
        per_label: Whether each label has features of its own.
    """

    build: Callable[[Tensor, Tensor, ModelConfig, Task], Tensor]
    flops: Callable[[int, int, int, int], int]
    per_label: bool = False


def named_axes(config: ModelConfig) -> dict[str, tuple[str, int]]:
    """Return the weights that have a row per token or label, with the vocabulary and the axis.

    The vocabularies are "tokens", "articles" and "charges".

    Example:
        >>> named_axes(ModelConfig(pooling="mean"))["articles/kernel"]
        ('articles', 1)
    """
    per_label = lookup(POOLINGS, config.pooling, where="model.pooling").per_label
    axes = {"embedding/embeddings": ("tokens", 0)}
    for task in ("articles", "charges"):
        axes[f"{task}/kernel"] = (task, 0 if per_label else 1)
        axes[f"{task}/bias"] = (task, 0)
        if per_label:
            axes[f"{task}_attention/kernel"] = (task, 1)
    return axes


def _last(states: Tensor, mask: Tensor, config: ModelConfig, task: Task) -> Tensor:
    """The state after the last token; of the backward LSTM, that at the first token."""
    end = ops.sum(ops.cast(mask, "int32"), axis=1) - 1
    forward = ops.take_along_axis(states, ops.reshape(end, (-1, 1, 1)), axis=1)[:, 0]
    if not config.bidirectional:
        return forward
    units = config.lstm_units
    return ops.concatenate([forward[:, :units], states[:, 0, units:]], axis=-1)


def _max(states: Tensor, mask: Tensor, config: ModelConfig, task: Task) -> Tensor:
    return ops.max(ops.where(ops.expand_dims(mask, -1), states, MASKED_LOGIT), axis=1)


def _mean(states: Tensor, mask: Tensor, config: ModelConfig, task: Task) -> Tensor:
    weights = ops.expand_dims(ops.cast(mask, states.dtype), -1)
    return ops.sum(states * weights, axis=1) / ops.sum(weights, axis=1)


def _attention(states: Tensor, mask: Tensor, config: ModelConfig, task: Task) -> Tensor:
    hidden = layers.Dense(
        config.lstm_units, activation="tanh", name=f"{task.name}_attention_hidden"
    )(states)
    scores = layers.Dense(1, use_bias=False, name=f"{task.name}_attention")(hidden)
    return ops.sum(states * _attention_weights(scores, mask), axis=1)


def _article_attention(states: Tensor, mask: Tensor, config: ModelConfig, task: Task) -> Tensor:
    """Each label attends to the tokens that speak for it: those for 264 are not those for 67.

    Mullenbach et al., "Explainable Prediction of Medical Codes from Clinical Text", 2018.
    """
    scores = layers.Dense(task.n_labels, use_bias=False, name=f"{task.name}_attention")(states)
    return ops.einsum("bta,btf->baf", _attention_weights(scores, mask), states)


def _attention_weights(scores: Tensor, mask: Tensor) -> Tensor:
    return ops.softmax(ops.where(ops.expand_dims(mask, -1), scores, MASKED_LOGIT), axis=1)


def _no_flops(n_tokens: int, n_features: int, n_units: int, n_labels: int) -> int:
    return 0


def _attention_flops(n_tokens: int, n_features: int, n_units: int, n_labels: int) -> int:
    """A hidden layer of as many units as the LSTM, a score from it, and the weighted sum."""
    return 2 * n_tokens * (n_features * n_units + n_units + n_features)


def _article_attention_flops(n_tokens: int, n_features: int, n_units: int, n_labels: int) -> int:
    """For each label, a score from all features, and the weighted sum."""
    return 2 * n_tokens * n_labels * (n_features + n_features)


POOLINGS: dict[str, Pooling] = {
    "last": Pooling(_last, _no_flops),
    "max": Pooling(_max, _no_flops),
    "mean": Pooling(_mean, _no_flops),
    "attention": Pooling(_attention, _attention_flops),
    "article-attention": Pooling(_article_attention, _article_attention_flops, per_label=True),
}
