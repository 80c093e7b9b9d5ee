"""Workers: processes that load the model, answer, are killed, and end."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest

from lawrec.errors import ConfigError, RunError
from lawrec.serving import workers
from lawrec.serving.loaded_model import Options, Query
from lawrec.serving.problems import ProblemError
from lawrec.serving.workers import start_workers
from lawrec.storage.resources import SHIPPED_MODEL, shipped_path
from tests.helpers.cli import DRUNK, THEFT
from tests.helpers.progress import messages_to

QUERIES = [Query((THEFT, DRUNK), Options(top_k=2)), Query((THEFT,), Options(explain=True))]


@pytest.fixture(autouse=True)
def no_worker_is_left(monkeypatch):
    """Kill what a test that failed has left: pytest would wait for it at its end."""
    started, init = [], workers._Pool.__init__

    def remember(pool, config):
        started.append(pool)
        init(pool, config)

    monkeypatch.setattr(workers._Pool, "__init__", remember)
    yield
    for pool in started:
        pool.kill()


@pytest.fixture(scope="module")
def started(config):
    model = start_workers(replace(config, workers=2))
    yield model
    model.close()


def test_a_worker_answers_as_a_model_in_this_process(started, model):
    assert started.articles == model.articles
    assert started.description == model.description
    assert started.answers(QUERIES) == model.answers(QUERIES)


def test_what_loading_the_model_reports_is_passed_on_once(config):
    messages = []
    start_workers(replace(config, workers=2), messages_to(messages)).close()
    [message] = messages
    assert message.startswith(f"No run in {config.checkpoints}: using the shipped model")


def test_a_model_that_cannot_be_loaded_is_an_error_and_leaves_no_process(config, monkeypatch):
    processes = remember_processes(monkeypatch)
    with pytest.raises(RunError, match="absent"):
        start_workers(replace(config, model="absent", workers=2))
    assert [process.is_alive() for process in processes] == [False]  # the others wait for it


def test_a_worker_that_is_killed_while_it_loads_is_an_error(config, monkeypatch):
    processes = remember_processes(monkeypatch, after=lambda process: process.kill())
    with pytest.raises(ConfigError, match="got one that was killed"):
        start_workers(config)
    assert not processes[0].is_alive()


def test_a_worker_that_fails_while_it_loads_leaves_its_traceback(config, capfd):
    with pytest.raises(ConfigError, match="got one that failed"):
        start_workers(replace(config, checkpoints=3))
    assert "AttributeError" in capfd.readouterr().err


def remember_processes(monkeypatch, after=lambda process: None):
    """Return a list of the workers that are started from here on."""
    processes, start = [], workers.start_worker

    def remember(*arguments):
        processes.append(start(*arguments))
        after(processes[-1])
        return processes[-1]

    monkeypatch.setattr(workers, "start_worker", remember)
    return processes


def test_what_a_worker_that_is_killed_had_to_answer_is_answered_by_another(
    config, monkeypatch, caplog
):
    processes = remember_processes(monkeypatch)
    model = start_workers(config)
    expected = model.answers(QUERIES)
    os.kill(processes[0].pid, signal.SIGKILL)
    assert model.answers(QUERIES) == expected
    assert "A worker was killed" in caplog.text
    assert THEFT not in caplog.text
    model.close()
    assert [process.is_alive() for process in processes] == [False, False]


def test_workers_that_are_found_dead_cost_no_query(config, monkeypatch, caplog):
    processes = remember_processes(monkeypatch)
    model = start_workers(replace(config, workers=2))
    expected = model.answers(QUERIES)
    for process in processes:
        process.kill()
        process.join()
    assert model.answers(QUERIES) == expected
    assert caplog.text.count("A worker was killed") == 2
    assert model.n_workers() == 2
    model.close()


def test_a_successor_that_is_killed_while_it_loads_has_one_of_its_own(config, monkeypatch, caplog):
    started = []

    def kill_the_second(process):
        started.append(process)
        if len(started) == 2:
            process.kill()

    remember_processes(monkeypatch, after=kill_the_second)
    model = start_workers(config)
    expected = model.answers(QUERIES)
    started[0].kill()
    assert model.answers(QUERIES) == expected
    assert len(started) == 3
    assert "No worker takes its place" not in caplog.text
    model.close()


def test_successors_that_are_all_killed_are_not_tried_for_ever(config, monkeypatch, caplog):
    model = start_workers(config)
    successors = remember_processes(monkeypatch, after=lambda process: process.kill())
    next(iter(model.answers.__self__._workers)).process.kill()
    assert refused_or_answered(model) == "refused"
    assert len(successors) == 2
    assert "No worker takes its place before a SIGHUP" in caplog.text
    assert model.n_workers() == 0
    model.close()


def test_a_worker_that_hangs_is_replaced(config, monkeypatch, caplog):
    monkeypatch.setattr(workers, "_LEAST_SECONDS", 1.0)
    processes = remember_processes(monkeypatch)
    model = start_workers(replace(config, deadline=1.0))
    expected = model.answers(QUERIES)
    os.kill(processes[0].pid, signal.SIGSTOP)
    with pytest.raises(ProblemError) as refused:  # nobody waits for the answer any longer
        model.answers(QUERIES)
    assert refused.value.status == 503
    assert model.answers(QUERIES) == expected
    assert caplog.text.count("A worker was killed") == 1
    model.close()
    assert [process.is_alive() for process in processes] == [False, False]


def test_a_worker_that_hangs_holds_up_no_end(config, monkeypatch):
    monkeypatch.setattr(workers, "_STOP_SECONDS", 0.5)
    processes = remember_processes(monkeypatch)
    model = start_workers(config)
    os.kill(processes[0].pid, signal.SIGSTOP)
    model.close()
    assert not processes[0].is_alive()


def test_a_worker_that_hangs_while_it_loads_holds_up_no_end(config, monkeypatch):
    model = start_workers(config)
    pool, stopped = model.answers.__self__, threading.Event()

    def stop(process):
        os.kill(process.pid, signal.SIGSTOP)
        stopped.set()

    successors = remember_processes(monkeypatch, after=stop)
    next(iter(pool._workers)).process.kill()
    asking = threading.Thread(target=refused_or_answered, args=(model,))
    asking.start()
    assert stopped.wait(60)
    model.close()
    asking.join(60)
    assert not asking.is_alive()
    assert [process.is_alive() for process in successors] == [False]


def test_a_query_that_kills_each_worker_is_refused_and_no_other_one(config, monkeypatch):
    processes = remember_processes(monkeypatch)
    model = start_workers(config)
    expected = model.answers(QUERIES)
    with pytest.raises(ProblemError) as refused:
        model.answers(Killer())
    assert refused.value.status == 503
    assert model.answers(QUERIES) == expected
    model.close()
    assert [process.is_alive() for process in processes] == [False] * 3


class Killer:
    """Ends each process that receives it."""

    def __reduce__(self):
        return os._exit, (9,)


def test_a_worker_whose_model_is_gone_has_no_successor(config, tmp_path, caplog):
    path = tmp_path / "mine.lawrec"
    shutil.copy(shipped_path(SHIPPED_MODEL), path)
    model = start_workers(replace(config, model=str(path)))
    assert model.source == str(path)
    path.unlink()
    for _ in range(2):
        with pytest.raises(ProblemError) as refused:  # no word of the files of the service
            model.answers(Killer())
        assert refused.value.status == 503
    assert not model.n_workers()
    assert f"No worker takes its place before a SIGHUP: {path}" in caplog.text
    model.close()


def test_another_model_under_the_same_name_answers_nothing(config, monkeypatch, caplog):
    processes = remember_processes(monkeypatch)
    model = start_workers(config)
    monkeypatch.setattr(model.answers.__self__, "_digest", "that of another one")
    with pytest.raises(ProblemError):
        model.answers(Killer())
    assert "the model must not change while the service runs, got another one" in caplog.text
    assert not model.n_workers()
    model.close()
    assert [process.is_alive() for process in processes] == [False, False]


def test_a_worker_that_answers_is_not_waited_for_when_all_are_killed(config):
    model = start_workers(config)
    results = []
    thread = threading.Thread(target=lambda: results.append(refused_or_answered(model)))
    thread.start()
    time.sleep(0.1)
    start = time.monotonic()
    model.kill()
    thread.join(60)
    assert time.monotonic() - start < 10  # the answers take longer
    assert results == ["refused"]
    assert not model.n_workers()


def refused_or_answered(model):
    try:
        return model.answers([Query((THEFT,) * 40, Options(explain=True))] * 20)
    except ProblemError:
        return "refused"


SCRIPT = """
from lawrec.serving.workers import start_workers
from lawrec.serving.service_config import ServiceConfig
if __name__ == "__main__":
    model = start_workers(ServiceConfig(workers=2))
    raise SystemExit(f"{len(model.articles)} articles")
