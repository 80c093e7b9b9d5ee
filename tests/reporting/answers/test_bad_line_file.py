import json

import pytest

from lawrec.reporting.answers.bad_line_file import without_bad_lines
from tests.helpers.answers import ANSWER, REFUSED


def test_errors_become_lines_of_the_file_and_the_other_answers_stay(tmp_path):
    path = tmp_path / "bad.jsonl"
    with without_bad_lines([REFUSED, ANSWER, REFUSED, ANSWER], path) as answers:
        assert list(answers) == [ANSWER, ANSWER]
    assert [json.loads(line) for line in path.read_text("utf-8").splitlines()] == [
        {
            "case_id": "2",
            "where": "stdin:2",
            "error": "stdin:2: a fact must hold text, got an empty line. Give one fact a line.",
        }
    ] * 2


def test_without_a_file_nothing_changes():
    with without_bad_lines([REFUSED, ANSWER], None) as answers:
        assert list(answers) == [REFUSED, ANSWER]


def test_of_an_interrupted_run_no_file_is_left(tmp_path):
    path = tmp_path / "bad.jsonl"
    with pytest.raises(KeyboardInterrupt), without_bad_lines([REFUSED, ANSWER], path) as answers:
        next(iter(answers))
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
