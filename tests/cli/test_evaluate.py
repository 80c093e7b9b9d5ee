"""`lawrec evaluate`: the page, the table of articles, and comparisons with other runs."""

import csv
import json
import re
import shutil
import sys

import pytest
from click.testing import CliRunner

from lawrec.cli import cli

pytestmark = pytest.mark.tensorflow


def lawrec(*arguments):
    return CliRunner().invoke(cli, [str(part) for part in arguments])


@pytest.fixture
def runs(trained, tmp_path, monkeypatch):
    """The folders of two runs with the same weights; `second` has other thresholds."""
    monkeypatch.chdir(tmp_path)
    folder = next(trained.checkpoints.glob("*/run.json")).parent
    for name in ("first", "second"):
        shutil.copytree(folder, tmp_path / "checkpoints" / name)
    tuned = lawrec("tune-thresholds", "--run", "second", "--strategy", "top_n")
    assert tuned.exit_code == 0, tuned.stderr
    return [tmp_path / "checkpoints" / name for name in ("first", "second")]


def write_mistakes(path):
    """Write two bad lines and three cases; the articles of the last one do not fit its words."""
    cases = [
        ("不在目录中的条文。", ["999"]),
        ("秘密窃取钱包，后被抓获。", ["264"]),
        ("醉酒驾驶轿车，经鉴定。", ["133之一"]),
        ("<b>虚构事实骗取信任</b>，当日晚上。", ["264", "452"]),
    ]
    lines = [json.dumps({"fact": fact, "articles": articles}) for fact, articles in cases]
    path.write_text("\n".join(['{"fact": ""}', *lines]), encoding="utf-8")
    return path


def test_train_cases_among_others_are_counted(runs, trained, tmp_path):
    train, valid = (
        trained.data.joinpath(f"{split}.json").read_text("utf-8").splitlines(True)
        for split in ("train", "valid")
    )
    cases = tmp_path / "cases.json"
    cases.write_text("".join(valid + train[:2]), "utf-8")
    evaluated = lawrec("evaluate", "--model", "first", "--data", cases, "--html", "page.html")
    assert f"the run was trained on at least 2 of these {len(valid) + 2} cases" in evaluated.stderr
    note = ", of which at least 2 are train cases of the run"
    assert note in evaluated.stdout.splitlines()[0]
    assert note in (tmp_path / "page.html").read_text("utf-8")
    tuned = lawrec("tune-thresholds", "--run", "first", "--data", cases)
    assert note in tuned.stdout


def test_the_page_shows_metrics_and_the_facts_of_wrong_cases(runs, tmp_path):
    cases = write_mistakes(tmp_path / "cases.json")
    result = lawrec(
        *("evaluate", "--model", "first", "--data", cases, "--skip-bad", "--html", "new/page.html")
    )
    assert result.exit_code == 0, result.stderr
    page = (tmp_path / "new/page.html").read_text("utf-8")
    assert "<h1>Evaluation of first</h1>" in page
    assert "3 cases of" in page
    assert "2 bad lines left out" in page
    worst = page[page.index("<h2>The worst cases</h2>") : page.index("<h2>Articles</h2>")]
    assert '<span class="id">case 5</span>' in worst
    assert "&lt;b&gt;虚构事实骗取信任&lt;/b&gt;" in worst
    assert re.search('<span class="tag missed"[^>]*>452', worst)
    assert "醉酒" not in worst


def test_an_evaluation_always_gives_the_same_page_with_the_metrics_that_are_printed(runs, tmp_path):
    pages = []
    for name in ("a.html", "b.html"):
        result = lawrec("evaluate", "--model", "first", "--html", name, "--format", "json")
        assert result.exit_code == 0, result.stderr
        pages.append((tmp_path / name).read_bytes())
    assert pages[0] == pages[1]
    kept = json.loads((runs[0] / "evaluation-test.json").read_text("utf-8"))
    assert json.loads(result.stdout) == kept
    interval = kept["intervals"]["micro_f1"]
    assert interval["value"] == pytest.approx(kept["metrics"]["micro_f1"])
    assert f"{interval['low']:.3f} to {interval['high']:.3f}" in pages[0].decode()


