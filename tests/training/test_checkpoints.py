import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import tensorflow as tf

from lawrec.config import ModelConfig
from lawrec.errors import RunError
from lawrec.models.lstm_classifier import build_model
from lawrec.models.pooling import POOLINGS, named_axes
from lawrec.runs.checkpoint_list import read_checkpoint_list
from lawrec.runs.find_checkpoint import best_checkpoint, newest_checkpoint
from lawrec.runs.run import find_run, open_run
from lawrec.training.checkpoints import checkpoint_manager, load_model, open_checkpoint
from lawrec.training.loop import train
from lawrec.training.setup import TrainingSetup
from tests.helpers.damages import flip, reseal, rewrite
from tests.helpers.progress import messages_to

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def run(trained, tmp_path):
    """Copy the trained run, for a test that damages it."""
    source = find_run(trained.checkpoints, None).folder
    return open_run(shutil.copytree(source, tmp_path / "runs" / source.name))


def with_model(run, **settings):
    return replace(run, config=replace(run.config, model=replace(run.config.model, **settings)))


def halve(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGES = {
    "half the data": lambda prefix: halve(prefix.with_name(f"{prefix.name}.data-00000-of-00001")),
    "no data": lambda prefix: prefix.with_name(f"{prefix.name}.data-00000-of-00001").unlink(),
    "one byte": lambda prefix: flip(prefix.with_name(f"{prefix.name}.data-00000-of-00001")),
    "half the index": lambda prefix: halve(prefix.with_name(f"{prefix.name}.index")),
    "no index": lambda prefix: prefix.with_name(f"{prefix.name}.index").unlink(),
}


def kept_in(folder):
    """The path prefixes of a folder's checkpoints, the newest last."""
    return [folder / listed.name for listed in read_checkpoint_list(folder)]


def test_variables_have_the_names_of_their_layers(trained):
    run = find_run(trained.checkpoints, None)
    best, newest = (
        open_checkpoint(newest_checkpoint(folder)) for folder in (run.folder / "best", run.folder)
    )
    cell = "bilstm_1/backward_lstm_1/lstm_cell/recurrent_kernel"
    assert best.shapes[cell] == newest.shapes[cell] == (8, 32)
    assert best.weights == newest.weights
    assert newest.shapes["optimizer/embedding_embeddings_momentum"][1] == 8
    assert newest.shapes["global_step"] == ()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"lstm_units": 4, "bidirectional": False},
            [
                f"no lstm_{number}/lstm_cell/{name}"
                for number in (0, 1)
                for name in ("kernel", "bias")
            ]
            + ["articles_attention/kernel (16, 3) instead of (4, 3)", "which the model lacks"],
        ),
        (
            {"embedding_size": 9},
            ["embedding/embeddings (69, 8) instead of (69, 9)", "(8, 32) instead of (9, 32)"],
        ),
        ({"lstm_layers": 3}, ["no bilstm_2/forward_lstm_2/lstm_cell/kernel (16, 32)"]),
        ({"lstm_layers": 1}, ["bilstm_1/forward_lstm_1/lstm_cell/kernel (16, 32), which the"]),
        (
            {"batch_normalization": True},
            ["no articles_norm/gamma (16,)", "no articles_norm/moving_mean"],
        ),
    ],
)
def test_a_checkpoint_of_another_model_is_refused_with_every_name(run, settings, expected):
    with pytest.raises(RunError) as caught:
        load_model(with_model(run, **settings), best_checkpoint(run))
    for part in expected:
        assert part in caught.value.got.replace(str(len(run.tokens)), "69")
    assert caught.value.expected == "the checkpoint must hold the variables of this run's model"


def test_a_resumed_training_refuses_another_model_with_every_name(start_run):
    run, records = start_run("training.epochs=1")
    list(train(TrainingSetup(run, records)))
    path = run.folder / "run.json"
    values = json.loads(path.read_text("utf-8"))
    values["config"]["optimizer"] |= {"name": "momentum", "ema_momentum": 0.5}
    values["config"]["model"]["lstm_layers"] = 1
    path.write_text(json.dumps(values), encoding="utf-8")
    reseal(run.folder)
    with pytest.raises(RunError) as caught:
        list(train(TrainingSetup(open_run(run.folder), records)))
    assert "no optimizer/embedding_embeddings_average" in caught.value.got
    assert "bilstm_1/forward_lstm_1/lstm_cell/bias (32,), which the model lacks" in caught.value.got
    assert str(caught.value).endswith("train a new run.")


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_checkpoint_before_a_damaged_one_is_used(run, damage):
    before, last = kept_in(run.folder)[-2:]
    assert newest_checkpoint(run.folder) == str(last)
    DAMAGES[damage](last)
    notes = []
    assert newest_checkpoint(run.folder, messages_to(notes)) == str(before)
    [note] = notes
    assert note.startswith(f"{last} is damaged (")
    assert note.endswith("): using the one before it, if any.")
    assert open_checkpoint(str(before)).read("global_step") == int(before.name.rpartition("-")[2])


