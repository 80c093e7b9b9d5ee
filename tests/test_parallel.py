import math
import os
import signal
import subprocess
import sys
import time
from collections import deque
from itertools import repeat

import pytest

from lawrec.errors import ConfigError
from lawrec.parallel import parallel_map, start_worker

# `eval` stands for the work: what another process is given must be importable there.


def test_results_come_with_their_items_in_order_although_some_take_longer():
    items = [f"__import__('time').sleep({0.02 * (n % 3 == 0)}) or {n}" for n in range(20)]
    assert list(parallel_map(eval, items, workers=2)) == [(item, n) for n, item in enumerate(items)]
    assert list(parallel_map(eval, [], workers=2)) == []


def test_items_are_read_only_as_far_as_there_are_workers():
    read = []
    items = (read.append(n) or f"{n}" for n in range(1000))
    done = parallel_map(eval, items, workers=2)
    for finished in range(10):
        assert next(done) == (f"{finished}", finished)
        assert len(read) <= finished + 4
    done.close()
    assert len(read) <= 14


def test_the_work_is_done_elsewhere_without_tensorflow_or_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", sys.modules.get("tensorflow"))
    item = "(__import__('os').getpid(), sorted(__import__('sys').modules))"
    ((_, (process, modules)),) = parallel_map(eval, [item], workers=1)
    assert process != __import__("os").getpid()
    assert {"tensorflow", "keras", "pandas", "sklearn"} & set(modules) == set()


def test_an_exception_ends_it_at_once_with_its_cause():
    started = time.monotonic()
    with pytest.raises(ValueError, match="math domain error") as caught:
        list(parallel_map(math.sqrt, [1.0, -1.0, *[2.0] * 100_000], workers=2))
    assert "math domain error" in str(caught.value.__cause__)  # the other process's traceback
    assert time.monotonic() - started < 20


def test_an_exception_of_the_items_comes_through():
    def items():
        yield "1"
        raise KeyError("bad line")

    with pytest.raises(KeyError, match="bad line"):
        list(parallel_map(eval, items(), workers=2))


def test_a_killed_process_is_an_error():
    with pytest.raises(ConfigError) as caught:
        list(parallel_map(eval, ["__import__('os')._exit(1)"], workers=1))
    assert str(caught.value) == (
        "workers: worker processes must run until their work is done, got one that was "
        "killed. Free some memory, or start none: --set corpus.workers=1, or --jobs 0."
    )


def test_a_process_that_is_killed_between_two_items_is_an_error():
    """Python says so when the next item is handed over, too, and not only for a result."""
    results = parallel_map(eval, repeat("__import__('os').getpid()"), workers=1)
    _, worker = next(results)
    time.sleep(0.5)  # until the other item is done
    os.kill(worker, signal.SIGKILL)
    time.sleep(0.5)  # until the pool knows
    with pytest.raises(ConfigError, match="got one that was killed"):
        deque(results, maxlen=0)


def test_the_processes_end_with_a_parent_that_is_killed():
    """They hold its standard output, which ends when the last of them has ended."""
    code = (
        "import operator, itertools; from lawrec.parallel import parallel_map\n"
        "if __name__ == '__main__':\n"
        "    for done in parallel_map(operator.neg, itertools.count(), workers=2):\n"
        "        print(done, flush=True)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    with parent:
        assert parent.stdout.readline() == b"(0, 0)\n"
        parent.kill()
        parent.communicate(timeout=20)


def test_a_worker_runs_until_its_work_is_done_and_ignores_ctrl_c():
    interrupt = "import os, signal; os.kill(os.getpid(), signal.SIGINT)"
    process = start_worker(exec, f"{interrupt}; raise SystemExit(3)")
    process.join()
    assert process.exitcode == 3
