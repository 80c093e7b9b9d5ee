"""The files of answers and truth for the judge of CAIL2018."""

import json

import numpy as np
import pytest

from lawrec.evaluation.cail_judge import judge
from lawrec.evaluation.metrics import cail_score
from lawrec.export.cail_answers import write_answers
from lawrec.runs.results import ScoredCases

LABELS = ("266", "133", "264", "120之一")


def scored_cases(y_true, articles, known=None):
    y_true = np.array(y_true, np.bool_)
    return ScoredCases(
        articles=articles,
        y_true=y_true,
        y_score=np.zeros(y_true.shape, np.float32),
        known=np.ones(y_true.shape, np.bool_) if known is None else np.array(known, np.bool_),
        skipped=0,
        positions=np.arange(len(y_true)),
        drawn_from=len(y_true),
    )


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


ARTICLES = ("264", "133之一", "133之二", "67", "120")
TRUE = [[1, 0, 0, 1, 0], [0, 1, 1, 0, 0], [0, 0, 0, 0, 0]]
PRED = [[1, 0, 0, 1, 0], [1, 0, 1, 0, 0], [0, 0, 0, 0, 0]]


def write(path, **changes):
    scored = scored_cases(TRUE, ARTICLES, **changes)
    return write_answers(scored, np.array(PRED, np.bool_), path=path, labels=LABELS)


def test_answers_and_truth_are_written_and_judged(tmp_path):
    report = write(tmp_path / "answers.json")
    assert lines(tmp_path / "answers.json") == [
        {"accusation": [], "articles": ids, "imprisonment": 0} for ids in ([3], [2, 3], [])
    ]
    cited = [line["meta"]["relevant_articles"] for line in lines(tmp_path / "answers.truth.json")]
    assert cited == [[264], [133], []]
    result = judge([[3], [2], []], [[3], [2, 3], []], n_labels=4)
    assert (report.score, report.micro_f1) == (result.score, result.micro_f1)
    assert report.score == pytest.approx((4 / 5 + (1 + 1 + 2 / 3 + 1) / 4) / 2)
    assert report.lines == 4


def test_the_report_names_the_files_and_the_articles_that_were_left_out(tmp_path):
    report = write(tmp_path / "answers.jsonl")
    assert report.answers == f"{tmp_path}/answers.jsonl"
    assert report.truth == f"{tmp_path}/answers.truth.jsonl"
    assert report.unmapped_articles == ("67",)
    assert (report.cited_left_out, report.recommended_left_out) == (1, 1)


def test_unknown_entries_are_in_neither_file(tmp_path):
    known = np.ones((3, 5), np.bool_)
    known[1, 0] = known[0, 3] = False
    report = write(tmp_path / "answers", known=known)
    assert [line["articles"] for line in lines(tmp_path / "answers")] == [[3], [2], []]
    assert (report.score, report.unmapped_articles) == (1, ())


def test_if_the_list_has_every_article_the_judge_agrees_with_the_metric(tmp_path):
    numbers = np.random.default_rng(5)
    y_true, y_pred = numbers.random((2, 40, 4)) < 0.3
    scored = scored_cases(y_true, LABELS[::-1])
    report = write_answers(scored, y_pred, path=tmp_path / "answers.json", labels=LABELS)
    assert report.score == pytest.approx(cail_score(y_true, y_pred), abs=1e-12)
