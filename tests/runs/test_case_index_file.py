import shutil

import numpy as np
import pytest

from lawrec.diagnostics.run_info import inspect_run
from lawrec.errors import RunError
from lawrec.export.bundle import export_bundle
from lawrec.inference.recommender import Recommender
from lawrec.ranking.case_index import CaseIndex
from lawrec.runs.case_index_file import load_case_index, save_case_index
from lawrec.runs.find_checkpoint import best_checkpoint
from lawrec.runs.run import find_run
from tests.helpers.damages import flip, rewrite
from tests.helpers.progress import messages_to

pytestmark = pytest.mark.tensorflow
FACT = "被告人张某秘密窃取钱包。"


@pytest.fixture
def own_run(trained, tmp_path):
    shutil.copytree(trained.checkpoints, tmp_path / "checkpoints")
    return find_run(tmp_path / "checkpoints", None)


def small(run, **changes):
    """Return an index of two cases."""
    parts = {
        "case_ids": ("案一", "2"),
        "labels": ((0, 1), (2,)),
        "weights": np.ones(len(run.tokens), np.float32),
        "terms": np.array([[2, 3], [4, 0]], np.uint16),
        "values": np.array([[180, 180], [255, 0]], np.uint8),
    }
    return CaseIndex(**parts | changes)


def test_training_writes_an_index_of_the_train_cases(own_run):
    index = load_case_index(own_run)
    assert len(index.case_ids) == 80
    first = index.similar(Recommender.load(own_run.folder).encoder(FACT), own_run.articles.names)[0]
    assert "264" in first.articles


def test_an_index_that_is_saved_is_loaded_as_it_was(own_run):
    expected = small(own_run)
    save_case_index(own_run, expected)
    index = load_case_index(own_run)
    assert (index.case_ids, index.labels) == (expected.case_ids, expected.labels)
    for name in ("weights", "terms", "values"):
        np.testing.assert_array_equal(getattr(index, name), getattr(expected, name))


def test_an_index_without_a_case_is_one(own_run):
    none = np.zeros((0, 2), np.uint8)
    save_case_index(own_run, small(own_run, case_ids=(), labels=(), terms=none, values=none))
    assert load_case_index(own_run).similar([2], own_run.articles.names) == ()


def test_a_run_may_have_no_index(own_run):
    shutil.rmtree(own_run.folder / "similar")
    assert load_case_index(own_run) is None
    assert Recommender.load(own_run.folder).explain(FACT).similar_cases is None


def test_a_missing_index_is_noted_where_it_is_needed(own_run):
    shutil.rmtree(own_run.folder / "similar")
    notes = []
    recommender = Recommender.load(own_run.folder, progress=messages_to(notes))
    assert not notes
    for _ in range(2):
        recommender.explain(FACT)
    inspect_run(own_run, messages_to(notes))
    assert notes[0].startswith(f"{own_run.folder}: the index of train cases is missing")
    assert notes == notes[:1] * 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"labels": ((0,),)}, "different length"),
        ({"labels": ((0, 1), (3,))}, "articles or tokens that the run does not know"),
        ({"terms": np.array([[2, 3], [60_000, 0]], np.uint16)}, "articles or tokens"),
        ({"weights": np.ones(2, np.float32)}, "different shape"),
        ({"values": np.ones((2, 3), np.uint8)}, "different shape"),
    ],
)
def test_an_index_whose_parts_do_not_belong_together_is_refused(own_run, changes, reason):
    save_case_index(own_run, small(own_run, **changes))
    with pytest.raises(RunError, match=reason):
        load_case_index(own_run)


def test_a_damaged_index_is_refused_when_it_is_needed(own_run):
    recommender = Recommender.load(own_run.folder)
    flip(own_run.folder / "similar/index.npz")
    assert recommender(FACT)[0].decision.recommendations
    with pytest.raises(RunError, match=r"index of train cases, got index\.npz: other bytes"):
        recommender.explain(FACT)
    rewrite(own_run.folder / "similar/manifest.json", run="12")
    with pytest.raises(RunError, match="that of another run"):
        load_case_index(own_run)


def test_a_bundle_keeps_the_index(own_run, tmp_path):
    path = tmp_path / "mine.lawrec"
    export_bundle(own_run, path, checkpoint=best_checkpoint(own_run))
    similar = [
        Recommender.load(model).explain(FACT).similar_cases for model in (own_run.folder, path)
    ]
    assert similar[0] == similar[1] != ()
