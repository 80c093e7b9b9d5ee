"""The state of a training, and the compiled step that updates it.

The step runs under a `tf.distribute` strategy, and its result does not depend on the number of
replicas. Every replica, on whichever worker, gets the same whole batch and takes its own share of
the rows. The gradients of all replicas are summed, so that the sum is the gradient that one device
would compute for the whole batch. The optimizer is applied once, outside the replicas, to that sum:
clipping, accumulation and moving averages need not know about replicas.

The loss has one part per output of the model. "articles" is the output that predicts. "charges" is
a second output, for training alone, which exists if `loss.charge_weight` is above 0: its loss is
added with that weight, and teaches the layers that both outputs share. Labels that are not known
for a case do not count; those of a case with charges alone may be all its articles. A case counts
by its weight. Weights of cases count in the loss alone, not in metrics, which could not be compared
if cases had different weights.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import tensorflow as tf

from lawrec.config import LossConfig
from lawrec.corpus.records.input_pipeline import training_batches
from lawrec.corpus.records.manifest import Records
from lawrec.devices.configure import precision_scope
from lawrec.errors import RunError
from lawrec.models.losses import label_weights, loss_sum
from lawrec.models.lstm_classifier import log_odds_bias
from lawrec.runs.run import Run
from lawrec.training.checkpoints import build_run_model, optimizer_variable_name, weight_shapes
from lawrec.training.optimizers import Optimizer, make_optimizer
from lawrec.training.schedules import learning_rate
from lawrec.training.setup import TrainingSetup
from lawrec.types import Float32Array, Model, Tensor

Batch: TypeAlias = dict[str, Tensor]
"""One batch, as `training_batches` yields it."""
TrainStep: TypeAlias = Callable[[Batch], "StepResult"]
GradientFunction: TypeAlias = Callable[[Batch], tuple[Tensor, dict[str, Tensor]]]
"""From a batch to its loss and the gradient of each weight, by name."""
_MIN_TOTAL_WEIGHT = 1e-30


class StepResult(NamedTuple):
    """What a step reports, each a float32 scalar; the norm is that before clipping."""

    loss: Tensor
    gradient_norm: Tensor
    learning_rate: Tensor


def checked_result(result: StepResult, run: Run, *, step: int) -> StepResult:
    """Return the numbers of a step as Python floats.

    Args:
        result: What the step returned.
        run: The run, for the error.
        step: The number of the step, for the error.

    Raises:
        RunError: The loss or the gradient norm is not finite. The weights are not saved then.

    Example:
        >>> checked_result(StepResult(tf.constant(0.5), tf.constant(1.0), 0.25), run=None, step=1)
        StepResult(loss=0.5, gradient_norm=1.0, learning_rate=0.25)
    """
    numbers = StepResult(*map(float, result))
    if not (math.isfinite(numbers.loss) and math.isfinite(numbers.gradient_norm)):
        raise RunError(
            run.folder,
            expected="the loss and its gradient must stay finite",
            got=f"{numbers.loss} and {numbers.gradient_norm} at step {step}",
            todo="The last checkpoint is from an earlier step. Train a new run with a smaller "
            "--set optimizer.learning_rate, or, on a GPU, with --set training.precision=float32.",
        )
    return numbers


@dataclass
class TrainState:
    """All that training changes, and all that a checkpoint holds.

    Attributes:
        model: The model.
        dropout_seeds: The states of the random numbers of its dropout layers. Keras keeps them
            apart from what `tf.train.Checkpoint` finds in a model.
        optimizer: The optimizer, with its moments and its moving averages.
        global_step: int64 (), the steps done.
        cases_seen: int64 (), the train cases seen, each as often as it was seen.
        best_score: float64 (), the best value of `training.monitor` on the valid split,
            or the step of the last evaluation where there is none.
        evaluations_without_improvement: int64 (), the evaluations since that one.
        iterator: The iterator over the batches; it knows its position in the shuffled data.
    """

    model: Model
    dropout_seeds: list[Any]
    optimizer: Optimizer
    global_step: Any
    cases_seen: Any
    best_score: Any
    evaluations_without_improvement: Any
    iterator: Any

    def checkpoint(self) -> Any:
        """Return a `tf.train.Checkpoint` of all attributes."""
        return tf.train.Checkpoint(**vars(self))

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of each variable in the checkpoint, by its name there."""
        seeds = {f"dropout_seeds/{i}": seed for i, seed in enumerate(self.dropout_seeds)}
        moments = {optimizer_variable_name(each.path): each for each in self.optimizer.variables}
        counters = {
            name: value for name, value in vars(self).items() if isinstance(value, tf.Variable)
        }
        others = {**seeds, **moments, **counters}
        return weight_shapes(self.model) | {
            name: tuple(variable.shape) for name, variable in others.items()
        }


