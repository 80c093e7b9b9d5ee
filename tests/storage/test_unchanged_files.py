import os

import pytest

from lawrec.errors import CaseError
from lawrec.storage.unchanged_files import change_check


def replaced(path):
    path.write_text("266\n", "utf-8")
    os.utime(path, (1, 1))


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.open("a").close(),
        lambda path: path.with_name(".hidden").touch(),
        lambda path: path.read_bytes(),
    ],
)
def test_what_changes_nothing_is_no_error(tmp_path, change):
    path = tmp_path / "a.json"
    path.write_text("264\n", "utf-8")
    check = change_check([tmp_path])
    change(path)
    check()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda path: path.write_text("264\n266\n", "utf-8"), "a.json"),
        (replaced, "a.json"),
        (lambda path: path.write_text("", "utf-8"), "a.json"),
        (lambda path: path.rename(path.with_name("c.json")), "a.json"),
        (lambda path: path.with_name("c.json").touch(), "c.json"),
    ],
)
def test_a_file_that_changes_is_named(tmp_path, change, named):
    path = tmp_path / "a.json"
    path.write_text("264\n", "utf-8")
    (tmp_path / "b.json").touch()
    check = change_check([tmp_path])
    change(path)
    message = f"{named}: the cases must not change while they are read, got other ones"
    with pytest.raises(CaseError, match=message):
        check()


def test_a_file_that_is_not_there_is_the_error_of_who_opens_it(tmp_path):
    change_check([tmp_path / "none.json"])()
    with pytest.raises(CaseError, match="the pattern must match a file"):
        change_check([tmp_path / "*.json"])
