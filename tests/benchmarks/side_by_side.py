"""Run prepare, tune, evaluate and predict side by side in the same folders, again and again.

    python tests/benchmarks/side_by_side.py [--rounds 50] [--at-once 3]

In each round, several processes of each command start at once: the records, the vocabularies, the
thresholds and the stored scores of the round before are gone or damaged, so that all of them write
the same files. Every second round, the records are damaged instead of gone. The exit code is 1 if a
process fails, if two answers to the same facts differ, or if a temporary file is left. Each process
takes about as long as importing TensorFlow, so `make bench` does not run this.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import click

from lawrec.corpus.splits import find_splits
from lawrec.storage.resources import shipped_path

SIZES = {"train": 120, "valid": 40, "test": 40}
SETTINGS = (
    *("corpus.tokenizer=char", "corpus.max_tokens=48", "model.embedding_size=8"),
    *("model.lstm_units=8", "model.embedding_init=random", "training.batch_tokens=2000"),
    "training.epochs=1",
)
NEW = ("--data", "data", *(part for setting in SETTINGS for part in ("--set", setting)))
COMMANDS = (
    ("prepare", *NEW),
    ("tune-thresholds", "--strategy", "best"),
    ("evaluate", "--format", "json"),
    ("predict", "facts.txt"),
)
FACTS = "被告人张某秘密窃取钱包。\n被告人李某醉酒驾驶轿车。\n"


@click.command()
@click.option("--rounds", default=50, show_default=True)
@click.option("--at-once", default=3, show_default=True, help="Processes per command.")
def main(rounds: int, at_once: int) -> None:
    """Print each failure, and how many there were."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        _write_cases(root)
        for command in (("train", *NEW), ("tune-thresholds",)):
            _check(_start(root, command), command)
        failures = [
            failure
            for number in range(rounds)
            for failure in _round(root, number, at_once=at_once, rounds=rounds)
        ]
    print(f"{rounds} rounds of {at_once} x {len(COMMANDS)} processes, {len(failures)} failures")
    sys.exit(1 if failures else 0)


def _round(root: Path, number: int, *, at_once: int, rounds: int) -> Iterator[str]:
    """Yield and print what failed when all commands were run at once."""
    _break(root, damaged=number % 2 == 1)
    running = [(command, _start(root, command)) for command in COMMANDS for _ in range(at_once)]
    answers = set()
    for command, process in running:
        output, errors = process.communicate()
        if process.returncode:
            yield _print(f"{command[0]} failed: {errors.decode()[-2000:]}")
        elif command[0] in ("predict", "evaluate"):
            answers.add((command[0], output))
    if len(answers) > 2:
        yield _print(f"{len(answers)} different answers of two commands")
    for path in root.rglob(".*.tmp"):
        yield _print(f"left: {path.relative_to(root)}")
    print(f"round {number + 1} of {rounds}", flush=True)


def _break(root: Path, *, damaged: bool) -> None:
    """Remove or damage what the commands of a round write again."""
    for run in root.glob("checkpoints/*/run.json"):
        shutil.rmtree(run.parent / "scores", ignore_errors=True)
    if damaged:
        for shard in root.glob("data/records/*/*.tfrecord"):
            shard.write_bytes(b"damaged")
        return
    for folder in (*root.glob("data/records/*"), *root.glob("vocab/*")):
        shutil.rmtree(folder)


def _write_cases(root: Path) -> None:
    (root / "data").mkdir()
    (root / "facts.txt").write_text(FACTS, encoding="utf-8")
    for split, path in find_splits(shipped_path("data/sample")).items():
        with path.open("rb") as lines:
            (root / "data" / path.name).write_bytes(b"".join(islice(lines, SIZES[split])))


def _start(root: Path, command: tuple[str, ...]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "lawrec", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=root,
    )


def _check(process: subprocess.Popen[bytes], command: tuple[str, ...]) -> None:
    _, errors = process.communicate()
    if process.returncode:
        sys.exit(f"{command[0]} failed: {errors.decode()}")


def _print(failure: str) -> str:
    print(failure, flush=True)
    return failure


if __name__ == "__main__":
    main()
