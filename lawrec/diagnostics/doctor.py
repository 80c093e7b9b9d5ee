"""Doctor: what computes here, why no GPU does, and which batch size fits."""

import ctypes
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from lawrec import __version__
from lawrec.config import Config, ModelConfig
from lawrec.corpus.vocabulary import PAD_ID
from lawrec.models.lstm_classifier import build_model
from lawrec.parallel import available_cores
from lawrec.runs.results import DoctorReport, MachineReport
from lawrec.types import Float32Array

INSTALL = "pip install 'lawrec[gpu]'"
LIBRARIES = {
    "libcudart.so.12": "nvidia-cuda-runtime-cu12",
    "libcublas.so.12": "nvidia-cublas-cu12",
    "libcublasLt.so.12": "nvidia-cublas-cu12",
    "libcufft.so.11": "nvidia-cufft-cu12",
    "libcurand.so.10": "nvidia-curand-cu12",
    "libcusolver.so.11": "nvidia-cusolver-cu12",
    "libcusparse.so.12": "nvidia-cusparse-cu12",
    "libcudnn.so.9": "nvidia-cudnn-cu12",
    "libnccl.so.2": "nvidia-nccl-cu12",
}
"""The libraries that TensorFlow built for CUDA 12 and cuDNN 9 loads, and the packages with them."""
DRIVER = "libcuda.so.1"
_TOKENS, _ARTICLES = 50_000, 183
_LEAST, _MOST = 1_024, 262_144
_CPU_TOKENS_A_CORE, _CPU_MOST = 3_072, 8_192


def examine(config: ModelConfig | None = None) -> DoctorReport:
    """Examine this machine.

    Args:
        config: The model to suggest a batch size for; by default the default one.
    """
    sizes = config or Config().model
    found = find()
    cores = available_cores()
    return DoctorReport(
        lawrec=__version__,
        tensorflow=tf.__version__,
        keras=keras.__version__,
        cores=cores,
        findings=found,
        why_no_gpu=why_no_gpu(found),
        difference=difference() if found.gpus else None,
        batch_tokens=batch_tokens(sizes, _free_memory() if found.gpus else None, cores),
    )


def find() -> MachineReport:
    """Look for all that a GPU needs."""
    driver = Path("/proc/driver/nvidia/version")
    built_for = tf.sysconfig.get_build_info()
    return MachineReport(
        gpus=tuple(_gpu_name(gpu) for gpu in tf.config.list_physical_devices("GPU")),
        built_for={
            name: str(built_for[name])
            for name in ("cuda_version", "cudnn_version")
            if built_for["is_cuda_build"]
        },
        hidden=os.environ.get("CUDA_VISIBLE_DEVICES"),
        nodes=tuple(str(path) for path in sorted(Path("/dev").glob("nvidia[0-9]*"))),
        driver=driver.read_text(encoding="utf-8").splitlines()[0] if driver.is_file() else "",
        smi=_smi(),
        broken=_broken([DRIVER, *LIBRARIES]),
        packages=_installed(set(LIBRARIES.values())),
    )


def why_no_gpu(found: MachineReport) -> list[str]:
    """Return why no GPU computes, and what to do about each reason; nothing where one does.

    The first reason is the deepest: what hides the GPU, the machine, its driver, the libraries.
    """
    if found.gpus:
        return []
    if not found.built_for:
        return ["This TensorFlow is built without CUDA: install the one of your platform's GPUs."]
    if found.hidden is not None and found.hidden.strip() in ("", "-1"):
        shown = f"CUDA_VISIBLE_DEVICES={found.hidden!r}"
        return [f"{shown} hides all GPUs: unset it, or name some, as in CUDA_VISIBLE_DEVICES=0."]
    return _driver_reasons(found) or _library_reasons(found) or [_UNKNOWN]


def batch_tokens(config: ModelConfig, free: int | None, cores: int) -> int:
    """Return a `training.batch_tokens` that fits, a multiple of 1,024.

    Args:
        config: The model.
        free: Free bytes of the GPU; None for training on the CPU.
        cores: Of the CPU.
    """
    if free is None:
        wanted = float(_CPU_TOKENS_A_CORE * cores)
    else:
        # Half of the memory stays for what cuDNN and the optimizer need for a while.
        wanted = max(free / 2 - 4 * _weights(config) * 4, 0) / _token_bytes(config)
    fitting = np.clip(wanted, _LEAST, _CPU_MOST if free is None else _MOST)
    return int(fitting) // _LEAST * _LEAST


_CONTAINER = "in a container, start that with its GPU (docker run --gpus all)."
_UNKNOWN = (
    "Driver and libraries are there, and TensorFlow uses no GPU all the same: it says why with "
    "TF_CPP_MIN_LOG_LEVEL=0 lawrec doctor"
)


