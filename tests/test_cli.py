"""The commands, from outside: what goes in on stdin or as files, what comes out, and exit codes."""

import csv
import errno
import gzip
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from lawrec import __version__
from lawrec.cli import cli

THEFT = "被告人张某在本市某路秘密窃取钱包，后被抓获。"
DRUNK = "当日晚上，被告人李某醉酒驾驶轿车，经鉴定。"


def lawrec(*arguments, stdin=None):
    return CliRunner().invoke(cli, [str(part) for part in arguments], input=stdin)


def answers(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


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


@pytest.fixture
def at_run(trained, monkeypatch):
    monkeypatch.chdir(trained.root)
    return trained


@pytest.fixture
def own_run(trained, tmp_path, monkeypatch):
    """Copy the trained workplace, for a test that changes it."""
    shutil.copytree(trained.root, tmp_path / "own")
    monkeypatch.chdir(tmp_path / "own")
    return next(path.parent for path in (tmp_path / "own").glob("checkpoints/*/run.json"))


@pytest.mark.parametrize("command", [[], *([name] for name in cli.commands)])
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_explains_itself(command, option):
    result = lawrec(*command, option)
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage: cli")
    assert "--help" in result.stdout


def test_the_commands_are_listed_in_the_order_of_the_work():
    listed = lawrec("--help").stdout.partition("Commands:\n")[2]
    assert [line.split()[0] for line in listed.splitlines()] == [
        *("audit", "split", "prepare", "verify", "embed", "train", "tune-thresholds"),
        *("evaluate", "predict", "export", "info", "articles", "doctor"),
    ]


def test_version_is_the_package_version():
    assert lawrec("--version").stdout == f"lawrec, version {__version__}\n"


def test_an_unknown_strategy_is_a_usage_error():
    result = lawrec("tune-thresholds", "--strategy", "guess")
    assert result.exit_code == 2
    assert "per-article" in result.stderr


@pytest.mark.parametrize(
    "options", [["--set", "training.epochs=3"], ["--preset", "tiny"], ["--seed", 0]]
)
def test_resume_takes_no_other_settings(options):
    result = lawrec("train", "--resume", *options)
    assert result.exit_code == 2
    assert "--resume goes on with the run's own cases and settings" in result.stderr


@pytest.mark.parametrize("option", ["--dry-run", "--debug"])
def test_a_run_that_goes_on_is_not_rehearsed(option):
    result = lawrec("train", "--resume", option)
    assert result.exit_code == 2
    assert "--dry-run and --debug are for a new training: leave out --resume." in result.stderr


@pytest.mark.parametrize("steps", ["100", "0:3", "5:4", "a:b", ":", "-1:2"])
def test_the_steps_to_trace_are_a_first_and_a_last(steps):
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


def test_texts_need_an_imported_statute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = lawrec("predict", "--text", stdin=THEFT)
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: vocab/statutes/criminal-law: a version of the statute must be imported, got none. "
        "Run `lawrec articles import FILE --effective YYYY-MM-DD`.\n"
    )


def test_a_date_without_text_is_a_usage_error():
    result = lawrec("predict", "--date", "2020-01-01", stdin=THEFT)
    assert result.exit_code == 2
    assert "--date chooses the texts of --text" in result.stderr


def test_a_full_disk_is_told_without_a_traceback(monkeypatch):
    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device", "data/records/x")

    monkeypatch.setattr("lawrec.config.load", full)
    result = lawrec("prepare")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: data/records/x: files here must be readable and writable, got No space left on "
        "device. Free some space or choose another folder.\n"
    )


