"""`lawrec audit` and `lawrec split` from outside."""

import gzip
import json
import random

import pytest
from click.testing import CliRunner

from lawrec.cli import cli

SIGNS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"


def lawrec(*arguments):
    return CliRunner().invoke(cli, [str(part) for part in arguments])


def line(number, articles=(264,)):
    fact = "".join(random.Random(number).choices(SIGNS, k=60))
    return json.dumps({"fact": fact, "articles": list(articles)})


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A folder of cases with one error and one warning."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    lines = {"train": [*map(line, range(20)), "{", line(50, [264, 264])], "test": [line(99)]}
    for split, content in lines.items():
        (tmp_path / f"data/{split}.json").write_text("\n".join(content) + "\n")
    return "data"


AUDITED = """\
data

  Split   Lines   Cases   Several articles   Signs, mean   longest   Encoding
 ─────────────────────────────────────────────────────────────────────────────
  train      22      21               0.0%            60        60      utf-8
  test        1       1               0.0%            60        60      utf-8


1 articles; in train: 0 without a case, 0 with fewer than 10
the 10 most cited hold 100% of the labels

ERROR broken-json: a line is not the JSON that it should be: 1
    train.json:21: a line must be one JSON object, got broken JSON (Expecting property name \
enclosed in double quotes: line 2 column 1 (char 2))
    `lawrec audit --fix` drops it.
WARNING repeated-label: an article stands more than once in a case: 1
    train.json:22: [264, 264]
    `lawrec audit --fix` collapses them; lawrec counts them once anyway.

kinds of error: 1, kinds of warning: 1
"""


def test_audit_prints_what_is_wrong(data):
    result = lawrec("audit", data)
    assert (result.exit_code, result.stdout) == (0, AUDITED)


def test_audit_writes_json_a_page_and_a_cleaned_copy(data, tmp_path):
    result = lawrec("audit", data, "--json", "a.json", "--html", "a.html", "--fix", "fixed")
    assert result.exit_code == 0
    assert "2 changes made (changes.jsonl)" in result.stdout
    kinds = [
        finding["kind"] for finding in json.loads((tmp_path / "a.json").read_text())["findings"]
    ]
    assert kinds == ["broken-json", "repeated-label"]
    assert (tmp_path / "a.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert lawrec("audit", "fixed").stdout.endswith("kinds of error: 0, kinds of warning: 0\n")


def test_strict_fails_on_an_error_and_not_on_a_warning(data, tmp_path):
    assert lawrec("audit", data, "--strict").exit_code == 1
    train = tmp_path / "data/train.json"
    train.write_text(train.read_text().replace("{\n", ""))
    assert lawrec("audit", data, "--strict").exit_code == 0


def test_audit_of_an_empty_file_is_refused(tmp_path):
    (tmp_path / "none.json").touch()
    result = lawrec("audit", tmp_path / "none.json")
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: {tmp_path}/none.json: the file must hold a case, got none. Add cases to it.\n"
    )


def test_audit_takes_a_folder_of_parts(data, tmp_path):
    parts = tmp_path / "data/parts"
    parts.mkdir()
    for number in range(3):
        (parts / f"{number}.json").write_text(line(number) + "\n")
    assert sizes(lawrec("audit", "data/parts")) == ["parts 3 3 0.0% 60 60 utf-8"]


def test_audit_of_nothing_says_what_to_do(tmp_path):
    result = lawrec("audit", tmp_path / "none")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert "No such file" in result.stderr


def sizes(result):
    """The rows of the audit's table."""
    rows = result.stdout.split("\n\n")[1].splitlines()[2:]
    return [" ".join(row.split()) for row in rows]


FIELDS = ("--fact-field", "案情", "--articles-field", "法条", "--articles-separator", "#")


@pytest.fixture
def table(data, tmp_path):
    """The train cases as a packed table in GB18030, with names and separators of its own."""
    cases = [json.loads(line(number, (264, 266))) for number in range(20)]
    rows = [f"{case['fact']},{'#'.join(map(str, case['articles']))}" for case in cases]
    content = "\n".join(["案情,法条", *rows]).encode("gb18030")
    (tmp_path / "mine.csv.gz").write_bytes(gzip.compress(content))
    return "mine.csv.gz"


def test_audit_and_split_read_what_the_options_say(table, tmp_path):
    result = lawrec("audit", table, *FIELDS, "--fix", "fixed")
    assert result.exit_code == 0, result.stderr
    assert sizes(result) == ["mine 20 20 100.0% 60 60 gb18030"]
    assert sizes(lawrec("audit", "fixed/mine.json")) == ["mine 20 20 100.0% 60 60 utf-8"]

    result = lawrec("split", table, "--to", "out", *FIELDS)
    assert result.exit_code == 0, result.stderr
    assert "20 cases in 20 groups" in result.stdout
    assert [size.split()[0] for size in sizes(lawrec("audit", "out"))] == ["train", "valid", "test"]


def test_audit_and_split_of_a_table_with_other_names_say_how_to_name_them(table):
    for arguments in (["audit", table], ["split", table, "--to", "out"]):
        result = lawrec(*arguments)
        assert result.exit_code == 1
        assert 'mine.csv.gz:1: the table must have a column "fact"' in result.stderr
        assert "--fact-field" in result.stderr


def test_audit_takes_a_pattern(data):
    assert sizes(lawrec("audit", "data/train*.json")) == ["train 22 21 0.0% 60 60 utf-8"]
    result = lawrec("audit", "data/no*.json")
    assert result.stderr == (
        "Error: data/no*.json: the pattern must match a file, got none. Check the path.\n"
    )


def test_split_deals_the_cases_out(data, tmp_path):
    result = lawrec("split", "data/train.json", "--to", "out", "--skip-bad")
    assert result.exit_code == 0
    assert result.stdout == (
        "out\n\n"
        "  Split   Cases   Share   Articles\n"
        " ──────────────────────────────────\n"
        "  train      17   81.0%     1 of 1\n"
        "  valid       2    9.5%     1 of 1\n"
        "  test        2    9.5%     1 of 1\n\n"
        "21 cases in 21 groups of near-duplicates, none divided; 1 articles in every split; "
        "1 lines skipped (skipped.jsonl)\n"
    )
    assert len((tmp_path / "out/train.json").read_text().splitlines()) == 17


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--to", "out"], 1, "data/train.json:21: a line must be one JSON object"),
        (["--to", "data", "--skip-bad"], 1, "data: the folder must be new or empty"),
        (["--to", "out", "--shares", "0.5,0.5"], 1, "--shares: the shares of train, valid and"),
        (["--to", "out", "--shares", "much"], 2, "write three numbers, 0.8,0.1,0.1 say"),
        ([], 2, "Missing option '--to'"),
    ],
)
def test_what_split_refuses(data, options, code, message):
    result = lawrec("split", "data/train.json", *options)
    assert result.exit_code == code
    assert message in result.stderr