def _driver_reasons(found: MachineReport) -> list[str]:
    if not (found.nodes or found.driver or found.smi):
        return [
            "No NVIDIA GPU or driver: no /dev/nvidia*, no /proc/driver/nvidia, no nvidia-smi. "
            f"Install NVIDIA's driver; {_CONTAINER}"
        ]
    if not found.nodes:
        return [
            f"The driver has no device: no /dev/nvidia0. Load it with modprobe nvidia; {_CONTAINER}"
        ]
    if DRIVER in found.broken:
        return [
            f"The driver's library cannot be loaded: {found.broken[DRIVER]}. Install the driver."
        ]
    return []


def _library_reasons(found: MachineReport) -> list[str]:
    return [
        f"{library} cannot be loaded ({why}); {_package(LIBRARIES[library], found.packages)}"
        for library, why in found.broken.items()
        if library in LIBRARIES
    ]


def _package(name: str, installed: dict[str, str]) -> str:
    if name in installed:
        return f"{name} {installed[name]} is installed: force it anew with pip --force-reinstall."
    return f"{name} is not installed: {INSTALL}"


def _weights(config: ModelConfig) -> int:
    """Return the number of weights of a model with as many tokens and articles as CAIL2018."""
    directions = 2 if config.bidirectional else 1
    inputs = [config.embedding_size, *[directions * config.lstm_units] * (config.lstm_layers - 1)]
    cells = sum(4 * config.lstm_units * (size + config.lstm_units + 1) for size in inputs)
    features = directions * config.lstm_units
    return _TOKENS * config.embedding_size + directions * cells + 2 * _ARTICLES * features


def _token_bytes(config: ModelConfig) -> int:
    """Return the bytes that training keeps for a token: states and gates, and their gradients."""
    directions = 2 if config.bidirectional else 1
    states = config.lstm_layers * directions * config.lstm_units * 7
    return 2 * 4 * (2 * config.embedding_size + states + 2 * _ARTICLES)


def difference() -> float:
    """Return the largest difference between scores here and in a process without a GPU."""
    code = "from lawrec.diagnostics.doctor import scores; print(scores().tolist())"
    without = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
    # In this process, Keras would let cuDNN compute whatever device it is told.
    done = subprocess.run(
        [sys.executable, "-c", code], env=without, capture_output=True, text=True, check=True
    )
    return float(np.abs(scores() - json.loads(done.stdout)).max())


def scores() -> Float32Array:
    """Return the scores of two invented cases by a model with invented weights."""
    cases = np.full((2, 64), PAD_ID, np.int32)
    cases[0, :48], cases[1, :20] = np.arange(2, 50), np.arange(2, 22)
    model = build_model(ModelConfig(), vocabulary_size=64, n_articles=20)
    numbers = np.random.default_rng(0)
    model.set_weights([numbers.normal(0, 0.1, weight.shape) for weight in model.weights])
    y_score = tf.sigmoid(model(tf.constant(cases), training=False)["articles"])
    return np.asarray(y_score, np.float32)


def _free_memory() -> int:
    """Return the free bytes of the first GPU, as nvidia-smi tells them; 0 where it does not."""
    free = _output(["nvidia-smi", "--query-gpu=memory.free", "--format=csv,noheader,nounits"])
    first = free.splitlines()[0].strip() if free else ""
    return int(first) * 2**20 if first.isdecimal() else 0


def _gpu_name(gpu: Any) -> str:
    details = tf.config.experimental.get_device_details(gpu)
    return f"{gpu.name.removeprefix('/physical_device:')} {details.get('device_name', '')}".strip()


def _smi() -> str:
    return _output(["nvidia-smi", "--list-gpus"])


def _output(command: list[str]) -> str:
    """Return what a program prints, or says of its failure; "" where it is not installed."""
    if not shutil.which(command[0]):
        return ""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (done.stdout or done.stderr).strip()


def _broken(libraries: list[str]) -> dict[str, str]:
    """Return why libraries cannot be loaded, from their packages or the system."""
    broken = {}
    for library in libraries:
        try:
            ctypes.CDLL(_in_packages(library))
        except OSError as error:
            broken[library] = str(error)
    return broken


def _in_packages(library: str) -> str:
    """Return a library's path within NVIDIA's packages, or its name alone."""
    site = Path(tf.__file__).parent.parent
    return next((str(path) for path in site.glob(f"nvidia/*/lib/{library}")), library)


def _installed(packages: set[str]) -> dict[str, str]:
    """Return the versions of those packages that are installed."""
    known = {each.metadata["Name"]: each.version for each in importlib.metadata.distributions()}
    return {name: known[name] for name in sorted(packages & known.keys())}
