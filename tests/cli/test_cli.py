"""The group of all commands, and work that takes several of them."""

import errno
import gzip
import json
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from lawrec import __version__
from lawrec.cli import COMMANDS, cli, load_command
from lawrec.cli.shared.option_types import HEADINGS
from lawrec.config import Config
from lawrec.corpus.readers import CaseFormat
from lawrec.decision.objectives import OBJECTIVES
from lawrec.evaluation.metrics import METRICS
from lawrec.translation import current_language
from tests.helpers.cli import json_lines, lawrec
from tests.helpers.damages import reseal


def write_tables(data, folder):
    """Write the splits of `data` as CSV in GB18030: in two packed files, a folder, and a file."""

    def rows(split, start, stop):
        lines = (data / f"{split}.json").read_text("utf-8").splitlines()[start:stop]
        cases = [json.loads(line) for line in lines]
        table = [f"{c['fact']},{'#'.join(c['meta']['relevant_articles'])}\n" for c in cases]
        return "".join(["案情,法条\n", *table]).encode("gb18030")

    (folder / "valid").mkdir(parents=True)
    for number in range(2):
        content = gzip.compress(rows("train", number * 40, number * 40 + 40))
        (folder / f"train-{number}.csv.gz").write_bytes(content)
    (folder / "valid/1.csv").write_bytes(rows("valid", 0, 30))
    (folder / "test.csv").write_bytes(rows("test", 0, 30))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("tune", " Did you mean 'tune-thresholds'?"),
        ("trian", " Did you mean 'train'?"),
        ("qqq", ""),
    ],
)
def test_an_unknown_command_is_refused_with_the_nearest_one(name, hint):
    result = lawrec(name)
    assert result.exit_code == 2
    assert result.stderr.endswith(f"Error: No such command '{name}'.{hint}\n")


@pytest.mark.parametrize(
    ("words", "wrong", "hint"),
    [
        ("export bundle", "--model", " Did you mean '--run'?"),
        ("tune-thresholds", "--model", " Did you mean '--run'?"),
        ("info", "--run", " Did you mean '--model'?"),
        ("doctor", "--run", ""),
    ],
)
def test_the_wrong_option_for_a_run_is_refused_with_the_right_one(words, wrong, hint):
    result = lawrec(*words.split(), wrong, "mine")
    assert result.exit_code == 2
    assert result.stderr.endswith(f"Error: No such option '{wrong}'.{hint}\n")


def all_commands():
    """Yield the words and the command of each command and of each command of a group."""
    for name in COMMANDS:
        command = load_command(name)
        yield [name], command
        for part, subcommand in getattr(command, "commands", {}).items():
            yield [name, part], subcommand


ALL = {" ".join(words): command for words, command in all_commands()}


@pytest.mark.parametrize("name", ["", *ALL])
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_explains_itself(name, option):
    result = lawrec(*name.split(), option)
    assert result.exit_code == 0
    assert result.stdout.startswith(" ".join(["Usage: cli", *name.split()]))
    assert "--help" in result.stdout


def test_the_commands_are_listed_in_the_order_of_the_work():
    listed = lawrec("--help").stdout.partition("Commands:\n")[2]
    assert [line.split()[0] for line in listed.splitlines()] == [
        *("audit", "split", "prepare", "verify", "embed", "train", "search"),
        *("tune-thresholds", "baseline", "evaluate", "predict", "serve", "export", "info"),
        *("articles", "doctor"),
    ]


@pytest.mark.parametrize("group", ["", "articles", "export"])
def test_no_summary_of_a_command_is_shortened(group):
    listed = lawrec(*group.split(), "--help").stdout.partition("Commands:\n")[2]
    assert listed
    assert "..." not in listed


@pytest.mark.parametrize("name", ALL)
def test_every_option_has_a_help_text(name):
    options = [part for part in ALL[name].params if isinstance(part, click.Option)]
    assert [option.opts for option in options if not option.help] == []