def test_the_table_of_articles_is_written_into_the_run(runs, tmp_path):
    cases = write_mistakes(tmp_path / "cases.json")
    assert lawrec("evaluate", "--model", "first", "--data", cases, "--skip-bad").exit_code == 0
    assert (runs[0] / "evaluation-data-cases.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    with (runs[0] / "evaluation-data-cases.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["article"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["133之一", "264", "266", "452"]
    assert rows["264"]["support"] == "2"
    assert rows["266"]["roc_auc"] == rows["266"]["average_precision"] == ""
    assert int(rows["264"]["trained"]) > 10
    assert (rows["452"]["trained"], rows["452"]["threshold"]) == ("0", "inf")


def test_an_evaluation_of_other_cases_leaves_that_of_a_split(runs, tmp_path):
    assert lawrec("evaluate", "--model", "first").exit_code == 0
    kept = (runs[0] / "evaluation-test.json").read_bytes()
    (tmp_path / "other").mkdir()
    cases = write_mistakes(tmp_path / "other/test.json")
    assert lawrec("evaluate", "--model", "first", "--data", cases, "--skip-bad").exit_code == 0
    assert (runs[0] / "evaluation-test.json").read_bytes() == kept
    report = json.loads((runs[0] / "evaluation-data-test.json").read_text("utf-8"))
    assert report["path"] == str(cases)


def test_cases_of_a_file_and_of_a_split_are_not_evaluated_at_once():
    result = lawrec("evaluate", "--split", "test", "--data", "cases.json")
    assert result.exit_code == 2
    assert "Error: --data takes the place of --split: pass one of them.\n" in result.stderr


def test_another_run_is_compared_on_the_same_cases(runs, tmp_path):
    others = ("--compare", "second", "--compare", runs[0])
    result = lawrec("evaluate", "--model", "first", *others, "--format", "json", "--html", "p.html")
    assert result.exit_code == 0, result.stderr
    report = json.loads(result.stdout)
    second, same = report["comparisons"]
    assert (second["run"], same["run"], report["compared_articles"]) == ("second", "first", 3)
    assert {difference["p_value"] for difference in same["differences"].values()} == {1}
    alone = json.loads(lawrec("evaluate", "--model", "second", "--format", "json").stdout)
    for name, value in alone["metrics"].items():
        assert second["metrics"][name] == pytest.approx(value)
        difference = second["differences"][name]["value"]
        assert difference == pytest.approx(report["metrics"][name] - value)
    table = lawrec("evaluate", "--model", "first", "--compare", "second").stdout
    assert "\nfirst against second, over 3 articles\n" in table
    assert "<h3>second</h3>" in (tmp_path / "p.html").read_text("utf-8")


def test_a_run_that_was_tuned_on_the_cases_cannot_be_compared(runs, trained):
    test = trained.data / "test.json"
    assert lawrec("tune-thresholds", "--run", "second", "--data", test).exit_code == 0
    result = lawrec("evaluate", "--model", "first", "--compare", "second")
    assert result.exit_code == 1
    assert "must differ from those used to tune, got the same file" in result.stderr


def test_a_run_that_does_not_exist_or_is_not_tuned_cannot_be_compared(runs):
    result = lawrec("evaluate", "--model", "first", "--compare", "third")
    assert result.exit_code == 1
    assert "third: it must be the name of a run" in result.stderr
    (runs[1] / "thresholds.json").unlink()
    result = lawrec("evaluate", "--model", "first", "--compare", "second")
    assert result.exit_code == 1
    assert "the run must have thresholds" in result.stderr


def test_a_page_without_matplotlib_is_refused_before_any_work(runs, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = lawrec("evaluate", "--model", "first", "--html", "page.html")
    assert result.exit_code == 1
    assert "Run pip install 'lawrec[report]'." in result.stderr
    assert not (tmp_path / "page.html").exists()
    assert lawrec("evaluate", "--model", "first").exit_code == 0


def test_an_article_that_the_run_does_not_know_counts_as_a_miss(at_run, tmp_path):
    path = tmp_path / "other.json"
    cases = [
        ("被告人张某秘密窃取钱包，后被抓获。", ["264"]),
        ("被告人李某醉酒驾驶轿车，经鉴定。", ["133之一", "452"]),
    ]
    lines = [json.dumps({"fact": fact, "articles": articles}) for fact, articles in cases]
    path.write_text("\n".join(lines), encoding="utf-8")
    report = json.loads(lawrec("evaluate", "--data", path, "--format", "json").stdout)
    assert report["unknown_articles"] == ["452"]
    assert report["metrics"]["micro_f1"] == pytest.approx(2 * 2 / (2 * 2 + 1))


@pytest.mark.parametrize(("article", "says_little"), [("452", True), ("264", False)])
def test_cases_without_an_article_that_the_run_knows_are_evaluated_with_a_message(
    at_run, tmp_path, article, says_little
):
    path = tmp_path / "other.json"
    case = {"fact": "被告人张某秘密窃取钱包，后被抓获。", "articles": [article]}
    path.write_text(json.dumps(case), encoding="utf-8")
    result = lawrec("evaluate", "--data", path)
    assert result.exit_code == 0, result.stderr
    message = f"{path}: no case cites an article that the run knows, so that"
    assert (message in result.stderr) == says_little


@pytest.mark.parametrize("command", [("evaluate", "--model"), ("tune-thresholds", "--run")])
def test_labels_that_are_no_articles_are_named_before_any_case_is_scored(runs, tmp_path, command):
    path = tmp_path / "other.csv"
    labels = ["264", "12-Mar", "274276", "264"]
    rows = [f"被告人{'甲乙丙丁'[n]}窃取钱包。,{label}" for n, label in enumerate(labels)]
    path.write_text("\n".join(["fact,articles", *rows]), encoding="utf-8")
    result = lawrec(*command, "first", "--data", path)
    assert result.exit_code == 1
    assert f"{path}:3: each article must be in the run's articles or in" in result.stderr
    assert f"['274276'] in {path}:4: 2 cases in all" in result.stderr
    assert lawrec(*command, "first", "--data", path, "--any-label").exit_code == 0
    assert lawrec(*command, "first", "--data", path, "--skip-bad").exit_code == 0


def test_an_evaluation_that_cannot_be_kept_is_printed_with_a_message(runs):
    (runs[0] / "evaluation-test.json").unlink(missing_ok=True)
    (runs[0] / "evaluation-test.json").mkdir()
    result = lawrec("evaluate", "--model", "first", "--format", "json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["metrics"]
    assert "the evaluation is not kept there (Is a directory)" in result.stderr


def test_the_importance_of_features_is_reported_where_there_is_a_second_stage(
    trained_or_ranked, tmp_path
):
    where = ("--checkpoints", trained_or_ranked.checkpoints)
    page = tmp_path / "page.html"
    result = lawrec("evaluate", *where, "--format", "json", "--html", page)
    assert result.exit_code == 0, result.stderr
    importances = json.loads(result.stdout)["feature_importances"]
    has_figure = "Features of the second stage" in page.read_text("utf-8")
    assert has_figure == (importances is not None) == ("ranked" in trained_or_ranked.root.name)
    if importances:
        assert sum(importances.values()) == pytest.approx(1)
        assert f">{next(iter(importances))}<" in page.read_text("utf-8")
