"""What is made for people has no English in Chinese, but names of files, settings and metrics."""

import re
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from lawrec.corpus.audit.audit import AuditReport, Finding, LongTail, SplitSizes
from lawrec.corpus.audit.case_checks import CHECKS
from lawrec.corpus.audit.duplicate_checks import CORPUS_CHECKS, Occurrence
from lawrec.corpus.records.manifest import Manifest, Records, Verification
from lawrec.corpus.splitting.stratified_split import SplitReport
from lawrec.corpus.vocabulary import Vocabulary
from lawrec.decision.cross_fitting import StrategyResult
from lawrec.decision.decision_rule import DecisionRule
from lawrec.diagnostics.reports import Layer, Network, Part, RankerInfo, RunInfo
from lawrec.evaluation.cail_judge import CailReport
from lawrec.evaluation.metrics import METRICS
from lawrec.law.catalog import Amendment, Article
from lawrec.law.lookup import ArticleInfo
from lawrec.law.statute_import import ImportReport
from lawrec.law.statute_versions import Change, Version
from lawrec.reporting.audit_html import audit_html
from lawrec.reporting.audit_text import audit_text, split_text
from lawrec.reporting.evaluation_html import evaluation_html, shown_cases
from lawrec.reporting.evaluation_text import evaluation_table
from lawrec.reporting.law_text import (
    StatuteChanges,
    changes_text,
    entries_text,
    import_text,
    list_table,
)
from lawrec.reporting.runs_text import info_table, tuning_text, verification_text
from lawrec.reporting.search_html import search_html
from lawrec.reporting.search_text import search_table
from lawrec.reporting.training_text import dry_run_text, embedding_text, training_line
from lawrec.runs.results import (
    DryRunReport,
    FeedbackEffect,
    GuaranteeCost,
    TrainingEvaluation,
    TuningResult,
)
from lawrec.translation import messages_in
from tests.helpers.predictions import random_cases, random_predictions, report_on
from tests.helpers.searches import searched_result

VALUES = dict.fromkeys(METRICS, 0.5)
PREDICTIONS = random_predictions()
EVALUATION = replace(
    report_on(PREDICTIONS, random_predictions(seed=4, run="second")),
    cail_judge=CailReport("a.json", "b.json", 183, 0.75, 0.8, 0.7, ("9",), 1, 2),
    feature_importances={"margin": 0.5},
    skipped=3,
)
FINDINGS = [
    Finding(kind, check.severity, 1, check.meaning, check.todo, (Occurrence("a.json:1", "264"),))
    for kind, check in (CHECKS | CORPUS_CHECKS).items()
]
AUDIT = AuditReport(
    "data",
    384,
    {"train": SplitSizes("data/train.json", "utf-8", 10, 9, 3, 900, 200)},
    {"264": {"train": 1_500}},
    LongTail(articles=3, unused=1, rare=1, limit=10, labels=1_502, top=1_502),
    tuple(FINDINGS),
    5,
)
TUNING = TuningResult(
    "global",
    "cail_score",
    Path("valid.json"),
    "",
    1_234,
    5_678,
    DecisionRule(np.array([0.25, 0.5], np.float32), 1, 10),
    np.array([12, 3]),
    np.array([12, 3]),
    VALUES,
    compared=(StrategyResult("global", 0.75, {"cail_score": 0.5, "exact_match": 0.25}),),
    guarantee=GuaranteeCost(0.95, 0.0123, 3.04, 0.015),
    feedback=FeedbackEffect(Path("kept.jsonl"), "", 7, None, VALUES),
)
RUN = RunInfo(
    "checkpoints/first",
    None,
    {"train": "data/train.json"},
    "jieba",
    12_345,
    183,
    "180 of 183 articles",
    RankerInfo("in use", ["words", "lstm"], 1_234, 10, 200, {"margin": 0.5}),
    Network(1_234_567, 1_000_000_000, [Layer("embedding", "(None, 8)", 98_760)]),
    [],
    "tiny",
    {},
    {},
)
BUNDLE = replace(
    RUN, network=None, parts=[Part("run.json", 732, "ab")], ranker=RankerInfo("none yet")
)
OLD, NEW = Version("tea", date(2001, 2, 1), {}), Version("tea", date(2020, 1, 1), {})
CHANGES = [Change("3", kind, "旧。", "新。") for kind in ("changed", "added", "removed")]
ENTRY = ArticleInfo(
    "3", "打翻茶壶罪", "分则", "第二章", "", (Amendment("修正案", date(2005, 1, 2)),)
)
RECORDS = Records(
    Path("records"),
    Manifest("char", 384, {}, (), left_out={"valid": 2, "unknown": 3}, unlabelled={"300": 7}),
    *map(Vocabulary, ((), ("264",), ())),
)
DRY_RUN = DryRunReport(
    records=RECORDS,
    parameters=3,
    weight_bytes=4,
    optimizer_bytes=5,
    shapes={"token_ids": "(8, 16)"},
    loss=0.5,
    first_seconds=2.0,
    speed={"padding_efficiency": 0.5, "cases_per_second": 8, "tokens_per_second": 9},
)
SHOWN = {
    "evaluation": lambda: evaluation_table(EVALUATION),
    "evaluation page": lambda: evaluation_html(
        EVALUATION, PREDICTIONS, cases=random_cases(shown_cases(PREDICTIONS))
    ),
    "audit": lambda: audit_text(AUDIT),
    "audit page": lambda: audit_html(AUDIT),
    "split": lambda: split_text(SplitReport("out", 8, {"train": 8}, {"train": 2}, 2, 2, 3)),
    "tuning": lambda: tuning_text(TUNING),
    "run": lambda: info_table(RUN),
    "bundle": lambda: info_table(BUNDLE),
    "records": lambda: verification_text(Verification(Path("records"), 3, 140, ())),
    "search": lambda: search_table(searched_result()),
    "search page": lambda: search_html(searched_result()),
    "list of articles": lambda: list_table([Article("264", "盗窃罪", "分则", "第五章")]),
    "article": lambda: entries_text([ENTRY, replace(ENTRY, version=OLD.effective, text="新。")]),
    "import": lambda: import_text(ImportReport(Path("a.json"), 3, ("2",), (), (), 4)),
    "changes": lambda: changes_text(StatuteChanges(OLD, NEW, CHANGES, {}), with_diff=True),
    "evaluation in training": lambda: training_line(TrainingEvaluation(1, 2, 0.5, VALUES, True)),
    "dry run": lambda: dry_run_text(DRY_RUN),
    "vectors": lambda: embedding_text(Path("a.txt"), np.zeros((3, 8)), facts=9, skipped=1),
}
# Two words in a row, as in "the worst" or "Several articles", but no commands or names of files
ENGLISH = re.compile(r"(?<![-\w./])(?!lawrec )[A-Za-z]?[a-z]{2,} [a-z]{2,}(?![-\w./])")


def texts(page):
    """What people read of a page, or all of a text."""
    page = re.sub(r"`lawrec .*?`", "", page)
    page = re.sub(r"<(style|script)>.*?</\1>|<!--.*?-->", "", page, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]*>", "\n", page))


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_made_for_people_is_in_chinese(name):
    english = SHOWN[name]()
    with messages_in("zh"):
        chinese = SHOWN[name]()
    assert re.search("[一-鿿]{2}", chinese)
    assert ENGLISH.findall(texts(chinese)) == []
    if "<html" in english:
        assert '<html lang="zh">' in chinese
        assert re.findall("<[a-z1-6]+", chinese) == re.findall("<[a-z1-6]+", english)
