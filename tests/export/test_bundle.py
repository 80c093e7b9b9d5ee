"""Bundles answer as the runs do that they were made from, wherever they are."""

import re
import shutil

import pytest

from lawrec.errors import RunError
from lawrec.export.bundle import export_bundle
from lawrec.inference.recommender import Recommender
from lawrec.inference.tune import tune_run
from lawrec.runs.bundle import open_bundle
from lawrec.runs.find_checkpoint import best_checkpoint
from lawrec.runs.run import find_run, open_run
from lawrec.training.loop import train
from lawrec.training.setup import TrainingSetup
from tests.helpers.bundles import read_parts

pytestmark = pytest.mark.tensorflow

FACTS = ["被告人张某秘密窃取钱包。", "被告人李某醉酒驾驶轿车，后被抓获。", "无关的文字"]
LINEAR = (
    *("ranking.lstm_share=0.0", "ranking.second_stage=true", "ranking.lstm_feature=false"),
    *("ranking.tree_min_rows=4", "ranking.trees=20", "training.max_steps=1"),
)
PARTS = {
    *("articles.txt", "charges.txt", "dictionary.txt", "tokens.txt", "titles.json"),
    *("run.json", "manifest.json", "thresholds.json", "best/checkpoints.json"),
    *("trained/digests.npz", "trained/manifest.json"),
}
RANKER_PARTS = {"ranker/manifest.json", "ranker/weights.npz"}
NETWORK_PARTS = {"onnx/manifest.json", "onnx/model.onnx"}


@pytest.fixture(scope="module", params=["trained", "ranked", "linear"])
def packed(request, start_run, tmp_path_factory):
    """A run and its bundle: of the LSTM alone, of both, and of the second stage alone."""
    if request.param == "linear":
        run, records = start_run(*LINEAR)
        list(train(TrainingSetup(run, records)))
        tune_run(run)
    else:
        run = find_run(request.getfixturevalue(request.param).checkpoints, None)
    path = tmp_path_factory.mktemp("packed") / "mine.lawrec"
    size = export_bundle(run, path, checkpoint=best_checkpoint(run))
    assert size == path.stat().st_size
    return run, path


def answers(model, **options):
    return Recommender.load(model, **options)(FACTS, top_k=3)


def test_a_bundle_answers_as_its_run_does(packed):
    run, path = packed
    decisions, again = (
        [answer.decision for answer in answers(model)] for model in (run.folder, path)
    )
    assert decisions == again


def test_the_features_are_those_of_the_run_as_well(packed):
    run, path = packed
    if run.config.ranking.second_stage:
        first, second = (Recommender.load(model)(FACTS, features=3) for model in (run.folder, path))
        assert first == second


def test_its_scores_are_those_of_tensorflow(packed):
    run, path = packed
    if run.config.ranking.lstm_share == 0:
        return
    expected = answers(run.folder, engine="tensorflow")
    for answer, other in zip(answers(path), expected, strict=True):
        scores, other_scores = (
            {entry.article: entry.score for entry in each.decision.recommendations}
            for each in (answer, other)
        )
        assert scores == pytest.approx(other_scores, abs=1e-5)
    with pytest.raises(RunError, match="TensorFlow needs the checkpoint of a run") as caught:
        answers(path, engine="tensorflow")
    assert caught.value.where == str(path)


def test_it_holds_the_run_without_its_checkpoint_and_its_paths(packed):
    run, path = packed
    ranking, parts = run.config.ranking, read_parts(path)
    assert set(parts) - {"similar/index.npz", "similar/manifest.json"} == PARTS | (
        RANKER_PARTS if ranking.second_stage else set()
    ) | (NETWORK_PARTS if ranking.lstm_share else set())
    for content in parts.values():
        assert str(run.folder.parents[1]).encode() not in content
    with open_bundle(path) as opened:
        assert (opened.folder.name, opened.bundle) == ("mine", path)
        assert opened.articles == run.articles


def test_the_same_run_gives_the_same_bytes_wherever_it_is(packed, tmp_path):
    run, path = packed
    moved = open_run(shutil.copytree(run.folder, tmp_path / "moved"))
    export_bundle(moved, tmp_path / "moved.lawrec", checkpoint=best_checkpoint(moved))
    assert (tmp_path / "moved.lawrec").read_bytes() == path.read_bytes()


def test_an_existing_file_is_kept_if_the_run_cannot_be_packed(packed, tmp_path):
    run = open_run(shutil.copytree(packed[0].folder, tmp_path / "runs/untuned"))
    (run.folder / "thresholds.json").unlink()
    (tmp_path / "old.lawrec").write_text("old", "utf-8")
    with pytest.raises(RunError, match=re.escape("Run `lawrec tune-thresholds` first.")):
        export_bundle(run, tmp_path / "old.lawrec", checkpoint=best_checkpoint(run))
    assert (tmp_path / "old.lawrec").read_text("utf-8") == "old"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_network_that_is_not_exported_is_asked_for(trained, tmp_path):
    run = find_run(shutil.copytree(trained.checkpoints, tmp_path / "runs"), None)
    shutil.rmtree(run.folder / "onnx")
    with pytest.raises(RunError, match="Export it with `lawrec export onnx`"):
        export_bundle(run, tmp_path / "new.lawrec", checkpoint=best_checkpoint(run))
    assert not (tmp_path / "new.lawrec").exists()
