"""Learning-rate schedules: from the share of the training that is done to the learning rate.

The share is that of the cases, not of the steps: batches differ in their number of cases.
"""

import math
from collections.abc import Callable
from typing import TypeAlias

import tensorflow as tf

from lawrec.config import OptimizerConfig
from lawrec.registry import lookup
from lawrec.types import Tensor

Schedule: TypeAlias = Callable[[Tensor, OptimizerConfig], Tensor]
"""From a share of the training, float32 () in 0 to 1, to the share of the peak rate."""

_CYCLE_START, _CYCLE_PEAK = 0.04, 0.3
"""One-cycle: the share of the peak rate at the start, and the share of the training at the peak."""


def learning_rate(done: Tensor, config: OptimizerConfig) -> Tensor:
    """Return the learning rate at a moment of the training.

    Args:
        done: The share of the training that is done, a scalar from 0 to 1.
        config: The settings: the schedule, its parameters and the peak rate.

    Returns:
        The learning rate, float32 ().

    Raises:
        ConfigError: `optimizer.schedule` is not a key of `SCHEDULES`.

    Example:
        >>> config = OptimizerConfig(learning_rate=0.1, schedule="cosine", warmup_ratio=0.0)
        >>> round(float(learning_rate(0.5, config)), 6)
        0.05
    """
    done = tf.clip_by_value(tf.cast(done, tf.float32), 0.0, 1.0)
    factor = lookup(SCHEDULES, config.schedule, where="optimizer.schedule")(done, config)
    return config.learning_rate * factor


def _with_warmup(decay: Schedule) -> Schedule:
    """Return a schedule that rises linearly, then decays.

    The rate rises in the first share `config.warmup_ratio` of the training, from 0.01 of the peak.
    The rest of the training is 0 to 1 for `decay`.
    """

    def factor(done: Tensor, config: OptimizerConfig) -> Tensor:
        rising = tf.minimum(done / max(config.warmup_ratio, 1e-6) + 0.01, 1.0)
        falling = decay((done - config.warmup_ratio) / (1 - config.warmup_ratio), config)
        return tf.where(done < config.warmup_ratio, rising, falling)

    return factor


def _staircase(done: Tensor, config: OptimizerConfig) -> Tensor:
    return config.decay_rate ** (tf.floor(done * config.staircase_steps) / config.staircase_steps)


def _half_cosine(done: Tensor, config: OptimizerConfig) -> Tensor:
    """Loshchilov and Hutter, "SGDR", 2017, without restarts."""
    return 0.5 * (1 + tf.cos(math.pi * done))


def _one_cycle(done: Tensor, config: OptimizerConfig) -> Tensor:
    """Smith, "Super-Convergence", 2018, with half cosines; its rise replaces the warm-up."""
    rising = _CYCLE_START + (1 - _CYCLE_START) * (1 - _half_cosine(done / _CYCLE_PEAK, config))
    falling = _half_cosine((done - _CYCLE_PEAK) / (1 - _CYCLE_PEAK), config)
    return tf.where(done < _CYCLE_PEAK, rising, falling)


SCHEDULES: dict[str, Schedule] = {
    "constant": _with_warmup(lambda done, config: tf.ones_like(done)),
    "exponential": _with_warmup(lambda done, config: config.decay_rate**done),
    "staircase": _with_warmup(_staircase),
    "cosine": _with_warmup(_half_cosine),
    "one-cycle": _one_cycle,
}
"""From the name of a schedule to the schedule."""
