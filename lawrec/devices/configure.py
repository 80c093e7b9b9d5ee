"""Devices: which GPUs, how many threads and which precision a training uses.

The settings are `training.device`, `training.precision`, `training.memory_growth`,
`training.intra_op_threads` and `training.inter_op_threads`. TensorFlow takes most of them only
before it computes for the first time.

Precision concerns training alone. A trained model scores in float32 on whatever device is there,
so that its scores do not depend on how it was trained. float32 is never rounded to TensorFloat-32,
the default of GPUs. On an H100, scores of a network were up to 1e-3 from those on the CPU with it
(24 cases), and up to 1e-6 without it (1,010 cases).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

from lawrec.config import TrainingConfig
from lawrec.devices.device_names import select_gpus
from lawrec.devices.distributed import find_cluster
from lawrec.errors import RunError
from lawrec.progress import SILENT, Progress
from lawrec.registry import lookup
from lawrec.types import Strategy

PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
"""From a precision to Keras's dtype policy; weights, sums and outputs are float32 in both."""


def use_device(name: str, memory_growth: bool = True, *, log_placement: bool = False) -> list[Any]:
    """Make only those GPUs visible to TensorFlow that a name selects.

    Args:
        name: "auto" for all GPUs if there are any, else the CPU; "cpu"; "gpu" for all GPUs;
            "gpu:1" for the second one.
        memory_growth: Whether to allocate a GPU's memory as it is needed, not all of it at once.
        log_placement: Whether TensorFlow logs the device of each operation on stderr.

    Returns:
        The GPUs, as `tf.config.PhysicalDevice`; empty for the CPU.

    Raises:
        ConfigError: The name is none of these.
        RunError: TensorFlow sees no such GPU, or has initialized its devices already.

    Example:
        >>> use_device("cpu")
        []
    """
    gpus = select_gpus(name, tf.config.list_physical_devices("GPU"))
    tf.config.set_soft_device_placement(True)
    if log_placement:
        tf.debugging.set_log_device_placement(True)
    with _late_change_as_run_error():
        if gpus != tf.config.get_visible_devices("GPU"):
            tf.config.set_visible_devices(gpus, "GPU")
        for gpu in gpus:
            if tf.config.experimental.get_memory_growth(gpu) != memory_growth:
                tf.config.experimental.set_memory_growth(gpu, memory_growth)
    return gpus


def use_full_float32() -> None:
    """Compute float32 as float32 from now on.

    GPUs round the factors of matrix products to 10 bits by default, and scores would depend on the
    device.

    Example:
        >>> use_full_float32()
        >>> tf.config.experimental.tensor_float_32_execution_enabled()
        False
    """
    tf.config.experimental.enable_tensor_float_32_execution(False)


def configure_devices(
    config: TrainingConfig, log_placement: bool = False, *, progress: Progress = SILENT
) -> Strategy:
    """Set up TensorFlow's devices and threads, before it computes for the first time.

    Args:
        config: The settings of the training.
        log_placement: Whether TensorFlow logs the device of each operation on stderr.
        progress: Gets a message when this worker waits for others.

    Returns:
        The strategy to train with: over all workers of `TF_CONFIG`, over all GPUs of this machine,
        or on one device.

    Raises:
        ConfigError: A setting names no device or precision.
        RunError: There is no such GPU, TensorFlow has initialized its devices already, or
            `TF_CONFIG` is not valid.

    Example:
        >>> strategy = configure_devices(TrainingConfig(device="cpu"))
        >>> strategy.num_replicas_in_sync
        1
    """
    lookup(PRECISIONS, config.precision, where="training.precision")
    use_full_float32()
    gpus = use_device(config.device, config.memory_growth, log_placement=log_placement)
    with _late_change_as_run_error():
        _set_threads(config)
    if resolver := find_cluster():
        progress.message("Waiting for all workers of TF_CONFIG.")
        return tf.distribute.MultiWorkerMirroredStrategy(resolver)
    return tf.distribute.MirroredStrategy() if len(gpus) > 1 else tf.distribute.get_strategy()


@contextmanager
def precision_scope(name: str) -> Iterator[None]:
    """Build models in the block that compute in a precision of `PRECISIONS`.

    Yields:
        Nothing: Keras's dtype policy is set in the block, and restored after it.

    Example:
        >>> with precision_scope("bfloat16"):
        ...     keras.layers.Dense(1).compute_dtype
        'bfloat16'
        >>> keras.layers.Dense(1).compute_dtype
        'float32'
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(PRECISIONS[name])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@contextmanager
def _late_change_as_run_error() -> Iterator[None]:
    """Raise RunError where TensorFlow says that its devices can no longer be changed."""
    try:
        yield
    except RuntimeError as error:
        raise RunError(
            "TensorFlow",
            expected="devices and threads must be set before it computes for the first time",
            got=error,
            todo="Set them before the first TensorFlow call.",
        ) from error


def _set_threads(config: TrainingConfig) -> None:
    threading = tf.config.threading
    if config.intra_op_threads != threading.get_intra_op_parallelism_threads():
        threading.set_intra_op_parallelism_threads(config.intra_op_threads)
    if config.inter_op_threads != threading.get_inter_op_parallelism_threads():
        threading.set_inter_op_parallelism_threads(config.inter_op_threads)
