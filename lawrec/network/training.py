"""Training: the loop over steps, resumable at any checkpoint to the bit.

The loop counts `global_step` and the cases seen; an epoch ends when every train case was seen once
more. A checkpoint holds the weights, the optimizer, both counters, the best valid score and the
position in the shuffled data, so that a resumed run goes on as if it had never stopped.
"""

import math
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from lawrec.config import TrainingConfig
from lawrec.corpus.manifest import Records, find_damage
from lawrec.corpus.records import DAMAGE, full_disk_told, read_records
from lawrec.errors import RunError
from lawrec.network.checkpoint import CHECKPOINT, Run, set_latest
from lawrec.network.devices import from_chief, is_chief, lost_worker_told
from lawrec.network.optimizers import averaged
from lawrec.network.scoring import Scorer, chunks, make_scorer
from lawrec.network.steps import Batch, State, StepResult, make_step, start_state
from lawrec.network.vectors import token_vectors
from lawrec.progress import Progress, silent

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
Metrics = Callable[[Bools, Floats, Bools], dict[str, float]]
"""From y_true, y_score and known to named figures; `training.best_by` is one of the names."""
_LOSSES_SHOWN = 50  # steps whose mean loss is shown


@dataclass(frozen=True)
class Evaluation:
    """What the loop reports now and then: the mean loss since the last, and figures on valid."""

    step: int
    epoch: int
    loss: float
    valid: dict[str, float]
    best: bool


def train(
    run: Run,
    records: Records,
    metrics: Metrics,
    progress: Progress = silent,
    strategy: Any = None,
) -> Iterator[Evaluation]:
    """Train a run until its epochs, steps or minutes are over or valid no longer improves.

    A run that has checkpoints goes on from the newest one.

    Args:
        run: The run; its configuration decides everything.
        records: The records that the run was made for.
        metrics: Computes the figures on the valid split.
        progress: Told of every step.
        strategy: What computes, as `start_devices` gives it; TensorFlow's current one if None.

    Yields:
        An Evaluation at the end of each epoch, or every `training.evaluate_every` steps.

    Raises:
        RecordsError: A shard is missing or damaged, or there is no valid split.
        RunError: The loss is not finite or another machine is gone; the last checkpoint stays.
    """
    for split in ("train", "valid"):
        if damage := find_damage(records, split):
            raise damage
    config = run.config.training
    keras.utils.set_random_seed(config.seed)
    strategy = strategy or tf.distribute.get_strategy()
    with lost_worker_told(run.folder), _written_folder(run, strategy) as folder:
        state = start_state(run, records, strategy)
        loop = _Loop(
            run=run,
            records=records,
            strategy=strategy,
            state=state,
            step=make_step(state, strategy, run.config, records),
            scorer=make_scorer(state.model),
            metrics=metrics,
            newest=_manager(state.checkpoint(), folder, config.keep),
            best=_manager(tf.train.Checkpoint(model=state.model), folder / "best", 1),
            progress=progress,
        )
        try:
            if not _restored(loop):
                _set_vectors(loop)
            yield from loop.evaluations()
        except (*DAMAGE, tf.errors.NotFoundError) as error:
            raise find_damage(records, "train") or error from error


