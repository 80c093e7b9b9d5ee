import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from lawrec.devices.distributed import (
    broadcast_from_chief,
    find_cluster,
    is_chief,
    worker_loss_as_run_error,
)
from lawrec.errors import RunError
from lawrec.training.loop import train
from lawrec.training.setup import TrainingSetup
from tests.helpers.cases import SETTINGS

pytestmark = pytest.mark.tensorflow
SMALL = (
    *("model.dropout=0.0", "model.lstm_layers=1", "model.lstm_units=4"),
    *("model.bidirectional=false", "model.pooling=last", "model.embedding_init=random"),
)


def test_one_device_is_its_own_chief():
    strategy = tf.distribute.get_strategy()
    assert is_chief(strategy)
    assert broadcast_from_chief(strategy, 0.5) == 0.5


def cluster(kind, index, **jobs):
    return json.dumps({"cluster": jobs, "task": {"type": kind, "index": index}})


@pytest.mark.parametrize("text", ["", "{}", cluster("worker", 0, worker=["here:1"])])
def test_a_worker_alone_is_no_cluster(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text or "{}")
    assert find_cluster() is None


@pytest.mark.parametrize(
    "text",
    [
        "{",
        cluster("worker", 2, worker=["here:1", "there:1"]),
        cluster("chief", 0, worker=["here:1", "there:1"]),
        cluster("worker", 0, worker=["here:1"], ps=["there:1"]),
    ],
)
def test_a_cluster_that_is_not_valid_is_refused(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(RunError, match="TF_CONFIG: it must be JSON"):
        find_cluster()


@pytest.mark.parametrize("index", [-1, 2])
@pytest.mark.parametrize("workers", [["here:1"], ["here:1", "there:1"]])
def test_a_worker_that_the_cluster_does_not_have_is_refused(monkeypatch, index, workers):
    monkeypatch.setenv("TF_CONFIG", cluster("worker", index, worker=workers))
    with pytest.raises(RunError, match=f"No task with index {index} in job 'worker'"):
        find_cluster()


@pytest.mark.parametrize(
    ("kind", "index", "jobs", "expected"),
    [
        ("worker", 0, {"worker": ["a:1", "b:1"]}, True),
        ("worker", 1, {"worker": ["a:1", "b:1"]}, False),
        ("worker", 0, {"chief": ["c:1"], "worker": ["a:1"]}, False),
        ("chief", 0, {"chief": ["c:1"], "worker": ["a:1"]}, True),
    ],
)
def test_the_chief_is_the_first_worker(monkeypatch, kind, index, jobs, expected):
    monkeypatch.setenv("TF_CONFIG", cluster(kind, index, **jobs))
    monkeypatch.setattr(tf.distribute, "MultiWorkerMirroredStrategy", SimpleNamespace)
    assert is_chief(SimpleNamespace(cluster_resolver=find_cluster())) is expected


@pytest.mark.parametrize(
    ("message", "got"),
    [
        ("unhealthy:\n/job:worker/replica:0/task:1\nThe tasks", "/job:worker/replica:0/task:1"),
        ("Connection reset by peer (104)", "one of them"),
    ],
)
def test_a_lost_worker_is_named_if_it_is_known(message, got):
    refused = pytest.raises(RunError, match=rf"no more answer from {got}\. .* --resume")
    with refused, worker_loss_as_run_error("run"):
        raise tf.errors.UnavailableError(None, None, message)


@pytest.mark.timeout(300)
def test_two_replicas_end_with_the_weights_of_one(start_run, tmp_path):
    run, _ = start_run(*SMALL, "training.batch_tokens=224", root=tmp_path)
    script = Path(__file__).with_name("replicas.py")
    names = ("sgd, clipped, l2", "adam, accumulated", "batch norm, average", "dropout, bfloat16")
    done = subprocess.run(
        [sys.executable, script, run.folder, *names], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        [name, pytest.approx(0, abs=1e-6)] for name in names
    ]


def start_workers(root, *arguments):
    """Start two processes that find each other by TF_CONFIG."""
    sockets = [socket.socket() for _ in range(2)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    return [
        subprocess.Popen(
            [sys.executable, "-m", "lawrec", "train", "--run", "both", *arguments],
            cwd=root,
            env={
                **os.environ,
                "PYTHONPATH": str(Path(__file__).parents[2]),
                "TF_CONFIG": cluster("worker", number, worker=addresses),
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]


def weights(folder):
    """Return what the newest checkpoint of a run holds, without the position in the data."""
    reader = tf.train.load_checkpoint(str(folder))
    names = reader.get_variable_to_shape_map()
    return {
        name: reader.get_tensor(name)
        for name in names
        if "iterator" not in name and "OBJECT_GRAPH" not in name and "save_counter" not in name
    }


@pytest.mark.timeout(300)
def test_two_workers_of_which_one_is_killed_end_with_the_weights_of_one_device(
    start_run, tiny_data, tmp_path
):
    settings = (
        *SMALL,
        "training.epochs=30",
        # Two workers add gradients in another order: rounding differs, and large steps amplify it.
        "optimizer.learning_rate=0.001",
        "training.evaluate_every=1000",
        "training.save_every=5",
        "training.batch_tokens=2048",
    )
    options = [part for each in (*SETTINGS, *settings) for part in ("--set", each)]
    chief, other = start_workers(tmp_path, "--data", str(tiny_data), *options)
    run_folder = tmp_path / "checkpoints/both"
    while not list(run_folder.glob("model.ckpt-*.index")):
        assert other.poll() is None, other.stderr.read()
        time.sleep(0.05)
    other.send_signal(signal.SIGKILL)
    other.communicate()
    _, stderr = chief.communicate(timeout=120)
    assert chief.returncode == 1
    assert f"{run_folder.relative_to(tmp_path)}: all workers of TF_CONFIG must run" in stderr
    assert stderr.endswith("Start all of them again with --resume.\n")

    for worker in start_workers(tmp_path, "--resume"):
        _, stderr = worker.communicate(timeout=120)
        assert worker.returncode == 0, stderr
    run, records = start_run(*settings, data=tiny_data, root=tmp_path)
    list(train(TrainingSetup(run, records)))
    expected, actual = weights(run.folder), weights(run_folder)
    assert expected.keys() == actual.keys()
    differences = {name: np.abs(actual[name] - value).max() for name, value in expected.items()}
    assert {name: value for name, value in differences.items() if value > 1e-5} == {}
