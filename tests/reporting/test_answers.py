import csv
import io
import json
from dataclasses import replace

import pytest
from rich.cells import cell_len

from lawrec.decision.co_citation import CoCitationViolation
from lawrec.decision.decision_rule import ABOVE, BELOW
from lawrec.decision.recommend import FALLBACK, Decision, FeatureContribution, Recommendation
from lawrec.errors import CaseError
from lawrec.reporting.answers import (
    ANSWER_WRITERS,
    answer_csv,
    answer_json,
    answer_table,
    save_answers,
)
from lawrec.reporting.tables import WIDTH
from lawrec.runs.results import Answer

THEFT = Recommendation(1, "264", "盗窃罪", 0.912345, 0.954321, 0.5, True, ABOVE)
DRIVING = Recommendation(2, "133之一", "危险驾驶罪", 0.25, 0.5, 0.375, True, FALLBACK)
RARE = Recommendation(3, "347", "", 0.125, None, None, False, BELOW)
FACT = "公诉机关指控，被告人某甲窃得现金。"
ANSWER = Answer("1", FACT, Decision((THEFT, DRIVING, RARE)))
ERROR = CaseError(
    "stdin:2", expected="a fact must hold text", got="an empty line", todo="Give one fact a line."
)
REFUSED = Answer("2", error=ERROR)


def table(*answers, width=WIDTH):
    return list(answer_table(answers, width))


def json_lines(*answers):
    return [json.loads(line) for line in answer_json(answers)]


def csv_rows(*answers):
    text = "\n".join(answer_csv(answers)) + "\n"
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_an_answer_is_a_table_with_one_line_per_article():
    assert table(ANSWER) == [
        f"""\
Case 1: 公诉机关指控，被告人某甲窃得现金。

  Article   Title        Score   Probability   Threshold   Recommended
 {"─" * 79}
  264       盗窃罪       0.912         0.954       0.500   yes: above threshold
  133之一   危险驾驶罪   0.250         0.500       0.375   yes: top-1 fallback
  347                    0.125                      none   no: below threshold

"""
    ]


def test_the_columns_of_a_table_line_up_in_cells():
    _, _, head, rule, *rows = table(ANSWER)[0].splitlines()
    rows = [row for row in rows if row]
    for column in ("Title", "Recommended"):
        start = head.index(column)
        for row in rows:
            before = next(i for i in range(len(row) + 1) if cell_len(row[:i]) >= start)
            assert cell_len(row[:before]) == start
            assert row[:before].endswith(" ")
    ends = head.index("Score") + len("Score")
    for row, score in zip(rows, ("0.912", "0.250", "0.125"), strict=True):
        assert cell_len(row[: row.index(score) + len(score)]) == ends
    assert cell_len(rule) >= max(cell_len(row) for row in rows)


@pytest.mark.parametrize("width", [60, 72, 100, 160])
def test_no_line_of_a_table_is_wider_than_asked(width):
    long = Recommendation(
        1, "264", "生产、销售不符合安全标准的食品罪" * 3, 0.9, 0.9, 0.5, True, ABOVE
    )
    (text,) = table(Answer("1", FACT * 9, Decision((long, DRIVING, RARE))), width=width)
    assert max(cell_len(line) for line in text.splitlines()) <= width


def test_no_line_of_a_table_ends_in_spaces():
    assert all(line == line.rstrip() for line in table(ANSWER)[0].splitlines())


@pytest.mark.parametrize(
    ("fact", "shown"),
    [
        ("甲" * 36, "甲" * 36),
        ("甲" * 37, "甲" * 36 + "…"),
        ("  一、\n二、\t三  ", "一、 二、 三"),
    ],
    ids=["as long as is shown", "longer", "several lines"],
)
def test_the_head_of_a_table_shows_the_start_of_the_fact(fact, shown):
    heading = table(Answer("7", fact, Decision((THEFT, DRIVING))))[0].splitlines()[0]
    assert heading == f"Case 7: {shown}"


@pytest.mark.parametrize("text", ["[b]甲[/b]", "[/]", ":a: :smile:", "\\[b]", "[red]甲"])
def test_characters_of_markup_are_shown_as_they_are(text):
    entry = Recommendation(1, "264", text, 0.9, 0.9, 0.5, True, ABOVE)
    (shown,) = table(Answer("1", text, Decision((entry,))))
    assert shown.count(text) == 2


