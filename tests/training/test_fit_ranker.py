import shutil
from dataclasses import replace

import numpy as np
import pytest

from lawrec.config import RankingConfig
from lawrec.corpus.records.tfrecords import read_records
from lawrec.errors import RunError
from lawrec.inference.load_scorer import load_scorer
from lawrec.ranking.first_stage import LSTM
from lawrec.ranking.out_of_fold import ranker_case_folds
from lawrec.ranking.train_cases import RankerCases, collect
from lawrec.runs.find_checkpoint import best_checkpoint
from lawrec.runs.out_of_fold_file import OUT_OF_FOLD, load_out_of_fold_scores
from lawrec.runs.ranker_file import RANKER, load_ranker
from lawrec.storage.seal import read_sealed
from lawrec.training.fit_ranker import load_or_fit_ranker
from lawrec.training.loop import train
from lawrec.training.out_of_fold_nets import out_of_fold_logits, scored_folds
from lawrec.training.setup import TrainingSetup
from lawrec.training.validation import score_records
from tests.helpers.cases import RANKER_SETTINGS
from tests.helpers.damages import flip
from tests.helpers.progress import Reports, messages_to

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def ranked(start_run):
    """A trained run with a ranker that knows the LSTM, its records, and what it reported."""
    run, records = start_run(*RANKER_SETTINGS)
    reports = []
    progress = Reports(lambda *report: reports.append(report[:3]))
    evaluations = list(train(TrainingSetup(run, records, progress=progress)))
    return run, records, reports, evaluations


def test_a_ranked_run_learns_and_scores_as_it_was_evaluated(ranked):
    run, records, reports, evaluations = ranked
    names = {name for name, *_ in reports}
    assert {"linear SVMs", "train net 1 of 2", "train net 2 of 2", "train"} <= names
    assert max(each.valid["micro_f1"] for each in evaluations) > 0.9
    y_true, y_score, _ = score_records(
        load_scorer(run, best_checkpoint(run)), records, split="test"
    )
    assert ((y_score > 0.5) == y_true).mean() > 0.9


def test_the_lstm_is_a_model_of_the_second_stage(ranked):
    run, *_ = ranked
    assert load_ranker(run).config.needs_lstm
    features = read_sealed(run.folder / RANKER / "manifest.json")["features"]
    assert {"words: margin", "lstm: margin"} <= set(features)


def test_a_lost_or_damaged_ranker_is_named_and_fitted_again_with_the_same_bits(
    start_run,
):
    run, records = start_run(*RANKER_SETTINGS, "ranking.lstm_feature=false")
    messages = []
    list(train(TrainingSetup(run, records)))
    weights = run.folder / RANKER / "weights.npz"
    content = weights.read_bytes()
    flip(weights, 0.5)
    with pytest.raises(
        RunError, match=r"linear SVMs and second stage, got weights\.npz: other bytes"
    ):
        load_scorer(run, best_checkpoint(run))
    load_or_fit_ranker(TrainingSetup(run, records, progress=messages_to(messages)))
    assert weights.read_bytes() == content
    assert [message for message in messages if "is fitted again: weights.npz" in message]


@pytest.mark.parametrize("damage", [shutil.rmtree, lambda path: flip(path / "scores.npz")])
def test_lost_or_damaged_scores_out_of_fold_are_fitted_again(start_run, damage):
    """A training may be killed after the ranker is saved, and before they are."""
    run, records = start_run(*RANKER_SETTINGS, "ranking.lstm_feature=false", "ranking.lstm_share=0")
    list(train(TrainingSetup(run, records)))
    expected = load_out_of_fold_scores(run)
    damage(run.folder / OUT_OF_FOLD)
    with pytest.raises(RunError, match="Fit them again with `lawrec train --resume`"):
        load_out_of_fold_scores(run)
    load_or_fit_ranker(TrainingSetup(run, records))
    for again, before in zip(load_out_of_fold_scores(run), expected, strict=True):
        np.testing.assert_array_equal(again, before)


def test_each_net_scores_cases_that_it_has_not_seen(ranked, monkeypatch):
    run, records, *_ = ranked
    parts = [collect(read_records(records, "train"), 3, seed=1), *[collect([], 3, seed=1)] * 2]
    ranker_cases = RankerCases(*parts, titles=[], tokens=records.tokens.names)
    folds = ranker_case_folds(ranker_cases, 5, seed=1)
    logits = out_of_fold_logits(TrainingSetup(run, records), folds=folds, ranker_cases=ranker_cases)
    middle = folds.train == 2
    assert np.isnan(logits[middle]).all()
    assert np.isfinite(logits[~middle]).all()
    assert ((logits[~middle] > 0) == ranker_cases.train.y_true[~middle]).mean() > 0.7
    again = out_of_fold_logits(TrainingSetup(run, records), folds=folds, ranker_cases=ranker_cases)
    np.testing.assert_array_equal(logits, again)


@pytest.mark.parametrize("n_folds", range(2, 12))
def test_both_nets_have_cases_to_learn_from_and_none_scores_what_the_other_does(n_folds):
    first, second = scored_folds(n_folds)
    assert not set(first) & set(second)
    assert 0 < len(first) == len(second) < n_folds


def test_a_run_without_a_second_stage_trains_no_net(start_run):
    run, records = start_run(*RANKER_SETTINGS, "ranking.second_stage=false")
    reports = []
    progress = Reports(lambda *report: reports.append(report[0]))
    list(train(TrainingSetup(run, records, progress=progress)))
    assert not [name for name in reports if name.startswith("train net")]
    assert load_ranker(run).second_stage is None


def test_the_lstm_alone_has_no_ranker(start_run):
    run, records = start_run("training.epochs=1")
    assert load_or_fit_ranker(TrainingSetup(run, records)) is None
    assert run.config.ranking == replace(RankingConfig(), second_stage=False, lstm_share=1.0)
    assert LSTM not in run.config.to_dict()
