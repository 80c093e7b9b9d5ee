"""Verifying records, without TensorFlow: shards are written here byte by byte."""

import json
from dataclasses import replace

import pytest

from lawrec.corpus.records.manifest import (
    Manifest,
    Shard,
    Split,
    folders_in,
    load_manifest,
    manifest_to_dict,
    verify,
)
from lawrec.errors import RecordsError
from lawrec.storage.files import sha256
from lawrec.storage.seal import write_sealed
from tests.helpers.progress import Reports

CASES = [b"one", b"", b"three" * 50]


def framed(records):
    """A TFRecord file's bytes; checksums of zeros, which nobody reads here."""
    return b"".join(len(r).to_bytes(8, "little") + bytes(4) + r + bytes(4) for r in records)


def make_folder(folder, **changes):
    """Write a train split of two shards and a valid split of one."""
    folder.mkdir(parents=True)
    shards = {}
    for name, cases in {"train-0": CASES, "train-1": CASES[:1], "valid-0": CASES[:2]}.items():
        path = folder / name
        path.write_bytes(framed(cases))
        shards[name] = Shard(name, len(cases), sha256(path))
    train = Split("train.json", "", 4, 9, 0, (shards["train-0"], shards["train-1"]))
    valid = Split("valid.json", "", 2, 9, 0, (shards["valid-0"],))
    manifest = Manifest("char", 384, {"train": replace(train, **changes), "valid": valid}, (1, 2))
    write_sealed(folder / "manifest.json", manifest_to_dict(manifest))
    return folder


@pytest.fixture
def folder(tmp_path):
    return make_folder(tmp_path / "records/key")


def damage(folder):
    return [(error.where, error.got) for error in verify(folder).damage]


def test_whole_records_are_counted_and_have_no_damage(folder):
    reports = []
    verification = verify(folder, Reports(lambda *arguments: reports.append(arguments[:3])))
    assert (verification.folder, verification.shards, verification.cases, verification.damage) == (
        folder,
        3,
        6,
        (),
    )
    assert reports == [("verify key", cases, 6) for cases in (3, 4, 6)]


def test_every_damaged_or_missing_shard_is_named_in_order(folder):
    content = bytearray((folder / "train-0").read_bytes())
    content[20] ^= 1
    (folder / "train-0").write_bytes(content)
    (folder / "valid-0").unlink()
    assert damage(folder) == [
        (str(folder / "train-0"), "damaged bytes"),
        (str(folder / "valid-0"), "no such file"),
    ]


def test_a_shard_with_another_number_of_cases_than_the_manifest_says_is_damaged(folder):
    path = folder / "manifest.json"
    values = json.loads(path.read_text("utf-8"))
    del values["sha256"]
    first, second = values["splits"]["train"]["shards"]
    first["cases"], second["cases"] = 2, 2
    write_sealed(path, values)
    assert [where for where, _ in damage(folder)] == [
        str(folder / "train-0"),
        str(folder / "train-1"),
    ]


def test_a_manifest_whose_counts_contradict_each_other_is_refused(tmp_path):
    folder = make_folder(tmp_path / "key", cases=5)
    with pytest.raises(RecordsError) as caught:
        load_manifest(folder)
    assert caught.value.got == "train has 5 cases and its shards 4"
    assert damage(folder) == [(str(folder / "manifest.json"), caught.value.got)]


def test_a_folder_without_a_manifest_is_damaged(tmp_path):
    ((where, _),) = damage(tmp_path)
    assert where == str(tmp_path / "manifest.json")


def test_the_folders_of_records_are_those_that_are_finished(folder):
    root = folder.parent
    (root / ".other.1.tmp").mkdir()
    (root / "README.md").touch()
    (root / "another").mkdir()
    assert folders_in(root) == [root / "another", folder]


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_no_records_at_all_say_what_to_do(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(RecordsError, match="Run `lawrec prepare` first"):
        folders_in(tmp_path / name)