"""


def test_a_script_that_forgets_to_close_its_workers_ends(tmp_path):
    path, environment = tmp_path / "script.py", {"PYTHONPATH": os.pathsep.join(sys.path)}
    path.write_text(SCRIPT)
    command = [sys.executable, str(path)]
    result = subprocess.run(
        command, env=os.environ | environment, cwd=tmp_path, capture_output=True, timeout=60
    )
    assert (result.returncode, result.stderr.splitlines()[-1]) == (1, b"183 articles")


def test_errors_are_sent_and_those_of_ours_leave_their_place_in_the_log(model, caplog):
    def fail(query):
        raise query

    failing = replace(model, answers=fail)
    mistake = RunError("run", expected="it must be there", got="none", todo="Train one.")
    assert workers._result(failing, mistake) is mistake
    unknown = workers._result(failing, ValueError(THEFT))
    assert (type(unknown), str(unknown)) == (RuntimeError, "ValueError")
    assert "ValueError in a worker" in caplog.text
    assert "in fail" in caplog.text
    assert THEFT not in caplog.text


def test_whoever_closes_beside_a_failing_replacement_wakes_all_others(config, monkeypatch):
    model = start_workers(config)
    pool = model.answers.__self__
    loading, admit = threading.Event(), pool._admit

    def admit_late(worker):
        loading.wait(60)
        admit(worker)

    monkeypatch.setattr(pool, "_admit", admit_late)
    results = []
    first = threading.Thread(target=lambda: results.append(refused_or_answered(model)))
    for process in [worker.process for worker in pool._workers]:
        process.kill()
    first.start()
    closing = threading.Thread(target=model.close)
    time.sleep(0.5)
    closing.start()
    loading.set()
    for thread in (first, closing):
        thread.join(60)
        assert not thread.is_alive()
    assert results == ["refused"]
    assert refused_or_answered(model) == "refused"


@pytest.mark.parametrize("where", ["_start", "Thread"])
def test_where_no_process_can_be_started_the_others_go_on(config, monkeypatch, caplog, where):
    model = start_workers(replace(config, workers=2))
    pool = model.answers.__self__

    def fail(*_, **__):
        raise BlockingIOError("no more processes") if where == "_start" else RuntimeError("threads")

    monkeypatch.setattr(*((pool, "_start") if where == "_start" else (workers, "Thread")), fail)
    next(iter(pool._workers)).process.kill()
    for _ in range(3):
        assert len(model.answers(QUERIES)) == 2
    assert "No worker takes its place before a SIGHUP" in caplog.text
    assert len(pool._workers) == 1
    model.close()


def test_after_the_end_nothing_is_answered_and_no_process_left(config, monkeypatch):
    processes = remember_processes(monkeypatch)
    model = start_workers(config)
    model.close()
    model.close()
    with pytest.raises(ProblemError):
        model.answers(QUERIES)
    assert [process.is_alive() for process in processes] == [False]
