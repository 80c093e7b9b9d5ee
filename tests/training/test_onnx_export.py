import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from lawrec.corpus.cases import read_cases
from lawrec.errors import RunError
from lawrec.models.onnx_graph import ONNX_POOLINGS
from lawrec.runs.find_checkpoint import best_checkpoint
from lawrec.runs.onnx_file import is_exported
from lawrec.runs.run import SplitFile, find_run, load_encoder
from lawrec.storage.file_lists import content_digest
from lawrec.training import onnx_export
from lawrec.training.loop import train
from lawrec.training.onnx_export import (
    MAX_DIFFERENCE,
    export_after_training,
    export_onnx,
    random_cases,
    sample_cases,
    score_difference,
)
from lawrec.training.setup import TrainingSetup
from tests.helpers.cases import EXPORTED
from tests.helpers.progress import messages_to

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def run(trained, tmp_path):
    """A trained run that is not exported."""
    shutil.copytree(trained.checkpoints, tmp_path / "checkpoints")
    run = find_run(tmp_path / "checkpoints", None)
    shutil.rmtree(run.folder / "onnx")
    return run


def test_a_checkpoint_is_exported_and_checked(run):
    assert export_onnx(run, best_checkpoint(run)) <= MAX_DIFFERENCE
    assert is_exported(run, best_checkpoint(run))


@pytest.mark.parametrize("difference", [2e-5, float("nan")])
def test_an_export_that_scores_differently_is_refused(run, monkeypatch, difference):
    monkeypatch.setattr(onnx_export, "score_difference", lambda *_, **__: difference)
    with pytest.raises(RunError, match="must score as the model does, within 1e-05, got a diff"):
        export_onnx(run, best_checkpoint(run))
    assert not (run.folder / "onnx").exists()


def test_both_forms_are_compared_in_full_float32(run):
    tf.config.experimental.enable_tensor_float_32_execution(True)
    export_onnx(run, best_checkpoint(run))
    assert not tf.config.experimental.tensor_float_32_execution_enabled()


def test_a_run_that_needs_no_network_is_refused(start_run):
    run, _ = start_run("ranking.lstm_share=0.0")
    with pytest.raises(RunError, match="got a run that scores without it"):
        export_onnx(run, "best/model.ckpt-1")


def test_a_training_exports_its_best_checkpoint_at_its_end(start_run):
    run, records = start_run("training.max_steps=2", EXPORTED)
    list(train(TrainingSetup(run, records)))
    assert is_exported(run, best_checkpoint(run))
    shutil.rmtree(run.folder / "onnx")
    list(train(TrainingSetup(run, records)))  # as --resume does
    assert is_exported(run, best_checkpoint(run))


def test_what_is_exported_already_stays(run):
    export_after_training(run)
    before = (run.folder / "onnx").stat().st_ino
    export_after_training(run)
    assert (run.folder / "onnx").stat().st_ino == before


def test_a_training_that_cannot_be_exported_is_complete_with_a_message(run, monkeypatch):
    messages = []
    monkeypatch.delitem(ONNX_POOLINGS, run.config.model.pooling)
    export_after_training(run, progress=messages_to(messages))
    [message] = messages
    assert message.startswith("model.pooling, for `lawrec export onnx`: ")
    assert message.endswith("The training is complete, but its model is not exported.")


def test_the_sample_has_the_beginnings_of_train_cases(run):
    facts = [case.fact for case in read_cases(run.splits["train"].path)]
    encode = load_encoder(run)
    for fact, case in zip(facts, sample_cases(run), strict=False):
        assert encode(fact)[: len(case)] == case.tolist()
    lengths = [len(case) for case in sample_cases(run)]
    assert len(lengths) == 24
    assert lengths[0] == 1 < max(lengths)


def test_the_sample_has_all_lengths_whatever_the_number_of_train_cases(run, tmp_path):
    path = tmp_path / "train.jsonl"
    facts = ["秘密窃取钱包，" * n for n in (40, 30, 50)]
    lines = [json.dumps({"fact": fact, "articles": ["264"]}) for fact in facts]
    path.write_text("\n".join(lines), encoding="utf-8")
    few = replace(run, splits={**run.splits, "train": SplitFile(path, content_digest(path))})
    lengths = [len(case) for case in sample_cases(few)]
    assert len(lengths) == 24
    assert lengths[-1] == max(lengths) > 40


def test_where_the_train_cases_are_gone_the_sample_is_random(run):
    gone = replace(run.splits["train"], path=Path("gone.json"))
    moved = replace(run, splits={**run.splits, "train": gone})
    cases = sample_cases(moved)
    assert [len(case) for case in cases][-1] == run.config.model.lstm_tokens


def test_random_cases_have_all_lengths():
    cases = random_cases(5, longest=40)
    assert (len(cases[0]), len(cases[-1])) == (1, 40)
    assert {int(token) for case in cases for token in case} == {1, 2, 3, 4}


def test_the_difference_is_the_largest_of_all_scores():
    first, second = (lambda _: np.zeros((2, 3))), (lambda _: np.array([[0, 0, 0], [0, 0, -1000]]))
    assert score_difference(first, second, sample=[[1]]) == pytest.approx(0.5)
