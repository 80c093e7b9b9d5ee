"""Workers: processes that load the model, answer, are killed, and end."""

import os
import signal
from dataclasses import replace

import pytest

from lawrec.errors import ConfigError, RunError
from lawrec.serving import workers
from lawrec.serving.loaded_model import Options, Query
from lawrec.serving.problems import ProblemError
from lawrec.serving.workers import start_workers
from tests.helpers.cli import DRUNK, THEFT
from tests.helpers.progress import messages_to

QUERIES = [Query((THEFT, DRUNK), Options(top_k=2)), Query((THEFT,), Options(explain=True))]


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
    assert message.startswith("No run in absent: using the shipped model")


def test_a_model_that_cannot_be_loaded_is_an_error_and_leaves_no_process(config, monkeypatch):
    processes = remember_processes(monkeypatch)
    with pytest.raises(RunError, match="absent"):
        start_workers(replace(config, model="absent", workers=2))
    assert [process.is_alive() for process in processes] == [False, False]


def test_a_worker_that_is_killed_while_it_loads_is_an_error(config, monkeypatch):
    processes = remember_processes(monkeypatch, after=lambda process: process.kill())
    with pytest.raises(ConfigError, match="--workers: each process must run until"):
        start_workers(config)
    assert not processes[0].is_alive()


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


def test_a_model_that_is_gone_is_loaded_again_when_it_is_back(config, monkeypatch, caplog):
    model, start = start_workers(config), workers._start
    monkeypatch.setattr(workers, "_start", lambda config: start(replace(config, model="gone")))
    for _ in range(2):
        with pytest.raises(ProblemError) as refused:  # no word of the files of the service
            model.answers(Killer())
        assert refused.value.status == 503
    assert "The model cannot be loaded any more: gone" in caplog.text
    monkeypatch.setattr(workers, "_start", start)
    assert len(model.answers(QUERIES)) == 2
    model.close()


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


def test_a_thread_that_comes_after_the_end_is_answered_and_leaves_no_process(config, monkeypatch):
    processes = remember_processes(monkeypatch)
    model = start_workers(config)
    model.close()
    model.close()
    assert len(model.answers(QUERIES)) == 2
    assert [process.is_alive() for process in processes] == [False, False]
