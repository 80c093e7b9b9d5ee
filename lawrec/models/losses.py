"""Losses: from logits and labels to one number; masked entries count nothing.

Whether an article applies to a case may be unknown. Such an entry is masked: it has no loss and no
gradient. A case counts in the loss as often as its weight says. Weights matter here only: metrics
of cases with different weights could not be compared.
"""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from lawrec.config import LossConfig
from lawrec.registry import lookup
from lawrec.types import Float32Array, Float64Array, Tensor

_EPSILON = 1e-7  # keeps log(1 - p) and powers of p finite


def loss_sum(
    logits: Tensor,
    labels: Tensor,
    *,
    known: Tensor,
    weights: Tensor,
    config: LossConfig,
    label_weights: Tensor = 1.0,
) -> Tensor:
    """Return the sum of the losses of all known entries, finite for logits of +-1e4.

    Args:
        logits: float32 (batch, n_labels).
        labels: float32 (batch, n_labels), 0 or 1.
        known: float32 (batch, n_labels), 0 where the label is unknown, else 1.
        weights: float32 (batch,), the weight of each case.
        config: Names the loss and has its parameters.
        label_weights: float32 (n_labels,), as `label_weights` returns them, or 1 for all.

    Returns:
        A float32 scalar.

    Raises:
        ConfigError: There is no loss of that name.

    Example:
        >>> logits, labels = np.array([[0.0, 9.0]]), np.array([[1.0, 0.0]])
        >>> known = np.array([[1.0, 0.0]])  # the second label is masked
        >>> loss = loss_sum(logits, labels, known=known, weights=np.ones(1), config=LossConfig())
        >>> round(float(loss), 4)  # -log(sigmoid(0)) = log(2)
        0.6931
    """
    positive, negative = lookup(LOSSES, config.name, where="loss.name")(logits, config)
    labels = labels * (1 - config.label_smoothing) + config.label_smoothing / 2
    losses = labels * positive + (1 - labels) * negative
    return tf.reduce_sum(losses * known * weights[:, None] * label_weights)


def label_weights(counts: Sequence[int], config: LossConfig) -> Float32Array:
    """Return the weight of each label in the loss, float32 (n_labels,) with a mean of 1.

    Args:
        counts: The number of train cases of each label.
        config: Names the weighting and has its parameter.

    Raises:
        ConfigError: There is no weighting of that name.

    Example:
        >>> config = LossConfig(class_weights="effective-number", effective_number_beta=0.5)
        >>> label_weights([1, 2], config)  # in the ratio of 1 to 2/3
        array([1.2, 0.8], dtype=float32)
    """
    weights = lookup(CLASS_WEIGHTS, config.class_weights, where="loss.class_weights")(
        np.maximum(np.asarray(counts, np.float64), 1), config
    )
    return np.asarray(weights / weights.mean(), np.float32)


# From logits to two tensors of the same shape: the loss of each entry if its label is 1, and if
# its label is 0. With p = sigmoid(logit): softplus(-logit) = -log(p), softplus(logit) = -log(1-p).
EntryLosses = tuple[Tensor, Tensor]


def _cross_entropy(logits: Tensor, config: LossConfig) -> EntryLosses:
    return tf.math.softplus(-logits), tf.math.softplus(logits)


def _focal(logits: Tensor, config: LossConfig) -> EntryLosses:
    """Lin et al., "Focal Loss for Dense Object Detection", 2017, without its alpha."""
    positive, negative = _cross_entropy(logits, config)
    # (1 - p)^gamma = exp(-gamma * negative). Unlike a power of 1 - p, its gradient is finite where
    # 1 - p rounds to 0.
    return (
        positive * tf.exp(-config.gamma * negative),
        negative * tf.exp(-config.gamma * positive),
    )


def _asymmetric(logits: Tensor, config: LossConfig) -> EntryLosses:
    """Ridnik et al., "Asymmetric Loss For Multi-Label Classification", 2021, with gamma+ = 0."""
    shifted = tf.clip_by_value(tf.sigmoid(logits) - config.margin, _EPSILON, 1 - _EPSILON)
    return tf.math.softplus(-logits), -tf.math.log1p(-shifted) * shifted**config.gamma


LOSSES: dict[str, Callable[[Tensor, LossConfig], EntryLosses]] = {
    "cross-entropy": _cross_entropy,
    "focal": _focal,
    "asymmetric": _asymmetric,
}


def _effective_number(counts: Float64Array, config: LossConfig) -> Float64Array:
    """Cui et al., "Class-Balanced Loss Based on Effective Number of Samples", 2019."""
    return (1 - config.effective_number_beta) / (1 - config.effective_number_beta**counts)


CLASS_WEIGHTS: dict[str, Callable[[Float64Array, LossConfig], Float64Array]] = {
    "none": lambda counts, config: np.ones_like(counts),
    "effective-number": _effective_number,
}
"""From the number of train cases of each label, at least 1, to its weight, of any mean."""
