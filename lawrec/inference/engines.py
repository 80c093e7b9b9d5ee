"""Engines: what computes the logits of a run's network.

TensorFlow and the exported form compute the same logits, but for rounding errors: the scores of a
case agree within 1e-5, which is checked when a run is exported. The weights of onnx-int8 are
rounded, so that its scores differ more. The exported forms (see `lawrec.runs.onnx_file`) need no
TensorFlow, whose import takes seconds.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lawrec.corpus.vocabulary import LENGTH_STEP, UNK_ID
from lawrec.devices.device_names import check_device, select_gpus
from lawrec.devices.onnxruntime_start import import_onnxruntime
from lawrec.devices.tensorflow_start import import_tensorflow
from lawrec.errors import RunError
from lawrec.progress import SILENT, Progress
from lawrec.ranking.run_scorer import LogitFunction
from lawrec.registry import check_name
from lawrec.runs.onnx_file import CUDA, INT8_MODEL, onnx_logits, onnx_path
from lawrec.runs.run import Run

AUTO = "auto"
"""ONNX if the run is exported, else TensorFlow."""
_GPU_SAMPLE = [[UNK_ID], [UNK_ID] * LENGTH_STEP, [UNK_ID] * (2 * LENGTH_STEP - 1)]
_GPU_TOLERANCE = 1e-3  # between logits
_MOST_GPUS = 64  # ONNX Runtime does not say how many there are, and refuses one that is not there


@dataclass(frozen=True)
class EngineChoice:
    """Which engine computes, and on which device.

    Attributes:
        name: A key of `ENGINES`, or `AUTO`.
        device: The device, as `select_gpus` takes it; None to leave that as it is.
        threads: Number of batches that ONNX Runtime computes at the same time on the CPU; 0: one
            per core.
    """

    name: str = AUTO
    device: str | None = None
    threads: int = 0


AUTO_ENGINE = EngineChoice()


class Engine(Protocol):
    """A function that loads a network."""

    def __call__(self, run: Run, checkpoint: str, *, choice: EngineChoice) -> LogitFunction:
        """Return the function from the token ids of cases to the logits of the articles.

        Args:
            run: The run.
            checkpoint: The path prefix of a checkpoint, as `best_checkpoint` returns it.
            choice: Where it computes, and with how many threads.

        Raises:
            RunError: What the engine needs is missing or damaged, or belongs to another run.
        """


def choose_engine(
    run: Run, checkpoint: str, *, choice: EngineChoice = AUTO_ENGINE, progress: Progress = SILENT
) -> str:
    """Return the engine to use, a key of `ENGINES`; "" if no score depends on the network.

    Args:
        run: The run.
        checkpoint: The path prefix of a checkpoint, as `best_checkpoint` returns it.
        choice: What was chosen.
        progress: Gets a message if `AUTO` is TensorFlow because nothing usable was exported.

    Raises:
        ConfigError: There is no such engine or device, whether the network is needed or not.

    Example:
        >>> choose_engine(run, best_checkpoint(run))  # doctest: +SKIP
        'onnx'
    """
    check_name(choice.name, ENGINE_NAMES, where="--engine", kind="engine")
    if choice.device is not None:
        check_device(choice.device)
    if not run.config.ranking.needs_lstm:
        return ""
    if choice.name != AUTO:
        return choice.name
    if run.bundle:
        return "onnx"
    try:
        _gpu(choice.device)
        onnx_path(run, checkpoint)
    except RunError as error:
        progress.message(f"{error} TensorFlow is used instead, which takes seconds to start.")
        return "tensorflow"
    return "onnx"


def _tensorflow(run: Run, checkpoint: str, *, choice: EngineChoice) -> LogitFunction:
    if run.bundle:
        raise RunError(
            run.bundle,
            expected="TensorFlow needs the checkpoint of a run",
            got="a bundle, which has none",
            todo="Leave out --engine.",
        )
    import_tensorflow()
    from lawrec.devices.configure import use_device, use_full_float32
    from lawrec.models.lstm_logits import make_logit_function
    from lawrec.training.checkpoints import load_model

    use_full_float32()
    if choice.device:
        use_device(choice.device)
    return make_logit_function(load_model(run, checkpoint))


def _onnx(run: Run, checkpoint: str, *, choice: EngineChoice) -> LogitFunction:
    path, gpu = onnx_path(run, checkpoint), _gpu(choice.device)
    logits = onnx_logits(path, n_articles=len(run.articles), gpu=gpu, threads=choice.threads)
    if gpu is not None:
        _check_gpu(logits, onnx_logits(path, n_articles=len(run.articles)))
    return logits


def _check_gpu(on_gpu: LogitFunction, on_cpu: LogitFunction) -> None:
    """Refuse a GPU whose library pads cases otherwise: that would change scores in silence."""
    difference = float(np.abs(on_gpu(_GPU_SAMPLE) - on_cpu(_GPU_SAMPLE)).max())
    if not difference <= _GPU_TOLERANCE:
        raise RunError(
            "--device",
            expected="ONNX Runtime must compute on the GPU what it computes on the CPU",
            got=f"logits that differ by {difference:.2g}",
            todo="Choose --device cpu, or --engine tensorflow.",
        )


def _onnx_int8(run: Run, checkpoint: str, *, choice: EngineChoice) -> LogitFunction:
    path = onnx_path(run, checkpoint, name=INT8_MODEL)
    return onnx_logits(path, n_articles=len(run.articles), threads=choice.threads, alone=True)


def _gpu(device: str | None) -> int | None:
    """Return the number of the GPU that ONNX Runtime is to use; None for the CPU.

    "auto" is the CPU: it takes less time to score a few cases than to start a GPU.
    """
    if device in (None, "auto"):
        return None
    usable = CUDA in import_onnxruntime().get_available_providers()
    gpus = select_gpus(device, list(range(_MOST_GPUS if usable else 0)), library="ONNX Runtime")
    return gpus[0] if gpus else None


ENGINES: dict[str, Engine] = {
    "tensorflow": _tensorflow,
    "onnx": _onnx,
    "onnx-int8": _onnx_int8,
}
ENGINE_NAMES = (AUTO, *ENGINES)
"""What can be chosen."""
