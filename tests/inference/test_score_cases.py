import json
import shutil

import numpy as np
import pytest

from lawrec.errors import CaseError
from lawrec.inference.score_cases import join_cases, score_labelled_cases
from lawrec.runs.labelled_cases import labelled_cases
from lawrec.runs.results import ScoredCases
from lawrec.runs.run import find_run
from tests.helpers.damages import flip, swap
from tests.helpers.progress import Reports, messages_to

pytestmark = pytest.mark.tensorflow


def scored(names, y_true, y_score, known, **others):
    others = {"skipped": 1, **others}
    others = {"positions": np.arange(len(y_true)), "drawn_from": len(y_true), **others}
    return ScoredCases(
        articles=names,
        y_true=np.array(y_true, np.bool_),
        y_score=np.array(y_score, np.float32),
        known=np.array(known, np.bool_),
        **others,
    )


def test_cases_of_two_files_are_joined_over_the_articles_of_both():
    first = scored(("264", "266", "999"), [[1, 0, 1]], [[0.5, 0.25, 0]], [[1, 0, 1]], drawn_from=3)
    second = scored(
        ("264", "266", "300", "999"),
        [[0, 1, 1, 0]] * 2,
        [[0.75, 1, 0, 0]] * 2,
        [[0] * 4] * 2,
        positions=np.array([1, 6]),
        drawn_from=7,
        superseded=5,
    )
    joined = join_cases(first, second)
    assert joined.articles == ("264", "266", "999", "300")
    assert len(joined) == 3
    assert joined.y_true.tolist() == [[1, 0, 1, 0], [0, 1, 0, 1], [0, 1, 0, 1]]
    assert joined.y_score.tolist() == [[0.5, 0.25, 0, 0], [0.75, 1, 0, 0], [0.75, 1, 0, 0]]
    assert joined.known.tolist() == [[1, 0, 1, 1], [0] * 4, [0] * 4]
    assert (joined.skipped, joined.superseded) == (2, 5)
    assert (joined.positions.tolist(), joined.drawn_from) == ([0, 4, 9], 10)
    behind_all = join_cases(second, first).positions  # 7 that count and 5 that do not
    assert behind_all.tolist() == [1, 6, 12]


def test_stored_scores_say_which_labels_are_known(trained, tmp_path):
    run = find_run(trained.checkpoints, None)
    path = tmp_path / "cases.json"
    cases = [
        {"fact": "盗窃钱包", "articles": ["264"], "unknown_articles": ["266", "300"]},
        {"fact": "骗取信任", "articles": ["452"], "unknown_articles": ["264"]},
        {"fact": "醉酒驾驶", "articles": ["133之一"], "unknown_articles": ["452"]},
    ]
    path.write_text("\n".join(map(json.dumps, cases)), encoding="utf-8")
    for _ in range(2):
        scored = score_labelled_cases(run, labelled_cases([run], path))
        assert scored.articles == ("133之一", "264", "266", "452")
        masked = [
            [scored.articles[column] for column in np.flatnonzero(~row)] for row in scored.known
        ]
        assert masked == [["266"], ["264"], ["452"]]


def test_stored_scores_say_how_many_judgments_later_ones_replace(trained, tmp_path):
    run = find_run(trained.checkpoints, None)
    path = tmp_path / "feedback.jsonl"
    judged = [("盗窃钱包", ["266"]), ("醉酒驾驶", ["133之一"]), ("盗窃钱包", ["264"])]
    lines = [json.dumps({"fact": fact, "articles": articles}) for fact, articles in judged]
    path.write_text("\n".join(lines), encoding="utf-8")
    for _ in range(2):
        notes = []
        cases = labelled_cases([run], path, last_of_fact=True)
        scored = score_labelled_cases(run, cases, progress=messages_to(notes))
        listed = [
            [scored.articles[column] for column in np.flatnonzero(row)] for row in scored.y_true
        ]
        assert listed == [["133之一"], ["264"]]
        assert notes == [f"{path}: judgments that later ones on the same facts replace: 1."]
    assert len(score_labelled_cases(run, labelled_cases([run], path))) == 3


@pytest.fixture
def own_run(trained, tmp_path):
    """Copy the trained run, for a test that damages it, with the scores of valid and test."""
    folder = find_run(trained.checkpoints, None).folder
    run = find_run(tmp_path, str(shutil.copytree(folder, tmp_path / "run")))
    shutil.rmtree(run.folder / "scores")
    return run


