import errno
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path

import pytest

from lawrec.errors import CaseError
from lawrec.storage.files import (
    atomic_file,
    atomic_folder,
    check_new_folder,
    check_writable,
    path_out_of,
    sha256,
    temporary_file,
    temporary_folder,
    write_json,
    write_text,
)
from lawrec.storage.processes import pid_space


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
    (path / "old").touch()
    with pytest.raises(FileExistsError) as caught, atomic_folder(path, overwrite=False) as new:
        (new / "new").touch()
    assert caught.value.filename == str(path)
    assert names(tmp_path) == ["folder", "old"]


def test_a_folder_that_must_be_new_may_be_empty(tmp_path):
    (tmp_path / "folder").mkdir()
    with atomic_folder(tmp_path / "folder", overwrite=False) as new:
        (new / "new").touch()
    assert names(tmp_path) == ["folder", "new"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_is_not_replaced_by_a_folder(tmp_path, overwrite):
    (tmp_path / "folder").write_text("mine")
    with (
        pytest.raises(FileExistsError),
        atomic_folder(tmp_path / "folder", overwrite=overwrite) as new,
    ):
        (new / "new").touch()
    assert (tmp_path / "folder").read_text() == "mine"
    assert names(tmp_path) == ["folder"]


@pytest.mark.parametrize("old", [False, True], ids=["new", "old one there"])
def test_of_two_that_fill_the_same_folder_the_first_one_wins(tmp_path, old):
    path = tmp_path / "folder"
    if old:
        path.mkdir()
        (path / "damaged").touch()
    with atomic_folder(path) as second:
        (second / "second").touch()
        with atomic_folder(path) as first:
            (first / "first").touch()
        assert names(path) == ["first"]
    assert names(tmp_path) == ["first", "folder"]


def test_a_link_to_a_folder_is_replaced_and_not_what_it_leads_to(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/kept").touch()
    (tmp_path / "folder").symlink_to(tmp_path / "elsewhere")
    with atomic_folder(tmp_path / "folder") as new:
        (new / "new").touch()
    assert names(tmp_path) == ["elsewhere", "folder", "kept", "new"]


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
from lawrec.storage.files import atomic_file, atomic_folder
folder = Path(sys.argv[1])
with atomic_folder(folder / "folder") as half, atomic_file(folder / "a.npz") as file:
    file.write_bytes((half / "half").write_bytes(b"half") * b"x")
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def at_work(tmp_path):
    """A process that is filling `tmp_path/folder` and `tmp_path/a.npz`."""
    with subprocess.Popen(
        [sys.executable, "-c", AT_WORK, tmp_path], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def write_file(path):
    write_text(path, "whole")


def write_folder(path):
    with atomic_folder(path):
        pass


def writing(name, process):
    return rf"\.{name}\.{process}@{re.escape(pid_space())}\.[0-9a-f]{{8}}\.tmp"


@pytest.mark.parametrize("write", [write_file, write_folder])
def test_what_a_killed_process_left_is_removed_by_the_next(at_work, tmp_path, write):
    at_work.kill()
    at_work.wait()
    file, folder, *_ = names(tmp_path)
    assert re.fullmatch(writing("a.npz", at_work.pid), file)
    assert re.fullmatch(writing("folder", at_work.pid), folder)
    write(tmp_path / "other")
    assert names(tmp_path) == ["other"]


@pytest.mark.parametrize("write", [write_file, write_folder])
def test_what_a_process_is_working_on_is_left_alone(at_work, tmp_path, write):
    before = names(tmp_path)
    write(tmp_path / "other")
    assert names(tmp_path) == sorted([*before, "other"])


def test_what_other_hosts_and_other_programs_left_is_not_ours(at_work, tmp_path):
    at_work.kill()
    at_work.wait()
    write_folder(tmp_path / "folder")
    host, dead = pid_space(), at_work.pid
    foreign = [
        f".folder.{dead}@{platform.node()}.7.01234567.tmp",  # of a container
        f".folder.{dead}@elsewhere.{host}.01234567.tmp",
        f".folder.{dead}@elsewhere-{host}.01234567.tmp",
        f".folder.{dead}.tmp",
        f".folder.{dead}@{host}.tmp",
        f".folder.{dead}@{host}.notes.tmp",
        f".folder.{10**30}@{host}.01234567.tmp",
        f".folder.{10**10 - 1}@{host}.01234567.tmp",
        f".folder.{os.getppid()}@{host}.01234567.tmp",
    ]
    for name in foreign:
        (tmp_path / name).mkdir()
    write_folder(tmp_path / "folder")
    assert names(tmp_path) == sorted([*foreign, "folder"])


def test_containers_of_the_same_name_have_different_names_for_their_processes():
    show = "from lawrec.storage.processes import pid_space; print(pid_space())"
    container = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc"]
    python = [sys.executable, "-c", show]
    if not shutil.which("unshare") or subprocess.run([*container, "true"], check=False).returncode:
        pytest.skip("this system makes no containers for its users")
    inside = subprocess.run([*container, *python], capture_output=True, text=True, check=True)
    outside = subprocess.run(python, capture_output=True, text=True, check=True)
    assert outside.stdout == f"{pid_space()}\n"
    assert inside.stdout != outside.stdout
    assert inside.stdout.startswith(f"{platform.node()}.")


def test_a_name_as_long_as_the_system_allows_can_be_written(tmp_path):
    write_text(tmp_path / ("案" * 85), "whole")
    write_folder(tmp_path / ("罪" * 85))
    assert names(tmp_path) == ["案" * 85, "罪" * 85]


def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path):
    path = tmp_path / "answers.jsonl"
    path.touch()
    path.chmod(0o640)  # no mask of the process makes a new file so
    write_text(path, "whole")
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_circle_of_links_leads_nowhere(tmp_path):
    (tmp_path / "circle").symlink_to("circle")
    assert path_out_of(tmp_path) is None
    assert path_out_of(tmp_path / "circle") is None


def test_a_device_is_written_to_and_not_replaced():
    write_text(Path(os.devnull), "lost")
    assert not Path(os.devnull).is_file()


def test_a_file_may_be_written_where_nothing_can_be_listed(tmp_path, monkeypatch):
    def refused(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refused)
    write_text(tmp_path / "file.txt", "whole")
    assert (tmp_path / "file.txt").read_text() == "whole"


@pytest.mark.parametrize("write", [atomic_file, atomic_folder])
def test_a_full_disk_is_an_error_that_names_the_path(tmp_path, write):
    with pytest.raises(OSError, match="No space left") as caught, write(tmp_path / "new"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.filename == str(tmp_path / "new")
    assert names(tmp_path) == []


@pytest.mark.parametrize("write", [write_file, write_folder])
def test_a_read_only_disk_is_an_error_that_names_the_path(tmp_path, monkeypatch, write):
    make = Path.mkdir

    def refused(path, *arguments, **options):
        if path.suffix == ".tmp":
            raise OSError(errno.EROFS, "Read-only file system", str(path))
        make(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refused)
    monkeypatch.setattr(Path, "mkdir", refused)
    with pytest.raises(OSError, match="Read-only") as caught:
        write(tmp_path / "new")
    assert caught.value.filename == str(tmp_path / "new")


def test_where_nothing_can_be_written_the_folder_is_named(tmp_path):
    with pytest.raises(OSError, match="No such file") as caught:
        check_writable(tmp_path / "new")
    assert caught.value.filename == str(tmp_path / "new")


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path):
    (tmp_path / "new").mkdir()
    with pytest.raises(IsADirectoryError) as caught:
        write_file(tmp_path / "new")
    assert caught.value.filename == str(tmp_path / "new")
    assert names(tmp_path) == ["new"]


def test_a_full_temporary_folder_is_an_error_that_names_it():
    with pytest.raises(OSError, match="No space left") as caught, temporary_file():
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.filename == tempfile.gettempdir()


@pytest.fixture
def no_temporary_folder(monkeypatch):
    def missing():
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr("tempfile.gettempdir", missing)


def test_memory_is_used_where_no_disk_may_be_written_to(no_temporary_folder, tmp_path, monkeypatch):
    monkeypatch.setattr("lawrec.storage.files._MEMORY", tmp_path)
    with temporary_folder() as folder:
        assert folder.parent == tmp_path
    assert not folder.exists()


@pytest.mark.parametrize("temporary", [temporary_file, temporary_folder])
def test_no_temporary_folder_at_all_is_an_error_with_advice(
    no_temporary_folder, tmp_path, monkeypatch, temporary
):
    monkeypatch.setattr("lawrec.storage.files._MEMORY", tmp_path / "no-such-folder")
    with pytest.raises(CaseError, match="set TMPDIR to another folder"), temporary():
        pass


ROUNDS = 40
WRITERS = 4
SIZE = 50_000


def write_and_read(folder, writer):
    """Write the same file and the same folders as others, and return what was wrong."""
    wrong = []
    for number in range(ROUNDS):
        write_text(folder / "LATEST", str(writer) * SIZE)
        read = (folder / "LATEST").read_text("utf-8")
        if len(read) != SIZE or len(set(read)) != 1:
            wrong.append(f"LATEST has {len(read)} characters")
        with atomic_folder(folder / "replaced"):
            pass
        path = folder / f"records-{number}"
        with suppress(FileExistsError), atomic_folder(path, overwrite=False) as new:
            write_text(new / "shard", "whole")
        if (path / "shard").read_text("utf-8") != "whole":
            wrong.append(f"{path} is not whole")
    return wrong


def in_threads():
    return ThreadPoolExecutor(WRITERS)


def in_processes():
    return get_context("spawn").Pool(WRITERS)


@pytest.mark.parametrize("start", [in_threads, in_processes])
def test_several_that_write_the_same_break_nothing(tmp_path, start):
    with start() as pool:
        arguments = [(tmp_path, writer) for writer in range(WRITERS)]
        if start is in_threads:
            found = list(pool.map(lambda pair: write_and_read(*pair), arguments))
        else:
            found = pool.starmap(write_and_read, arguments)
    assert found == [[]] * WRITERS
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"LATEST", "replaced", *(f"records-{number}" for number in range(ROUNDS))}


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


def test_a_folder_to_write_to_is_new_or_empty(tmp_path):
    check_new_folder(tmp_path / "new")
    check_new_folder(tmp_path)
    (tmp_path / "train.json").touch()
    for path, got in (
        (tmp_path, "a folder with 'train.json' in it"),
        (tmp_path / "train.json", "a file"),
    ):
        with pytest.raises(CaseError, match="must be new or empty") as caught:
            check_new_folder(path)
        assert caught.value.got == got
