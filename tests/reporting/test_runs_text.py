import csv
import io
import json
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from rich.cells import cell_len

from lawrec.decision.co_citation import CoCitationViolation
from lawrec.decision.cross_fitting import StrategyResult
from lawrec.decision.decision_rule import ABOVE, BELOW, DecisionRule
from lawrec.decision.recommend import FALLBACK, Decision, Recommendation
from lawrec.decision.threshold_curve import NEVER
from lawrec.errors import CaseError
from lawrec.evaluation.metrics import METRICS
from lawrec.reporting import answers as answer_writers
from lawrec.reporting import runs_text, tables, training_text
from lawrec.runs.results import Answer, Layer, RunInfo, TrainingEvaluation, TuningResult


def run_info(**changes):
    values = {
        "run": "checkpoints/first",
        "checkpoint": "best.ckpt-7",
        "splits": {"train": "data/train.json"},
        "tokenizer": "jieba",
        "tokens": 12_345,
        "articles": 183,
        "thresholds": "180 of 183 articles",
        "parameters": 1_234_567,
        "flops": 1_000_000_000,
        "layers": [Layer("embedding", "(None, 8)", 98_760)],
        "preset": "tiny",
        "changed": {"training.seed": 7},
        "config": {"model": {"lstm_units": 128}},
    }
    return RunInfo(**{**values, **changes})


THEFT = Recommendation(1, "264", "盗窃罪", 0.912345, 0.954321, 0.5, True, ABOVE)
DRIVING = Recommendation(2, "133之一", "危险驾驶罪", 0.25, 0.5, 0.375, True, FALLBACK)
RARE = Recommendation(3, "347", "", 0.125, None, None, False, BELOW)
FACT = "公诉机关指控，被告人某甲窃得现金。"
ANSWER = Answer("1", FACT, Decision((THEFT, DRIVING, RARE)))
ERROR = CaseError(
    "stdin:2", expected="a fact must hold text", got="an empty line", todo="Give one fact a line."
)
REFUSED = Answer("2", error=ERROR)
FIGURES = dict.fromkeys(METRICS, 0.5) | {"cail_score": 0.87654, "hamming_loss": 0.00123}


def table(*answers, width=tables.WIDTH):
    return list(answer_writers.answer_table(answers, width))


def json_lines(*answers):
    return [json.loads(line) for line in answer_writers.answer_json(answers)]


def csv_rows(*answers):
    text = "\n".join(answer_writers.answer_csv(answers)) + "\n"
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_an_answer_is_a_table_with_a_line_an_article():
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
        place = head.index(column)
        for row in rows:
            before = next(i for i in range(len(row) + 1) if cell_len(row[:i]) >= place)
            assert cell_len(row[:before]) == place
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
def test_signs_of_markup_stay_as_they_are(text):
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


def test_a_truncated_fact_is_noted_below_its_table():
    plain = table(ANSWER)[0]
    (noted,) = table(Answer("1", FACT, Decision((THEFT, DRIVING, RARE)), truncated=True))
    assert noted == (
        f"{plain}  The fact is longer than the model reads: its end was not considered.\n"
    )


def test_a_case_that_was_not_answered_shows_its_error_in_the_place_of_a_table():
    shown = table(ANSWER, REFUSED, ANSWER)
    assert shown[1] == (
        "Case 2: not answered. stdin:2: a fact must hold text, got an empty line. "
        "Give one fact a line.\n"
    )
    assert shown[0] == shown[2] == table(ANSWER)[0]


def test_a_case_without_an_article_is_an_empty_table():
    assert table(Answer("1", "甲"))[0].startswith("Case 1: 甲\n")


def test_json_has_a_line_a_case():
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
    (line,) = answer_writers.answer_json([Answer("1", FACT, Decision((entry,)))])
    assert "盗窃\\n罪" in line
    assert "\n" not in line


