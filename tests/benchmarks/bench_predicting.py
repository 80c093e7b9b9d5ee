"""Compare `lawrec predict` from end to end with a plain jieba process that only tokenizes.

    python tests/benchmarks/bench_predicting.py [--facts 10000] [--lines 30000]

All facts are invented (data/make_sample.py), and the shipped model answers. Each figure is of whole
processes, their start included: seconds until one fact is answered, facts per second, and the most
memory that one process takes for 1,000 lines and for many more, which should be the same.
"""

import os
import runpy
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, cycle, islice
from pathlib import Path

import click

from lawrec.threads import available_cores

REPOSITORY = Path(__file__).parents[2]
JIEBA = """
import logging, sys, jieba
jieba.setLogLevel(logging.ERROR)
for line in open(sys.argv[1], encoding="utf-8"):
    sys.stdout.write(" ".join(jieba.lcut(line)))
"""
PREDICT = ("-m", "lawrec", "predict", "--quiet", "--format", "json")
INVENTED = 2_400
ONE_FACT_RUNS = 5


@dataclass(frozen=True)
class Usage:
    """What a process took: seconds of time and of CPU, and at most so many MB."""

    seconds: float
    cpu: float
    megabytes: float


@click.command()
@click.option("--facts", default=10_000, show_default=True, help="Facts to measure rates on.")
@click.option("--lines", default=30_000, show_default=True, help="Facts to measure memory on.")
def main(facts: int, lines: int) -> None:
    """Print seconds, rates and memory, each with its ratio to plain jieba."""
    print(f"{available_cores()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sizes = {size: _write_facts(folder / f"{size}.txt", size) for size in (1, 1_000, lines)}
        _print_start(sizes[1])
        _print_rates(_write_facts(folder / "rates.txt", facts), facts)
        for size in (1_000, lines):
            megabytes = _run(*PREDICT, "--jobs", "0", sizes[size]).megabytes
            print(f"lawrec predict, {size:,} lines: {megabytes:.0f} MB")


def _print_start(path: Path) -> None:
    def best(*command: str | Path) -> Usage:
        return min((_run(*command) for _ in range(ONE_FACT_RUNS)), key=lambda used: used.cpu)

    plain, ours = best("-c", JIEBA, path), best(*PREDICT, path)
    print(f"jieba.lcut, 1 fact          {plain.seconds:6.2f} s, {plain.cpu:.2f} s of CPU")
    print(f"lawrec predict, 1 fact      {ours.seconds:6.2f} s, {ours.cpu:.2f} s of CPU, ", end="")
    print(f"ratio {ours.cpu / plain.cpu:.2f}, {ours.megabytes:.0f} MB")


def _print_rates(path: Path, facts: int) -> None:
    plain = facts / _run("-c", JIEBA, path).seconds
    print(f"jieba.lcut, 1 process       {plain:8.0f} facts/s")
    for jobs in (0, 1, max(2, available_cores() - 1)):
        rate = facts / _run(*PREDICT, "--jobs", str(jobs), path).seconds
        print(f"lawrec predict, --jobs {jobs:<4} {rate:8.0f} facts/s, ratio {rate / plain:5.2f}")


def _write_facts(path: Path, size: int) -> Path:
    """Write so many invented facts, one per line; a long file repeats them."""
    make_corpus = runpy.run_path(str(REPOSITORY / "data/make_sample.py"))["make_corpus"]
    cases: Iterable[dict[str, str]] = chain(*make_corpus(1, INVENTED).values())
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{case['fact']}\n" for case in islice(cycle(cases), size))
    return path


def _run(*command: str | Path) -> Usage:
    """Run Python where there is no run and no cache of jieba's, and return what it took."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *command],
            stdout=subprocess.DEVNULL,
            cwd=folder,
            env={**os.environ, "TMPDIR": folder},
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command[:4]))} failed")
    per_megabyte = 2**20 if sys.platform == "darwin" else 2**10
    return Usage(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / per_megabyte)


if __name__ == "__main__":
    main()
