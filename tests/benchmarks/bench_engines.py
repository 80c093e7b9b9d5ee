"""Compare the engines that compute an LSTM: ONNX Runtime, TensorFlow, and PyTorch if installed.

    python tests/benchmarks/bench_engines.py [--facts 300] [--data FOLDER]

The LSTM of the default size is trained for one step on the invented cases, or on others. Cold
start: the whole process that answers one fact, with each tokenizer that is installed. Rates: facts
per second from token ids to logits, against a bare session of ONNX Runtime on the same batches,
which are padded before the clock starts. Beside them, floating-point operations per second, against
those of a product of large matrices by NumPy on all cores: no engine that computes in float32 can
be faster by more than what is missing to 100 %.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import click
import numpy as np

from lawrec.corpus.cases import Case, read_cases
from lawrec.corpus.vocabulary import head_and_tail
from lawrec.devices.onnxruntime_start import import_onnxruntime
from lawrec.export.int8_model import quantized
from lawrec.inference.engines import AUTO_ENGINE, ENGINES
from lawrec.models.flops import flops
from lawrec.models.onnx_graph import onnx_model
from lawrec.ranking.length_batches import run_in_batches
from lawrec.runs.find_checkpoint import best_checkpoint
from lawrec.runs.onnx_file import LOGITS, TOKEN_IDS, onnx_logits, onnx_path
from lawrec.runs.run import Run, find_run, load_encoder
from lawrec.storage.resources import shipped_path
from lawrec.threads import available_cores
from lawrec.training.checkpoints import open_checkpoint

STARTS = 3
TARGETS = {"jieba": 1.3, "rjieba": 0.7}
"""Seconds until one fact is answered, by tokenizer."""
TORCH_SCORING = Path(__file__).with_name("torch_scoring.py")
TRAIN = (
    *("train", "--quiet", "--no-statute"),
    *("--set=training.max_steps=1", "--set=ranking.second_stage=false"),
    "--set=ranking.lstm_share=1.0",
)
PREDICT = ("predict", "--quiet", "--threshold", "0.5", "fact.txt")


@click.command()
@click.option("--facts", default=300, show_default=True, help="Facts to measure rates on.")
@click.option(
    "--data",
    type=click.Path(exists=True, path_type=Path),
    default=lambda: shipped_path("data/sample"),
    help="Folder with train, valid and test cases.  [default: the invented cases]",
)
def main(facts: int, data: Path) -> None:
    """Print seconds and rates, each with its ratio to a named alternative."""
    print(f"{available_cores()} cores, load {os.getloadavg()[0]:.1f}")
    train = (*TRAIN, "--data", str(data.absolute()))
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        tokenizers = list(filter(find_spec, TARGETS))
        for tokenizer in tokenizers:
            _run(*train, "--run", tokenizer, f"--set=corpus.tokenizer={tokenizer}")
        _print_starts(tokenizers)
        run = find_run(Path("checkpoints"), "jieba")
        _print_rates(run, _token_ids(run, facts), folder=Path(name))


def _print_starts(tokenizers: list[str]) -> None:
    lines = shipped_path("data/sample/facts.txt").read_text("utf-8").splitlines()
    Path("fact.txt").write_text(lines[0], "utf-8")
    before = _print_start("jieba", "tensorflow")
    for tokenizer in tokenizers:
        wall = _print_start(tokenizer, "onnx")
        print(f"    {before / wall:.1f} times as fast (target {TARGETS[tokenizer]} s)")


def _print_start(tokenizer: str, engine: str) -> float:
    """Print and return the seconds of the quickest of some starts."""
    command = (*PREDICT, "--model", tokenizer, "--engine", engine)
    wall, cpu = min(_run(*command) for _ in range(STARTS))
    print(f"one fact, {tokenizer}, {engine:10} {wall:6.2f} s, {cpu:5.2f} s of CPU")
    return wall


def _print_rates(run: Run, cases: list[Any], *, folder: Path) -> None:
    checkpoint = best_checkpoint(run)
    path, n_articles = onnx_path(run, checkpoint), len(run.articles)
    saved = open_checkpoint(checkpoint)
    weights = {name: saved.read(name) for name in saved.weights}
    int8 = quantized(onnx_model(run.config.model, weights, int8_embedding=True))
    scorers = {
        "bare onnxruntime": _bare(path, cases, n_articles=n_articles),
        "onnx": partial(ENGINES["onnx"](run, checkpoint, choice=AUTO_ENGINE), cases),
        "onnx-int8, one by one": partial(
            onnx_logits(int8, n_articles=n_articles, alone=True), cases
        ),
        "tensorflow": partial(ENGINES["tensorflow"](run, checkpoint, choice=AUTO_ENGINE), cases),
    }
    rates = {name: _rate(score, len(cases)) for name, score in scorers.items()}
    if find_spec("torch"):
        np.savez(folder / "cases.npz", *cases)
        command = (TORCH_SCORING, folder / "cases.npz", len(run.tokens), n_articles)
        rates["pytorch, another process"] = float(_python(*command).stdout)
    sizes, product = run.config.model, _product_rate()
    per_fact = sum(flops(sizes, len(case), labels=[n_articles]) for case in cases) / len(cases)
    print(f"product of matrices: {product / 1e9:.0f} GFLOP/s")
    for name, rate in rates.items():
        ratio, share = rate / rates["bare onnxruntime"], rate * per_fact / product
        print(f"{name:24} {rate:8.0f} facts/s, ratio {ratio:5.2f}, {share:4.0%} of the product's")


def _product_rate() -> float:
    """Return the floating-point operations per second of a product of large float32 matrices."""
    size = 2048
    matrix = np.ones((size, size), np.float32)
    return _rate(lambda: matrix @ matrix, 2 * size**3)


def _bare(path: Path, cases: list[Any], *, n_articles: int) -> Callable[[], object]:
    """Return a function that runs a session on batches that are padded already."""
    session = import_onnxruntime().InferenceSession(path, providers=["CPUExecutionProvider"])
    batches: list[Any] = []

    def keep(batch: Any) -> Any:
        batches.append(batch)
        return np.zeros((len(batch), n_articles))

    run_in_batches(keep, cases, n_outputs=n_articles)
    return lambda: [session.run([LOGITS], {TOKEN_IDS: batch}) for batch in batches]


def _rate(score: Callable[[], object], cases: int) -> float:
    score()  # the first call of TensorFlow compiles
    start = time.perf_counter()
    score()
    return cases / (time.perf_counter() - start)


def _token_ids(run: Run, n_facts: int) -> list[Any]:
    encoder, longest = load_encoder(run), run.config.model.lstm_tokens
    cases = [case for case in read_cases(run.splits["test"].path) if isinstance(case, Case)]
    facts = islice(cycle(case.fact for case in cases), n_facts)
    return [np.array(head_and_tail(encoder(fact), longest), np.int32) for fact in facts]


def _run(*arguments: str) -> tuple[float, float]:
    """Run lawrec in a new process; return its seconds of time and of CPU."""
    before, start = os.times(), time.perf_counter()
    _python("-m", "lawrec", *arguments)
    after, seconds = os.times(), time.perf_counter() - start
    used = after.children_user + after.children_system
    return seconds, used - before.children_user - before.children_system


def _python(*command: object) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, *map(str, command)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    return done


if __name__ == "__main__":
    main()
