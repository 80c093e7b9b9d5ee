"""Text that is none, and one case per file."""

import bz2
import gzip
import io
import lzma

import pytest

from lawrec.corpus.cases import read_cases, read_stream
from lawrec.corpus.readers import CaseFormat, choose_stream_reader
from lawrec.errors import CaseError

FACT = "被告人周某伪造印章。"


def read(content, reader="text"):
    stream = io.BytesIO(content.encode())
    return list(read_stream(stream, "c", labelled=False, case_format=CaseFormat(reader)))


@pytest.mark.parametrize(
    ("first", "reader"),
    [
        (f'{{"fact": "{FACT}"}}', "jsonl"),
        (f'\ufeff {{ "id": 1, "fact": "{FACT}"}}', "jsonl"),
        (f'[{{"fact": "{FACT}"}}]', "jsonl"),
        ("id,fact", "csv"),
        ('"fact","articles"', "csv"),
        ("\ufefffact", "csv"),
        ("articles\tfact", "tsv"),
        ("text,label", "csv"),
        ('"Case ID"\t"text"', "tsv"),
        ("案号,案件事实,适用法条", "csv"),
        ("序号\t罪名", "tsv"),
        ("{", "jsonl"),
        ("[", "jsonl"),
        (" [{ ", "jsonl"),
    ],
)
def test_a_first_line_shows_another_format(first, reader):
    stream = io.BufferedReader(io.BytesIO(f"\n{first}\n{FACT}\n".encode()))
    assert choose_stream_reader(stream, CaseFormat())[0] == reader
    with pytest.raises(CaseError) as caught:
        read(f"{first}\n{FACT}\n")
    assert (caught.value.where, caught.value.got) == ("c:1", f"a line of {reader}")
    assert caught.value.todo == f"Pass --input-format {reader}."


