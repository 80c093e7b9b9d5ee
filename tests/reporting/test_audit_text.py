import json
from dataclasses import replace

import pytest

from lawrec.corpus.audit.audit import AuditReport, Finding, LongTail, SplitSizes
from lawrec.corpus.splitting.stratified_split import SplitReport
from lawrec.reporting.audit_text import audit_text, split_text, verdict, with_short_paths
from lawrec.reporting.runs_text import report_json
from lawrec.translation import messages_in

FINDING = Finding(
    kind="conflicting-labels",
    severity="error",
    count=1_234,
    meaning="the same fact has other articles elsewhere",
    todo="Check which is right.",
    examples=tuple(
        (f"data/train.json:{n}", f"266 here, 264 in data/test.json:{n}") for n in range(5)
    ),
)
REPORT = AuditReport(
    data="data",
    max_tokens=384,
    splits={
        "train": SplitSizes("data/train.json", "utf-8", 1_010, 1_000, 100, 400_000, 2_000),
        "test": SplitSizes("data/test.json", "gb18030", 0, 0, 0, 0, 0),
    },
    articles={"264": {"train": 900, "test": 0}, "133之一": {"train": 0, "test": 0}},
    tail=LongTail(articles=2, unused=1, rare=0, limit=10, labels=900, top=900),
    findings=(FINDING, replace(FINDING, kind="masked", severity="warning", examples=())),
)

TEXT = """\
data

  Split   Lines   Cases   Several articles   Characters, mean   longest   Encoding
 ──────────────────────────────────────────────────────────────────────────────────
  train   1,010   1,000              10.0%                400     2,000      utf-8
  test        0       0               0.0%                  0         0    gb18030

2 articles: 1 without a case in train, 0 with fewer than 10. The 10 most cited have 100% of labels.

ERROR conflicting-labels: the same fact has other articles elsewhere: 1,234
    train.json:0: 266 here, 264 in test.json:0
    train.json:1: 266 here, 264 in test.json:1
    train.json:2: 266 here, 264 in test.json:2
    Check which is right.
WARNING masked: the same fact has other articles elsewhere: 1,234
    Check which is right.

1 kind of error, 1 kind of warning"""


def test_the_text_shows_sizes_findings_and_a_verdict():
    assert audit_text(REPORT) == TEXT


def test_the_verdict_counts_changes():
    assert audit_text(replace(REPORT, changes=2_000)).endswith(
        "1 kind of warning; 2,000 changes made (changes.jsonl)"
    )
    assert verdict(replace(REPORT, changes=1)).endswith("; 1 change made (changes.jsonl)")


def test_chinese_has_its_own_punctuation():
    with messages_in("zh"):
        lines = audit_text(replace(REPORT, changes=1)).splitlines()
    assert "错误 conflicting-labels：同一案情在别处有不同的条文：1,234" in lines
    assert "    train.json:0：此处为 266，test.json:0 处为 264" in lines
    assert lines[-1] == "1 类错误，1 类警告；作了 1 处修改（changes.jsonl）"


def test_control_characters_of_a_fact_do_not_steer_the_terminal():
    finding = replace(FINDING, examples=(("data/\x1ba.json:1", "\x1b[31m盗\n窃"),))
    assert "    \\u001ba.json:1: \\u001b[31m盗 窃\n" in audit_text(
        replace(REPORT, findings=(finding,))
    )


def test_json_holds_everything():
    report = json.loads(report_json(REPORT))
    assert report["findings"][0]["examples"][4][0] == "data/train.json:4"
    assert report["articles"]["264"] == {"train": 900, "test": 0}
    assert report["changes"] is None


def test_files_are_named_within_the_folder_only_there():
    finding = replace(FINDING, examples=(("other/data/a.json:1", "x"),))
    (kept,) = with_short_paths(replace(REPORT, findings=(finding,)))
    assert kept.examples[0][0] == "other/data/a.json:1"


@pytest.mark.parametrize(
    ("skipped", "end"), [(0, "2 articles in every split"), (3, "3 lines skipped (skipped.jsonl)")]
)
def test_a_split_is_shown_as_a_table(skipped, end):
    report = SplitReport(
        folder="out",
        groups=9,
        cases={"train": 8, "valid": 1, "test": 1},
        articles={"train": 4, "valid": 2, "test": 3},
        total_articles=4,
        articles_in_every_split=2,
        skipped=skipped,
    )
    text = split_text(report)
    assert text.startswith("out\n")
    assert "  train       8   80.0%     4 of 4\n" in text
    assert "10 cases in 9 groups of near-duplicates, none divided; 2 articles" in text
    assert text.endswith(end)
