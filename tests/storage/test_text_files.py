import gzip
import io
import tracemalloc

import pytest

from lawrec.errors import CaseError
from lawrec.storage.encodings import SURROGATE
from lawrec.storage.limits import MAX_LINE_BYTES
from lawrec.storage.packed_files import DECOMPRESSORS, open_binary
from lawrec.storage.text_files import (
    TOO_LONG,
    bounded_lines,
    decode_lines,
    detect_encoding,
    read_text,
)
from tests.helpers.packed_files import compressed, write

FACT = "被告人张某秘密窃取他人财物。"


def refused(path):
    with pytest.raises(CaseError) as caught, open_binary(path) as stream:
        list(stream)
    assert caught.value.where == str(path)
    return caught.value


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
