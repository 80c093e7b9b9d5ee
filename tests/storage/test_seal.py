import json
import os

import pytest

from lawrec.errors import RecordsError
from lawrec.storage.seal import check_seal, json_digest, read_sealed, seal, write_sealed

VALUES = {"rule": "threshold", "cutoff": 0.125, "names": ("盗窃", "抢劫"), "limits": {3: [None]}}
TODO = "Restore it."


@pytest.fixture
def sealed_file(tmp_path):
    write_sealed(tmp_path / "values.json", VALUES)
    return tmp_path / "values.json"


@pytest.fixture
def folder(tmp_path):
    for name in ("one.txt", "two.txt"):
        (tmp_path / name).write_text(f"{name}\n", "utf-8")
    seal(tmp_path, ["two.txt", "one.txt"])
    return tmp_path


def test_a_sealed_file_is_read_as_json_reads_it(sealed_file):
    assert read_sealed(sealed_file) == {
        "rule": "threshold",
        "cutoff": 0.125,
        "names": ["盗窃", "抢劫"],
        "limits": {"3": [None]},
    }


def test_each_single_flipped_bit_is_noticed_or_changes_nothing(sealed_file):
    content, expected = sealed_file.read_bytes(), read_sealed(sealed_file)
    n_harmless = 0
    for position in range(len(content)):
        for bit in range(8):
            changed = bytearray(content)
            changed[position] ^= 1 << bit
            sealed_file.write_bytes(changed)
            try:
                assert read_sealed(sealed_file) == expected
                n_harmless += 1
            except ValueError:
                pass
    assert n_harmless < content.count(b" ") + content.count(b"\n")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"{}", b"\xff", b"[" * 100_000, b'{"sha256": 3}']
)
def test_what_is_no_sealed_file_is_a_value_error(tmp_path, content):
    (tmp_path / "values.json").write_bytes(content)
    with pytest.raises(ValueError):
        read_sealed(tmp_path / "values.json")


def test_a_pipe_is_no_sealed_file(tmp_path):
    os.mkfifo(tmp_path / "manifest.json")
    with pytest.raises(ValueError, match=r"^a pipe$"):
        read_sealed(tmp_path / "manifest.json")


def test_the_order_of_keys_changes_no_digest():
    assert json_digest({"a": 1, "b": {"d": 2, "c": 3}}) == json_digest(
        {"b": {"c": 3, "d": 2}, "a": 1}
    )
    assert json_digest([1, 2]) != json_digest([2, 1])


def test_an_undamaged_folder_passes_and_files_that_are_not_sealed_may_change(folder):
    (folder / "three.txt").touch()
    assert list(check_seal(folder, error=RecordsError, todo=TODO)) == ["one.txt", "two.txt"]


@pytest.mark.parametrize(
    ("content", "got"),
    [(None, "no such file"), (b"", "other bytes"), (b"two.txu\n", "other bytes")],
)
def test_a_damaged_file_is_named(folder, content, got):
    path = folder / "two.txt"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(RecordsError) as caught:
        check_seal(folder, error=RecordsError, todo=TODO)
    assert str(caught.value) == (
        f"{path}: the file must be as {folder / 'manifest.json'} says, got {got}. {TODO}"
    )


def test_a_missing_manifest_is_no_such_file(folder):
    (folder / "manifest.json").unlink()
    with pytest.raises(RecordsError) as caught:
        check_seal(folder, error=RecordsError, todo=TODO)
    assert caught.value.got == "no such file"


@pytest.mark.parametrize("files", [None, [], 3, {"one.txt": 3}])
def test_a_manifest_of_something_else_is_refused(folder, files):
    write_sealed(folder / "manifest.json", {"files": files} if files is not None else {})
    with pytest.raises(RecordsError):
        check_seal(folder, error=RecordsError, todo=TODO)


def test_a_manifest_that_names_a_file_elsewhere_is_refused(folder, tmp_path):
    write_sealed(folder / "manifest.json", {"files": {"../one.txt": "0" * 64}})
    with pytest.raises(RecordsError, match="is not the name of a file in the folder"):
        check_seal(folder, error=RecordsError, todo=TODO)


def test_a_damaged_manifest_is_named_and_not_the_files(folder):
    path = folder / "manifest.json"
    values = json.loads(path.read_text("utf-8"))
    values["files"]["one.txt"] = "0" * 64
    path.write_text(json.dumps(values), "utf-8")
    with pytest.raises(RecordsError, match="its content has changed since") as caught:
        check_seal(folder, error=RecordsError, todo=TODO)
    assert caught.value.where == str(path)
