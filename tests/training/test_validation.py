import numpy as np
import pytest

from lawrec.runs import labelled_cases
from lawrec.training.loop import train
from lawrec.training.setup import TrainingSetup
from lawrec.training.validation import note_on_sample, score_records, scored_cases
from tests.helpers.progress import messages_to


def test_of_too_many_cases_a_sample_is_scored_in_their_order(start_run, monkeypatch):
    _, records = start_run()
    n_cases, n_articles = records.split("train").cases, len(records.articles)

    def scorer(cases):
        return np.array([[sum(case)] * n_articles for case in cases], np.float32)

    whole = score_records(scorer, records, split="train")
    assert [len(array) for array in whole] == [n_cases] * 3
    monkeypatch.setattr(labelled_cases, "MAX_SCORED_CASES", 5)
    rows = np.flatnonzero(scored_cases(n_cases, n_articles))
    assert len(rows) == 5
    sample = score_records(scorer, records, split="train")
    for array, of_sample in zip(whole, sample, strict=True):
        np.testing.assert_array_equal(of_sample, array[rows])


@pytest.mark.parametrize(
    ("n_cases", "max_cases", "max_scores", "n_scored"),
    [(10, 10, 40, 10), (11, 10, 44, 10), (10, 10, 39, 9), (10, 4, 12, 3), (0, 4, 12, 0)],
)
def test_the_sample_is_bounded_by_cases_and_by_scores(
    monkeypatch, n_cases, max_cases, max_scores, n_scored
):
    monkeypatch.setattr(labelled_cases, "MAX_SCORED_CASES", max_cases)
    monkeypatch.setattr(labelled_cases, "MAX_SCORES", max_scores)
    is_scored = scored_cases(n_cases, n_articles=4)
    assert is_scored.shape == (n_cases,)
    assert is_scored.sum() == n_scored
    np.testing.assert_array_equal(is_scored, scored_cases(n_cases, n_articles=4))


def test_a_training_says_once_that_it_is_evaluated_on_a_sample(start_run, monkeypatch):
    run, records = start_run("training.epochs=2")
    assert note_on_sample(records, "valid") == note_on_sample(records, "absent") == ""
    n_cases = records.split("valid").cases
    monkeypatch.setattr(labelled_cases, "MAX_SCORED_CASES", n_cases - 1)
    messages = []
    assert len(list(train(TrainingSetup(run, records, progress=messages_to(messages))))) == 2
    note = f"valid: {n_cases - 1} of {n_cases} cases are scored, drawn at random."
    assert messages.count(note) == 1
