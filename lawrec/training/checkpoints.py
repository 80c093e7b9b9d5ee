"""Checkpoints: written by TensorFlow, and checked and read by the names of the model's weights.

`tf.train.Checkpoint` restores variables by their path among Python objects, such as
"model/_layers/3/_kernel", and its errors speak of these paths. The name that Keras gave each
variable, such as "articles/kernel", is stored in the same file. This module finds variables by
these names, so that a checkpoint of another model is refused with the names and shapes of all
variables that are missing, that have another shape, or that the model does not have.

A checkpoint may also be damaged. It is listed, with the SHA-256 of its files, when these are
complete (see `lawrec.runs.checkpoint_list`), so a process that is killed costs no more than the
steps since the last one. A machine that loses power may lose the data of a file that is already
listed. The files are therefore compared with their list before they are used, and the checkpoint
before is taken if they are damaged. TensorFlow's own state file `checkpoint` is written again from
the list when a training starts; nothing else reads it.
"""

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import tensorflow as tf
from tensorflow.core.protobuf.trackable_object_graph_pb2 import TrackableObjectGraph

from lawrec.errors import RunError
from lawrec.models.lstm_classifier import build_model
from lawrec.runs.checkpoint_list import read_checkpoint_list
from lawrec.runs.run import Run
from lawrec.storage.files import write_text
from lawrec.translation import marked
from lawrec.types import Model, NumberArray

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]
"""From the name of a variable to its shape."""
CheckpointManager: TypeAlias = Any
"""A `tf.train.CheckpointManager`."""

_NAME = "model.ckpt"
_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_VARIABLE_SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
_WEIGHT_PREFIXES = ("model/", "optimizer/_trainable_variables/")
"""How the keys of a model's weights start: a weight is stored under the first path to it."""
_WRONG_MODEL_ADVICE = (
    "Restore the run.json and the lists that it was trained with, choose another --run, or train a "
    "new run."
)
_UNREADABLE = (tf.errors.OpError, ValueError, LookupError)
"""What TensorFlow raises on files of a checkpoint that are missing or damaged."""
_PATTERN_CHARACTERS = set("*?[]\\")
"""What TensorFlow does not take literally in the path of a checkpoint."""


def build_run_model(run: Run) -> Model:
    """Build the model of a run, with new weights.

    Example:
        >>> build_run_model(run).output["articles"].shape  # doctest: +SKIP
        (None, 183)
    """
    n_charges = len(run.charges) if run.config.loss.charge_weight else 0
    return build_model(
        run.config.model, len(run.tokens), n_articles=len(run.articles), n_charges=n_charges
    )


def load_model(run: Run, checkpoint: str) -> Model:
    """Build the model of a run and restore its weights.

    Args:
        run: The run.
        checkpoint: The path prefix of a checkpoint, as `best_checkpoint` returns it.

    Raises:
        RunError: The checkpoint is damaged, or of another model.

    Example:
        >>> model = load_model(run, best_checkpoint(run))  # doctest: +SKIP
    """
    model = build_run_model(run)
    load_weights(model, checkpoint)
    return model


def checkpoint_manager(checkpoint: Any, folder: Path, *, max_to_keep: int) -> CheckpointManager:
    """Return the manager that writes `model.ckpt-<global_step>` files into a folder.

    It continues with the checkpoints that are listed there: TensorFlow's state file is written
    again from the list, whatever became of it.

    Args:
        checkpoint: The `tf.train.Checkpoint` to save.
        folder: Where to write.
        max_to_keep: The number of checkpoints that `add_to_list` keeps. The manager keeps one more,
            so that an old one is deleted only when the new one is listed.

    Example:
        >>> manager = checkpoint_manager(
        ...     tf.train.Checkpoint(step=tf.Variable(0)), Path("no-such-folder"), max_to_keep=3
        ... )
        >>> manager.latest_checkpoint is None
        True
    """
    _restore_state_file(folder)
    return tf.train.CheckpointManager(
        checkpoint, literal_path(folder), max_to_keep=max_to_keep + 1, checkpoint_name=_NAME
    )


