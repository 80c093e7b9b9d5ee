"""Ray: a cluster of two nodes on this machine, one of which is lost in the middle."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest

from lawrec.cluster import ray_cluster
from lawrec.cluster.predict_shards import PredictJob, predict_in_shards
from lawrec.cluster.ray_cluster import connected, map_in_order, map_on_cluster
from lawrec.errors import ConfigError
from lawrec.inference.model_source import ModelSource
from lawrec.storage.files import sha256
from lawrec.storage.resources import SHIPPED_MODEL, shipped_path
from tests.cluster.test_shard_folder import contents
from tests.helpers.cli import lawrec
from tests.helpers.progress import Reports

needs_ray = pytest.mark.skipif(
    not find_spec("ray"), reason="Ray is not installed: pip install 'lawrec[cluster]'"
)


@pytest.fixture(scope="module")
def cluster():
    """A node with one CPU; a test may add another one."""
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster()
    cluster.add_node(num_cpus=1, include_dashboard=False)
    try:
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


@pytest.fixture
def job(tmp_path):
    lines = shipped_path("data/sample/test.json").read_text(encoding="utf-8").splitlines()[:60]
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join([*lines, "{"]), encoding="utf-8")
    source = ModelSource(shipped_path(SHIPPED_MODEL))
    return PredictJob((file,), tmp_path / "answers", source, shard_bytes=5_000)


def written(folder):
    """Return what is in a folder, but for what a process of a lost node, which ends, may write."""
    return {name: content for name, content in contents(folder).items() if ".tmp" not in name}


@needs_ray
def test_a_node_is_lost_and_the_answers_are_those_of_one_process(cluster, job, tmp_path):
    lost = cluster.add_node(num_cpus=1)
    reports = []

    def lose_a_node(stage, done, total, note):
        reports.append((stage, done, total))
        if len(reports) == 4:
            cluster.remove_node(lost, allow_graceful=False)

    predict_in_shards(job, cluster=cluster.address, progress=Reports(lose_a_node))
    alone = PredictJob(**{**vars(job), "folder": tmp_path / "alone"})
    predict_in_shards(alone)
    assert lost not in cluster.list_all_nodes()
    assert written(job.folder) == contents(alone.folder)
    n_shards = len(list(job.folder.glob("answers-*")))
    assert reports[: n_shards + 1] == [
        ("plan shards", 1, 1),
        *(("shards", done, n_shards) for done in range(1, n_shards + 1)),
    ]
    remote = PredictJob(**{**vars(job), "folder": Path(f"file://{tmp_path}/remote")})
    predict_in_shards(remote, cluster=cluster.address)
    assert contents(tmp_path / "remote") == contents(alone.folder)
    before = written(job.folder)
    (job.folder / "answers-00003.jsonl").unlink()
    predict_in_shards(job, cluster=cluster.address)
    assert written(job.folder) == before


@needs_ray
def test_items_are_mapped_in_any_order_or_in_theirs_and_errors_are_raised(cluster, tmp_path):
    with connected(cluster.address):
        assert sorted(map_on_cluster(abs, range(-20, 0))) == [(-n, n) for n in range(20, 0, -1)]
        assert list(map_in_order(abs, range(-20, 0))) == [(-n, n) for n in range(20, 0, -1)]
        assert list(map_on_cluster(abs, [])) == []
        with pytest.raises(FileNotFoundError, match="missing"):
            list(map_on_cluster(sha256, [tmp_path / "missing"]))


@needs_ray
@pytest.mark.parametrize(
    ("address", "got"),
    [("127.0.0.1:1", "Connection refused"), ("nonsense", "Invalid address format")],
)
def test_an_address_without_a_cluster_is_an_error_at_once(address, got):
    message = f"must be a Ray cluster .* got {address} .*{got}"
    with pytest.raises(ConfigError, match=message), connected(address):
        pass


def test_a_cluster_whose_token_is_missing_is_an_error(monkeypatch):
    class RayError(Exception):
        pass

    def init(**_):
        raise RayError("Token authentication is enabled but no token was found. Ensure that ...")

    ray = SimpleNamespace(init=init, exceptions=SimpleNamespace(RayError=RayError))
    monkeypatch.setattr(ray_cluster, "_import_ray", lambda: ray)
    message = r"got auto \(Token authentication is enabled but no token was found\)"
    with pytest.raises(ConfigError, match=message), connected("auto"):
        raise AssertionError("connected")


@needs_ray
def test_a_cluster_of_this_machine_listens_on_loopback_alone():
    code = """
