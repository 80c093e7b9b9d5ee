"""Excel workbooks: one filled sheet is a table, and what is refused."""

import re
import sys
import zipfile

import pytest

from lawrec.corpus.cases import Case, read_cases
from lawrec.corpus.formats import excel
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


def edited(path, pattern, text):
    """Replace what a pattern matches in the first sheet of a workbook."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    parts[name], n_matches = re.subn(pattern, text, parts[name])
    assert n_matches == 1
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
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
        [None, FACT, "264;133之一", " "],
        ["x", None, 264],
    ]
    path = write(tmp_path / name, [], rows)
    one, other, error = read_cases(path)
    assert one == Case(f"{path}:2", "7", FACT, ("267",))
    assert (other.case_id, other.articles) == ("4", ("264", "133之一"))
    assert (error.where, error.case_id) == (f"{path}:5", "x")


def test_a_value_without_the_name_of_a_column_is_an_error_of_its_row(tmp_path):
    rows = [
        [None, "id", "fact", "articles", None],
        [0, 7, FACT, 264, 267],
        [1, "b", FACT, 264],
        [2, "c", FACT, 264, None, "note"],
    ]
    path = write(tmp_path / "c.xlsx", rows)
    merged, case, beyond = read_cases(path)
    assert (case.case_id, case.articles) == ("b", ("264",))
    assert (merged.case_id, merged.where, merged.got) == ("7", f"{path}:2", "267")
    assert (beyond.case_id, beyond.where, beyond.got) == ("c", f"{path}:4", "'note'")
    assert merged.expected == "a value must be in a column with a name"


@pytest.mark.parametrize("size", ["A1", "A1:B2", "A1:C3", "B2:C9", "A1:XFD1048576"])
def test_all_rows_are_read_whatever_the_sheet_says_of_its_size(tmp_path, size):
    rows = [["id", "fact", "articles"], *([f"n{number}", FACT, 267] for number in range(7))]
    path = write(tmp_path / "c.xlsx", rows)
    edited(path, 'dimension ref="[^"]*"', f'dimension ref="{size}"')
    cases = list(read_cases(path))
    assert [case.case_id for case in cases] == [f"n{number}" for number in range(7)]
    assert {case.articles for case in cases} == {("267",)}


def test_a_row_that_ends_before_a_column_has_a_gap_there(tmp_path):
    path = write(tmp_path / "c.xlsx", [["id", "articles", "fact"], ["a", 267]])
    (error,) = read_cases(edited(path, "<dimension[^>]*>", ""))
    assert (error.case_id, error.expected) == ("a", "the fact must not be empty")


def test_a_table_may_begin_far_below_the_top_of_its_sheet(tmp_path):
    rows = [*([None] * 5 for _ in range(300)), ["fact", "articles"], [FACT, 267]]
    path = write(tmp_path / "c.xlsx", [], rows)
    assert list(read_cases(path)) == [Case(f"{path}:302", "302", FACT, ("267",))]
    error = refused(write(tmp_path / "d.xlsx", [["fact", "articles"], [FACT, 264]], rows))
    assert error.got == "['表0', '表1']"


def test_a_row_with_a_number_that_no_sheet_has_is_refused(tmp_path):
    path = write(tmp_path / "c.xlsx", [["fact", "articles"], [FACT, 267], [FACT, 264]])
    error = refused(edited(path, 'row r="3"', f'row r="{10**15}"'))
    assert error.expected == "the file must be an Excel workbook (.xlsx)"
    assert error.got == "more than 1,048,576 rows"


def test_sheets_share_the_rows_in_which_a_filled_one_is_looked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(excel, "_MOST_ROWS", 40)
    late = [*([None] * 2 for _ in range(14)), ["fact", "articles"]]
    first = [["fact", "articles"], [FACT, 267]]
    assert len(list(read_cases(write(tmp_path / "c.xlsx", first, late, [], [])))) == 1
    assert refused(write(tmp_path / "d.xlsx", first, late)).got == "['表0', '表1']"


def test_an_escaped_character_is_the_character(tmp_path):
    # Excel writes a carriage return as _x000D_, and _x000D_ as _x005F_x000D_.
    rows = [["fact", "articles_x000D_"], [f"一_x000D_\n{FACT}_x005F_x000D_", 267]]
    (case,) = read_cases(write(tmp_path / "c.xlsx", rows))
    assert case.fact == f"一\r\n{FACT}_x000D_"


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
