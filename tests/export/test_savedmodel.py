from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from lawrec.errors import RunError
from lawrec.export import savedmodel
from lawrec.export.savedmodel import export_savedmodel
from lawrec.runs.find_checkpoint import best_checkpoint
from lawrec.runs.run import find_run
from lawrec.training.checkpoints import load_model

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def run(trained):
    return find_run(trained.checkpoints, None)


def test_what_is_loaded_again_computes_the_scores_of_the_network(run, tmp_path):
    folder = tmp_path / "new/model"
    assert export_savedmodel(run, folder, checkpoint=best_checkpoint(run)) < 1e-5
    for name in ("tokens.txt", "articles.txt"):
        copy = folder / "assets.extra" / name
        assert copy.read_bytes() == (run.folder / name).read_bytes()
    serve = tf.saved_model.load(str(folder)).signatures["serving_default"]
    token_ids = np.array([[2, 3, 4], [5, 0, 0]], np.int32)
    outputs = serve(token_ids=tf.constant(token_ids))
    logits = load_model(run, best_checkpoint(run))(token_ids, training=False)["articles"]
    np.testing.assert_allclose(outputs["logits"], logits, atol=1e-5)
    np.testing.assert_allclose(outputs["scores"], tf.sigmoid(logits), atol=1e-5)


def test_a_network_that_no_score_depends_on_is_refused(run, tmp_path):
    ranking = replace(run.config.ranking, lstm_feature=False, lstm_share=0.0)
    linear = replace(run, config=replace(run.config, ranking=ranking))
    with pytest.raises(RunError, match="the scores of the run must depend on its network"):
        export_savedmodel(linear, tmp_path / "model", checkpoint=best_checkpoint(run))
    assert list(tmp_path.iterdir()) == []


def test_what_scores_differently_is_removed(run, tmp_path, monkeypatch):
    monkeypatch.setattr(savedmodel, "score_difference", lambda *_, **__: 1.0)
    with pytest.raises(RunError, match="within 1e-05, got a difference of 1"):
        export_savedmodel(run, tmp_path / "model", checkpoint=best_checkpoint(run))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_an_error_that_names_the_folder(run, tmp_path, monkeypatch):
    def full(*_, **__):
        raise tf.errors.ResourceExhaustedError(None, None, "model.tmp/variables; No space left")

    monkeypatch.setattr(tf.saved_model, "save", full)
    with pytest.raises(OSError, match="No space left") as caught:
        export_savedmodel(run, tmp_path / "model", checkpoint=best_checkpoint(run))
    assert caught.value.filename == str(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_exists_is_kept(run, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        export_savedmodel(run, tmp_path, checkpoint=best_checkpoint(run))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