def test_each_option_with_a_heading_exists_and_has_one_heading():
    headed = [name for names in HEADINGS.values() for name in names]
    assert len(headed) == len(set(headed))
    assert set(headed) <= {part.name for command in ALL.values() for part in command.params}


@pytest.mark.parametrize("name", ALL)
def test_every_command_has_a_language_and_those_with_progress_can_be_quiet_or_verbose(name):
    names = {part.name for part in ALL[name].params}
    quick = {"export", "articles", *(n for n in ALL if n.startswith("articles "))}
    assert ({"quiet", "verbose"} <= names) == (name not in quick)
    assert ("language" in names) == (name not in ("export", "articles"))


@pytest.mark.parametrize("name", ALL)
def test_an_output_is_a_path_and_a_format_is_a_choice(name):
    options = {option: part for part in ALL[name].params for option in part.opts}
    if "--output" in options:
        assert options["-o"] is options["--output"]
        assert isinstance(options["--output"].type, click.Path)
    for option in ("--format", "--input-format"):
        assert isinstance(options[option].type, click.Choice) if option in options else True


@pytest.mark.parametrize(
    ("name", "option", "shown"),
    [
        ("train", "--epochs", "[default: of the preset]"),
        ("train", "--seed", f"[default: {Config().training.seed}]"),
        ("audit", "--max-tokens", f"[default: {Config().corpus.max_tokens}; x>=1]"),
        ("tune-thresholds", "--strategy", "[default: as in training, best unless changed there]"),
        (
            "tune-thresholds",
            "--coverage",
            "[default: as in training, 0.0 unless changed there] [0<=x<1]",
        ),
        ("predict", "--fact-field", f"[default: {CaseFormat().fact_field}]"),
    ],
)
def test_defaults_are_those_of_the_settings(name, option, shown):
    text = " ".join(lawrec(name, "--help").stdout.split())
    explained = text.partition(f" {option} ")[2].partition(" --")[0]
    assert shown in explained


def test_help_needs_nothing_slow():
    words = [f"lawrec.cli.{name.replace('-', '_')}" for name in COMMANDS]
    slow = ("tensorflow", "keras", "pandas", "sklearn", "matplotlib", "jieba", "pyarrow", "rensa")
    code = f"import sys, {', '.join(words)}; print(*set({slow!r}) & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_help_of_all_imports_no_command():
    code = (
        "import sys; from lawrec.cli import cli; cli(['--help'], standalone_mode=False); "
        "print([name for name in sys.modules if name.startswith('lawrec.cli.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("\n['lawrec.cli.shared', 'lawrec.cli.shared.printing']\n")


def test_a_misspelled_command_names_the_nearest():
    result = lawrec("tain")
    assert result.exit_code == 2
    assert "train" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tain"], "没有 'tain' 这个命令。是否想写 'train'？"),
        (["predict", "--engin=x", "--language=zh"], "没有 '--engin' 这个选项。"),
        (["predict", "--threshold=2"], "'--threshold' 的值无效：2.0 不在范围 0<=x<=1 内。"),
        (["predict", "--date=1"], "'--date' 的值无效：'1' 不是日期：请写成 YYYY-MM-DD。"),
        (["predict", "--window"], "选项 '--window' 需要一个值。"),
        (["split", "a.json"], "缺少选项 '-o' / '--output'。"),
        (["split"], "缺少参数 'FILE...'。"),
        (["train", "--dry-run", "--resume"], "--dry-run 和 --debug 用于新的训练"),
    ],
)
def test_a_usage_error_is_in_chinese_where_the_locale_is(arguments, message, monkeypatch):
    monkeypatch.setenv("LANGUAGE", "zh_CN")
    result = lawrec(*arguments)
    assert result.exit_code == 2
    assert f"错误：{message}" in result.stderr
    heads = {re.split("[：' ]", line)[0] for line in result.stderr.splitlines()}
    assert heads <= {"用法", "用", "", "错误"}


