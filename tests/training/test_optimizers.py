import keras
import numpy as np
import pytest
import tensorflow as tf

from lawrec.config import OptimizerConfig
from lawrec.errors import ConfigError
from lawrec.training.optimizers import OPTIMIZERS, averaged_weights, make_optimizer

pytestmark = pytest.mark.tensorflow


def stepped(gradients, **settings):
    """Return a weight of 1 after steps with these gradients."""
    config = OptimizerConfig(**{"learning_rate": 0.1, "global_clipnorm": 0.0, **settings})
    weight = keras.Variable([1.0], name="kernel")
    optimizer = make_optimizer(config)
    optimizer.build([weight])
    for gradient in gradients:
        optimizer.apply([tf.constant([float(gradient)])], [weight])
    return float(weight.numpy()[0])


@pytest.mark.parametrize(
    ("settings", "gradients", "expected"),
    [
        ({"name": "sgd"}, [1, 1], 0.8),
        ({"name": "momentum", "momentum": 0.5}, [1, 1], 1 - 0.1 - 0.15),
        ({"name": "adam"}, [4], 0.9),
        ({"name": "adamw", "weight_decay": 0.5}, [4], 1 - 0.05 - 0.1),
        ({"name": "sgd", "global_clipnorm": 2.0}, [8], 0.8),
        ({"name": "sgd", "gradient_accumulation_steps": 2}, [1], 1),
        ({"name": "sgd", "gradient_accumulation_steps": 2}, [1, 3], 0.8),
    ],
)
def test_a_step_worked_by_hand(settings, gradients, expected):
    assert stepped(gradients, **settings) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_goes_downhill(name):
    assert stepped([1.0] * 5, name=name) < 1


def test_averages_replace_the_weights_only_inside_the_block():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    weight = model.trainable_variables[0]
    weight.assign([[1.0]])
    optimizer = make_optimizer(
        OptimizerConfig(name="sgd", learning_rate=0.5, global_clipnorm=0.0, ema_momentum=0.75)
    )
    optimizer.build(model.trainable_variables)
    for _ in range(2):  # the weight goes 1, 0.5, 0; Keras starts the average at the first of them
        optimizer.apply([tf.constant([[1.0]])], model.trainable_variables)
    with averaged_weights(optimizer, model):
        inside = weight.numpy().item()
    assert inside == pytest.approx(0.75 * 0.5 + 0.25 * 0)
    assert weight.numpy().item() == 0


def test_without_averages_the_weights_stay():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    before = model.get_weights()
    with averaged_weights(make_optimizer(OptimizerConfig()), model):
        for weight, value in zip(model.get_weights(), before, strict=True):
            np.testing.assert_array_equal(weight, value)


def test_an_unknown_optimizer_is_refused_with_its_setting():
    with pytest.raises(ConfigError, match=r"optimizer\.name"):
        make_optimizer(OptimizerConfig(name="newton"))
