import shutil

import numpy as np
import onnx
import pytest

from lawrec.errors import RunError
from lawrec.runs.checkpoint_list import write_checkpoint_list
from lawrec.runs.find_checkpoint import best_checkpoint
from lawrec.runs.onnx_file import (
    INT8_MODEL,
    MODEL,
    is_exported,
    onnx_logits,
    onnx_path,
    read_onnx_manifest,
    save_onnx,
)
from lawrec.runs.run import find_run
from tests.helpers.damages import flip, rewrite

pytestmark = pytest.mark.tensorflow  # a run is trained for them; nothing else needs it
CASES = [[2, 3, 4, 5], [6, 7], [1], [5] * 40]


@pytest.fixture
def run(trained, tmp_path):
    shutil.copytree(trained.checkpoints, tmp_path / "checkpoints")
    return find_run(tmp_path / "checkpoints", None)


@pytest.fixture
def checkpoint(run):
    return best_checkpoint(run)


def test_what_is_saved_is_found(run, checkpoint):
    content = onnx_path(run, checkpoint).read_bytes()
    save_onnx(run, checkpoint, models={MODEL: content, INT8_MODEL: b"small"})
    assert onnx_path(run, checkpoint).read_bytes() == content
    assert onnx_path(run, checkpoint, name=INT8_MODEL).read_bytes() == b"small"
    assert is_exported(run, checkpoint)


def test_what_was_not_exported_is_named(run, checkpoint):
    with pytest.raises(RunError, match=r"onnx/model_int8.onnx: .* got nothing yet. Export it with"):
        onnx_path(run, checkpoint, name=INT8_MODEL)
    shutil.rmtree(run.folder / "onnx")
    with pytest.raises(
        RunError, match=r"onnx: .* got nothing yet. Export it with `lawrec export o"
    ):
        onnx_path(run, checkpoint)
    assert not is_exported(run, checkpoint)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"run": "12"}, "that of another run"),
        ({"checkpoint": "best/model.ckpt-9"}, "that of best/model.ckpt-9, which is not best/"),
        ({"checkpoint": None}, "a manifest without a checkpoint"),
        ({"sha256_of": "12"}, "as it is now"),
        ({"files": {MODEL: "12"}}, "model.onnx: other bytes"),
        ({"files": []}, "nothing yet"),
    ],
)
def test_a_manifest_of_something_else_is_refused(run, checkpoint, changes, reason):
    rewrite(run.folder / "onnx/manifest.json", **changes)
    with pytest.raises(RunError, match=reason):
        onnx_path(run, checkpoint)


@pytest.mark.parametrize("name", ["manifest.json", "model.onnx"])
def test_damage_is_noticed(run, checkpoint, name):
    flip(run.folder / "onnx" / name)
    with pytest.raises(RunError, match="Export it with `lawrec export onnx`"):
        onnx_path(run, checkpoint)
    assert not is_exported(run, checkpoint)


def test_a_checkpoint_that_is_only_listed_is_enough(run, checkpoint):
    for path in run.folder.glob("best/model.ckpt-*"):
        path.unlink()
    assert onnx_path(run, checkpoint).is_file()
    write_checkpoint_list(run.folder / "best")
    with pytest.raises(RunError, match=r"the list must have model.ckpt-"):
        onnx_path(run, checkpoint)


def test_a_case_has_the_same_logits_alone_and_with_others(run, checkpoint):
    logits = onnx_logits(onnx_path(run, checkpoint), n_articles=3)
    alone = np.concatenate([logits([case]) for case in CASES])
    np.testing.assert_allclose(logits(CASES), alone, atol=1e-6)
    one_thread = onnx_logits(onnx_path(run, checkpoint), n_articles=3, threads=1)
    np.testing.assert_allclose(one_thread(CASES), alone, atol=1e-6)
    one_by_one = onnx_logits(onnx_path(run, checkpoint), n_articles=3, alone=True)
    np.testing.assert_allclose(one_by_one(CASES), alone, atol=1e-6)
    assert logits([]).shape == one_by_one([]).shape == (0, 3)


@pytest.mark.parametrize("content", [b"", b"no model"])
def test_what_is_no_model_is_refused(content):
    with pytest.raises(RunError, match="the exported model must be that of the run's checkpoint"):
        onnx_logits(content, n_articles=3)


def test_a_model_of_other_articles_is_refused(run, checkpoint):
    with pytest.raises(RunError, match=r"got a model with the outputs .'logits'"):
        onnx_logits(onnx_path(run, checkpoint), n_articles=4)


@pytest.mark.filterwarnings("ignore:Specified provider 'CUDAExecutionProvider'")
def test_a_gpu_that_is_not_used_is_an_error(run, checkpoint):
    with pytest.raises(RunError, match="able to start CUDA, got a session on the CPU"):
        onnx_logits(onnx_path(run, checkpoint), n_articles=3, gpu=0)


def test_the_manifest_names_the_checkpoint(run):
    assert read_onnx_manifest(run)["checkpoint"].startswith("best/model.ckpt-")
    model = onnx.load(run.folder / "onnx" / MODEL)
    assert (model.producer_name, model.graph.input[0].name) == ("lawrec", "token_ids")
