"""Case files: uploads are read as `predict` reads files."""

import io
import json

import pytest

from lawrec.errors import CaseError
from lawrec.serving import case_files
from lawrec.serving.case_files import FACT_FIELDS
from lawrec.serving.problems import ProblemError
from lawrec.serving.service_config import ServiceConfig
from tests.helpers.cli import DRUNK, THEFT


def cases_in(content, name, **options):
    return case_files.cases_in(content, name, config=ServiceConfig(max_fact=150), **options)


def workbook(*rows):
    openpyxl = pytest.importorskip("openpyxl")
    book, content = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(content)
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("facts.txt", f"{THEFT}\n{DRUNK}\n".encode()),
        ("旧.TXT", f"{THEFT}\r\n{DRUNK}".encode("gb18030")),
        ("C:\\cases\\a.csv", f"fact\n{THEFT}\n{DRUNK}\n".encode()),
        ("../a.tsv", f"n\tfact\n7\t{THEFT}\n8\t{DRUNK}\n".encode()),
        ("a.jsonl", f'{{"fact": "{THEFT}"}}\n{{"fact": "{DRUNK}"}}\n'.encode()),
        ("a.xlsx", workbook(["fact"], [THEFT], [DRUNK])),
    ],
)
def test_files_of_any_kind_have_their_facts(name, content):
    assert [case["fact"] for case in cases_in(content, name)] == [THEFT, DRUNK]


def test_a_bad_line_has_its_error_and_its_id():
    good, bad = cases_in(f"{THEFT}\ntheft\n".encode(), "a.txt")
    assert good == {"case_id": "1", "fact": THEFT}
    assert bad["case_id"] == "2"
    assert bad["error"].startswith("a.txt:2: the fact must hold Chinese text")


def test_a_fact_that_is_too_long_has_its_error_with_the_limit():
    long, good = cases_in(f"{'盗' * 151}\n{THEFT}\n".encode(), "a.txt")
    expected = "a.txt:1: a fact must have at most 150 characters, got 151. Shorten it."
    assert long == {"case_id": "1", "error": expected}
    assert good == {"case_id": "2", "fact": THEFT}


@pytest.mark.parametrize("content", [f'[{{"fact": "{THEFT}"}}]', f'{{\n"fact": "{THEFT}"\n}}'])
def test_json_that_is_not_in_lines_asks_for_no_other_program(content):
    with pytest.raises(CaseError, match="the file must be JSON lines") as refused:
        cases_in(content.encode(), "a.json")
    assert refused.value.todo == "Save the file as plain text, CSV or Excel (.xlsx)."


def test_another_column_may_have_the_fact():
    content = f"编号,案情\n1,{THEFT}\n".encode()
    assert cases_in(content, "a.csv", fact_field="案情")[0]["fact"] == THEFT
    with pytest.raises(ProblemError, match="a column must have the facts, got 'case,text'"):
        cases_in(b"case,text\n1,2\n", "a.csv")


def test_what_was_saved_as_txt_is_read_as_what_it_is():
    content = json.dumps({"id": "a", "fact": THEFT}, ensure_ascii=False).encode()
    assert cases_in(content, "a.txt") == [{"case_id": "a", "fact": THEFT}]
    assert cases_in(f"id,fact\na,{THEFT}\n".encode(), "a.txt") == cases_in(content, "a.txt")


@pytest.mark.parametrize("name", FACT_FIELDS)
def test_the_usual_columns_need_no_name(name):
    assert cases_in(f"编号,{name}\n1,{THEFT}\n".encode(), "a.csv")[0]["fact"] == THEFT
    assert cases_in(workbook(["编号", name], [1, THEFT]), "a.xlsx")[0]["fact"] == THEFT


def test_the_error_of_a_line_is_in_the_language_of_the_request(client):
    response = client.post(
        "/v1/cases?name=a.txt", content=b"theft", headers={"Accept-Language": "zh-CN"}
    )
    error = "a.txt:1：案情必须含有中文；实际：'theft'。请用中文写案情。"
    assert response.json()["cases"] == [{"case_id": "1", "error": error}]


