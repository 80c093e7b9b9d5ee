"""TODO training.schedules."""

import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from lawrec.config import OptimizerConfig
from lawrec.registry import lookup

_CYCLE_START, _CYCLE_PEAK = 0.04, 0.3
"""One-cycle: the share of the rate that it starts with, and where in the training its peak is."""


def learning_rate(done: Any, config: OptimizerConfig) -> Any:
    """Return the rate, float32 (), when a share `done` of the training, 0 to 1, is behind."""
    done = tf.clip_by_value(tf.cast(done, tf.float32), 0.0, 1.0)
    factor = lookup(SCHEDULES, config.schedule, where="optimizer.schedule")(done, config)
    return config.learning_rate * factor


def _warm_then(fall: Callable[[Any, OptimizerConfig], Any]) -> Callable[[Any, Any], Any]:
    """Rise on a line in the share `config.warmup_ratio`; of the rest, `fall` sees 0 to 1."""

    def factor(done: Any, config: OptimizerConfig) -> Any:
        rising = tf.minimum(done / max(config.warmup_ratio, 1e-6) + 0.01, 1.0)
        falling = fall((done - config.warmup_ratio) / (1 - config.warmup_ratio), config)
        return tf.where(done < config.warmup_ratio, rising, falling)

    return factor


def _half_cosine(done: Any, config: OptimizerConfig) -> Any:
    """Loshchilov and Hutter, "SGDR", 2017, without restarts."""
    return 0.5 * (1 + tf.cos(math.pi * done))


def _staircase(done: Any, config: OptimizerConfig) -> Any:
    return config.decay_rate ** (tf.floor(done * config.staircase_steps) / config.staircase_steps)


def _one_cycle(done: Any, config: OptimizerConfig) -> Any:
    """Smith, "Super-Convergence", 2018, with half cosines; it needs no other warm-up."""
    rising = _CYCLE_START + (1 - _CYCLE_START) * (1 - _half_cosine(done / _CYCLE_PEAK, config))
    falling = _half_cosine((done - _CYCLE_PEAK) / (1 - _CYCLE_PEAK), config)
    return tf.where(done < _CYCLE_PEAK, rising, falling)


SCHEDULES: dict[str, Callable[[Any, OptimizerConfig], Any]] = {
    "constant": _warm_then(lambda done, config: tf.ones_like(done)),
    "exponential": _warm_then(lambda done, config: config.decay_rate**done),
    "staircase": _warm_then(_staircase),
    "cosine": _warm_then(_half_cosine),
    "one-cycle": _one_cycle,
}
"""From the share of the training that is behind to the share of the peak rate."""
