from dataclasses import replace

import pytest
from rich.cells import cell_len

from lawrec.decision.co_citation import CoCitationViolation
from lawrec.decision.decision_rule import ABOVE
from lawrec.decision.recommend import Decision, Recommendation
from lawrec.errors import CaseError
from lawrec.reporting.answers.table import answer_table, score_bar
from lawrec.reporting.tables import WIDTH
from lawrec.runs.results import Answer
from lawrec.translation import messages_in
from tests.helpers.answers import ANSWER, DRIVING, FACT, FEATURES, RARE, REFUSED, THEFT


def table(*answers, width=WIDTH):
    return list(answer_table(answers, width))


def test_an_answer_is_a_table_with_one_line_per_article():
    assert table(ANSWER) == [
        f"""\
Case 1: 公诉机关指控，被告人某甲窃得现金。

  Article   Title        Score          Probability   Threshold   Recommended
 {"─" * 86}
  264       盗窃罪       0.912 █████▌         0.954       0.500   yes: above threshold
  133之一   危险驾驶罪   0.250 █▌             0.500       0.375   yes: top-1 fallback
  347                    0.125 ▊                           none   no: below threshold

"""
    ]


def test_a_table_can_be_in_chinese():
    empty = CaseError(
        "stdin:2", expected="the fact must not be empty", got="''", todo="Write the fact."
    )
    with messages_in("zh"):
        shown, refused = table(replace(ANSWER, truncated=True), Answer("2", error=empty))
    assert (
        shown
        == f"""\
案件 1：公诉机关指控，被告人某甲窃得现金。

  条文      名称         得分            概率    阈值   推荐
 {"─" * 86}
  264       盗窃罪       0.912 █████▌   0.954   0.500   是：达到阈值
  133之一   危险驾驶罪   0.250 █▌       0.500   0.375   是：均未达到阈值，取得分最高者
  347                    0.125 ▊                   无   否：未达到阈值

  案情超过模型所读的长度，末尾部分未予考虑。
"""
    )
    assert refused == ("案件 2：未作答。stdin:2：案情不能为空；实际：''。请写上案情。\n")


def test_the_columns_of_a_table_line_up_in_cells():
    _, _, head, rule, *rows = table(ANSWER)[0].splitlines()
    rows = [row for row in rows if row]
    for column in ("Title", "Recommended"):
        start = head.index(column)
        for row in rows:
            before = next(i for i in range(len(row) + 1) if cell_len(row[:i]) >= start)
            assert cell_len(row[:before]) == start
            assert row[:before].endswith(" ")
    ends = head.index("Probability") + len("Probability")
    for row, probability in zip(rows[:2], ("0.954", "0.500"), strict=True):
        assert cell_len(row[: row.index(probability) + len(probability)]) == ends
    assert cell_len(rule) >= max(cell_len(row) for row in rows)


def test_at_80_columns_titles_take_several_lines_and_the_rest_takes_one():
    long = replace(RARE, title="掩饰、隐瞒犯罪所得、犯罪所得收益罪", threshold=0.5)
    (text,) = table(Answer("1", FACT * 6, Decision((THEFT, long))), width=80)
    assert (
        text
        == f"""\
Case 1: {FACT * 2}公 …

  Article   Title                Score          Threshold   Recommended
 {"─" * 79}
  264       盗窃罪               0.912 █████▌       0.500   yes: above threshold
  347       掩饰、隐瞒犯罪所得   0.125 ▊            0.500   no: below threshold
            、犯罪所得收益罪

"""
    )


@pytest.mark.parametrize(
    ("score", "bar"),
    [(0, ""), (1e-6, "▏"), (0.25, "█▌"), (0.5, "███"), (0.98, "█████▉"), (1, "██████")],
)
def test_the_bar_of_a_score_is_full_at_1_and_empty_at_0_alone(score, bar):
    assert score_bar(score) == bar


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
    assert "yes: above" in text


def test_features_are_listed_below_the_table():
    entries = replace(DRIVING, features=FEATURES), replace(RARE, features=())
    answer = Answer("1", FACT, Decision(entries))
    line = "  133之一: words: margin +1.8, greatest lead in a window -0.9"
    (text,) = table(answer)
    assert text.splitlines()[-2:] == ["", line]
    narrow = table(answer, width=40)[0].splitlines()[-2:]
    assert narrow == ["  133之一: words: margin +1.8, greatest", "    lead in a window -0.9"]


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


def test_control_characters_are_escaped_in_a_table():
    theft = replace(THEFT, article="264\x1b[8m", title="盗窃\x9b1A\n\x1b]0")
    [text] = table(Answer("1\x1b[2J", "张某\x1b]0;x\x07盗窃\u202e", Decision((theft,))), width=120)
    assert text.replace("\n", "").isprintable()
    assert "Case 1\\u001b[2J: 张某\\u001b]0;x\\u0007盗窃\\u202e" in text
    assert "  264\\u001b[8m   盗窃\\u009b1A \\u001b]0 " in text


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
