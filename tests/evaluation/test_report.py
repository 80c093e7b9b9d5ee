from dataclasses import replace

import numpy as np
import pytest

from lawrec.evaluation import calibration_metrics, confusion_counts, metrics, ranking_metrics
from lawrec.evaluation.bootstrap import Difference
from lawrec.evaluation.report import (
    MOST_FREQUENT,
    NO_ARTICLE,
    align_articles,
    compare,
    metrics_per_article,
    verdict,
)
from tests.helpers.predictions import random_predictions, report_on


def test_the_report_has_the_metrics_of_the_predictions():
    run = random_predictions()
    report = report_on(run)
    expected = metrics.evaluate(run.y_true, run.y_pred, run.known)
    assert report.metrics == expected
    assert report.averages["macro"]["f1"] == expected["macro_f1"]
    for name, value in (expected | report.rankings).items():
        assert report.intervals[name].value == pytest.approx(value)
    samples = report.averages["samples"]
    assert {name: report.intervals[f"samples_{name}"].value for name in samples} == (
        pytest.approx(samples)
    )
    scores = calibration_metrics.score_metrics(run.y_true, run.y_score, run.known)
    assert report.scores == scores
    assert (report.cases, report.articles, report.compared_articles) == (60, 5, 0)


def test_the_baselines_are_the_most_frequent_article_and_no_article():
    run = random_predictions()
    baselines = report_on(run).baselines
    always = np.zeros_like(run.y_true)
    always[:, 0] = True
    assert baselines[MOST_FREQUENT] == metrics.evaluate(run.y_true, always, run.known)
    assert baselines[NO_ARTICLE]["micro_f1"] == 0


def test_calibrated_probabilities_change_only_the_metrics_of_probabilities():
    run = random_predictions()
    plain, calibrated = report_on(run), report_on(replace(run, y_prob=run.y_prob / 2))
    assert calibrated.scores["brier_score"] != plain.scores["brier_score"]
    assert calibrated.scores["roc_auc"] == plain.scores["roc_auc"]
    assert calibrated.rankings == plain.rankings


def test_runs_with_different_articles_get_the_columns_of_all():
    first = random_predictions(articles=("264", "266", "999"))
    second = random_predictions(seed=2, articles=("133之一", "266"))
    wide_first, wide_second = align_articles([first, second])
    assert wide_first.articles == wide_second.articles == ("264", "266", "999", "133之一")
    assert (wide_first.y_true == wide_second.y_true).all()
    assert (wide_first.known == wide_second.known).all()
    assert (wide_first.y_true[:, :3] == first.y_true).all()
    assert (wide_second.y_true[:, 3] == second.y_true[:, 0]).all()
    assert (wide_second.y_score[:, [3, 1]] == second.y_score).all()
    assert not wide_second.y_score[:, [0, 2]].any()
    assert not wide_second.y_pred[:, [0, 2]].any()
    assert np.isinf(wide_second.thresholds[[0, 2]]).all()
    assert (wide_first.known[:, 1] == first.known[:, 1]).all()


def test_an_article_that_one_run_does_not_know_counts_as_its_miss():
    first, other = (
        random_predictions(),
        random_predictions(articles=("264", "266", "133之一", "999")),
    )
    (comparison,) = compare(first, [other])
    y_pred = first.y_pred.copy()
    y_pred[:, 3] = False
    expected = metrics.evaluate(first.y_true, y_pred, first.known)
    assert {name: comparison.metrics[name] for name in expected} == pytest.approx(expected)
    ours = metrics.evaluate(first.y_true, first.y_pred, first.known)
    for name, value in ours.items():
        assert comparison.differences[name].value == pytest.approx(value - expected[name])


def test_a_run_does_not_differ_from_itself_but_from_a_much_worse_one():
    good, bad = random_predictions(noise=0.1), random_predictions(seed=3, noise=0.6, run="bad")
    same, other = compare(good, [replace(good, run="same"), bad])
    assert {difference.p_value for difference in same.differences.values()} == {1}
    assert (same.run, other.run) == ("same", "bad")
    assert other.differences["micro_f1"].p_value < 0.01
    assert other.differences["micro_f1"].low > 0
    assert (same.verdict, other.verdict) == (
        "same is better in no metric",
        "bad is better in no metric",
    )


@pytest.mark.parametrize(
    ("metric", "value", "p_value", "text"),
    [
        ("micro_f1", -0.1, 0.03, "micro-F1 (p = 0.030)"),
        ("micro_f1", -0.1, 0.05, "micro-F1 (p = 0.050, may be chance)"),
        ("micro_f1", 0.1, 0.03, "no metric"),
        ("micro_f1", -1e-16, 1.0, "no metric"),
        ("hamming_loss", 0.1, 0.001, "Hamming loss (p = 0.001)"),
        ("hamming_loss", -0.1, 0.001, "no metric"),
        ("samples_f1", -0.1, 0.001, "no metric"),
    ],
)
def test_the_verdict_names_where_the_other_run_is_better(metric, value, p_value, text):
    differences = {metric: Difference(value, value - 1, value + 1, p_value)}
    assert verdict("other", differences) == f"other is better in {text}"


def test_a_run_that_is_better_in_some_metrics_is_so_in_the_order_of_the_table():
    good, bad = random_predictions(noise=0.1, run="good"), random_predictions(seed=3, noise=0.6)
    (comparison,) = compare(bad, [good])
    assert comparison.verdict == (
        "good is better in CAIL score (p = 0.001); micro-F1 (p = 0.001); "
        "macro-F1, all articles (p = 0.001); macro-F1, articles with cases (p = 0.001); "
        "Hamming loss (p = 0.001); exact match (p = 0.001)"
    )


def test_the_table_of_articles_has_a_row_each():
    run = random_predictions()
    columns = metrics_per_article(run)
    counts = confusion_counts.count(run.y_true, run.y_pred, run.known)
    auc = ranking_metrics.auc_per_article(run.y_true, run.y_score, run.known)
    assert {len(values) for values in columns.values()} == {5}
    assert columns["article"] == run.articles
    assert columns["support"].tolist() == counts.support.tolist()
    assert columns["roc_auc"][:4].tolist() == auc.roc_auc[:4].tolist()
    assert columns["f1"].tolist() == confusion_counts.f1(counts).tolist()
    assert np.isnan(columns["roc_auc"][4])
    assert np.isinf(columns["threshold"][4])