def scores_of(run, split, notes=None):
    progress = messages_to([] if notes is None else notes)
    return score_labelled_cases(
        run, labelled_cases([run], run.splits[split].path), progress=progress
    )


def same(first, second):
    pairs = zip(vars(first).values(), vars(second).values(), strict=True)
    return all(np.array_equal(*pair) for pair in pairs)


def test_stored_scores_are_those_that_were_computed(own_run):
    computed = scores_of(own_run, "valid")
    [stored] = (own_run.folder / "scores").iterdir()
    before = stored.stat().st_mtime_ns
    assert same(scores_of(own_run, "valid"), computed)
    assert stored.stat().st_mtime_ns == before


def test_of_many_cases_the_same_ones_are_drawn_for_each_run(own_run, monkeypatch):
    whole = scores_of(own_run, "valid")
    assert whole.drawn_from == len(whole)
    monkeypatch.setattr("lawrec.runs.labelled_cases.MAX_SCORED_CASES", 5)
    notes = []
    for _ in range(2):  # computed, then stored
        drawn = scores_of(own_run, "valid", notes)
        assert drawn.drawn_from == len(whole)
        assert len(drawn) == len(set(drawn.positions.tolist())) == 5
        for name in ("y_true", "y_score", "known"):
            rows = getattr(whole, name)[drawn.positions, : len(drawn.articles)]
            np.testing.assert_allclose(getattr(drawn, name), rows, rtol=0, atol=1e-6)
        used = f"valid.json: 5 of {whole.drawn_from} cases are used, drawn at random."
        assert notes.pop().endswith(used)
    monkeypatch.setattr("lawrec.runs.labelled_cases.MAX_SCORES", 2 * len(own_run.articles))
    assert len(scores_of(own_run, "valid")) == 2


def test_cases_that_the_run_was_trained_on_are_counted(own_run, tmp_path):
    train, valid = (own_run.splits[split].path.read_text("utf-8") for split in ("train", "valid"))
    path = tmp_path / "shuffled.json"
    path.write_text("".join([*train.splitlines(True)[:3][::-1], valid]), "utf-8")
    notes, cases = [], labelled_cases([own_run], path)
    for _ in range(2):  # computed, then stored
        scored = score_labelled_cases(own_run, cases, progress=messages_to(notes))
        assert scored.trained == 3
        n_cases = len(scored)
        assert f"the run was trained on at least 3 of these {n_cases} cases;" in notes.pop()
    assert scores_of(own_run, "valid", notes).trained == 0
    assert join_cases(scored, scored).trained == 6


DAMAGES = {
    "half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "empty": lambda path: path.write_bytes(b""),
    "a flipped bit": lambda path: flip(path, 0.25),  # among the scores
    "no zip file": lambda path: path.write_bytes(b"text"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_scores_are_computed_again_with_a_message(own_run, damage):
    computed = scores_of(own_run, "valid")
    [stored] = (own_run.folder / "scores").iterdir()
    DAMAGES[damage](stored)
    notes = []
    assert same(scores_of(own_run, "valid", notes), computed)
    assert notes[0].startswith(f"{stored} is damaged (")
    notes.clear()
    assert same(scores_of(own_run, "valid", notes), computed)
    assert notes == []


def test_swapped_scores_of_two_splits_are_computed_again(own_run):
    computed = {split: scores_of(own_run, split) for split in ("valid", "test")}
    swap(*(own_run.folder / "scores").iterdir())
    for split, expected in computed.items():
        notes = []
        assert same(scores_of(own_run, split, notes), expected)
        assert "(other scores than its name says)" in notes[0]


def test_scores_that_cannot_be_stored_are_returned_with_a_message(own_run):
    (own_run.folder / "scores").touch()
    notes = []
    assert len(scores_of(own_run, "valid", notes)) == 30
    assert "the scores are not kept there (" in notes[0]


@pytest.mark.parametrize("stage", ["count the cases of new.json", "score new.json"])
def test_scores_of_cases_that_change_meanwhile_are_not_kept(own_run, tmp_path, stage):
    path = tmp_path / "new.json"
    path.write_bytes(own_run.splits["valid"].path.read_bytes())

    def change(now, *_):
        if now == stage:
            path.write_bytes(path.read_bytes().partition(b"\n")[2])

    cases = labelled_cases([own_run], path)
    with pytest.raises(CaseError, match=r"new\.json: the cases must not change while they are"):
        score_labelled_cases(own_run, cases, progress=Reports(change))
    assert not (own_run.folder / "scores").exists()
