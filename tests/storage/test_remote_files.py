import gzip
import pickle
import shutil
import sys
from pathlib import Path

import pytest
from pyarrow import fs

from lawrec.cluster.predict_shards import PredictJob, predict_in_shards
from lawrec.corpus.cases import read_cases
from lawrec.errors import CaseError
from lawrec.inference.model_source import ModelSource
from lawrec.runs.bundle import SHIPPED_MODEL
from lawrec.storage import remote_files
from lawrec.storage.remote_files import RemotePath, remote_path, resolve_uri
from lawrec.storage.resources import shipped_path
from lawrec.storage.text_files import content_digest, list_files
from tests.helpers.cli import lawrec

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="URIs are for POSIX")
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


@pytest.mark.parametrize("name", ["cases.json", "C:/cases.json", "/data/s3:/cases", "a:b/c.json"])
def test_other_paths_are_no_uris(name):
    path = Path(name)
    assert resolve_uri(path) is path


def test_a_local_file_whose_name_is_like_a_uri_is_local(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("s3:").mkdir()
    Path("s3:/cases.json").write_text(LINE, encoding="utf-8")
    assert type(resolve_uri(Path("s3://cases.json"))) is type(Path())


def test_an_unknown_scheme_is_an_error():
    with pytest.raises(CaseError, match="pyarrow must know the URI and reach it, got Unrecognized"):
        list_files(Path("nothing://court/cases"))


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
    source = ModelSource(shipped_path(SHIPPED_MODEL))
    written = []
    for number, path in enumerate((Path("s3://court/cases"), bucket / "cases")):
        folder = tmp_path / f"answers-{number}"
        job = PredictJob((path,), folder, source, shard_bytes=5_000)
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
