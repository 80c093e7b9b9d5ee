"""Compare training with PyTorch on the same layers, in cases per second.

    python -m pip install torch==2.13.0
    python tests/benchmarks/bench_training.py [DATA] [SECTION.KEY=VALUE ...]

DATA is a folder of cases, by default ../shared/cail next to the checkout, else the invented sample;
of a large folder, the first cases. A setting such as `training.batch_tokens=12288` changes both
sides. PyTorch gets the cases of our batches, (a) padded to the maximum length, with as many tokens
per batch, and (b) in our own batches, packed. The three take turns, so that other work on the
machine slows them equally, and medians are printed.
"""

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from bench_pipeline import CAIL, first_cases

from lawrec import config_sources
from lawrec.config import Config
from lawrec.corpus.records.dataset_spec import DatasetSpec
from lawrec.corpus.records.input_pipeline import training_batches
from lawrec.corpus.records.prepare import prepare
from lawrec.runs.create import create_run
from lawrec.storage.resources import shipped_path
from lawrec.training.setup import TrainingSetup
from lawrec.training.train_step import TrainState, create_train_state, make_train_step

BATCHES = 8
ROUNDS = 3
TARGETS = {"padded": 1.5, "packed": 1.0}

Case = tuple[Any, Any]
"""Its token ids and its labels, one column per article."""


def main() -> None:
    """Print the rates, their ratios, the padding efficiency, and the times of our parts."""
    settings = [argument for argument in sys.argv[1:] if "=" in argument]
    named = [Path(argument) for argument in sys.argv[1:] if "=" not in argument]
    data = named[0] if named else CAIL if CAIL.is_dir() else shipped_path("data/sample")
    resolved = config_sources.load(None, settings)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        cases = first_cases(data, root / "data")
        dataset = DatasetSpec(cases, records_root=root / "records", vocab_root=root)
        records = prepare(dataset, resolved.corpus)
        run = create_run(root / "runs", resolved, records=records, dataset=dataset)
        setup = TrainingSetup(run, records)
        state = create_train_state(setup)
        step = make_train_step(state, setup)
        sizes = resolved.training
        epoch = list(
            training_batches(
                records,
                1,
                max_tokens=384,
                batch_tokens=sizes.batch_tokens,
                shuffle_cases=sizes.shuffle_buffer_size,
                seed=sizes.seed,
            )
        )
    print(f"{data}, {len(records.tokens)} tokens, {len(records.articles)} articles")
    print(f"padding efficiency  {_efficiency(epoch):8.1%} of {len(epoch)} batches")
    batches = random.Random(1).sample(epoch, min(BATCHES, len(epoch)))
    functions = {"lawrec": lambda: [float(step(batch).loss) for batch in batches]}
    functions |= _pytorch_functions(resolved, records.manifest.max_tokens, batches, state)
    _compare(functions, sum(int(batch["weights"].shape[0]) for batch in batches))
    _split_time(state, batches)


def _efficiency(batches: Sequence[Any]) -> float:
    """Return the share of the batches that is not padding."""
    real = sum(int(tf.math.count_nonzero(batch["token_ids"])) for batch in batches)
    return real / sum(int(tf.size(batch["token_ids"])) for batch in batches)


def _compare(functions: dict[str, Callable[[], Any]], cases: int) -> None:
    for function in functions.values():  # the first call compiles
        function()
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(ROUNDS):
        for name, function in functions.items():
            seconds[name].append(_seconds(function))
    print(f"load of the machine {os.getloadavg()[0]:8.1f} on {os.cpu_count()} cores")
    rates = {name: cases / statistics.median(taken) for name, taken in seconds.items()}
    for name, rate in rates.items():
        spread = ", ".join(f"{cases / taken:.1f}" for taken in seconds[name])
        print(f"{name:18}  {rate:8.1f} cases/s ({spread})")
    for name, target in TARGETS.items():
        if name in rates:
            print(f"ratio to {name:9}  {rates['lawrec'] / rates[name]:8.2f} (target {target})")


def _seconds(function: Callable[[], Any]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def _pytorch_functions(
    settings: Config, max_tokens: int, batches: Sequence[Any], state: TrainState
) -> dict[str, Callable[[], Any]]:
    """Return the same steps in PyTorch, (a) padded to the maximum length and (b) packed."""
    try:
        import torch_training
    except ModuleNotFoundError:
        print(
            "PyTorch is not installed, so nothing is compared: python -m pip install torch==2.13.0"
        )
        return {}
    ours = [_cases(batch) for batch in batches]
    flat = [case for batch in ours for case in batch]
    random.Random(2).shuffle(flat)
    rows = max(1, settings.training.batch_tokens // max_tokens)
    padded = [flat[start : start + rows] for start in range(0, len(flat), rows)]
    size = state.model.get_layer("embedding").input_dim, state.model.output["articles"].shape[-1]
    step = torch_training.make_train_step(settings, *size)
    return {
        "padded": lambda: [step(batch, max_tokens, packed=False) for batch in padded],
        "packed": lambda: [step(batch, None, packed=True) for batch in ours],
    }


def _cases(batch: Any) -> list[Case]:
    rows = zip(batch["token_ids"].numpy(), batch["articles"].numpy(), strict=True)
    return [(token_ids[token_ids != 0].astype(np.int64), labels) for token_ids, labels in rows]


def _split_time(state: TrainState, batches: Sequence[Any]) -> None:
    """Print the time of each part of our step, each compiled and run on its own."""
    model, optimizer = state.model, state.optimizer
    embedding = model.get_layer("embedding")
    lookup = tf.keras.Model(model.input, embedding.output)
    last = [layer for layer in model.layers if layer.name.startswith(("bilstm", "lstm"))][-1]
    states = tf.keras.Model(model.input, last.output)
    zeros = [tf.zeros_like(variable) for variable in model.trainable_variables]
    parts = {
        "embedding": _gradients(lookup, lambda output: output),
        "+ LSTM": _gradients(states, lambda output: output),
        "+ attention": _gradients(model, lambda output: output["articles"]),
        "optimizer": tf.function(
            lambda _: optimizer.apply(zeros, model.trainable_variables), autograph=False
        ),
    }
    for name, part in parts.items():
        for batch in batches:
            part(batch["token_ids"])
        taken = _seconds(lambda part=part: [part(batch["token_ids"]) for batch in batches])
        print(f"{name:18}  {taken / len(batches) * 1e3:8.1f} ms per step, forward and backward")


def _gradients(model: Any, output_of: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @tf.function(input_signature=[tf.TensorSpec((None, None), tf.int32)], autograph=False)
    def compute(token_ids: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(output_of(model(token_ids, training=True)) ** 2)
        return [
            tf.reduce_sum(tf.convert_to_tensor(gradient))
            for gradient in tape.gradient(loss, model.trainable_variables)
        ]

    return compute


if __name__ == "__main__":
    main()
