"""Devices: what computes, on one machine or several.

Several machines are told of one another by the environment variable TF_CONFIG, as TensorFlow does
it. All do the same work in step, each on its share of every batch; the chief, the first of them,
writes the run.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import keras
import tensorflow as tf

from lawrec.config import TrainingConfig
from lawrec.errors import ConfigError, RunError, quoted
from lawrec.progress import SILENT, Progress
from lawrec.registry import lookup
from lawrec.training.distributed import find_cluster

T = TypeVar("T")
PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
"""From a precision to Keras's policy; weights, sums and the outputs are float32 in both."""


def use_device(name: str, memory_growth: bool = True, *, log_placement: bool = False) -> list[Any]:
    """Let TensorFlow see the GPUs that a name chooses, and no others; return them.

    Args:
        name: "auto" for all GPUs, else the CPU; "cpu"; "gpu" for all GPUs; "gpu:1" for the second.
        memory_growth: Take a GPU's memory as it is needed, not all of it at once.
        log_placement: Let TensorFlow say on stderr where each operation runs.

    Raises:
        ConfigError: The name is none of these.
        RunError: TensorFlow sees no such GPU, or has started already.
    """
    gpus = chosen_gpus(name, tf.config.list_physical_devices("GPU"))
    tf.config.set_soft_device_placement(True)
    if log_placement:
        tf.debugging.set_log_device_placement(True)
    with _before_the_start():
        if gpus != tf.config.get_visible_devices("GPU"):
            tf.config.set_visible_devices(gpus, "GPU")
        for gpu in gpus:
            if tf.config.experimental.get_memory_growth(gpu) != memory_growth:
                tf.config.experimental.set_memory_growth(gpu, memory_growth)
    return gpus


def chosen_gpus(name: str, gpus: list[T]) -> list[T]:
    """Return those of the GPUs that a name chooses.

    Raises:
        ConfigError: The name is not one that `use_device` knows.
        RunError: There is no such GPU.
    """
    match = re.fullmatch(r"auto|cpu|gpu(?::(\d+))?", name)
    if not match:
        raise ConfigError(
            "training.device",
            expected="the device must be auto, cpu, gpu or gpu:N",
            got=quoted(name),
            todo="Write one of these; --device is short for it.",
        )
    if name in ("auto", "cpu"):
        return gpus if name == "auto" else []
    number = int(match[1] or 0)
    if number >= len(gpus):
        raise RunError(
            f"--device {name}",
            expected="TensorFlow must see that GPU",
            got=f"{len(gpus)} GPUs" if gpus else "none",
            todo="Run `lawrec doctor` to see why, or choose another --device.",
        )
    return [gpus[number]] if match[1] else gpus


def start_devices(
    config: TrainingConfig, log_placement: bool = False, *, progress: Progress = SILENT
) -> Any:
    """Make TensorFlow use what the settings say, before it has computed anything.

    Args:
        config: The settings.
        log_placement: As `use_device` takes it.
        progress: Told when other machines are waited for.

    Returns:
        The tf.distribute.Strategy: over all machines of TF_CONFIG, over all GPUs, or of one device.

    Raises:
        ConfigError: A setting names no device or precision.
        RunError: There is no such GPU, or TF_CONFIG cannot be used.
    """
    lookup(PRECISIONS, config.precision, where="training.precision")
    gpus = use_device(config.device, config.memory_growth, log_placement=log_placement)
    with _before_the_start():
        _set_threads(config)
    if resolver := find_cluster():
        progress.message("Waiting for all machines of TF_CONFIG.")
        return tf.distribute.MultiWorkerMirroredStrategy(resolver)
    return tf.distribute.MirroredStrategy() if len(gpus) > 1 else tf.distribute.get_strategy()


@contextmanager
def precision(name: str) -> Iterator[None]:
    """Let models that are built in the block compute in a precision of `PRECISIONS`."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(PRECISIONS[name])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@contextmanager
def _before_the_start() -> Iterator[None]:
    """Raise RunError where TensorFlow says that it has started."""
    try:
        yield
    except RuntimeError as error:
        raise RunError(
            "TensorFlow",
            expected="devices and threads must be set before it starts",
            got=error,
            todo="Do so.",
        ) from error


def _set_threads(config: TrainingConfig) -> None:
    threading = tf.config.threading
    if config.intra_op_threads != threading.get_intra_op_parallelism_threads():
        threading.set_intra_op_parallelism_threads(config.intra_op_threads)
    if config.inter_op_threads != threading.get_inter_op_parallelism_threads():
        threading.set_inter_op_parallelism_threads(config.inter_op_threads)