@pytest.mark.parametrize("name", ["a.doc", "a", "", "a.csv.gz", "a.zip"])
def test_other_files_are_refused(name):
    with pytest.raises(ProblemError) as refused:
        cases_in(b"x", name)
    assert refused.value.status == 415
    assert "--" not in refused.value.todo  # an option of the command line


@pytest.mark.parametrize(
    ("name", "kind"), [("a.xlsx", "an Excel workbook"), ("a.parquet", "Parquet")]
)
def test_a_damaged_file_is_named(name, kind):
    pytest.importorskip("pyarrow")
    expected = f"the file must be {kind}.*, got damaged bytes. Save the file as plain text"
    with pytest.raises(CaseError, match=expected):
        cases_in(b"x", name)


@pytest.mark.parametrize(
    ("content", "todo"),
    [
        (workbook(["fact"], [THEFT]), "Save the file as plain text, CSV or Excel (.xlsx)."),
        (THEFT.encode("utf-16"), "Save it as UTF-8 text."),
    ],
)
def test_a_file_that_is_no_text_is_to_be_saved_as_one(content, todo):
    with pytest.raises(CaseError) as refused:
        cases_in(content, "a.txt")
    assert refused.value.todo == todo


def test_a_line_in_another_encoding_is_to_be_saved_as_text():
    good, bad = cases_in(f"{THEFT}\n".encode() + b"\xff\xff\n", "a.txt")
    assert good["fact"] == THEFT
    assert bad["error"].endswith("got other bytes. Save it as UTF-8 text.")


def test_json_lines_may_have_the_fact_in_another_field():
    lines = [json.dumps({name: THEFT}, ensure_ascii=False) for name in ("案情", "描述", "描述")]
    assert cases_in(lines[0].encode(), "a.jsonl")[0]["fact"] == THEFT
    assert cases_in(b"{broken\n" + lines[0].encode(), "a.jsonl")[1]["fact"] == THEFT
    assert cases_in(lines[1].encode(), "a.jsonl", fact_field="描述")[0]["fact"] == THEFT
    with pytest.raises(ProblemError, match="got '描述'"):
        cases_in("\n".join(lines[1:]).encode(), "a.jsonl")
    bad = cases_in("\n".join(lines).encode(), "a.jsonl")[1]
    assert bad["error"].endswith("Name the column of the facts.")


def test_too_many_cases_are_refused(monkeypatch):
    monkeypatch.setattr(case_files, "MOST_CASES", 2)
    assert len(cases_in(f"{THEFT}\n{DRUNK}".encode(), "a.txt")) == 2
    with pytest.raises(ProblemError) as refused:
        cases_in(f"{THEFT}\n".encode() * 3, "a.txt")
    assert refused.value.status == 413
    assert refused.value.todo == "Divide it into several files."


def test_the_service_reads_an_upload(client):
    response = client.post("/v1/cases", params={"name": "a.txt"}, content=THEFT.encode())
    assert response.json() == {"cases": [{"case_id": "1", "fact": THEFT}]}
    refused = client.post("/v1/cases", params={"name": "a.doc"}, content=b"x")
    assert (refused.status_code, refused.json()["where"]) == (415, "a.doc")


def test_a_small_table_may_not_stand_for_too_much_text(monkeypatch):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow.parquet import write_table

    monkeypatch.setattr(case_files, "MOST_CHARACTERS", 1_000)
    content = io.BytesIO()
    write_table(pyarrow.table({"fact": ["盗" * 100] * 11}), content)
    with pytest.raises(ProblemError, match="a file must have at most 1,000 characters") as refused:
        cases_in(content.getvalue(), "a.parquet")
    assert refused.value.status == 413


def test_a_workbook_that_is_large_unpacked_is_refused(monkeypatch):
    content = workbook(["fact"], [THEFT])
    assert cases_in(content, "a.xlsx")[0]["fact"] == THEFT
    monkeypatch.setattr(case_files, "_MOST_UNPACKED", 1_000)
    with pytest.raises(ProblemError, match="1,000 bytes unpacked") as refused:
        cases_in(content, "a.xlsx")
    assert refused.value.status == 413