def create_train_state(setup: TrainingSetup) -> TrainState:
    """Return the state before the first step.

    The bias of each output starts at the log-odds of its label among those train cases whose labels
    are known. An article that no train case has starts near a logit of -11.5, a score of 1e-5.

    Example:
        >>> state = create_train_state(TrainingSetup(run, records))  # doctest: +SKIP
        >>> int(state.global_step)  # doctest: +SKIP
        0
    """
    run, records = setup.run, setup.records
    config = run.config.training
    dataset = training_batches(
        records,
        config.epochs,
        max_tokens=run.config.model.lstm_tokens,
        batch_tokens=config.batch_tokens,
        shuffle_cases=config.shuffle_buffer_size,
        seed=config.seed,
    )
    with setup.strategy.scope(), precision_scope(config.precision):
        model = build_run_model(run)
        for name, counts in _label_counts(model, records).items():
            n_cases = max(1, records.manifest.known_cases[name])
            model.get_layer(name).bias.assign(log_odds_bias([count / n_cases for count in counts]))
        optimizer = make_optimizer(run.config.optimizer)
        optimizer.build(model.trainable_variables)
    # Counters live outside the strategy's scope: they are not mirrored.
    return TrainState(
        model=model,
        dropout_seeds=_dropout_seeds(model),
        optimizer=optimizer,
        global_step=tf.Variable(0, dtype=tf.int64),
        cases_seen=tf.Variable(0, dtype=tf.int64),
        best_score=tf.Variable(-math.inf, dtype=tf.float64),
        evaluations_without_improvement=tf.Variable(0, dtype=tf.int64),
        iterator=iter(dataset),
    )


def make_train_step(state: TrainState, setup: TrainingSetup) -> TrainStep:
    """Return the compiled training step: it takes a batch and updates the state.

    The loss is the mean over cases, by weight, of the sum over the known labels of a case.

    Args:
        state: The state to update.
        setup: What the state was created with.

    Example:
        >>> step = make_train_step(state, setup)  # doctest: +SKIP
        >>> float(step(next(state.iterator)).loss)  # doctest: +SKIP
        2.1
    """
    config, strategy = setup.run.config, setup.strategy
    total_cases = config.training.epochs * setup.records.n_learned
    variables = state.model.trainable_variables
    replicas = strategy.num_replicas_in_sync
    loss_function = _make_loss(state.model, setup, replicas=replicas)

    def replica_step(batch: Batch, total_weight: Tensor) -> tuple[Tensor, list[Tensor]]:
        with tf.GradientTape() as tape:
            loss = loss_function(_own_rows(batch, replicas), total_weight, training=True)
        return loss, _sum_over_replicas(tape.gradient(loss, variables), replicas)

    @tf.function(input_signature=[state.iterator.element_spec], autograph=False)
    def step(batch: Batch) -> StepResult:
        n_cases = tf.shape(batch["weights"])[0]
        rate = learning_rate(state.cases_seen / total_cases, config.optimizer)
        state.optimizer.learning_rate.assign(rate)
        args = (_at_least_one_row_each(batch, replicas), _total_weight(batch))
        loss, replica_sums = strategy.run(replica_step, args=args)
        # Every replica holds the same sum; the optimizer needs it once.
        gradients = [strategy.experimental_local_results(sums)[0] for sums in replica_sums]
        state.optimizer.apply(gradients, variables)
        state.global_step.assign_add(1)
        state.cases_seen.assign_add(tf.cast(n_cases, tf.int64))
        loss = strategy.reduce(tf.distribute.ReduceOp.SUM, loss, axis=None)
        return StepResult(loss, tf.linalg.global_norm(gradients), rate)

    # TensorFlow has no types: without this, a type checker would not know what the step takes.
    compiled: TrainStep = step
    return compiled