@dataclass(frozen=True)
class _Loop:
    """The parts of a training under way."""

    run: Run
    records: Records
    strategy: Any
    state: State
    step: Callable[[Batch], StepResult]
    scorer: Scorer
    metrics: Metrics
    newest: Any
    best: Any
    progress: Progress

    def evaluations(self) -> Iterator[Evaluation]:
        """Take steps until the end, and give an evaluation where one is due."""
        config = self.run.config.training
        n_cases = self.records.split("train").cases
        deadline = time.monotonic() + config.max_minutes * 60 if config.max_minutes else math.inf
        losses: list[float] = []
        if int(self.state.stale) >= config.patience:
            return
        for batch in self.state.iterator:
            result = self.step(batch)
            losses.append(self._finite(result))
            seen, number = int(self.state.cases_seen), int(self.state.global_step)
            note = f"step {number}, loss {np.mean(losses[-_LOSSES_SHOWN:]):.4f}"
            self.progress("train", seen, config.epochs * n_cases, note)
            before = seen - batch["weights"].shape[0]
            last = (
                seen == config.epochs * n_cases
                or number == config.max_steps
                or (config.max_minutes and from_chief(self.strategy, time.monotonic() > deadline))
            )
            if last or _evaluation_due(config, number, before // n_cases < seen // n_cases):
                yield self._evaluate(seen // n_cases, float(np.mean(losses)))
                losses.clear()
            elif number % config.save_every == 0:
                self._save(self.newest)
            if last or int(self.state.stale) >= config.patience:
                return

    def _evaluate(self, epoch: int, loss: float) -> Evaluation:
        """Score the whole valid split, keep the best checkpoint and the newest one."""
        with averaged(self.state.optimizer, self.state.model):
            scores = score_records(self.scorer, self.records, "valid", self.progress)
            figures = self.metrics(*scores)
            best_by = figures[self.run.config.training.best_by]
            best = _note_best(self.state, from_chief(self.strategy, best_by))
            if best:
                self._save(self.best)
        self._save(self.newest)
        return Evaluation(int(self.state.global_step), epoch, loss, figures, best)

    def _save(self, manager: Any) -> None:
        with full_disk_told(self.run.folder):
            manager.save(checkpoint_number=self.state.global_step)
        if is_chief(self.strategy):
            set_latest(self.run)

    def _finite(self, result: StepResult) -> float:
        loss = float(result.loss)
        if not math.isfinite(loss):
            raise RunError(
                self.run.folder,
                "the loss must stay finite",
                f"{loss} at step {int(self.state.global_step)}",
                "The last checkpoint is from before. Train anew with a smaller "
                "--set optimizer.learning_rate.",
            )
        return loss


def score_records(
    scorer: Scorer, records: Records, split: str, progress: Progress = silent
) -> tuple[Bools, Floats, Bools]:
    """Return y_true, y_score and known of a split's records, all (n_cases, n_articles)."""
    n_cases = records.split(split).cases
    y_true = np.zeros((n_cases, len(records.articles)), np.bool_)
    y_score = np.zeros(y_true.shape, np.float32)
    known = np.ones(y_true.shape, np.bool_)
    start = 0
    for chunk in chunks(read_records(records, split)):
        y_score[start : start + len(chunk)] = scorer([record.token_ids for record in chunk])
        for row, record in enumerate(chunk, start):
            y_true[row, record.label_ids] = True
            known[row, record.unknown_ids] = False
        start += len(chunk)
        progress(f"score {split}", start, n_cases)
    return y_true, y_score, known


def _evaluation_due(config: TrainingConfig, step: int, epoch_ends: bool) -> bool:
    return step % config.evaluate_every == 0 if config.evaluate_every else epoch_ends


def _note_best(state: State, score: float) -> bool:
    better = score > float(state.best_score)
    if better:
        state.best_score.assign(score)
    state.stale.assign(0 if better else state.stale + 1)
    return better


def _restored(loop: _Loop) -> bool:
    """Go on from the run's newest checkpoint, if there is one; all machines from the same."""
    newest = tf.train.latest_checkpoint(str(loop.run.folder))
    if newest:
        loop.newest.checkpoint.restore(newest)
    step = int(loop.state.global_step)
    if (expected := from_chief(loop.strategy, step)) != step:
        raise RunError(
            loop.run.folder,
            f"all machines must see the run at the chief's step, {expected}",
            step,
            "Put the folder of the runs on a disk that they share.",
        )
    return bool(newest)


def _set_vectors(loop: _Loop) -> None:
    """Start the embedding as `model.vectors` says."""
    run = loop.run
    sizes = run.config.model
    if sizes.vectors == "noise":
        return
    loop.progress("vectors", 0, None, "Counting which tokens stand together.")
    vectors = token_vectors(
        (record.token_ids for record in read_records(loop.records, "train")),
        len(run.tokens),
        sizes.embedding_size,
        sizes.embedding_stddev,
        run.config.training.seed,
    )
    loop.state.model.get_layer("embedding").embeddings.assign(from_chief(loop.strategy, vectors))


@contextmanager
def _written_folder(run: Run, strategy: Any) -> Iterator[Path]:
    """Give the run's folder to the chief; to the others one that goes away.

    Under a strategy over several machines, all of them have to save.
    """
    if is_chief(strategy):
        yield run.folder
        return
    with tempfile.TemporaryDirectory(prefix="lawrec-") as folder:
        yield Path(folder)


def _manager(checkpoint: Any, folder: Path, keep: int) -> Any:
    return tf.train.CheckpointManager(
        checkpoint, str(folder), max_to_keep=keep, checkpoint_name=CHECKPOINT
    )
