import json
import shutil
from collections import Counter
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from lawrec.config import DecisionConfig
from lawrec.corpus.cases import Case, read_cases
from lawrec.corpus.formats.case_format import DEFAULT_FORMAT
from lawrec.decision.co_citation import find_co_citations
from lawrec.decision.decision_rule import decide
from lawrec.decision.score_order import round_scores
from lawrec.errors import CaseError, ConfigError, RunError
from lawrec.inference import tune
from lawrec.inference.evaluate import evaluate_run
from lawrec.inference.recommender import Recommender
from lawrec.inference.score_cases import score_labelled_cases
from lawrec.reporting.runs_text import tuning_text
from lawrec.runs.find_checkpoint import best_checkpoint
from lawrec.runs.labelled_cases import labelled_cases
from lawrec.runs.leakage import split_path
from lawrec.runs.out_of_fold_file import (
    OUT_OF_FOLD,
    load_out_of_fold_scores,
    save_out_of_fold_scores,
)
from lawrec.runs.run import find_run
from lawrec.runs.thresholds_file import THRESHOLDS, load_thresholds
from lawrec.serving.feedback import append_case
from lawrec.training.loop import train
from lawrec.training.setup import TrainingSetup
from tests.helpers.cases import RANKER_SETTINGS
from tests.helpers.damages import flip, rewrite

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def run(trained):
    return find_run(trained.checkpoints, None)


def test_co_citations_are_those_of_pairs_counted_one_by_one(run, monkeypatch):
    counts, n_cases = Counter(), 0
    for case in read_cases(split_path(run, "train"), case_format=run.dataset.case_format):
        assert isinstance(case, Case)
        counts.update(product(set(case.articles), repeat=2))
        n_cases += 1
    names = run.articles.names
    expected = np.array([[counts[first, second] for second in names] for first in names])
    assert expected.trace() >= n_cases
    counted = []
    monkeypatch.setattr(
        tune, "find_co_citations", lambda *found: counted.append(found) or find_co_citations(*found)
    )
    tune._train_co_citations(run)
    ((pair_counts, n_counted),) = counted
    assert pair_counts.tolist() == expected.tolist()
    assert n_counted == n_cases


def test_thresholds_are_chosen_for_rounded_scores(run):
    """No score of a tuning case lies so near its threshold that rounding decides."""
    config = DecisionConfig(strategy="per_article", folds=1, shrinkage_cases=0)
    scored = score_labelled_cases(run, labelled_cases([run], split_path(run, "valid")))
    before = (run.folder / THRESHOLDS).read_bytes()
    try:
        tuning = tune.tune_run(run, config)
        loaded = load_thresholds(run, best_checkpoint(run)).rule
        assert loaded.thresholds.tolist() == tuning.rule.thresholds.tolist()
    finally:
        (run.folder / THRESHOLDS).write_bytes(before)
    y_score = scored.y_score[:, : len(run.articles)]
    distance = np.abs(round_scores(y_score).astype(np.float64) - tuning.rule.thresholds)
    assert distance.min() > 4e-7
    noise = np.random.default_rng(0).uniform(-1e-7, 1e-7, y_score.shape)
    noisy = np.clip(y_score + noise, 0, 1).astype(np.float32)
    assert (decide(noisy, tuning.rule) == decide(y_score, tuning.rule)).all()


def test_costs_of_some_articles_leave_the_others_as_configured(tmp_path):
    path = tmp_path / "costs.csv"
    path.write_text("article,miss,false\n第二百六十四条,3,0.5\n266,9,9\n", "utf-8")
    config = DecisionConfig(costs_file=str(path), miss_cost=2.0)
    assert tune._read_costs(config, ("133", "264")).tolist() == [[2, 1], [3, 0.5]]
    assert tune._read_costs(DecisionConfig(), ("133", "264")) is None


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("264,1,1\n264,2,1\n", "an article is listed twice"),
        ("264,-1,1\n", "a cost is not a number of at least 0"),
        ("264,inf,1\n", "a cost is not a number of at least 0"),
        ("264,much,1\n", "could not convert string to float"),
        ("刑法第264条,1,1\n264,2,1\n", "an article is listed twice"),
        ("264,1,1\n2644,9,1\n", "'2644' is no article of the run or the Criminal Law"),
        (",1,1\n", "not an article: nan"),
        ("264,133,1,1\n", "a row has more fields than the first line"),
    ],
)
def test_costs_that_cannot_be_used_are_refused(tmp_path, rows, message):
    path = tmp_path / "costs.csv"
    path.write_text(f"article,miss,false\n{rows}", "utf-8")
    with pytest.raises(CaseError, match=message):
        tune._read_costs(DecisionConfig(costs_file=str(path)), ("264",))