def make_gradient_function(model: Model, setup: TrainingSetup) -> GradientFunction:
    """Return the function from a batch to its loss and the gradient of each weight, by name.

    It changes nothing, not even the state of random numbers, since dropout is off.

    Args:
        model: The model.
        setup: The run, for the settings of its loss, and its records, for the support of each
            label.

    Example:
        >>> gradients = make_gradient_function(state.model, setup)  # doctest: +SKIP
        >>> gradients(batch)[1]["articles/kernel"].shape  # doctest: +SKIP
        TensorShape([183, 256])
    """
    variables = model.trainable_variables
    loss_function = _make_loss(model, setup, replicas=1)

    def compute(batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        with tf.GradientTape() as tape:
            loss = loss_function(batch, _total_weight(batch), training=False)
        gradients = tape.gradient(loss, variables)
        names = [variable.path for variable in variables]
        return loss, dict(zip(names, map(tf.convert_to_tensor, gradients), strict=True))

    return compute


@dataclass(frozen=True)
class _Loss:
    """The loss of one replica: its part of the mean over the batch, and of the L2 penalty.

    Attributes:
        model: The model.
        config: The settings of [loss].
        label_weights: The weight of each label, float32 (n_labels,), by output of the model.
        replicas: The number of replicas, which share the L2 penalty.
    """

    model: Model
    config: LossConfig
    label_weights: Mapping[str, Float32Array]
    replicas: int

    def __call__(self, rows: Batch, total_weight: Tensor, *, training: bool) -> Tensor:
        """Return the loss of some rows of a batch, float32 ().

        Args:
            rows: The replica's rows.
            total_weight: The sum of the weights of all rows of the batch.
            training: Whether dropout is on.
        """
        logits = self.model(rows["token_ids"], training=training)
        case_loss = sum(self._output_loss(name, logits[name], rows) for name in self.label_weights)
        penalty = sum(tf.nn.l2_loss(weight) for weight in self.model.trainable_variables)
        return case_loss / total_weight + self.config.l2 / self.replicas * penalty

    def _output_loss(self, name: str, logits: Tensor, rows: Batch) -> Tensor:
        """Return the summed loss of an output, times the share that it has in the loss."""
        share = {"articles": 1.0, "charges": self.config.charge_weight}[name]
        return share * loss_sum(
            logits,
            rows[name],
            known=rows[f"{name}_known"],
            weights=rows["weights"],
            config=self.config,
            label_weights=self.label_weights[name],
        )


def _make_loss(model: Model, setup: TrainingSetup, *, replicas: int) -> _Loss:
    config, counts = setup.run.config.loss, _label_counts(model, setup.records)
    weights = {name: label_weights(counts[name], config) for name in counts}
    return _Loss(model, config, weights, replicas)


def _label_counts(model: Model, records: Records) -> dict[str, tuple[int, ...]]:
    """Return the number of train cases of each label, for each output of the model."""
    counts = {
        "articles": records.manifest.label_counts,
        "charges": records.manifest.charge_counts,
    }
    return {name: counts[name] for name in model.output}


def _total_weight(batch: Batch) -> Tensor:
    """Return the sum of the weights; if it is 0, a tiny number, so that the loss is 0, not 0/0."""
    return tf.maximum(tf.reduce_sum(batch["weights"]), _MIN_TOTAL_WEIGHT)


def _at_least_one_row_each(batch: Batch, replicas: int) -> Batch:
    """Repeat a batch with fewer rows than replicas until each replica has a row.

    The whole batch is repeated, with weight 0: batch normalization then computes the same mean and
    variance as for the batch itself. For example, rows [a, b, c] become [a, b, c, a, b, c] for four
    replicas, with the weights [1, 1, 1, 0, 0, 0].
    """
    if replicas == 1:
        return batch
    n_rows = tf.shape(batch["weights"])[0]
    rows = tf.range(n_rows * -(-replicas // n_rows))  # -(-a // b) is a / b, rounded up
    repeated = {name: tf.gather(values, rows % n_rows) for name, values in batch.items()}
    return {**repeated, "weights": tf.where(rows < n_rows, repeated["weights"], 0.0)}


def _own_rows(batch: Batch, replicas: int) -> Batch:
    """Return this replica's rows of a batch: of two replicas, the second has rows 1, 3, 5 ..."""
    if replicas == 1:
        return batch
    first = tf.distribute.get_replica_context().replica_id_in_sync_group
    return {name: values[first::replicas] for name, values in batch.items()}


def _sum_over_replicas(gradients: list[Tensor], replicas: int) -> list[Tensor]:
    """Return the gradients summed over all replicas."""
    if replicas == 1:
        return gradients
    context = tf.distribute.get_replica_context()
    dense = [tf.convert_to_tensor(gradient) for gradient in gradients]
    return list(context.all_reduce(tf.distribute.ReduceOp.SUM, dense))


def _dropout_seeds(model: Model) -> list[Any]:
    """Return the states of the random numbers: the variables of a model that are not weights."""
    weights = {id(weight) for weight in model.weights}
    return [variable.value for variable in model.variables if id(variable) not in weights]
