"""Bundles answer as the runs do that they were made from, wherever they are."""

import re
import shutil
import subprocess
import sys

import pytest

from lawrec.errors import RunError
from lawrec.export.bundle import export_bundle
from lawrec.inference.recommender import Recommender
from lawrec.inference.tune import tune_run
from lawrec.runs.bundle import open_bundle
from lawrec.runs.find_checkpoint import best_checkpoint
from lawrec.runs.run import find_run, open_run
from lawrec.training.loop import train
from tests.helpers.bundles import read_parts

pytestmark = pytest.mark.tensorflow

FACTS = ["被告人张某秘密窃取钱包。", "被告人李某醉酒驾驶轿车，后被抓获。", "无关的文字"]
LINEAR = (
    *("ranking.lstm_share=0.0", "ranking.second_stage=true", "ranking.lstm_feature=false"),
    *("ranking.tree_min_rows=4", "ranking.trees=20", "training.max_steps=1"),
)
PREDICT = """
import sys
from lawrec import Recommender
[answer] = Recommender.load(sys.argv[1])("被告人张某秘密窃取钱包。")
print(answer.decision.recommendations[0].article, "tensorflow" in sys.modules)
"""


@pytest.fixture(scope="module")
def packed(start_run, tmp_path_factory):
    run, records = start_run(*LINEAR)
    list(train(run, records))
    tune_run(run)
    path = tmp_path_factory.mktemp("packed") / "mine.lawrec"
    size = export_bundle(run, path, checkpoint=best_checkpoint(run))
    assert size == path.stat().st_size
    return run, path


def test_a_bundle_answers_as_its_run_does(packed):
    run, path = packed
    own, again = (
        [answer.decision for answer in Recommender.load(model)(FACTS, top_k=3)]
        for model in (run.folder, path)
    )
    assert own == again
    features = [Recommender.load(model)(FACTS[0], features=3) for model in (run.folder, path)]
    assert features[0] == features[1]


def test_it_holds_the_run_without_its_checkpoint_and_its_paths(packed):
    run, path = packed
    parts = read_parts(path)
    assert set(parts) == {
        *("articles.txt", "charges.txt", "dictionary.txt", "tokens.txt", "titles.json"),
        *("run.json", "manifest.json", "thresholds.json", "best/checkpoints.json"),
        *("ranker/manifest.json", "ranker/weights.npz"),
    }
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


def test_scores_without_an_lstm_need_no_tensorflow(packed):
    command = [sys.executable, "-c", PREDICT, packed[1]]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["264", "False"]


def test_an_existing_file_is_kept_if_the_run_cannot_be_packed(packed, tmp_path):
    run = open_run(shutil.copytree(packed[0].folder, tmp_path / "runs/untuned"))
    (run.folder / "thresholds.json").unlink()
    (tmp_path / "old.lawrec").write_text("old", "utf-8")
    with pytest.raises(RunError, match=re.escape("Run `lawrec tune-thresholds` first.")):
        export_bundle(run, tmp_path / "old.lawrec", checkpoint=best_checkpoint(run))
    assert (tmp_path / "old.lawrec").read_text("utf-8") == "old"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_run_whose_scores_need_an_lstm_is_refused(trained, tmp_path):
    run = find_run(trained.checkpoints, None)
    with pytest.raises(RunError, match="the scores must not need the LSTM"):
        export_bundle(run, tmp_path / "new.lawrec", checkpoint=best_checkpoint(run))
    assert not list(tmp_path.iterdir())
