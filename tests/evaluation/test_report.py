from dataclasses import replace

import numpy as np
import pytest

from lawrec.evaluation import calibration_metrics, metrics, ranking_metrics
from lawrec.evaluation.report import (
    FREQUENT,
    MODEL,
    NOTHING,
    brought_together,
    compare,
    figures_of,
    per_article,
)


def test_the_figures_are_those_of_the_answers(judge):
    of = judge()
    figures = figures_of(of)
    ours = metrics.evaluate(of.y_true, of.y_pred, of.known)
    assert figures["answers"][MODEL] == ours
    assert figures["averages"]["macro"]["f1"] == ours["macro_f1"]
    for name, value in ours.items():
        assert figures["intervals"][name].value == pytest.approx(value)
    for name, value in figures["rankings"].items():
        assert figures["intervals"][name].value == pytest.approx(value)
    samples = figures["averages"]["samples"]
    assert {name: figures["intervals"][f"samples_{name}"].value for name in samples} == (
        pytest.approx(samples)
    )
    assert figures["scores"] == calibration_metrics.of_scores(of.y_true, of.y_score, of.known)


def test_trivial_answers_are_the_most_trained_article_and_none(judge):
    of = judge()
    figures = figures_of(of)["answers"]
    always = np.zeros_like(of.y_true)
    always[:, 0] = True
    assert figures[FREQUENT] == metrics.evaluate(of.y_true, always, of.known)
    assert figures[NOTHING]["micro_f1"] == 0


def test_calibrated_probabilities_change_what_is_said_of_probabilities_alone(judge):
    of = judge()
    plain, other = figures_of(of), figures_of(replace(of, y_prob=of.y_prob / 2))
    assert other["scores"]["brier_score"] != plain["scores"]["brier_score"]
    assert other["scores"]["roc_auc"] == plain["scores"]["roc_auc"]
    assert other["rankings"] == plain["rankings"]


def test_runs_of_other_articles_get_the_columns_of_all(judge):
    first = judge(articles=("264", "266", "999"))
    other = judge(seed=2, articles=("133之一", "266"))
    one, two = brought_together([first, other])
    assert one.articles == two.articles == ("264", "266", "999", "133之一")
    assert (one.y_true == two.y_true).all()
    assert (one.known == two.known).all()
    assert (one.y_true[:, :3] == first.y_true).all()
    assert (two.y_true[:, 3] == other.y_true[:, 0]).all()
    assert (two.y_score[:, [3, 1]] == other.y_score).all()
    assert not two.y_score[:, [0, 2]].any()
    assert not two.y_pred[:, [0, 2]].any()
    assert np.isinf(two.thresholds[[0, 2]]).all()
    assert (one.known[:, 1] == first.known[:, 1]).all()


def test_an_article_that_one_run_does_not_know_counts_as_its_miss(judge):
    first, other = judge(), judge(articles=("264", "266", "133之一", "999"))
    (comparison,) = compare(first, [other])["comparisons"]
    y_pred = first.y_pred.copy()
    y_pred[:, 3] = False
    expected = metrics.evaluate(first.y_true, y_pred, first.known)
    found = {name: comparison.figures[name] for name in expected}
    assert found == pytest.approx(expected)
    ours = metrics.evaluate(first.y_true, first.y_pred, first.known)
    for name, value in ours.items():
        assert comparison.differences[name].value == pytest.approx(value - expected[name])


def test_a_run_beside_itself_does_not_differ_and_a_clear_one_does(judge):
    good, bad = judge(noise=0.1), judge(seed=3, noise=0.6, run="bad")
    same, other = compare(good, [replace(good, run="same"), bad])["comparisons"]
    assert {of.p_value for of in same.differences.values()} == {1}
    assert (same.run, other.run) == ("same", "bad")
    assert other.differences["micro_f1"].p_value < 0.01
    assert other.differences["micro_f1"].low > 0


def test_the_table_of_articles_has_a_row_each(judge):
    of = judge()
    columns = per_article(of)
    counts = metrics.count(of.y_true, of.y_pred, of.known)
    separate = ranking_metrics.separation(of.y_true, of.y_score, of.known)
    assert {len(values) for values in columns.values()} == {5}
    assert columns["article"] == of.articles
    assert columns["support"].tolist() == counts.support.tolist() == separate.positives.tolist()
    assert columns["f1"].tolist() == metrics.f1(counts).tolist()
    assert np.isnan(columns["roc_auc"][4])
    assert np.isinf(columns["threshold"][4])
