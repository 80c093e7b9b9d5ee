"""Training: the loop over steps, resumable at any checkpoint to the bit.

The loop counts `global_step` and the cases seen; an epoch ends when every train case was seen once
more. A checkpoint holds the weights, the optimizer, both counters, the best valid score and the
position in the shuffled data, so that a resumed run goes on as if it had never stopped.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from lawrec.config import TrainingConfig
from lawrec.corpus.manifest import Records, find_damage
from lawrec.corpus.tfrecords import DAMAGE, disk_full_as_os_error
from lawrec.errors import RunError
from lawrec.models.scorer import Scorer, make_scorer
from lawrec.progress import SILENT, Progress
from lawrec.runs.results import TrainingEvaluation
from lawrec.runs.run import Run, set_latest
from lawrec.training.checkpoints import checkpoint_manager
from lawrec.training.distributed import broadcast_from_chief, is_chief, worker_loss_as_run_error
from lawrec.training.initialization import output_folder, restore_or_initialize
from lawrec.training.optimizers import averaged
from lawrec.training.tensorboard import TensorBoardWriter, profiled, tensorboard_writer
from lawrec.training.throughput import Throughput
from lawrec.training.train_step import Batch, State, StepResult, create_state, make_step
from lawrec.training.validation import score_records, validation_metrics

_LOSSES_SHOWN = 50  # steps whose mean loss is shown
_NOTHING = range(0)
_BEST_KEPT = 2  # a resumed training may write the best one again: the other is whole meanwhile


def train(
    run: Run,
    records: Records,
    progress: Progress = SILENT,
    profile: range = _NOTHING,
    strategy: Any = None,
) -> Iterator[TrainingEvaluation]:
    """Train a run until its epochs, steps or minutes are over or valid no longer improves.

    A run that has checkpoints goes on from the newest one. What it shows of itself is in its folder
    `tensorboard`.

    Args:
        run: The run; its configuration decides everything.
        records: The records that the run was made for.
        progress: Told of every step.
        profile: The steps that TensorFlow's profiler traces; `progress` is told if none is taken.
        strategy: What computes, as `start_devices` gives it; TensorFlow's current one if None.

    Yields:
        An Evaluation at the end of each epoch, or every `training.evaluate_every` steps.

    Raises:
        RecordsError: A shard is missing or damaged, or there is no valid split.
        RunError: The loss is not finite or another machine is gone; the last good checkpoint stays.
            Or the checkpoint to go on or to start from is damaged, or of another model.
    """
    config = run.config.training
    strategy = strategy or tf.distribute.get_strategy()
    with (
        data_loss_as_records_error(records),
        worker_loss_as_run_error(run.folder),
        output_folder(run, strategy) as folder,
    ):
        keras.utils.set_random_seed(config.seed)
        state = create_state(run, records, strategy=strategy)
        newest = checkpoint_manager(state.checkpoint(), folder, keep=config.max_to_keep)
        restore_or_initialize(
            state, newest, run=run, records=records, strategy=strategy, progress=progress
        )
        if reason := _over(state, config, records=records):
            progress.message(f"This run is over: {reason}.")
            return
        step = make_step(state, strategy, config=run.config, records=records)
        with (
            profiled(step, state, folder=folder, steps=profile, progress=progress) as traced,
            tensorboard_writer(folder, run, state=state, records=records) as board,
        ):
            yield from _Loop(
                run=run,
                records=records,
                strategy=strategy,
                state=state,
                step=traced,
                scorer=make_scorer(state.model),
                newest=newest,
                best=_best(state, folder),
                board=board,
                progress=progress,
            ).evaluations()


@contextmanager
def data_loss_as_records_error(records: Records) -> Iterator[None]:
    """Refuse records that are damaged, before the block and where TensorFlow meets it inside."""
    for split in ("train", "valid"):
        if damage := find_damage(records, split):
            raise damage
    try:
        yield
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
    newest: Any
    best: Any
    board: TensorBoardWriter
    progress: Progress

    def evaluations(self) -> Iterator[TrainingEvaluation]:
        """Take steps until the end, and give an evaluation where one is due."""
        config = self.run.config.training
        n_cases = self.records.split("train").cases
        deadline = time.monotonic() + config.max_minutes * 60 if config.max_minutes else math.inf
        losses: list[float] = []
        speed = Throughput()
        for batch in self.state.iterator:
            result = self._finite(self.step(batch))
            losses.append(result.loss)
            speed.add(batch["token_ids"])
            seen, number = int(self.state.cases_seen), int(self.state.global_step)
            note = step_note(
                number, float(np.mean(losses[-_LOSSES_SHOWN:])), result=result, speed=speed
            )
            self.progress.update("train", seen, config.epochs * n_cases, note)
            self.board.step(number, result, speed, batch)
            before = seen - batch["weights"].shape[0]
            last = _over(self.state, config, records=self.records) or (
                config.max_minutes
                and broadcast_from_chief(self.strategy, time.monotonic() > deadline)
            )
            if last or _evaluation_due(
                config, number, epoch_ends=before // n_cases < seen // n_cases
            ):
                yield self._evaluate(seen // n_cases, float(np.mean(losses)))
                losses.clear()
                speed.pause()
            elif number % config.save_every == 0:
                self._save(self.newest)
            if last or _over(self.state, config, records=self.records):
                return

    def _evaluate(self, epoch: int, loss: float) -> TrainingEvaluation:
        """Score the whole valid split, keep the best checkpoint and the newest one."""
        with averaged(self.state.optimizer, self.state.model):
            scores = score_records(self.scorer, self.records, split="valid", progress=self.progress)
            figures = validation_metrics(*scores)
            best_by = figures[self.run.config.training.monitor]
            best = _note_best(self.state, float(broadcast_from_chief(self.strategy, best_by)))
            if best:
                self._save(self.best)
        self.board.evaluation(int(self.state.global_step), figures, *scores)
        self._save(self.newest)
        return TrainingEvaluation(int(self.state.global_step), epoch, loss, figures, best)

    def _save(self, manager: Any) -> None:
        with disk_full_as_os_error(self.run.folder):
            manager.save(checkpoint_number=self.state.global_step)
        if is_chief(self.strategy):
            set_latest(self.run)

    def _finite(self, result: StepResult) -> StepResult:
        """Return the numbers of a step; its weights are not kept where one is not finite."""
        found = StepResult(*map(float, result))
        if not (math.isfinite(found.loss) and math.isfinite(found.gradient_norm)):
            raise RunError(
                self.run.folder,
                expected="the loss and its gradient must stay finite",
                got=f"{found.loss} and {found.gradient_norm} at step {int(self.state.global_step)}",
                todo="The last checkpoint is from before. Train anew with a smaller "
                "--set optimizer.learning_rate.",
            )
        return found


def _best(state: State, folder: Path) -> Any:
    return checkpoint_manager(
        tf.train.Checkpoint(model=state.model), folder / "best", keep=_BEST_KEPT
    )


def step_note(number: int, loss: float, *, result: StepResult, speed: Throughput) -> str:
    """Return the short line that tells of a step; the loss is a mean over some."""
    note = (
        f"step {number}, loss {loss:.4f}, rate {result.learning_rate:.1e}, "
        f"gradient {result.gradient_norm:.2f}"
    )
    tokens = speed.figures().get("tokens_per_second")
    return f"{note}, {tokens:,.0f} tokens/s" if tokens else note


def _over(state: State, config: TrainingConfig, *, records: Records) -> str:
    """Return why no step is left to take, or nothing if one is."""
    step, seen, evaluations_without_improvement = (
        int(state.global_step),
        int(state.cases_seen),
        int(state.evaluations_without_improvement),
    )
    if evaluations_without_improvement >= config.patience:
        return f"valid was no better in the last {evaluations_without_improvement} evaluations"
    if config.max_steps and step >= config.max_steps:
        return f"it has taken its {step} steps"
    if seen >= config.epochs * records.split("train").cases:
        return f"it has seen its {config.epochs} epochs"
    return ""


def _evaluation_due(config: TrainingConfig, step: int, *, epoch_ends: bool) -> bool:
    return step % config.evaluate_every == 0 if config.evaluate_every else epoch_ends


def _note_best(state: State, score: float) -> bool:
    better = score > float(state.best_score)
    if better:
        state.best_score.assign(score)
    state.evaluations_without_improvement.assign(
        0 if better else state.evaluations_without_improvement + 1
    )
    return better
