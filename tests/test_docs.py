"""The documentation: its help texts are the program's, and the commands of the README run."""

import importlib.util
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from lawrec.cli import cli

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.zh.md")
SMALL = shlex.split(
    "--set training.epochs=1 --set model.lstm_units=8 --set model.embedding_size=8 "
    "--set training.batch_tokens=20000"
)


def commands(name):
    """Return the `lawrec` commands of a README's sh blocks, in order."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)
    lines = "".join(blocks).splitlines()
    return [line.split("  #")[0].strip() for line in lines if line.startswith("lawrec ")]


def test_the_help_texts_are_what_the_program_prints():
    spec = importlib.util.spec_from_file_location("make_commands", ROOT / "docs/make_commands.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    assert written == module.commands_text(), "run: python docs/make_commands.py"


def test_both_readmes_have_the_same_commands():
    assert commands("README.md") == commands("README.zh.md") != []


@pytest.mark.parametrize("name", READMES)
def test_readmes_begin_with_the_two_commands_that_set_everything_up(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    first_block = re.search(r"```sh\n(.*?)```", text, re.DOTALL)[1]
    assert [line.split("#")[0].strip() for line in first_block.splitlines()] == [
        "make run",
        "make test",
    ]


@pytest.mark.parametrize("name", READMES)
def test_links_lead_to_files(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / target).exists(), target


@pytest.mark.tensorflow
def test_the_readmes_commands_run_in_their_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    facts = (ROOT / "data/sample/facts.txt").read_text(encoding="utf-8")
    Path("facts.txt").write_text(facts, encoding="utf-8")
    Path("mine").symlink_to(ROOT / "data/sample")
    for command in commands("README.md"):
        text, _, stdin = command.partition(" < ")
        text, _, output = text.partition(" > ")
        arguments = shlex.split(text)[1:]
        if arguments[0] == "train" and "--resume" not in arguments:
            arguments += SMALL
        facts_in = Path(stdin).read_text(encoding="utf-8") if stdin else None
        result = CliRunner().invoke(cli, arguments, input=facts_in, catch_exceptions=False)
        assert result.exit_code == 0, f"{command}: {result.stderr}"
        if output:
            Path(output).write_text(result.stdout, encoding="utf-8")
    assert facts.count("\n") == Path("answers.jsonl").read_text(encoding="utf-8").count("\n")
