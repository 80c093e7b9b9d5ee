"""Predict in shards with the shipped model: the same bytes from one process and from many."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from lawrec.cluster.predict_shards import PredictJob, answer_shard, open_job, predict_in_shards
from lawrec.corpus.cases import read_cases
from lawrec.errors import CaseError, ConfigError
from lawrec.inference.model_source import ModelSource
from lawrec.reporting.answers.writers import answer_csv, answer_json
from lawrec.storage.resources import SHIPPED_MODEL, shipped_path
from tests.cluster.test_shard_folder import contents

TEXTS = {"264": "盗窃公私财物。"}


MODEL = shipped_path(SHIPPED_MODEL)
SOURCE = ModelSource(MODEL)


@pytest.fixture(scope="module")
def recommender():
    return SOURCE.load()


@pytest.fixture(scope="module")
def lines():
    """Forty invented cases, and lines that are none."""
    text = shipped_path("data/sample/test.json").read_text(encoding="utf-8")
    cases = text.splitlines()[:40]
    return [*cases[:10], "{", "", *cases[10:], '{"fact": ""}']


@pytest.fixture
def file(tmp_path, lines):
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def job(file, tmp_path, recommender, monkeypatch):
    """A job, whose model is loaded once for all tests."""
    monkeypatch.setattr(ModelSource, "load", lambda source, progress=None: recommender)
    return PredictJob((file,), tmp_path / "answers", SOURCE, shard_bytes=5_000)


def joined(folder, suffix):
    return "".join(
        path.read_text(encoding="utf-8") for path in sorted(folder.glob(f"answers-*{suffix}"))
    )


def test_the_shards_are_the_answers_of_one_stream(job, file, recommender):
    answers = predict_in_shards(job)
    stream = recommender.answer(read_cases(file, labelled=False), top_k=1)
    assert joined(job.folder, ".jsonl") == "".join(f"{line}\n" for line in answer_json(stream))
    assert len(answers) > 5
    assert sum(each.cases for each in answers) == 42
    assert sum(each.errors for each in answers) == 2


def test_settings_reach_the_answers(job, file, recommender):
    settings = {"top_k": 3, "features": 2, "texts": TEXTS}
    predict_in_shards(replace(job, **settings))
    stream = recommender.answer(read_cases(file, labelled=False), top_k=3, features=2)
    expected = "".join(f"{line}\n" for line in answer_json(stream, texts=TEXTS))
    assert joined(job.folder, ".jsonl") == expected


def test_each_shard_of_csv_has_the_header(job, file, recommender):
    csv_job = replace(job, output_format="csv")
    folder = open_job(csv_job, "12")
    answer_shard(csv_job, folder, 0, recommender=recommender)
    header, *_ = answer_csv([])
    assert folder.answers_path(0).read_text(encoding="utf-8-sig").startswith(header)


def test_a_shard_may_hold_errors_alone_but_not_the_input(job, file, recommender, lines):
    file.write_text("\n".join(["1"] * 3 + lines[:2]))
    answers = predict_in_shards(replace(job, shard_bytes=5))
    assert [(each.cases, each.errors) for each in answers] == [(3, 3), (1, 0), (1, 0)]
    file.write_text("1\n1\n")
    other = PredictJob((file,), job.folder.with_name("other"), SOURCE)
    with pytest.raises(CaseError, match="2 lines, none of them valid"):
        predict_in_shards(other)


def test_a_broken_file_is_an_error_and_leaves_no_answers(job, file, tmp_path, recommender):
    packed = tmp_path / "cases.jsonl.gz"
    packed.write_bytes(b"\x1f\x8b broken")
    other = PredictJob((packed,), job.folder, SOURCE)
    with pytest.raises(CaseError, match="must be whole"):
        predict_in_shards(other)
    assert list(job.folder.glob("answers*")) == []


def test_parquet_has_the_answers_of_json(job):
    parquet = pytest.importorskip("pyarrow.parquet")
    predict_in_shards(replace(job, output_format="parquet"))
    tables = [parquet.read_table(path) for path in sorted(job.folder.glob("*.parquet"))]
    ids = [case_id for table in tables for case_id in table["case_id"].to_pylist()]
    predict_in_shards(replace(job, folder=job.folder.with_name("json")))
    text = joined(job.folder.with_name("json"), ".jsonl")
    assert ids == [json.loads(line)["case_id"] for line in text.splitlines()]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("threshold", 0.5),
        ("top_k", 2),
        ("features", 1),
        ("texts", TEXTS),
        ("shard_bytes", 9_999),
    ],
)
def test_the_folder_of_another_job_is_refused(job, name, value):
    open_job(job, "12")
    other = replace(job, source=ModelSource(threshold=value)) if name == "threshold" else None
    with pytest.raises(ConfigError, match=f"the one that was begun, with {name} "):
        open_job(other or replace(job, **{name: value}), "12")
    with pytest.raises(ConfigError, match="the one that was begun, with model '12', got '13'"):
        open_job(job, "13")


COMMAND = """
import sys
from pathlib import Path
from lawrec.cluster.predict_shards import PredictJob, predict_in_shards
from lawrec.inference.model_source import ModelSource
file, folder, model = map(Path, sys.argv[1:])
predict_in_shards(PredictJob((file,), folder, ModelSource(model), shard_bytes=5_000))
"""


def start(job, folder):
    arguments = [sys.executable, "-c", COMMAND, *map(str, (*job.paths, folder, MODEL))]
    return subprocess.Popen(arguments, stderr=subprocess.PIPE)


def test_processes_share_the_work_and_one_is_killed(job, tmp_path, file, lines, recommender):
    file.write_text("\n".join(lines * 4), encoding="utf-8")
    folder = tmp_path / "shared"
    killed, survivor = start(job, folder), start(job, folder)
    while not list(folder.glob("answers-*")) and killed.poll() is None:
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() in (-signal.SIGKILL, 0)
    assert (survivor.wait(), survivor.stderr.read()) == (0, b"")
    for process in (killed, survivor):
        process.stderr.close()
    predict_in_shards(job)
    found, expected = contents(folder), contents(job.folder)
    assert found == expected
    manifest = json.loads(found["manifest.json"])
    assert sum(shard["cases"] for shard in manifest["shards"]) == 168
