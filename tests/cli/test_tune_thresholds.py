"""`lawrec tune-thresholds` from outside, and what `predict` makes of it."""

import json
import shutil

import pytest
from click.testing import CliRunner

from lawrec.cli import cli
from lawrec.decision.threshold_strategies import STRATEGIES
from tests.helpers.damages import rewrite

THEFT = "被告人张某在本市某路秘密窃取钱包，后被抓获。"

pytestmark = pytest.mark.tensorflow


def lawrec(*arguments, stdin=None):
    return CliRunner().invoke(cli, [str(part) for part in arguments], input=stdin)


def answer():
    return json.loads(lawrec("predict", "--top-k", 3, stdin=THEFT).stdout)


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def own(trained, tmp_path_factory):
    root = tmp_path_factory.mktemp("tune") / "own"
    shutil.copytree(trained.root, root)
    return root


@pytest.fixture
def thresholds(own, monkeypatch):
    """The path of the thresholds of a run that tests may change."""
    monkeypatch.chdir(own)
    (path,) = own.glob("checkpoints/*/thresholds.json")
    return path


def test_all_strategies_are_compared_and_the_best_is_taken(thresholds):
    result = lawrec("tune-thresholds")
    assert result.exit_code == 0, result.stderr
    assert result.stderr.splitlines()[-1].startswith("compare strategies: 5 of 5")
    compared = read(thresholds)["compared"]
    assert sorted(entry["strategy"] for entry in compared) == sorted(STRATEGIES)
    assert compared[0]["objective"] == max(entry["objective"] for entry in compared)
    assert read(thresholds)["strategy"] == compared[0]["strategy"]
    names = [line.split()[0] for line in result.stdout.splitlines()[4 : 4 + len(STRATEGIES)]]
    assert names == [entry["strategy"] for entry in compared]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_each_strategy_can_be_asked_for_and_decides(thresholds, strategy):
    result = lawrec("tune-thresholds", "--strategy", strategy)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(f"{strategy} on 30 cases of ")
    assert (read(thresholds)["strategy"], read(thresholds)["compared"]) == (strategy, [])
    assert answer()["articles"] == ["264"]
    for command in ("evaluate", "info"):
        done = lawrec(command)
        assert done.exit_code == 0, done.stderr


def test_thresholds_come_with_support_interval_and_reliability(thresholds):
    assert lawrec("tune-thresholds", "--strategy", "per_article").exit_code == 0
    for line in read(thresholds)["articles"]:
        assert line["support"] >= 1
        assert line["reliable"] == (line["support"] >= 10)
        assert line["low"] <= (line["high"] or 1)


def test_every_score_has_a_probability_unless_the_threshold_is_given(thresholds):
    assert lawrec("tune-thresholds", "--calibration", "temperature").exit_code == 0
    entries = answer()["recommendations"]
    probabilities = [entry["probability"] for entry in entries]
    assert probabilities == sorted(probabilities, reverse=True)
    assert read(thresholds)["calibration"]["kind"] == "temperature"
    given = json.loads(lawrec("predict", "--threshold", 0.5, stdin=THEFT).stdout)
    assert given["recommendations"][0]["probability"] is None


def test_a_guarantee_lists_every_article_from_its_score_on(thresholds):
    result = lawrec("tune-thresholds", "--coverage", 0.9, "--strategy", "global")
    assert "guarantee: 90% of cases get all their articles" in result.stdout
    score = read(thresholds)["guarantee_score"]
    found = answer()
    expected = {e["article"] for e in found["recommendations"] if e["score"] >= score}
    assert not found["abstained"]
    assert expected <= set(found["articles"])


def test_a_case_whose_list_would_be_too_long_is_left_to_a_person(thresholds):
    limits = ("--set", "decision.max_articles=1")
    assert lawrec("tune-thresholds", "--coverage", 0.9, *limits).exit_code == 0
    rewrite(thresholds, guarantee_score=1e-9)
    found = answer()
    assert found["abstained"]
    assert found["articles"] == []
    assert {entry["reason"] for entry in found["recommendations"]} == {"abstained"}
    table = lawrec("predict", "--format", "table", stdin=THEFT).stdout
    assert "For a person to decide" in table


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--coverage", "0.99"), "there must be at least 99 cases to tune on, got 30."),
        (("--coverage", "1"), "1.0 is not in the range 0<=x<1"),
        (("--set", "training.epochs=3"), "here, set decision.KEY=VALUE"),
        (("--set", "decision.objective=luck"), "every choice must be a known one, got 'luck'"),
        (("--set", "decision.costs_file=nowhere.csv"), "nowhere.csv: the costs must be a CSV file"),
        (("--objective", "luck"), "'luck' is not one of"),
    ],
)
def test_what_cannot_be_done_is_refused(thresholds, options, message):
    before = read(thresholds)
    result = lawrec("tune-thresholds", *options)
    assert result.exit_code in (1, 2)
    assert message in " ".join(result.stderr.split())
    assert read(thresholds) == before


def test_costs_may_differ_from_article_to_article(thresholds, own):
    (own / "costs.csv").write_text("article,miss,false\n264,0,1\n", encoding="utf-8")
    options = ("--strategy", "cost", "--set", "decision.costs_file=costs.csv")
    assert lawrec("tune-thresholds", *options).exit_code == 0
    rule = {line["article"]: line["threshold"] for line in read(thresholds)["articles"]}
    assert rule["264"] is None
    assert rule["266"] is not None
    (own / "costs.csv").write_text("article,miss,false\n264,-1,1\n", encoding="utf-8")
    refused = lawrec("tune-thresholds", *options)
    assert refused.exit_code == 1
    assert "a cost is not a number of at least 0" in refused.stderr


def test_an_unknown_strategy_is_a_usage_error():
    result = lawrec("tune-thresholds", "--strategy", "guess")
    assert result.exit_code == 2
    assert "per_article" in result.stderr
