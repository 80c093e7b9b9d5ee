"""Steps: the state of a training, and the compiled step that moves it on.

The step runs under a tf.distribute strategy. Every replica, on whichever machine, is given the same
whole batch and takes its own share of the rows: so the sum of all gradients, and with it the
weights after the step, are those of one device with that batch. The optimizer is outside of the
replicas and sees that sum alone, once.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import tensorflow as tf

from lawrec.config import Config
from lawrec.corpus.input_pipeline import training_batches
from lawrec.corpus.manifest import Records
from lawrec.models.losses import label_weights, loss_sum
from lawrec.models.lstm_classifier import log_odds_bias
from lawrec.runs.run import Run
from lawrec.training.checkpoints import model_of, optimizer_name, shapes_of
from lawrec.training.devices import precision
from lawrec.training.optimizers import make_optimizer
from lawrec.training.schedules import learning_rate

Batch = dict[str, Any]
_LEAST_WEIGHT = 1e-30


class StepResult(NamedTuple):
    """What a step says of itself, each a float32 scalar; the norm is that before clipping."""

    loss: Any
    gradient_norm: Any
    learning_rate: Any


@dataclass
class State:
    """All that training changes, and all that a checkpoint holds."""

    model: Any
    dropout_seeds: list[Any]
    optimizer: Any
    global_step: Any
    cases_seen: Any
    best_score: Any
    evaluations_without_improvement: Any  # evaluations since the best one
    iterator: Any

    def checkpoint(self) -> Any:
        """Return the tf.train.Checkpoint of all of it."""
        return tf.train.Checkpoint(**vars(self))

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of each variable in the checkpoint, by its name there."""
        seeds = {f"dropout_seeds/{place}": seed for place, seed in enumerate(self.dropout_seeds)}
        moments = {optimizer_name(moment.path): moment for moment in self.optimizer.variables}
        counters = {
            name: part for name, part in vars(self).items() if isinstance(part, tf.Variable)
        }
        others = {**seeds, **moments, **counters}
        return shapes_of(self.model) | {name: tuple(part.shape) for name, part in others.items()}


def create_state(run: Run, records: Records, *, strategy: Any) -> State:
    """Return the state before the first step."""
    config = run.config
    training = config.training
    dataset = training_batches(
        records,
        training.epochs,
        batch_tokens=training.batch_tokens,
        shuffle_cases=training.shuffle_buffer_size,
        seed=training.seed,
    )
    with strategy.scope(), precision(training.precision):
        model = model_of(run)
        for name, counts in _counts(model, records).items():
            n_cases = max(1, records.manifest.known_cases[name])
            model.get_layer(name).bias.assign(log_odds_bias([count / n_cases for count in counts]))
        optimizer = make_optimizer(config.optimizer)
        optimizer.build(model.trainable_variables)
    # What only counts is outside of the replicas.
    return State(
        model=model,
        dropout_seeds=_seeds(model),
        optimizer=optimizer,
        global_step=tf.Variable(0, dtype=tf.int64),
        cases_seen=tf.Variable(0, dtype=tf.int64),
        best_score=tf.Variable(-math.inf, dtype=tf.float64),
        evaluations_without_improvement=tf.Variable(0, dtype=tf.int64),
        iterator=iter(dataset),
    )


