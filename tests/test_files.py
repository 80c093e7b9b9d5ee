import hashlib
import json
import os
import platform
import subprocess
import sys

import pytest

from lawrec.files import atomic_file, atomic_folder, json_line, sha256, write_json, write_text


class Interrupted(BaseException):
    """Stands for Ctrl-C."""


def names(folder):
    return sorted(path.name for path in folder.rglob("*"))


def test_a_replaced_file_appears_only_when_the_block_ends(tmp_path):
    path = tmp_path / "new" / "file.txt"
    with atomic_file(path) as temporary:
        temporary.write_text("whole", encoding="utf-8")
        assert not path.exists()
    assert path.read_text(encoding="utf-8") == "whole"
    assert names(tmp_path) == ["file.txt", "new"]


@pytest.mark.parametrize("kind", [ValueError, Interrupted])
def test_a_failed_block_keeps_the_old_file_and_no_temporary_one(tmp_path, kind):
    path = tmp_path / "file.txt"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(kind), atomic_file(path) as temporary:
        temporary.write_text("half", encoding="utf-8")
        raise kind
    assert path.read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == ["file.txt"]


def test_a_finished_folder_appears_only_when_the_block_ends(tmp_path):
    path = tmp_path / "a" / "b"
    with atomic_folder(path) as temporary:
        (temporary / "file").touch()
        assert not path.exists()
    assert names(tmp_path) == ["a", "b", "file"]


def test_a_finished_folder_takes_the_place_of_the_old_one(tmp_path):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").touch()
    with atomic_folder(path) as temporary:
        (temporary / "new").touch()
        assert names(path) == ["old"]
    assert names(path) == ["new"]


def test_a_finished_folder_may_have_to_be_new(tmp_path):
    path = tmp_path / "folder"
    path.mkdir()
    with pytest.raises(FileExistsError), atomic_folder(path, overwrite=False) as temporary:
        (temporary / "new").touch()
    assert names(tmp_path) == ["folder"]


@pytest.mark.parametrize("kind", [ValueError, Interrupted])
def test_a_failed_block_keeps_the_old_folder_and_no_temporary_one(tmp_path, kind):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").touch()
    with pytest.raises(kind), atomic_folder(path) as temporary:
        (temporary / "half").touch()
        raise kind
    assert names(tmp_path) == ["folder", "old"]


AT_WORK = """
import sys, time
from pathlib import Path
from lawrec.files import atomic_folder
with atomic_folder(Path(sys.argv[1])) as temporary:
    (temporary / "half").touch()
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def at_work(tmp_path):
    """A process that is filling `tmp_path/folder`."""
    with subprocess.Popen(
        [sys.executable, "-c", AT_WORK, tmp_path / "folder"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def test_what_a_killed_process_left_is_removed_by_the_next(at_work, tmp_path):
    at_work.kill()
    at_work.wait()
    assert names(tmp_path)[0] == f".folder.{platform.node()}.{at_work.pid}.tmp"
    with atomic_folder(tmp_path / "folder") as temporary:
        (temporary / "whole").touch()
    assert names(tmp_path) == ["folder", "whole"]


def test_what_a_process_is_working_on_is_left_alone(at_work, tmp_path):
    with atomic_folder(tmp_path / "folder") as temporary:
        (temporary / "whole").touch()
    assert names(tmp_path) == [
        f".folder.{platform.node()}.{at_work.pid}.tmp",
        "folder",
        "half",
        "whole",
    ]


def test_what_other_hosts_and_other_folders_left_is_not_ours(at_work, tmp_path):
    at_work.kill()
    at_work.wait()
    host, dead = platform.node(), at_work.pid
    foreign = [
        f".folder.elsewhere-{host}.{dead}.tmp",
        f".folder.{dead}.tmp",
        f".folder-2.{host}.{dead}.tmp",
        f".folder.{host}.notes",
        f".folder.{host}.{10**30}.tmp",
        f".folder.{host}.{os.getppid()}.tmp",
    ]
    for name in foreign:
        (tmp_path / name).mkdir()
    with atomic_folder(tmp_path / "folder"):
        pass
    assert names(tmp_path) == sorted([*foreign, "folder"])


def test_text_is_written_as_utf8_with_plain_line_ends(tmp_path):
    path = tmp_path / "text.txt"
    write_text(path, "第一行\n第二行\n")
    assert path.read_bytes() == "第一行\n第二行\n".encode()


def test_text_that_utf8_cannot_hold_leaves_the_old_file(tmp_path):
    path = tmp_path / "text.txt"
    write_text(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "\ud800")
    assert path.read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == ["text.txt"]


def test_json_comes_back_as_it_was_and_keeps_chinese_readable(tmp_path):
    path, value = tmp_path / "value.json", {"罪名": ["盗窃罪", 1, None, 0.5], "空": {}}
    write_json(path, value)
    text = path.read_text(encoding="utf-8")
    assert json.loads(text) == value
    assert "盗窃罪" in text
    assert text.endswith("}\n")


@pytest.mark.parametrize("content", [b"", b"abc", bytes(300_000)])
def test_the_digest_is_that_of_the_bytes(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    assert sha256(path) == hashlib.sha256(content).hexdigest()


def test_what_utf8_cannot_hold_is_escaped():
    assert json_line({"a": "盗\udcff"}) == b'{"a": "\\u76d7\\udcff"}'
    assert json_line({"a": "盗"}) == '{"a": "盗"}'.encode()
