import gzip
import json
import lzma
import zipfile
from dataclasses import replace

import pytest

from lawrec.corpus.case_lines import case_to_json, line_to_json, read_lines
from lawrec.corpus.readers import DEFAULT_FORMAT, CaseFormat
from lawrec.errors import CaseError

FACT = "被告人张某秘密窃取他人财物。"
PLAIN = json.dumps({"fact": FACT, "articles": [264, "264"]}, ensure_ascii=False).encode()


def pack(path, content):
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.json", content)
    else:
        path.write_bytes({".gz": gzip, ".xz": lzma}[path.suffix].compress(content))
    return path


def write(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_each_case_comes_with_its_own_bytes(tmp_path, mark, end):
    content = mark + end.join([PLAIN, b"", b"{", b" " + PLAIN, mark + PLAIN])
    lines = list(read_lines(write(tmp_path, "train.json", content)))
    contents = [PLAIN, b"{", b" " + PLAIN, PLAIN]
    assert [line.raw.removeprefix(mark) for line in lines] == contents
    assert [line.source.encode() for line in lines] == contents
    assert [line.number for line in lines] == [1, 3, 4, 5]
    assert [isinstance(line.case, CaseError) for line in lines] == [False, True, False, False]


def test_other_formats_have_no_bytes_and_are_written_as_cail2018(tmp_path):
    content = f"id,fact,articles,charges\nA7,{FACT},264;133之一;264,盗窃\n2,{FACT},,\n"
    one, other = read_lines(write(tmp_path, "train.csv", content.encode()))
    assert (one.raw, other.raw) == (b"", b"")
    assert json.loads(line_to_json(one)) == {
        "fact": FACT,
        "id": "A7",
        "meta": {"relevant_articles": [264, "133之一", 264], "accusation": ["盗窃"]},
    }
    assert json.loads(case_to_json(one.case, ["266"]))["meta"]["relevant_articles"] == [266]


@pytest.mark.parametrize("name", ["a.json.gz", "a.jsonl.xz", "a.zip"])
def test_a_packed_file_gives_its_unpacked_lines(tmp_path, name):
    (line,) = read_lines(pack(tmp_path / name, PLAIN + b"\n"))
    assert (line.raw, line.where, line.number) == (PLAIN, f"{tmp_path / name}:1", 1)


@pytest.mark.parametrize("case_format", [DEFAULT_FORMAT, CaseFormat(encoding="gb18030")])
def test_a_line_in_gb18030_is_copied_in_utf8(tmp_path, case_format):
    mark = "\ufeff".encode("gb18030") if case_format.encoding else b""
    content = PLAIN.decode().encode("gb18030")
    (line,) = read_lines(write(tmp_path, "a.json", mark + content), case_format)
    assert (line.raw, line.encoding, line_to_json(line)) == (mark + content, "gb18030", PLAIN)


def test_other_bytes_in_a_field_that_no_one_reads_are_kept(tmp_path):
    content = PLAIN[:-1] + b', "note": "\xff\xfe"}'
    (line,) = read_lines(write(tmp_path, "a.json", content + b"\n"))
    assert line_to_json(line) == content


def test_files_of_a_pattern_or_a_folder_come_in_turn(tmp_path):
    for name in ("train-1.json", "train-0.json"):
        write(tmp_path, name, PLAIN + b"\n\n" + PLAIN)
    expected = [(f"{tmp_path}/train-{file}.json:{n}", n) for file in (0, 1) for n in (1, 3)]
    for path in (tmp_path, tmp_path / "train-*.json"):
        assert [(line.where, line.number) for line in read_lines(path)] == expected


@pytest.mark.parametrize(
    ("case_format", "content"),
    [
        (CaseFormat(fact_field="案情"), {"案情": FACT, "articles": [264]}),
        (CaseFormat(articles_field="a.b"), {"fact": FACT, "a": {"b": [264]}}),
        (CaseFormat(separator="#"), {"fact": FACT, "articles": "264#264"}),
    ],
)
def test_lines_with_fields_of_other_names_are_written_as_cail2018(tmp_path, case_format, content):
    line = json.dumps(content, ensure_ascii=False).encode("gb18030")
    (line,) = read_lines(write(tmp_path, "a.txt", line), replace(case_format, reader="jsonl"))
    (again,) = read_lines(write(tmp_path, "b.json", line_to_json(line)))
    assert (again.case.fact, again.case.cited) == (FACT, line.case.cited)


@pytest.mark.parametrize("own", ["2", "a.csv"])
def test_a_case_keeps_its_own_id_whatever_it_is(tmp_path, own):
    content = f"id,fact,articles\n{own},{FACT},264\n,{FACT},264\n"
    named, unnamed = read_lines(write(tmp_path, "a.csv", content.encode()))
    assert json.loads(line_to_json(named))["id"] == own
    assert "id" not in json.loads(line_to_json(unnamed))


def test_what_is_copied_reads_as_the_same_case(tmp_path):
    content = f"fact\tarticles\n{FACT}\t264;133之一\n"
    (line,) = read_lines(write(tmp_path, "a.tsv", content.encode()))
    (again,) = read_lines(write(tmp_path, "b.json", line_to_json(line) + b"\n"))
    assert (again.case.fact, again.case.cited) == (line.case.fact, line.case.cited)


def test_a_line_that_cannot_be_used_cannot_be_line_to_json(tmp_path):
    (line,) = read_lines(write(tmp_path, "a.json", b'{"\n'))
    assert line.text == ""
    with pytest.raises(CaseError, match="broken JSON"):
        line_to_json(line)


def test_the_text_is_the_normalized_fact(tmp_path):
    fact = json.dumps({"fact": "张某　盗窃 ＡＢ１", "articles": []}).encode()
    (line,) = read_lines(write(tmp_path, "a.json", fact))
    assert line.text == "张某盗窃AB1"


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(CaseError, match="the file must be readable"):
        list(read_lines(tmp_path / "none.json"))


def test_a_case_of_a_table_keeps_its_masks_and_its_weight(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("fact,articles,unknown_articles,weight\n盗窃,264,266;133-1,0.5\n", "utf-8")
    (line,) = read_lines(path)
    copy = tmp_path / "b.json"
    copy.write_bytes(line_to_json(line))
    (again,) = read_lines(copy)
    assert (again.case.articles, again.case.weight) == (("264",), 0.5)
    assert again.case.unknown_articles == ("266", "133之一")
