import gzip
import pickle
import shutil
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from pyarrow import ArrowInvalid, fs

from lawrec.cluster.predict_shards import PredictJob, predict_in_shards
from lawrec.corpus.cases import read_cases
from lawrec.errors import CaseError, ConfigError
from lawrec.inference.model_source import ModelSource
from lawrec.storage import remote_files
from lawrec.storage.claims import Claims
from lawrec.storage.file_lists import content_digest, list_files
from lawrec.storage.files import atomic_file, write_text
from lawrec.storage.remote_files import (
    RemotePath,
    create_new,
    names_in,
    remote_path,
    resolve_uri,
    touch,
)
from lawrec.storage.resources import SHIPPED_MODEL, shipped_path
from tests.cluster.test_predict_shards import start
from tests.cluster.test_shard_folder import contents
from tests.helpers.cli import lawrec

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="URIs are for POSIX")
SOURCE = ModelSource(shipped_path(SHIPPED_MODEL))
LINE = '{"fact": "被告人盗窃钱包", "articles": [264]}\n'


@pytest.fixture
def bucket(tmp_path, monkeypatch):
    """A folder that is the bucket of s3://court."""
    folder = tmp_path / "bucket"
    folder.mkdir()

    def locate(uri):
        assert uri.startswith("s3://court/")
        store = fs.SubTreeFileSystem(str(folder), fs.LocalFileSystem())
        return store, uri.removeprefix("s3://court/").partition("?")[0]

    monkeypatch.setattr(remote_files, "_locate", locate)
    return folder


def test_a_file_at_a_uri_is_read_as_it_is_on_the_disk(tmp_path):
    path = tmp_path / "cases.jsonl"
    path.write_text(LINE, encoding="utf-8")
    [file] = list_files(Path(f"file://{path}"))
    assert (str(file), file.name, file.suffix) == (f"file://{path}", "cases.jsonl", ".jsonl")
    assert file.stat().st_size == path.stat().st_size
    assert content_digest(file) == content_digest(path)
    [case] = read_cases(file, labelled=False)
    assert (case.where, case.fact) == (f"file://{path}:1", "被告人盗窃钱包")


def test_a_folder_of_a_bucket_has_its_files_of_cases_in_order(bucket):
    (bucket / "cases/more").mkdir(parents=True)
    for name in ("b.json", "a.json.gz", "law.txt", "_SUCCESS"):
        content = LINE.encode()
        path = bucket / "cases" / name
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    files = list_files(Path("s3://court/cases?region=eu-west-1"))
    assert [str(file) for file in files] == [
        "s3://court/cases/a.json.gz",
        "s3://court/cases/b.json",
    ]
    assert files[0].uri == "s3://court/cases/a.json.gz?region=eu-west-1"
    assert len({content_digest(file) for file in files}) == 1
    copy = pickle.loads(pickle.dumps(files[0]))
    assert isinstance(copy, RemotePath)
    assert copy.uri == files[0].uri
    assert content_digest(copy) == content_digest(files[0])


def test_what_is_not_there_is_an_error_that_names_the_uri(bucket):
    (bucket / "empty").mkdir()
    with pytest.raises(CaseError, match="s3://court/empty: the folder must hold files of cases"):
        list_files(Path("s3://court/empty"))
    with pytest.raises(CaseError, match=r"s3://court/absent\.json: the file must be readable"):
        list(read_cases(Path("s3://court/absent.json"), labelled=False))


@pytest.mark.parametrize(
    "name", ["cases.json", "C:/cases.json", "/data/s3:/cases", "a:b/c.json", "ab:c.json"]
)
def test_other_paths_are_no_uris(name):
    path = Path(name)
    assert resolve_uri(path) is path


