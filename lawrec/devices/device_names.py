"""Names of devices, as `training.device` and --device have them, and which GPUs they select."""

import re
from typing import TypeVar

from lawrec.errors import ConfigError, RunError, quoted

T = TypeVar("T")


def select_gpus(name: str, gpus: list[T], *, library: str = "TensorFlow") -> list[T]:
    """Return the GPUs that a device name selects.

    Args:
        name: "auto" for all GPUs if there are any, else the CPU; "cpu"; "gpu" for all GPUs;
            "gpu:1" for the second one.
        gpus: All GPUs that can be used.
        library: What uses them, for the error.

    Raises:
        ConfigError: The name is none of these.
        RunError: There is no such GPU.

    Example:
        >>> select_gpus("gpu:1", ["first", "second"])
        ['second']
        >>> select_gpus("auto", [])
        []
    """
    check_device(name)
    if name in ("auto", "cpu"):
        return gpus if name == "auto" else []
    _, _, number = name.partition(":")
    if int(number or 0) >= len(gpus):
        raise RunError(
            f"--device {name}",
            expected=f"{library} must see that GPU",
            got=f"{len(gpus)} GPUs" if gpus else "none",
            todo="Run `lawrec doctor` to see why, or choose another --device.",
        )
    return [gpus[int(number)]] if number else gpus


def check_device(name: str) -> None:
    """Raise an error if a name is not that of a device, whether or not there is such a device.

    Raises:
        ConfigError: The name is none that `select_gpus` knows.

    Example:
        >>> check_device("gpu:1")
    """
    if not re.fullmatch(r"auto|cpu|gpu(:\d{1,9})?", name):
        raise ConfigError(
            "training.device",
            expected="the device must be auto, cpu, gpu or gpu:N",
            got=quoted(name),
            todo="Write one of these; --device is short for it.",
        )
