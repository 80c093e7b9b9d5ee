"""Measure how time and memory grow with the number of cases: 10,000, 100,000 and, if asked, more.

    python tests/benchmarks/bench_scaling.py --folder /tmp/growth [--sizes 1000000] [--steps audit]
    python tests/benchmarks/bench_scaling.py --folder /tmp/growth --write

All cases are invented (data/make_sample.py). Each step is a process of its own with one thread, and
needs the ones before it. Prints CPU seconds and the most memory of each step, and for each size the
ratio to the one before: 10 times the cases should take at most 11 times the time, and no more
memory.

The folder keeps the cases, the runs and what was measured, which is not measured again, so that the
steps of a large size can be measured one by one. `--write` writes the table and the plot of
docs/scaling.md.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from lawrec.storage.files import write_json, write_text
from lawrec.threads import available_cores

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs/scaling.md"
PLOT = REPOSITORY / "docs/images/growth.svg"
MARKS = "<!-- growth: made by tests/benchmarks/bench_scaling.py -->\n\n", "\n<!-- end of growth -->"
ALONE = ("--set", "ranking.second_stage=false", "--set", "ranking.lstm_share=1")
STEPS = {
    "audit": ("audit", "DATA"),
    "split": ("split", "DATA/train.json", "--output", "splits"),
    "prepare": ("prepare", "--data", "DATA", "--set", "corpus.workers=1"),
    "train": ("train", "--data", "DATA", "--run", "lstm", "--preset", "tiny", "--epochs=1", *ALONE),
    "tune": ("tune-thresholds", "--run", "lstm"),
    "evaluate": ("evaluate", "--model", "lstm"),
    "predict": ("predict", "--model", "lstm", "--output-folder", "answers", "DATA/train.json"),
    "svm": ("train", "--data", "DATA", "--run", "svm", "--preset", "linear"),
}
"""The arguments of each step; the LSTM trains alone, and the SVMs in a step of their own."""
NAMES = {
    "audit": "`audit`, all splits",
    "split": "`split` of the train cases",
    "prepare": "`prepare` with jieba",
    "train": "`train --preset tiny`: its records, and an epoch of the LSTM",
    "tune": "`tune-thresholds` on the valid cases",
    "evaluate": "`evaluate` on the test cases",
    "predict": "`predict --output-folder` of the train cases",
    "svm": "`train --preset linear`, linear SVMs",
}


@dataclass(frozen=True)
class Usage:
    """What a process took: seconds of CPU, and at most so many MB of memory."""

    cpu: float
    megabytes: float


@click.command()
@click.option("--sizes", default="10000,100000", show_default=True, help="Numbers of cases.")
@click.option("--steps", default=",".join(STEPS), show_default=True, help="What to measure.")
@click.option("--folder", type=click.Path(path_type=Path), help="[default: a temporary one]")
@click.option("--write", is_flag=True, help="Write the table and the plot of docs/scaling.md.")
def main(sizes: str, steps: str, folder: Path | None, write: bool) -> None:
    """Print a table row per step and size."""
    if write and folder:
        write_page(folder)
        return
    with tempfile.TemporaryDirectory() as temporary:
        print(f"{available_cores()} cores, load {os.getloadavg()[0]:.1f}")
        print("step         cases     CPU seconds  ratio     MB  ratio")
        earlier: dict[str, Usage] = {}
        for size in map(int, sizes.split(",")):
            for step in steps.split(","):
                used = measured((folder or Path(temporary)) / str(size), step, size=size)
                _print(step, size, used=used, before=earlier.get(step, used))
                earlier[step] = used


def measured(folder: Path, step: str, *, size: int) -> Usage:
    """Return what a step takes, which is measured unless the folder has it."""
    folder.mkdir(parents=True, exist_ok=True)
    known = read_usage(folder)
    if step not in known:
        data = folder / "data-of-cases"
        if not data.exists():
            run([REPOSITORY / "data/make_sample.py", "--out", data, "--cases", size], folder)
        arguments = [part.replace("DATA", str(data)) for part in STEPS[step]]
        known[step] = run(["-m", "lawrec", *arguments, "--quiet"], folder)
        write_json(folder / "usage.json", {name: vars(used) for name, used in known.items()})
    return known[step]


def read_usage(folder: Path) -> dict[str, Usage]:
    """Return what was measured in the folder of a size."""
    path = folder / "usage.json"
    values = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return {step: Usage(**used) for step, used in values.items()}


def run(arguments: list[Any], folder: Path) -> Usage:
    """Return what a process of Python takes."""
    process = subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)},
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{arguments} failed")
    per_megabyte = 2**20 if sys.platform == "darwin" else 2**10
    return Usage(used.ru_utime + used.ru_stime, used.ru_maxrss / per_megabyte)


def write_page(folder: Path) -> None:
    """Write the table and the plot of all that was measured in a folder."""
    by_size = {
        int(path.parent.name): read_usage(path.parent) for path in folder.glob("*/usage.json")
    }
    by_size = dict(sorted(by_size.items()))
    page = PAGE.read_text("utf-8")
    before, rest = page.split(MARKS[0])
    _, after = rest.split(MARKS[1])
    write_text(PAGE, f"{before}{MARKS[0]}{table(by_size)}{MARKS[1]}{after}")
    write_text(PLOT, plot(by_size))


def table(by_size: dict[int, dict[str, Usage]]) -> str:
    """Return the table of Markdown: per step the seconds and the memory of each size."""
    steps = [step for step in STEPS if any(step in used for used in by_size.values())]
    head = "".join(f" {size:,} cases | |" for size in by_size)
    lines = [f"| CPU seconds, memory |{head}", "|---|" + "---|---|" * len(by_size)]
    for step in steps:
        used = [by_size[size].get(step) for size in by_size]
        cells = [f" {u.cpu:,.1f} s | {u.megabytes:,.0f} MB |" if u else " | |" for u in used]
        lines.append(f"| {NAMES[step]} |{''.join(cells)}")
    return "\n".join(lines) + "\n"


def plot(by_size: dict[int, dict[str, Usage]]) -> str:
    """Return an SVG of seconds and memory by the number of cases."""
    import io

    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "lawrec"}), io.StringIO() as file:
        figure = Figure(figsize=(9, 3.7), layout="constrained")
        for axes, name, label in zip(
            figure.subplots(1, 2), ("cpu", "megabytes"), ("CPU seconds", "MB"), strict=True
        ):
            for step in STEPS:
                sizes = [size for size in by_size if step in by_size[size]]
                values = [getattr(by_size[size][step], name) for size in sizes]
                axes.plot(sizes, values, "o-", label=step)
            axes.set(xscale="log", yscale="log", xlabel="cases", ylabel=label)
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_formatter("{x:,.0f}")
                axis.set_minor_formatter("")
            axes.grid(alpha=0.3)
        lines, labels = axes.get_legend_handles_labels()
        figure.legend(lines, labels, loc="outside right upper", fontsize=8)
        figure.savefig(file, format="svg", metadata={"Date": None})
        return file.getvalue()


def _print(step: str, size: int, *, used: Usage, before: Usage) -> None:
    print(
        f"{step:9} {size:9,} {used.cpu:14.1f} {used.cpu / before.cpu:6.1f}"
        f" {used.megabytes:7.0f} {used.megabytes / before.megabytes:5.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
