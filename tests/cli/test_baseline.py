"""`lawrec baseline` from outside, and what other commands make of its run."""

import json
import re
import shutil

import pytest

from tests.helpers.cli import THEFT, lawrec

pytestmark = pytest.mark.tensorflow
CHARACTERS = "--set=corpus.tokenizer=char"


@pytest.fixture(scope="module")
def made(trained, tmp_path_factory):
    """A folder with a run that lists one article per case and a baseline, and what was printed."""
    root = tmp_path_factory.mktemp("baseline") / "own"
    shutil.copytree(trained.root, root)
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(root)
        assert lawrec("tune-thresholds", "--strategy", "top_n").exit_code == 0
        options = ("--set=corpus.min_count=1", "--set=decision.strategy=global")
        done = lawrec("baseline", "--data", trained.data, CHARACTERS, *options)
    assert done.exit_code == 0, done.stderr
    return root, done


@pytest.fixture
def at_work(made, monkeypatch):
    monkeypatch.chdir(made[0])
    return made[0]


def test_it_prints_the_run_and_its_figures_on_valid(made, trained):
    lines = made[1].stdout.splitlines()
    assert lines[:2] == [
        "checkpoints/baseline",
        f"global on 30 cases of {trained.data / 'valid.json'}",
    ]
    assert lines[2].startswith("3 of 3 articles have a threshold, from ")
    assert lines[3].startswith("on the cases used to tune: CAIL score ")
    assert len(lines) == 4


def test_it_prepares_trains_and_scores_with_progress_on_stderr(made):
    lines = made[1].stderr.splitlines()
    assert lines[0].startswith("Preparing the cases of ")
    assert "Training checkpoints/baseline" in lines
    assert "linear SVMs: 3 of 3" in made[1].stderr


def test_its_records_are_those_that_train_prepares_with_the_same_options(at_work, trained):
    options = (CHARACTERS, "--set=corpus.min_count=1")
    prepared = lawrec("prepare", "--data", trained.data, *options).stdout.splitlines()[0]
    run = json.loads((at_work / "checkpoints/baseline/run.json").read_text("utf-8"))
    assert prepared.endswith(f"/{run['records']}")


def test_the_newest_run_stays_the_one_that_is_used_without_a_name(at_work, trained):
    newest = (trained.checkpoints / "LATEST").read_text()
    assert (at_work / "checkpoints/LATEST").read_text() == newest != "baseline\n"
    report = json.loads(lawrec("evaluate", "--format", "json").stdout)
    assert report["run"] == newest.strip()


def test_all_commands_take_it(at_work):
    evaluated = lawrec("evaluate", "--model", "baseline", "--format", "json")
    assert evaluated.exit_code == 0, evaluated.stderr
    assert json.loads(evaluated.stdout)["metrics"]["micro_f1"] > 0.9
    answer = json.loads(lawrec("predict", "--model", "baseline", stdin=THEFT).stdout)
    assert answer["articles"] == ["264"]
    info = lawrec("info", "--model", "baseline")
    assert " preset linear, corpus.tokenizer=char," in info.stdout
    assert re.search("^thresholds +3 of 3 articles$", info.stdout, re.MULTILINE)


def test_a_comparison_says_where_the_baseline_is_better(at_work):
    report = json.loads(lawrec("evaluate", "--compare", "baseline", "--format", "json").stdout)
    (comparison,) = report["comparisons"]
    assert re.sub(r"p = 0\.\d{3}", "p", comparison["verdict"]) == (
        "baseline is better in CAIL score (p); micro-F1 (p); macro-F1, all articles (p); "
        "macro-F1, articles with cases (p); Hamming loss (p); exact match (p)"
    )
    text = lawrec("evaluate", "--compare", "baseline").stdout
    assert text.rstrip().endswith(f"\n\n{comparison['verdict']}")


def test_an_existing_run_is_not_replaced(at_work, trained):
    result = lawrec("baseline", "--data", trained.data, CHARACTERS)
    assert result.exit_code == 1
    assert result.stderr.endswith(
        "Error: checkpoints/baseline: a new run must have a new name, got an existing one. "
        "Choose another --run.\n"
    )


def test_without_another_run_the_baseline_must_be_named(at_work, monkeypatch):
    (at_work / "alone").mkdir()
    shutil.copytree(at_work / "checkpoints/baseline", at_work / "alone/checkpoints/baseline")
    monkeypatch.chdir(at_work / "alone")
    result = lawrec("predict", stdin=THEFT)
    assert result.exit_code == 1
    assert result.stderr.endswith("got no such file. Name a run: baseline.\n")


def test_unknown_settings_are_refused_before_any_work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = lawrec("baseline", "--set", "corpus.tokeniser=char")
    assert result.exit_code == 1
    assert "Did you mean tokenizer?" in result.stderr
    assert list(tmp_path.iterdir()) == []
