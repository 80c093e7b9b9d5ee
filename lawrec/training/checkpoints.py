"""Weights: what a checkpoint holds, under the names that the layers of a model have.

A checkpoint names its variables by their place among Python objects; the name that Keras gave each
stands in the graph of these objects, beside the key to read it by.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf.trackable_object_graph_pb2 import TrackableObjectGraph

from lawrec.errors import RunError
from lawrec.models.lstm_classifier import build_model
from lawrec.progress import SILENT, Progress
from lawrec.runs.run import Run

CHECKPOINT = "model.ckpt"


def best_checkpoint(run: Run, progress: Progress = SILENT) -> str:
    """Return the path prefix of the best checkpoint, or of the newest where none is the best yet.

    Raises:
        RunError: The run has no checkpoint, or all are damaged.
    """
    best = newest_checkpoint(run.folder / "best", progress)
    found = best or newest_checkpoint(run.folder, progress)
    if not found:
        raise RunError(
            run.folder,
            expected="the run must hold a checkpoint that is whole",
            got="none",
            todo="Train it with `lawrec train --resume`, or choose another --run.",
        )
    return found


def model_of(run: Run) -> Any:
    """Build a run's model with new weights."""
    n_charges = len(run.charges) if run.config.loss.charge_weight else 0
    return build_model(
        run.config.model, len(run.tokens), n_articles=len(run.articles), n_charges=n_charges
    )


def load_model(run: Run, checkpoint: str) -> Any:
    """Build the run's model and restore its weights.

    Raises:
        RunError: The checkpoint is damaged or of another model.
    """
    model = model_of(run)
    load_weights(model, checkpoint)
    return model


def checkpoint_manager(checkpoint: Any, folder: Path, *, keep: int) -> Any:
    """Return the tf.train.CheckpointManager that keeps so many in a folder."""
    return tf.train.CheckpointManager(
        checkpoint, str(folder), max_to_keep=keep, checkpoint_name=CHECKPOINT
    )


Shapes = Mapping[str, tuple[int, ...]]
_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_ENDING = "/.ATTRIBUTES/VARIABLE_VALUE"
_OF_LAYERS = ("model/", "optimizer/_trainable_variables/")
_OTHER_MODEL = (
    "Put back the run.json and the lists that it was trained with, choose another --run, or train "
    "anew."
)
_UNREADABLE = (tf.errors.OpError, ValueError, LookupError)


@dataclass(frozen=True)
class Saved:
    """A checkpoint, opened: all its variables, those that are weights of layers, and a reader."""

    prefix: str
    shapes: dict[str, tuple[int, ...]]
    weights: frozenset[str]
    read: Callable[[str], Any]


def open_checkpoint(prefix: str) -> Saved:
    """Open a checkpoint.

    Args:
        prefix: The path of its files, without what follows the step.

    Raises:
        RunError: It is gone or damaged.
    """
    try:
        reader = tf.train.load_checkpoint(prefix)
        graph = TrackableObjectGraph.FromString(reader.get_tensor(_GRAPH))
        shapes = reader.get_variable_to_shape_map()
    except _UNREADABLE as error:
        raise _damaged(prefix, error) from error
    saved = [attribute for node in graph.nodes for attribute in node.attributes]
    keys = {
        _name(variable): variable.checkpoint_key
        for variable in saved
        if variable.checkpoint_key.endswith(_ENDING)
    }

    def read(name: str) -> Any:
        try:
            return reader.get_tensor(keys[name])
        except _UNREADABLE as error:
            raise _damaged(prefix, error) from error

    return Saved(
        prefix=prefix,
        shapes={name: tuple(shapes[key]) for name, key in keys.items()},
        weights=frozenset(name for name in keys if keys[name].startswith(_OF_LAYERS)),
        read=read,
    )


