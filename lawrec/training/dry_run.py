"""Rehearsal: what a training would be like, and its first batch, without a run being made."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from lawrec.config import Config
from lawrec.corpus.dataset_spec import DatasetSpec
from lawrec.corpus.manifest import Records, find_damage
from lawrec.corpus.vocabulary import PAD_ID, Vocabulary
from lawrec.runs.results import DryRunReport, FirstBatch, ShownCase
from lawrec.runs.run import create_run
from lawrec.training.throughput import Throughput
from lawrec.training.train_step import State, create_state, make_gradients, make_step

Arrays = dict[str, npt.NDArray[Any]]


def dry_run(config: Config, records: Records, source: DatasetSpec) -> DryRunReport:
    """Build the model and take two steps on the first batch; nothing of it is kept.

    Raises:
        RecordsError: A shard of the train split is missing or damaged.
    """
    with _temporary_state(config, records, source=source) as state:
        batch = next(state.iterator)
        step = make_step(state, tf.distribute.get_strategy(), config=config, records=records)
        started = time.monotonic()
        loss = float(step(batch).loss)
        first_seconds = time.monotonic() - started
        speed = Throughput()
        speed.add(batch["token_ids"])
        float(step(batch).loss)  # waits until the step is done
        speed.add(batch["token_ids"])
        return DryRunReport(
            records=records.folder,
            cases={name: split.cases for name, split in records.manifest.splits.items()},
            tokens=len(records.tokens),
            articles=len(records.articles),
            parameters=state.model.count_params(),
            weight_bytes=_bytes(state.model.weights),
            optimizer_bytes=_bytes(state.optimizer.variables),
            shapes=_shapes(_arrays(batch)),
            loss=loss,
            first_seconds=first_seconds,
            speed=speed.figures(),
        )


def first_batch(config: Config, records: Records, *, source: DatasetSpec) -> FirstBatch:
    """Look at the first batch as the model gets it; nothing of it is kept.

    Raises:
        RecordsError: A shard of the train split is missing or damaged.
    """
    with _temporary_state(config, records, source=source) as state:
        batch = next(state.iterator)
        arrays = _arrays(batch)
        checks = check_batch(arrays, len(records.tokens))
        if not any(checks.values()):
            loss, gradients = make_gradients(state.model, config, records=records)(batch)
            checks["the loss is finite"] = _infinite({"loss": loss})
            checks["gradients are finite"] = _infinite(gradients)
        return FirstBatch(
            shapes=_shapes(arrays),
            cases=tuple(
                _shown(arrays, row, records=records) for row in range(len(arrays["weights"]))
            ),
            checks=checks,
        )


def check_batch(batch: Arrays, n_tokens: int) -> dict[str, tuple[str, ...]]:
    """Return, for each thing that must hold for a batch, the rows or parts for which it does not.

    Args:
        batch: As `training_batches` gives it, in NumPy.
        n_tokens: Size of the vocabulary.
    """
    ids, weights = batch["token_ids"], batch["weights"]
    padding = ids == PAD_ID
    flags = [name for name in batch if name not in ("token_ids", "weights")]
    return {
        "token ids are in the vocabulary": _rows(((ids < 0) | (ids >= n_tokens)).any(axis=1)),
        "padding is on the right": _rows((padding[:, :-1] & ~padding[:, 1:]).any(axis=1)),
        "no row is empty": _rows(padding.all(axis=1)),
        "labels are 0 or 1": tuple(
            name for name in flags if not np.isin(batch[name], (0, 1)).all()
        ),
        "weights are finite and not below 0": _rows(~(np.isfinite(weights) & (weights >= 0))),
    }


@contextmanager
def _temporary_state(config: Config, records: Records, *, source: DatasetSpec) -> Iterator[State]:
    """Give the state before the first step, of a run whose folder is gone afterwards."""
    if damage := find_damage(records, "train"):
        raise damage
    keras.utils.set_random_seed(config.training.seed)
    with TemporaryDirectory() as folder:
        run = create_run(Path(folder), config, records=records, source=source)
        yield create_state(run, records, strategy=tf.distribute.get_strategy())


def _arrays(batch: dict[str, Any]) -> Arrays:
    return {name: part.numpy() for name, part in batch.items()}


def _shapes(arrays: Arrays) -> dict[str, str]:
    return {
        name: f"{array.dtype} ({', '.join(map(str, array.shape))})"
        for name, array in arrays.items()
    }


def _shown(batch: Arrays, row: int, *, records: Records) -> ShownCase:
    ids = batch["token_ids"][row]
    names = records.tokens.names
    return ShownCase(
        text=" ".join(
            names[token] if 0 <= token < len(names) else f"<{token}>"
            for token in ids
            if token != PAD_ID
        ),
        articles=_named(batch["articles"][row], records.articles),
        charges=_named(batch["charges"][row], records.charges),
        weight=float(batch["weights"][row]),
    )


def _named(labels: npt.NDArray[Any], vocabulary: Vocabulary) -> tuple[str, ...]:
    return tuple(vocabulary.names[label] for label in np.flatnonzero(labels))


def _rows(wrong: npt.ArrayLike) -> tuple[str, ...]:
    return tuple(f"row {row}" for row in np.flatnonzero(wrong))


def _infinite(tensors: dict[str, Any]) -> tuple[str, ...]:
    return tuple(name for name, part in tensors.items() if not np.isfinite(part).all())


def _bytes(variables: list[Any]) -> int:
    return sum(int(np.prod(part.shape)) * np.dtype(str(part.dtype)).itemsize for part in variables)
