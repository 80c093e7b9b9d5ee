"""Training: the step and the loop, under a tf.distribute strategy, resumable at any checkpoint.

The loop counts `global_step` and the cases seen; an epoch ends when every train case was seen once
more. A checkpoint holds the weights, the optimizer, both counters, the best valid score and the
position in the shuffled data, so that a resumed run goes on as if it had never stopped.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from lawrec.config import TrainingConfig
from lawrec.corpus.manifest import Records, find_damage
from lawrec.corpus.pipeline import training_batches
from lawrec.corpus.records import full_disk_told, read_records
from lawrec.errors import RunError
from lawrec.network.checkpoint import CHECKPOINT, Run, set_latest
from lawrec.network.model import build_model
from lawrec.network.scoring import Scorer, chunks, make_scorer
from lawrec.network.vectors import token_vectors
from lawrec.progress import Progress, silent

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
Metrics = Callable[[Bools, Floats, Bools], dict[str, float]]
"""From y_true, y_score and known to named figures; the first one chooses the best checkpoint."""
_LEAST_WEIGHT = 1e-30


@dataclass(frozen=True)
class Evaluation:
    """What the loop reports at the end of an epoch: the mean loss, and figures on valid."""

    step: int
    epoch: int
    loss: float
    valid: dict[str, float]
    best: bool


@dataclass
class _State:
    """All that training changes, and all that a checkpoint holds."""

    model: Any
    dropout_seeds: list[Any]
    optimizer: Any
    global_step: Any
    cases_seen: Any
    best_score: Any
    best_epoch: Any
    iterator: Any

    def checkpoint(self) -> Any:
        return tf.train.Checkpoint(**vars(self))


def train(
    run: Run, records: Records, metrics: Metrics, progress: Progress = silent
) -> Iterator[Evaluation]:
    """Train a run until its epochs or minutes are over or valid no longer improves.

    A run that has checkpoints goes on from the newest one.

    Args:
        run: The run; its configuration decides everything.
        records: The records that the run was made for.
        metrics: Computes the figures on the valid split.
        progress: Told of every step.

    Yields:
        An Evaluation at the end of each epoch.

    Raises:
        RecordsError: A shard is missing or damaged, or there is no valid split.
        RunError: The loss is not finite; the last good checkpoint stays.
    """
    for split in ("train", "valid"):
        if damage := find_damage(records, split):
            raise damage
    config = run.config.training
    keras.utils.set_random_seed(config.seed)
    strategy = tf.distribute.get_strategy()
    state = _start(run, records, strategy)
    step = _make_step(state, strategy, config, config.epochs * records.split("train").cases)
    manager = _manager(state.checkpoint(), run, config.keep)
    try:
        if not manager.restore_or_initialize() and run.config.model.vectors:
            progress("vectors", 0, None, "Counting which tokens stand together.")
            _set_vectors(state.model, run, records)
        yield from _loop(run, records, state, step, manager, metrics, progress)
    except (tf.errors.DataLossError, tf.errors.NotFoundError) as error:
        raise find_damage(records, "train") or error from error


def _loop(
    run: Run,
    records: Records,
    state: _State,
    step: Callable[[Any], Any],
    manager: Any,
    metrics: Metrics,
    progress: Progress,
) -> Iterator[Evaluation]:
    config = run.config.training
    n_cases = records.split("train").cases
    keep_best = _manager(tf.train.Checkpoint(model=state.model), run, 1, "best")
    scorer = make_scorer(state.model)
    deadline = time.monotonic() + config.max_minutes * 60 if config.max_minutes else math.inf
    losses: list[float] = []
    for batch in state.iterator:
        losses.append(_finite(step(batch), state, run))
        seen = int(state.cases_seen.numpy())
        epoch = seen // n_cases
        note = f"step {int(state.global_step)}, loss {np.mean(losses[-50:]):.4f}"
        progress("train", seen, config.epochs * n_cases, note)
        epoch_ends = epoch > (seen - batch[0].shape[0]) // n_cases
        late = time.monotonic() > deadline
        if epoch_ends or late:
            valid = metrics(*score_records(scorer, records, "valid", progress))
            best = _note_best(state, next(iter(valid.values())), epoch)
            if best:
                _save(keep_best, run, state)
            _save(manager, run, state)
            yield Evaluation(int(state.global_step), epoch, float(np.mean(losses)), valid, best)
            losses.clear()
            if late or epoch - int(state.best_epoch) >= config.patience:
                return
        elif int(state.global_step) % config.save_every == 0:
            _save(manager, run, state)


def _set_vectors(model: Any, run: Run, records: Records) -> None:
    sizes = run.config.model
    vectors = token_vectors(
        (record.token_ids for record in read_records(records, "train")),
        len(run.tokens),
        sizes.embedding_size,
        sizes.embedding_stddev,
        run.config.training.seed,
    )
    model.get_layer("embedding").embeddings.assign(vectors)


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


def _start(run: Run, records: Records, strategy: Any) -> _State:
    config = run.config.training
    dataset = training_batches(
        records, config.epochs, config.batch_tokens, config.shuffle_cases, config.seed
    )
    n_cases = records.split("train").cases
    shares = [count / n_cases for count in records.manifest.label_counts]
    with strategy.scope():
        model = build_model(run.config.model, len(run.tokens), len(run.articles), shares)
        optimizer = keras.optimizers.Adam(config.learning_rate, global_clipnorm=config.clip_norm)
        optimizer.build(model.trainable_variables)
        return _State(
            model=model,
            dropout_seeds=_seeds(model),
            optimizer=optimizer,
            global_step=tf.Variable(0, dtype=tf.int64),
            cases_seen=tf.Variable(0, dtype=tf.int64),
            best_score=tf.Variable(-math.inf, dtype=tf.float64),
            best_epoch=tf.Variable(0, dtype=tf.int64),
            iterator=iter(dataset),
        )


def _seeds(model: Any) -> list[Any]:
    """The states of the random numbers, which Keras keeps apart from what a checkpoint tracks."""
    weights = {id(weight) for weight in model.weights}
    return [variable.value for variable in model.variables if id(variable) not in weights]


def _make_step(
    state: _State, strategy: Any, config: TrainingConfig, total_cases: int
) -> Callable[[Any], Any]:
    """Return the compiled step: a batch in, its loss out, the state moved on.

    The loss is the mean over cases, by weight, of the sum over the articles known for a case.
    """

    def replica_step(
        token_ids: Any, labels: Any, known: Any, weights: Any, total_weight: Any
    ) -> Any:
        with tf.GradientTape() as tape:
            logits = state.model(token_ids, training=True)
            loss = loss_sum(logits, labels, known, weights) / total_weight
        gradients = tape.gradient(loss, state.model.trainable_variables)
        state.optimizer.apply(gradients, state.model.trainable_variables)
        return loss

    @tf.function(input_signature=[state.iterator.element_spec], autograph=False)
    def step(batch: Any) -> Any:
        n_cases = tf.shape(batch[0])[0]
        # A batch without any weight has a loss of 0, not of 0/0.
        total_weight = tf.maximum(tf.reduce_sum(batch[-1]), _LEAST_WEIGHT)
        rate = learning_rate(state.cases_seen / total_cases, config)
        state.optimizer.learning_rate.assign(rate)
        losses = strategy.run(replica_step, args=(*batch, total_weight))
        state.global_step.assign_add(1)
        state.cases_seen.assign_add(tf.cast(n_cases, tf.int64))
        return strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)

    return lambda batch: step(batch)


def loss_sum(logits: Any, labels: Any, known: Any, weights: Any) -> Any:
    """Return the cross-entropy of all known entries, each times the weight of its case.

    Args:
        logits: float32 (batch, n_articles).
        labels: Of the same shape, 0 or 1.
        known: Of the same shape, 0 where the label is not known, else 1.
        weights: float32 (batch,).
    """
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels, logits)
    return tf.reduce_sum(losses * known * weights[:, None])


def learning_rate(done: Any, config: TrainingConfig) -> Any:
    """Return the rate when a share `done` of the training, 0 to 1, is behind.

    It rises on a line for the share `config.warmup`, then falls on half a cosine to zero
    (Loshchilov and Hutter, "SGDR", 2017, without restarts).
    """
    done = tf.cast(done, tf.float32)
    rising = done / max(config.warmup, 1e-6) + 0.01
    falling = 0.5 * (1 + tf.cos(math.pi * (done - config.warmup) / (1 - config.warmup)))
    return config.learning_rate * tf.where(done < config.warmup, tf.minimum(rising, 1.0), falling)


def _finite(loss: Any, state: _State, run: Run) -> float:
    value = float(loss)
    if not math.isfinite(value):
        raise RunError(
            run.folder,
            "the loss must stay finite",
            f"{value} at step {int(state.global_step)}",
            "The last checkpoint is from before. Train anew with a smaller "
            "--set training.learning_rate.",
        )
    return value


def _note_best(state: _State, score: float, epoch: int) -> bool:
    better = score > float(state.best_score)
    if better:
        state.best_score.assign(score)
        state.best_epoch.assign(epoch)
    return better


def _manager(checkpoint: Any, run: Run, keep: int, folder: str = "") -> Any:
    return tf.train.CheckpointManager(
        checkpoint, str(run.folder / folder), max_to_keep=keep, checkpoint_name=CHECKPOINT
    )


def _save(manager: Any, run: Run, state: _State) -> None:
    with full_disk_told(run.folder):
        manager.save(checkpoint_number=state.global_step)
    set_latest(run)
