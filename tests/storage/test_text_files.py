import gzip
import hashlib
import io
import lzma
import os
import tarfile
import threading
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from lawrec.errors import CaseError
from lawrec.storage.encodings import SURROGATE
from lawrec.storage.limits import MAX_LINE_BYTES
from lawrec.storage.text_files import (
    DECOMPRESSORS,
    TOO_LONG,
    bounded_lines,
    content_digest,
    decode_lines,
    detect_encoding,
    list_files,
    open_binary,
    read_text,
)

FACT = "被告人张某秘密窃取他人财物。"


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def zipped(path, *members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def compressed(folder, suffix, content):
    path = folder / f"c{suffix}"
    if suffix == ".zip":
        return zipped(path, ("c", content))
    return write(path, {".gz": gzip.compress, ".xz": lzma.compress}[suffix](content))


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


STREAM = lzma.compress(f"{FACT}\n".encode())


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


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "utf-8"),
        (b"ASCII\n" * 10, "utf-8"),
        (FACT.encode(), "utf-8"),
        (FACT.encode("utf-8-sig"), "utf-8"),
        (b"\xef\xbb\xbfASCII", "utf-8"),
        (FACT.encode("gb18030"), "gb18030"),
        (FACT.encode("gbk"), "gb18030"),
        ("盗".encode("gbk"), "gb18030"),
        ("联通".encode("gbk"), "gb18030"),
        ("骗取钱财".encode("gbk"), "gb18030"),
        ("café, 264".encode(), "utf-8"),
        ("café, 264".encode("latin-1"), "utf-8"),
        ("𠀀龥㐀，".encode("gb18030"), "gb18030"),
        (b"fact,articles\n" * 50_000 + FACT.encode("gbk"), "gb18030"),
        (FACT.encode() + b"\xff\n", "utf-8"),
        (FACT.encode()[:-1], "utf-8"),
        (FACT.encode()[1:], "utf-8"),
        (b"\xff\n" + FACT.encode() + b"\n" + FACT[:3].encode("gbk"), "utf-8"),
        (FACT.encode("gbk") + b"\xff\n", "gb18030"),
        (bytes(range(256)) * 20, "utf-8"),
        (b"\xff\xfe" + FACT.encode("utf-16-le"), "utf-8"),
        (FACT.encode("utf-16-le"), "utf-8"),
        (FACT.encode("gbk") + b"\0\n", "gb18030"),
        ("被告人陳某竊取機車一輛，為警查獲。".encode("big5"), "utf-8"),
        ("被告人陳某竊取機車一輛，為警查獲。".encode("gbk"), "gb18030"),
        ("竊盜".encode("big5"), "utf-8"),
        ("搶劫".encode("gbk"), "gb18030"),
        ("喆堃犇".encode("gb18030"), "gb18030"),
    ],
)
def test_the_encoding_is_detected_from_the_first_lines_beyond_ascii(tmp_path, content, expected):
    path = write(tmp_path / "c.txt", content)
    assert detect_encoding(path) == expected
    with open_binary(path) as stream:
        text = "".join(decode_lines(stream))
    assert text == content.decode(expected, "surrogateescape").removeprefix("\ufeff")


@pytest.mark.parametrize("missing", range(1, 40))
def test_a_line_that_lacks_a_byte_keeps_its_encoding(tmp_path, missing):
    for encoding in ("utf-8", "gb18030"):
        content = (FACT * 2).encode(encoding)
        path = write(tmp_path / "c.txt", content[:missing] + content[missing + 1 :])
        assert detect_encoding(path) == encoding


def test_a_broken_line_does_not_change_the_next():
    lines = [FACT.encode() + b"\n", b"\xe7\x9b\n", FACT.encode() + b"\n"]
    assert list(decode_lines(lines)) == [FACT + "\n", "\udce7\udc9b\n", FACT + "\n"]


def test_a_named_encoding_is_taken_at_its_word():
    assert list(decode_lines([FACT.encode("gbk")], "gb18030")) == [FACT]
    assert SURROGATE.search("".join(decode_lines([FACT.encode("gbk")], "utf-8")))


def test_a_stream_is_read_no_further_than_needed():
    def lines():
        yield b"ASCII\n"
        yield FACT.encode() * 5_000 + b"\n"
        raise AssertionError("read too far")

    first = decode_lines(lines())
    assert next(first) == "ASCII\n"
    assert next(first).startswith(FACT)


@pytest.mark.parametrize("suffix", ["", *DECOMPRESSORS])
@pytest.mark.parametrize("end", [b"\n", b"\r"])
def test_a_line_that_is_too_long_is_empty_among_the_others(tmp_path, monkeypatch, end, suffix):
    monkeypatch.setattr("lawrec.storage.text_files.MAX_LINE_BYTES", 5)
    content = end.join([b"ab", b"abcd", b"abcde", b"x" * 200_000, b"abcdef", b"", b"a"])
    path = compressed(tmp_path, suffix, content) if suffix else write(tmp_path / "c", content)
    with open_binary(path) as stream:
        lines = [line.rstrip(b"\n") if line else None for line in bounded_lines(stream)]
    # With its end, b"abcde" has more than 5 bytes.
    assert lines == [b"ab", b"abcd", None, None, None, b"", b"a"]


def test_a_line_of_64_megabytes_takes_the_memory_of_a_few_lines(tmp_path):
    path = tmp_path / "c.txt.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(64):
            file.write(b"x" * 2**20)
        file.write(f"\n{FACT}\n".encode())
    tracemalloc.start()
    with open_binary(path) as stream:
        lines = list(decode_lines(bounded_lines(stream)))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert lines == [f"{TOO_LONG}\n", f"{FACT}\n"]
    assert most < 4 * MAX_LINE_BYTES


def test_a_carriage_return_in_a_line_of_others_is_no_end():
    lines = [b"a\rb\n", b"c\r\n", b"d\r\r\n", b"e\rf"]
    assert list(bounded_lines(io.BytesIO(b"".join(lines)))) == lines


def test_a_line_that_is_too_long_does_not_hide_the_encoding():
    lines = [b"ASCII\n", b"", FACT.encode("gbk") + b"\n"]
    assert list(decode_lines(lines)) == ["ASCII\n", f"{TOO_LONG}\n", f"{FACT}\n"]
    assert list(decode_lines([FACT.encode(), b"", b"a"])) == [FACT, f"{TOO_LONG}\n", "a"]


def test_a_text_that_is_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("lawrec.storage.text_files.MAX_TEXT_BYTES", 3)
    assert read_text(write(tmp_path / "a.txt", "盗")) == "盗"
    with pytest.raises(CaseError, match="the list must have at most 3 bytes, got more"):
        read_text(write(tmp_path / "b.txt", "盗窃"), "the list")


def test_suffixes_may_be_capitals(tmp_path):
    path = write(tmp_path / "c.TXT.GZ", gzip.compress(b"264"))
    assert read_text(path) == "264"


def test_a_pipe_without_a_writer_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("lawrec.storage.text_files.PIPE_SECONDS", 0.05)
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
