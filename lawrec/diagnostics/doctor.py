"""Check the installation: what TensorFlow computes on, why not on a GPU, which batch size fits."""

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
from lawrec.config import ModelConfig
from lawrec.corpus.vocabulary import PAD_ID
from lawrec.devices.configure import use_full_float32
from lawrec.diagnostics.reports import DoctorReport, MachineReport
from lawrec.models.flops import lstm_weights, n_features
from lawrec.models.lstm_classifier import build_model
from lawrec.models.pooling import POOLINGS
from lawrec.registry import lookup
from lawrec.threads import available_cores
from lawrec.translation import marked
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
"""The libraries that TensorFlow for CUDA 12 and cuDNN 9 loads, and the package of each."""
DRIVER = "libcuda.so.1"
_NO_CUDA = marked("This TensorFlow is built without CUDA: install the one of your platform's GPUs.")
_NO_DRIVER = marked(
    "No NVIDIA GPU or driver: no /dev/nvidia*, no /proc/driver/nvidia, no nvidia-smi. Install "
    "NVIDIA's driver; in a container, start the container with the GPU (docker run --gpus all)."
)
_NO_DEVICE = marked(
    "The driver has no device: no /dev/nvidia0. Load it with modprobe nvidia; in a container, "
    "start the container with the GPU (docker run --gpus all)."
)
_UNKNOWN_REASON = marked(
    "The driver and its libraries are installed, but TensorFlow uses no GPU. To see why, run "
    "TF_CPP_MIN_LOG_LEVEL=0 lawrec doctor"
)
_VOCABULARY_SIZE, _N_ARTICLES = 50_000, 183  # as for CAIL2018
_BATCH_STEP, _MAX_GPU_BATCH, _MAX_CPU_BATCH = 1_024, 262_144, 8_192  # tokens
_CPU_TOKENS_PER_CORE = 3_072


def examine() -> DoctorReport:
    """Return what this machine computes on, and advice for the default model.

    Example:
        >>> examine().findings.gpus  # doctest: +SKIP
        ('GPU:0 NVIDIA H100 80GB HBM3',)
    """
    machine = inspect_machine()
    # before the first computation, for which TensorFlow allocates all that is free
    free_bytes = _free_gpu_bytes() if machine.gpus else None
    cores = available_cores()
    return DoctorReport(
        lawrec=__version__,
        tensorflow=tf.__version__,
        keras=keras.__version__,
        cores=cores,
        findings=machine,
        why_no_gpu=why_no_gpu(machine),
        difference=cpu_gpu_difference() if machine.gpus else None,
        batch_tokens=suggest_batch_tokens(ModelConfig(), n_cores=cores, free_bytes=free_bytes),
    )


def inspect_machine() -> MachineReport:
    """Return which of the things that a GPU needs are there.

    Example:
        >>> inspect_machine().nodes  # doctest: +SKIP
        ('/dev/nvidia0',)
    """
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
        smi=_output(["nvidia-smi", "--list-gpus"]),
        broken=_broken_libraries([DRIVER, *LIBRARIES]),
        packages=_installed_versions(set(LIBRARIES.values())),
    )


def why_no_gpu(machine: MachineReport) -> list[str]:
    """Return why TensorFlow uses no GPU, and what to do about each reason; empty if it uses one.

    Reasons further down the list would hide those above: a build without CUDA, a variable that
    hides all GPUs, no GPU or driver, a missing library. So only the topmost kind is returned.

    Example:
        >>> machine = inspect_machine()  # doctest: +SKIP
        >>> why_no_gpu(replace(machine, gpus=(), hidden="-1"))  # doctest: +SKIP
        ["CUDA_VISIBLE_DEVICES='-1' hides all GPUs: unset it, or name some, as in ..."]
    """
    if machine.gpus:
        return []
    if not machine.built_for:
        return [_NO_CUDA]
    if machine.hidden is not None and machine.hidden.strip() in ("", "-1"):
        shown = f"CUDA_VISIBLE_DEVICES={machine.hidden!r}"
        return [
            marked(f"{shown} hides all GPUs: unset it, or name some, as in CUDA_VISIBLE_DEVICES=0.")
        ]
    return _driver_reasons(machine) or _library_reasons(machine) or [_UNKNOWN_REASON]


def suggest_batch_tokens(
    config: ModelConfig, *, n_cores: int, free_bytes: int | None = None
) -> int:
    """Return a `training.batch_tokens` that fits into memory, a multiple of 1,024.

    Args:
        config: The model.
        n_cores: Number of CPU cores.
        free_bytes: Free memory of the GPU; None for training on the CPU.

    Raises:
        ConfigError: There is no pooling of that name.

    Example:
        >>> suggest_batch_tokens(ModelConfig(), n_cores=2)
        6144
        >>> suggest_batch_tokens(ModelConfig(), n_cores=2, free_bytes=8 * 2**30)
        123904
    """
    if free_bytes is None:
        fitting, most = float(_CPU_TOKENS_PER_CORE * n_cores), _MAX_CPU_BATCH
    else:
        weight_bytes, token_bytes = _training_bytes(config)
        # Half of the memory is left for what cuDNN and the optimizer need for a moment.
        fitting, most = max(free_bytes / 2 - weight_bytes, 0) / token_bytes, _MAX_GPU_BATCH
    return int(np.clip(fitting, _BATCH_STEP, most)) // _BATCH_STEP * _BATCH_STEP


