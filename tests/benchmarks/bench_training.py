"""Compare training with PyTorch on the same layers, in cases per second.

    python -m pip install torch==2.13.0
    python tests/benchmarks/bench_training.py [DATA] [SECTION.KEY=VALUE ...]

DATA is a folder of cases, by default ../shared/cail next to the checkout, else the invented sample;
of a large folder, the first cases. A setting such as `training.batch_tokens=12288` changes both
sides; `training.precision=bfloat16` makes PyTorch compute under autocast, and float32 is full
float32 in both. PyTorch runs in a process of its own, on the GPU if there is one, where its LSTM is
cuDNN's, too. It gets the cases of our batches, (a) padded to the maximum length, with as many
tokens per batch, and (b) in our own batches, packed. The three take turns, so that other work on
the machine slows them equally, and medians are printed.
"""

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from bench_pipeline import CAIL, first_cases

from lawrec import config_sources
from lawrec.corpus.records.dataset_spec import DatasetSpec
from lawrec.corpus.records.input_pipeline import training_batches
from lawrec.corpus.records.prepare import prepare
from lawrec.devices.configure import configure_devices
from lawrec.runs.create import create_run
from lawrec.storage.resources import shipped_path
from lawrec.training.setup import TrainingSetup
from lawrec.training.train_step import TrainState, create_train_state, make_train_step

BATCHES = 8
ROUNDS = 3
TARGETS = {"padded": 1.5, "packed": 1.0}
TORCH_TRAINING = Path(__file__).with_name("torch_training.py")


def main() -> None:
    """Print the rates, their ratios, the padding efficiency, and the times of our parts."""
    settings = [argument for argument in sys.argv[1:] if "=" in argument]
    named = [Path(argument) for argument in sys.argv[1:] if "=" not in argument]
    data = named[0] if named else CAIL if CAIL.is_dir() else shipped_path("data/sample")
    resolved = config_sources.load(None, settings)
    configure_devices(resolved.training)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
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
                max_tokens=resolved.model.lstm_tokens,
                batch_tokens=sizes.batch_tokens,
                shuffle_cases=sizes.shuffle_buffer_size,
                seed=sizes.seed,
            )
        )
        batches = random.Random(1).sample(epoch, min(BATCHES, len(epoch)))
        print(f"{data}, {len(records.tokens)} tokens, {len(records.articles)} articles")
        print(f"GPUs  {tf.config.list_physical_devices('GPU') or 'none'}, {sizes.precision}")
        print(f"padding efficiency  {_efficiency(epoch):8.1%} of {len(epoch)} batches")
        functions = {
            "lawrec": lambda: _seconds(lambda: [float(step(each).loss) for each in batches])
        }
        if find_spec("torch"):
            _write_batches(root / "batches.npz", batches)
            size = len(records.tokens), len(records.articles)
            command = [root / "batches.npz", *size, *settings]
            ask = stack.enter_context(_torch_process([str(each) for each in command]))
            longest = resolved.model.lstm_tokens
            functions |= {
                "padded": lambda: ask(f"padded {longest}"),
                "packed": lambda: ask("packed"),
            }
        else:
            print("PyTorch is not installed: nothing to compare with.")
        _compare(functions, sum(int(batch["weights"].shape[0]) for batch in batches))
    _split_time(state, batches)


def _efficiency(batches: Sequence[Any]) -> float:
    """Return the share of the batches that is not padding."""
    real = sum(int(tf.math.count_nonzero(batch["token_ids"])) for batch in batches)
    return real / sum(int(tf.size(batch["token_ids"])) for batch in batches)


def _compare(functions: dict[str, Callable[[], float]], cases: int) -> None:
    for function in functions.values():  # the first call compiles
        function()
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(ROUNDS):
        for name, function in functions.items():
            seconds[name].append(function())
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


def _write_batches(path: Path, batches: Sequence[Any]) -> None:
    arrays = {
        f"{name}_{index}": batch[name].numpy()
        for index, batch in enumerate(batches)
        for name in ("token_ids", "articles")
    }
    np.savez(path, **arrays)


@contextmanager
def _torch_process(arguments: list[str]) -> Iterator[Callable[[str], float]]:
    """Yield a function that sends a line to a process of PyTorch, and returns its seconds."""
    command = [sys.executable, str(TORCH_TRAINING), *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin and process.stdout

        def ask(line: str) -> float:
            print(line, file=process.stdin, flush=True)
            return float(process.stdout.readline())

        yield ask


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
