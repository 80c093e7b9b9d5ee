"""`lawrec train --charged` from outside."""

import json

import pytest
from click.testing import CliRunner

from lawrec.cli import cli

SETTINGS = [
    *("corpus.tokenizer=char", "model.lstm_units=4", "model.embedding_size=4"),
    *("training.max_steps=4", "training.epochs=2", "training.batch_tokens=1024"),
]
THEFT = "被告人张某在本市某路秘密窃取钱包，后被抓获。"

pytestmark = pytest.mark.tensorflow


def lawrec(*arguments, stdin=None):
    return CliRunner().invoke(cli, [str(part) for part in arguments], input=stdin)


@pytest.fixture
def at_work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = [json.dumps({"fact": THEFT, "charges": ["盗窃罪"]})] * 20
    (tmp_path / "more.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return [part for setting in SETTINGS for part in ("--set", setting)]


def test_from_training_to_a_prediction(tiny_data, tmp_path, at_work):
    options = ("--data", tiny_data, "--charged", "more.jsonl", "--set", "loss.charge_weight=0.5")
    trained = lawrec("train", *options, *at_work)
    assert trained.exit_code == 0, trained.stderr
    run = tmp_path / trained.stdout.strip()
    assert (run / "charges.txt").read_text(encoding="utf-8") == "盗窃\n"
    for command in (["train", "--resume"], ["tune-thresholds"], ["evaluate"]):
        done = lawrec(*command)
        assert done.exit_code == 0, done.stderr
    answer = json.loads(lawrec("predict", stdin=THEFT).stdout)
    assert {entry["article"] for entry in answer["recommendations"]} <= {"264", "266", "133之一"}
    info = json.loads(lawrec("info", "--output", "json").stdout)
    assert info["splits"]["charge_only"] == str(tmp_path / "more.jsonl")
    assert [layer["output"] for layer in info["layers"] if layer["name"] == "charges"] == ["(1,)"]


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_without_a_weight_it_says_what_to_do_and_does_nothing(tiny_data, tmp_path, at_work, more):
    refused = lawrec("train", "--data", tiny_data, "--charged", "more.jsonl", *at_work, *more)
    assert refused.exit_code == 1
    assert not (tmp_path / "data").exists()
    assert refused.stderr.endswith(
        "Add --set loss.charge_weight=0.5, or leave out --charge-only-data.\n"
    )


def test_what_can_be_prepared_can_be_verified(tiny_data, at_work):
    options = ("--data", tiny_data, "--charged", "more.jsonl", *at_work)
    made = lawrec("prepare", *options)
    assert "train: 100 cases" in made.stdout
    verified = lawrec("verify", *options)
    assert verified.stdout == f"{made.stdout.splitlines()[0]}: 3 shards, 160 cases, all whole\n"
