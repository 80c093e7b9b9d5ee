import gzip
import io
import lzma
import os
import tarfile
import threading

import pytest

from lawrec.errors import CaseError
from lawrec.storage.packed_files import DECOMPRESSORS, open_binary
from lawrec.storage.text_files import read_text
from tests.helpers.packed_files import compressed, write, zipped

FACT = "被告人张某秘密窃取他人财物。"
STREAM = lzma.compress(f"{FACT}\n".encode())


def refused(path):
    with pytest.raises(CaseError) as caught, open_binary(path) as stream:
        list(stream)
    assert caught.value.where == str(path)
    return caught.value


@pytest.mark.parametrize("suffix", DECOMPRESSORS)
@pytest.mark.parametrize("content", [b"", b"\n", b"a\nb\r\nc", "盗\n".encode() * 50_000])
def test_a_compressed_file_has_its_lines(tmp_path, suffix, content):
    with open_binary(compressed(tmp_path, suffix, content)) as stream:
        assert b"".join(stream) == content


@pytest.mark.parametrize(
    ("suffix", "got"), [(".gz", "Compressed file ended"), (".xz", "Compressed file ended")]
)
def test_a_truncated_file_is_refused(tmp_path, suffix, got):
    path = compressed(tmp_path, suffix, FACT.encode() * 1000)
    path.write_bytes(path.read_bytes()[:-12])
    error = refused(path)
    assert error.expected == f"the {suffix} file must be whole"
    assert error.got.startswith(got)
    assert error.todo == "Compress or copy it again."


@pytest.mark.parametrize("suffix", DECOMPRESSORS)
@pytest.mark.parametrize("damage", ["flipped", "other", "empty"])
def test_a_damaged_file_is_refused(tmp_path, suffix, damage):
    path = compressed(tmp_path, suffix, bytes(range(256)) * 500)
    content = bytearray(path.read_bytes())
    content[60] ^= 0xFF
    path.write_bytes({"flipped": content, "other": b"plain text", "empty": b""}[damage])
    if (suffix, damage) == (".gz", "empty"):  # no bytes are a whole .gz file of nothing
        with open_binary(path) as stream:
            assert stream.read() == b""
        return
    error = refused(path)
    assert error.expected == f"the {suffix} file must be whole"
    assert error.got


@pytest.mark.parametrize("padding", [b"", bytes(4), bytes(70_000)])
def test_streams_of_xz_may_be_joined_and_padded(tmp_path, padding):
    path = write(tmp_path / "c.xz", (STREAM + padding) * 3)
    assert read_text(path) == f"{FACT}\n" * 3


@pytest.mark.parametrize(
    "damaged",
    [
        *(b"garbage", b"\0", bytes(70_001), bytes(2) + STREAM, bytes(4) + b"garbage"),
        *(b"\xfe" + STREAM[1:], STREAM[:-1], STREAM[:3], STREAM + b"\n", STREAM[:30] + STREAM[31:]),
    ],
)
def test_what_is_damaged_behind_a_stream_of_xz_is_refused(tmp_path, damaged):
    error = refused(write(tmp_path / "c.xz", STREAM + damaged))
    assert error.expected == "the .xz file must be whole"
    assert error.todo == "Compress or copy it again."


@pytest.mark.parametrize(
    ("names", "got"),
    [([], "none"), (["a.json", "b.json"], "['a.json', 'b.json']"), (["folder/"], "none")],
)
def test_a_zip_file_of_none_or_several_is_refused_with_their_names(tmp_path, names, got):
    error = refused(zipped(tmp_path / "c.zip", *((name, "") for name in names)))
    assert (error.expected, error.got) == ("the .zip file must hold one file", got)
    assert error.todo == "Unpack it into a folder and name that."


@pytest.mark.parametrize("suffix", ["", *DECOMPRESSORS])
@pytest.mark.parametrize("tar_format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT])
def test_a_tar_archive_is_refused(tmp_path, suffix, tar_format):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tar_format) as archive:
        member = tarfile.TarInfo("facts.txt")
        member.size = len(FACT.encode())
        archive.addfile(member, io.BytesIO(FACT.encode()))
    content = stream.getvalue()
    path = compressed(tmp_path, suffix, content) if suffix else write(tmp_path / "c", content)
    error = refused(path)
    assert (error.expected, error.got) == ("the file must be unpacked", "a tar archive")
    assert error.todo == "Unpack it into a folder and name that."


def test_what_a_mac_adds_to_a_zip_file_does_not_count(tmp_path):
    members = [("d/", ""), ("d/a.json", "x"), ("__MACOSX/d/._a.json", "y")]
    with open_binary(zipped(tmp_path / "c.zip", *members)) as stream:
        assert stream.read() == b"x"


def test_a_zip_file_with_a_password_is_refused(tmp_path):
    path = compressed(tmp_path, ".zip", b"x")
    content = bytearray(path.read_bytes())
    for start in (content.index(b"PK\x03\x04") + 6, content.index(b"PK\x01\x02") + 8):
        content[start] |= 1
    path.write_bytes(content)
    error = refused(path)
    assert error.expected == "the .zip file must open"
    assert "password required" in error.got


@pytest.mark.parametrize(
    ("name", "got"), [("absent", "No such file or directory"), (".", "Is a directory")]
)
def test_a_file_that_cannot_be_opened_is_refused(tmp_path, name, got):
    error = refused(tmp_path / name)
    assert (error.expected, error.got) == ("the file must be readable", got)


def test_suffixes_may_be_capitals(tmp_path):
    path = write(tmp_path / "c.TXT.GZ", gzip.compress(b"264"))
    assert read_text(path) == "264"


def test_a_pipe_without_a_writer_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("lawrec.storage.packed_files.PIPE_SECONDS", 0.05)
    os.mkfifo(tmp_path / "pipe")
    error = refused(tmp_path / "pipe")
    assert error.expected == "the named pipe must have a writer"
    assert error.got == "none within 0.05 seconds"
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPool")]


def test_a_pipe_with_a_writer_is_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(FACT.encode(),))
    writer.start()
    with open_binary(tmp_path / "pipe") as stream:
        assert stream.read() == FACT.encode()
    writer.join()
