"""`lawrec evaluate --cail` and `lawrec export cail`, by the protocol of CAIL2018."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile

import pytest
from click.testing import CliRunner

from lawrec.cli import cli
from lawrec.evaluation.cail_judge import judge
from tests.helpers.damages import flip, reseal

IDS = {"266": 1, "264": 2, "133之一": 3}
# What the judge does: one Predictor, facts in batches of its size, one JSON line per case.
PROTOCOL = """
import json, os, sys
from predictor import Predictor

source, target = sys.argv[1:3]
user = Predictor(*map(int, sys.argv[3:]))
assert type(user.batch_size) is int and user.batch_size > 0
for name in os.listdir(source):
    with open(f"{source}/{name}", encoding="utf-8") as cases, open(f"{target}/{name}", "w") as out:
        facts = [json.loads(line)["fact"] for line in cases]
        for start in range(0, len(facts), user.batch_size):
            for answer in user.predict(facts[start : start + user.batch_size]):
                answer = {key: answer[key] for key in ("accusation", "articles", "imprisonment")}
                print(json.dumps(answer), file=out)
assert user.predict([]) == []
import lawrec
print(lawrec.__file__)
"""

pytestmark = pytest.mark.tensorflow


def lawrec(*arguments):
    return CliRunner().invoke(cli, [str(part) for part in arguments])


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture
def labels(tmp_path):
    path = tmp_path / "law.txt"
    path.write_text("266\n264\n133\n", encoding="utf-8")
    return path


@pytest.fixture
def unpacked(trained_or_ranked, labels, tmp_path):
    where = ("--checkpoints", trained_or_ranked.checkpoints, "--article-list", labels)
    result = lawrec("export", "cail", "--output", tmp_path / "out/predictor.zip", *where)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(f"{tmp_path}/out/predictor.zip: ")
    assert ", 3 lines, " in result.stdout
    with zipfile.ZipFile(tmp_path / "out/predictor.zip") as archive:
        archive.extractall(tmp_path / "judge")
    return tmp_path / "judge"


def run_protocol(unpacked, tmp_path, *batch_size):
    """Run the judge's program in another folder, where only the unpacked files can be imported."""
    (unpacked / "main.py").write_text(PROTOCOL, encoding="utf-8")
    (tmp_path / "output").mkdir()
    (tmp_path / "elsewhere").mkdir()
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, unpacked / "main.py", tmp_path / "input", tmp_path / "output"]
    done = subprocess.run(
        [*map(str, (*command, *batch_size))],
        cwd=tmp_path / "elsewhere",
        env=environment | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(unpacked / "predictor/library/lawrec/__init__.py")


def test_the_judges_program_gets_the_answers_of_predict(trained_or_ranked, unpacked, tmp_path):
    trained = trained_or_ranked
    test = trained.data / "test.json"
    (tmp_path / "input").mkdir()
    shutil.copy(test, tmp_path / "input")
    with (tmp_path / "input/odd.json").open("w", encoding="utf-8") as odd:
        odd.write('{"fact": ""}\n{"fact": "x"}\n')
    run_protocol(unpacked, tmp_path, 7)
    answers = lines(tmp_path / "output/test.json")
    predicted = lawrec("predict", test, "--checkpoints", trained.checkpoints, "--format", "json")
    expected = [json.loads(line)["articles"] for line in predicted.stdout.splitlines()]
    assert [answer["articles"] for answer in answers] == [
        [IDS[article] for article in articles] for articles in expected
    ]
    assert {(*answer["accusation"], answer["imprisonment"]) for answer in answers} == {(0,)}
    assert len(lines(tmp_path / "output/odd.json")) == 2
    truth = [[IDS[name] for name in case["meta"]["relevant_articles"]] for case in lines(test)]
    assert judge(truth, [answer["articles"] for answer in answers], n_labels=3).score > 0.8


def test_the_zip_holds_what_prediction_needs_and_nothing_of_this_machine(
    trained_or_ranked, unpacked
):
    trained = trained_or_ranked
    names = {path.relative_to(unpacked / "predictor").as_posix() for path in unpacked.rglob("*.*")}
    assert {name for name in names if name.endswith(".lawrec")} == {"model.lawrec"}
    assert {"__init__.py", "predictor.py", "law.txt"} <= names
    assert {name for name in names if "/lawrec/vocab" in name} == {
        "library/lawrec/vocab/articles.csv"
    }
    assert not [name for name in names if "__pycache__" in name or "scores" in name]
    for folder in (trained.root, trained.data):
        for path in unpacked.rglob("*"):
            assert path.is_dir() or str(folder).encode() not in path.read_bytes(), path


def test_the_same_run_gives_the_same_bytes_wherever_it_is(trained_or_ranked, labels, tmp_path):
    trained = trained_or_ranked
    shutil.copytree(trained.checkpoints, tmp_path / "moved")
    for name, checkpoints in (("a.zip", trained.checkpoints), ("b.zip", tmp_path / "moved")):
        where = ("--checkpoints", checkpoints, "--article-list", labels)
        assert lawrec("export", "cail", "--output", tmp_path / name, *where).exit_code == 0
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_articles_that_the_list_lacks_are_named(trained, tmp_path):
    short = tmp_path / "short.txt"
    short.write_text("264\n", encoding="utf-8")
    where = ("--checkpoints", trained.checkpoints, "--article-list", short)
    result = lawrec("export", "cail", "--output", tmp_path / "p.zip", *where)
    line = result.stdout.splitlines()[1]
    assert line.startswith("Never answered, since the list lacks them: ")
    assert {*line.partition(": ")[2].split(", ")} == {"266", "133之一"}


@pytest.fixture(scope="module")
def packed(ranked, tmp_path_factory):
    """A bundle, and what `lawrec export bundle` printed."""
    path = tmp_path_factory.mktemp("packed") / "mine.lawrec"
    return path, lawrec("export", "bundle", "--checkpoints", ranked.checkpoints, "-o", path)


class TestBundle:
    """`lawrec export bundle`, and the commands that take what it writes."""

    def test_it_says_what_it_has_written(self, packed, ranked):
        path, result = packed
        assert result.exit_code == 0, result.stderr
        run = (ranked.checkpoints / "LATEST").read_text("utf-8").strip()
        assert result.stdout == f"{path}: {run}, {path.stat().st_size / 1e6:,.1f} MB\n"

    def test_it_says_so_in_chinese(self, ranked, tmp_path):
        where = ("--checkpoints", ranked.checkpoints, "-o", tmp_path / "mine.lawrec")
        result = lawrec("export", "bundle", "--language", "zh", *where)
        assert result.stdout.startswith(f"{tmp_path}/mine.lawrec：")

    def test_predict_answers_with_it_as_with_the_run(self, packed, ranked, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "facts.txt").write_text("被告人张某秘密窃取钱包。\n", "utf-8")
        models = (("--model", packed[0]), ("--checkpoints", ranked.checkpoints))
        results = [lawrec("predict", "facts.txt", *model) for model in models]
        assert results[0].exit_code == 0, results[0].stderr
        assert (results[0].stdout, results[0].stderr) == (results[1].stdout, results[1].stderr)
        assert list(tmp_path.iterdir()) == [tmp_path / "facts.txt"]

    def test_info_shows_it_with_its_parts(self, packed):
        path, _ = packed
        result = lawrec("info", "--model", path)
        lines = result.stdout.splitlines()
        assert result.exit_code == 0, result.stderr
        rows = [line.split(maxsplit=1) for line in lines]
        assert rows[0] == ["run", str(path)]
        assert rows[1][1].startswith("best/model.ckpt-")
        assert ["thresholds", "3 of 3 articles"] in rows
        assert [line.split()[0] for line in lines if "." in line][-1] == "trained/manifest.json"
        parts = json.loads(lawrec("info", "--model", path, "--format", "json").stdout)["parts"]
        names = {part["name"] for part in parts}
        assert {"ranker/weights.npz", "titles.json", "onnx/model.onnx"} < names

    def test_evaluate_measures_it_and_keeps_nothing(self, packed, ranked):
        path, _ = packed
        cases = ranked.data / "test.json"
        arguments = ("--data", cases, "--compare", path, "--format", "json")
        result = lawrec("evaluate", "--model", path, *arguments)
        assert result.exit_code == 0, result.stderr
        assert json.loads(result.stdout)["run"] == "mine"
        assert f"{path}: the evaluation is not kept there (it is a bundle)." in result.stderr

    def test_what_changes_a_run_takes_none(self, packed):
        path, _ = packed
        result = lawrec("tune-thresholds", "--run", path)
        assert result.stderr == (
            f"Error: {path}: it must be the folder of a run, got a file. "
            "Bundles are for predict, evaluate and info.\n"
        )
        folder, _, name = str(path).rpartition("/")
        by_name = lawrec("tune-thresholds", "--checkpoints", folder, "--run", name)
        assert by_name.stderr == result.stderr

    def test_a_damaged_one_is_refused(self, packed, tmp_path):
        path = shutil.copy(packed[0], tmp_path / "mine.lawrec")
        content = path.read_bytes()
        path.write_bytes(content.replace("盗窃罪".encode(), "盗掘罪".encode()))
        result = lawrec("predict", "--model", path)
        assert result.exit_code == 1
        assert result.stderr == (
            f"Error: {path}: the file must be an undamaged bundle, got Bad CRC-32 for file "
            "'titles.json'. Copy it again, or write it again with `lawrec export bundle`.\n"
        )


class TestNetwork:
    """`lawrec export onnx` and `lawrec export savedmodel`."""

    @pytest.fixture
    def run(self, trained, tmp_path):
        shutil.copytree(trained.checkpoints, tmp_path / "checkpoints")
        run = next(path.parent for path in tmp_path.glob("checkpoints/*/run.json"))
        shutil.rmtree(run / "onnx")
        return run

    def test_onnx(self, run):
        result = lawrec("export", "onnx", "--int8", "--run", run)
        assert result.exit_code == 0, result.stderr
        first, second = result.stdout.splitlines()
        assert re.fullmatch(rf"{run}/onnx/model.onnx: 0.0 MB, scores differ by \S+ at most", first)
        assert second.startswith(f"{run}/onnx/model_int8.onnx: 0.0 MB; on valid, micro_f1 ")

    def test_savedmodel(self, run, tmp_path):
        result = lawrec("export", "savedmodel", "--run", run, "--output", tmp_path / "model")
        assert result.exit_code == 0, result.stderr
        start = f"{tmp_path}/model: {run.name}, scores differ by "
        assert result.stdout.startswith(start)
        assert (tmp_path / "model/saved_model.pb").is_file()

    def test_a_run_that_was_not_exported_says_how(self, run):
        result = lawrec("predict", "--model", run, "-")
        assert (
            "got nothing yet. Export it with `lawrec export onnx`. TensorFlow is " in result.stderr
        )
        result = lawrec("predict", "--model", run, "--engine", "onnx", "-")
        assert result.exit_code == 1
        assert "Export it with `lawrec export onnx`." in result.stderr


class TestErrors:
    """Nothing is written, and an existing file is kept."""

    @pytest.fixture
    def old(self, tmp_path):
        path = tmp_path / "old.zip"
        path.write_text("old", encoding="utf-8")
        return path

    @pytest.fixture
    def own(self, trained, tmp_path):
        shutil.copytree(trained.checkpoints, tmp_path / "checkpoints")
        return next(path.parent for path in tmp_path.glob("checkpoints/*/run.json"))

    def refused(self, old, run, *options):
        result = lawrec("export", "cail", "--output", old, "--run", run, *options)
        assert result.exit_code == 1
        assert old.read_text("utf-8") == "old"
        assert not [path for path in old.parent.iterdir() if path.name.startswith(".")]
        return result.stderr

    def test_no_thresholds(self, own, old, labels):
        (own / "thresholds.json").unlink()
        error = self.refused(old, own, "--article-list", labels)
        assert "got no thresholds.json. Run `lawrec tune-thresholds` first." in error

    def test_no_checkpoint(self, own, old, labels):
        for path in (*own.glob("model.ckpt-*"), *own.glob("best/*")):
            path.unlink()
        assert "at least one checkpoint must not be damaged" in self.refused(
            old, own, "--article-list", labels
        )

    @pytest.mark.parametrize("name", ["weights.npz", "manifest.json"])
    def test_a_damaged_ranker(self, ranked, name, old, labels, tmp_path):
        shutil.copytree(ranked.checkpoints, tmp_path / "checkpoints")
        run = next(path.parent for path in tmp_path.glob("checkpoints/*/run.json"))
        flip(run / "ranker" / name)
        error = self.refused(old, run, "--article-list", labels)
        assert "must hold the run's linear SVMs and second stage" in error

    def test_no_list(self, own, old):
        error = self.refused(old, own)
        assert "got no law.txt in " in error
        assert error.endswith("Name it with --article-list.\n")

    def test_a_list_that_is_not_there(self, own, old, tmp_path):
        assert "nowhere.txt" in self.refused(old, own, "--article-list", tmp_path / "nowhere.txt")

    def test_a_disk_that_fills_up(self, own, old, labels, monkeypatch):
        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("zipfile.ZipFile.writestr", full)
        assert "No space left on device" in self.refused(old, own, "--article-list", labels)

    def test_a_folder_in_the_way_is_a_usage_error(self, trained, labels, tmp_path):
        result = lawrec("export", "cail", "--output", tmp_path, "--article-list", labels)
        assert result.exit_code == 2
        assert "is a directory" in result.stderr

    def test_labels_without_cail_is_a_usage_error(self, labels):
        result = lawrec("evaluate", "--article-list", labels)
        assert result.exit_code == 2
        assert "--article-list is for --cail" in result.stderr


class TestEvaluate:
    def test_the_answers_are_written_judged_and_reported(self, trained, labels, tmp_path):
        where = ("--checkpoints", trained.checkpoints, "--article-list", labels)
        path = tmp_path / "answers.json"
        result = lawrec("evaluate", "--cail", path, *where, "--format", "json")
        assert result.exit_code == 0, result.stderr
        report = json.loads(result.stdout)
        answers = [line["articles"] for line in lines(path)]
        truth_lines = lines(tmp_path / "answers.truth.json")
        cited = [line["meta"]["relevant_articles"] for line in truth_lines]
        truth = [[{266: 1, 264: 2, 133: 3}[number] for number in numbers] for numbers in cited]
        cail = report["cail_judge"]
        assert len(answers) == len(truth) == 30
        assert cail["score"] == judge(truth, answers, n_labels=3).score
        assert cail["score"] == pytest.approx(report["metrics"]["cail_score"])
        assert (cail["lines"], cail["unmapped_articles"]) == (3, [])
        table = lawrec("evaluate", "--cail", path, *where).stdout
        assert f"CAIL2018's judge, 3 lines: score {cail['score']:.4f}" in table
        assert f"Answers: {path}, truth: {tmp_path}/answers.truth.json" in table

    def test_without_the_option_no_judge_is_mentioned(self, trained):
        result = lawrec("evaluate", "--checkpoints", trained.checkpoints)
        assert result.exit_code == 0
        assert "judge" not in result.stdout

    def test_without_a_list_it_asks_for_one_before_it_scores(self, trained, tmp_path):
        where = ("--checkpoints", trained.checkpoints)
        result = lawrec("evaluate", "--cail", tmp_path / "answers.json", *where)
        assert result.exit_code == 1
        assert "got no law.txt in " in result.stderr
        assert not (tmp_path / "answers.json").exists()

    def test_the_list_that_the_run_was_trained_with_is_the_default(self, trained, tmp_path):
        shutil.copytree(trained.checkpoints, tmp_path / "checkpoints")
        data = shutil.copytree(trained.data, tmp_path / "data")
        (data / "law.txt").write_text("67\n133\n264\n266\n", encoding="utf-8")
        run = next(tmp_path.glob("checkpoints/*/run.json"))
        values = json.loads(run.read_text("utf-8"))
        values["dataset"]["data"] = str(data)
        run.write_text(json.dumps(values), encoding="utf-8")
        reseal(run.parent)
        where = ("--model", run.parent, "--format", "json")
        result = lawrec("evaluate", "--cail", tmp_path / "answers.json", *where)
        assert json.loads(result.stdout)["cail_judge"]["lines"] == 4
        answered = {
            label for line in lines(tmp_path / "answers.json") for label in line["articles"]
        }
        assert answered == {2, 3, 4}
