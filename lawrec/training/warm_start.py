"""Warm start: initialize the weights of a new run with those of another run.

Weights are matched by name, and the rows or columns that belong to a token, an article or a charge
are matched by that token, article or charge: the two runs number them differently.
"""

from pathlib import Path

import numpy as np

from lawrec.corpus.vocabulary import Vocabulary
from lawrec.errors import RunError
from lawrec.models.pooling import named_axes
from lawrec.progress import SILENT, Progress
from lawrec.runs.find_checkpoint import best_checkpoint
from lawrec.runs.run import Run, WarmStart, open_run
from lawrec.training.checkpoints import check_variables, open_checkpoint, weight_shapes
from lawrec.types import Int64Array, Model, NumberArray

VOCABULARIES = ("tokens", "articles", "charges")
_TODO = "Use the same settings of [model] for the new run with --set, or leave out --start-from."


def warm_start_from(source: Run) -> WarmStart:
    """Return the warm start from the best checkpoint of a run.

    Raises:
        RunError: The run has no checkpoint.

    Example:
        >>> warm_start_from(find_run(root, "first")).checkpoint  # doctest: +SKIP
        'best/model.ckpt-640'
    """
    best = Path(best_checkpoint(source)).relative_to(source.folder)
    return WarmStart(source.folder, best.as_posix(), source.trained_on)


def load_shared_weights(
    model: Model, run: Run, *, warm_start: WarmStart, progress: Progress = SILENT
) -> None:
    """Copy those weights of another run into a model that have the same name.

    An embedding has one row per token, an output one row or column per label. These rows are copied
    for the tokens and labels that both runs have. All other rows, and all weights that the other
    run does not have, keep their values.

    Args:
        model: The model of the new run, already initialized.
        run: The new run.
        warm_start: The other run and its checkpoint.
        progress: Gets messages about what was copied and what was not.

    Raises:
        RunError: The checkpoint is missing or damaged, weights of the same name have different
            shapes, or the runs have different poolings: with those, weights of the same name and
            shape mean different things.

    Example:
        >>> load_shared_weights(model, run, warm_start=run.warm_start)  # doctest: +SKIP
    """
    source = open_run(warm_start.run)
    _check_pooling(run, source)
    saved = open_checkpoint(str(warm_start.run / warm_start.checkpoint))
    axes = named_axes(run.config.model)
    shapes = weight_shapes(model)
    expected = {
        name: _source_shape(shape, axes.get(name), source=source)
        for name, shape in shapes.items()
        if name in saved.weights
    }
    check_variables(saved, expected, unused=(), todo=_TODO)
    shared = {name: shared_ids(getattr(run, name), getattr(source, name)) for name in VOCABULARIES}
    for weight in model.weights:
        if weight.path in expected:
            values = saved.read(weight.path)
            if weight.path in axes:
                vocabulary, axis = axes[weight.path]
                values = _merge(weight.numpy(), values, ids=shared[vocabulary], axis=axis)
            weight.assign(values)
    progress.message(
        f"Starting from {warm_start.run / warm_start.checkpoint}: "
        f"{len(shared['tokens'][0]):,} of {len(run.tokens):,} tokens, "
        f"{len(shared['articles'][0]):,} of {len(run.articles):,} articles."
    )
    if new := sorted(shapes.keys() - saved.weights):
        progress.message(f"Not in that checkpoint, so initialized as usual: {', '.join(new)}.")
    if unused := sorted(saved.weights - shapes.keys()):
        progress.message(f"In that checkpoint, but not used: {', '.join(unused)}.")


def shared_ids(own: Vocabulary, other: Vocabulary) -> tuple[Int64Array, Int64Array]:
    """Return the ids of the names that two vocabularies share.

    Returns:
        Their ids in the first vocabulary and in the second, int64 (n_shared,) each.

    Example:
        >>> own, other = shared_ids(Vocabulary(("264", "266")), Vocabulary(("133", "264")))
        >>> own.tolist(), other.tolist()
        ([0], [1])
    """
    names = [name for name in own.names if name in other.ids]
    own_ids, other_ids = (
        np.array([vocabulary.ids[name] for name in names], np.int64) for vocabulary in (own, other)
    )
    return own_ids, other_ids


def _check_pooling(run: Run, source: Run) -> None:
    pooling, source_pooling = run.config.model.pooling, source.config.model.pooling
    if pooling != source_pooling:
        expected = f"model.pooling must be that of the new run, {pooling}"
        raise RunError(source.folder, expected=expected, got=source_pooling, todo=_TODO)


def _source_shape(
    shape: tuple[int, ...], named_axis: tuple[str, int] | None, *, source: Run
) -> tuple[int, ...]:
    """Return the shape that a weight of the model has with the vocabularies of the other run.

    For example, an embedding (5000, 128) with the named axis ("tokens", 0) has the shape
    (7000, 128) if the other run has 7,000 tokens.
    """
    if named_axis is None:
        return shape
    vocabulary, axis = named_axis
    return (*shape[:axis], len(getattr(source, vocabulary)), *shape[axis + 1 :])


def _merge(
    own: NumberArray, source: NumberArray, *, ids: tuple[Int64Array, Int64Array], axis: int
) -> NumberArray:
    """Return `own` with the rows along `axis` that both runs have taken from `source`.

    With ids ([0, 2], [1, 0]), row 0 comes from row 1 of `source`, and row 2 from row 0.
    """
    own_ids, source_ids = ids
    merged = np.moveaxis(own.copy(), axis, 0)
    merged[own_ids] = np.moveaxis(source, axis, 0)[source_ids]
    return np.moveaxis(merged, 0, axis)
