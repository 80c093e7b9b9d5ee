"""Starting: where a training writes, and from what it goes on or begins."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lawrec.corpus.manifest import Records
from lawrec.corpus.tfrecords import read_records
from lawrec.errors import RunError
from lawrec.models.embedding_init import initial_embedding
from lawrec.models.lstm_classifier import TFIDF_SVM
from lawrec.models.tfidf_svm import TfidfSvmWeights, fit_tfidf_svm
from lawrec.progress import Progress
from lawrec.runs.run import Run
from lawrec.training.checkpoints import newest_checkpoint, restore
from lawrec.training.distributed import broadcast_from_chief, is_chief
from lawrec.training.train_step import State
from lawrec.training.warm_start import load_shared_weights


@contextmanager
def output_folder(run: Run, strategy: Any) -> Iterator[Path]:
    """Give the run's folder to the chief; to the others one that goes away.

    Under a strategy over several machines, all of them have to save.
    """
    if is_chief(strategy):
        yield run.folder
        return
    with tempfile.TemporaryDirectory(prefix="lawrec-") as folder:
        yield Path(folder)


def restore_or_initialize(
    state: State, newest: Any, *, run: Run, records: Records, strategy: Any, progress: Progress
) -> None:
    """Go on from the run's newest checkpoint, or give the weights their start.

    Args:
        state: What is restored, or begins.
        newest: The manager of its checkpoints.
        run: The run.
        records: The records that it was made for.
        strategy: What computes.
        progress: Told what is done.

    Raises:
        RunError: No checkpoint is whole, or it is of another model, or not the chief's.
    """
    if found := newest_checkpoint(run.folder, progress):
        restore(newest.checkpoint, found, expected=state.shapes())
    elif newest.latest_checkpoint:
        todo = "Train anew with `lawrec train`."
        raise RunError(
            run.folder, expected="one of the checkpoints must be whole", got="none", todo=todo
        )
    _refuse_other_step(run, state, strategy=strategy)
    if not found:
        _set_vectors(state.model, run, records=records, strategy=strategy, progress=progress)
        _set_words(state.model, run, records=records, strategy=strategy, progress=progress)
        if run.start:
            load_shared_weights(state.model, run, start=run.start, progress=progress)


def _refuse_other_step(run: Run, state: State, *, strategy: Any) -> None:
    step = int(state.global_step)
    if (expected := int(broadcast_from_chief(strategy, step))) != step:
        raise RunError(
            run.folder,
            expected=f"all machines must see the run at the chief's step, {expected}",
            got=step,
            todo="Put the folder of the runs on a disk that they share.",
        )


def _set_vectors(
    model: Any, run: Run, *, records: Records, strategy: Any, progress: Progress
) -> None:
    """Start the embedding as `model.embedding_init` says."""
    cases = (record.token_ids for record in read_records(records, "train"))
    seed = run.config.training.seed
    vectors = initial_embedding(
        run.config.model, run.tokens, cases=cases, seed=seed, progress=progress
    )
    model.get_layer("embedding").embeddings.assign(broadcast_from_chief(strategy, vectors))


def _set_words(
    model: Any, run: Run, *, records: Records, strategy: Any, progress: Progress
) -> None:
    """Fit the linear model over the words of the train cases, if the settings have one."""
    if not run.config.model.svm_share:
        return
    cases = read_records(records, "train")
    seed = run.config.training.seed
    words = fit_tfidf_svm(
        cases, len(run.tokens), n_labels=len(run.articles), seed=seed, progress=progress
    )
    shared = TfidfSvmWeights(*(broadcast_from_chief(strategy, values) for values in words))
    model.get_layer(TFIDF_SVM).set_fitted(shared)
