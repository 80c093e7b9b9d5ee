import shutil
import sys
from contextlib import nullcontext

import numpy as np
import pytest

from lawrec import Recommender
from lawrec.errors import ConfigError, RunError
from lawrec.inference import engines
from lawrec.inference.engines import ENGINES, EngineChoice, choose_engine
from lawrec.inference.load_scorer import load_scorer
from lawrec.runs.find_checkpoint import best_checkpoint
from lawrec.runs.onnx_file import CUDA
from lawrec.runs.run import find_run
from lawrec.storage.resources import SHIPPED_MODEL, shipped_path
from lawrec.training.onnx_export import MAX_DIFFERENCE
from tests.helpers.damages import flip
from tests.helpers.progress import messages_to

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def run(ranked, tmp_path):
    shutil.copytree(ranked.checkpoints, tmp_path / "checkpoints")
    return find_run(tmp_path / "checkpoints", None)


def random_cases():
    numbers = np.random.default_rng(1)
    return [numbers.integers(1, 30, length).tolist() for length in range(1, 60)]


def scores(run, name):
    return load_scorer(run, best_checkpoint(run), engine=EngineChoice(name))(random_cases())


def test_engines_score_alike(trained_or_ranked):
    run = find_run(trained_or_ranked.checkpoints, None)
    expected = scores(run, "tensorflow")
    np.testing.assert_allclose(scores(run, "onnx"), expected, rtol=0, atol=MAX_DIFFERENCE)


def test_the_exported_form_is_chosen_in_silence(run):
    messages = []
    progress = messages_to(messages)
    assert choose_engine(run, best_checkpoint(run), progress=progress) == "onnx"
    assert messages == []


@pytest.mark.parametrize("damage", [shutil.rmtree, lambda path: flip(path / "model.onnx")])
def test_without_an_exported_form_tensorflow_is_used_with_a_message(run, damage):
    damage(run.folder / "onnx")
    messages = []
    assert choose_engine(run, best_checkpoint(run), progress=messages_to(messages)) == "tensorflow"
    [message] = messages
    assert "Export it with `lawrec export onnx`. TensorFlow is used instead" in message
    with pytest.raises(RunError, match="Export it with `lawrec export onnx`"):
        scores(run, "onnx")


def test_a_gpu_that_onnx_runtime_does_not_have_is_refused_or_left_to_tensorflow(run):
    checkpoint, choice = best_checkpoint(run), EngineChoice(device="gpu")
    messages = []
    name = choose_engine(run, checkpoint, choice=choice, progress=messages_to(messages))
    assert name == "tensorflow"
    assert "--device gpu: ONNX Runtime must see that GPU, got none." in messages[0]
    with pytest.raises(RunError, match="ONNX Runtime must see that GPU"):
        load_scorer(run, checkpoint, engine=EngineChoice("onnx", "gpu:1"))
    assert choose_engine(run, checkpoint, choice=EngineChoice(device="cpu")) == "onnx"


@pytest.mark.parametrize(("error", "refused"), [(1e-4, False), (0.1, True), (np.nan, True)])
def test_a_gpu_that_computes_something_else_is_refused(run, monkeypatch, error, refused):
    def logits(path, *, n_articles, gpu=None, threads=0):
        return lambda cases: np.full((len(cases), n_articles), 0 if gpu is None else error)

    monkeypatch.setattr(engines, "onnx_logits", logits)
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: [CUDA])
    choice = EngineChoice("onnx", "gpu:1")
    with pytest.raises(RunError, match="on the GPU what") if refused else nullcontext():
        load_scorer(run, best_checkpoint(run), engine=choice)


@pytest.mark.parametrize("choice", [EngineChoice("torch"), EngineChoice(device="tpu")])
def test_an_unknown_engine_or_device_is_refused(run, choice):
    with pytest.raises(ConfigError):
        load_scorer(run, best_checkpoint(run), engine=choice)


@pytest.mark.parametrize("choice", [{"engine": "torch"}, {"device": "tpu"}, {"device": ""}])
def test_an_unknown_engine_or_device_is_refused_where_no_network_is_needed(choice):
    with pytest.raises(ConfigError, match=r"known|the device must be"):
        Recommender.load(shipped_path(SHIPPED_MODEL), **choice)


def test_scores_of_the_exported_form_import_no_tensorflow(run, monkeypatch):
    monkeypatch.setitem(ENGINES, "tensorflow", None)
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    assert scores(run, "auto").shape == (59, 3)
