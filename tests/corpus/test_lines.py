import json

import pytest

from lawrec.corpus.lines import cail_line, copied, read_lines
from lawrec.errors import CaseError

FACT = "被告人张某秘密窃取他人财物。"
PLAIN = json.dumps({"fact": FACT, "articles": [264, "264"]}, ensure_ascii=False).encode()


def write(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_each_case_comes_with_its_own_bytes(tmp_path, mark, end):
    content = mark + end.join([PLAIN, b"", b"{", b" " + PLAIN])
    lines = list(read_lines(write(tmp_path, "train.json", content)))
    assert [(line.number, line.raw) for line in lines] == [(1, PLAIN), (3, b"{"), (4, b" " + PLAIN)]
    assert [isinstance(line.case, CaseError) for line in lines] == [False, True, False]


def test_other_formats_have_no_bytes_and_are_written_as_cail2018(tmp_path):
    content = f"id,fact,articles,charges\nA7,{FACT},264;133之一;264,盗窃\n2,{FACT},,\n"
    one, other = read_lines(write(tmp_path, "train.csv", content.encode()))
    assert (one.raw, other.raw) == (b"", b"")
    assert json.loads(copied(one)) == {
        "fact": FACT,
        "id": "A7",
        "meta": {"relevant_articles": [264, "133之一", 264], "accusation": ["盗窃"]},
    }
    assert json.loads(cail_line(one.case, ["266"]))["meta"]["relevant_articles"] == [266]


def test_what_is_copied_reads_as_the_same_case(tmp_path):
    content = f"fact\tarticles\n{FACT}\t264;133之一\n"
    (line,) = read_lines(write(tmp_path, "a.tsv", content.encode()))
    (again,) = read_lines(write(tmp_path, "b.json", copied(line) + b"\n"))
    assert (again.case.fact, again.case.cited) == (line.case.fact, line.case.cited)


def test_a_line_that_cannot_be_used_cannot_be_copied(tmp_path):
    (line,) = read_lines(write(tmp_path, "a.json", b"{\n"))
    assert line.text == ""
    with pytest.raises(CaseError, match="broken JSON"):
        copied(line)


def test_the_text_is_the_normalized_fact(tmp_path):
    fact = json.dumps({"fact": "张某　盗窃 ＡＢ１", "articles": []}).encode()
    (line,) = read_lines(write(tmp_path, "a.json", fact))
    assert line.text == "张某盗窃AB1"


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(CaseError, match="the file must be readable"):
        list(read_lines(tmp_path / "none.json"))
