"""Shard folders: what is done by whom, and what is refused."""

import json
import os
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from lawrec.cluster import shard_folder as module
from lawrec.cluster.shard_folder import (
    complete_shards,
    finished_answers,
    open_shard_folder,
    share_missing,
)
from lawrec.corpus.case_shards import plan_shards
from lawrec.corpus.readers import DEFAULT_FORMAT
from lawrec.errors import CaseError, ConfigError, ErrorKind
from lawrec.storage.seal import write_sealed
from tests.helpers.progress import Reports

JOB = {"model": "12", "top_k": 1, "names": ("a", "b")}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "_WAIT_SECONDS", 0.01)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "facts.txt"
    path.write_text("甲\n乙\n丙\n丁\n")
    return path


@pytest.fixture
def begin(tmp_path, file):
    """A function that opens the folder of a job of four shards."""

    def begin(job=JOB, files=(file,), path=tmp_path / "answers"):
        return open_shard_folder(
            path,
            job,
            files=files,
            suffix=".jsonl",
            make_plan=lambda: plan_shards(files, DEFAULT_FORMAT, shard_bytes=4),
        )

    return begin


class Work:
    """Writes the number of a shard as its answers, and remembers which it has done."""

    def __init__(self, folder, seconds=0.0, errors=0):
        self.folder, self.seconds, self.errors, self.done = folder, seconds, errors, []

    def __call__(self, index):
        self.done.append(index)
        time.sleep(self.seconds)
        self.folder.answers_path(index).write_text(f"{index}\n")
        self.folder.keep(index, cases=1, errors=self.errors)

    def complete(self, **options):
        do_missing = partial(share_missing, self.folder, self)
        return complete_shards(self.folder, do_missing, **options)


def contents(path):
    return {
        file.relative_to(path).as_posix(): file.read_bytes()
        for file in path.rglob("*")
        if file.is_file()
    }


def test_a_job_of_four_shards(begin):
    folder = begin()
    work = Work(folder)
    answers = work.complete()
    assert work.done == [0, 1, 2, 3]
    assert [each.name for each in answers] == [f"answers-0000{i}.jsonl" for i in range(4)]
    assert [(each.cases, each.errors) for each in answers] == [(1, 0)] * 4
    names = [*(f"answers-0000{i}.jsonl" for i in range(4)), "manifest.json", "plan.json"]
    assert sorted(file.name for file in folder.path.glob("[!.]*")) == names
    assert [file for file in contents(folder.path) if "claim" in file] == []


def test_a_finished_job_is_verified_and_not_done_again(begin):
    Work(begin()).complete()
    before = contents(begin().path)
    work, reports = Work(begin()), []
    work.complete(progress=Reports(lambda *report: reports.append(report[:3])))
    assert work.done == []
    assert contents(begin().path) == before
    assert reports == [("verify", i, 4) for i in (1, 2, 3, 4)]


@pytest.mark.parametrize("name", ["answers-00002.jsonl", ".state/00002.json"])
@pytest.mark.parametrize("content", [None, b"", b"{}", b"3\n"])
@pytest.mark.parametrize("finished", [True, False])
def test_only_what_is_missing_or_damaged_is_done(begin, name, content, finished):
    folder = begin()
    Work(folder).complete()
    before = contents(folder.path)
    if content is None:
        (folder.path / name).unlink()
    else:
        (folder.path / name).write_bytes(content)
    if not finished:
        (folder.path / "manifest.json").unlink()
    work = Work(begin())
    work.complete()
    assert work.done == [2]
    assert contents(folder.path) == before


def test_a_job_that_was_stopped_goes_on(begin):
    work = Work(begin())
    work(1)
    work(3)
    again = Work(begin())
    again.complete()
    assert again.done == [0, 2]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("limit", range(6))  # the plan, four entries, the manifest
def test_a_job_that_is_stopped_at_any_write_goes_on(begin, tmp_path, monkeypatch, when, limit):
    Work(begin()).complete()
    expected = contents(tmp_path / "answers")
    written = []

    def write_until_limit(path, values):
        if when == "after":
            write_sealed(path, values)
        written.append(path)
        if len(written) > limit:
            raise KeyboardInterrupt
        write_sealed(path, values)

    other = tmp_path / "other"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(module, "write_sealed", write_until_limit)
        Work(begin(path=other)).complete()
    work = Work(begin(path=other))
    work.complete()
    assert contents(other) == expected
    n_entered = min(max(limit - (when == "before"), 0), 4)
    assert work.done == [0, 1, 2, 3][n_entered:]


