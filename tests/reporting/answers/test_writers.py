import csv
import io
import json
from pathlib import Path

import pytest

from lawrec.decision.decision_rule import ABOVE
from lawrec.decision.recommend import Decision, Recommendation
from lawrec.errors import CaseError
from lawrec.reporting.answers.writers import (
    ANSWER_WRITERS,
    FORMATS,
    answer_csv,
    answer_json,
    format_of,
    save_answers,
)
from lawrec.runs.results import Answer
from tests.helpers.answers import ANSWER, ERROR, FACT, RARE, REFUSED


def json_lines(*answers):
    return [json.loads(line) for line in answer_json(answers)]


def csv_rows(*answers):
    text = "\n".join(answer_csv(answers)) + "\n"
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_json_has_one_line_per_case():
    assert json_lines(ANSWER, REFUSED, Answer("3", "甲", truncated=True)) == [
        {
            "case_id": "1",
            "articles": ["264", "133之一"],
            "recommendations": [
                {
                    "rank": 1,
                    "article": "264",
                    "title": "盗窃罪",
                    "score": 0.912345,
                    "probability": 0.954321,
                    "threshold": 0.5,
                    "recommended": True,
                    "reason": "above threshold",
                },
                {
                    "rank": 2,
                    "article": "133之一",
                    "title": "危险驾驶罪",
                    "score": 0.25,
                    "probability": 0.5,
                    "threshold": 0.375,
                    "recommended": True,
                    "reason": "top-1 fallback",
                },
                {
                    "rank": 3,
                    "article": "347",
                    "title": "",
                    "score": 0.125,
                    "probability": None,
                    "threshold": None,
                    "recommended": False,
                    "reason": "below threshold",
                },
            ],
            "abstained": False,
            "violations": [],
            "truncated": False,
        },
        {
            "case_id": "2",
            "error": "stdin:2: a fact must hold text, got an empty line. Give one fact a line.",
        },
        {
            "case_id": "3",
            "articles": [],
            "recommendations": [],
            "abstained": False,
            "violations": [],
            "truncated": True,
        },
    ]


def test_json_writes_chinese_as_it_is_and_never_breaks_a_line():
    entry = Recommendation(1, "264", "盗窃\n罪", 0.9, 0.9, 0.5, True, ABOVE)
    (line,) = answer_json([Answer("1", FACT, Decision((entry,)))])
    assert "盗窃\\n罪" in line
    assert "\n" not in line


def test_csv_has_a_header_and_one_row_per_article():
    assert list(answer_csv([ANSWER, REFUSED])) == [
        "case_id,rank,article,title,score,probability,threshold,recommended,reason,error",
        "1,1,264,盗窃罪,0.912345,0.954321,0.5,True,above threshold,",
        "1,2,133之一,危险驾驶罪,0.25,0.5,0.375,True,top-1 fallback,",
        "1,3,347,,0.125,,,False,below threshold,",
        '2,,,,,,,,,"stdin:2: a fact must hold text, got an empty line. Give one fact a line."',
    ]


@pytest.mark.parametrize("title", ["甲,乙", '甲"乙"', "甲\n乙", "甲\r\n乙", "甲\r乙", '",\n"', ""])
def test_csv_reads_back_whatever_a_title_holds(title):
    entry = Recommendation(1, "264", title, 0.9, 0.9, 0.5, True, ABOVE)
    rows = csv_rows(Answer('a,"b"\nc', FACT, Decision((entry, RARE))), REFUSED)
    assert [(row["case_id"], row["article"], row["title"]) for row in rows] == [
        ('a,"b"\nc', "264", title),
        ('a,"b"\nc', "347", ""),
        ("2", "", ""),
    ]
    assert rows[2]["error"] == str(ERROR)
    assert all(None not in row and None not in row.values() for row in rows)


def test_csv_has_a_row_for_a_case_without_an_article():
    assert [row["case_id"] for row in csv_rows(Answer("1"), Answer("2"))] == ["1", "2"]


FORMULA = "=HYPERLINK(A1)"


def test_no_cell_of_csv_is_a_formula_and_numbers_stay_numbers():
    negative = Recommendation(1, "-1", "+1", -0.5, None, -0.25, True, "\t=1")
    [row, error] = csv_rows(
        Answer(FORMULA, FACT, Decision((negative,))), Answer("@SUM(1)", error=ERROR)
    )
    assert [row[name] for name in ("case_id", "article", "title", "reason")] == [
        f"'{FORMULA}",
        "'-1",
        "'+1",
        "'\t=1",
    ]
    assert [row["score"], row["threshold"]] == ["-0.5", "-0.25"]
    assert error["case_id"] == "'@SUM(1)"
    texts = {"-1": FORMULA}
    assert (
        f"'{FORMULA}" in list(answer_csv([Answer("1", "", Decision((negative,)))], texts=texts))[1]
    )


def test_a_file_name_that_is_not_utf8_is_escaped():
    error = CaseError("案\udcff.txt:2", expected="x must be y", got="z", todo="Fix it.")
    answers = [Answer("案\udcff.txt:2", error=error)]
    for name, write in ANSWER_WRITERS.items():
        text = "\n".join(write(answers))
        assert text.encode().decode() == text, name
        assert "案\\udcff.txt:2" in text, name


def test_a_csv_file_begins_with_a_byte_order_mark_for_excel(tmp_path):
    save_answers(tmp_path / "answers.csv", [ANSWER], output_format="csv")
    save_answers(tmp_path / "answers.json", [ANSWER], output_format="json")
    assert (tmp_path / "answers.csv").read_bytes().startswith(b"\xef\xbb\xbfcase_id,rank,")
    assert (tmp_path / "answers.json").read_text("utf-8") == f"{next(answer_json([ANSWER]))}\n"


def test_every_format_can_be_a_file(tmp_path):
    for name in FORMATS:
        path = tmp_path / name
        save_answers(path, [ANSWER, REFUSED], output_format=name)
        if name in ANSWER_WRITERS:
            written = path.read_text("utf-8-sig").replace("\r\n", "\n")
            assert written == "\n".join([*ANSWER_WRITERS[name]([ANSWER, REFUSED]), ""])
        else:
            assert path.read_bytes().startswith(b"PAR1")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *(("a.csv", "csv"), ("a.CSV", "csv"), ("a.parquet", "parquet"), ("a.json", "json")),
        *(("a.jsonl", "json"), ("a", None), ("a.x", None), ("a.table", None)),
    ],
)
def test_the_name_of_a_file_asks_for_a_format(name, expected):
    assert format_of(Path(name)) == expected


def test_csv_of_no_answers_is_its_header():
    assert len(list(answer_csv([]))) == 1


@pytest.mark.parametrize("name", ANSWER_WRITERS)
def test_answers_are_written_as_they_come(name):
    def endless():
        while True:
            yield ANSWER

    texts = ANSWER_WRITERS[name](endless())
    assert [bool(next(texts)) for _ in range(3)] == [True] * 3
