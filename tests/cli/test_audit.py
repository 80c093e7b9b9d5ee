"""`lawrec audit` from outside."""

import json
from pathlib import Path

from tests.helpers.cli import audit_sizes, case_line, lawrec

AUDITED = """\
data

  Split   Lines   Cases   Several articles   Characters, mean   longest   Encoding
 ──────────────────────────────────────────────────────────────────────────────────
  train      22      21               0.0%                 60        60      utf-8
  test        1       1               0.0%                 60        60      utf-8

1 article: 0 without a case in train, 0 with fewer than 10. The 10 most cited have 100% of labels.

ERROR broken-json: a line is not the JSON that it should be: 1
    train.json:21: a line must be one JSON object, got broken JSON (Expecting property name \
enclosed in double quotes: line 1 column 2 (char 1))
    `lawrec audit --fix` drops it.
WARNING repeated-label: a case has an article more than once: 1
    train.json:22: [264, 264]
    `lawrec audit --fix` keeps it once; lawrec counts it once anyway.

1 kind of error, 1 kind of warning
"""


def test_audit_prints_what_is_wrong(faulty_data):
    result = lawrec("audit", faulty_data)
    assert (result.exit_code, result.stdout) == (0, AUDITED)


def test_the_report_of_several_processes_is_the_same(faulty_data):
    lines = [*(case_line(seed) for seed in range(40)), case_line(3).replace("甲", "乙", 1)]
    with Path("data/test.json").open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)
    results = [
        (
            lawrec("audit", faulty_data, "--json", "a.json", *jobs).stdout,
            Path("a.json").read_bytes(),
        )
        for jobs in ((), ("--jobs", 2))
    ]
    assert results[0] == results[1]
    assert "duplicate" in results[0][0]


def test_audit_writes_json_a_page_and_a_cleaned_copy(faulty_data, tmp_path):
    result = lawrec("audit", faulty_data, "--json", "a.json", "--html", "a.html", "--fix", "fixed")
    assert result.exit_code == 0
    assert "2 changes made (changes.jsonl)" in result.stdout
    kinds = [
        finding["kind"] for finding in json.loads((tmp_path / "a.json").read_text())["findings"]
    ]
    assert kinds == ["broken-json", "repeated-label"]
    assert (tmp_path / "a.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert lawrec("audit", "fixed").stdout.endswith("No errors, no warnings\n")


def test_strict_fails_on_an_error_and_not_on_a_warning(faulty_data, tmp_path):
    assert lawrec("audit", faulty_data, "--strict").exit_code == 1
    train = tmp_path / "data/train.json"
    train.write_text(train.read_text().replace("{\n", ""))
    assert lawrec("audit", faulty_data, "--strict").exit_code == 0


def test_audit_of_an_empty_file_is_refused(tmp_path):
    (tmp_path / "none.json").touch()
    result = lawrec("audit", tmp_path / "none.json")
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: {tmp_path}/none.json: the file must hold a case, got none. Add cases to it.\n"
    )


def test_audit_takes_a_folder_of_parts(faulty_data, tmp_path):
    parts = tmp_path / "data/parts"
    parts.mkdir()
    for number in range(3):
        (parts / f"{number}.json").write_text(case_line(number) + "\n")
    assert audit_sizes(lawrec("audit", "data/parts")) == ["parts 3 3 0.0% 60 60 utf-8"]


def test_audit_of_nothing_says_what_to_do(tmp_path):
    result = lawrec("audit", tmp_path / "none")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert "No such file" in result.stderr


def test_audit_takes_a_pattern(faulty_data):
    assert audit_sizes(lawrec("audit", "data/train*.json")) == ["train 22 21 0.0% 60 60 utf-8"]
    result = lawrec("audit", "data/no*.json")
    assert result.stderr == (
        "Error: data/no*.json: the pattern must match a file, got none. Check the path.\n"
    )
