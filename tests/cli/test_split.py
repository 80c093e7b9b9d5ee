"""`lawrec split` from outside, and `lawrec audit` on the same files."""

import click
import pytest

from lawrec.cli import load_command
from lawrec.corpus.splitting.stratified_split import SplitSettings
from tests.helpers.cli import FIELDS, audit_sizes, lawrec


def test_audit_and_split_read_what_the_options_say(table, tmp_path):
    result = lawrec("audit", table, *FIELDS, "--fix", "fixed")
    assert result.exit_code == 0, result.stderr
    assert audit_sizes(result) == ["mine 20 20 100.0% 60 60 gb18030"]
    assert audit_sizes(lawrec("audit", "fixed/mine.json")) == ["mine 20 20 100.0% 60 60 utf-8"]

    result = lawrec("split", table, "--output", "out", *FIELDS)
    assert result.exit_code == 0, result.stderr
    assert "20 cases in 20 groups" in result.stdout
    assert [size.split()[0] for size in audit_sizes(lawrec("audit", "out"))] == [
        "train",
        "valid",
        "test",
    ]


def test_audit_and_split_of_a_table_with_other_names_say_how_to_name_them(table):
    for arguments in (["audit", table], ["split", table, "--output", "out"]):
        result = lawrec(*arguments)
        assert result.exit_code == 1
        assert 'mine.csv.gz:1: the table must have a column "fact"' in result.stderr
        assert "--fact-field" in result.stderr


@pytest.mark.parametrize(
    "files", [("a.json", "a.json"), (".", "a.json"), ("*.json", "./a.json"), ("b/../a.json", ".")]
)
def test_split_takes_each_file_once(tmp_path, monkeypatch, files):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b").mkdir()
    (tmp_path / "a.json").write_text('{"fact": "盗窃", "articles": [264]}\n')
    result = lawrec("split", *files, "--output", "out")
    assert result.exit_code == 2
    assert "a.json is named twice" in " ".join(result.stderr.split())
    assert not (tmp_path / "out").exists()


def test_the_defaults_are_those_of_the_library():
    command = load_command("split")
    context = click.Context(command)
    values = {option.name: option.get_default(context) for option in command.params}
    defaults = SplitSettings()
    assert values["ratios"] == ",".join(map(str, defaults.ratios))
    assert values["split_seed"] == defaults.seed
    assert values["near_duplicate_threshold"] == defaults.threshold


def test_split_writes_three_splits(faulty_data, tmp_path):
    result = lawrec("split", "data/train.json", "--output", "out", "--skip-bad")
    assert result.exit_code == 0
    assert result.stdout == (
        "out\n\n"
        "  Split   Cases   Share   Articles\n"
        " ──────────────────────────────────\n"
        "  train      17   81.0%     1 of 1\n"
        "  valid       2    9.5%     1 of 1\n"
        "  test        2    9.5%     1 of 1\n\n"
        "21 cases in 21 groups of near-duplicates, none divided; 1 article in every split; "
        "1 lines skipped (skipped.jsonl)\n"
    )
    assert len((tmp_path / "out/train.json").read_text().splitlines()) == 17


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--output", "out"], 1, "data/train.json:21: a line must be one JSON object"),
        (["--output", "data", "--skip-bad"], 1, "data: the folder must be new or empty"),
        (["--output", "out", "--ratios", "0.5,0.5"], 1, "--ratios: the ratios of train, valid and"),
        (
            ["--output", "out", "--ratios", "much"],
            2,
            "write three numbers, for example 0.8,0.1,0.1.",
        ),
        (["--output", "out", "--seed", "-5"], 2, "-5 is not in the range x>=0"),
        ([], 2, "Missing option '-o' / '--output'"),
    ],
)
def test_what_split_refuses(faulty_data, options, code, message):
    result = lawrec("split", "data/train.json", *options)
    assert result.exit_code == code
    assert message in result.stderr


def test_a_quiet_split_prints_its_result_alone(faulty_data):
    arguments = ("split", "data/train.json", "--skip-bad", "--output")
    quiet, loud = lawrec(*arguments, "a", "--quiet"), lawrec(*arguments, "b")
    assert quiet.exit_code == loud.exit_code == 0
    assert quiet.stderr == ""
    assert loud.stderr != ""
    assert quiet.stdout.splitlines()[1:] == loud.stdout.splitlines()[1:]
