"""`lawrec prepare` from outside."""

import shutil
from pathlib import Path

import pytest

from tests.helpers.cli import lawrec


@pytest.mark.tensorflow
def test_prepare_says_what_it_made_and_makes_it_once(tiny_data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = lawrec("prepare", "--data", tiny_data)
    again = lawrec("prepare", "--data", tiny_data)
    assert first.exit_code == again.exit_code == 0
    assert first.stdout == again.stdout
    assert "train: 80 cases" in first.stdout
    assert "Preparing" in first.stderr
    assert again.stderr == ""


@pytest.mark.tensorflow
def test_several_user_dictionaries_and_user_tokens_are_used(tiny_data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, word in (("a", "窃取钱包"), ("b", "虚构事实骗取"), ("c", "乱造之词")):
        Path(f"{name}.txt").write_text(f"{word}\n", encoding="utf-8")
    dictionaries = ("--user-dict", "a.txt", "--user-dict", "b.txt")
    result = lawrec(
        "prepare", "--data", tiny_data, *dictionaries, "--set", "corpus.user_tokens=c.txt"
    )
    assert result.exit_code == 0
    (tokens,) = Path("vocab").glob("*/tokens.txt")
    lines = tokens.read_text(encoding="utf-8").splitlines()
    assert lines[:3] == ["<pad>", "<unk>", "乱造之词"]
    assert {"窃取钱包", "虚构事实骗取"} <= set(lines)


@pytest.mark.tensorflow
def test_a_bad_line_stops_preparation_unless_it_may_be_skipped(tiny_data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny_data, "data")
    with (tmp_path / "data/train.json").open("a") as file:
        file.write('{"fact": "张某盗窃", "meta": {"relevant_articles": "264"}}\n')
    refused = lawrec("prepare", "--data", "data")
    assert refused.exit_code == 1
    assert refused.stderr.splitlines()[-1] == (
        'Error: data/train.json:81: "meta.relevant_articles" (or "articles") must be a list of '
        "articles, got '264'. Fix the line, or pass --skip-bad."
    )
    skipped = lawrec("prepare", "--data", "data", "--skip-bad")
    assert skipped.exit_code == 0
    assert "1 lines skipped" in skipped.stdout