def cpu_gpu_difference() -> float:
    """Return the largest absolute difference between scores here and in a process without a GPU.

    Example:
        >>> cpu_gpu_difference() < 1e-4  # doctest: +SKIP
        True
    """
    code = "from lawrec.diagnostics.doctor import probe_scores; print(probe_scores().tolist())"
    without_gpu = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
    # Another process, because Keras uses cuDNN whenever TensorFlow sees a GPU, even if the layer
    # is placed on the CPU.
    done = subprocess.run(
        [sys.executable, "-c", code], env=without_gpu, capture_output=True, text=True, check=True
    )
    return float(np.abs(probe_scores() - json.loads(done.stdout)).max())


def probe_scores() -> Float32Array:
    """Return the scores of two fixed cases by the default model with fixed weights.

    Returns:
        float32 (2, 20), 0 to 1.

    Example:
        >>> probe_scores().shape  # doctest: +SKIP
        (2, 20)
    """
    use_full_float32()  # as everything that scores does
    cases = np.full((2, 64), PAD_ID, np.int32)
    cases[0, :48], cases[1, :20] = np.arange(2, 50), np.arange(2, 22)
    model = build_model(ModelConfig(), vocabulary_size=64, n_articles=20)
    random_numbers = np.random.default_rng(0)
    model.set_weights([random_numbers.normal(0, 0.1, weight.shape) for weight in model.weights])
    y_score = tf.sigmoid(model(tf.constant(cases), training=False)["articles"])
    return np.asarray(y_score, np.float32)


def _driver_reasons(machine: MachineReport) -> list[str]:
    if not (machine.nodes or machine.driver or machine.smi):
        return [_NO_DRIVER]
    if not machine.nodes:
        return [_NO_DEVICE]
    if DRIVER in machine.broken:
        why = machine.broken[DRIVER]
        return [marked(f"The driver's library cannot be loaded: {why}. Install the driver.")]
    return []


def _library_reasons(machine: MachineReport) -> list[str]:
    return [
        marked(f"{library} cannot be loaded ({why}); {_package_advice(library, machine.packages)}")
        for library, why in machine.broken.items()
        if library in LIBRARIES
    ]


def _package_advice(library: str, installed: dict[str, str]) -> str:
    name = LIBRARIES[library]
    if name in installed:
        version = installed[name]
        return marked(f"{name} {version} is installed: reinstall it with pip --force-reinstall.")
    return marked(f"{name} is not installed: {INSTALL}")


def _training_bytes(config: ModelConfig) -> tuple[int, int]:
    """Return an estimate of the bytes that training needs for all weights, and for each token.

    All numbers are float32, 4 bytes. Each weight also needs a gradient and two moments of the
    optimizer. For each token and unit of an LSTM, the state, the cell, its tanh and four gates are
    kept; the embedding is kept before and after its dropout; and all of these have gradients.
    """
    features = n_features(config)
    pooling = lookup(POOLINGS, config.pooling, where="model.pooling")
    cost = pooling.cost(features, config.lstm_units, _N_ARTICLES)
    n_weights = (
        _VOCABULARY_SIZE * config.embedding_size
        + lstm_weights(config)
        + cost.n_weights
        + _N_ARTICLES * features
    )
    n_values = 2 * config.embedding_size + config.lstm_layers * features * 7 + cost.n_values
    return 4 * 4 * n_weights, 4 * 2 * n_values


def _free_gpu_bytes() -> int:
    """Return the free memory of the first GPU as nvidia-smi prints it; 0 if it does not."""
    free = _output(["nvidia-smi", "--query-gpu=memory.free", "--format=csv,noheader,nounits"])
    first = free.splitlines()[0].strip() if free else ""
    return int(first) * 2**20 if first.isdecimal() else 0


def _gpu_name(gpu: Any) -> str:
    details = tf.config.experimental.get_device_details(gpu)
    return f"{gpu.name.removeprefix('/physical_device:')} {details.get('device_name', '')}".strip()


def _output(command: list[str]) -> str:
    """Return what a program prints, or its error; "" if it is not installed."""
    if not shutil.which(command[0]):
        return ""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (done.stdout or done.stderr).strip()


def _broken_libraries(libraries: list[str]) -> dict[str, str]:
    """Return why libraries cannot be loaded, neither from NVIDIA's packages nor from the system."""
    broken = {}
    for library in libraries:
        try:
            ctypes.CDLL(_path_in_packages(library))
        except OSError as error:
            broken[library] = str(error)
    return broken


def _path_in_packages(library: str) -> str:
    """Return a library's path in NVIDIA's Python packages, or only its name."""
    site_packages = Path(tf.__file__).parent.parent
    return next((str(path) for path in site_packages.glob(f"nvidia/*/lib/{library}")), library)


def _installed_versions(packages: set[str]) -> dict[str, str]:
    """Return the versions of those packages that are installed."""
    versions = {each.metadata["Name"]: each.version for each in importlib.metadata.distributions()}
    return {name: versions[name] for name in sorted(packages & versions.keys())}
