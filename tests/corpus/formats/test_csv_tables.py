"""Tables whose rows a stray quotation mark would join, and what is long in them."""

import gzip
import json

import pytest

from lawrec.corpus.audit.audit import audit
from lawrec.corpus.audit.case_checks import audit_reference_of
from lawrec.corpus.bad_lines import BadLines, usable_cases
from lawrec.corpus.cases import Case, read_cases
from lawrec.corpus.readers import CaseFormat
from lawrec.errors import CaseError
from lawrec.storage.limits import MAX_LINE_BYTES

FACT = "被告人钱某盗走电动车一辆。"


def cases_of(tmp_path, text, name="c.csv", **options):
    path = tmp_path / name
    content = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return list(read_cases(path, **options))


def test_with_skip_bad_one_row_is_skipped_and_counted(tmp_path):
    rows = [f"{FACT},264\n"] * 30
    rows[11] = f'"{FACT},264\n'
    cases = cases_of(tmp_path, "fact,articles\n" + "".join(rows))
    bad_lines = BadLines(skip=True)
    assert len(list(usable_cases(iter(cases), bad_lines))) == 29
    assert bad_lines.skipped == 1
    error = cases[11]
    assert (error.where, error.case_id) == (f"{tmp_path / 'c.csv'}:13", "13")
    assert error.got == "a quotation mark that takes in 19 lines"
    assert error.todo == "Delete the mark, or write it twice."


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("fact\tarticles", [f'"{FACT}\t264', f"{FACT}\t266", f'{FACT}"\t263']),
        ("id\tfact", [f'1\t"{FACT}', f"2\t{FACT}", f'3\t{FACT}"']),
        (
            "id\tfact\tarticles",
            [f'1\t"{FACT}\t264', f"2\t{FACT}\t第266条", f'3\t{FACT}"\t1'],
        ),
    ],
)
def test_two_marks_in_two_rows_join_none(tmp_path, header, rows):
    text = "\n".join([header, *rows]) + "\n"
    cases = cases_of(tmp_path, text, "c.tsv", labelled="articles" in header)
    assert [isinstance(case, Case) for case in cases] == [False, True, True]
    assert cases[0].got == "a quotation mark that takes in 3 lines"


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("案号,fact", ["（2020）甲01刑初{}号,{}"] * 3),
        (
            "案号,fact,law",
            ["（2020）甲01刑初{}号,{},盗窃罪", ",{1},诈骗", "（2021）乙刑初{}号,{},抢劫"],
        ),
        ("fact,court", ["{1},甲市法院", "{1},乙县人民法院", "{1},丙县法院"]),
        ("fact,court", [*["{1},甲市法院"] * 5, "{1}", *["{1},乙县人民法院"] * 5]),
    ],
)
def test_two_marks_join_no_rows_whatever_the_columns_hold(tmp_path, header, rows):
    facts = [f'"{FACT}', *[FACT] * (len(rows) - 2), f'{FACT}"']
    lines = [row.format(7, fact) for row, fact in zip(rows, facts, strict=True)]
    names = CaseFormat(id_field="案号" if "案号" in header else "id")
    text = "\n".join([header, *lines]) + "\n"
    error, *others = cases_of(tmp_path, text, labelled=False, case_format=names)
    assert error.got == f"a quotation mark that takes in {len(rows)} lines"
    assert [case.where for case in others] == [
        f"{tmp_path / 'c.csv'}:{number}" for number in range(3, len(rows) + 2)
    ]


@pytest.mark.parametrize(
    "fact",
    [
        "钱某有前科。\n2016年3月,盗走电动车。",
        "钱某盗走电动车，\n后逃离,被抓获。",
        "\n".join(["钱某盗走电动车。"] * 9 + ["后逃离,被抓获。"] * 9),
    ],
)
def test_a_fact_whose_lines_have_commas_is_one_case(tmp_path, fact):
    names = CaseFormat(id_field="案号")
    for number in ("7", "7号", "（2020）甲01刑初7号"):
        text = f'案号,fact\n{number},"{fact}"\n'
        (case,) = cases_of(tmp_path, text, labelled=False, case_format=names)
        assert (case.case_id, case.fact) == (number, fact)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("fact,articles", '"被告人钱某，盗窃手机一部,价值人民币\n3000元，后逃离现场。",264'),
        ("id,fact,articles", '1,"被告人钱某，盗窃手机一部,价值人民币\n3000元,后逃离现场。",264'),
        ("fact,articles,charge", '"被告人钱某，盗窃,价值,人民币\n3000元,后逃离。",264,盗窃'),
        ("fact,court", '"被告人钱某，盗窃手机一部,价值人民币\n3000元，后逃离现场。",甲法院'),
        ("fact,articles", '"' + "手机1部,价值100元\n" * 24 + '钱某盗窃。",264'),
        ("id,fact", '1,"' + "手机1部,价值100元。\n" * 24 + '钱某盗窃。"'),
    ],
)
def test_a_row_as_programs_write_it_is_one_case(tmp_path, header, row):
    labelled = "articles" in header
    (case,) = cases_of(tmp_path, f"{header}\n{row}\n", labelled=labelled)
    assert case.fact == row[row.index('"') + 1 : row.rindex('"')]


