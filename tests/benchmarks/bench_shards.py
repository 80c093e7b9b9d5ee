"""Compare processes that share the shards of a long input with one process, and with a stream.

    python tests/benchmarks/bench_shards.py [--cases 10000]

All cases are invented (data/make_sample.py), and the shipped model answers them. Each figure is of
whole processes, their start included, with one thread each. Where other programs use the machine,
the ratio of CPU seconds says more than that of seconds: two processes are twice as fast as one on
two free cores if they need no more CPU in all. Two that share nothing, with half of the cases each,
need more as well: they both start, and the cores share caches and memory.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from lawrec.threads import available_cores

REPOSITORY = Path(__file__).parents[2]
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@click.command()
@click.option("--cases", default=10_000, show_default=True, help="Cases to predict.")
@click.option("--shard-bytes", default=2**18, show_default=True, help="Bytes of a shard.")
def main(cases: int, shard_bytes: int) -> None:
    """Print seconds and CPU seconds of a stream, of one process, of two, and of two apart."""
    print(f"{available_cores()} cores, load {os.getloadavg()[0]:.1f}, {cases:,} cases")
    with tempfile.TemporaryDirectory() as name:
        data = Path(name, "data")
        script = str(REPOSITORY / "data/make_sample.py")
        _run([[script, "--out", str(data), "--cases", str(cases)]])
        stream = _run([["-m", "lawrec", "predict", "-q", "--jobs", "0", str(data)]])
        _print("one stream", stream, stream)
        command = ["-m", "lawrec", "predict", "-q", "--shard-bytes", str(shard_bytes)]
        for n_processes in (1, 2):
            whole = [*command, "--output-folder", str(Path(name, f"answers-{n_processes}"))]
            used = _run([[*whole, str(data)]] * n_processes)
            _print(f"in shards, {n_processes} at once", used, stream)
        halves = [Path(name, half) for half in ("first", "second")]
        for half, lines in zip(halves, _halves(data), strict=True):
            half.with_suffix(".jsonl").write_bytes(b"".join(lines))
        apart = [
            [*command, "--output-folder", str(half), str(half.with_suffix(".jsonl"))]
            for half in halves
        ]
        _print("2 at once, half each", _run(apart), stream)


def _halves(data: Path) -> tuple[list[bytes], list[bytes]]:
    """Return every second line of all cases, and the others."""
    lines = [line for path in sorted(data.iterdir()) for line in path.read_bytes().splitlines(True)]
    return lines[::2], lines[1::2]


def _print(name: str, used: tuple[float, float], stream: tuple[float, float]) -> None:
    seconds, cpu = used
    print(
        f"{name:22} {seconds:6.1f} s, ratio {seconds / stream[0]:4.2f};"
        f" {cpu:6.1f} s of CPU, ratio {cpu / stream[1]:4.2f}"
    )


def _run(commands: list[list[str]]) -> tuple[float, float]:
    """Run Python processes at the same time, and return the seconds until all have ended.

    Returns:
        The seconds, and the CPU seconds of all processes in all.
    """
    start = time.perf_counter()
    processes = [
        subprocess.Popen(
            [sys.executable, *command],
            stdout=subprocess.DEVNULL,
            env={**os.environ, **ONE_THREAD},
        )
        for command in commands
    ]
    cpu = 0.0
    for process in processes:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        cpu += used.ru_utime + used.ru_stime
    if any(process.returncode for process in processes):
        sys.exit("a process failed")
    return time.perf_counter() - start, cpu


if __name__ == "__main__":
    main()
