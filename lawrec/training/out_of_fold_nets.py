"""Out-of-fold nets: the LSTM's logits of train cases by nets that have not seen them.

Two nets of the run's own kind are trained, each on three fifths of the cases, and score the others.
The middle fifth teaches both of them, and the second stage does not learn from it. So training
takes a little more than twice as long as that of the LSTM alone. Nets that learn from fewer cases
are slightly worse, which was found to matter little.

    folds        0      1      2      3      4
    first net    learns learns learns scores scores
    second net   scores scores learns learns learns

A training that is killed while it trains a net trains that net again.
"""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np

from lawrec.corpus.records.manifest import Records, Split
from lawrec.corpus.records.record import Record
from lawrec.corpus.records.tfrecords import write_shards
from lawrec.corpus.vocabulary import head_and_tail
from lawrec.models.lstm_logits import make_logit_function
from lawrec.ranking.out_of_fold import Folds, without_folds
from lawrec.ranking.train_cases import RankerCases, TrainCases
from lawrec.training.initialization import initialize_embedding
from lawrec.training.optimizers import averaged_weights
from lawrec.training.setup import TrainingSetup
from lawrec.training.train_step import (
    TrainState,
    checked_result,
    create_train_state,
    make_train_step,
)
from lawrec.types import Float32Array

_SCORED_SHARE = 0.4
"""Of the folds, by each of the two nets."""


def out_of_fold_logits(
    setup: TrainingSetup, *, folds: Folds, ranker_cases: RankerCases
) -> Float32Array:
    """Train the nets and return the logits of the train cases.

    Args:
        setup: The run, whose settings the nets have, and the records of all its cases.
        folds: The folds of the train cases and of the extra cases.
        ranker_cases: The train cases and the extra cases.

    Returns:
        float32 (n_cases, n_articles), NaN in the folds that teach both nets.

    Raises:
        RunError: A loss is not finite.

    Example:
        >>> logits = out_of_fold_logits(  # doctest: +SKIP
        ...     setup, folds=folds, ranker_cases=ranker_cases
        ... )
    """
    logits = np.full(ranker_cases.train.y_true.shape, np.nan, np.float32)
    for number, scored in enumerate(scored_folds(setup.run.config.ranking.folds), 1):
        learned = without_folds(ranker_cases, folds, left_out=scored)
        rows = np.flatnonzero(np.isin(folds.train, scored))
        with TemporaryDirectory(prefix="lawrec-") as folder:
            part = _write_records(Path(folder), learned, records=setup.records)
            state = _trained(replace(setup, records=part), number)
            with averaged_weights(state.optimizer, state.model):
                cases = ranker_cases.train.rows(rows).token_ids
                longest = setup.run.config.model.lstm_tokens
                logit_function = make_logit_function(state.model)
                logits[rows] = logit_function([head_and_tail(case, longest) for case in cases])
    return logits


def scored_folds(n_folds: int) -> tuple[list[int], list[int]]:
    """Return the folds that the first net scores, and those that the second one scores.

    Example:
        >>> scored_folds(5)
        ([3, 4], [0, 1])
    """
    n_scored = max(1, round(_SCORED_SHARE * n_folds))
    return list(range(n_folds - n_scored, n_folds)), list(range(n_scored))


def _write_records(folder: Path, ranker_cases: RankerCases, *, records: Records) -> Records:
    """Write cases for the ranker as records, which are those of a training on them alone."""
    cases = {"train": ranker_cases.train, "extra": ranker_cases.extra}
    splits = {
        name: Split(
            source="",
            source_sha256="",
            cases=len(part),
            tokens=0,
            skipped=0,
            shards=tuple(write_shards(_records(part), folder, split=name, shard_cases=len(part))),
        )
        for name, part in cases.items()
        if len(part)
    }
    manifest = replace(
        records.manifest,
        splits=splits,
        label_counts=tuple(ranker_cases.train.y_true.sum(axis=0).tolist()),
        charge_counts=(0,) * len(records.charges),
        known_cases={"articles": int(ranker_cases.train.known.any(axis=1).sum()), "charges": 0},
        compression="",
    )
    return replace(records, folder=folder, manifest=manifest)


def _records(cases: TrainCases) -> list[Record]:
    return [
        Record(
            case_id=str(row),
            token_ids=list(cases.token_ids[row]),
            label_ids=np.flatnonzero(cases.y_true[row]).tolist(),
            unknown_ids=np.flatnonzero(~cases.known[row]).tolist(),
            weight=float(cases.weights[row]),
        )
        for row in range(len(cases))
    ]


def _trained(setup: TrainingSetup, number: int) -> TrainState:
    """Return the state after a training without evaluations and checkpoints."""
    config = setup.run.config.training
    keras.utils.set_random_seed(config.seed + number)
    state = create_train_state(setup)
    initialize_embedding(state, setup)
    step = make_train_step(state, setup)
    total = config.epochs * setup.records.n_learned
    for count, batch in enumerate(state.iterator, 1):
        result = checked_result(step(batch), setup.run, step=count)
        note = f"step {count}, loss {result.loss:.4f}"
        setup.progress.update(f"train net {number} of 2", int(state.cases_seen), total, note)
        if count == config.max_steps:
            break
    return state
