"""The documentation: its help texts are the program's, and the commands of the README run."""

import importlib.util
import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from lawrec.cli import COMMANDS, cli, load_command
from lawrec.ranking.pair_features import MODEL_FEATURES, PAIR_FEATURES

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.zh.md")
PAGES = (
    *(path.name for path in ROOT.glob("*.md")),
    *(f"docs/{path.name}" for path in ROOT.glob("docs/*.md")),
)
SMALL = shlex.split(
    "--set training.epochs=1 --set model.lstm_units=8 --set model.embedding_size=8 "
    "--set training.batch_tokens=20000"
)


def commands(name):
    """Return the `lawrec` commands of a README's sh blocks, in order."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)
    lines = "".join(blocks).splitlines()
    return [line.split("  #")[0].strip() for line in lines if line.startswith("lawrec ")]


def script(name):
    """Return docs/NAME.py as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"docs/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_help_texts_are_what_the_program_prints():
    written = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    assert written == script("make_commands").commands_text(), "run: python docs/make_commands.py"


def test_the_tree_of_modules_is_that_of_the_code():
    written = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    assert written == script("make_tree").page_text(), "run: python docs/make_tree.py"


def test_the_reference_has_every_module():
    pages = "".join(path.read_text("utf-8") for path in ROOT.glob("docs/reference/*.md"))
    documented = set(re.findall(r"^::: lawrec\.(\w+)$", pages, re.MULTILINE))
    modules = {path.stem for path in ROOT.glob("lawrec/[!_]*.py")}
    packages = {path.parent.name for path in ROOT.glob("lawrec/*/__init__.py")} - {"cli"}
    assert documented == modules | packages


@pytest.mark.parametrize("page", PAGES)
def test_the_options_of_a_pages_commands_exist(page):
    text = (ROOT / page).read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    for line in re.findall(r"\blawrec ([^|;&#<>\n]*)", blocks):
        name, *words = line.split()
        command = load_command(name) if name in COMMANDS else cli
        if isinstance(command, click.Group) and words:
            command = command.commands.get(words[0], command)
        known = {option for each in command.params for option in each.opts + each.secondary_opts}
        used = {word.partition("=")[0] for word in [name, *words] if word.startswith("-")}
        assert used <= known | {"-h", "--help"}, f"lawrec {line}"


@pytest.mark.parametrize("page", PAGES)
def test_the_files_that_a_page_names_exist(page):
    named = re.findall(r"`((?:\w+/)+\w+\.py)`", (ROOT / page).read_text("utf-8"))
    assert [
        path for path in named if not any((ROOT / top / path).exists() for top in ("", "lawrec"))
    ] == []


def test_every_feature_of_the_second_stage_has_its_row():
    page = (ROOT / "docs/ranking.md").read_text("utf-8")
    tables = page[page.index("## The second stage") : page.index("## Which features matter")]
    rows = re.findall(r"^\| `([^`]+)` \|", tables, re.MULTILINE)
    of_models = [name.removeprefix("{0}: ") for name in MODEL_FEATURES]
    assert rows == [*of_models, *PAIR_FEATURES]


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


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_to_files(name):
    path = ROOT / name
    for target in re.findall(r"\]\(([^)#: ]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


@pytest.mark.tensorflow
def test_the_readmes_commands_run_in_their_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    facts = (ROOT / "data/sample/facts.txt").read_text(encoding="utf-8")
    Path("facts.txt").write_text(facts, encoding="utf-8")
    Path("data").mkdir()
    for name in ("mine", "data/sample"):
        Path(name).symlink_to(ROOT / "data/sample")
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
