"""Excel workbooks: one filled sheet is a table, and what is refused."""

import sys

import pytest

from lawrec.corpus.cases import Case, read_cases
from lawrec.errors import CaseError

FACT = "被告人吴某抢夺他人财物。"
openpyxl = pytest.importorskip("openpyxl")


def write(path, *sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(f"表{number}")
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def refused(path):
    with pytest.raises(CaseError) as caught:
        list(read_cases(path))
    return caught.value


@pytest.mark.parametrize("name", ["c.xlsx", "C.XLSX"])
def test_a_sheet_is_a_table(tmp_path, name):
    rows = [
        ["id", "fact", "articles", None],
        [7, FACT, 267],
        [],
        [None, FACT, "264;133之一", "more"],
        ["x", None, 264],
    ]
    path = write(tmp_path / name, [], rows)
    one, other, error = read_cases(path)
    assert one == Case(f"{path}:2", "7", FACT, ("267",))
    assert (other.case_id, other.articles) == ("4", ("264", "133之一"))
    assert (error.where, error.case_id) == (f"{path}:5", "x")


def test_a_sheet_without_its_columns_is_refused(tmp_path):
    error = refused(write(tmp_path / "c.xlsx", [["fact"], [FACT]]))
    assert error.expected == 'the table must have a column "articles"'


def test_several_filled_sheets_are_refused(tmp_path):
    rows = [["fact", "articles"], [FACT, 264]]
    error = refused(write(tmp_path / "c.xlsx", rows, rows))
    assert error.got == "['表0', '表1']"
    assert error.todo == "Delete the others, or save the sheet as CSV in UTF-8 and name that."


@pytest.mark.parametrize("content", [b"", b"fact,articles\n", b"PK\x03\x04" + b"\0" * 60])
def test_what_is_no_workbook_is_refused(tmp_path, content):
    path = tmp_path / "c.xlsx"
    path.write_bytes(content)
    assert refused(path).expected == "the file must be an Excel workbook (.xlsx)"


@pytest.mark.parametrize("position", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_damaged_workbook_is_refused(tmp_path, position):
    path = write(tmp_path / "c.xlsx", [["fact", "articles"], *([[FACT, 264]] * 50)])
    content = bytearray(path.read_bytes())
    start = int(len(content) * position)
    content[start : start + 200] = b"\x55" * 200
    path.write_bytes(content)
    assert "workbook" in refused(path).expected


def test_a_workbook_may_not_be_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr("lawrec.corpus.formats.excel.MAX_WORKBOOK_BYTES", 1_000)
    path = write(tmp_path / "c.xlsx", [["fact", "articles"]])
    assert refused(path).expected == "the workbook must have at most 1,000 bytes unpacked"


def test_without_openpyxl_it_says_what_to_do(tmp_path, monkeypatch):
    path = write(tmp_path / "c.xlsx", [["fact", "articles"]])
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    error = refused(path)
    assert error.expected == "openpyxl must be installed to read Excel"
    assert "lawrec[excel]" in error.todo
    assert "CSV in UTF-8" in error.todo