@pytest.mark.parametrize("reader", ["text", "document", "jsonl", "csv"])
@pytest.mark.parametrize(
    ("content", "got"),
    [
        (gzip.compress(FACT.encode()), "gzip"),
        (lzma.compress(FACT.encode()), "xz"),
        (b"PK\x03\x04\x14\x00\n\xe6", "zip or Excel"),
        (b"PAR1\x15\x04\n\x15", "Parquet"),
        (b"\x28\xb5\x2f\xfd\x04\x58\n", "Zstandard"),
        (bz2.compress(FACT.encode()), "bzip2"),
        (b"\x04\x22\x4d\x18\x64\n", "LZ4"),
        (b"7z\xbc\xaf\x27\x1c\0\n", "7z"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\n", "an old Word or Excel file"),
        (b"f.txt".ljust(257, b"\0") + b"ustar\x0000\n", "a tar archive"),
    ],
    ids=["gzip", "xz", "zip", "parquet", "zstd", "bzip2", "lz4", "7z", "ole2", "tar"],
)
def test_packed_and_binary_cases_are_one_error(content, got, reader):
    stream = io.BufferedReader(io.BytesIO(content))
    if reader == "text":
        assert choose_stream_reader(stream, CaseFormat())[0] == "text"
        stream = io.BytesIO(content)
    with pytest.raises(CaseError, match="the cases must be unpacked text") as caught:
        list(read_stream(stream, "stdin", labelled=False, case_format=CaseFormat(reader)))
    assert (caught.value.where, caught.value.got) == ("stdin", got)


@pytest.mark.parametrize("first", ["PK", "PAR1", "PAR1,fact", "BZh", "7z"])
def test_letters_that_binary_files_begin_with_are_text(first):
    assert len(read(f"{first}\n{FACT}", "csv" if "," in first else "text")) > 0


@pytest.mark.parametrize(
    "first",
    [
        *(FACT, "{案情}被告人", "[2016]1号，被告人", "a fact", ""),
        *("盗窃,抢劫", "被告人张某,男,30岁", "经审理查明的事实,被告人供认", "盗窃\t", "罪名"),
        "被告人张某于2016年5月3日潜入被害人李某的家中盗窃,罪名,成立",
    ],
)
def test_a_fact_is_text(first):
    stream = io.BufferedReader(io.BytesIO(first.encode()))
    assert choose_stream_reader(stream, CaseFormat())[0] == "text"
    assert len(read(first)) == (first != "")


class Pieces(io.RawIOBase):
    """A pipe that delivers its bytes in pieces, and fails where a reader waits for more.

    It ends where a piece is empty.
    """

    def __init__(self, pieces):
        self.pieces = [piece.encode() if isinstance(piece, str) else piece for piece in pieces]

    def readable(self):
        return True

    def readinto(self, buffer):
        piece = self.pieces.pop(0) if self.pieces != [b""] else b""
        buffer[: len(piece)] = piece
        return len(piece)


@pytest.mark.parametrize(
    ("first", "reader"),
    [
        ("id,fact\n", "csv"),
        ("\ufeffid\tfact\n", "tsv"),
        ("\n \r\n\ufeff\n案号,案情\n", "csv"),
        (f'\n{{"fact": "{FACT}"}}\n', "jsonl"),
        (f"{FACT}\n", "text"),
        ("案号,案情\r1,事实\r", "csv"),
    ],
)
def test_a_first_line_may_come_in_pieces(first, reader):
    content = first.encode()
    stream = io.BufferedReader(
        Pieces([*(content[i : i + 1] for i in range(len(content))), b"x", b""])
    )
    chosen, stream = choose_stream_reader(stream, CaseFormat())
    assert (chosen, stream.read()) == (reader, content + b"x")


def test_a_line_is_read_before_the_next_one_comes():
    waiting = Pieces([f"{FACT}\n", f"{FACT}\n"])
    _, stream = choose_stream_reader(io.BufferedReader(waiting), CaseFormat())
    assert len(waiting.pieces) == 1
    assert [stream.readline().decode() for _ in range(2)] == [f"{FACT}\n"] * 2


def test_no_more_than_a_sample_is_read_for_a_first_line():
    for content in (b"\n" * 200_000, FACT.encode() * 20_000):
        source = io.BufferedReader(io.BytesIO(content))
        reader, stream = choose_stream_reader(source, CaseFormat())
        assert reader == "text"
        assert source.tell() <= 65_536
        assert stream.read() == content


def test_blank_lines_do_not_hide_another_format():
    lines = f"\n \nid,fact\n1,{FACT}\n"
    with pytest.raises(CaseError) as caught:
        read(lines)
    assert (caught.value.where, caught.value.got) == ("c:3", "a line of csv")
    assert [case.where for case in read(f"\n{FACT}\nid,fact\n")] == ["c:1", "c:2", "c:3"]


@pytest.mark.parametrize("header", ["text,label", "案号,案件事实,适用法条"])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_table_whose_fact_has_another_name_is_refused_as_a_file_is(header, encoding):
    stream = io.BufferedReader(io.BytesIO(f"{header}\n{FACT},264\n".encode(encoding)))
    reader, stream = choose_stream_reader(stream, CaseFormat())
    with pytest.raises(CaseError) as caught:
        next(read_stream(stream, "stdin", labelled=False, case_format=CaseFormat(reader)))
    assert (caught.value.where, caught.value.got) == ("stdin:1", f"'{header}'")
    assert "--fact-field" in caught.value.todo


def test_a_later_line_of_json_is_an_error_of_its_line():
    case, error, other = read(f'{FACT}\n{{"fact": "{FACT}"}}\n{FACT}\n')
    assert error.todo == "Pass --input-format jsonl."
    assert (case.fact, other.fact) == (FACT, FACT)


@pytest.mark.parametrize("labels", ["__label__264 ", " __label__264 __label__67\t", "__label__"])
def test_a_line_with_the_labels_of_fasttext_is_an_error_of_its_line(labels):
    # They would be read as words of the fact, and give the answer away.
    case, error, other = read(f"{FACT}\n{labels}{FACT}\n{FACT} __label__\n")
    assert (error.where, error.got) == ("c:2", "the labels of fastText before it")
    assert (case.fact, other.fact) == (FACT, f"{FACT} __label__")


def test_a_carriage_return_inside_a_line_is_an_error_of_it():
    case, error, other = read(f"{FACT}\r\n{FACT}\r{FACT}\n{FACT}\r\r\n")
    assert (error.where, error.got) == ("c:2", "a carriage return inside it")
    assert (case.fact, other.fact) == (FACT, FACT)


def test_a_file_may_be_one_case(tmp_path):
    for name, text in (("b.txt", f"{FACT}\r\n\r\n{FACT}"), ("a.txt", FACT), ("c.txt", "Latin")):
        (tmp_path / name).write_bytes(text.encode("gb18030"))
    cases = list(read_cases(tmp_path, labelled=False, case_format=CaseFormat("document")))
    assert [case.case_id for case in cases] == ["a.txt", "b.txt", "c.txt"]
    assert cases[1].fact == f"{FACT}\r\n\r\n{FACT}"
    assert cases[2].expected == "the fact must hold Chinese text"
    (error,) = read_cases(tmp_path / "a.txt", case_format=CaseFormat("document"))
    assert error.expected == "a case must have articles"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_byte_order_mark_inside_a_document_is_a_character_of_it(tmp_path, encoding):
    # As Python's utf-8-sig has it: what is said of characters 12 to 14 holds for 12 to 14.
    text = f"{FACT}\n\ufeff{FACT}\r\n\ufeff\ufeff\n{FACT}"
    (tmp_path / "a.txt").write_bytes(f"\ufeff{text}".encode(encoding))
    [case] = read_cases(tmp_path, labelled=False, case_format=CaseFormat("document"))
    assert case.fact == text


def test_a_document_may_not_be_too_long(monkeypatch):
    monkeypatch.setattr("lawrec.corpus.formats.plain_text.MAX_LINE_BYTES", 29)
    (error,) = read(FACT, "document")
    assert error.expected.startswith("a line must have at most")