def literal_path(path: Path | str) -> str:
    """Return a path of a checkpoint, or of its folder, that TensorFlow takes as it is.

    TensorFlow takes "runs [1]/model.ckpt-8" for a pattern, which matches no file. A symbolic link
    to the folder, in a temporary folder that lasts as long as the process, has a plain path.

    Example:
        >>> literal_path("checkpoints/first")
        'checkpoints/first'
        >>> set("[]") & set(literal_path("runs [1]/model.ckpt-8"))
        set()
    """
    path = Path(path)
    if not _PATTERN_CHARACTERS & set(str(path)):
        return str(path)
    return str(Path(_link_to(path.parent.resolve()).name, "link", path.name))


@dataclass(frozen=True)
class SavedCheckpoint:
    """An open checkpoint.

    Attributes:
        prefix: The path of its files, up to and including the step.
        shapes: The shape of each variable, by name.
        weights: The names of those variables that are weights of the model.
        keys: The key of each variable in the file, by name.
        reader: The `tf.train.CheckpointReader` of the file.
    """

    prefix: str
    shapes: Shapes
    weights: frozenset[str]
    keys: Mapping[str, str]
    reader: Any

    def read(self, name: str) -> NumberArray:
        """Return the value of a variable.

        Raises:
            RunError: The file is damaged.
        """
        try:
            value: NumberArray = self.reader.get_tensor(self.keys[name])
        except _UNREADABLE as error:
            raise _damaged(self.prefix, error) from error
        return value


def open_checkpoint(prefix: str) -> SavedCheckpoint:
    """Open a checkpoint.

    Args:
        prefix: The path of its files, up to and including the step.

    Raises:
        RunError: It is missing or damaged.

    Example:
        >>> open_checkpoint(best_checkpoint(run)).read("articles/bias").shape  # doctest: +SKIP
        (183,)
    """
    try:
        reader = tf.train.load_checkpoint(literal_path(prefix))
        graph = TrackableObjectGraph.FromString(reader.get_tensor(_GRAPH))
        shapes = reader.get_variable_to_shape_map()
    except _UNREADABLE as error:
        raise _damaged(prefix, error) from error
    saved = [attribute for node in graph.nodes for attribute in node.attributes]
    keys = {
        _variable_name(variable): variable.checkpoint_key
        for variable in saved
        if variable.checkpoint_key.endswith(_VARIABLE_SUFFIX)
    }
    return SavedCheckpoint(
        prefix=prefix,
        shapes={name: tuple(shapes[key]) for name, key in keys.items()},
        weights=frozenset(name for name in keys if keys[name].startswith(_WEIGHT_PREFIXES)),
        keys=keys,
        reader=reader,
    )


def check_variables(
    saved: SavedCheckpoint, expected: Shapes, *, unused: Iterable[str], todo: str
) -> None:
    """Raise an error if the variables of a checkpoint are not the expected ones.

    Args:
        saved: The checkpoint.
        expected: The shape of each variable that it must hold, by name.
        unused: Names of variables that it holds, although it must not.
        todo: What the user can do about it, for the error.

    Raises:
        RunError: Variables are missing, have another shape, or are unused. It names all of them.

    Example:
        >>> saved = SavedCheckpoint("ckpt-1", {"bias": (3,)}, frozenset(), {}, None)
        >>> check_variables(saved, {"bias": (3,)}, unused=(), todo="")
        >>> check_variables(saved, {"bias": (4,)}, unused=(), todo="Train a new run.")
        Traceback (most recent call last):
        lawrec.errors.RunError: ckpt-1: the checkpoint must hold the variables of this run's \
model, got bias (3,) instead of (4,). Train a new run.
    """
    wrong = [
        marked(
            f"{name} {saved.shapes[name]} instead of {shape}"
            if name in saved.shapes
            else f"no {name} {shape}"
        )
        for name, shape in expected.items()
        if saved.shapes.get(name) != shape
    ]
    wrong += [
        marked(f"{name} {saved.shapes[name]}, which the model lacks") for name in sorted(unused)
    ]
    if wrong:
        expected_clause = "the checkpoint must hold the variables of this run's model"
        raise RunError(saved.prefix, expected=expected_clause, got="; ".join(wrong), todo=todo)


