import numpy as np
import pytest
from click.testing import CliRunner

from lawrec.cli import cli
from lawrec.corpus.vocabulary import Vocabulary
from lawrec.errors import CaseError, RunError
from lawrec.runs.find_checkpoint import best_checkpoint
from lawrec.runs.leakage import refuse_same_cases
from lawrec.runs.run import find_run, open_run
from lawrec.training.checkpoints import build_run_model, load_model
from lawrec.training.warm_start import load_shared_weights, shared_ids, warm_start_from
from tests.helpers.cases import SETTINGS, write_cases
from tests.helpers.progress import messages_to

pytestmark = pytest.mark.tensorflow
NEW_CASES = [("秘密窃取财物", ["264"]), ("醉酒驾驶机动车", ["133之一"]), ("持刀抢劫", ["263"])] * 4


@pytest.fixture
def new_data(tmp_path):
    """Cases with other tokens and another list of articles: 266 is gone, 263 is new."""
    folder = tmp_path / "new"
    folder.mkdir()
    for split in ("train", "valid"):
        write_cases(folder / f"{split}.json", NEW_CASES[: 9 if split == "valid" else 12])
    return folder


@pytest.fixture
def other(trained):
    return find_run(trained.checkpoints, None)


@pytest.fixture
def started(start_run, new_data, other):
    """Return a function that creates a run with a warm start from the trained one."""

    def start(*settings):
        return start_run(*settings, data=new_data, warm_start=warm_start_from(other))[0]

    return start


def weights_of(model):
    return {weight.path: weight.numpy() for weight in model.weights}


def test_shared_names_are_found_in_both_orders():
    own, other = shared_ids(Vocabulary(("a", "b", "c")), Vocabulary(("c", "x", "a")))
    assert (own.tolist(), other.tolist()) == ([0, 2], [2, 0])


def test_rows_and_columns_are_copied_by_name_and_other_weights_as_they_are(started, other):
    run = started()
    model = build_run_model(run)
    before, notes = weights_of(model), []
    load_shared_weights(model, run, warm_start=run.warm_start, progress=messages_to(notes))
    after, theirs = weights_of(model), weights_of(load_model(other, best_checkpoint(other)))
    assert set(run.articles.names) == {"133之一", "263", "264"}
    for token in run.tokens.names:
        expected = (
            theirs["embedding/embeddings"][other.tokens.ids[token]]
            if token in other.tokens.ids
            else before["embedding/embeddings"][run.tokens.ids[token]]
        )
        np.testing.assert_array_equal(
            after["embedding/embeddings"][run.tokens.ids[token]], expected
        )
    for name, axis in {
        "articles/kernel": 0,
        "articles/bias": 0,
        "articles_attention/kernel": 1,
    }.items():
        for article in run.articles.names:
            source, there = (theirs, other) if article in other.articles.ids else (before, run)
            np.testing.assert_array_equal(
                after[name].take(run.articles.ids[article], axis),
                source[name].take(there.articles.ids[article], axis),
            )
    for name in theirs:
        if "lstm" in name:
            np.testing.assert_array_equal(after[name], theirs[name])
    checkpoint = run.warm_start.run / run.warm_start.checkpoint
    shared = len(set(run.tokens.names) & set(other.tokens.names))
    assert notes == [
        f"Starting from {checkpoint}: {shared} of {len(run.tokens)} tokens, 2 of 3 articles."
    ]


def test_weights_that_only_one_run_has_are_named(started):
    run = started("model.lstm_layers=3", "model.batch_normalization=true")
    notes = []
    load_shared_weights(
        build_run_model(run), run, warm_start=run.warm_start, progress=messages_to(notes)
    )
    assert notes[1].startswith(
        "Not in that checkpoint, so initialized as usual: articles_norm/beta"
    )
    assert "bilstm_2/forward_lstm_2/lstm_cell/kernel" in notes[1]
    smaller = started("model.lstm_layers=1")
    notes.clear()
    load_shared_weights(
        build_run_model(smaller),
        smaller,
        warm_start=smaller.warm_start,
        progress=messages_to(notes),
    )
    assert notes[1].startswith(
        "In that checkpoint, but not used: bilstm_1/backward_lstm_1/lstm_cell/bias, "
    )


@pytest.mark.parametrize(
    ("setting", "parts"),
    [
        (
            "model.lstm_units=4",
            ["lstm_cell/kernel (8, 32) instead of (8, 16)", "kernel (16, 3) instead of (8, 3)"],
        ),
        ("model.embedding_size=4", ["embedding/embeddings (69, 8) instead of (69, 4)"]),
        ("model.pooling=max", ["model.pooling must be that of the new run, max, got article-att"]),
    ],
)
def test_weights_of_other_shapes_are_refused_by_name(started, other, setting, parts):
    run = started(setting)
    with pytest.raises(RunError) as caught:
        load_shared_weights(build_run_model(run), run, warm_start=run.warm_start)
    for part in parts:
        assert part in str(caught.value).replace(str(len(other.tokens)), "69")
    assert caught.value.todo.startswith("Use the same settings of [model] for the new run")


def test_cases_that_the_other_run_was_trained_on_are_seen(started, other):
    run = open_run(started().folder)
    digest = other.splits["train"].sha256
    assert run.trained_on == (run.splits["train"].sha256, digest)
    with pytest.raises(CaseError, match="used to train"):
        refuse_same_cases(run, run.folder, digest=digest, purpose="evaluate")


def test_train_starts_from_a_run_and_says_so(other, new_data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = [part for setting in (*SETTINGS, "training.epochs=1") for part in ("--set", setting)]
    arguments = ["train", "--data", str(new_data), "--run", "new", *options]
    result = CliRunner().invoke(cli, [*arguments, "--start-from", str(other.folder)])
    assert result.exit_code == 0, result.stderr
    assert f"Starting from {other.folder}/best/model.ckpt-" in result.stderr
    refused = CliRunner().invoke(cli, ["train", "--resume", "--start-from", str(other.folder)])
    assert refused.exit_code == 2
    missing = CliRunner().invoke(cli, [*arguments, "--start-from", "nowhere"])
    assert missing.exit_code == 1
    assert "nowhere: it must be the name of a run or bundle in checkpoints" in missing.stderr
