"""Optimizers and the schedules of their learning rate."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras

from lawrec.config import OptimizerConfig
from lawrec.registry import lookup


def make_optimizer(config: OptimizerConfig) -> Any:
    """Return the Keras optimizer; clipping, accumulation and the moving average are Keras's own."""
    settings: dict[str, Any] = {
        "learning_rate": config.learning_rate,
        "global_clipnorm": config.global_clipnorm or None,
        "gradient_accumulation_steps": config.gradient_accumulation_steps
        if config.gradient_accumulation_steps > 1
        else None,
    }
    if config.ema_momentum:
        settings |= {"use_ema": True, "ema_momentum": config.ema_momentum}
    return lookup(OPTIMIZERS, config.name, where="optimizer.name")(config, settings)


@contextmanager
def averaged(optimizer: Any, model: Any) -> Iterator[None]:
    """Put the moving averages in place of the model's weights, as long as the block lasts.

    Without moving averages, the weights stay as they are.
    """
    if not optimizer.use_ema:
        yield
        return
    own = [weight.numpy() for weight in model.trainable_variables]
    optimizer.finalize_variable_values(model.trainable_variables)
    try:
        yield
    finally:
        for weight, value in zip(model.trainable_variables, own, strict=True):
            weight.assign(value)


def _adamw(config: OptimizerConfig, settings: dict[str, Any]) -> Any:
    optimizer = keras.optimizers.AdamW(weight_decay=config.weight_decay, **settings)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


def _momentum(config: OptimizerConfig, settings: dict[str, Any]) -> Any:
    return keras.optimizers.SGD(momentum=config.momentum, **settings)


OPTIMIZERS: dict[str, Callable[[OptimizerConfig, dict[str, Any]], Any]] = {
    "sgd": lambda config, settings: keras.optimizers.SGD(**settings),
    "momentum": _momentum,
    "adam": lambda config, settings: keras.optimizers.Adam(**settings),
    "adamw": _adamw,
}