@pytest.mark.parametrize("environment", ["zh", "en"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_error_is_in_the_language_of_the_option(language, environment, tmp_path, monkeypatch):
    monkeypatch.setenv("LANGUAGE", environment)
    path = tmp_path / "none.json"
    result = lawrec("split", path, "-o", tmp_path / "out", "--language", language)
    assert result.exit_code == 1
    assert (
        result.stderr
        == {
            "zh": f"错误：{path}：文件必须可读；实际：没有这个文件或文件夹。请检查路径。\n",
            "en": f"Error: {path}: the file must be readable, got No such file or directory. "
            "Check the path.\n",
        }[language]
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{1", "每行必须是一个 JSON 对象；实际：无效的 JSON（此处应为双引号内的键：第 1 行第 2 列"),
        ('{"fact": ""}', "案情不能为空；实际：''。请写上案情。也可以用 --skip-bad 跳过这样的行。"),
        ('{"fact": "theft"}', "案情必须含有中文；实际：'theft'。请用中文写案情。也可以用"),
        ('{"fact": "盗", "articles": {}}', "必须是条文的列表"),
    ],
)
def test_a_bad_line_is_described_in_chinese(line, message, tmp_path):
    path = tmp_path / "cases.json"
    path.write_text(f"{line}\n", encoding="utf-8")
    result = lawrec("split", path, "-o", tmp_path / "out", "--language", "zh", "-q")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"错误：{path}:1：")
    assert message in result.stderr


def test_the_language_of_one_command_is_not_that_of_the_next(monkeypatch):
    monkeypatch.setenv("LANGUAGE", "en")
    assert "必须是已知的条文" in lawrec("articles", "show", "999", "--language", "zh").stderr
    assert lawrec("articles", "show", "999").stderr.startswith("Error: ARTICLE: every article ")
    assert current_language() == "en"


@pytest.mark.parametrize(
    "arguments",
    [
        ["predict", "--threshold", "nan"],
        ["tune-thresholds", "--coverage", "nan"],
        ["audit", "data", "--near-duplicate-threshold", "nan"],
        ["split", "data", "-o", "out", "--near-duplicate-threshold", "nan"],
        ["split", "data", "-o", "out", "--ratios", "nan,0.1,0.1"],
        ["split", "data", "-o", "out", "--ratios", "inf,0.1,0.1"],
    ],
)
def test_a_number_that_is_none_is_a_usage_error(arguments):
    result = lawrec(*arguments)
    assert result.exit_code == 2
    assert "Invalid value" in result.stderr


@pytest.mark.parametrize(
    ("words", "incomplete", "expected"),
    [
        ([], "t", ["train", "tune-thresholds"]),
        (["train"], "--ep", ["--epochs"]),
        (["export", "cail"], "--out", ["--output"]),
    ],
)
def test_a_shell_completes_commands_and_options(words, incomplete, expected):
    completion = ShellComplete(cli, {}, "lawrec", "_LAWREC_COMPLETE")
    completions = completion.get_completions(words, incomplete)
    assert [item.value for item in completions] == expected


def test_completing_options_imports_no_numpy():
    code = (
        "import sys; from click.shell_completion import ShellComplete as Shell; "
        "from lawrec.cli import cli; shell = Shell(cli, {}, 'lawrec', '_LAWREC_COMPLETE'); "
        f"print(*(len(shell.get_completions(words.split(), '--')) for words in {[*ALL]})); "
        "print({'numpy', 'pandas', 'tensorflow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    completed, slow = done.stdout.splitlines()
    assert len(completed.split()) == len(ALL)
    assert "0" not in completed.split()
    assert slow == "set()"


def test_a_shell_completes_the_keys_of_a_registry():
    completion = ShellComplete(cli, {}, "lawrec", "_LAWREC_COMPLETE")
    completions = completion.get_completions(["tune-thresholds", "--objective"], "")
    assert [item.value for item in completions] == list(OBJECTIVES)


@pytest.mark.parametrize("name", ALL)
def test_the_default_of_a_format_is_the_first_of_its_registry(name):
    defaults = [
        (part.default, part.type.choices[0])
        for part in ALL[name].params
        if part.name == "output_format" and isinstance(part.default, str)
    ]
    assert all(default == first for default, first in defaults)


def test_a_traceback_is_shown_on_demand(tmp_path):
    quiet = lawrec("split", tmp_path / "none.json", "-o", tmp_path / "out")
    verbose = lawrec("split", tmp_path / "none.json", "-o", tmp_path / "out", "-v")
    assert quiet.exit_code == verbose.exit_code == 1
    assert verbose.stderr.startswith("Traceback (most recent call last):\n")
    assert verbose.stderr.endswith(quiet.stderr)


def test_version_is_the_package_version():
    assert lawrec("--version").stdout == f"lawrec, version {__version__}\n"


def test_a_full_disk_is_reported_without_a_traceback(monkeypatch):
    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device", "data/records/x")

    monkeypatch.setattr("lawrec.config_sources.load", full)
    result = lawrec("prepare")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: data/records/x: files here must be readable and writable, got No space left on "
        "device. Free some space or choose another folder.\n"
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux")
@pytest.mark.parametrize(
    ("output", "where", "got", "todo"),
    [
        ("/dev/full", "/dev/full", "No space left on device", "Free some space"),
        ("/dev/full/x", "/dev/full", "File exists", "Choose another path"),
        ("broken/x", "broken", "File exists", "Choose another path"),
        ("circle/x", "circle", "File exists", "Choose another path"),
    ],
)
def test_what_is_in_the_way_of_a_result_is_named(tmp_path, monkeypatch, output, where, got, todo):
    monkeypatch.chdir(tmp_path)
    Path("broken").symlink_to("absent")
    Path("circle").symlink_to("circle")
    Path("facts.json").write_text('{"fact": "盗窃", "articles": [264]}\n', "utf-8")
    result = lawrec("audit", "facts.json", "--json", output)
    assert result.exit_code == 1
    assert f"Error: {where}: " in result.stderr
    assert f", got {got}. {todo}" in result.stderr


def test_a_name_that_is_too_long_is_said_to_be_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "facts.json").write_text('{"fact": "盗窃", "articles": [264]}\n', encoding="utf-8")
    name = "案" * 90
    for arguments in (("audit", name), ("audit", "facts.json", "--fix", name)):
        result = lawrec(*arguments)
        assert result.exit_code == 1
        assert result.stderr == (
            f"Error: {name!r}: the path must be short enough for the file system, got File name "
            "too long. Choose a shorter name.\n"
        )


@pytest.mark.tensorflow
def test_train_tune_evaluate_info_from_nothing(tiny_data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small = [f"--set={part}" for part in ("model.lstm_units=8", "training.epochs=2")]
    trained = lawrec("train", "--data", tiny_data, *small, "--set=corpus.tokenizer=char")
    assert trained.exit_code == 0, trained.stderr
    assert "Preparing the cases of" in trained.stderr
    assert "epoch 2, step" in trained.stderr
    run = trained.stdout.strip()
    assert (tmp_path / "checkpoints/LATEST").read_text() == run.removeprefix("checkpoints/") + "\n"

    tuned = lawrec("tune-thresholds")
    assert tuned.exit_code == 0, tuned.stderr
    assert tuned.stdout.startswith("Strategies by CAIL score, cross-validated\n")
    assert f" on 30 cases of {tiny_data / 'valid.json'}\n3 of 3 articles" in tuned.stdout

    evaluated = lawrec("evaluate", "--format", "json")
    assert evaluated.exit_code == 0, evaluated.stderr
    report = json.loads(evaluated.stdout)
    assert report["cases"] == 30
    assert report["metrics"].keys() == METRICS.keys()
    assert list(report["baselines"]) == ["most frequent article", "no article"]
    assert report["baselines"]["no article"]["micro_f1"] == 0
    assert (tmp_path / run / "evaluation-test.csv").read_text("utf-8").count("\n") == 4

    info = lawrec("info")
    assert info.exit_code == 0, info.stderr
    assert re.search("^thresholds +3 of 3 articles$", info.stdout, re.MULTILINE)
    assert " preset base, corpus.tokenizer=char, model.lstm_units=8," in info.stdout
    assert (
        json.loads(lawrec("info", "--format", "json").stdout)["config"]["training"]["epochs"] == 2
    )


@pytest.mark.tensorflow
def test_cases_with_other_fields_and_encodings_are_read_likewise_by_all_commands(
    tiny_data, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    write_tables(tiny_data, tmp_path / "data")
    fields = ("--fact-field", "案情", "--articles-field", "法条", "--articles-separator", "#")
    small = [f"--set={part}" for part in ("model.lstm_units=8", "training.epochs=1")]
    small.append("--set=corpus.tokenizer=char")
    prepared = lawrec("prepare", "--data", "data", *fields)
    assert "train: 80 cases, gb18030," in prepared.stdout
    assert "valid: 30 cases, gb18030," in prepared.stdout
    trained = lawrec("train", "--data", "data", *fields, *small)
    assert trained.exit_code == 0, trained.stderr
    for command in (["train", "--resume"], ["tune-thresholds"], ["evaluate"]):
        result = lawrec(*command)
        assert result.exit_code == 0, result.stderr

    refused = lawrec("evaluate", *fields)
    assert refused.exit_code == 2
    assert "name other cases with --data" in refused.stderr
    same = lawrec("evaluate", "--data", "data/train-*.csv.gz", *fields)
    assert "must differ from those used to train, got the same file" in same.stderr
    unnamed = lawrec("evaluate", "--data", "data/test.csv")
    assert 'the table must have a column "fact"' in unnamed.stderr
    report = lawrec("evaluate", "--data", "data/tes?.csv", "--format", "json", *fields)
    assert json.loads(report.stdout)["cases"] == 30
    assert (tmp_path / trained.stdout.strip() / "evaluation-data-tes.json").is_file()

    both = lawrec("predict", "data/test.csv", "data/valid", *fields[:2])
    assert [line["case_id"] for line in json_lines(both)] == [
        f"{name}:{line}" for name in ("test.csv", "1.csv") for line in range(2, 32)
    ]
    piped = lawrec(
        *("predict", "-", "--input-format", "csv", *fields[:2]),
        stdin=(tmp_path / "data/test.csv").read_bytes(),
    )
    first = {**json_lines(both)[0], "case_id": "2"}
    assert json_lines(piped)[0] == first


@pytest.mark.tensorflow
def test_cases_used_to_train_or_tune_are_refused(at_run):
    for data, use in (("train", "train"), ("valid", "tune")):
        result = lawrec("evaluate", "--data", at_run.data / f"{data}.json")
        assert result.exit_code == 1
        assert f"the cases must differ from those used to {use}, got the same file" in result.stderr
    result = lawrec("tune-thresholds", "--data", at_run.data / "train.json")
    assert result.exit_code == 1
    assert "to tune, the cases must differ from those used to train" in result.stderr


@pytest.mark.tensorflow
def test_changed_valid_cases_are_noticed(tiny_data, tmp_path, monkeypatch, own_run):
    text = (own_run / "run.json").read_text(encoding="utf-8")
    moved = text.replace(str(tiny_data / "valid.json"), str(tmp_path / "gone.json"))
    (own_run / "run.json").write_text(moved, encoding="utf-8")
    reseal(own_run)
    result = lawrec("tune-thresholds")
    assert result.exit_code == 1
    assert "must be as they were when the run was trained, got No such file" in result.stderr