def test_costs_are_read_from_no_url(tmp_path):
    path = tmp_path / "costs.csv"
    path.write_text("article,miss,false\n264,3,1\n", "utf-8")
    with pytest.raises(CaseError, match="got FileNotFoundError"):
        tune._read_costs(DecisionConfig(costs_file=path.as_uri()), ("264",))


def test_the_file_of_thresholds_says_what_it_was_tuned_on(run):
    values = json.loads((run.folder / THRESHOLDS).read_text("utf-8"))
    valid = run.splits["valid"]
    assert (values["tuned_on"]["path"], values["tuned_on"]["sha256"]) == (
        str(valid.path),
        valid.sha256,
    )
    assert [entry["article"] for entry in values["articles"]] == list(run.articles.names)


@pytest.fixture(scope="module")
def without_valid(start_run, tiny_data, tmp_path_factory):
    """A trained run of a corpus that has no valid split."""
    data = shutil.copytree(tiny_data, tmp_path_factory.mktemp("data") / "data")
    (data / "valid.json").unlink()
    run, records = start_run(*RANKER_SETTINGS, data=data)
    evaluations = list(train(TrainingSetup(run, records)))
    assert [each.valid for each in evaluations] == [{}] * 3
    assert all(each.best for each in evaluations)
    return run


def test_without_a_valid_split_thresholds_are_tuned_out_of_fold(without_valid):
    tuning = tune.tune_run(without_valid)
    scores = load_out_of_fold_scores(without_valid)
    assert tuning.out_of_fold
    assert tuning.cases == len(scores.y_true) > 40
    assert tuning.metrics["micro_f1"] > 0.8
    assert "out of fold" in tuning_text(tuning)
    tuned_on = json.loads((without_valid.folder / THRESHOLDS).read_text("utf-8"))["tuned_on"]
    assert tuned_on == {
        "path": str(without_valid.splits["train"].path),
        "sha256": without_valid.splits["train"].sha256,
        "cases": tuning.cases,
        "drawn_from": tuning.cases,
        "out_of_fold": True,
    }
    result = evaluate_run(without_valid, "test")
    assert result.report.metrics["micro_f1"] > 0.8


def test_of_too_many_scores_out_of_fold_a_sample_of_the_cases_is_kept(without_valid, monkeypatch):
    scores = load_out_of_fold_scores(without_valid)
    try:
        monkeypatch.setattr("lawrec.runs.out_of_fold_file.MAX_SCORES", 10 * 3 + 2)
        save_out_of_fold_scores(without_valid, scores)
        kept = load_out_of_fold_scores(without_valid)
    finally:
        monkeypatch.undo()
        save_out_of_fold_scores(without_valid, scores)
    rows = [row.tobytes() for row in np.hstack(scores)]
    kept_rows = [row.tobytes() for row in np.hstack(kept)]
    assert len(kept_rows) == 10
    remaining = iter(rows)
    assert all(row in remaining for row in kept_rows)  # in their order, each of one case


def test_a_file_of_cases_is_tuned_on_in_any_case(without_valid, tiny_data):
    data = tiny_data / "valid.json", without_valid.dataset.case_format
    tuning = tune.tune_run(without_valid, data=data)
    assert not tuning.out_of_fold
    assert tuning.path == tiny_data / "valid.json"


def test_scores_out_of_fold_may_be_preferred_to_the_valid_split(run):
    with pytest.raises(RunError, match="by models that have not seen them, got none") as caught:
        tune.tune_run(run, DecisionConfig(tune_on="out-of-fold"))
    for setting in ("decision.tune_on=valid", "second_stage=true", "lstm_share=0"):
        assert setting in caught.value.todo
    with pytest.raises(ConfigError, match="Did you mean valid"):
        tune.tune_run(run, DecisionConfig(tune_on="vald"))


@pytest.mark.parametrize("damage", [flip, lambda path: path.unlink()])
def test_scores_out_of_fold_that_are_damaged_are_refused(without_valid, damage):
    path = without_valid.folder / OUT_OF_FOLD / "scores.npz"
    content = path.read_bytes()
    damage(path)
    try:
        with pytest.raises(RunError, match=r"scores out of fold, got scores\.npz"):
            tune.tune_run(without_valid)
    finally:
        path.write_bytes(content)


