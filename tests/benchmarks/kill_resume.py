"""Kill a training again and again, resume it, and compare it with one that was never stopped.

    python tests/benchmarks/kill_resume.py [--kills 50] [--seed 1]

A tiny model learns from some of the invented cases and writes a checkpoint at every step. Each kill
comes a random moment after a random step has a checkpoint, or while the program is still starting
if the training is beyond that step already. In the end, all tensors of the last and of the best
checkpoint and all scores of the valid cases must have the same bits; otherwise the exit code is 1.
That holds because all processes run on the same machine with the same number of threads. Each kill
takes about as long as importing TensorFlow, so `make bench` does not run this.
"""

import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import click

from lawrec.corpus.splits import find_splits
from lawrec.storage.resources import shipped_path

SIZES = {"train": 120, "valid": 40}
SETTINGS = (
    *("corpus.tokenizer=char", "corpus.max_tokens=48", "model.embedding_size=8"),
    *("model.lstm_units=8", "model.embedding_init=random", "training.batch_tokens=384"),
    *("training.epochs=4", "training.save_every=1", "training.evaluate_every=5"),
    *("training.patience=1000", "optimizer.ema_momentum=0.9"),
    "optimizer.gradient_accumulation_steps=2",
)
STEPS = 60
"""Kills come before this step; the training has more."""
PAUSE = 0.3
"""The longest time between a checkpoint and a kill, in seconds: several steps."""
START_UP = 8.0
"""About how long the program takes to start and resume, in seconds."""


@click.command()
@click.option("--kills", default=50, show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(kills: int, seed: int) -> None:
    """Print the step of each kill, and all differences."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        _write_cases(root / "data")
        _finish(_train(root, "unbroken"))
        numbers = random.Random(seed)
        goals = sorted(numbers.randrange(1, STEPS) for _ in range(kills))
        for number, goal in enumerate(goals, 1):
            _kill(root, number, goal=goal, numbers=numbers)
        _finish(_train(root, "broken"))
        differences = list(_differences(root / "runs/unbroken", root / "runs/broken"))
    for difference in differences:
        print(f"differs: {difference}")
    print(f"{kills} kills, {len(differences)} differences")
    sys.exit(1 if differences else 0)


def _write_cases(folder: Path) -> None:
    folder.mkdir()
    for split, path in find_splits(shipped_path("data/sample")).items():
        if split in SIZES:
            with path.open("rb") as lines:
                (folder / path.name).write_bytes(b"".join(islice(lines, SIZES[split])))


def _train(root: Path, name: str) -> subprocess.Popen[bytes]:
    """Start or resume a training in its own process."""
    settings = [part for setting in SETTINGS for part in ("--set", setting)]
    new = ["--data", str(root / "data"), *settings]
    exists = (root / "runs" / name / "run.json").is_file()
    arguments = ["train", "--checkpoints", str(root / "runs"), "--run", name]
    return subprocess.Popen(
        [sys.executable, "-m", "lawrec", *arguments, *(["--resume"] if exists else new)],
        stdout=subprocess.DEVNULL,
        stderr=(root / "stderr.txt").open("wb"),
        cwd=root,
    )


def _finish(process: subprocess.Popen[bytes]) -> None:
    """Wait for the end of a training, and exit if it fails."""
    if process.wait():
        sys.exit(f"The training ended with exit code {process.returncode}.")


def _kill(root: Path, number: int, *, goal: int, numbers: random.Random) -> None:
    folder = root / "runs/broken"
    before = _step(folder)
    process = _train(root, "broken")
    while before < goal and _step(folder) < goal and process.poll() is None:
        time.sleep(0.01)
    time.sleep(numbers.uniform(0, PAUSE if before < goal else START_UP))
    process.kill()
    process.wait()
    left = " and half a checkpoint" if any(folder.rglob("*_temp*")) else ""
    print(f"kill {number:3} at step {_step(folder)} (goal {goal}, from {before}){left}", flush=True)


def _step(folder: Path) -> int:
    """Return the step of the newest checkpoint, 0 if there is none."""
    state = folder / "checkpoint"
    match = re.search(r"ckpt-(\d+)", state.read_text("utf-8")) if state.is_file() else None
    return int(match[1]) if match else 0


def _differences(unbroken: Path, broken: Path) -> Iterator[str]:
    """Yield what differs: tensors of the checkpoints, and scores of the valid cases."""
    import numpy as np

    from lawrec.inference.score_cases import score_labelled_cases
    from lawrec.runs.find_checkpoint import newest_checkpoint
    from lawrec.runs.labelled_cases import labelled_cases
    from lawrec.runs.run import open_run
    from lawrec.training.checkpoints import open_checkpoint

    for part in (".", "best"):
        prefixes = [newest_checkpoint(folder / part) or "" for folder in (unbroken, broken)]
        whole, resumed = (open_checkpoint(prefix) for prefix in prefixes)
        print(f"{len(whole.shapes)} tensors of {Path(prefixes[0]).name} in {part}")
        if whole.shapes != resumed.shapes or Path(prefixes[0]).name != Path(prefixes[1]).name:
            yield f"{part}: {prefixes[0]} and {prefixes[1]}"
            continue
        for name in whole.shapes:
            # In the best checkpoint, the counter counts only what the last process has saved.
            if (part, name) == ("best", "save_counter"):
                continue
            if not np.array_equal(whole.read(name), resumed.read(name)):
                yield f"{part}: {name}"
    runs = [open_run(folder) for folder in (unbroken, broken)]
    valid = [labelled_cases([run], run.splits["valid"].path) for run in runs]
    scores = [
        score_labelled_cases(run, cases).y_score for run, cases in zip(runs, valid, strict=True)
    ]
    print(f"{scores[0].shape[0]} x {scores[0].shape[1]} scores")
    if not np.array_equal(*scores):
        yield "the scores of the valid cases"


if __name__ == "__main__":
    main()
