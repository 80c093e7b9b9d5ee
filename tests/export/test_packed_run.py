"""Packed runs: they predict as the run does, wherever they are."""

import json
import subprocess
import sys

import pytest

from lawrec.export.packed_run import export_run
from lawrec.inference.recommender import Recommender
from lawrec.inference.tune import tune_run
from lawrec.runs.find_checkpoint import best_checkpoint
from lawrec.training.loop import train

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


@pytest.fixture(scope="module", params=[(), LINEAR], ids=["lstm", "linear"])
def packed(request, start_run, tmp_path_factory):
    run, records = start_run(*request.param)
    list(train(run, records))
    tune_run(run)
    folder = tmp_path_factory.mktemp("packed") / "mine"
    size = export_run(run, folder, checkpoint=best_checkpoint(run))
    assert size == sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return run, folder


def test_a_packed_run_answers_as_the_run_does(packed):
    run, folder = packed
    own, again = (
        [answer.decision for answer in Recommender.load(path)(FACTS, top_k=3)]
        for path in (run.folder, folder)
    )
    assert own == again


def test_no_path_of_the_machine_is_in_a_packed_run(packed):
    run, folder = packed
    for path in folder.rglob("*.json"):
        assert str(run.folder.parents[1]) not in path.read_text("utf-8")
        assert "sha256" in json.loads(path.read_text("utf-8")) or path.name == "run.json"


def test_a_folder_that_exists_is_not_overwritten(packed):
    run, folder = packed
    with pytest.raises(FileExistsError):
        export_run(run, folder, checkpoint=best_checkpoint(run))


def test_scores_without_an_lstm_need_no_tensorflow(packed):
    run, folder = packed
    command = [sys.executable, "-c", PREDICT, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    needs_lstm = run.config.ranking.lstm_share > 0
    assert done.stdout.split() == ["264", str(needs_lstm)]
