import keras
import pytest
import tensorflow as tf

from lawrec.config import TrainingConfig
from lawrec.devices.configure import configure_devices, precision_scope
from lawrec.errors import ConfigError, RunError

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize(
    "settings", [{"device": "tpu"}, {"device": "gpu:"}, {"precision": "float16"}]
)
def test_a_name_of_no_device_or_precision_is_refused(settings):
    with pytest.raises(ConfigError):
        configure_devices(TrainingConfig(**settings))


def test_threads_cannot_change_once_tensorflow_has_computed():
    tf.constant(1)
    with pytest.raises(RunError, match="before it computes for the first time"):
        configure_devices(TrainingConfig(intra_op_threads=1))


def test_one_device_needs_no_strategy(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    strategy = configure_devices(TrainingConfig(device="cpu"))
    assert strategy is tf.distribute.get_strategy()


def test_float32_is_not_rounded_to_fewer_bits(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    tf.config.experimental.enable_tensor_float_32_execution(True)
    configure_devices(TrainingConfig(device="cpu"))
    assert not tf.config.experimental.tensor_float_32_execution_enabled()


def test_a_model_keeps_its_weights_in_float32_whatever_it_computes_in():
    with precision_scope("bfloat16"):
        layer = keras.layers.Dense(1)
    assert (layer.compute_dtype, layer.variable_dtype) == ("bfloat16", "float32")
    assert keras.config.dtype_policy().name == "float32"
