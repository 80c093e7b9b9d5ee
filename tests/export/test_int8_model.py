import logging
import shutil

import numpy as np
import pytest

from lawrec.errors import RunError
from lawrec.export import int8_model
from lawrec.export.int8_model import METRICS, Int8Model, export_int8
from lawrec.inference.engines import EngineChoice
from lawrec.inference.load_scorer import load_scorer
from lawrec.runs.find_checkpoint import best_checkpoint
from lawrec.runs.onnx_file import INT8_MODEL, onnx_path
from lawrec.runs.run import find_run

pytestmark = pytest.mark.tensorflow
CASES = [[2, 3, 4, 5], [6, 7], [1], [5] * 40]


@pytest.fixture
def run(trained, tmp_path):
    shutil.copytree(trained.checkpoints, tmp_path / "checkpoints")
    return find_run(tmp_path / "checkpoints", None)


def test_a_small_model_scores_nearly_as_the_exact_one_case_by_case(run, caplog):
    checkpoint = best_checkpoint(run)
    (run.folder / "thresholds.json").unlink()  # not needed
    written = export_int8(run, checkpoint)
    assert written.path == onnx_path(run, checkpoint, name=INT8_MODEL)
    assert written.size == written.path.stat().st_size
    assert list(written.before) == list(written.after) == list(METRICS)
    exact, small = (
        load_scorer(run, checkpoint, engine=EngineChoice(name)) for name in ("onnx", "onnx-int8")
    )
    y_score = small(CASES)
    assert 0 < np.abs(y_score - exact(CASES)).max() < 0.05
    np.testing.assert_array_equal(y_score, np.concatenate([small([case]) for case in CASES]))
    assert caplog.records == []
    assert logging.root.manager.disable == logging.NOTSET


def test_a_loss_is_refused_and_nothing_written(run, monkeypatch):
    values = iter([{"micro_f1": 0.8, "cail_score": 0.7}, {"micro_f1": 0.79, "cail_score": 0.7}])
    monkeypatch.setattr(int8_model, "evaluate", lambda *_: next(values))
    with pytest.raises(RunError, match=r"more than 0.5 points, got micro_f1 -1.0, cail_score -0.0"):
        export_int8(run, best_checkpoint(run))
    assert not (run.folder / "onnx" / INT8_MODEL).exists()
    assert onnx_path(run, best_checkpoint(run)).is_file()


def test_what_is_not_exported_is_refused(run):
    shutil.rmtree(run.folder / "onnx")
    with pytest.raises(RunError, match="Export it with `lawrec export onnx`"):
        export_int8(run, best_checkpoint(run))


def test_the_text_has_the_size_and_the_metrics(tmp_path):
    model = Int8Model(tmp_path, 5_440_000, {"micro_f1": 0.8543}, {"micro_f1": 0.854})
    assert model.text() == f"{tmp_path}: 5.4 MB; on valid, micro_f1 0.8543 -> 0.8540"
