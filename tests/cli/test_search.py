"""`lawrec search` from outside."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lawrec.config_sources import load
from lawrec.runs.run import find_run
from tests.helpers.cli import lawrec

FIXED = (
    *(
        "model.lstm_units=8",
        "model.embedding_size=8",
        "model.lstm_layers=1",
        "ranking.lstm_share=1.0",
    ),
    *("training.batch_tokens=1024", "training.epochs=1", "corpus.tokenizer=char"),
)
SMALL = [f"--fixed={assignment}" for assignment in FIXED]


def test_a_missing_optuna_is_an_error_with_advice(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    result = lawrec("search")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: optuna: Optuna must be installed to search hyperparameters, got no such package. "
        "Run pip install 'lawrec[search]'.\n"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--fixed", "model.dropout"], "--fixed: a setting must look like section.key=value"),
        (["--fixed", "model.drop=0"], "--fixed model.drop=0: [model]: every setting must be"),
        (["--set", "model.lstm_units=8"], "Pass --fixed model.lstm_units=8 to keep this value"),
        (["--set", "training.monitor=f1"], "training.monitor: every choice must be a known one"),
    ],
)
def test_wrong_settings_are_errors_before_anything_starts(options, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = lawrec("search", *options)
    assert result.exit_code == 1
    assert message in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--trials=0", "--jobs=0", "--minutes=nan", "--sampler=grid"])
def test_wrong_options_are_usage_errors(option):
    assert lawrec("search", option).exit_code == 2


@pytest.mark.tensorflow
def test_a_search_from_cases_to_the_best_settings(tiny_data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = ("--any-label", "--set=training.seed=3", "--trials=2", "--output=study")
    command = ("search", "--data", tiny_data, *SMALL, *options)
    result = lawrec(*command)
    assert result.exit_code == 0, result.stderr
    assert "2 trials: 2 complete, 0 pruned, 0 failed" in result.stdout
    assert f"lawrec train --config study/best.toml --data {tiny_data} --any-label" in result.stdout
    assert "trial 0: valid CAIL score " in result.stderr
    assert len(list(Path("data/records").iterdir())) == 1

    # A study that is complete is shown again without any training.
    again = lawrec(*command, "--format=json", "--quiet")
    assert (again.exit_code, again.stderr) == (0, "")
    values = json.loads(again.stdout)
    assert [trial["state"] for trial in values["trials"]] == ["complete", "complete"]
    best = find_run(Path("study/runs"), None)
    assert str(best.folder) == values["run"]
    assert [path.name for path in Path("study/runs").glob("trial-*")] == [best.folder.name]
    assert load(Path("study/best.toml")) == best.config
    assert Path("study/search.html").read_text("utf-8").count("<svg") >= 2

    other = lawrec(*command, "--seed=1")
    assert other.exit_code == 1
    assert "a search must be continued as it began, got other seed." in other.stderr


@pytest.mark.tensorflow
@pytest.mark.timeout(180)
def test_ctrl_c_stops_a_search_that_the_same_command_continues(tiny_data, tmp_path):
    options = [*SMALL, "--fixed=training.epochs=9999", "--fixed=training.patience=9999"]
    command = [sys.executable, "-m", "lawrec", "search", "--data", tiny_data, *options, "-ostudy"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert any(line.startswith("search: 0 of 30") for line in process.stderr)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 1
    assert errors.endswith("Error: Stopped. The same command with --output study continues.\n")
    events = (tmp_path / "study/journal.log").read_text("utf-8").splitlines()
    assert '"restarts":0' in events[-1]
    assert not list((tmp_path / "study").glob("runs/trial-*"))
