"""TensorBoard: the events that a training writes.

<run>/tensorboard/train   loss, learning rate, gradient norm, throughput; histograms; settings;
                          graph; profile
<run>/tensorboard/valid   the metrics and the precision-recall curve of each evaluation

`tf.summary.scalar` and similar functions need the package tensorboard, which only the reader of the
events should need. This module makes the same events itself: an event is a tensor and the name of
the plugin that shows it. The scalars of a step take about 3 ms, the graph half a second at the
start.
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from lawrec.config import Config, TrainingConfig
from lawrec.evaluation.confusion_counts import chunk_rows
from lawrec.progress import SILENT, Progress
from lawrec.training.setup import TrainingSetup
from lawrec.training.throughput import Throughput
from lawrec.training.train_step import (
    Batch,
    GradientFunction,
    StepResult,
    TrainState,
    TrainStep,
    make_gradient_function,
)
from lawrec.types import BoolArray, Float32Array, Float64Array, Model, NumberArray

TENSORBOARD = "tensorboard"
"""The folder of a run that holds the events."""
BINS = 30
"""Number of bins of a histogram."""
THRESHOLDS = 101
"""Number of thresholds of a precision-recall curve, evenly spaced from 0 to 1."""
_PR_CURVE_METADATA = b"\x10" + bytes([THRESHOLDS])
"""The plugin's metadata as a protocol buffer: field 2 (tag 0x10), an integer, is the number of
thresholds."""


@dataclass(frozen=True)
class TensorBoardWriter:
    """Writes the events of a training.

    Attributes:
        config: The settings of [training].
        model: The model.
        gradients: The function that gradients for histograms come from. They are computed apart
            from the step, without dropout, so that neither the step nor its random numbers depend
            on whether histograms are written.
        train: The `tf.summary.SummaryWriter` of the training.
        valid: The `tf.summary.SummaryWriter` of the evaluations.
    """

    config: TrainingConfig
    model: Model
    gradients: GradientFunction
    train: Any
    valid: Any

    def write_step(
        self, number: int, *, result: StepResult, throughput: Throughput, batch: Batch
    ) -> None:
        """Write the scalars of a step, and the histograms of weights and gradients, if due.

        Args:
            number: The global step.
            result: What the step returned.
            throughput: The throughput of the last steps.
            batch: The batch, for the gradients.
        """
        with self.train.as_default(step=number):
            if _is_due(number, self.config.summary_every):
                rates = {f"speed/{name}": rate for name, rate in throughput.rates().items()}
                _write_scalars(result._asdict() | rates)
            if self.config.summary_every and _is_due(number, self.config.histogram_every):
                weights = {weight.path: weight for weight in self.model.trainable_variables}
                _write_histograms("weights", weights)
                _write_histograms("gradients", self.gradients(batch)[1])

    def write_evaluation(
        self,
        number: int,
        metrics: Mapping[str, float],
        *,
        y_true: BoolArray,
        y_score: Float32Array,
        known: BoolArray,
    ) -> None:
        """Write the metrics and the precision-recall curve of an evaluation.

        Args:
            number: The global step.
            metrics: The metrics on the valid split, by name.
            y_true: bool (n_cases, n_articles).
            y_score: float32 (n_cases, n_articles), 0 to 1.
            known: bool (n_cases, n_articles).
        """
        with self.valid.as_default(step=number):
            _write_scalars({f"metrics/{name}": value for name, value in metrics.items()})
            curve = precision_recall(y_true, y_score, known)
            _write("pr_curves", "all articles", value=curve, content=_PR_CURVE_METADATA)

    def write_settings(self, config: Config) -> None:
        """Write the settings as a text, and the graph from token ids to scores."""
        settings = json.dumps(config.to_dict(), indent=2, ensure_ascii=False)
        # The plugin renders Markdown, in which four spaces make a line preformatted.
        text = "".join(f"    {line}\n" for line in settings.splitlines())
        forward = tf.function(lambda ids: self.model(ids, training=False), autograph=False)
        graph = forward.get_concrete_function(tf.TensorSpec((None, None), tf.int32)).graph
        with self.train.as_default(step=0):
            _write("text", "settings", value=text)
            tf.summary.graph(graph)


@contextmanager
def tensorboard_writer(
    folder: Path, state: TrainState, *, setup: TrainingSetup
) -> Iterator[TensorBoardWriter]:
    """Yield the writer of a training's events, and close it after the block.

    A resumed training adds new files and keeps those that were written before.

    Args:
        folder: The folder of the run, or the temporary one of a worker that is not the chief.
        state: The state of the training.
        setup: What the state was created with.

    Example:
        >>> with tensorboard_writer(folder, state, setup=setup) as writer:  # doctest: +SKIP
        ...     writer.write_step(1, result=result, throughput=throughput, batch=batch)
    """
    config, steps_done = setup.run.config.training, int(state.global_step)
    gradients = make_gradient_function(state.model, setup)
    signature = [state.iterator.element_spec]
    writer = TensorBoardWriter(
        config=config,
        model=state.model,
        gradients=tf.function(gradients, input_signature=signature, autograph=False),
        train=_summary_writer(folder / TENSORBOARD / "train", config, steps_done=steps_done),
        valid=_summary_writer(folder / TENSORBOARD / "valid", config, steps_done=steps_done),
    )
    try:
        if config.summary_every and not steps_done:
            writer.write_settings(setup.run.config)
        yield writer
    finally:
        writer.train.close()
        writer.valid.close()


@contextmanager
def profiled(
    step: TrainStep,
    state: TrainState,
    *,
    folder: Path,
    steps: range,
    progress: Progress = SILENT,
) -> Iterator[TrainStep]:
    """Yield a training step that TensorFlow's profiler traces at some steps.

    Args:
        step: The training step.
        state: The state that it updates.
        folder: The folder of the run, or the temporary one of a worker that is not the chief.
        steps: The numbers of the steps to trace; an empty range yields the step itself.
        progress: Gets a message if the training ends without one of these steps.

    Example:
        >>> with profiled(  # doctest: +SKIP
        ...     step, state, folder=run.folder, steps=range(100, 111)
        ... ) as traced_step:
        ...     traced_step(batch)
    """
    running = has_run = False
    before = int(state.global_step)

    def traced(batch: Batch) -> StepResult:
        nonlocal running, has_run
        number = int(state.global_step) + 1
        if number in steps and not running:
            tf.profiler.experimental.start(str(folder / TENSORBOARD / "train"))
            running = has_run = True
        with tf.profiler.experimental.Trace("train", step_num=number, _r=1):
            result = step(batch)
        if running and number >= steps[-1]:
            tf.profiler.experimental.stop()
            running = False
        return result

    try:
        yield traced if steps else step
        if steps and not has_run:
            first, last = before + 1, int(state.global_step)
            progress.message(f"No step was traced: the training took steps {first} to {last}.")
    finally:
        if running:
            tf.profiler.experimental.stop()


def histogram(values: NumberArray) -> Float64Array:
    """Return the histogram of the finite values of an array.

    Returns:
        float64 (BINS, 3): the lower edge, the upper edge and the count of each bin.

    Example:
        >>> histogram(np.array([0.0, 0.0, 3.0, np.inf]))[:, 2].sum()
        np.float64(3.0)
    """
    counts, edges = np.histogram(values[np.isfinite(values)], BINS)
    return np.stack([edges[:-1], edges[1:], counts], axis=1)


def precision_recall(
    y_true: BoolArray, y_score: Float32Array, known: BoolArray | None = None
) -> Float32Array:
    """Return the precision-recall curve at `THRESHOLDS` evenly spaced thresholds.

    Column i counts a score of at least i / (THRESHOLDS - 1) as positive.

    Args:
        y_true: bool, of any shape.
        y_score: float32 of the same shape, 0 to 1.
        known: bool of the same shape, False for entries to leave out. By default, all count.

    Returns:
        float32 (6, THRESHOLDS): true positives, false positives, true negatives, false negatives,
        precision and recall.

    Example:
        >>> curve = precision_recall(np.array([True, False]), np.array([0.9, 0.5], np.float32))
        >>> curve[:, 60].tolist()
        [1.0, 0.0, 1.0, 0.0, 1.0, 1.0]
    """
    positive, negative = np.zeros(THRESHOLDS), np.zeros(THRESHOLDS)
    for rows in chunk_rows(len(y_true)):
        kept = np.s_[:] if known is None else known[rows]
        true, score = y_true[rows][kept], y_score[rows][kept]
        # The highest threshold that each score reaches: 0.5 reaches number 50 of 0 to 100.
        highest = np.floor(score.astype(np.float64) * (THRESHOLDS - 1)).astype(np.int64)
        positive += np.bincount(highest[true], minlength=THRESHOLDS)
        negative += np.bincount(highest[~true], minlength=THRESHOLDS)
    # A score is positive at all thresholds up to its highest one: sums from the right.
    tp, fp = np.cumsum(positive[::-1])[::-1], np.cumsum(negative[::-1])[::-1]
    precision = tp / np.maximum(tp + fp, 1)
    recall = tp / max(tp[0], 1)
    curve = np.stack([tp, fp, fp[0] - fp, tp[0] - tp, precision, recall])
    return curve.astype(np.float32)


def _is_due(number: int, every: int) -> bool:
    return every > 0 and number % every == 0


def _summary_writer(folder: Path, config: TrainingConfig, *, steps_done: int) -> Any:
    if not config.summary_every:
        return tf.summary.create_noop_writer()
    _write_restart(folder, steps_done)
    return tf.summary.create_file_writer(str(folder))


def _write_scalars(values: Mapping[str, float]) -> None:
    for name, value in values.items():
        _write("scalars", name, value=np.float32(value))


def _write_histograms(group: str, arrays: Mapping[str, Any]) -> None:
    for name, values in arrays.items():
        _write("histograms", f"{group}/{name}", value=histogram(np.asarray(values)))


def _write(plugin: str, tag: str, *, value: Any, content: bytes = b"") -> None:
    """Write one event: a tensor, with the plugin that shows it and the plugin's metadata."""
    metadata = tf.compat.v1.SummaryMetadata()
    metadata.plugin_data.plugin_name = plugin
    metadata.plugin_data.content = content
    tf.summary.write(tag, tf.constant(value), metadata=metadata)


def _write_restart(folder: Path, step: int) -> None:
    """Write an event that says that the training goes on after `step`.

    TensorBoard then drops the events of later steps, which were lost when the training stopped.
    It reads the files in the order of their names. The name written here has "0" where TensorFlow's
    own files have the name of the host, so that of the files of one second it comes first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    now = time.time()
    version = tf.compat.v1.Event(wall_time=now, file_version="brain.Event:2")
    start = tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START)
    restart = tf.compat.v1.Event(wall_time=now, step=step + 1, session_log=start)
    with tf.io.TFRecordWriter(str(folder / f"events.out.tfevents.{int(now)}.0.{step}")) as file:
        for event in (version, restart):
            file.write(event.SerializeToString())
