"""Initialization: restore the newest checkpoint of a run, or set the weights of a new one."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lawrec.corpus.records.tfrecords import read_records
from lawrec.devices.distributed import broadcast_from_chief, is_chief
from lawrec.errors import RunError
from lawrec.models.embedding_init import initial_embedding
from lawrec.runs.find_checkpoint import newest_checkpoint
from lawrec.training.checkpoints import CheckpointManager, restore_checkpoint
from lawrec.training.setup import TrainingSetup
from lawrec.training.train_step import TrainState
from lawrec.training.warm_start import load_shared_weights


@contextmanager
def output_folder(setup: TrainingSetup) -> Iterator[Path]:
    """Yield the folder that this worker writes checkpoints and summaries to.

    TensorFlow needs every worker to save, although one copy is enough.

    Yields:
        The folder of the run on the chief; on other workers, a temporary folder.

    Example:
        >>> with output_folder(setup) as folder:  # doctest: +SKIP
        ...     manager = checkpoint_manager(state.checkpoint(), folder, max_to_keep=3)
    """
    if is_chief(setup.strategy):
        yield setup.run.folder
        return
    with tempfile.TemporaryDirectory(prefix="lawrec-") as folder:
        yield Path(folder)


def restore_or_initialize(
    state: TrainState, manager: CheckpointManager, *, setup: TrainingSetup
) -> None:
    """Restore the newest checkpoint of a run, or set the weights of a run that has none.

    Files that the settings name, such as word vectors, are read for a new run alone: checkpoints
    hold all weights that came from them.

    Args:
        state: The state to restore or to initialize.
        manager: The manager of the run's checkpoints.
        setup: What the state was created with.

    Raises:
        RunError: All checkpoints are damaged, the newest one is of another model, or this worker
            does not see the same one as the chief.

    Example:
        >>> restore_or_initialize(state, manager, setup=setup)  # doctest: +SKIP
    """
    run, progress = setup.run, setup.progress
    newest = newest_checkpoint(run.folder, progress)
    if newest:
        restore_checkpoint(manager.checkpoint, newest, expected=state.shapes())
    _check_same_step(state, setup)
    if not newest:
        initialize_embedding(state, setup)
        if run.warm_start:
            load_shared_weights(state.model, run, warm_start=run.warm_start, progress=progress)


def _check_same_step(state: TrainState, setup: TrainingSetup) -> None:
    step = int(state.global_step)
    if (expected := int(broadcast_from_chief(setup.strategy, step))) != step:
        raise RunError(
            setup.run.folder,
            expected=f"all workers must see the run at the chief's step, {expected}",
            got=step,
            todo="Put the folder of the runs on a disk that they share.",
        )


def initialize_embedding(state: TrainState, setup: TrainingSetup) -> None:
    """Initialize the embedding as `model.embedding_init` says.

    Args:
        state: The state whose model has the embedding.
        setup: The run and its records, whose train cases are counted.

    Example:
        >>> initialize_embedding(state, setup)  # doctest: +SKIP
    """
    run = setup.run
    vectors = initial_embedding(
        run.config.model,
        run.tokens,
        cases=(record.token_ids for record in read_records(setup.records, "train")),
        seed=run.config.training.seed,
        progress=setup.progress,
    )
    embeddings = state.model.get_layer("embedding").embeddings
    embeddings.assign(broadcast_from_chief(setup.strategy, vectors))
