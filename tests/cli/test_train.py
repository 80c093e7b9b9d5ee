"""`lawrec train` from outside."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lawrec.runs.run import find_run
from tests.helpers.cli import THEFT, lawrec
from tests.helpers.damages import reseal

SETTINGS = [
    *("corpus.tokenizer=char", "model.lstm_units=4", "model.embedding_size=4"),
    *("training.max_steps=4", "training.epochs=2", "training.batch_tokens=1024"),
]


@pytest.mark.parametrize(
    "options", [["--set", "training.epochs=3"], ["--preset", "tiny"], ["--seed", 0]]
)
def test_resume_takes_no_other_settings(options):
    result = lawrec("train", "--resume", *options)
    assert result.exit_code == 2
    assert "--resume uses the run's own cases and settings" in result.stderr


@pytest.mark.parametrize("option", ["--dry-run", "--debug"])
def test_a_run_that_is_resumed_has_no_dry_run(option):
    result = lawrec("train", "--resume", option)
    assert result.exit_code == 2
    assert "--dry-run and --debug are for a new training: leave out --resume." in result.stderr


@pytest.mark.parametrize("steps", ["100", "0:3", "5:4", "a:b", ":", "-1:2"])
def test_the_steps_to_trace_are_a_first_and_a_last_one(steps):
    result = lawrec("train", f"--profile={steps}")
    assert result.exit_code == 2
    assert "name the first and the last step, from 1, for example 100:110." in result.stderr


def test_an_unknown_setting_names_the_nearest():
    result = lawrec("train", "--set", "training.epoch=3")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: --set training.epoch=3: [training]: every setting must be a known one, "
        "got 'epoch'. Did you mean epochs?\n"
    )


@pytest.mark.tensorflow
def test_a_dry_run_shows_sizes_and_the_first_batch_and_makes_no_run(
    tiny_data, tmp_path, monkeypatch, without_ranges
):
    monkeypatch.chdir(tmp_path)
    small = ("--set=model.lstm_units=8", "--set=corpus.tokenizer=char", "--epochs", 1)
    result = lawrec("train", "--data", tiny_data, *small, "--dry-run", "--debug")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("Row 0: articles ")
    assert "\ngradients are finite                 yes\n" in result.stdout
    assert "\ncases                  train 80, valid 30, test 30\n" in result.stdout
    assert result.stdout.endswith("\nNo run was created. The prepared records are kept.\n")
    assert not (tmp_path / "checkpoints").exists()
    assert (tmp_path / "data/records").exists()

    wild = lawrec(
        *("train", "--data", tiny_data, *small, "--debug"),
        *("--set=model.embedding_stddev=3e38", "--set=model.embedding_init=random"),
    )
    assert wild.exit_code == 1
    assert "gradients are finite                 no: " in wild.stdout
    assert wild.stderr.endswith("the model cannot be trained on such batches.\n")


@pytest.mark.tensorflow
def test_a_finished_run_says_so_when_it_is_resumed(own_run):
    result = lawrec("train", "--resume")
    assert result.exit_code == 0
    assert "This run is over: " in result.stderr


@pytest.mark.tensorflow
@pytest.mark.timeout(120)
def test_ctrl_c_ends_a_training_at_once_and_says_how_to_continue(tmp_path, tiny_data):
    settings = ("corpus.tokenizer=char", "training.epochs=9999", "training.patience=9999")
    sizes = ("model.lstm_units=4", "model.embedding_size=4", "training.batch_tokens=2048")
    no_nets = ("ranking.lstm_feature=false",)
    assignments = [part for setting in (*settings, *sizes, *no_nets) for part in ("--set", setting)]
    command = [sys.executable, "-m", "lawrec", "train", "--data", tiny_data, *assignments]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert any(line.startswith("epoch 1,") for line in process.stderr)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == 1
    name = (tmp_path / "checkpoints/LATEST").read_text("utf-8").strip()
    assert errors.endswith(
        f"Error: Stopped. `lawrec train --resume --run {name}` continues from what is complete.\n"
    )


@pytest.fixture
def at_work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = [json.dumps({"fact": THEFT, "charges": ["盗窃罪"]})] * 20
    (tmp_path / "more.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return [part for setting in SETTINGS for part in ("--set", setting)]


@pytest.mark.tensorflow
@pytest.mark.parametrize("folder", ["checkpoints", "other"])
def test_a_stopped_training_continues_with_what_it_says(tiny_data, at_work, monkeypatch, folder):
    def stopped(*_, **__):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr("lawrec.training.loop.train", stopped)
    result = lawrec(
        "train", "--data", tiny_data, "--checkpoints", folder, "--run", "mine", *at_work
    )
    assert result.exit_code == 1
    name = {"checkpoints": "mine", "other": str(Path("other/mine"))}[folder]
    assert f"`lawrec train --resume --run {name}` continues" in result.stderr
    assert find_run(Path("checkpoints"), name).folder == Path(folder, "mine")


@pytest.mark.tensorflow
def test_from_training_to_a_prediction(tiny_data, tmp_path, at_work):
    options = (
        "--data",
        tiny_data,
        "--extra",
        "more.jsonl",
        "--set",
        "loss.charge_weight=0.5",
    )
    trained = lawrec("train", *options, *at_work)
    assert trained.exit_code == 0, trained.stderr
    run = tmp_path / trained.stdout.strip()
    assert (run / "charges.txt").read_text(encoding="utf-8") == "盗窃\n"
    for command in (["train", "--resume"], ["tune-thresholds"], ["evaluate"]):
        done = lawrec(*command)
        assert done.exit_code == 0, done.stderr
    answer = json.loads(lawrec("predict", stdin=THEFT).stdout)
    assert {entry["article"] for entry in answer["recommendations"]} <= {"264", "266", "133之一"}
    info = json.loads(lawrec("info", "--format", "json").stdout)
    assert info["splits"]["extra-1"] == str(tmp_path / "more.jsonl")
    assert [
        layer["output"] for layer in info["network"]["layers"] if layer["name"] == "charges"
    ] == ["(1,)"]


@pytest.mark.tensorflow
def test_what_can_be_prepared_can_be_verified(tiny_data, at_work):
    options = ("--data", tiny_data, "--extra", "more.jsonl", *at_work)
    made = lawrec("prepare", *options, "--set", "loss.charge_weight=0.5")
    assert "extra: 20 cases" in made.stdout
    verified = lawrec("verify", *options, "--set", "loss.charge_weight=0.5")
    assert verified.stdout == f"{made.stdout.splitlines()[0]}: 4 shards, 160 cases, all undamaged\n"


@pytest.mark.tensorflow
def test_a_run_is_resumed_with_cases_that_have_moved(own_run, tiny_data, tmp_path):
    path = own_run / "run.json"
    gone = str(tmp_path / "gone/data")
    values = json.loads(path.read_text("utf-8"))
    values["dataset"]["data"] = gone
    path.write_text(json.dumps(values), encoding="utf-8")
    reseal(own_run)
    refused = lawrec("train", "--resume")
    assert refused.exit_code == 1
    assert f"got no {gone}. Restore them, or name the folder where they are now with --data." in (
        refused.stderr
    )
    resumed = lawrec("train", "--resume", "--data", tiny_data)
    assert resumed.exit_code == 0, resumed.stderr
    assert "This run is over: " in resumed.stderr