def test_a_local_file_whose_name_is_like_a_uri_is_local(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("s3:").mkdir()
    Path("s3:/cases.json").write_text(LINE, encoding="utf-8")
    assert type(resolve_uri(Path("s3://cases.json"))) is type(Path())


@pytest.mark.parametrize(
    ("uri", "got"),
    [
        ("nothing://court/cases", "Unrecognized"),
        ("s3://", "no bucket"),
        ("file:///data/%zz", "Cannot parse URI"),
        ("file:///data/\udcff", "'utf-8' codec can't encode"),
        ("file:///data/\0", "Cannot parse URI"),
    ],
)
def test_a_uri_that_names_nothing_is_an_error(uri, got):
    with pytest.raises(CaseError, match=f"pyarrow must know the URI and reach it, got {got}"):
        list_files(Path(uri))


NAMES = ["x%41.json", "xA.json", "案 件.json", "100%.json", "a?b.json", "a#b.json", "[1].json"]


def test_a_file_keeps_its_content_whatever_its_name_and_whichever_process_reads_it(tmp_path):
    folder = tmp_path / "案卷 [1]"
    folder.mkdir()
    for name in NAMES:
        (folder / name).write_text(name, encoding="utf-8")
    files = list_files(Path(f"file://{tmp_path}/案卷 %5B1%5D"))
    assert sorted(file.read_text() for file in files) == sorted(NAMES)
    assert len({str(file) for file in files}) == len({file.name for file in files}) == len(NAMES)
    for file in files:
        for again in (pickle.loads(pickle.dumps(file)), resolve_uri(Path(str(file)))):
            assert again.read_text() == file.read_text()


def test_a_scheme_in_capitals_is_one(tmp_path):
    path = resolve_uri(Path(f"FILE://{tmp_path}"))
    assert (str(path), path.is_dir()) == (f"file://{tmp_path}", True)


def test_a_lost_connection_is_an_error_of_the_uri(bucket, monkeypatch):
    path = resolve_uri(Path("s3://court/cases"))

    def lost(*_):
        raise OSError("AWS Error NETWORK_CONNECTION\nmore")

    path._located = SimpleNamespace(get_file_info=lost), "cases"
    for use in (RemotePath.exists, RemotePath.names):
        with pytest.raises(CaseError, match=r"s3://court/cases: .*got AWS Error \S+\. "):
            use(path)


def test_without_pyarrow_its_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.fs", None)
    with pytest.raises(CaseError, match=r"pip install 'lawrec\[parquet\]'"):
        list_files(Path("s3://court/cases"))


def test_no_message_has_a_password():
    path = remote_path("s3://key:secret@court/cases/a.json?endpoint_override=store:9000")
    assert str(path) == "s3://court/cases/a.json"
    assert path.name == "a.json"


def test_cases_of_a_bucket_are_answered_as_those_of_a_folder(bucket, tmp_path):
    sample = shipped_path("data/sample/test.json").read_text(encoding="utf-8").splitlines(True)
    (bucket / "cases").mkdir()
    for number in range(2):
        text = "".join(sample[number * 20 : number * 20 + 20])
        (bucket / f"cases/part-{number}.json").write_text(text, encoding="utf-8")
    written = []
    for number, path in enumerate((Path("s3://court/cases"), bucket / "cases")):
        folder = tmp_path / f"answers-{number}"
        job = PredictJob((path,), folder, SOURCE, shard_bytes=5_000)
        assert sum(shard.cases for shard in predict_in_shards(job)) == 40
        written.append([file.read_bytes() for file in sorted(folder.glob("answers-*"))])
    assert written[0] == written[1]
    assert len(written[0]) > 4


def test_the_command_line_takes_a_uri(tmp_path):
    shutil.copy(shipped_path("data/sample/facts.txt"), tmp_path)
    answers = [
        lawrec("predict", "-q", "--format", "json", f"{prefix}{tmp_path}/facts.txt").stdout
        for prefix in ("", "file://")
    ]
    assert answers[0] == answers[1] != ""


@pytest.fixture
def cases(tmp_path):
    """A file of forty invented cases."""
    path = tmp_path / "cases.jsonl"
    lines = shipped_path("data/sample/test.json").read_text(encoding="utf-8").splitlines(True)
    path.write_text("".join(lines[:40]), encoding="utf-8")
    return path


@pytest.mark.parametrize("output_format", ["json", "csv", "parquet"])
def test_answers_in_a_bucket_are_those_in_a_folder(bucket, tmp_path, cases, output_format):
    job = PredictJob(
        *((cases,), tmp_path / "local", SOURCE), output_format=output_format, shard_bytes=9_000
    )
    shards = predict_in_shards(job)
    assert predict_in_shards(replace(job, folder=Path("s3://court/new/answers"))) == shards
    assert contents(bucket / "new/answers") == contents(job.folder)
    assert len(shards) > 2


def test_only_what_is_missing_or_damaged_in_a_bucket_is_done(bucket, cases):
    job = PredictJob((cases,), Path("s3://court/answers"), SOURCE, shard_bytes=9_000)
    predict_in_shards(job)
    expected = contents(bucket)
    times = {path: path.stat().st_mtime_ns for path in (bucket / "answers").glob("answers-*")}
    damaged, lost, *others = sorted(times)
    damaged.write_bytes(b"{")
    lost.unlink()
    predict_in_shards(job)
    assert contents(bucket) == expected
    assert [path.stat().st_mtime_ns for path in others] == [times[path] for path in others]
    with pytest.raises(
        ConfigError, match=r"s3://court/answers/plan\.json: the job must be the one"
    ):
        predict_in_shards(replace(job, top_k=2))


def test_processes_share_a_folder_at_a_uri_and_one_is_killed(tmp_path, cases):
    cases.write_text(cases.read_text(encoding="utf-8") * 4, encoding="utf-8")
    job, shared = PredictJob((cases,), tmp_path / "alone", SOURCE, shard_bytes=5_000), "shared"
    killed, survivor = (start(job, f"file://{tmp_path}/{shared}") for _ in range(2))
    while not list((tmp_path / shared).glob("answers-*")) and killed.poll() is None:
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() in (-signal.SIGKILL, 0)
    assert (survivor.wait(), survivor.stderr.read()) == (0, b"")
    for process in (killed, survivor):
        process.stderr.close()
    predict_in_shards(job)
    found = contents(tmp_path / shared)
    # What was being written, and the claim of a shard that was done.
    left = [name for name in found if name.endswith((".tmp", ".claim"))]
    assert {name: found[name] for name in found if name not in left} == contents(job.folder)


def test_a_file_in_a_bucket_appears_whole_or_not_at_all(bucket, monkeypatch):
    path = remote_path("s3://court/answers.jsonl")
    write_text(path, "first\n")
    with pytest.raises(KeyboardInterrupt), atomic_file(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(shutil, "copyfileobj", _copy_half)
        write_text(path, "second\n")
    assert contents(bucket) == {"answers.jsonl": b"first\n"}
    write_text(path, "second\n")
    assert contents(bucket) == {"answers.jsonl": b"second\n"}


def _copy_half(source, target, _):
    target.write(source.read(3))
    raise KeyboardInterrupt


def test_a_bucket_that_cannot_be_written_to_is_an_error(bucket):
    (bucket / "answers").touch()
    with pytest.raises(CaseError, match="s3://court/answers/new: what the URI names must be"):
        remote_path("s3://court/answers/new").mkdir()
    with pytest.raises(CaseError, match="s3://court/answers/a: what the URI names must be"):
        write_text(remote_path("s3://court/answers/a"), "text")


def test_a_refused_request_is_an_error_of_the_uri(bucket, monkeypatch):
    def refuse(*_, **__):
        raise ArrowInvalid("google::cloud::Status(INVALID_ARGUMENT: missing project id)")

    store = SimpleNamespace(create_dir=refuse)
    monkeypatch.setattr(remote_files, "_locate", lambda uri: (store, "nowhere"))
    with pytest.raises(CaseError, match="s3://nowhere: what the URI names must be writable, got g"):
        remote_path("s3://nowhere").mkdir()


def test_claims_in_a_bucket(bucket):
    (bucket / "state").mkdir()
    folder = remote_path("s3://court/state")
    with Claims(folder).held("7") as mine, Claims(folder).held("7") as also:
        assert (mine, also, names_in(folder)) == (True, False, ["7.claim"])
        before = (bucket / "state/7.claim").stat().st_mtime_ns
        time.sleep(0.01)
        touch(folder / "7.claim")
        assert (bucket / "state/7.claim").stat().st_mtime_ns > before
    assert names_in(folder) == []
    with pytest.raises(FileNotFoundError):
        touch(folder / "7.claim")
    (bucket / "state/7.claim").write_text("1@elsewhere")
    now = [0.0]
    claims = Claims(folder, clock=lambda: now[0])
    for now[0], expected in ((0.0, False), (59.0, False), (61.0, True)):
        with claims.held("7") as mine:
            assert mine == expected


def test_of_two_that_create_a_file_in_a_bucket_at_once_the_last_one_has_it(bucket, monkeypatch):
    path, write = remote_path("s3://court/7.claim"), RemotePath.write_text

    def write_both(self, data):
        write(self, data)
        write(self, "other")

    monkeypatch.setattr(RemotePath, "write_text", write_both)
    with pytest.raises(FileExistsError):
        create_new(path, "this one")
    assert path.read_text() == "other"


def test_a_remote_path_is_never_taken_for_a_local_one(bucket):
    path = remote_path("s3://court/cases") / "a.json"
    assert (str(path), path.name) == ("s3://court/cases/a.json", "a.json")
    with pytest.raises(TypeError, match=r"s3://court/cases/a\.json is not a path of this machine"):
        path.rename("b.json")
