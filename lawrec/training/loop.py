"""The training loop: steps, evaluations on the valid split, best checkpoint, early stopping.

The loop counts `global_step` and the cases seen; an epoch ends whenever every train case has been
seen once more. It is lawrec's own instead of Keras's `model.fit`, because it must resume exactly:
a checkpoint holds the weights, the optimizer, both counters, the best score, the random numbers of
dropout and the position in the shuffled data, and the learning rate follows the cases seen. A run
that is killed and resumed ends with the same bits as one that was never stopped.

The same bits are promised on the same machine, with the same number of threads and the same
versions of TensorFlow and NumPy. Another processor or another number of threads may add numbers in
another order, which changes the last bits of a sum.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from lawrec.config import TrainingConfig
from lawrec.corpus.records.manifest import Records, find_damage
from lawrec.corpus.records.tfrecords import DAMAGE, disk_full_as_os_error
from lawrec.devices.distributed import broadcast_from_chief, is_chief, worker_loss_as_run_error
from lawrec.models.lstm_logits import make_logit_function
from lawrec.ranking.run_scorer import RunScorer, Scorer
from lawrec.runs.checkpoint_list import BEST, add_to_list, read_checkpoint_list
from lawrec.runs.results import TrainingEvaluation
from lawrec.runs.run import set_latest
from lawrec.training.checkpoints import CheckpointManager, checkpoint_manager
from lawrec.training.fit_case_index import index_train_cases, keep_trained_cases
from lawrec.training.fit_ranker import load_or_fit_ranker
from lawrec.training.initialization import output_folder, restore_or_initialize
from lawrec.training.onnx_export import export_after_training
from lawrec.training.optimizers import averaged_weights
from lawrec.training.setup import TrainingSetup
from lawrec.training.tensorboard import TensorBoardWriter, profiled, tensorboard_writer
from lawrec.training.throughput import Throughput
from lawrec.training.train_step import (
    StepResult,
    TrainState,
    TrainStep,
    checked_result,
    create_train_state,
    make_train_step,
)
from lawrec.training.validation import note_on_sample, score_records, validation_metrics
from lawrec.translation import marked

_LOSS_WINDOW = 50
"""Number of steps whose mean loss is reported."""
_NO_STEPS = range(0)
_VALID = "valid"
"""The split that a training is evaluated on, if there is one."""
_MAX_BEST_TO_KEEP = 2
"""Number of best checkpoints that are kept. A resumed training may write the best one again: should
it be killed while it writes, the one before is complete."""


def train(
    setup: TrainingSetup, *, profile: range = _NO_STEPS, latest: bool = True
) -> Iterator[TrainingEvaluation]:
    """Train a run until its epochs, steps or minutes are over, or until early stopping.

    Before the first step, the ranker is fitted: the SVMs and, if the settings say so, the second
    stage, for which two more LSTMs are trained. A run that has checkpoints is resumed from the
    newest one. In the end, the best checkpoint is exported, so that predicting needs no TensorFlow.
    Summaries for TensorBoard are written into its folder `tensorboard`. The random seeds of Python,
    NumPy and TensorFlow become `training.seed`. A script that calls this needs
    `if __name__ == "__main__":`, because other processes fit SVMs.

    Args:
        setup: The run, its records, and how to train it. Its progress gets the number of cases seen
            at every step.
        profile: The numbers of the steps that TensorFlow's profiler traces.
        latest: Whether the run becomes the one that commands use when none is named.

    Yields:
        A TrainingEvaluation at the end of each epoch, or every `training.evaluate_every` steps;
        without metrics where there is no valid split.

    Raises:
        RecordsError: A shard is missing or damaged.
        ConfigError: There are too few train cases to score them out of fold.
        RunError: The loss is not finite or another worker has stopped; the last good checkpoint is
            kept. Or the checkpoint to restore is damaged, or of another model, or a list of
            checkpoints is damaged.

    Example:
        >>> for evaluation in train(TrainingSetup(run, records)):  # doctest: +SKIP
        ...     print(evaluation.step, evaluation.valid["micro_f1"])
    """
    run, records, progress = setup.run, setup.records, setup.progress
    for part in (run.folder, run.folder / BEST):
        read_checkpoint_list(part)  # a damaged list is refused now, not when a checkpoint is saved
    config = run.config.training
    with (
        data_loss_as_records_error(records),
        worker_loss_as_run_error(run.folder),
        output_folder(setup) as folder,
    ):
        keras.utils.set_random_seed(config.seed)
        state = create_train_state(setup)
        newest = checkpoint_manager(state.checkpoint(), folder, max_to_keep=config.max_to_keep)
        restore_or_initialize(state, newest, setup=setup)
        ranker = load_or_fit_ranker(setup)
        if is_chief(setup.strategy):
            keep_trained_cases(setup)
            index_train_cases(setup)
        if reason := _end_reason(state, setup):
            progress.message(f"This run is over: {reason}.")
            _export(setup)
            return
        if note := note_on_sample(records, _VALID):
            progress.message(note)
        step = make_train_step(state, setup)
        logits = make_logit_function(state.model) if run.config.ranking.needs_lstm else None
        with (
            profiled(step, state, folder=folder, steps=profile, progress=progress) as traced_step,
            tensorboard_writer(folder, state, setup=setup) as writer,
        ):
            yield from _Loop(
                setup=setup,
                state=state,
                step=traced_step,
                scorer=RunScorer(logits, ranker, run.config.model.lstm_tokens),
                newest=newest,
                best=_best_manager(state, folder),
                writer=writer,
                latest=latest,
            ).evaluations()
        _export(setup)


def _export(setup: TrainingSetup) -> None:
    if is_chief(setup.strategy):
        export_after_training(setup.run, progress=setup.progress)


@contextmanager
def data_loss_as_records_error(records: Records) -> Iterator[None]:
    """Raise RecordsError for damaged records, before the block and where TensorFlow meets them.

    Yields:
        Nothing: the block is the training.

    Raises:
        RecordsError: A shard is missing or damaged.

    Example:
        >>> with data_loss_as_records_error(records):  # doctest: +SKIP
        ...     batch = next(state.iterator)
    """
    for split in (*records.learned_splits, _VALID):
        if split in records.manifest.splits and (damage := find_damage(records, split)):
            raise damage
    try:
        yield
    except (*DAMAGE, tf.errors.NotFoundError) as error:
        damages = (find_damage(records, split) for split in records.learned_splits)
        raise next(filter(None, damages), error) from error


def step_note(number: int, loss: float, *, result: StepResult, throughput: Throughput) -> str:
    """Return the short line that describes a step.

    Args:
        number: The global step.
        loss: The mean loss of the last steps.
        result: What the step returned.
        throughput: The throughput of the last steps.

    Example:
        >>> step_note(12, 1.25, result=StepResult(1.5, 0.256, 0.00198), throughput=Throughput())
        'step 12, loss 1.2500, rate 2.0e-03, gradient 0.26'
    """
    note = marked(
        f"step {number}, loss {loss:.4f}, rate {result.learning_rate:.1e}, "
        f"gradient {result.gradient_norm:.2f}"
    )
    tokens = throughput.rates().get("tokens_per_second")
    return "; ".join([note, marked(f"{tokens:,.0f} tokens/s")]) if tokens else note


@dataclass(frozen=True)
class _Loop:
    """The parts of a running training; `newest` and `best` manage the two kinds of checkpoints."""

    setup: TrainingSetup
    state: TrainState
    step: TrainStep
    scorer: Scorer
    newest: CheckpointManager
    best: CheckpointManager
    writer: TensorBoardWriter
    latest: bool

    def evaluations(self) -> Iterator[TrainingEvaluation]:
        """Take steps until the end, and yield an evaluation whenever one is due."""
        config = self.setup.run.config.training
        n_cases = self.setup.records.n_learned
        deadline = time.monotonic() + config.max_minutes * 60 if config.max_minutes else math.inf
        losses: list[float] = []
        throughput = Throughput()
        for batch in self.state.iterator:
            result = checked_result(
                self.step(batch), self.setup.run, step=int(self.state.global_step)
            )
            losses.append(result.loss)
            throughput.add(batch["token_ids"])
            seen, number = int(self.state.cases_seen), int(self.state.global_step)
            loss = float(np.mean(losses[-_LOSS_WINDOW:]))
            note = step_note(number, loss, result=result, throughput=throughput)
            self.setup.progress.update("train", seen, config.epochs * n_cases, note)
            self.writer.write_step(number, result=result, throughput=throughput, batch=batch)
            seen_before = seen - batch["weights"].shape[0]
            epoch_ends = seen_before // n_cases < seen // n_cases
            # Clocks differ between workers: the chief's decides when the time is up.
            is_last = _end_reason(self.state, self.setup) or (
                config.max_minutes
                and broadcast_from_chief(self.setup.strategy, time.monotonic() > deadline)
            )
            if is_last or _is_evaluation_due(config, number, epoch_ends=epoch_ends):
                yield self._evaluate(seen // n_cases, float(np.mean(losses)))
                losses.clear()
                throughput.pause()
            elif number % config.save_every == 0:
                self._save_newest()
            # The evaluation may have exhausted the patience.
            if is_last or _end_reason(self.state, self.setup):
                return

    def _evaluate(self, epoch: int, loss: float) -> TrainingEvaluation:
        """Score the valid split, and save the newest checkpoint and a new best one.

        Without a valid split, the newest checkpoint is the best one.
        """
        step = int(self.state.global_step)
        has_valid = _VALID in self.setup.records.manifest.splits
        with averaged_weights(self.state.optimizer, self.state.model):
            metrics = self._metrics(step) if has_valid else {}
            # Every worker evaluates the same cases, but the chief's score decides for all of them.
            score = metrics[self.setup.run.config.training.monitor] if has_valid else float(step)
            score = broadcast_from_chief(self.setup.strategy, score)
            is_best = _update_best_score(self.state, float(score))
            if is_best:
                folder = self.setup.run.folder / BEST
                self._save_and_set_latest(self.best, folder, max_to_keep=_MAX_BEST_TO_KEEP)
        self._save_newest()
        return TrainingEvaluation(step, epoch, loss, metrics, is_best)

    def _metrics(self, step: int) -> dict[str, float]:
        y_true, y_score, known = score_records(
            self.scorer, self.setup.records, split=_VALID, progress=self.setup.progress
        )
        metrics = validation_metrics(y_true, y_score, known)
        self.writer.write_evaluation(step, metrics, y_true=y_true, y_score=y_score, known=known)
        return metrics

    def _save_newest(self) -> None:
        max_to_keep = self.setup.run.config.training.max_to_keep
        self._save_and_set_latest(self.newest, self.setup.run.folder, max_to_keep=max_to_keep)

    def _save_and_set_latest(
        self, manager: CheckpointManager, folder: Path, *, max_to_keep: int
    ) -> None:
        """Save a checkpoint, and make the run the newest one if it may be."""
        with disk_full_as_os_error(self.setup.run.folder):
            prefix = manager.save(checkpoint_number=self.state.global_step)
        if is_chief(self.setup.strategy):
            add_to_list(folder, Path(prefix).name, max_to_keep=max_to_keep)
            if self.latest:
                set_latest(self.setup.run)


def _best_manager(state: TrainState, folder: Path) -> CheckpointManager:
    checkpoint = tf.train.Checkpoint(model=state.model)
    return checkpoint_manager(checkpoint, folder / BEST, max_to_keep=_MAX_BEST_TO_KEEP)


def _end_reason(state: TrainState, setup: TrainingSetup) -> str:
    """Return why the training is over, or an empty text if it is not."""
    config = setup.run.config.training
    step, seen = int(state.global_step), int(state.cases_seen)
    without_improvement = int(state.evaluations_without_improvement)
    if without_improvement >= config.patience:
        return marked(f"valid did not improve in the last {without_improvement} evaluations")
    if config.max_steps and step >= config.max_steps:
        return marked(f"it has taken its {step} steps")
    if seen >= config.epochs * setup.records.n_learned:
        return marked(f"it has seen its {config.epochs} epochs")
    return ""


def _is_evaluation_due(config: TrainingConfig, step: int, *, epoch_ends: bool) -> bool:
    return step % config.evaluate_every == 0 if config.evaluate_every else epoch_ends


def _update_best_score(state: TrainState, score: float) -> bool:
    """Count an evaluation, and return whether its score is the best so far."""
    is_best = score > float(state.best_score)
    if is_best:
        state.best_score.assign(score)
    state.evaluations_without_improvement.assign(
        0 if is_best else state.evaluations_without_improvement + 1
    )
    return is_best