def test_if_all_best_checkpoints_are_damaged_the_newest_one_is_used(run):
    for prefix in kept_in(run.folder / "best"):
        DAMAGES["half the data"](prefix)
    assert load_model(run, best_checkpoint(run)).count_params() > 0
    for prefix in kept_in(run.folder):
        DAMAGES["no data"](prefix)
    with pytest.raises(RunError, match="at least one checkpoint must not be damaged"):
        best_checkpoint(run)


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe", b'model_checkpoint_path: "x"'])
def test_the_state_file_of_tensorflow_makes_no_difference(run, content):
    expected = best_checkpoint(run)
    for folder in (run.folder, run.folder / "best"):
        path = folder / "checkpoint"
        path.unlink() if content is None else path.write_bytes(content)
    assert best_checkpoint(run) == expected
    checkpoint_manager(tf.train.Checkpoint(step=tf.Variable(0)), run.folder, max_to_keep=3)
    state = tf.train.get_checkpoint_state(str(run.folder))
    kept = [path.name for path in kept_in(run.folder)]
    assert [Path(prefix).name for prefix in state.all_model_checkpoint_paths] == kept


@pytest.mark.parametrize("lost", ["the list", "the run"])
def test_best_checkpoints_that_are_not_the_runs_are_not_used_without_a_message(run, lost):
    path = run.folder / "best/checkpoints.json"
    if lost == "the list":
        path.unlink()
    else:
        rewrite(path, run="0" * 64)
    notes = []
    assert best_checkpoint(run, messages_to(notes)) == str(kept_in(run.folder)[-1])
    [note] = notes
    assert note.startswith(f"{path}: ")
    assert note.endswith("Trying the newest checkpoint.")


def test_a_run_whose_list_of_checkpoints_is_lost_is_not_trained_from_the_beginning(start_run):
    run, records = start_run("training.max_steps=1")
    list(train(TrainingSetup(run, records)))
    (run.folder / "checkpoints.json").unlink()
    with pytest.raises(RunError, match="the list of checkpoints must be undamaged"):
        list(train(TrainingSetup(run, records)))


def test_a_run_in_a_folder_whose_name_looks_like_a_pattern_is_trained_and_read(start_run, tmp_path):
    run, records = start_run("training.max_steps=2", root=tmp_path / "runs [1]*?")
    assert len(list(train(TrainingSetup(run, records)))) == 1
    training = replace(run.config.training, max_steps=4)
    longer = replace(run, config=replace(run.config, training=training))
    assert [evaluation.step for evaluation in train(TrainingSetup(longer, records))] == [4]
    assert [path.name for path in kept_in(run.folder)] == ["model.ckpt-2", "model.ckpt-4"]
    notes = []
    assert load_model(run, best_checkpoint(run, messages_to(notes))).count_params() > 0
    assert notes == []


def test_a_checkpoint_that_is_damaged_when_it_is_read_is_named(run):
    prefix = best_checkpoint(run)
    DAMAGES["one byte"](kept_in(run.folder / "best")[-1])
    with pytest.raises(RunError, match="the checkpoint must not be damaged") as caught:
        load_model(run, prefix)
    assert caught.value.where == prefix


@pytest.mark.parametrize("pooling", POOLINGS)
def test_named_axes_are_as_long_as_their_vocabularies(pooling):
    config = ModelConfig(embedding_size=2, lstm_units=3, lstm_layers=1, pooling=pooling)
    weights = {
        weight.path: weight
        for weight in build_model(config, 11, n_articles=13, n_charges=17).weights
    }
    sizes = {"tokens": 11, "articles": 13, "charges": 17}
    axes = named_axes(config)
    for name, (vocabulary, axis) in axes.items():
        assert weights[name].shape[axis] == sizes[vocabulary]
    unnamed = [weight.shape for name, weight in weights.items() if name not in axes]
    assert not {11, 13, 17} & {size for shape in unnamed for size in shape}
