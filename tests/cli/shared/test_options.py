"""What the shared options become, and under which headings the help lists them."""

from datetime import date
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from lawrec.cli import cli
from lawrec.cli.shared import option_types, option_values, options
from lawrec.config import Config, LossConfig
from lawrec.corpus.readers import CaseFormat
from lawrec.corpus.records.dataset_spec import DatasetSpec
from lawrec.progress import SILENT
from tests.helpers.cli import lawrec


def values(*arguments, decorators=(options.data,)):
    """Return what a command gets from its arguments."""
    results = []

    @options.compose_options(click.command(cls=option_types.HeadedCommand), *decorators)
    def command(**arguments):
        results.append((arguments, option_values.is_given(*arguments)))

    result = CliRunner().invoke(command, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return results[0] if results else result.stdout


def write_empty_run():
    """Write the file that a run is known by, with nothing in it, and make that run the newest."""
    Path("checkpoints/first").mkdir(parents=True)
    Path("checkpoints/first/run.json").write_text("{}", "utf-8")
    Path("checkpoints/LATEST").write_text("first\n", "utf-8")


def test_given_arguments_are_those_of_the_chosen_options_as_they_were_given():
    results = []

    @options.compose_options(click.command(), options.data)
    def command(**arguments):
        results.append(option_values.given_arguments(arguments.keys() - {"preset"}))

    given = ["--extra", "a b", "--extra", "c", "--any-label", "--id-field", "id", "--encoding"]
    CliRunner().invoke(command, ["--preset", "tiny", *given, "utf-8"], catch_exceptions=False)
    assert results == [(*given, "utf-8")]


def test_without_options_everything_has_its_default():
    arguments, given = values()
    assert not given
    assert option_values.case_format_from(arguments) == CaseFormat()
    assert option_values.dataset_spec_from(arguments, Config()) == DatasetSpec()


@pytest.mark.parametrize(
    ("option", "value", "name"),
    [
        ("--fact-field", "", "fact_field"),
        ("--articles-field", "", "articles_field"),
        ("--articles-separator", " ", "separator"),
        ("--input-format", "csv", "reader"),
        ("--encoding", "gb18030", "encoding"),
    ],
)
def test_a_value_is_kept_even_where_it_is_empty(option, value, name):
    arguments, given = values(option, value)
    assert given
    assert option_values.case_format_from(arguments) == CaseFormat(**{name: value})


def test_a_default_that_is_written_out_counts_as_given():
    assert values("--id-field", "id")[1]


@pytest.mark.parametrize("text", ["2020-02-30", "20200201", "yesterday", ""])
def test_what_is_no_day_is_refused_with_how_to_write_one(text):
    result = lawrec("predict", "--date", text, "--language", "zh")
    assert result.exit_code == 2
    assert "请写成 YYYY-MM-DD。" in result.stderr
    assert "%" not in result.stderr


def test_a_day_is_a_date():
    decorator = click.option("--day", **options.DAY)
    assert values("--day", "2020-02-29", decorators=(decorator,))[0] == {"day": date(2020, 2, 29)}


def test_user_dictionaries_replace_the_shipped_one():
    arguments, _ = values("--user-dict", "a.txt", "--user-dict", "b.txt")
    spec = option_values.dataset_spec_from(arguments, Config())
    assert spec.dictionaries == (Path("a.txt"), Path("b.txt"))


def test_charges_are_learned_where_the_settings_of_the_training_say_so():
    arguments, _ = values()  # a search gets its settings from --fixed as well
    settings = Config(loss=LossConfig(charge_weight=0.5))
    assert option_values.dataset_spec_from(arguments, settings).learn_charges
    assert not option_values.dataset_spec_from(arguments, Config()).learn_charges


def test_a_preset_a_file_and_assignments_make_the_settings(tmp_path):
    (tmp_path / "my.toml").write_text("[training]\nepochs = 2\nseed = 5\n", encoding="utf-8")
    arguments, _ = values(
        *("--preset", "tiny", "--config", str(tmp_path / "my.toml"), "--set", "training.seed=7")
    )
    settings = option_values.settings_from(arguments)
    assert (settings.model.lstm_layers, settings.training.epochs, settings.training.seed) == (
        *(1, 2, 7),
    )


def test_the_help_lists_options_under_headings_in_a_fixed_order():
    decorators = (options.messages, options.device, options.data, options.run)
    lines = values("--help", decorators=decorators).splitlines()
    headings = [line for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert headings == [
        *("Data:", "Input format:", "Model and settings:", "Devices:", "Output and help:"),
    ]


@pytest.mark.parametrize(("arguments", "is_silent"), [([], False), (["-q"], True)])
def test_quiet_shows_no_progress(arguments, is_silent):
    seen = []

    @click.command()
    @options.messages
    def command():
        with option_values.show_progress() as progress:
            seen.append(progress is SILENT)

    CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert seen == [is_silent]


@pytest.mark.parametrize("value", ["nan", "-0.1", "1.1", "inf", "x"])
def test_a_number_outside_its_range_is_refused(value):
    with pytest.raises(click.BadParameter):
        option_types.FloatRange(0, 1).convert(value, None, None)


IN_PLACE = [
    ("predict", "cases.jsonl", "-o", "cases.jsonl"),
    ("predict", "cases.jsonl", "--bad-lines", "here/../cases.jsonl"),
    ("predict", ".", "-o", "link.jsonl"),
    ("evaluate", "--data", ".", "--html", "cases.jsonl"),
    ("predict", "*.jsonl", "--output", "cases.jsonl"),
    ("audit", "cases.jsonl", "--json", "cases.jsonl"),
    ("audit", "cases.jsonl", "--article-list", "law.txt", "--html", "law.txt"),
    ("evaluate", "--data", "cases.jsonl", "--cail", "cases.jsonl"),
    ("embed", "cases.jsonl", "-o", "cases.jsonl"),
    ("serve", "--api-key-file", "law.txt", "--feedback", "law.txt"),
    ("predict", "file://HERE/cases.jsonl", "-o", "cases.jsonl"),
    ("predict", "cases.jsonl", "--model", "b.lawrec", "-o", "b.lawrec"),
    ("predict", "cases.jsonl", "--checkpoints", ".", "--model", "b.lawrec", "-o", "./b.lawrec"),
    ("evaluate", "--data", "cases.jsonl", "--model", "b.lawrec", "--html", "b.lawrec"),
    ("evaluate", "--compare", "first", "--compare", "b.lawrec", "--html", "b.lawrec"),
    ("serve", "--model", "b.lawrec", "--feedback", "b.lawrec"),
    ("export", "cail", "--article-list", "law.txt", "-o", "law.txt"),
    ("export", "bundle", "--run", "first", "-o", "checkpoints/first/run.json"),
]


@pytest.mark.parametrize("arguments", IN_PLACE, ids=" ".join)
def test_a_file_that_is_read_is_not_replaced(tmp_path, monkeypatch, arguments):
    """ftfy once left an empty file where a user named the same file twice."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    cases = '{"fact": "盗窃", "articles": ["264"]}\n'
    Path("cases.jsonl").write_text(cases, "utf-8")
    Path("law.txt").write_text("264\n", "utf-8")
    Path("link.jsonl").hardlink_to("cases.jsonl")
    Path("b.lawrec").write_text("a bundle", "utf-8")
    write_empty_run()
    result = CliRunner().invoke(cli, [text.replace("HERE", str(tmp_path)) for text in arguments])
    assert result.exit_code == 2
    assert f"would replace {Path(arguments[-1])}, which is read: name another." in result.stderr
    assert Path("cases.jsonl").read_text("utf-8") == cases
    assert Path("law.txt").read_text("utf-8") == "264\n"
    assert Path("b.lawrec").read_text("utf-8") == "a bundle"


@pytest.mark.parametrize(
    "arguments",
    [
        ("export", "bundle", "-o", "checkpoints/first/best/new.lawrec"),
        ("evaluate", "--model", "first", "--html", "checkpoints/first/page.html"),
        ("evaluate", "--model", "none", "--compare", "first", "--cail", "link/a.jsonl"),
        ("export", "savedmodel", "-o", "checkpoints/first/new"),
        ("export", "savedmodel", "-o", "link"),
        ("predict", "-", "--format", "json", "--output-folder", "link/answers"),
    ],
    ids=" ".join,
)
def test_nothing_is_written_into_a_run_that_is_read(tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    write_empty_run()
    Path("link").symlink_to("checkpoints/first")
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2
    assert "would write into the run checkpoints/first: name another." in result.stderr
    assert [file.name for file in Path("link").iterdir()] == ["run.json"]


def test_a_folder_that_is_no_run_may_be_written_into(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("facts.txt").write_text("盗窃。\n", "utf-8")
    result = CliRunner().invoke(cli, ["predict", "facts.txt", "--model", ".", "-o", "a.csv"])
    assert result.exit_code == 1
    assert "would write into" not in result.stderr


def test_a_result_may_lie_beside_the_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_empty_run()
    result = CliRunner().invoke(cli, ["export", "bundle", "-o", "checkpoints/first.lawrec"])
    assert result.exit_code == 1
    assert "Error: checkpoints/first: the run must have version" in result.stderr


def test_a_circle_of_links_may_be_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_empty_run()
    Path("circle").symlink_to("circle")
    result = CliRunner().invoke(cli, ["export", "bundle", "-o", "circle"])
    assert "Error: checkpoints/first: the run must have version" in result.stderr


def test_two_results_do_not_go_to_one_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["audit", "x.json", "--json", "a", "--html", "./a"])
    assert result.exit_code == 2
    assert "--json and --html need files of their own." in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_older_result_is_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("cases.jsonl").write_text('{"fact": "盗窃", "articles": ["264"]}\n', "utf-8")
    Path("report.json").write_text("older", "utf-8")
    result = CliRunner().invoke(cli, ["audit", "cases.jsonl", "--json", "report.json", "-q"])
    assert result.exit_code == 0
    assert Path("report.json").read_text("utf-8").startswith("{")


@pytest.mark.parametrize(
    "arguments",
    [
        ("predict", "a.txt", "-o", "s3://bucket/a.jsonl"),
        ("predict", "a.txt", "--bad-lines", "s3://bucket/a.jsonl"),
        ("audit", "a.json", "--fix", "s3://bucket/a"),
        ("split", "a.json", "-o", "gs://bucket/a"),
        ("export", "bundle", "-o", "s3://bucket/a.lawrec"),
    ],
    ids=" ".join,
)
def test_nothing_is_written_to_a_folder_with_the_name_of_a_uri(tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2
    assert "what is written must be on this machine, not at a URI." in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [("predict", "a.txt"), ("split", "a.json")], ids=" ".join)
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("-", '"-" does not stand for stdout: name a path or omit the option.'),
        ("", "the path must not be empty."),
    ],
)
def test_what_is_no_name_of_a_result(tmp_path, monkeypatch, arguments, name, message):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, (*arguments, "-o", name))
    assert result.exit_code == 2
    assert message in result.stderr
    assert list(tmp_path.iterdir()) == []