def make_step(
    state: State, strategy: Any, *, config: Config, records: Records
) -> Callable[[Batch], StepResult]:
    """Return the compiled step: a batch in, the state moved on.

    The loss is the mean over cases, by weight, of the sum over the labels known for a case.
    """
    total_cases = config.training.epochs * records.split("train").cases
    variables = state.model.trainable_variables
    replicas = strategy.num_replicas_in_sync
    loss_of = _loss(state.model, config, records=records, replicas=replicas)

    def replica_step(batch: Batch, total_weight: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            loss = loss_of(_share(batch, replicas), total_weight, training=True)
        return loss, _summed(tape.gradient(loss, variables), replicas)

    @tf.function(input_signature=[state.iterator.element_spec], autograph=False)
    def step(batch: Batch) -> StepResult:
        n_cases = tf.shape(batch["weights"])[0]
        total_weight = _total_weight(batch)
        rate = learning_rate(state.cases_seen / total_cases, config.optimizer)
        state.optimizer.learning_rate.assign(rate)
        args = (_enough(batch, replicas), total_weight)
        loss, sums = strategy.run(replica_step, args=args)
        gradients = [strategy.experimental_local_results(of_replicas)[0] for of_replicas in sums]
        state.optimizer.apply(gradients, variables)
        state.global_step.assign_add(1)
        state.cases_seen.assign_add(tf.cast(n_cases, tf.int64))
        loss = strategy.reduce(tf.distribute.ReduceOp.SUM, loss, axis=None)
        return StepResult(loss, tf.linalg.global_norm(gradients), rate)

    return lambda batch: step(batch)


def make_gradients(
    model: Any, config: Config, *, records: Records
) -> Callable[[Batch], tuple[Any, dict[str, Any]]]:
    """Return the function from a batch to its loss and the gradient of each weight, by name.

    It changes nothing, not even random numbers: dropout is off.
    """
    variables = model.trainable_variables
    loss_of = _loss(model, config, records=records, replicas=1)

    def gradients(batch: Batch) -> tuple[Any, dict[str, Any]]:
        with tf.GradientTape() as tape:
            loss = loss_of(batch, _total_weight(batch), training=False)
        found = tape.gradient(loss, variables)
        names = [variable.path for variable in variables]
        return loss, dict(zip(names, map(tf.convert_to_tensor, found), strict=True))

    return gradients


def _loss(model: Any, config: Config, *, records: Records, replicas: int) -> Callable[..., Any]:
    """Return the function from a replica's rows and the whole batch's weight to its loss."""
    losses = _task_losses(model, config, records=records)
    variables = model.trainable_variables

    def loss(share: Batch, total_weight: Any, training: bool) -> Any:
        logits = model(share["token_ids"], training=training)
        of_cases = sum(task(logits, share) for task in losses) / total_weight
        squares = sum(tf.nn.l2_loss(weights) for weights in variables)
        return of_cases + config.loss.l2 / replicas * squares

    return loss


def _total_weight(batch: Batch) -> Any:
    """Return the sum of the weights; a batch without any has a loss of 0, not of 0/0."""
    return tf.maximum(tf.reduce_sum(batch["weights"]), _LEAST_WEIGHT)


def _counts(model: Any, records: Records) -> dict[str, tuple[int, ...]]:
    """Return the train cases of each label, for each output of the model."""
    counts = {
        "articles": records.manifest.label_counts,
        "charges": records.manifest.charge_counts,
    }
    return {name: counts[name] for name in model.output}


def _task_losses(
    model: Any, config: Config, *, records: Records
) -> list[Callable[[Any, Batch], Any]]:
    """Return, for each output, the function from logits and batch to its part of the loss."""
    shares = {"articles": 1.0, "charges": config.loss.charge_weight}

    def task(name: str, counts: tuple[int, ...]) -> Callable[[Any, Batch], Any]:
        weights = label_weights(counts, config.loss)
        return lambda logits, batch: (
            shares[name]
            * loss_sum(
                logits[name],
                batch[name],
                known=batch[f"{name}_known"],
                weights=batch["weights"],
                config=config.loss,
                label_weights=weights,
            )
        )

    return [task(name, counts) for name, counts in _counts(model, records).items()]


def _enough(batch: Batch, replicas: int) -> Batch:
    """Repeat a batch of fewer cases than replicas, with weight 0, until each of these has one.

    It is repeated whole: its mean and variance, which a normalisation takes, stay the same.
    """
    if replicas == 1:
        return batch
    rows = tf.shape(batch["weights"])[0]
    position = tf.range(rows * -(-replicas // rows))
    repeated = {name: tf.gather(part, position % rows) for name, part in batch.items()}
    return {**repeated, "weights": tf.where(position < rows, repeated["weights"], 0.0)}


def _share(batch: Batch, replicas: int) -> Batch:
    """Return this replica's rows of a batch."""
    if replicas == 1:
        return batch
    first = tf.distribute.get_replica_context().replica_id_in_sync_group
    return {name: part[first::replicas] for name, part in batch.items()}


def _summed(gradients: list[Any], replicas: int) -> list[Any]:
    """Return the gradients summed over all replicas."""
    if replicas == 1:
        return gradients
    context = tf.distribute.get_replica_context()
    dense = [tf.convert_to_tensor(gradient) for gradient in gradients]
    return list(context.all_reduce(tf.distribute.ReduceOp.SUM, dense))


def _seeds(model: Any) -> list[Any]:
    """The states of the random numbers, which Keras keeps apart from what a checkpoint tracks."""
    weights = {id(weight) for weight in model.weights}
    return [variable.value for variable in model.variables if id(variable) not in weights]
