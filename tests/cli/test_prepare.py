"""`lawrec prepare` from outside."""

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from lawrec.law.statute_versions import CRIMINAL_LAW, ROOT, Version, save_version
from lawrec.storage.resources import SHIPPED_EXTRA_CASES, shipped_path
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
        file.write('{"fact": "张某盗窃", "meta": {"relevant_articles": {}}}\n')
    refused = lawrec("prepare", "--data", "data")
    assert refused.exit_code == 1
    assert refused.stderr.splitlines()[-1] == (
        'Error: data/train.json:81: "meta.relevant_articles" must be a list of articles, got {}. '
        "Fix the line. Or skip such lines with --skip-bad."
    )
    skipped = lawrec("prepare", "--data", "data", "--skip-bad")
    assert skipped.exit_code == 0
    assert "1 lines skipped" in skipped.stdout


@pytest.fixture
def extra_files(tmp_path, monkeypatch):
    """Extra cases: one with charges alone, one with an article, and a copy of a valid case."""
    monkeypatch.chdir(tmp_path)
    theft = "被告人王某趁店主不备，从柜台上拿走一部崭新的平板电脑后离开现场。"
    Path("data").mkdir()
    write_lines("data/train.json", {"fact": "窃取钱包", "articles": [264], "charges": ["盗窃"]})
    write_lines("data/valid.json", {"fact": theft, "articles": [264]})
    charges = ({"fact": "窃取手机", "charges": [name]} for name in ("盗窃罪", "抢劫罪"))
    copy = {"fact": theft.replace("王某", "赵某"), "articles": [264]}
    write_lines("extra.jsonl", *charges, copy)
    write_lines("partial.jsonl", {"fact": "骗取钱财", "articles": [266]})
    version = Version(CRIMINAL_LAW, date(2021, 3, 1), {"264": "盗窃公私财物。", "9": "范围。"})
    save_version(ROOT, version)
    return ("--data", "data", "--extra", "extra.jsonl", "--extra-partial", "partial.jsonl")


def write_lines(path, *cases):
    Path(path).write_text("\n".join(map(json.dumps, cases)), encoding="utf-8")


@pytest.mark.tensorflow
def test_extra_cases_and_the_statute_are_prepared_and_counted(extra_files):
    made = lawrec("prepare", *extra_files, "--set", "corpus.tokenizer=char")
    assert made.exit_code == 0, made.stderr
    folder, *lines = made.stdout.splitlines()
    assert lines == [
        "train: 1 cases, utf-8, 4 tokens",
        "valid: 1 cases, utf-8, 32 tokens",
        "extra: 2 cases, utf-8, 8 tokens",
        "statute: 1 cases, utf-8, 7 tokens",
        "left out of extra: 1 copy of valid (duplicates.jsonl), "
        "1 of whose articles nothing is known",
        "articles of extra that are no labels, with their cases: 266 (1)",
        "vocabulary: 2 tokens, 1 articles",
    ]
    copy = json.loads((Path(folder) / "duplicates.jsonl").read_text("utf-8"))
    assert (copy["where"], copy["duplicate_of"]) == ("extra.jsonl:3", "data/valid.json:1")
    without = lawrec("prepare", *extra_files, "--no-statute", "--set", "corpus.tokenizer=char")
    assert without.stdout.splitlines()[1:] == [line for line in lines if "statute" not in line]


@pytest.mark.tensorflow
def test_the_shipped_cases_may_be_extra_unless_a_file_has_their_name(extra_files):
    options = (*extra_files[:2], "--extra", "criminal-law", "--set", "corpus.tokenizer=char")
    shipped = lawrec("prepare", *options, "--no-statute")
    assert shipped.exit_code == 0, shipped.stderr
    n_cases = len(shipped_path(SHIPPED_EXTRA_CASES).read_text("utf-8").splitlines())
    assert f"extra: {n_cases:,} cases" in shipped.stdout
    Path("extra.jsonl").rename("criminal-law")
    own = lawrec("prepare", *options, "--input-format", "jsonl", "--no-statute")
    assert "extra: 1 cases" in own.stdout


@pytest.mark.tensorflow
def test_the_shipped_cases_are_read_beside_cases_with_columns_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("own").mkdir()
    facts = "在菜市场扒窃钱包。", "撬开车门，拿走电脑。", "夜里翻墙进厂，偷走电缆。"
    for name, fact in zip(("own/train.csv", "own/valid.csv", "extra.table"), facts, strict=True):
        Path(name).write_text(f"案号,案情,法条\n1,{fact},264\n", encoding="gb18030")
    options = ("--data", "own", "--extra", "criminal-law", "--extra", "extra.table")
    columns = ("--fact-field", "案情", "--articles-field", "法条", "--id-field", "案号")
    written = ("--input-format", "csv", "--encoding", "gb18030", "--no-statute")
    made = lawrec("prepare", *options, *columns, *written, "--set", "corpus.tokenizer=char")
    assert made.exit_code == 0, made.stderr
    n_cases = 1 + len(shipped_path(SHIPPED_EXTRA_CASES).read_text("utf-8").splitlines())
    assert f"extra: {n_cases:,} cases, gb18030 and utf-8, " in made.stdout


def test_the_same_file_cannot_be_extra_and_valid(extra_files):
    refused = lawrec("prepare", "--data", "data", "--extra", "data/valid.json")
    assert refused.exit_code == 1
    assert refused.stderr == (
        "Error: data/valid.json: extra-1 and valid must be different cases, got the same bytes as "
        "data/valid.json. Split the cases again: a model must be tested on cases that are new to "
        "it.\n"
    )
