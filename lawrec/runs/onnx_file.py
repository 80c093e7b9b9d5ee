"""Exported form: what a run keeps of its network to compute the logits without TensorFlow.

checkpoints/<run>/onnx/model.onnx        the network of a checkpoint, as an ONNX file
checkpoints/<run>/onnx/model_int8.onnx   the same with weights of 8 bits, if that was asked for
checkpoints/<run>/onnx/manifest.json     sealed as `lawrec.storage.seal` describes, written last

The keys of the manifest:

run          the SHA-256 of the run's run.json: the exported form of another run is noticed
checkpoint   the name of the checkpoint, from the folder of the run on, "best/model.ckpt-640"
sha256_of    the digest of the checkpoint's files, as `checkpoint_digest` returns it
files        the SHA-256 of the models

A bundle has the exported form of its checkpoint alone. It still lists the checkpoint, whose digest
is a part of that for which the thresholds were tuned.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lawrec.devices.onnxruntime_start import import_onnxruntime
from lawrec.errors import RunError
from lawrec.ranking.length_batches import BATCH_ROWS, run_in_batches
from lawrec.runs.array_parts import read_part_manifest
from lawrec.runs.checkpoint_list import checkpoint_digest, run_digest
from lawrec.runs.run import Run
from lawrec.storage.files import atomic_folder
from lawrec.storage.seal import MANIFEST, SEAL_ERRORS, damaged_file, file_digests, write_sealed
from lawrec.threads import available_cores, map_in_threads
from lawrec.types import Float32Array, NumberArray, TokenIds

ONNX = "onnx"
MODEL, INT8_MODEL = "model.onnx", "model_int8.onnx"
TOKEN_IDS, LOGITS = "token_ids", "logits"
"""The names of the input and the output of a model."""
CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
_EXPORT = "Export it with `lawrec export onnx`."
_ROWS = 8
"""Cases in a batch on the CPU: what is computed of them stays in the cache of a core."""
_ERRORS_ALONE = 3  # of ONNX Runtime's levels of messages


def save_onnx(run: Run, checkpoint: str, *, models: Mapping[str, bytes]) -> None:
    """Write the exported form of a checkpoint into the folder of its run, whole or not at all.

    Args:
        run: The run.
        checkpoint: The path prefix of the checkpoint.
        models: The content of `MODEL`, and that of `INT8_MODEL` if there is one, by name.

    Example:
        >>> save_onnx(run, best_checkpoint(run), models={MODEL: content})  # doctest: +SKIP
    """
    with atomic_folder(run.folder / ONNX) as folder:
        for name, content in models.items():
            (folder / name).write_bytes(content)
        values = {
            "run": run_digest(run.folder),
            "checkpoint": Path(checkpoint).relative_to(run.folder).as_posix(),
            "sha256_of": checkpoint_digest(checkpoint),
            "files": file_digests(folder, models),
        }
        write_sealed(folder / MANIFEST, values)


def read_onnx_manifest(run: Run) -> dict[str, Any]:
    """Return the manifest of the exported form of a run; the models are not looked at.

    Raises:
        RunError: It is missing or damaged, or belongs to another run.

    Example:
        >>> read_onnx_manifest(run)["checkpoint"]  # doctest: +SKIP
        'best/model.ckpt-640'
    """
    folder = run.folder / ONNX
    try:
        manifest = read_part_manifest(run, ONNX)
        if not isinstance(manifest["checkpoint"], str):
            raise ValueError("a manifest without a checkpoint")
        return manifest
    except SEAL_ERRORS as error:
        raise _unusable(folder, error) from error


def onnx_path(run: Run, checkpoint: str, *, name: str = MODEL) -> Path:
    """Return the path of an exported model, once its content is checked.

    Args:
        run: The run.
        checkpoint: The path prefix of the checkpoint that it must be made from.
        name: `MODEL` or `INT8_MODEL`.

    Raises:
        RunError: It is missing or damaged, or made from another checkpoint.

    Example:
        >>> onnx_path(run, best_checkpoint(run)).name  # doctest: +SKIP
        'model.onnx'
    """
    folder, manifest = run.folder / ONNX, read_onnx_manifest(run)
    try:
        own = Path(checkpoint).relative_to(run.folder).as_posix()
        if (manifest["checkpoint"], manifest["sha256_of"]) != (own, checkpoint_digest(checkpoint)):
            raise ValueError(f"that of {manifest['checkpoint']}, which is not {own} as it is now")
        if name not in manifest["files"]:
            raise FileNotFoundError(name)
        if damage := damaged_file(folder, {name: manifest["files"][name]}):
            raise ValueError(f"{damage[0].name}: {damage[1]}")
    except SEAL_ERRORS as error:
        raise _unusable(folder / name, error) from error
    return folder / name


def is_exported(run: Run, checkpoint: str) -> bool:
    """Return whether a run has the exported form of a checkpoint, undamaged.

    Example:
        >>> is_exported(run, best_checkpoint(run))  # doctest: +SKIP
        True
    """
    try:
        return all(
            onnx_path(run, checkpoint, name=name) for name in read_onnx_manifest(run)["files"]
        )
    except RunError:
        return False


def onnx_logits(
    model: Path | bytes,
    *,
    n_articles: int,
    gpu: int | None = None,
    threads: int = 0,
    alone: bool = False,
) -> Callable[[Sequence[TokenIds]], Float32Array]:
    """Return a function from the token ids of cases to the logits of the articles.

    Cases may have any length from 1, and threads may share the function. ONNX Runtime computes
    each row of a batch for itself: a case has the same logits whatever the others are.

    Args:
        model: An exported model: its path or its content.
        n_articles: The number of logits of a case.
        gpu: The number of the GPU that computes, from 0; None for the CPU.
        threads: The number of batches to compute at the same time on the CPU, each in one thread,
            which is faster than one batch in several; 0: one per core.
        alone: Score case by case and without padding: with weights of 8 bits, the range of all
            numbers in a batch determines how each is rounded.

    Raises:
        RunError: The model is not one that `lawrec export onnx` writes.

    Example:
        >>> logits = onnx_logits(onnx_path(run, checkpoint), n_articles=183)  # doctest: +SKIP
        >>> logits([[5, 7], [2, 3, 4]]).shape  # doctest: +SKIP
        (2, 183)
    """
    session = _session(model, n_articles=n_articles, gpu=gpu)
    rows, n_threads = (_ROWS, threads or available_cores()) if gpu is None else (BATCH_ROWS, 1)

    def forward(batch: NumberArray) -> NumberArray:
        values: NumberArray = session.run([LOGITS], {TOKEN_IDS: batch})[0]
        return values

    def logits(cases: Sequence[TokenIds]) -> Float32Array:
        if not alone:
            return run_in_batches(
                forward, cases, n_outputs=n_articles, max_rows=rows, threads=n_threads
            )
        batches = [np.array([case], np.int32) for case in cases]
        values = map_in_threads(forward, batches, threads=n_threads)
        return np.concatenate([np.empty((0, n_articles), np.float32), *values])

    return logits


def _session(model: Path | bytes, *, n_articles: int, gpu: int | None) -> Any:
    """Return the session of ONNX Runtime that computes a model."""
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ALONE
    options.intra_op_num_threads = 1
    providers: list[Any] = (
        [CPU] if gpu is None else [(CUDA, {"device_id": gpu, "use_tf32": 0}), CPU]
    )
    where = "the exported model" if isinstance(model, bytes) else model
    try:
        content = model if isinstance(model, bytes) else str(model)
        session = onnxruntime.InferenceSession(content, options, providers=providers)
        shapes = {each.name: each.shape for each in session.get_outputs()}
        if shapes != {LOGITS: ["batch", n_articles]}:
            raise ValueError(f"a model with the outputs {shapes}")
    except Exception as error:  # those of ONNX Runtime have no class in common
        raise _unusable(where, error) from error
    if gpu is not None and CUDA not in session.get_providers():  # it only logs that, if at all
        raise RunError(
            f"--device gpu:{gpu}",
            expected="ONNX Runtime must be able to start CUDA",
            got="a session on the CPU",
            todo="Install onnxruntime-gpu and the CUDA and cuDNN that it names, or choose "
            "--device cpu.",
        )
    return session


def _unusable(where: object, error: Exception) -> RunError:
    return RunError(
        where,
        expected="the exported model must be that of the run's checkpoint",
        got="nothing yet" if isinstance(error, FileNotFoundError) else error,
        todo=_EXPORT,
    )
