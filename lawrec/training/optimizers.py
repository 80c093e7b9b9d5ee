"""Optimizers: Keras's own, made from the settings of [optimizer].

Clipping, gradient accumulation and the moving average of the weights are Keras's as well.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import keras

from lawrec.config import OptimizerConfig
from lawrec.registry import lookup
from lawrec.types import Model

Optimizer: TypeAlias = Any
"""A `keras.optimizers.Optimizer`."""


def make_optimizer(config: OptimizerConfig) -> Optimizer:
    """Return the optimizer that the settings describe.

    Raises:
        ConfigError: `optimizer.name` is not a key of `OPTIMIZERS`.

    Example:
        >>> make_optimizer(OptimizerConfig(name="momentum", momentum=0.5)).momentum
        0.5
    """
    accumulation = config.gradient_accumulation_steps
    settings: dict[str, Any] = {
        "learning_rate": config.learning_rate,
        "global_clipnorm": config.global_clipnorm or None,
        "gradient_accumulation_steps": accumulation if accumulation > 1 else None,
    }
    if config.ema_momentum:
        settings |= {"use_ema": True, "ema_momentum": config.ema_momentum}
    return lookup(OPTIMIZERS, config.name, where="optimizer.name")(config, settings)


@contextmanager
def averaged_weights(optimizer: Optimizer, model: Model) -> Iterator[None]:
    """Replace the model's weights by their moving averages inside the block.

    Yields:
        Nothing: the weights of the last step are back after the block. They stay as they are if
        the optimizer keeps no moving averages.

    Example:
        >>> with averaged_weights(state.optimizer, state.model):  # doctest: +SKIP
        ...     score_records(scorer, records, split="valid")
    """
    if not optimizer.use_ema:
        yield
        return
    last = [weight.numpy() for weight in model.trainable_variables]
    optimizer.finalize_variable_values(model.trainable_variables)
    try:
        yield
    finally:
        for weight, value in zip(model.trainable_variables, last, strict=True):
            weight.assign(value)


def _adamw(config: OptimizerConfig, settings: dict[str, Any]) -> Optimizer:
    optimizer = keras.optimizers.AdamW(weight_decay=config.weight_decay, **settings)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


OPTIMIZERS: dict[str, Callable[[OptimizerConfig, dict[str, Any]], Optimizer]] = {
    "sgd": lambda config, settings: keras.optimizers.SGD(**settings),
    "momentum": lambda config, settings: keras.optimizers.SGD(momentum=config.momentum, **settings),
    "adam": lambda config, settings: keras.optimizers.Adam(**settings),
    "adamw": _adamw,
}
"""From a name to the function that makes an optimizer, of the settings that all of them share."""
