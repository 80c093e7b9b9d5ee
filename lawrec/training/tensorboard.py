"""Summaries: what a training shows of itself in TensorBoard.

<run>/tensorboard/train   loss, learning rate, gradient, speed; weights; settings; graph; profile
<run>/tensorboard/valid   the figures and the precision-recall curve of each evaluation

The functions tf.summary.scalar and its like need the package tensorboard, which only reading needs:
here the same events are made of their parts, a tensor and the name of the plugin that shows it.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from lawrec.config import Config, TrainingConfig
from lawrec.corpus.manifest import Records
from lawrec.progress import SILENT, Progress
from lawrec.runs.run import Run
from lawrec.training.throughput import Throughput
from lawrec.training.train_step import Batch, State, StepResult, make_gradients
from lawrec.types import BoolArray, Float32Array, Float64Array

TENSORBOARD = "tensorboard"
"""The folder of a run that holds what TensorBoard shows."""
BINS = 30
"""Of a histogram."""
THRESHOLDS = 101
"""Of a precision-recall curve, from 0 to 1."""
_PROTO_INT_2 = b"\x10"  # in protocol buffers: what follows is field 2, an integer


@dataclass(frozen=True)
class TensorBoardWriter:
    """What shows a training: two writers of events, and where weights and gradients come from."""

    config: TrainingConfig
    model: Any
    gradients: Callable[[Batch], tuple[Any, dict[str, Any]]]
    train: Any
    valid: Any

    def step(self, number: int, result: StepResult, speed: Throughput, batch: Batch) -> None:
        """Show a step, where one is due: its numbers, its speed, its weights and gradients."""
        with self.train.as_default(step=number):
            if _due(number, self.config.summary_every):
                speeds = {f"speed/{name}": value for name, value in speed.figures().items()}
                _write_scalars(result._asdict() | speeds)
            if self.config.summary_every and _due(number, self.config.histogram_every):
                weights = {weight.path: weight for weight in self.model.trainable_variables}
                _write_histograms("weights", weights)
                _write_histograms("gradients", self.gradients(batch)[1])

    def evaluation(
        self,
        number: int,
        figures: Mapping[str, float],
        y_true: BoolArray,
        y_score: Float32Array,
        known: BoolArray,
    ) -> None:
        """Show the figures on valid after a step; the arrays are (n_cases, n_articles)."""
        with self.valid.as_default(step=number):
            _write_scalars({f"figures/{name}": value for name, value in figures.items()})
            curve = precision_recall(y_true[known], y_score[known])
            _write(
                "pr_curves", "all articles", value=curve, content=_PROTO_INT_2 + bytes([THRESHOLDS])
            )

    def start(self, config: Config) -> None:
        """Show the settings, and the graph from token ids to scores."""
        settings = json.dumps(config.to_dict(), indent=2, ensure_ascii=False)
        forward = tf.function(lambda ids: self.model(ids, training=False), autograph=False)
        graph = forward.get_concrete_function(tf.TensorSpec((None, None), tf.int32)).graph
        with self.train.as_default(step=0):
            _write(
                "text", "settings", value="".join(f"    {line}\n" for line in settings.splitlines())
            )
            tf.summary.graph(graph)


@contextmanager
def tensorboard_writer(
    folder: Path, run: Run, *, state: State, records: Records
) -> Iterator[TensorBoardWriter]:
    """Give the board of a training that writes into a folder, as long as the block lasts.

    The events go beside those that an earlier part of the same training wrote.
    """
    config, done = run.config.training, int(state.global_step)
    gradients = make_gradients(state.model, run.config, records=records)
    signature = [state.iterator.element_spec]
    board = TensorBoardWriter(
        config,
        state.model,
        tf.function(gradients, input_signature=signature, autograph=False),
        *(_writer(folder / TENSORBOARD / name, config, done=done) for name in ("train", "valid")),
    )
    try:
        if config.summary_every and not done:
            board.start(run.config)
        yield board
    finally:
        board.train.close()
        board.valid.close()


@contextmanager
def profiled(
    step: Callable[[Batch], StepResult],
    state: State,
    *,
    folder: Path,
    steps: range,
    progress: Progress = SILENT,
) -> Iterator[Callable[[Batch], StepResult]]:
    """Give the step of a training that writes into a folder, traced where it is one of `steps`.

    Where the block ends well without having taken any of these, `progress` is told.
    """
    running = begun = False
    before = int(state.global_step)

    def traced(batch: Batch) -> StepResult:
        nonlocal running, begun
        number = int(state.global_step) + 1
        if number in steps and not running:
            tf.profiler.experimental.start(str(folder / TENSORBOARD / "train"))
            running = begun = True
        with tf.profiler.experimental.Trace("train", step_num=number, _r=1):
            result = step(batch)
        if running and number >= steps[-1]:
            tf.profiler.experimental.stop()
            running = False
        return result

    try:
        yield traced if steps else step
        if steps and not begun:
            taken = f"{before + 1} to {int(state.global_step)}"
            progress.message(f"No step was traced: the training took steps {taken}.")
    finally:
        if running:
            tf.profiler.experimental.stop()


def histogram(values: npt.NDArray[Any]) -> Float64Array:
    """Return float64 (BINS, 3): where each bin starts and ends, and its number of finite values."""
    counts, edges = np.histogram(values[np.isfinite(values)], BINS)
    return np.stack([edges[:-1], edges[1:], counts], axis=1)


def precision_recall(y_true: BoolArray, y_score: Float32Array) -> Float32Array:
    """Return TP, FP, TN, FN, precision and recall, float32 (6, THRESHOLDS).

    Column i holds them where a score of at least i / (THRESHOLDS - 1) is positive.

    Args:
        y_true: bool (n,).
        y_score: float32 (n,), 0 to 1.
    """
    passed = np.floor(y_score.astype(np.float64) * (THRESHOLDS - 1)).astype(np.int64)
    positive, negative = (
        np.bincount(passed[rows], minlength=THRESHOLDS).astype(np.float64)
        for rows in (y_true, ~y_true)
    )
    tp, fp = np.cumsum(positive[::-1])[::-1], np.cumsum(negative[::-1])[::-1]
    precision = tp / np.maximum(tp + fp, 1)
    recall = tp / max(tp[0], 1)
    curve = np.stack([tp, fp, fp[0] - fp, tp[0] - tp, precision, recall])
    return curve.astype(np.float32)


def _due(number: int, every: int) -> bool:
    return every > 0 and number % every == 0


def _writer(folder: Path, config: TrainingConfig, *, done: int) -> Any:
    if not config.summary_every:
        return tf.summary.create_noop_writer()
    _mark_start(folder, done)
    return tf.summary.create_file_writer(str(folder))


def _write_scalars(values: Mapping[str, float]) -> None:
    for name, value in values.items():
        _write("scalars", name, value=np.float32(value))


def _write_histograms(group: str, arrays: Mapping[str, Any]) -> None:
    for name, values in arrays.items():
        _write("histograms", f"{group}/{name}", value=histogram(np.asarray(values)))


def _write(plugin: str, tag: str, *, value: Any, content: bytes = b"") -> None:
    metadata = tf.compat.v1.SummaryMetadata()
    metadata.plugin_data.plugin_name = plugin
    metadata.plugin_data.content = content
    tf.summary.write(tag, tf.constant(value), metadata=metadata)


def _mark_start(folder: Path, step: int) -> None:
    """Mark that a training goes on after `step`: TensorBoard drops what it was told of later ones.

    Its readers take the files in the order of their names: "0" stands before any name of a machine.
    """
    folder.mkdir(parents=True, exist_ok=True)
    now = time.time()
    version = tf.compat.v1.Event(wall_time=now, file_version="brain.Event:2")
    start = tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START)
    restart = tf.compat.v1.Event(wall_time=now, step=step + 1, session_log=start)
    with tf.io.TFRecordWriter(str(folder / f"events.out.tfevents.{int(now)}.0.{step}")) as file:
        for event in (version, restart):
            file.write(event.SerializeToString())