def test_scores_out_of_fold_of_another_ranker_are_refused(without_valid):
    path = without_valid.folder / OUT_OF_FOLD / "manifest.json"
    content = path.read_bytes()
    rewrite(path, ranker={"weights.npz": "0" * 64})
    try:
        with pytest.raises(RunError, match="those of another run or of another ranker"):
            tune.tune_run(without_valid)
    finally:
        path.write_bytes(content)


def test_thresholds_of_a_training_that_went_on_are_refused_until_tuned_again(start_run):
    run, records = start_run("training.max_steps=4", "training.evaluate_every=2")
    list(train(TrainingSetup(run, records)))
    tune.tune_run(run)
    tuned_for = best_checkpoint(run)
    assert Recommender.load(run.folder)("醉酒驾驶轿车")
    training = replace(run.config.training, max_steps=40)
    list(train(TrainingSetup(replace(run, config=replace(run.config, training=training)), records)))
    assert best_checkpoint(run) != tuned_for
    with pytest.raises(RunError, match="the thresholds must be tuned for best/model") as caught:
        Recommender.load(run.folder)
    assert caught.value.todo == "Run `lawrec tune-thresholds` again."
    with pytest.raises(RunError, match="the thresholds must be tuned for best/model"):
        evaluate_run(run)
    tune.tune_run(run)
    assert Recommender.load(run.folder)("醉酒驾驶轿车")


def test_a_run_that_cannot_be_written_to_is_refused_before_the_work(run, monkeypatch):
    def refuse(folder):
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(tune, "check_writable", refuse)
    monkeypatch.setattr(tune, "score_labelled_cases", lambda *_, **__: pytest.fail("work was done"))
    with pytest.raises(PermissionError):
        tune.tune_run(run)


def test_feedback_is_used_and_its_cases_are_not_evaluated_on(run, tmp_path):
    names = run.articles.names
    feedback = tmp_path / "kept.jsonl"
    theft, drunk = "被告人张某秘密窃取钱包。", "被告人李某醉酒驾驶轿车。"
    cases = [
        Case("feedback", "feedback", theft, ("266",)),  # corrected by the next one
        Case("feedback", "feedback", theft, ("264",), unknown_articles=tuple(set(names) - {"264"})),
        Case("feedback", "feedback", drunk, ("133之一", "452")),
    ]
    for case in cases:
        for number in range(6):
            append_case(feedback, replace(case, fact=f"{case.fact}第{number}号"))
    before = (run.folder / THRESHOLDS).read_bytes()
    try:
        without = tune.tune_run(run)
        tuning = tune.tune_run(run, feedback=feedback)
        tuned = load_thresholds(run, best_checkpoint(run))
        with pytest.raises(CaseError, match="must differ from those used to tune"):
            evaluate_run(run, feedback)
    finally:
        (run.folder / THRESHOLDS).write_bytes(before)
    assert tuning.cases == without.cases
    added = {
        name: int(tuning.support[id] - without.support[id]) for name, id in run.articles.ids.items()
    }
    assert {name: n for name, n in added.items() if n} == {"264": 6, "133之一": 6}
    effect = tuning.feedback
    assert (effect.path, effect.cases) == (feedback, 12)
    assert effect.before.keys() == effect.after.keys() == tuning.metrics.keys()
    assert effect.after["exact_match"] <= 0.5  # the run does not know 452
    assert tuned.tuned_on == (run.splits["valid"].sha256, effect.sha256)
    assert without.feedback is None


@pytest.mark.parametrize("articles", [[], ["133"]])
def test_cases_without_an_article_that_the_run_knows_are_refused(run, tmp_path, articles):
    path, thresholds = tmp_path / "cases.json", run.folder / "thresholds.json"
    before = thresholds.read_bytes()
    path.write_text(json.dumps({"fact": "某甲盗窃手机。", "articles": articles}) + "\n")
    with pytest.raises(CaseError, match="the cases must cite articles that the run knows"):
        tune.tune_run(run, data=(path, DEFAULT_FORMAT))
    assert thresholds.read_bytes() == before


def test_feedback_that_is_tuned_on_anyway_is_refused(run):
    """Its cases would count twice."""
    valid = run.splits["valid"].path
    with pytest.raises(CaseError, match="the cases must differ from those used to tune"):
        tune.tune_run(run, feedback=valid)


def test_feedback_of_train_cases_is_refused(run):
    with pytest.raises(CaseError, match="must differ from those used to train"):
        tune.tune_run(run, feedback=split_path(run, "train"))