def test_threads_share_the_shards(begin):
    works = [Work(begin(), seconds=0.02) for _ in range(3)]
    results = []
    threads = [threading.Thread(target=lambda w=w: results.append(w.complete())) for w in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(index for work in works for index in work.done) == [0, 1, 2, 3]
    assert results == [finished_answers(begin())] * 3


def test_a_shard_that_another_works_on_comes_last(begin):
    folder = begin()
    (folder.path / ".state/00001.claim").write_text("1@elsewhere")
    assert folder.missing() == [0, 2, 3, 1]


@pytest.mark.parametrize("name", ["00003", "manifest", "plan"])
def test_claims_of_killed_processes_do_not_stay(begin, name):
    Work(begin()).complete()
    before = contents(begin().path)
    (begin().path / f".state/{name}.claim").write_text("1@elsewhere")
    Work(begin()).complete()
    assert contents(begin().path) == before


def test_one_process_plans_and_the_others_wait(begin, tmp_path):
    folders = []
    threads = [threading.Thread(target=lambda: folders.append(begin())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert folders == [begin()] * 4


@pytest.mark.parametrize(
    ("job", "message"),
    [
        ({**JOB, "model": "13"}, "with model '12', got '13'"),
        ({**JOB, "top_k": 2}, "with top_k 1, got 2"),
        ({"model": "12", "top_k": 1}, r"with names \['a', 'b'\], got None"),
        ({**JOB, "new": True}, "with new None, got True"),
    ],
)
def test_another_job_is_refused(begin, job, message):
    begin()
    with pytest.raises(ConfigError, match=message):
        begin(job)


def test_other_input_is_refused(begin, file, tmp_path):
    begin()
    other = tmp_path / "other.txt"
    other.write_bytes(file.read_bytes())
    for files in ((other,), (file, other), ()):
        with pytest.raises(ConfigError, match="the input must be"):
            begin(files=files)
    file.write_text("甲\n乙\n丙\n戊\n")
    with pytest.raises(CaseError, match="as it was when its shards were planned"):
        begin()


def test_the_same_files_elsewhere_are_the_same_input(begin, file, tmp_path):
    begin()
    copy = tmp_path / "copy" / file.name
    copy.parent.mkdir()
    copy.write_bytes(file.read_bytes())
    assert begin(files=(copy,)).files == (copy,)


def test_a_folder_with_other_files_is_refused(begin, tmp_path):
    (tmp_path / "answers").mkdir()
    (tmp_path / "answers/notes.txt").touch()
    with pytest.raises(ConfigError, match=r"a folder with 'notes\.txt' in it and no plan"):
        begin()


@pytest.mark.parametrize("name", ["answers-00002.jsonl", ".state/00002.json", ".state/00002.claim"])
@pytest.mark.parametrize("place", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
@pytest.mark.parametrize("scheme", ["", "file://"])
def test_what_could_be_read_without_end_is_refused(begin, tmp_path, name, place, scheme):
    place(begin().path / name)
    with pytest.raises(ConfigError, match=rf"{name}: .* got a link that leads out of it, a pipe"):
        begin(path=Path(f"{scheme}{tmp_path}/answers"))


def test_a_job_that_another_process_plans_while_the_folder_is_checked_goes_on(begin, monkeypatch):
    names_in = module.names_in

    def plan_and_list(path):
        monkeypatch.undo()
        begin()
        return names_in(path)

    (begin().path / "plan.json").unlink()
    monkeypatch.setattr(module, "names_in", plan_and_list)
    assert begin().n_shards == 4


@pytest.mark.parametrize("content", [b"", b"[]", b"{}"])
def test_a_damaged_plan_is_refused(begin, content):
    (begin().path / "plan.json").write_bytes(content)
    with pytest.raises(ConfigError, match="the plan must be undamaged"):
        begin()


def test_a_plan_that_was_edited_is_refused(begin):
    path = begin().path / "plan.json"
    values = json.loads(path.read_text())
    values["shards"].pop()
    path.write_text(json.dumps(values))
    with pytest.raises(ConfigError, match="its content has changed since it was written"):
        begin()


def test_a_disk_that_loses_bytes_is_an_error(begin):
    folder = begin()
    work = Work(folder)

    def careless(index):
        work(index)
        folder.answers_path(0).write_text("lost")

    with pytest.raises(ConfigError, match="got other bytes, again and again"):
        complete_shards(folder, partial(share_missing, folder, careless))
    assert work.done == [0, 1, 2, 3, 0, 0]


def test_no_case_at_all_is_an_error(begin):
    with pytest.raises(CaseError, match="4 lines, none of them valid") as raised:
        Work(begin(), errors=1).complete()
    assert raised.value.kind is ErrorKind.NO_CASE


def test_progress_names_the_shards_of_all(begin):
    folder = begin()
    Work(folder)(2)
    reports = []
    progress = Reports(lambda *report: reports.append(report[:3]))
    share_missing(folder, Work(folder), progress=progress)
    assert reports == [("shards", done, 4) for done in (1, 2, 3, 4)]
