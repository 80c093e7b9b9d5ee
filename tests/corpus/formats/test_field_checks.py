"""Ids and labels of any size, and the id that an error answer has."""

import json

import pytest

from lawrec.corpus.cases import read_cases
from lawrec.errors import CaseError

FACT = "被告人孙某酒后驾车。"


def write(path, *lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def ids(*paths, **options):
    return [case.case_id for case in read_cases(*paths, **options)]


def test_an_error_has_the_id_of_its_case_else_its_line(tmp_path):
    lines = [json.dumps({"id": "B9", "fact": ""}), "", "{broken", json.dumps({"fact": "no"})]
    path = write(tmp_path / "a.jsonl", *lines, json.dumps({"id": 12, "fact": FACT}))
    assert ids(path, labelled=False) == ["B9", "3", "4", "12"]
    table = write(tmp_path / "b.csv", "id,fact", "C1,", f"C2,{FACT}", f",{FACT}", "C4", ",x")
    assert ids(table, labelled=False) == ["C1", "C2", "4", "C4", "6"]


def test_among_several_files_an_error_has_file_and_line(tmp_path):
    one = write(tmp_path / "a.txt", FACT, "only Latin")
    other = write(tmp_path / "b.csv", "fact", FACT, f"{FACT},1")
    assert ids(one, other, labelled=False) == ["a.txt:1", "a.txt:2", "b.csv:2", "b.csv:3"]


def test_an_id_may_not_be_too_long(tmp_path):
    lines = [json.dumps({"id": "x" * size, "fact": FACT}) for size in (257, 256, 1_000_000)]
    error, case, other = read_cases(write(tmp_path / "a.json", *lines), labelled=False)
    assert (error.expected, error.got) == ("an id must have at most 256 characters", "257")
    assert (error.case_id, other.case_id) == ("1", "3")
    assert case.case_id == "x" * 256


@pytest.mark.parametrize(
    ("value", "case_id"),
    [
        *(("7", "7"), ("7.0", "7"), ("-0.0", "0"), ("1.5", "1.5"), ("330106199001011234", None)),
        *(('"7.0"', "7.0"), ('"E+17"', "E+17"), ('"2016E+17"', "2016E+17"), ('"3e5"', "3e5")),
    ],
)
def test_a_number_is_an_id(tmp_path, value, case_id):
    line = f'{{"id": {value}, "fact": "{FACT}"}}'
    assert ids(write(tmp_path / "a.json", line), labelled=False) == [case_id or value]


LOST = ["3.30106199001011E+17", "9007199254740994.0", "1e300", "-1e16", '"3.30106E+17"', '"5E+12"']
LOST += ['"4.40106199001011e+17"']  # as pandas does where a column of whole numbers has a gap


@pytest.mark.parametrize("value", LOST)
def test_a_number_that_lost_its_last_digits_is_no_id(tmp_path, value):
    # As spreadsheets save a long number: two ids would become one.
    line = f'{{"id": {value}, "fact": "{FACT}"}}'
    [error] = read_cases(write(tmp_path / "a.json", line), labelled=False)
    assert error.expected == "an id must be a text or a number with all its digits"
    assert (error.where, error.case_id) == (f"{tmp_path}/a.json:1", "1")


def test_a_number_that_no_float_holds_is_no_id(tmp_path):
    line = f'{{"id": 1e999, "fact": "{FACT}"}}'
    [error] = read_cases(write(tmp_path / "a.json", line), labelled=False)
    assert error.got == "a number that is too large: '1e999'"
    assert (error.where, error.case_id) == (f"{tmp_path}/a.json:1", "1")


@pytest.mark.parametrize("value", ["null", "NaN", '""'])
def test_a_gap_is_no_id(tmp_path, value):
    line = f'{{"id": {value}, "fact": "{FACT}"}}'
    assert ids(write(tmp_path / "a.json", line), labelled=False) == ["1"]


@pytest.mark.parametrize(
    ("fields", "expected", "got"),
    [
        ({"articles": ["1"] * 1_001}, "a case must have at most 1,000 articles", "1,001"),
        ({"articles": ["法" * 201]}, "each of the articles must have at most 200 char", "201"),
        ({"articles": [], "charges": ["罪"] * 1_001}, "a case must have at most 1,000", "1,001"),
        ({"articles": [], "charges": ["罪" * 201]}, "each of the charges must have at most", "201"),
        ({"articles": [], "unknown_articles": [1] * 1_001}, "a case must have at most", "1,001"),
    ],
)
def test_labels_may_not_be_too_many_or_too_long(tmp_path, fields, expected, got):
    (error,) = read_cases(write(tmp_path / "a.json", json.dumps({"fact": FACT, **fields})))
    assert error.expected.startswith(expected)
    assert error.got == got


def test_a_file_name_that_is_not_utf8_can_be_printed(tmp_path):
    path = tmp_path / "\udcb0\udcb8.txt"
    write(path, FACT, "only Latin")
    case, error, _ = read_cases(path, write(tmp_path / "b.txt", FACT), labelled=False)
    assert (case.case_id, error.case_id) == ("\\udcb0\\udcb8.txt:1", "\\udcb0\\udcb8.txt:2")
    assert isinstance(error, CaseError)
    for text in (case.where, str(error)):
        assert text.encode().decode() == text
