"""Losses: from logits and labels to one number, in which masked entries count nothing."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from lawrec.config import LossConfig
from lawrec.registry import lookup
from lawrec.types import Float32Array

_TINY = 1e-7
Entries = tuple[Any, Any]


def loss_sum(
    logits: Any,
    labels: Any,
    *,
    known: Any,
    weights: Any,
    config: LossConfig,
    label_weights: Any = 1.0,
) -> Any:
    """Return the sum of the losses of all known entries, finite for logits of +-1e4.

    Args:
        logits: float32 (batch, n_labels).
        labels: Of the same shape, 0 or 1.
        known: Of the same shape, 0 where the label is not known, else 1.
        weights: float32 (batch,), one a case.
        config: Names the loss.
        label_weights: float32 (n_labels,), as `label_weights` gives them.
    """
    applies, does_not = lookup(LOSSES, config.name, where="loss.name")(logits, config)
    labels = labels * (1 - config.label_smoothing) + config.label_smoothing / 2
    losses = labels * applies + (1 - labels) * does_not
    return tf.reduce_sum(losses * known * weights[:, None] * label_weights)


def label_weights(counts: Sequence[int], config: LossConfig) -> Float32Array:
    """Return the weight of each label, float32 (n_labels,) with a mean of 1.

    Args:
        counts: How many train cases have each label.
        config: Names the weighting.
    """
    weights = lookup(CLASS_WEIGHTS, config.class_weights, where="loss.class_weights")(
        np.maximum(np.asarray(counts, np.float64), 1), config
    )
    return np.asarray(weights / weights.mean(), np.float32)


def _cross_entropy(logits: Any, config: LossConfig) -> Entries:
    return tf.math.softplus(-logits), tf.math.softplus(logits)


def _focal(logits: Any, config: LossConfig) -> Entries:
    """Lin et al., "Focal Loss for Dense Object Detection", 2017, without its alpha."""
    applies, does_not = _cross_entropy(logits, config)
    # The probability of the wrong answer is exp(-softplus): its power needs no power of zero.
    return (
        applies * tf.exp(-config.gamma * does_not),
        does_not * tf.exp(-config.gamma * applies),
    )


def _asymmetric(logits: Any, config: LossConfig) -> Entries:
    """Ridnik et al., "Asymmetric Loss For Multi-Label Classification", 2021, with gamma+ = 0."""
    shifted = tf.clip_by_value(tf.sigmoid(logits) - config.margin, _TINY, 1 - _TINY)
    return tf.math.softplus(-logits), -tf.math.log1p(-shifted) * shifted**config.gamma


LOSSES: dict[str, Callable[[Any, LossConfig], Entries]] = {
    "cross-entropy": _cross_entropy,
    "focal": _focal,
    "asymmetric": _asymmetric,
}
"""From logits to the loss of each entry if its label is 1, and if it is 0."""


def _equal(counts: Any, config: LossConfig) -> Any:
    return np.ones_like(counts)


def _effective_number(counts: Any, config: LossConfig) -> Any:
    """Cui et al., "Class-Balanced Loss Based on Effective Number of Samples", 2019."""
    return (1 - config.effective_number_beta) / (1 - config.effective_number_beta**counts)


CLASS_WEIGHTS: dict[str, Callable[[Any, LossConfig], Any]] = {
    "none": _equal,
    "effective-number": _effective_number,
}
"""From the number of train cases of each label, at least 1, to its weight."""
