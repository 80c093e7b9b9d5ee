import hashlib
from pathlib import Path

import pytest

from lawrec.errors import CaseError
from lawrec.storage.file_lists import content_digest, list_files
from lawrec.storage.packed_files import DECOMPRESSORS
from tests.helpers.packed_files import compressed, write

FACT = "被告人张某秘密窃取他人财物。"


def test_the_files_of_a_path_are_sorted_by_name(tmp_path):
    names = ["b.json", "a.json", "c.json.gz", ".hidden", "_SUCCESS", ".b.json.crc"]
    names += ["_temporary/d.json", ".ipynb_checkpoints/e.json", "sub/.DS_Store"]
    for name in names:
        write(tmp_path / "d" / name, "")
    files = [tmp_path / "d" / name for name in ("a.json", "b.json", "c.json.gz")]
    assert list_files(tmp_path / "d") == files
    assert list_files(tmp_path / "d" / "?.json*") == files
    assert list_files(tmp_path / "d" / "*.json") == files[:2]
    assert list_files(tmp_path / "d" / "a.json") == files[:1]
    assert list_files(tmp_path / "absent") == [tmp_path / "absent"]


def test_a_file_that_is_named_like_a_pattern_is_itself(tmp_path):
    path = write(tmp_path / "a[1].json", "")
    write(tmp_path / "a1.json", "")
    assert list_files(path) == [path]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("x-*.json", "the pattern must match a file"),
        ("empty", "the folder must hold files of cases"),
    ],
)
def test_a_path_without_a_file_is_refused(tmp_path, name, expected):
    (tmp_path / "empty" / "x-folder.json").mkdir(parents=True)
    with pytest.raises(CaseError) as caught:
        list_files(tmp_path / name)
    assert (caught.value.where, caught.value.got) == (str(tmp_path / name), "none")
    assert (caught.value.expected, caught.value.todo) == (expected, "Check the path.")


@pytest.mark.parametrize("name", ["a/b.json", "a/b/c.json"])
@pytest.mark.parametrize("beside", [[], ["top.json"]])
def test_files_in_a_folder_of_the_folder_are_not_left_out_in_silence(tmp_path, name, beside):
    for file in (name, *beside):
        write(tmp_path / file, "")
    with pytest.raises(CaseError) as caught:
        list_files(tmp_path)
    assert caught.value.expected == "the folder must hold files of cases, and no folder with files"
    assert caught.value.got == "['a']"
    assert list_files(tmp_path / "**/*.json") == [tmp_path / file for file in (name, *beside)]


def test_a_folder_that_may_not_be_read_is_left_out(tmp_path, monkeypatch):
    write(tmp_path / "a.json", "")
    write(tmp_path / "lost+found/b", "")
    iterdir = Path.iterdir

    def refuse(path):
        if path.name == "lost+found":
            raise PermissionError(13, "Permission denied", str(path))
        return iterdir(path)

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert list_files(tmp_path) == [tmp_path / "a.json"]


def test_stdin_is_no_file():
    with pytest.raises(CaseError, match="-: the cases must be in files, got stdin"):
        list_files(Path("-"))


def test_the_list_of_articles_in_a_folder_is_no_file_of_cases(tmp_path):
    for name in ("law.txt", "a.json"):
        write(tmp_path / name, "")
    assert list_files(tmp_path) == [tmp_path / "a.json"]


def test_the_digest_is_that_of_the_decompressed_bytes(tmp_path):
    content = FACT.encode() * 100
    plain = content_digest(write(tmp_path / "c.json", content))
    assert plain == hashlib.sha256(content).hexdigest()
    paths = [compressed(tmp_path, suffix, content) for suffix in DECOMPRESSORS]
    assert {content_digest(path) for path in paths} == {plain}


def test_the_digest_of_several_files_covers_all_in_their_order(tmp_path):
    for name, contents in {"ab": "ab", "ba": "ba", "abc": "abc", "a": "a"}.items():
        for number, content in enumerate(contents):
            write(tmp_path / name / f"{number}.json", content)
    write(tmp_path / "whole.json", "ab")
    digests = {content_digest(path) for path in tmp_path.iterdir()}
    assert len(digests) == 5
    assert content_digest(tmp_path / "ab" / "*.json") == content_digest(tmp_path / "ab")
    assert content_digest(tmp_path / "a") == content_digest(tmp_path / "a" / "0.json")
