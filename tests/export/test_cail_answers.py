"""Articles as ids of CAIL2018, and the files of answers and truth."""

import json

import numpy as np
import pytest

from lawrec.evaluation.cail_judge import judge

pytestmark = pytest.mark.tensorflow  # the modules import it

LABELS = ("266", "133", "264", "120之一")


def scored_cases(y_true, articles, known=None):
    from lawrec.runs.results import ScoredCases

    y_true = np.array(y_true, np.bool_)
    return ScoredCases(
        case_ids=tuple(map(str, range(len(y_true)))),
        articles=articles,
        y_true=y_true,
        y_score=np.zeros(y_true.shape, np.float32),
        known=np.ones(y_true.shape, np.bool_) if known is None else np.array(known, np.bool_),
        skipped=0,
    )


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


ARTICLES = ("264", "133之一", "133之二", "67", "120")
TRUE = [[1, 0, 0, 1, 0], [0, 1, 1, 0, 0], [0, 0, 0, 0, 0]]
PRED = [[1, 0, 0, 1, 0], [1, 0, 1, 0, 0], [0, 0, 0, 0, 0]]


def written(path, **changes):
    from lawrec.export.cail_answers import CailFile, write_answers

    scored = scored_cases(TRUE, ARTICLES, **changes)
    return write_answers(CailFile(path, LABELS), scored, y_pred=np.array(PRED, np.bool_))


def test_answers_and_truth_are_written_and_judged(tmp_path):
    verdict = written(tmp_path / "answers.json")
    assert lines(tmp_path / "answers.json") == [
        {"accusation": [], "articles": ids, "imprisonment": 0} for ids in ([3], [2, 3], [])
    ]
    cited = [line["meta"]["relevant_articles"] for line in lines(tmp_path / "answers.truth.json")]
    assert cited == [[264], [133], []]
    again = judge([[3], [2], []], [[3], [2, 3], []], labels=4)
    assert (verdict.score, verdict.micro_f1) == (again.score, again.micro_f1)
    assert verdict.score == pytest.approx((4 / 5 + (1 + 1 + 2 / 3 + 1) / 4) / 2)
    assert (verdict.unmapped_articles, verdict.cited_left_out, verdict.recommended_left_out) == (
        ("67",),
        1,
        1,
    )


def test_the_verdict_says_what_was_left_out(tmp_path):
    assert written(tmp_path / "answers.jsonl").text() == (
        "CAIL2018's judge, 4 lines: score 0.8583, micro-F1 0.8000, macro-F1 0.9167\n"
        f"Answers: {tmp_path}/answers.jsonl, truth: {tmp_path}/answers.truth.jsonl\n"
        "Left out, since the list lacks 67: 1 cited, 1 recommended"
    )


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, "0"), (8, "0, 1, 2, 3, 4, 5, 6, 7"), (10, "0, 1, 2, 3, 4, 5, 6, 7 and 2 more")],
)
def test_of_many_articles_a_few_are_named(count, expected):
    from lawrec.evaluation.cail_judge import some

    assert some([str(number) for number in range(count)]) == expected


def test_what_nobody_knows_is_in_neither_file(tmp_path):
    known = np.ones((3, 5), np.bool_)
    known[1, 0] = known[0, 3] = False
    verdict = written(tmp_path / "answers", known=known)
    assert [line["articles"] for line in lines(tmp_path / "answers")] == [[3], [2], []]
    assert (verdict.score, verdict.unmapped_articles) == (1, ())
    assert "Left out" not in verdict.text()


def test_where_the_list_has_every_article_the_judge_gives_the_metric(tmp_path):
    from lawrec.evaluation.metrics import cail_score
    from lawrec.export.cail_answers import CailFile, write_answers

    numbers = np.random.default_rng(5)
    y_true, y_pred = numbers.random((2, 40, 4)) < 0.3
    scored = scored_cases(y_true, LABELS[::-1])
    verdict = write_answers(CailFile(tmp_path / "answers.json", LABELS), scored, y_pred=y_pred)
    assert verdict.score == pytest.approx(cail_score(y_true, y_pred), abs=1e-12)
