"""Bundles: what is in them is used as it was written, or not at all."""

import json
import random
import stat
import struct
import tempfile
import zipfile
from types import SimpleNamespace

import pytest

from lawrec.errors import CaseError, RunError
from lawrec.runs import bundle
from lawrec.runs.bundle import BUNDLE_FILE, load_titles, open_bundle
from lawrec.storage.seal import sealed
from tests.helpers.bundles import write_bundle, write_entries

PARTS = {"run.json": b"{}", "ranker/weights.npz": bytes(range(90))}
FOREIGN = {
    "nothing": b"",
    "a text": b"a text that is longer than the end of a .zip file is, by far",
    "a short text": b"text",
    "an end of more": b"PK\5\6" + bytes(6) + b"\1" * 10 + bytes(2),
    "an end of a large file": b"PK\6\7" + bytes(16) + b"PK\5\6" + bytes(18),
}
NAMES = (
    *("/etc/hosts", "../run.json", "ranker/../../run.json", "C:run.json", "\\\\host\\run.json"),
    *("..\\run.json", "a/b/run.json", "run.json/", ".hidden", "CON", "é.json", "run.json\n"),
)


@pytest.fixture
def path(tmp_path):
    return write_bundle(tmp_path / "mine.lawrec", PARTS)


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """The folder for temporary files, which is empty afterwards."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def refusal(path):
    with pytest.raises(RunError) as caught, open_bundle(path):
        pass
    assert caught.value.where == str(path)
    return caught.value.got


def test_the_parts_are_there_while_it_is_open(opened, path, temporary):
    with open_bundle(path) as files:
        [folder] = temporary.iterdir()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert (folder / "mine/run.json").read_bytes() == b"{}"
    assert files == PARTS


def test_they_are_removed_after_an_error_as_well(opened, path):
    with pytest.raises(CaseError, match="the input: x"), open_bundle(path):
        raise CaseError("the input", expected="x", got="y", todo="z")


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_what_is_no_zip_file_is_refused(content, tmp_path):
    (tmp_path / "mine.lawrec").write_bytes(content)
    assert "of another kind, or a part of one" in refusal(tmp_path / "mine.lawrec")


def test_other_zip_files_are_refused(tmp_path):
    path = tmp_path / "mine.lawrec"
    assert refusal(write_entries(path, PARTS)) == f"a .zip file without {BUNDLE_FILE}"
    write_bundle(path, PARTS, compression=zipfile.ZIP_DEFLATED)
    assert refusal(path) == "parts that are packed or encrypted"
    with zipfile.ZipFile(path, "w") as archive:
        archive.comment = b"a comment"
    assert refusal(path) == "a file of another kind, or a part of one"


@pytest.mark.parametrize("name", NAMES)
def test_no_part_has_a_name_that_may_lead_elsewhere(name, tmp_path):
    path = write_bundle(tmp_path / "mine.lawrec", {"run.json": b"{}", name: b"evil"})
    before = sorted(tmp_path.rglob("*"))
    assert refusal(path).startswith("a part with the name ")
    assert sorted(tmp_path.rglob("*")) == before


def test_parts_and_manifest_must_agree(tmp_path):
    path = tmp_path / "mine.lawrec"
    digests = dict.fromkeys(PARTS, "0" * 64)
    other = f"other parts than those in {BUNDLE_FILE}"
    assert refusal(write_bundle(path, PARTS, files={"run.json": "0" * 64})) == other
    assert refusal(write_bundle(path, PARTS, files={**digests, "more.txt": ""})) == other
    assert refusal(write_bundle(path, PARTS, files=digests)) == "other bytes in run.json"
    assert refusal(write_bundle(path, PARTS, bundle_version=99)) == "version 99, where 1 is read"


def test_a_part_that_is_there_twice_is_refused(path):
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("run.json", b"[]")
    assert refusal(path) == f"other parts than those in {BUNDLE_FILE}"


@pytest.mark.parametrize("values", [[], {}, {"files": {}}, {"bundle_version": 1, "files": 7}])
def test_a_manifest_of_something_else_is_refused(values, tmp_path):
    content = sealed(values) if isinstance(values, dict) else values
    entries = {**PARTS, BUNDLE_FILE: json.dumps(content).encode()}
    assert refusal(write_entries(tmp_path / "mine.lawrec", entries))


def test_a_directory_that_would_take_much_memory_is_not_read(tmp_path):
    path = write_bundle(tmp_path / "mine.lawrec", {f"part{n}.txt": b"" for n in range(1500)})
    assert refusal(path) == "a .zip file of another kind, or a part of one"


def test_parts_that_claim_more_bytes_than_the_file_has_are_refused(path):
    content = bytearray(path.read_bytes())
    directory = content.index(b"PK\1\2")
    content[directory + 20 : directory + 28] = struct.pack("<2L", 10**9, 10**9)  # its sizes
    path.write_bytes(content)
    assert refusal(path) == "parts that are larger than the file"


def test_any_flipped_bit_is_noticed_or_changes_nothing(opened, path):
    content, numbers, outcomes = path.read_bytes(), random.Random(1), set()
    for position in range(0, len(content), 3):
        changed = bytearray(content)
        changed[position] ^= 1 << numbers.randrange(8)
        path.write_bytes(changed)
        try:
            with open_bundle(path) as files:
                assert files == PARTS
            outcomes.add("harmless")
        except RunError as error:
            assert error.where == str(path)
            outcomes.add("refused")
    assert outcomes == {"harmless", "refused"}


def test_a_file_that_is_shorter_or_longer_is_refused(opened, path):
    content = path.read_bytes()
    others = [content[:length] for length in range(0, len(content), 5)]
    for other in (*others, content + b"\n", b"\n" + content):
        path.write_bytes(other)
        refusal(path)


def test_a_full_disk_is_named(opened, path, temporary, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bundle, "_digests", lambda archive, size: dict.fromkeys(PARTS, ""))
    monkeypatch.setattr(zipfile.ZipExtFile, "read", full)
    with pytest.raises(OSError, match="No space left on device") as caught, open_bundle(path):
        pass
    assert str(caught.value.filename).startswith(str(temporary))


def test_an_error_in_a_part_names_the_bundle(path):
    with pytest.raises(RunError) as caught, open_bundle(path):
        pass
    assert caught.value.where == str(path)
    assert caught.value.expected == "the run must have version 3 of the format of runs"


def test_titles_are_those_of_the_bundle(tmp_path):
    articles = SimpleNamespace(names=("264", "1"))
    run = SimpleNamespace(folder=tmp_path, articles=articles, bundle=None)
    assert load_titles(run)["264"] == "盗窃罪"
    run.bundle = tmp_path / "mine.lawrec"
    (tmp_path / "titles.json").write_text('{"264": "Theft", "1": 7, "2": ""}', "utf-8")
    assert load_titles(run) == {"264": "Theft", "1": "7"}


@pytest.mark.parametrize("content", ["{", "[]", "7", '{"264": "盗窃罪"}', None])
def test_titles_of_something_else_are_refused(content, tmp_path):
    if content is not None:
        (tmp_path / "titles.json").write_text(content, "utf-8")
    run = SimpleNamespace(folder=tmp_path, articles=SimpleNamespace(names=("264", "1")), bundle=1)
    with pytest.raises(RunError, match="there must be a title for each article"):
        load_titles(run)
