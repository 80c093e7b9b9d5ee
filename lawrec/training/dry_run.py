"""Dry run: look at the first batch of a training and take two steps, without creating a run."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import keras
import numpy as np
import numpy.typing as npt

from lawrec.config import Config
from lawrec.corpus.records.dataset_spec import DatasetSpec, RunSpec, check_dataset_spec
from lawrec.corpus.records.manifest import Records, find_damage
from lawrec.corpus.records.prepare import prepare
from lawrec.corpus.vocabulary import PAD_ID, Vocabulary
from lawrec.devices.configure import configure_devices
from lawrec.progress import SILENT, Progress
from lawrec.runs.create import create_run
from lawrec.runs.results import DryRunReport, FirstBatch, ShownCase
from lawrec.runs.run import WarmStart
from lawrec.training.setup import TrainingSetup, find_warm_start, with_device
from lawrec.training.throughput import Throughput
from lawrec.training.train_step import (
    Batch,
    TrainState,
    create_train_state,
    make_gradient_function,
    make_train_step,
)
from lawrec.training.warm_start import load_shared_weights
from lawrec.translation import marked
from lawrec.types import NumberArray, Tensor

Arrays: TypeAlias = dict[str, NumberArray]
"""A batch in NumPy, as `training_batches` yields it in tensors."""


def preview(
    root: Path,
    new: RunSpec,
    *,
    device: str | None = None,
    first_batch: bool = False,
    two_steps: bool = False,
    progress: Progress = SILENT,
) -> tuple[FirstBatch | None, DryRunReport | None]:
    """Prepare the cases of a training, check its first batch and take two steps.

    Nothing is kept but the prepared records.

    Args:
        root: The folder of the runs, in which one to start from is looked up.
        new: What the run would be created from.
        device: Replaces the setting `training.device`.
        first_batch: Whether to check the first batch.
        two_steps: Whether to take two steps; none are taken if a check of the first batch fails.
        progress: Gets the progress of preparing the cases.

    Returns:
        The first batch with its checks, and the report of the two steps; None for what was not
        asked for, or not done.

    Raises:
        CaseError: The cases cannot be used, as `check_dataset_spec` and `prepare` say.
        ConfigError: The settings do not match the cases, or the run to start from.
        RunError: There is no such device, or no run to start from whose weights have the shapes of
            the new one.

    Example:
        >>> new = RunSpec(Config(), DatasetSpec())
        >>> batch, report = preview(Path("checkpoints"), new, two_steps=True)  # doctest: +SKIP
        >>> report.parameters  # doctest: +SKIP
        1260000
    """
    config, dataset = new.config, new.dataset
    warm_start = find_warm_start(root, new)
    check_dataset_spec(dataset, config.ranking)
    configure_devices(with_device(config, device).training)
    records = prepare(dataset, config.corpus, progress=progress)
    batch = (
        check_first_batch(config, records, dataset=dataset, warm_start=warm_start)
        if first_batch
        else None
    )
    if not two_steps or (batch and any(batch.checks.values())):
        return batch, None
    return batch, take_two_steps(config, records, dataset=dataset, warm_start=warm_start)


def take_two_steps(
    config: Config, records: Records, *, dataset: DatasetSpec, warm_start: WarmStart | None = None
) -> DryRunReport:
    """Build the model and take two steps on the first batch.

    Args:
        config: All settings.
        records: The records of the cases.
        dataset: The cases.
        warm_start: Where to initialize the weights from, if from another run.

    Returns:
        Sizes, the loss of the first step, and the speed of the second, which needs no compiling.

    Raises:
        RecordsError: A shard of the train split is missing or damaged.
        RunError: The weights to start from do not fit, as `load_shared_weights` says.

    Example:
        >>> take_two_steps(config, records, dataset=dataset).loss  # doctest: +SKIP
        2.1
    """
    with _temporary_state(config, records, dataset=dataset, warm_start=warm_start) as (
        setup,
        state,
    ):
        batch = next(state.iterator)
        step = make_train_step(state, setup)
        start = time.monotonic()
        loss = float(step(batch).loss)
        first_seconds = time.monotonic() - start
        throughput = Throughput()
        throughput.add(batch["token_ids"])
        float(step(batch).loss)  # waits until the step is done
        throughput.add(batch["token_ids"])
        return DryRunReport(
            records=records,
            parameters=state.model.count_params(),
            weight_bytes=_n_bytes(state.model.weights),
            optimizer_bytes=_n_bytes(state.optimizer.variables),
            shapes=_shapes(_to_arrays(batch)),
            loss=loss,
            first_seconds=first_seconds,
            speed=throughput.rates(),
        )


def check_first_batch(
    config: Config, records: Records, *, dataset: DatasetSpec, warm_start: WarmStart | None = None
) -> FirstBatch:
    """Check the first batch of a training, and the loss and gradients that it gives.

    Args:
        config: All settings.
        records: The records of the cases.
        dataset: The cases.
        warm_start: Where to initialize the weights from, if from another run.

    Raises:
        RecordsError: A shard of the train split is missing or damaged.
        RunError: The weights to start from do not fit, as `load_shared_weights` says.

    Example:
        >>> batch = check_first_batch(config, records, dataset=dataset)  # doctest: +SKIP
        >>> batch.checks[marked("the loss is finite")]  # doctest: +SKIP
        ()
    """
    with _temporary_state(config, records, dataset=dataset, warm_start=warm_start) as (
        setup,
        state,
    ):
        batch = next(state.iterator)
        arrays = _to_arrays(batch)
        checks = check_batch(arrays, len(records.tokens))
        if not any(checks.values()):
            gradient_function = make_gradient_function(state.model, setup)
            loss, gradients = gradient_function(batch)
            checks[marked("the loss is finite")] = _not_finite({"loss": loss})
            checks[marked("gradients are finite")] = _not_finite(gradients)
        n_rows = len(arrays["weights"])
        return FirstBatch(
            shapes=_shapes(arrays),
            cases=tuple(_shown_case(arrays, row, records=records) for row in range(n_rows)),
            checks=checks,
        )


def check_batch(batch: Arrays, n_tokens: int) -> dict[str, tuple[str, ...]]:
    """Check that a batch is what the model needs.

    Args:
        batch: The batch.
        n_tokens: The size of the vocabulary.

    Returns:
        For each check, the rows or arrays that fail it; empty if it passes.

    Example:
        >>> batch = {"token_ids": np.array([[5, 0], [0, 0]]), "weights": np.array([1.0, 1.0])}
        >>> check_batch(batch, 8)["no row is empty"]
        ('row 1',)
    """
    ids, weights = batch["token_ids"], batch["weights"]
    padding = ids == PAD_ID
    label_arrays = [name for name in batch if name not in ("token_ids", "weights")]
    return {
        marked("token ids are in the vocabulary"): _rows(
            ((ids < 0) | (ids >= n_tokens)).any(axis=1)
        ),
        # A padding with a token to its right.
        marked("padding is on the right"): _rows((padding[:, :-1] & ~padding[:, 1:]).any(axis=1)),
        marked("no row is empty"): _rows(padding.all(axis=1)),
        marked("labels are 0 or 1"): tuple(
            name for name in label_arrays if not np.isin(batch[name], (0, 1)).all()
        ),
        marked("weights are finite and not below 0"): _rows(
            ~(np.isfinite(weights) & (weights >= 0))
        ),
    }


@contextmanager
def _temporary_state(
    config: Config, records: Records, *, dataset: DatasetSpec, warm_start: WarmStart | None
) -> Iterator[tuple[TrainingSetup, TrainState]]:
    """Yield a run whose folder is deleted after the block, and its state before the first step."""
    if damage := find_damage(records, "train"):
        raise damage
    keras.utils.set_random_seed(config.training.seed)
    with TemporaryDirectory() as folder:
        run = create_run(
            Path(folder), config, records=records, dataset=dataset, warm_start=warm_start
        )
        setup = TrainingSetup(run, records)
        state = create_train_state(setup)
        if warm_start:
            load_shared_weights(state.model, run, warm_start=warm_start)
        yield setup, state


def _to_arrays(batch: Batch) -> Arrays:
    return {name: values.numpy() for name, values in batch.items()}


def _shapes(arrays: Arrays) -> dict[str, str]:
    """Return texts such as "float32 (32, 183)"."""
    return {
        name: f"{array.dtype} ({', '.join(map(str, array.shape))})"
        for name, array in arrays.items()
    }


def _shown_case(batch: Arrays, row: int, *, records: Records) -> ShownCase:
    names = records.tokens.names
    token_ids = batch["token_ids"][row]
    tokens = (
        names[token_id] if 0 <= token_id < len(names) else f"<{token_id}>"
        for token_id in token_ids
        if token_id != PAD_ID
    )
    return ShownCase(
        text=" ".join(tokens),
        articles=_label_names(batch["articles"][row], records.articles),
        charges=_label_names(batch["charges"][row], records.charges),
        weight=float(batch["weights"][row]),
    )


def _label_names(labels: NumberArray, vocabulary: Vocabulary) -> tuple[str, ...]:
    return tuple(vocabulary.names[label_id] for label_id in np.flatnonzero(labels))


def _rows(failed: npt.ArrayLike) -> tuple[str, ...]:
    return tuple(f"row {row}" for row in np.flatnonzero(failed))


def _not_finite(tensors: Mapping[str, Tensor]) -> tuple[str, ...]:
    return tuple(name for name, values in tensors.items() if not np.isfinite(values).all())


def _n_bytes(variables: list[Any]) -> int:
    return sum(variable.numpy().nbytes for variable in variables)
