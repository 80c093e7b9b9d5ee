"""The trials of a search on a cluster: with a stub of Ray, and with Ray where it is installed."""

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from multiprocessing import Pipe
from types import SimpleNamespace

import pytest

from lawrec.cluster.cluster_trials import start_on_cluster
from lawrec.cluster.ray_cluster import connected
from lawrec.config import Config
from lawrec.errors import ConfigError
from tests.helpers.searches import Search, learned

needs_ray = pytest.mark.skipif(
    not find_spec("ray"), reason="Ray is not installed: pip install 'lawrec[cluster]'"
)


class LostError(Exception):
    """What stands for an error of Ray where a process was lost."""


class Actor:
    """An actor of the stub: its calls wait in a queue, and are lost once it is killed."""

    def __init__(self, values, ray):
        self._values, self._ray, self.is_killed = values, ray, False
        self.next = SimpleNamespace(remote=self._call)

    def _call(self):
        return self._ray.pool.submit(self._next)

    def _next(self):
        self._ray.n_calls += 1
        if self._ray.n_calls in self._ray.lost:
            raise LostError
        return self._values.next()


class StubbedRay:
    """The part of Ray that a search uses, in threads.

    Attributes:
        lost: The calls, from 1, in which the process is lost.
        killed: The actors that were ended.
    """

    def __init__(self, *lost):
        self.lost, self.n_calls, self.started, self.killed = lost, 0, [], []
        self.pool = ThreadPoolExecutor(4)
        self.exceptions = SimpleNamespace(RayActorError=LostError)

    def cluster_resources(self):
        return {"CPU": 4.0, "GPU": 2.0}

    def remote(self, **resources):
        return partial(self._actors, resources)

    def _actors(self, resources, actor_class):
        def start(*arguments):
            self.started.append(resources)
            return Actor(actor_class(*arguments), self)

        return SimpleNamespace(remote=start)

    def wait(self, calls, timeout):
        [call] = calls
        try:
            call.exception(timeout)
        except TimeoutError:
            return [], calls
        return calls, []

    def get(self, call):
        return call.result()

    def kill(self, actor):
        self.killed.append(actor)


@pytest.fixture
def use_stub(monkeypatch):
    def use(*lost):
        ray = StubbedRay(*lost)
        monkeypatch.setattr("lawrec.cluster.ray_cluster._import_ray", lambda: ray)
        return ray

    return use


def test_a_search_on_a_cluster_finds_what_one_on_this_machine_does(tmp_path, use_stub):
    ray = use_stub()
    alone = Search(tmp_path / "alone")
    search = Search(tmp_path / "cluster", start=start_on_cluster)
    assert search.run(trials=4) == alone.run(trials=4)
    assert search.messages == alone.messages
    assert ray.started == [{"num_cpus": 1, "num_gpus": 1}] * 4
    assert len(ray.killed) == 4


def test_a_trial_whose_node_is_lost_begins_again(tmp_path, use_stub):
    expected = Search(tmp_path / "alone")
    expected.run(trials=2)
    ray = use_stub(2, 5)
    search = Search(tmp_path / "cluster", start=start_on_cluster)
    search.run(trials=2)
    assert search.messages == expected.messages
    assert len(ray.started) == len(ray.killed) == 4


def test_a_trial_that_is_lost_again_and_again_fails_and_the_search_goes_on(
    tmp_path, use_stub, monkeypatch
):
    monkeypatch.setattr("lawrec.cluster.ray_cluster._RETRIES", 1)
    use_stub(1, 2)
    search = Search(tmp_path, start=start_on_cluster)
    states = [state for state, _ in search.run(trials=2)]
    assert states == ["FAIL", "COMPLETE"]
    assert "got RayActorError, again and again" in search.messages[0]


def test_an_error_of_a_trial_is_its_message(tmp_path, use_stub):
    use_stub()
    search = Search(tmp_path, start=start_on_cluster)
    assert [state for state, _ in search.run(refused, trials=1)] == ["FAIL"]
    assert search.messages[0].startswith("trial 0 failed: dropout: must be another one")


def refused(config, name):
    raise ConfigError("dropout", expected="must be another one", got="it", todo="Change it.")
    yield 0.5


def test_a_trial_that_is_stopped_ends_its_process(use_stub):
    ray = use_stub()
    connection, theirs = Pipe()
    trial = start_on_cluster(partial(learned, Config(), "trial-0000"), theirs)
    connection.recv()
    trial.terminate()
    connection.close()
    trial.join(10)
    assert not trial.is_alive()
    assert len(ray.killed) == 1


@needs_ray
@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGKILL")
def test_a_process_of_a_cluster_is_killed_and_its_trial_begins_again(tmp_path):
    marker = tmp_path / "killed"
    with connected("local"):
        connection, theirs = Pipe()
        trial = start_on_cluster(partial(killed_once, marker, Config(), "trial-0000"), theirs)
        received = []
        while isinstance(message := connection.recv(), float):
            received.append(message)
            connection.send(False)
        trial.join(60)
        connection.close()
    assert (received, message) == ([0.25, 0.5, 0.75], None)
    assert marker.exists()


def killed_once(marker, config, name):
    yield 0.25
    yield 0.5
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    yield 0.75