@pytest.mark.tensorflow
class TestPredict:
    def test_answers_each_line_in_order_as_json(self, at_run):
        result = lawrec("predict", stdin=f"{THEFT}\n{DRUNK}\n")
        assert result.exit_code == 0
        assert [line["case_id"] for line in answers(result)] == ["1", "2"]
        assert [line["articles"] for line in answers(result)] == [["264"], ["133之一"]]
        best = answers(result)[0]["recommendations"][0]
        assert {key: best[key] for key in ("rank", "article", "title", "recommended")} == {
            "rank": 1,
            "article": "264",
            "title": "盗窃罪",
            "recommended": True,
        }
        assert best["score"] >= best["threshold"]

    def test_a_bad_line_is_answered_with_its_error_and_good_ones_as_ever(self, at_run):
        lines = [
            THEFT.encode(),
            b"",
            b"   ",
            b"only Latin",
            "被告人".encode("gb18030"),
            THEFT.encode(),
        ]
        result = lawrec("predict", stdin=b"\n".join(lines) + b"\n")
        found = answers(result)
        assert result.exit_code == 0
        assert [line.get("error", "")[:7] for line in found] == [
            "",
            *(f"stdin:{number}" for number in (2, 3, 4, 5)),
            "",
        ]
        assert "the fact must not be empty" in found[1]["error"]
        assert "the fact must hold Chinese text" in found[3]["error"]
        assert "the text must be in the encoding of its file" in found[4]["error"]
        assert {**found[0], "case_id": "6"} == found[5]
        assert "4 not answered" in result.stderr

    def test_the_answer_to_a_case_does_not_depend_on_its_neighbours(self, at_run):
        alone = answers(lawrec("predict", stdin=THEFT))[0]
        many = lawrec("predict", stdin="\n".join([DRUNK * 2, THEFT, DRUNK] * 50))
        assert all({**line, "case_id": "1"} == alone for line in answers(many)[1::3])

    def test_json_gives_the_best_candidate_even_where_nothing_is_recommended(self, at_run):
        [line] = answers(lawrec("predict", "--threshold", 1, stdin="被告人甲乙丙丁。"))
        assert [entry["rank"] for entry in line["recommendations"]] == [1]
        assert line["articles"] == [
            entry["article"] for entry in line["recommendations"] if entry["recommended"]
        ]

    def test_a_long_fact_is_cut_and_says_so(self, at_run):
        result = lawrec("predict", stdin=(THEFT * 5000)[:100_000])
        assert answers(result)[0]["truncated"] is True
        table = lawrec("predict", "--output", "table", stdin=THEFT * 100)
        assert "The fact is longer than the model reads" in table.stdout

    @pytest.mark.parametrize("stdin", ["", "\n\n", "Latin\n"])
    def test_no_case_at_all_is_an_error(self, at_run, stdin):
        result = lawrec("predict", stdin=stdin)
        assert result.exit_code == 1
        assert "there must be a case" in result.stderr
        assert "Traceback" not in result.stderr

    def test_json_lines_and_csv_are_read_by_format_or_suffix(self, at_run, tmp_path):
        lines = tmp_path / "cases.jsonl"
        lines.write_text(json.dumps({"id": "a7", "fact": THEFT}) + "\n[1]\n", encoding="utf-8")
        table = tmp_path / "cases.csv"
        table.write_text(f'id,fact\na7,"{THEFT}"\n', encoding="utf-8")
        first, broken = answers(lawrec("predict", lines))
        assert first == answers(lawrec("predict", table))[0]
        assert (
            first
            == answers(lawrec("predict", "--format", "csv", stdin=table.read_text("utf-8")))[0]
        )
        assert first["case_id"] == "a7"
        assert "a line must be one JSON object" in broken["error"]

    def test_csv_output_has_a_row_an_article(self, at_run):
        result = lawrec("predict", "--output", "csv", "--candidates", 3, stdin=f"{THEFT}\n \n")
        rows = list(csv.DictReader(io.StringIO(result.stdout)))
        assert [row["case_id"] for row in rows] == ["1", "1", "1", "2"]
        assert [row["recommended"] for row in rows] == ["True", "False", "False", ""]
        assert "must not be empty" in rows[3]["error"]

    def test_the_table_shows_candidates_and_verdicts(self, at_run):
        result = lawrec("predict", "--output", "table", stdin=THEFT)
        assert f"Case 1: {THEFT}"[:30] in result.stdout
        assert "盗窃罪" in result.stdout
        assert result.stdout.count("yes: ") == 1
        assert result.stdout.count("no: ") == 2

    def test_a_pattern_that_fits_nothing_is_named(self, at_run):
        result = lawrec("predict", "no*.txt")
        assert result.exit_code == 1
        assert result.stderr == (
            "Error: no*.txt: the pattern must fit a file, got none. Check the path.\n"
        )

    def test_a_missing_file_is_named(self, at_run):
        result = lawrec("predict", "nowhere.txt")
        assert result.exit_code == 1
        assert result.stderr.startswith(
            "Error: nowhere.txt: the file must be readable, got No such"
        )

    def test_without_a_run_it_says_to_train(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        result = lawrec("predict", stdin=THEFT)
        assert result.exit_code == 1
        assert result.stderr == (
            "Error: checkpoints: there must be a trained run, got none. Run `lawrec train` first.\n"
        )

    def test_without_thresholds_it_says_to_tune_unless_one_is_given(self, own_run):
        (own_run / "thresholds.json").unlink()
        result = lawrec("predict", stdin=THEFT)
        assert result.exit_code == 1
        assert "Run `lawrec tune-thresholds` first." in result.stderr
        assert answers(lawrec("predict", "--threshold", 0.5, stdin=THEFT))[0]["articles"] == ["264"]

    def test_without_a_checkpoint_it_says_to_resume(self, own_run):
        for path in [*own_run.glob("model.ckpt*"), own_run / "checkpoint"]:
            path.unlink()
        shutil.rmtree(own_run / "best")
        result = lawrec("predict", stdin=THEFT)
        assert result.exit_code == 1
        assert "the run must hold a checkpoint that is whole, got none" in result.stderr

    def test_another_tokenizer_version_is_refused(self, own_run):
        text = (own_run / "run.json").read_text(encoding="utf-8")
        (own_run / "run.json").write_text(text.replace('"char"', '"jieba"', 1), encoding="utf-8")
        result = lawrec("predict", stdin=THEFT)
        assert result.exit_code == 1
        assert "the tokenizer must be the run's own" in result.stderr


@pytest.mark.tensorflow
class TestRun:
    def test_train_tune_evaluate_info_from_nothing(self, tiny_data, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        small = [f"--set={part}" for part in ("model.lstm_units=8", "training.epochs=2")]
        trained = lawrec("train", "--data", tiny_data, *small, "--set=corpus.tokenizer=char")
        assert trained.exit_code == 0, trained.stderr
        assert "Preparing the cases of" in trained.stderr
        assert "epoch 2, step" in trained.stderr
        run = trained.stdout.strip()
        assert (tmp_path / "checkpoints/LATEST").read_text() == run.removeprefix(
            "checkpoints/"
        ) + "\n"

        tuned = lawrec("tune-thresholds")
        assert tuned.exit_code == 0, tuned.stderr
        assert tuned.stdout.startswith("Strategies by CAIL score, cross-validated\n")
        assert f" on 30 cases of {tiny_data / 'valid.json'}\n3 of 3 articles" in tuned.stdout

        evaluated = lawrec("evaluate", "--output", "json")
        assert evaluated.exit_code == 0, evaluated.stderr
        report = json.loads(evaluated.stdout)
        assert report["cases"] == 30
        assert list(report["answers"]) == [
            "this run",
            "always the most frequent article",
            "no article",
        ]
        assert report["answers"]["no article"]["micro_f1"] == 0
        assert (tmp_path / run / "evaluation-test.csv").read_text("utf-8").count("\n") == 4

        info = lawrec("info")
        assert info.exit_code == 0, info.stderr
        assert "thresholds   3 of 3 articles" in info.stdout
        assert "settings     preset base, corpus.tokenizer=char, model.lstm_units=8," in info.stdout
        assert (
            json.loads(lawrec("info", "--output", "json").stdout)["config"]["training"]["epochs"]
            == 2
        )

    def test_a_training_is_rehearsed_and_its_first_batch_shown_without_a_run(
        self, tiny_data, tmp_path, monkeypatch
    ):
        monkeypatch.chdir(tmp_path)
        small = ("--set=model.lstm_units=8", "--set=corpus.tokenizer=char", "--epochs", 1)
        result = lawrec("train", "--data", tiny_data, *small, "--dry-run", "--debug")
        assert result.exit_code == 0, result.stderr
        assert result.stdout.startswith("Row 0: articles ")
        assert "\ngradients are finite                yes\n" in result.stdout
        assert "\ncases                 train 80, valid 30, test 30\n" in result.stdout
        assert result.stdout.endswith("\nNo run was made. The records stay.\n")
        assert not (tmp_path / "checkpoints").exists()
        assert (tmp_path / "data/records").exists()

        wild = lawrec(
            *("train", "--data", tiny_data, *small, "--debug"),
            *("--set=model.embedding_stddev=3e38", "--set=model.embedding_init=random"),
        )
        assert wild.exit_code == 1
        assert "gradients are finite                no: " in wild.stdout
        assert wild.stderr.endswith("is not as the model needs it.\n")

    def test_a_run_that_is_over_says_so_when_it_is_to_go_on(self, own_run):
        result = lawrec("train", "--resume")
        assert result.exit_code == 0
        assert "This run is over: " in result.stderr

    def test_cases_of_other_names_encodings_and_files_are_read_so_ever_after(
        self, tiny_data, tmp_path, monkeypatch
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
        assert "name other ones with --data" in refused.stderr
        same = lawrec("evaluate", "--data", "data/train-*.csv.gz", *fields)
        assert "must differ from those used to train, got the same file" in same.stderr
        unnamed = lawrec("evaluate", "--data", "data/test.csv")
        assert 'the table must have a column "fact"' in unnamed.stderr
        report = lawrec("evaluate", "--data", "data/tes?.csv", "--output", "json", *fields)
        assert json.loads(report.stdout)["cases"] == 30
        assert (tmp_path / trained.stdout.strip() / "evaluation-tes_.json").is_file()

        both = lawrec("predict", "data/test.csv", "data/valid", *fields[:2])
        assert [line["case_id"] for line in answers(both)] == [
            f"{name}:{line}" for name in ("test.csv", "1.csv") for line in range(2, 32)
        ]
        piped = lawrec(
            *("predict", "-", "--format", "csv", *fields[:2]),
            stdin=(tmp_path / "data/test.csv").read_bytes(),
        )
        first = {**answers(both)[0], "case_id": "2"}
        assert answers(piped)[0] == first

    def test_prepare_says_what_it_made_and_makes_it_once(self, tiny_data, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        first = lawrec("prepare", "--data", tiny_data)
        again = lawrec("prepare", "--data", tiny_data)
        assert first.exit_code == again.exit_code == 0
        assert first.stdout == again.stdout
        assert "train: 80 cases" in first.stdout
        assert "Preparing" in first.stderr
        assert again.stderr == ""

    def test_several_dictionaries_and_tokens_of_the_user_are_used(
        self, tiny_data, tmp_path, monkeypatch
    ):
        monkeypatch.chdir(tmp_path)
        for name, word in (("a", "窃取钱包"), ("b", "虚构事实骗取"), ("c", "乱造之词")):
            Path(f"{name}.txt").write_text(f"{word}\n", encoding="utf-8")
        dictionaries = ("--dictionary", "a.txt", "--dictionary", "b.txt")
        result = lawrec(
            "prepare", "--data", tiny_data, *dictionaries, "--set", "corpus.user_tokens=c.txt"
        )
        assert result.exit_code == 0
        (tokens,) = Path("vocab").glob("*/tokens.txt")
        lines = tokens.read_text(encoding="utf-8").splitlines()
        assert lines[:3] == ["<pad>", "<unk>", "乱造之词"]
        assert {"窃取钱包", "虚构事实骗取"} <= set(lines)

    def test_a_bad_line_stops_preparation_unless_it_may_be_skipped(
        self, tiny_data, tmp_path, monkeypatch
    ):
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

    def test_the_same_cases_may_not_serve_twice(self, at_run):
        for data, use in (("train", "train"), ("valid", "tune")):
            result = lawrec("evaluate", "--data", at_run.data / f"{data}.json")
            assert result.exit_code == 1
            assert (
                f"the cases must differ from those used to {use}, got the same file"
                in result.stderr
            )
        result = lawrec("tune-thresholds", "--data", at_run.data / "train.json")
        assert result.exit_code == 1
        assert "to tune, the cases must differ from those used to train" in result.stderr

    def test_changed_valid_cases_are_noticed(self, tiny_data, tmp_path, monkeypatch, own_run):
        text = (own_run / "run.json").read_text(encoding="utf-8")
        moved = text.replace(str(tiny_data / "valid.json"), str(tmp_path / "gone.json"))
        (own_run / "run.json").write_text(moved, encoding="utf-8")
        result = lawrec("tune-thresholds")
        assert result.exit_code == 1
        assert "must be as they were when the run was trained, got No such file" in result.stderr

    def test_an_article_that_the_run_does_not_know_counts_as_a_miss(self, at_run, tmp_path):
        path = tmp_path / "other.json"
        cases = [(THEFT, ["264"]), (DRUNK, ["133之一", "1067"])]
        lines = [json.dumps({"fact": fact, "articles": articles}) for fact, articles in cases]
        path.write_text("\n".join(lines), encoding="utf-8")
        report = json.loads(lawrec("evaluate", "--data", path, "--output", "json").stdout)
        assert report["unknown_articles"] == ["1067"]
        assert report["answers"]["this run"]["micro_f1"] == pytest.approx(2 * 2 / (2 * 2 + 1))


@pytest.mark.tensorflow
def test_a_reader_that_stops_early_ends_quietly(at_run):
    command = [sys.executable, "-m", "lawrec", "predict"]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    _, errors = process.communicate((THEFT + "\n").encode() * 3000)
    assert b"Traceback" not in errors


@pytest.mark.tensorflow
def test_predict_adds_the_text_in_force(own_run):
    for day, text in (("2015-11-01", "旧的。"), ("2021-03-01", "新的，\n两款。")):
        Path("law.json").write_text(json.dumps({"264": text}), encoding="utf-8")
        assert lawrec("articles", "import", "law.json", "--effective", day).exit_code == 0
    with_text = ("predict", "--text", "--candidates", 3)
    (answer,) = answers(lawrec(*with_text, stdin=THEFT))
    found = {entry["article"]: entry["text"] for entry in answer["recommendations"]}
    assert found == {"264": "新的，\n两款。", "266": None, "133之一": None}
    result = lawrec(*with_text, "--date", "2020-01-01", "--output", "csv", stdin=THEFT)
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [row["text"] for row in rows if row["article"] == "264"] == ["旧的。"]
    table = lawrec(*with_text, "--output", "table", stdin=THEFT).stdout
    assert table.endswith("  264 盗窃罪\n    新的，\n    两款。\n\n")
    (plain,) = answers(lawrec("predict", stdin=THEFT))
    assert "text" not in plain["recommendations"][0]


@pytest.mark.tensorflow
def test_verify_counts_all_records_that_there_are(at_run):
    result = lawrec("verify")
    (folder,) = Path("data/records").iterdir()
    assert result.exit_code == 0
    assert result.stdout == f"{folder}: 9 shards, 140 cases, all whole\n"
    assert f"verify {folder.name}" in result.stderr
    assert lawrec("verify", "--records", folder).stdout == result.stdout


@pytest.mark.tensorflow
def test_verify_names_the_damaged_shard_and_ends_with_1(own_run):
    (folder,) = Path("data/records").iterdir()
    shard = folder / "train-00001.tfrecord"
    shard.write_bytes(shard.read_bytes()[:-1])
    result = lawrec("verify")
    assert result.exit_code == 1
    assert result.stdout == (
        f"{shard}: the shard must match its manifest, got damaged bytes. "
        f"The next `lawrec prepare` or `lawrec train` of its cases writes {folder} again.\n"
    )


@pytest.mark.tensorflow
def test_verify_finds_the_records_of_cases_by_their_key(tmp_path, tiny_data, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = ("--data", tiny_data, "--set", "corpus.tokenizer=char")
    assert lawrec("verify", *options).exit_code == 1
    folder = lawrec("prepare", *options).stdout.splitlines()[0]
    assert lawrec("verify", *options).stdout == f"{folder}: 3 shards, 140 cases, all whole\n"


@pytest.mark.parametrize("options", [[], ["--records", "data/records/x"], ["--data", "mine"]])
def test_verify_needs_no_tensorflow(tmp_path, tiny_data, options):
    shutil.copytree(tiny_data, tmp_path / "mine")
    (tmp_path / "data/records/x").mkdir(parents=True)
    code = (
        "import sys; from lawrec.cli import cli; cli(sys.argv[1:], standalone_mode=False); "
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "verify", *options],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "the manifest must be readable" in done.stdout
    assert done.stderr == ""


def test_verify_without_records_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = lawrec("verify")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: data/records: there must be records, got none. Run `lawrec prepare` first.\n"
    )


@pytest.mark.parametrize("options", [["--data", "mine"], ["--preset", "tiny"]])
def test_verify_takes_a_folder_or_cases_and_not_both(options):
    result = lawrec("verify", "--records", "data/records/x", *options)
    assert result.exit_code == 2
    assert "--records names a folder" in result.stderr


@pytest.mark.tensorflow
@pytest.mark.timeout(120)
def test_ctrl_c_ends_a_training_at_once_and_says_how_to_go_on(tmp_path, tiny_data):
    settings = ("corpus.tokenizer=char", "training.epochs=9999", "training.patience=9999")
    sizes = ("model.lstm_units=4", "model.embedding_size=4", "training.batch_tokens=2048")
    assignments = [part for setting in (*settings, *sizes) for part in ("--set", setting)]
    command = [sys.executable, "-m", "lawrec", "train", "--data", tiny_data, *assignments]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
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
    assert errors.endswith(
        "Error: Stopped. `lawrec train --resume` goes on from the last checkpoint.\n"
    )
    assert (tmp_path / "checkpoints/LATEST").is_file()
