"""Inherit: a new run's weights from those of another, whose names may stand in another order."""

from pathlib import Path
from typing import Any

import numpy as np

from lawrec.corpus.vocabulary import Vocabulary
from lawrec.errors import RunError
from lawrec.models.lstm_classifier import TFIDF_SVM
from lawrec.models.pooling import named_axes
from lawrec.progress import SILENT, Progress
from lawrec.runs.run import Run, WarmStart, open_run
from lawrec.training.checkpoints import best_checkpoint, open_checkpoint, refuse_unlike, shapes_of
from lawrec.types import Int64Array

Ids = Int64Array
VOCABULARIES = ("tokens", "articles", "charges")
_TODO = "Give the new run the same settings of [model] with --set, or start without it."


def warm_start_from(other: Run) -> WarmStart:
    """Return where a new run's weights come from if it starts from the best ones of another.

    Raises:
        RunError: The other run has no checkpoint.
    """
    best = Path(best_checkpoint(other)).relative_to(other.folder)
    return WarmStart(other.folder, best.as_posix(), other.trained_on)


def load_shared_weights(
    model: Any, run: Run, *, start: WarmStart, progress: Progress = SILENT
) -> None:
    """Give a model the weights of another run's checkpoint that have the same names.

    Of a weight that has a row a token or a column a label, those go over whose token or label both
    runs know. All that the checkpoint lacks stays as it is.

    Args:
        model: The new run's, with the weights that it starts with otherwise.
        run: The new run.
        start: The other run, and its checkpoint.
        progress: Told what went over and what did not.

    Raises:
        RunError: The checkpoint is gone or damaged, or weights of the same name have other shapes.
    """
    other = open_run(start.run)
    _refuse_other_pooling(run, other)
    saved = open_checkpoint(str(start.run / start.checkpoint))
    axes = named_axes(run.config.model)
    shared = {name: shared_ids(getattr(run, name), getattr(other, name)) for name in VOCABULARIES}
    # The linear model over the words has been fitted to the new cases.
    shapes = {name: shape for name, shape in shapes_of(model).items() if not _of_words(name)}
    theirs = {name for name in saved.weights if not _of_words(name)}
    common = [name for name in shapes if name in theirs]
    expected = {name: _shape_there(shapes[name], axes.get(name), other=other) for name in common}
    refuse_unlike(saved, expected, unused=(), todo=_TODO)
    for weight in model.weights:
        if weight.path in expected:
            values = saved.read(weight.path)
            vocabulary, axis = axes.get(weight.path, ("", 0))
            ids = shared.get(vocabulary)
            weight.assign(
                values if ids is None else _mixed(weight.numpy(), values, ids=ids, axis=axis)
            )
    for note in _notes(
        start, run, shared=shared, new=set(shapes) - theirs, unused=theirs - set(shapes)
    ):
        progress.message(note)


def shared_ids(own: Vocabulary, other: Vocabulary) -> tuple[Ids, Ids]:
    """Return the ids of the names that both vocabularies have, in the one and in the other."""
    both = [name for name in own.names if name in other.ids]
    ids = ([vocabulary.ids[name] for name in both] for vocabulary in (own, other))
    return np.asarray(next(ids), np.int64), np.asarray(next(ids), np.int64)


def _of_words(name: str) -> bool:
    return name.startswith(f"{TFIDF_SVM}/")


def _refuse_other_pooling(run: Run, other: Run) -> None:
    """Weights of the same name and shape would mean something else."""
    ours, theirs = run.config.model.pooling, other.config.model.pooling
    if ours != theirs:
        expected = f"model.pooling must be as in the new run, {ours}"
        raise RunError(other.folder, expected=expected, got=theirs, todo=_TODO)


def _shape_there(
    shape: tuple[int, ...], named: tuple[str, int] | None, *, other: Run
) -> tuple[int, ...]:
    """Return the shape that a weight of ours has with the names of the other run."""
    if named is None:
        return shape
    vocabulary, axis = named
    return (*shape[:axis], len(getattr(other, vocabulary)), *shape[axis + 1 :])


def _mixed(ours: Any, theirs: Any, *, ids: tuple[Ids, Ids], axis: int) -> Any:
    """Return `ours` with the rows along `axis` that both have taken from `theirs`."""
    own, other = ids
    mixed = np.moveaxis(ours.copy(), axis, 0)
    mixed[own] = np.moveaxis(theirs, axis, 0)[other]
    return np.moveaxis(mixed, 0, axis)


def _notes(
    start: WarmStart,
    run: Run,
    *,
    shared: dict[str, tuple[Ids, Ids]],
    new: set[str],
    unused: set[str],
) -> list[str]:
    """Say what went over: a line, and one each for weights that only one of both has."""
    counts = [
        f"{len(shared[name][0]):,} of {len(getattr(run, name)):,} {name}"
        for name in VOCABULARIES[:2]
    ]
    notes = [f"Starting from {Path(start.run, start.checkpoint)}: {', '.join(counts)}."]
    notes += [f"New, since it lacks them: {', '.join(sorted(new))}."] if new else []
    notes += [f"Left behind: {', '.join(sorted(unused))}."] if unused else []
    return notes