def test_a_fact_with_commas_and_line_ends_is_one_case(tmp_path):
    fact = "2016年3月,被告人钱某\n盗走电动车,后逃离"
    (case,) = cases_of(tmp_path, f'fact,articles\n"{fact}",264\n')
    assert case.fact == fact
    (case,) = cases_of(tmp_path, f'id,fact\n7,"{fact}"\n', labelled=False)
    assert case.fact == fact


@pytest.mark.parametrize(
    ("header", "row", "case_id"),
    [
        ("id,fact", f'101,"{FACT}', "101"),
        ("id,fact", f'101,"{FACT},后逃离', "101"),
        ("id,fact", f'"101,{FACT}', "101"),
        ("id,fact", f"101,{FACT}\r{FACT}", "101"),
        ("fact,id", f'"{FACT},101', "101"),
        ("fact,id", f'"{FACT},后逃离,101', "2"),
        ("fact,court", f'"{FACT},甲市法院', "2"),
        ("id,fact", " \r ", "2"),
    ],
)
def test_the_error_of_a_row_has_its_own_id_if_it_is_legible(tmp_path, header, row, case_id):
    text = f"{header}\n{row}\n{FACT},{FACT}\n"
    error, case = cases_of(tmp_path, text, labelled=False)
    assert (error.case_id, case.fact) == (case_id, FACT)


def test_a_value_without_the_name_of_a_column_is_an_error_of_its_row(tmp_path):
    text = f",id,fact,articles,,\n0,a,{FACT},264,,\n1,b,{FACT},264,,266\n2,c,{FACT},263, ,\n"
    one, error, other = cases_of(tmp_path, text)
    assert [(case.case_id, case.articles) for case in (one, other)] == [
        ("a", ("264",)),
        ("c", ("263",)),
    ]
    assert (error.case_id, error.where) == ("b", f"{tmp_path / 'c.csv'}:3")
    assert (error.expected, error.got) == ("a value must be in a column with a name", "'266'")


@pytest.mark.parametrize("mark", ["", '"'])
def test_a_fact_may_be_as_long_as_a_line(tmp_path, mark):
    fact = f"{FACT}\n" * 20_000 if mark else "盗" * 200_000
    text = f"fact,articles\n{mark}{fact}{mark},264\n{FACT},266\n"
    cases = cases_of(tmp_path, text, "c.csv.gz")
    assert [case.fact for case in cases] == [fact, FACT]


@pytest.mark.parametrize(("name", "head"), [("c.csv", "fact\n"), ("c.txt", ""), ("c.json", "")])
def test_a_line_that_is_too_long_is_an_error_and_the_next_is_read(tmp_path, name, head):
    line = json.dumps({"fact": FACT}) if name == "c.json" else FACT
    text = f"{head}{line}\n{'盗' * (MAX_LINE_BYTES // 3 + 1)}\n{line}\n"
    one, error, other = cases_of(tmp_path, text, name, labelled=False)
    assert (one.fact, other.fact) == (FACT, FACT)
    assert error.where == f"{tmp_path / name}:{3 if head else 2}"
    assert error.expected == "a line must have at most 8,388,608 bytes"


@pytest.mark.parametrize("name", ["c.csv", "c.txt", "c.json"])
def test_lines_may_end_in_carriage_returns_alone(tmp_path, name):
    lines = {
        "c.csv": ["id,fact", *(f"{number},{FACT}" for number in "abc")],
        "c.txt": [FACT] * 3,
        "c.json": [json.dumps({"fact": FACT}, ensure_ascii=False)] * 3,
    }[name]
    cases = cases_of(tmp_path, "\r".join([*lines, ""]), name, labelled=False)
    assert [case.fact for case in cases] == [FACT] * 3


@pytest.mark.parametrize("fact", ["被告人陳某竊取機車一輛，為警查獲。", "詐欺取財", "殺人未遂"])
def test_big5_is_an_error_and_never_other_characters(tmp_path, fact):
    table = f"fact,articles\n{fact},264\n".encode("big5")
    (error,) = cases_of(tmp_path, table)
    assert isinstance(error, CaseError)
    assert error.got == "other bytes"


def test_an_audit_does_not_call_big5_gb18030(tmp_path):
    path = tmp_path / "c.json"
    fact = "被告人陳某竊取機車一輛，為警查獲。"
    line = json.dumps({"fact": fact, "articles": [264]}, ensure_ascii=False)
    path.write_bytes(line.encode("big5"))
    report = audit(path, audit_reference_of([]))
    [examples] = [finding.examples for finding in report.findings if "encod" in finding.kind]
    assert "gb18030" not in str(examples)
