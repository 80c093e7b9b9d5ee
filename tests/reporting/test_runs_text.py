import json
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from lawrec.decision.cross_fitting import StrategyResult
from lawrec.decision.decision_rule import DecisionRule
from lawrec.decision.objectives import OBJECTIVES
from lawrec.decision.threshold_curve import NEVER
from lawrec.diagnostics.reports import Layer, Network, Part, RankerInfo, RunInfo
from lawrec.evaluation.metrics import METRICS
from lawrec.reporting import runs_text
from lawrec.runs.results import FeedbackEffect, TuningResult
from lawrec.translation import messages_in

METRIC_VALUES = dict.fromkeys(METRICS, 0.5) | {"cail_score": 0.87654, "hamming_loss": 0.00123}


def run_info(**changes):
    values = {
        "run": "checkpoints/first",
        "checkpoint": "best.ckpt-7",
        "splits": {"train": "data/train.json"},
        "tokenizer": "jieba",
        "tokens": 12_345,
        "articles": 183,
        "thresholds": "180 of 183 articles",
        "ranker": RankerInfo("none yet"),
        "network": Network(1_234_567, 1_000_000_000, [Layer("embedding", "(None, 8)", 98_760)]),
        "parts": [],
        "preset": "tiny",
        "changed": {"training.seed": 7},
        "config": {"model": {"lstm_units": 128}},
    }
    return RunInfo(**{**values, **changes})


def tuning(thresholds, objective="cail_score", **others):
    others = {"compared": (), "guarantee": None, **others}
    rule = DecisionRule(np.array(thresholds, np.float32), 1, 10)
    support = np.array([12, 3, 0])
    path = Path("valid.json")
    return TuningResult(
        "global", objective, path, "", 1234, 1234, rule, support, support, METRIC_VALUES, **others
    )


@pytest.mark.parametrize(
    ("thresholds", "line"),
    [
        ([0.25, 0.5, NEVER], "2 of 3 articles have a threshold, from 0.250 to 0.500"),
        ([NEVER, NEVER, NEVER], "0 of 3 articles have a threshold"),
    ],
)
def test_the_text_of_tuning_counts_the_articles_with_a_threshold(thresholds, line):
    assert runs_text.tuning_text(tuning(thresholds)) == (
        "global on 1,234 cases of valid.json\n"
        f"{line}; unreliable: 1 with fewer than 10 cases, 1 without any\n"
        "on the cases used to tune: CAIL score 0.8765; micro-F1 0.5000; "
        "macro-F1, articles with cases 0.5000; exact match 0.5000"
    )


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ({"kind": "share"}, "an article must reach 0.250 of the best score of its case"),
        (
            {"kind": "share", "min_articles": 2, "max_articles": 2},
            "each case has as many articles: 2",
        ),
        ({"kind": "expected_f1"}, "each case has the list with the greatest expected F1"),
    ],
)
def test_the_text_of_tuning_says_what_other_rules_ask_for(rule, line):
    result = tuning([0.25, 0.25, 0.25])
    lines = runs_text.tuning_text(replace(result, rule=replace(result.rule, **rule))).splitlines()
    assert lines[1] == line


def test_the_text_of_tuning_without_a_true_case_has_no_share_to_name():
    result = tuning([NEVER, NEVER, NEVER])
    share = replace(result, rule=replace(result.rule, kind="share"))
    assert runs_text.tuning_text(share).splitlines()[1].startswith("0 of 3 articles have a ")


@pytest.mark.parametrize(
    ("skipped", "note"),
    [(0, ""), (1, ", 1 bad line left out"), (1234, ", 1,234 bad lines left out")],
)
def test_the_text_of_tuning_counts_what_was_left_out(skipped, note):
    lines = runs_text.tuning_text(tuning([0.5], skipped=skipped)).splitlines()
    assert lines[0] == f"global on 1,234 cases of valid.json{note}"


@pytest.mark.parametrize(
    ("before", "shown"), [(None, "no thresholds"), (METRIC_VALUES, "CAIL score 0.8765; micro-F1")]
)
def test_the_text_of_tuning_says_what_feedback_changed(before, shown):
    effect = FeedbackEffect(Path("kept.jsonl"), "", 7, before, METRIC_VALUES)
    lines = runs_text.tuning_text(tuning([0.5], feedback=effect)).splitlines()[-3:]
    assert lines[0] == "with the 7 cases of kept.jsonl, on which"
    assert lines[1].startswith(f"  before: {shown}")
    assert lines[2].startswith("  after:  CAIL score 0.8765; micro-F1")


@pytest.mark.parametrize(
    ("objective", "head"),
    [
        ("cail_score", "  Strategy   CAIL score   micro-F1"),
        ("f_beta", "  Strategy   F-beta   CAIL score   micro-F1"),
    ],
)
def test_compared_strategies_are_a_table_with_the_objective_in_it(objective, head):
    values = {"cail_score": 0.5, "micro_f1": 0.25}
    compared = (StrategyResult("global", 0.75, values), StrategyResult("fixed", 0.5, values))
    lines = runs_text.tuning_text(tuning([0.5], objective, compared=compared)).splitlines()
    name = head.split("   ")[1]
    assert lines[0] == f"Strategies by {name}, cross-validated"
    assert lines[2] == head
    own = ["0.7500"] * (objective == "f_beta")
    assert lines[4].split() == ["global", *own, "0.5000", "0.2500"]
    assert lines[5].split()[0] == "fixed"


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_each_objective_has_a_name(objective):
    compared = (StrategyResult("global", 0.75, {"cail_score": 0.5}),)
    text = runs_text.tuning_text(tuning([0.5], objective, compared=compared))
    assert "_" not in text
    assert "missed" not in text


