"""Measure how time and memory grow with the number of cases, from 10,000 to 100,000 or a million.

    python tests/benchmarks/bench_scaling.py [--sizes 10000,100000] [--train]

All cases are invented (data/make_sample.py). Each step is a process of its own, which reads the
cases of all splits. Prints CPU seconds and the most memory of each step, and for each size the
ratio to the one before: 10 times the cases should take at most 11 times the time, and no more
memory. docs/scaling.md has the figures of one machine.
"""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click

from lawrec.parallel import available_cores

REPOSITORY = Path(__file__).parents[2]
EPOCH = ("--preset", "tiny", "--epochs", "1", "--set", "training.export_onnx=false")


@dataclass(frozen=True)
class Usage:
    """What a process took: seconds of CPU, and at most so many MB of memory."""

    cpu: float
    megabytes: float


@click.command()
@click.option("--sizes", default="10000,100000", show_default=True, help="Numbers of cases.")
@click.option("--train", "with_training", is_flag=True, help="Train an epoch, too.")
def main(sizes: str, with_training: bool) -> None:
    """Print a table row per step and size."""
    print(f"{available_cores()} cores, load {os.getloadavg()[0]:.1f}")
    print("step        cases     CPU seconds  ratio     MB  ratio")
    earlier: dict[str, Usage] = {}
    for size in map(int, sizes.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            data = str(Path(folder, "data"))
            _run([str(REPOSITORY / "data/make_sample.py"), "--out", data, "--cases", str(size)])
            for step, command in _steps(data, with_training).items():
                used = _run(["-m", "lawrec", *command, "--quiet"], folder)
                _print(step, size, used=used, before=earlier.get(step, used))
                earlier[step] = used


def _steps(data: str, with_training: bool) -> dict[str, list[str]]:
    """Return the arguments of each step."""
    steps = {
        "audit": ["audit", data],
        "split": ["split", f"{data}/train.json", "--output", "splits"],
        "prepare": ["prepare", "--data", data, "--set", "corpus.workers=1"],
        "predict": ["predict", "--output-folder", "answers", f"{data}/train.json"],
    }
    if with_training:
        steps["train"] = ["train", "--data", data, *EPOCH]
    return steps


def _print(step: str, size: int, *, used: Usage, before: Usage) -> None:
    print(
        f"{step:8} {size:9,} {used.cpu:14.1f} {used.cpu / before.cpu:6.1f}"
        f" {used.megabytes:7.0f} {used.megabytes / before.megabytes:5.1f}",
        flush=True,
    )


def _run(command: list[str], folder: str | None = None) -> Usage:
    process = subprocess.Popen(
        [sys.executable, *command],
        stdout=subprocess.DEVNULL,
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed")
    per_megabyte = 2**20 if sys.platform == "darwin" else 2**10
    return Usage(used.ru_utime + used.ru_stime, used.ru_maxrss / per_megabyte)


if __name__ == "__main__":
    main()