def load_weights(model: Model, prefix: str) -> None:
    """Assign the weights of a checkpoint to a model, by name.

    Raises:
        RunError: The checkpoint is damaged, or of another model.

    Example:
        >>> load_weights(build_run_model(run), best_checkpoint(run))  # doctest: +SKIP
    """
    saved = _open_exact(prefix, weight_shapes(model))
    for weight in model.weights:
        weight.assign(saved.read(weight.path))


def weight_shapes(model: Model) -> dict[str, tuple[int, ...]]:
    """Return the shape of each weight of a model, by name.

    Example:
        >>> dense = tf.keras.layers.Dense(2, name="dense")
        >>> dense.build((None, 3))
        >>> weight_shapes(dense)
        {'dense/kernel': (3, 2), 'dense/bias': (2,)}
    """
    return {weight.path: tuple(weight.shape) for weight in model.weights}


def restore_checkpoint(checkpoint: Any, prefix: str, *, expected: Shapes) -> None:
    """Restore all objects of a `tf.train.Checkpoint`.

    Args:
        checkpoint: The `tf.train.Checkpoint`, of objects that are built already.
        prefix: The path of the files, up to and including the step.
        expected: The shape of each variable in it, by name.

    Raises:
        RunError: The files are damaged, or do not hold exactly these variables.

    Example:
        >>> restore_checkpoint(  # doctest: +SKIP
        ...     state.checkpoint(), newest_checkpoint(run.folder), expected=state.shapes()
        ... )
    """
    _open_exact(prefix, expected)
    try:
        checkpoint.restore(literal_path(prefix)).assert_existing_objects_matched()
    except (*_UNREADABLE, AssertionError) as error:
        raise _damaged(prefix, error) from error


def optimizer_variable_name(path: str) -> str:
    """Return the name of an optimizer's variable, the same in every process.

    Keras names the optimizer itself "adam", and the second one of a process "adam_1".

    Example:
        >>> optimizer_variable_name("adam_1/articles_kernel_momentum")
        'optimizer/articles_kernel_momentum'
    """
    return f"optimizer/{path.partition('/')[2]}"


def _open_exact(prefix: str, expected: Shapes) -> SavedCheckpoint:
    """Open a checkpoint that must hold exactly the expected weights."""
    saved = open_checkpoint(prefix)
    unused = saved.weights - expected.keys()
    check_variables(saved, expected, unused=unused, todo=_WRONG_MODEL_ADVICE)
    return saved


def _variable_name(variable: Any) -> str:
    """Return the name of a saved variable: Keras's, or its key if Keras did not name it.

    For example, "articles/kernel", "optimizer/articles_kernel_momentum" and "global_step".
    """
    key = variable.checkpoint_key
    if key.startswith(_WEIGHT_PREFIXES):
        return str(variable.full_name)
    if key.startswith("optimizer/"):
        return optimizer_variable_name(variable.full_name)
    return str(key.removesuffix(_VARIABLE_SUFFIX))


def _restore_state_file(folder: Path) -> None:
    """Write TensorFlow's state file `checkpoint` of a folder again, from the list there if any."""
    try:
        names = [listed.name for listed in read_checkpoint_list(folder)]
    except RunError:
        return
    if not names:
        (folder / "checkpoint").unlink(missing_ok=True)
        return
    paths = "".join(f'all_model_checkpoint_paths: "{name}"\n' for name in names)
    write_text(folder / "checkpoint", f'model_checkpoint_path: "{names[-1]}"\n{paths}')


@cache
def _link_to(folder: Path) -> tempfile.TemporaryDirectory[str]:
    """Return a temporary folder with a symbolic link to a folder."""
    temporary = tempfile.TemporaryDirectory(prefix="lawrec-", ignore_cleanup_errors=True)
    Path(temporary.name, "link").symlink_to(folder, target_is_directory=True)
    return temporary


def _damaged(prefix: str, error: Exception) -> RunError:
    return RunError(
        prefix,
        expected="the checkpoint must not be damaged",
        got=str(error).splitlines()[0],
        todo="Resume from the one before it with `lawrec train --resume`, or choose another --run.",
    )
