"""Pooling: from the LSTM's states of a case to the features that the outputs are computed from.

States are float (batch, length, n_features). A mask is bool (batch, length), True for a token and
False for padding. Padding never takes part, so that its length does not change a score.
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
    """One output of the model: its name, which its layers' names start with, and its size."""

    name: str
    n_labels: int


@dataclass(frozen=True)
class PoolingCost:
    """What a pooling needs for each token of a case.

    Attributes:
        n_weights: Entries of its weight matrices, each used once per token.
        n_sums: Further multiplications and additions per token, for a weighted sum of the states.
        n_values: Numbers per token that training keeps for the gradient.
    """

    n_weights: int = 0
    n_sums: int = 0
    n_values: int = 0


@dataclass(frozen=True)
class Pooling:
    """A way of pooling.

    Attributes:
        build: From the states, the mask, the configuration and the task to the pooled features:
            (batch, n_features), or (batch, n_labels, n_features) if `per_label`.
        cost: From the numbers of features, LSTM units and labels to what it needs.
        per_label: Whether each label has features of its own.
    """

    build: Callable[[Tensor, Tensor, ModelConfig, Task], Tensor]
    cost: Callable[[int, int, int], PoolingCost]
    per_label: bool = False


def named_axes(config: ModelConfig) -> dict[str, tuple[str, int]]:
    """Return the weights that have a row per token or label, with the vocabulary and the axis.

    The vocabularies are "tokens", "articles" and "charges". With these axes, a new run can take
    over the weights of another run whose ids mean other tokens or labels.

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
    """The forward LSTM's state after the last token, and the backward LSTM's at the first."""
    last_index = ops.sum(ops.cast(mask, "int32"), axis=1) - 1
    # Index (batch, 1, 1) broadcasts over the features: the result is (batch, 1, n_features).
    forward = ops.take_along_axis(states, ops.reshape(last_index, (-1, 1, 1)), axis=1)[:, 0]
    if not config.bidirectional:
        return forward
    units = config.lstm_units
    return ops.concatenate([forward[:, :units], states[:, 0, units:]], axis=-1)


def _max(states: Tensor, mask: Tensor, config: ModelConfig, task: Task) -> Tensor:
    return ops.max(ops.where(ops.expand_dims(mask, -1), states, MASKED_LOGIT), axis=1)


def _mean(states: Tensor, mask: Tensor, config: ModelConfig, task: Task) -> Tensor:
    weights = ops.expand_dims(ops.cast(mask, states.dtype), -1)
    return ops.sum(states * weights, axis=1) / ops.sum(weights, axis=1)


def _no_cost(n_features: int, n_units: int, n_labels: int) -> PoolingCost:
    return PoolingCost()


def _attention(states: Tensor, mask: Tensor, config: ModelConfig, task: Task) -> Tensor:
    """All labels attend to the same tokens, by a score from a hidden layer."""
    hidden = layers.Dense(
        config.lstm_units, activation="tanh", name=f"{task.name}_attention_hidden"
    )(states)
    scores = layers.Dense(1, use_bias=False, name=f"{task.name}_attention")(hidden)
    return ops.sum(states * _attention_weights(scores, mask), axis=1)


def _attention_cost(n_features: int, n_units: int, n_labels: int) -> PoolingCost:
    """A hidden layer of as many units as the LSTM, a score from it, and the weighted sum."""
    return PoolingCost(n_features * n_units + n_units, n_features, n_units + 2)


def _article_attention(states: Tensor, mask: Tensor, config: ModelConfig, task: Task) -> Tensor:
    """Each label attends to the tokens that matter to it: article 264 to others than article 67.

    Mullenbach et al., "Explainable Prediction of Medical Codes from Clinical Text", 2018.
    """
    scores = layers.Dense(task.n_labels, use_bias=False, name=f"{task.name}_attention")(states)
    # b: batch, t: token, a: label, f: feature. For each label, sum the states over the tokens.
    return ops.einsum("bta,btf->baf", _attention_weights(scores, mask), states)


def _article_attention_cost(n_features: int, n_units: int, n_labels: int) -> PoolingCost:
    """For each label, a score from all features, its softmax, and the weighted sum."""
    return PoolingCost(n_features * n_labels, n_features * n_labels, 2 * n_labels)


def _attention_weights(scores: Tensor, mask: Tensor) -> Tensor:
    """Return weights like scores (batch, length, n_labels), which sum to 1 over the tokens."""
    return ops.softmax(ops.where(ops.expand_dims(mask, -1), scores, MASKED_LOGIT), axis=1)


POOLINGS: dict[str, Pooling] = {
    "last": Pooling(_last, _no_cost),
    "max": Pooling(_max, _no_cost),
    "mean": Pooling(_mean, _no_cost),
    "attention": Pooling(_attention, _attention_cost),
    "article-attention": Pooling(_article_attention, _article_attention_cost, per_label=True),
}
