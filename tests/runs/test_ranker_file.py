import shutil

import numpy as np
import pytest

from lawrec.errors import RunError
from lawrec.runs.find_checkpoint import best_checkpoint
from lawrec.runs.ranker_file import load_ranker, save_ranker, scoring_digest
from lawrec.runs.run import find_run
from lawrec.storage.array_files import read_arrays
from lawrec.storage.seal import file_digests
from tests.helpers.damages import rewrite

pytestmark = pytest.mark.tensorflow
CASES = [[2, 3, 4, 5], [6, 7], [1]]
LOGITS = np.zeros((3, 3), np.float32)


@pytest.fixture
def own_run(ranked, tmp_path):
    shutil.copytree(ranked.checkpoints, tmp_path / "checkpoints")
    return find_run(tmp_path / "checkpoints", None)


def test_a_ranker_that_is_saved_and_loaded_scores_as_before(own_run):
    ranker = load_ranker(own_run)
    save_ranker(own_run, ranker)
    again = load_ranker(own_run)
    np.testing.assert_array_equal(again.scores(CASES, LOGITS), ranker.scores(CASES, LOGITS))
    assert again.importances == ranker.importances


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"run": "12"}, "that of another run"),
        ({"features": []}, "the features of another version of lawrec"),
        ({"features": ["words: margin"]}, "the features of another version of lawrec"),
        ({"models": ["words", "none"]}, "'none/idf"),
        ({"files": {"../run.json": "12"}}, "is not the name of a file in the folder"),
    ],
)
def test_a_manifest_of_something_else_is_refused(own_run, changes, reason):
    rewrite(own_run.folder / "ranker/manifest.json", **changes)
    with pytest.raises(RunError, match=reason):
        load_ranker(own_run)


def test_the_digest_of_what_scores_knows_the_ranker(own_run):
    checkpoint, manifest = best_checkpoint(own_run), own_run.folder / "ranker/manifest.json"
    before = scoring_digest(own_run, checkpoint)
    rewrite(manifest, models=["extra"])
    assert scoring_digest(own_run, checkpoint) != before
    manifest.unlink()
    with pytest.raises(RunError, match="must hold the run's linear SVMs and second stage, got n"):
        scoring_digest(own_run, checkpoint)


TITLE = "second stage/statistics/title"


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("words/kernel", lambda array: array[:-1], "arrays of the wrong shape"),
        ("words/idf", lambda array: array[:, None], "arrays of the wrong shape"),
        (
            "second stage/statistics/co_cited",
            lambda array: array[:, :1],
            "arrays of the wrong shape",
        ),
        (f"{TITLE}/starts", lambda array: array[:-1], "arrays of the wrong shape"),
        (f"{TITLE}/starts", lambda array: array[::-1], "values without a token"),
        (f"{TITLE}/values", lambda array: array[:-1], "arrays of the wrong shape"),
        (f"{TITLE}/articles", lambda array: array - 1, "values of other articles"),
        ("second stage/trees/left", lambda array: array.ravel(), "trees of the wrong shape"),
        ("second stage/trees/left", np.zeros_like, "trees with other nodes than their own"),
        ("second stage/trees/right", lambda array: array + 99, "trees with other nodes"),
        ("second stage/trees/feature", lambda array: array - 9, "trees with other features"),
        ("second stage/trees/gain", lambda array: array[:-1], "trees with other nodes"),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(own_run, name, change, reason):
    folder = own_run.folder / "ranker"
    arrays = read_arrays(folder / "weights.npz")
    arrays[name] = change(arrays[name])
    np.savez(folder / "weights.npz", **arrays)
    rewrite(folder / "manifest.json", files=file_digests(folder, ["weights.npz"]))
    with pytest.raises(RunError, match=reason):
        load_ranker(own_run)