from lawrec.cluster.ray_cluster import connected
with connected("local"):
    import ray
    print(*{node["NodeManagerAddress"] for node in ray.nodes()}, file=sys.__stdout__)
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    result = subprocess.run(
        [sys.executable, "-c", f"import sys{code}"], capture_output=True, text=True, env=environment
    )
    assert result.stdout == "127.0.0.1\n"


def test_without_ray_its_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    message = r"pip install 'lawrec\[cluster\]'"
    with pytest.raises(ConfigError, match=message), connected("local"):
        pass


@needs_ray
@pytest.mark.tensorflow
def test_records_that_a_cluster_tokenized_are_those_of_one_process(
    cluster, tmp_path, monkeypatch, tiny_data
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("lawrec.corpus.parallel_tokenization.MIN_PARALLEL_CASES", 3)
    monkeypatch.setattr("lawrec.corpus.cases.CASES_PER_TASK", 7)
    arguments = ("prepare", "-q", "--data", tiny_data)
    alone = lawrec(*arguments)
    expected = contents(tmp_path)
    shutil.rmtree(tmp_path / "data")
    shutil.rmtree(tmp_path / "vocab")
    result = lawrec(*arguments, "--cluster", cluster.address)
    assert (result.exit_code, result.stdout) == (0, alone.stdout)
    assert contents(tmp_path) == expected


@pytest.mark.parametrize("address", ["127.0.0.1:99999999", f"127.0.0.1:{'9' * 5_000}", "[::1]:1"])
def test_an_address_that_is_none_is_refused(monkeypatch, address):
    ray = SimpleNamespace(exceptions=SimpleNamespace(RayError=OSError))
    monkeypatch.setattr(ray_cluster, "_import_ray", lambda: ray)
    with pytest.raises(ConfigError, match="there must be a Ray cluster"), connected(address):
        raise AssertionError("connected")


@needs_ray
@pytest.mark.parametrize("command", ["audit", "split"])
def test_a_node_is_lost_and_the_report_is_that_of_one_process(
    cluster, tmp_path, monkeypatch, command
):
    """Each of them has tasks of its own: lines are checked, signed and compared."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("lawrec.corpus.audit.line_checks.PART_BYTES", 20_000)
    monkeypatch.setattr("lawrec.corpus.duplicates.near_duplicates.BATCH_SIZE", 100)
    monkeypatch.setattr("lawrec.corpus.duplicates.pair_search.PAIRS_PER_TASK", 5)
    shutil.copy(shipped_path("data/sample/train.json"), tmp_path / "train.json")
    lines = Path("train.json").read_bytes().splitlines(keepends=True)
    copies = [line.replace("的".encode(), b"") for line in lines[:40]]
    Path("train.json").write_bytes(b"".join([*lines[:900], *copies, b"{\n"]))
    written = {
        "audit": lambda name: ("audit", "train.json", "--json", f"{name}.json", "--fix", name),
        "split": lambda name: ("split", "train.json", "--skip-bad", "--output", name),
    }[command]
    alone = lawrec(*written("alone"))
    lost, done = cluster.add_node(num_cpus=1), []

    def map_and_lose_a_node(work, items):
        for result in map_in_order(work, items):
            done.append(work.func.__name__)
            if len(done) == 4:
                cluster.remove_node(lost, allow_graceful=False)
            yield result

    monkeypatch.setattr(ray_cluster, "map_in_order", map_and_lose_a_node)
    shared = lawrec(*written("shared"), "--cluster", cluster.address)
    assert lost not in cluster.list_all_nodes()
    assert (shared.exit_code, shared.stdout) == (0, alone.stdout.replace("alone", "shared"))
    assert contents(tmp_path / "shared") == contents(tmp_path / "alone")
    if command == "audit":
        assert Path("shared.json").read_bytes() == Path("alone.json").read_bytes()
        assert set(done) == {"_check_part", "_hash_bands", "_joined"}
    assert done.count("_joined") > 4


def test_processes_are_of_this_machine_or_of_a_cluster():
    result = lawrec("audit", shipped_path("data/sample"), "--jobs", 2, "--cluster", "local")
    assert result.exit_code == 2
    assert "--jobs and --cluster exclude each other." in result.stderr