def test_a_table_has_no_colour_codes_whatever_the_environment(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm-256color")
    (text,) = table(ANSWER)
    assert "\x1b" not in text
    assert "yes: above threshold" in text


FEATURES = (
    FeatureContribution("words: margin", 1.25, 1.75),
    FeatureContribution("greatest lead in a window", 2.0, -0.875),
)


def test_features_are_listed_below_the_table_and_in_json():
    entries = replace(DRIVING, features=FEATURES), replace(RARE, features=())
    answer = Answer("1", FACT, Decision(entries))
    line = "  133之一: words: margin +1.8, greatest lead in a window -0.9"
    (text,) = table(answer)
    assert text.splitlines()[-2:] == ["", line]
    narrow = table(answer, width=40)[0].splitlines()[-2:]
    assert narrow == ["  133之一: words: margin +1.8, greatest", "    lead in a window -0.9"]
    first, second = json_lines(answer)[0]["recommendations"]
    assert first["features"][0] == {"name": "words: margin", "value": 1.25, "contribution": 1.75}
    assert second["features"] == []
    assert list(csv_rows(answer)[0]) == list(csv_rows(ANSWER)[0])


def test_without_features_no_key_speaks_of_them():
    assert "features" not in json_lines(ANSWER)[0]["recommendations"][0]


def test_a_truncated_fact_is_noted_below_its_table():
    plain = table(ANSWER)[0]
    (noted,) = table(Answer("1", FACT, Decision((THEFT, DRIVING, RARE)), truncated=True))
    assert noted == (
        f"{plain}  The fact is longer than the model reads: its end was not considered.\n"
    )


def test_a_case_that_was_not_answered_shows_its_error_instead_of_a_table():
    shown = table(ANSWER, REFUSED, ANSWER)
    assert shown[1] == (
        "Case 2: not answered. stdin:2: a fact must hold text, got an empty line. "
        "Give one fact a line.\n"
    )
    assert shown[0] == shown[2] == table(ANSWER)[0]


def test_a_case_without_an_article_is_an_empty_table():
    assert table(Answer("1", "甲"))[0].startswith("Case 1: 甲\n")


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


def test_control_characters_are_escaped_in_a_table():
    theft = replace(THEFT, article="264\x1b[8m", title="盗窃\x9b1A\n\x1b]0")
    [text] = table(Answer("1\x1b[2J", "张某\x1b]0;x\x07盗窃\u202e", Decision((theft,))))
    assert text.replace("\n", "").isprintable()
    assert "Case 1\\u001b[2J: 张某\\u001b]0;x\\u0007盗窃\\u202e" in text
    assert "  264\\u001b[8m   盗窃\\u009b1A \\u001b]0 " in text


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
    save_answers(tmp_path / "answers.csv", answer_csv([ANSWER]), output_format="csv")
    save_answers(tmp_path / "answers.json", answer_json([ANSWER]), output_format="json")
    assert (tmp_path / "answers.csv").read_bytes().startswith(b"\xef\xbb\xbfcase_id,rank,")
    assert (tmp_path / "answers.json").read_text("utf-8") == f"{next(answer_json([ANSWER]))}\n"


def test_csv_of_no_answers_is_its_header():
    assert len(list(answer_csv([]))) == 1


@pytest.mark.parametrize("name", ANSWER_WRITERS)
def test_answers_are_written_as_they_come(name):
    def endless():
        while True:
            yield ANSWER

    texts = ANSWER_WRITERS[name](endless(), 80)
    assert [bool(next(texts)) for _ in range(3)] == [True] * 3


def test_an_abstention_and_unusual_pairs_of_articles_are_noted_below_the_table():
    violations = (
        CoCitationViolation("missing_companion", "389", "390"),
        CoCitationViolation("never_cited_together", "264", "234"),
    )
    (text,) = table(Answer("1", FACT, Decision((THEFT,), True, violations), truncated=True))
    assert text.splitlines()[-4:] == [
        "  For a person to decide: the guarantee would need too long a list.",
        "  In the training cases, 389 is rarely cited without 390, which is missing here.",
        "  In the training cases, 264 and 234 are never cited together.",
        "  The fact is longer than the model reads: its end was not considered.",
    ]
