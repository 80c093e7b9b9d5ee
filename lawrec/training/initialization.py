"""Initialization: restore the newest checkpoint of a run, or set the weights of a new one."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lawrec.corpus.records.manifest import Records
from lawrec.corpus.records.tfrecords import read_records
from lawrec.devices.distributed import broadcast_from_chief, is_chief
from lawrec.errors import RunError
from lawrec.models.embedding_init import initial_embedding
from lawrec.progress import Progress
from lawrec.runs.find_checkpoint import newest_checkpoint
from lawrec.runs.run import Run
from lawrec.training.checkpoints import CheckpointManager, restore_checkpoint
from lawrec.training.train_step import TrainState
from lawrec.training.warm_start import load_shared_weights
from lawrec.types import Strategy


@contextmanager
def output_folder(run: Run, strategy: Strategy) -> Iterator[Path]:
    """Yield the folder that this worker writes checkpoints and summaries to.

    TensorFlow needs every worker to save, although one copy is enough.

    Yields:
        The folder of the run on the chief; on other workers, a temporary folder.

    Example:
        >>> with output_folder(run, strategy) as folder:  # doctest: +SKIP
        ...     manager = checkpoint_manager(state.checkpoint(), folder, max_to_keep=3)
    """
    if is_chief(strategy):
        yield run.folder
        return
    with tempfile.TemporaryDirectory(prefix="lawrec-") as folder:
        yield Path(folder)


def restore_or_initialize(
    state: TrainState,
    manager: CheckpointManager,
    *,
    run: Run,
    records: Records,
    strategy: Strategy,
    progress: Progress,
) -> None:
    """Restore the newest checkpoint of a run, or set the weights of a run that has none.

    Files that the settings name, such as word vectors, are read for a new run alone: checkpoints
    hold all weights that came from them.

    Args:
        state: The state to restore or to initialize.
        manager: The manager of the run's checkpoints.
        run: The run.
        records: The records that the run was made for.
        strategy: The strategy to train with.
        progress: Gets messages about damaged checkpoints, and the progress of the initialization.

    Raises:
        RunError: All checkpoints are damaged, the newest one is of another model, or this worker
            does not see the same one as the chief.

    Example:
        >>> restore_or_initialize(  # doctest: +SKIP
        ...     state, manager, run=run, records=records, strategy=strategy, progress=SILENT
        ... )
    """
    newest = newest_checkpoint(run.folder, progress)
    if newest:
        restore_checkpoint(manager.checkpoint, newest, expected=state.shapes())
    _check_same_step(run, state, strategy=strategy)
    if not newest:
        initialize_embedding(state, run, records=records, strategy=strategy, progress=progress)
        if run.warm_start:
            load_shared_weights(state.model, run, warm_start=run.warm_start, progress=progress)


def _check_same_step(run: Run, state: TrainState, *, strategy: Strategy) -> None:
    step = int(state.global_step)
    if (expected := int(broadcast_from_chief(strategy, step))) != step:
        raise RunError(
            run.folder,
            expected=f"all workers must see the run at the chief's step, {expected}",
            got=step,
            todo="Put the folder of the runs on a disk that they share.",
        )


def initialize_embedding(
    state: TrainState, run: Run, *, records: Records, strategy: Strategy, progress: Progress
) -> None:
    """Initialize the embedding as `model.embedding_init` says.

    Args:
        state: The state whose model has the embedding.
        run: The run.
        records: The records, whose train cases are counted.
        strategy: The strategy to train with.
        progress: Gets the progress of counting.

    Example:
        >>> initialize_embedding(  # doctest: +SKIP
        ...     state, run, records=records, strategy=strategy, progress=SILENT
        ... )
    """
    vectors = initial_embedding(
        run.config.model,
        run.tokens,
        cases=(record.token_ids for record in read_records(records, "train")),
        seed=run.config.training.seed,
        progress=progress,
    )
    embeddings = state.model.get_layer("embedding").embeddings
    embeddings.assign(broadcast_from_chief(strategy, vectors))