def test_csv_has_a_header_and_a_row_an_article():
    assert list(answer_writers.answer_csv([ANSWER, REFUSED])) == [
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


def test_signs_that_steer_a_terminal_are_left_out_of_a_table():
    [text] = table(Answer("1\x1b[2J", "张某\x1b]0;x\x07盗窃\u202e"))
    assert text.replace("\n", "").isprintable()
    assert "张某]0;x盗窃" in text


def test_csv_of_no_answers_is_its_header():
    assert len(list(answer_writers.answer_csv([]))) == 1


@pytest.mark.parametrize("name", answer_writers.ANSWER_WRITERS)
def test_answers_are_written_as_they_come(name):
    def endless():
        while True:
            yield ANSWER

    texts = answer_writers.ANSWER_WRITERS[name](endless(), 80)
    assert [bool(next(texts)) for _ in range(3)] == [True] * 3


def test_every_metric_has_a_name_for_people():
    assert runs_text.FIGURES.keys() == METRICS.keys()
    assert set(runs_text.HEADLINES) <= METRICS.keys()


@pytest.mark.parametrize(("best", "end"), [(True, "0.1250 (best)"), (False, "0.1250")])
def test_the_line_of_an_epoch_tells_loss_and_figures(best, end):
    figures = {
        "cail_score": 0.5,
        "micro_f1": 0.25,
        "macro_f1_supported": 0.75,
        "exact_match": 0.125,
    }
    evaluation = TrainingEvaluation(1200, 3, 0.01234, figures, best)
    assert training_text.training_line(evaluation) == (
        "epoch 3, step 1200: loss 0.0123, valid CAIL score 0.5000, micro-F1 0.2500, "
        f"macro-F1, articles with cases 0.7500, exact match {end}"
    )


def tuning(thresholds, objective="cail_score", **others):
    others = {"compared": (), "guarantee": None, **others}
    rule = DecisionRule(np.array(thresholds, np.float32), 1, 10)
    support = np.array([12, 3, 0])
    path = Path("valid.json")
    return TuningResult(
        "global", objective, path, "", 1234, rule, support, support, FIGURES, **others
    )


@pytest.mark.parametrize(
    ("thresholds", "line"),
    [
        ([0.25, 0.5, NEVER], "2 of 3 articles have a threshold, from 0.250 to 0.500"),
        ([NEVER, NEVER, NEVER], "0 of 3 articles have a threshold"),
    ],
)
def test_the_text_of_tuning_tells_how_many_articles_can_fire(thresholds, line):
    assert runs_text.tuning_text(tuning(thresholds)) == (
        "global on 1,234 cases of valid.json\n"
        f"{line}; 2 have a case there to choose it by, 1 fewer than 10: unreliable\n"
        "on just these cases: CAIL score 0.8765, micro-F1 0.5000, "
        "macro-F1, articles with cases 0.5000, exact match 0.5000"
    )


@pytest.mark.parametrize(
    ("objective", "head"),
    [
        ("cail_score", "  Strategy   CAIL score   micro-F1"),
        ("f_beta", "  Strategy   f_beta   CAIL score   micro-F1"),
    ],
)
def test_compared_strategies_are_a_table_with_the_objective_in_it(objective, head):
    figures = {"cail_score": 0.5, "micro_f1": 0.25}
    compared = (StrategyResult("global", 0.75, figures), StrategyResult("fixed", 0.5, figures))
    lines = runs_text.tuning_text(tuning([0.5], objective, compared=compared)).splitlines()
    assert lines[0].startswith(
        f"Strategies by {runs_text.FIGURES.get(objective, objective)}, cross"
    )
    assert lines[2] == head
    own = ["0.7500"] * (objective == "f_beta")
    assert lines[4].split() == ["global", *own, "0.5000", "0.2500"]
    assert lines[5].split()[0] == "fixed"


def test_a_guarantee_tells_what_it_costs():
    promise = SimpleNamespace(coverage=0.95, score=0.0123, articles_per_case=3.04, abstained=0.015)
    assert runs_text.tuning_text(tuning([0.5], guarantee=promise)).splitlines()[2] == (
        "guarantee: 95% of cases get all their articles, or a person; it takes all from a score of "
        "0.0123 on, 3.0 articles a case, and leaves 1.5% of cases to a person"
    )


def test_a_reader_is_told_of_an_abstention_and_of_unusual_company():
    breaks = (
        CoCitationViolation("missing_companion", "389", "390"),
        CoCitationViolation("never_cited_together", "264", "234"),
    )
    (text,) = table(Answer("1", FACT, Decision((THEFT,), True, breaks), truncated=True))
    assert text.splitlines()[-4:] == [
        "  For a person to decide: the guarantee would take too long a list.",
        "  In training, 389 hardly ever stands without 390, which is missing here.",
        "  In training, 264 and 234 never stand together.",
        "  The fact is longer than the model reads: its end was not considered.",
    ]


def test_the_text_of_records_tells_cases_tokens_and_skipped_lines():
    splits = {
        "train": SimpleNamespace(cases=12_345, encoding="gb18030", tokens=1_234_567, skipped=2),
        "valid": SimpleNamespace(cases=10, encoding="utf-8", tokens=1_000, skipped=0),
    }
    records = SimpleNamespace(
        folder=Path("records"),
        manifest=SimpleNamespace(splits=splits),
        tokens=range(5_000),
        articles=range(183),
    )
    assert runs_text.records_text(records).splitlines() == [
        "records",
        "train: 12,345 cases, gb18030, 1,234,567 tokens, 2 lines skipped (skipped.jsonl)",
        "valid: 10 cases, utf-8, 1,000 tokens",
        "5,000 tokens known, 183 articles",
    ]


@pytest.mark.parametrize(
    ("checkpoint", "shown"), [("best.ckpt-7", "best.ckpt-7"), (None, "none yet")]
)
def test_a_run_is_described_line_by_line(checkpoint, shown):
    assert runs_text.info_table(run_info(checkpoint=checkpoint)) == (
        f"""\
run          checkpoints/first
checkpoint   {shown}
train        data/train.json
vocabulary   12,345 tokens (jieba), 183 articles
thresholds   180 of 183 articles
parameters   1,234,567
operations   1,000,000,000 for the longest case
settings     preset tiny, training.seed=7

  Layer       Output      Parameters
 ────────────────────────────────────
  embedding   (None, 8)       98,760

"""
    )


def test_the_json_of_a_run_reads_back():
    values = json.loads(runs_text.info_json(run_info()))
    assert list(values) == [field.name for field in fields(RunInfo)]
    assert values["layers"] == [{"name": "embedding", "output": "(None, 8)", "parameters": 98_760}]