def test_values_below_0_are_explained_and_no_chinese_heading_is_cut_off():
    compared = (StrategyResult("global", -0.1024, METRIC_VALUES),)
    result = tuning([0.5], "recall_at_precision", compared=compared)
    note = "\n\nbelow 0: the target is missed; it is what was reached, minus 1\n"
    assert note in runs_text.tuning_text(result)
    with messages_in("zh"):
        text = runs_text.tuning_text(result)
    assert text.startswith("比较策略（交叉验证），依据：达到目标精确率时的召回率\n")
    assert "\n\n负值：未达到目标，数值为实际达到的比率减 1\n" in text
    assert "…" not in text
    assert "有阈值，从 0.500 到 0.500；不可靠：" in text


def test_a_guarantee_is_shown_with_its_cost():
    cost = SimpleNamespace(coverage=0.95, score=0.0123, articles_per_case=3.04, abstained=0.015)
    assert runs_text.tuning_text(tuning([0.5], guarantee=cost)).splitlines()[2] == (
        "guarantee: 95% of cases get all their articles, or go to a person; articles are listed "
        "from a score of 0.0123 on, 3.0 per case, and 1.5% of cases are left to a person"
    )


def test_the_text_of_records_counts_cases_tokens_and_skipped_lines():
    splits = {
        "train": SimpleNamespace(cases=12_345, encoding="gb18030", tokens=1_234_567, skipped=2),
        "valid": SimpleNamespace(cases=10, encoding="utf-8", tokens=1_000, skipped=0),
    }
    records = SimpleNamespace(
        folder=Path("records"),
        manifest=SimpleNamespace(
            splits=splits,
            left_out={"valid": 1, "train": 2_000, "unknown": 3},
            unlabelled={"300": 1, "民法典第667条": 1_234},
        ),
        tokens=range(5_000),
        articles=range(183),
    )
    assert runs_text.records_text(records).splitlines() == [
        "records",
        "train: 12,345 cases, gb18030, 1,234,567 tokens, 2 lines skipped (skipped.jsonl)",
        "valid: 10 cases, utf-8, 1,000 tokens",
        "left out of extra: 1 copy of valid, 2,000 copies of train (duplicates.jsonl), "
        "3 of whose articles nothing is known",
        "articles of extra that are no labels, with their cases: 民法典第667条 (1,234), 300 (1)",
        "vocabulary: 5,000 tokens, 183 articles",
    ]


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, "0"), (8, "0, 1, 2, 3, 4, 5, 6, 7"), (10, "0, 1, 2, 3, 4, 5, 6, 7 and 2 more")],
)
def test_a_long_list_is_shortened_to_its_first_names(count, expected):
    assert runs_text.shorten_list([str(number) for number in range(count)]) == expected


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
ranker       none yet
parameters   1,234,567
operations   1,000,000,000 for the longest case
settings     preset tiny, training.seed=7

  Layer       Output      Parameters
 ────────────────────────────────────
  embedding   (None, 8)       98,760"""
    )


def test_a_bundle_is_described_with_its_parts_instead_of_layers():
    digests = "ab" * 16 + "cd" * 16, "7f" * 32
    parts = [Part("run.json", 732, digests[0]), Part("ranker/weights.npz", 13_510_390, digests[1])]
    info = run_info(run="criminal-law.lawrec", network=None, parts=parts)
    assert runs_text.info_table(info) == (
        f"""\
run          criminal-law.lawrec
checkpoint   best.ckpt-7
train        data/train.json
vocabulary   12,345 tokens (jieba), 183 articles
thresholds   180 of 183 articles
ranker       none yet
settings     preset tiny, training.seed=7

  Part                      Bytes   SHA-256, first half
 {"─" * 68}
  run.json                    732   {"ab" * 16}
  ranker/weights.npz   13,510,390   {"7f" * 16}"""
    )


@pytest.mark.parametrize(
    ("importances", "shown"),
    [
        ({}, ["ranker       words, lstm; 1,234 parameters of linear SVMs; no second stage"]),
        (
            {f"feature {number}": 0.125 for number in range(8)},
            [
                "ranker         words, lstm; 1,234 parameters of linear SVMs",
                "second stage   200 trees on 8 features of 10 candidates per case",
                f"features       {', '.join(f'feature {n} 12.5%' for n in range(5))}, ...",
            ],
        ),
    ],
)
def test_a_ranker_is_described_by_its_parts(importances, shown):
    ranker = RankerInfo("in use", ["words", "lstm"], 1_234, 10, 200, importances)
    lines = runs_text.info_table(run_info(ranker=ranker)).splitlines()
    assert lines[5 : 5 + len(shown)] == shown


def test_the_json_of_a_run_reads_back():
    values = json.loads(runs_text.report_json(run_info()))
    assert list(values) == [field.name for field in fields(RunInfo)]
    assert values["network"]["layers"] == [
        {"name": "embedding", "output": "(None, 8)", "parameters": 98_760}
    ]