def refuse_unlike(saved: Saved, expected: Shapes, *, unused: Iterable[str], todo: str) -> None:
    """Refuse a checkpoint whose variables are not the expected ones.

    Args:
        saved: The checkpoint.
        expected: The shape of each variable that it must hold.
        unused: Names of what it holds and must not.
        todo: What to do then.

    Raises:
        RunError: A variable is missing, misshaped or too many; all of these are named.
    """
    wrong = [
        f"{name} {saved.shapes[name]} instead of {shape}"
        if name in saved.shapes
        else f"no {name} {shape}"
        for name, shape in expected.items()
        if saved.shapes.get(name) != shape
    ]
    wrong += [f"{name} {saved.shapes[name]}, which the model lacks" for name in sorted(unused)]
    if wrong:
        expected_clause = "the checkpoint must hold the variables of this run's model"
        raise RunError(saved.prefix, expected=expected_clause, got="; ".join(wrong), todo=todo)


def load_weights(model: Any, prefix: str) -> None:
    """Give a model the weights of a checkpoint, by name.

    Raises:
        RunError: The checkpoint is damaged or of another model.
    """
    saved = open_checkpoint(prefix)
    expected = shapes_of(model)
    refuse_unlike(saved, expected, unused=saved.weights - {*expected}, todo=_OTHER_MODEL)
    for weight in model.weights:
        weight.assign(saved.read(weight.path))


def shapes_of(model: Any) -> dict[str, tuple[int, ...]]:
    """Return the name and the shape of each weight of a model."""
    return {weight.path: tuple(weight.shape) for weight in model.weights}


def restore(checkpoint: Any, prefix: str, *, expected: Shapes) -> None:
    """Restore a tf.train.Checkpoint.

    Args:
        checkpoint: What is restored.
        prefix: The path of the files.
        expected: The name and shape of each variable in it.

    Raises:
        RunError: The files are damaged, or do not hold just these variables.
    """
    saved = open_checkpoint(prefix)
    refuse_unlike(saved, expected, unused=saved.weights - {*expected}, todo=_OTHER_MODEL)
    try:
        checkpoint.restore(prefix).assert_existing_objects_matched()
    except (*_UNREADABLE, AssertionError) as error:
        raise _damaged(prefix, error) from error


def newest_checkpoint(folder: Path, progress: Progress = SILENT) -> str | None:
    """Return the path prefix of the newest checkpoint of a folder that can be read, if any.

    Args:
        folder: Its state file names its checkpoints.
        progress: Told of those that are damaged, which a machine that lost power can leave behind.
    """
    state = tf.train.get_checkpoint_state(str(folder))
    for prefix in reversed(state.all_model_checkpoint_paths if state else []):
        if _is_whole(prefix):
            return str(prefix)
        progress.message(f"{prefix} is damaged: taking the one before it, if any.")
    return None


def optimizer_name(path: str) -> str:
    """Return the name of an optimizer's variable, which must not hold how many it has made."""
    return f"optimizer/{path.partition('/')[2]}"


def _name(variable: Any) -> str:
    key = variable.checkpoint_key
    if key.startswith(_OF_LAYERS):
        return str(variable.full_name)
    if key.startswith("optimizer/"):
        return optimizer_name(variable.full_name)
    return str(key.removesuffix(_ENDING))


def _is_whole(prefix: str) -> bool:
    """Whether every byte of a checkpoint can be read and has its checksum."""
    try:
        types = tf.train.load_checkpoint(prefix).get_variable_to_dtype_map()
        # This reads what the reader cannot give: the place in the data.
        tf.raw_ops.RestoreV2(
            prefix=prefix,
            tensor_names=list(types),
            shape_and_slices=[""] * len(types),
            dtypes=list(types.values()),
        )
    except _UNREADABLE:
        return False
    return True


def _damaged(prefix: str, error: Exception) -> RunError:
    todo = "Go on from the one before with `lawrec train --resume`, or choose another --run."
    return RunError(
        prefix, expected="the checkpoint must be whole", got=str(error).splitlines()[0], todo=todo
    )
