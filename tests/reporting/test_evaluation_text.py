import json
from dataclasses import replace

import pytest

from lawrec.evaluation.bootstrap import Difference, Interval
from lawrec.evaluation.cail_judge import CailReport
from lawrec.evaluation.metrics import METRICS
from lawrec.evaluation.report import MOST_FREQUENT, NO_ARTICLE, Comparison, EvaluationReport
from lawrec.reporting.evaluation_text import (
    AVERAGE_LABELS,
    RANKING_LABELS,
    SCORE_LABELS,
    WHOLE_RANKING_LABELS,
    cail_text,
    evaluation_json,
    evaluation_table,
    interval_text,
)
from tests.helpers.predictions import random_predictions, report_on

HALVES = dict.fromkeys(METRICS, 0.5) | {"cail_score": 0.87654, "hamming_loss": 0.00123}
ZEROS = dict.fromkeys(METRICS, 0.0)
REPORT = EvaluationReport(
    run="first",
    path="data/test.json",
    cases=12_345,
    drawn_from=12_345,
    skipped=0,
    articles=183,
    unknown_articles=("999",),
    metrics=HALVES,
    baselines={MOST_FREQUENT: ZEROS, NO_ARTICLE: ZEROS},
    intervals={name: Interval(value, value / 2, value) for name, value in HALVES.items()},
    averages={name: {"precision": 0.25, "recall": 0.5, "f1": 0.75} for name in AVERAGE_LABELS},
    rankings={f"{name}_{k}": k / 10 for name in RANKING_LABELS for k in (1, 3, 5)}
    | {"lrap": 0.875, "coverage_error": 3.25},
    scores=dict.fromkeys(SCORE_LABELS, 0.125)
    | {"roc_auc_articles": 99, "average_precision_articles": 102},
)
COMPARISON = Comparison(
    "second",
    dict.fromkeys(METRICS, 0.25),
    {name: Difference(0.25, -0.05, 0.5, 0.0625) for name in METRICS},
    verdict="second is better in Hamming loss (p = 0.062, may be chance)",
)


def test_what_was_left_out_is_counted():
    first, *_ = evaluation_table(replace(REPORT, skipped=15)).splitlines()
    assert first == "12,345 cases of data/test.json, 183 articles, 15 bad lines left out"


def test_a_report_is_a_text_of_tables():
    assert evaluation_table(REPORT) == (
        f"""\
12,345 cases of data/test.json, 183 articles

  Metric                          this run       95% interval   most frequent article   no article
 {"─" * 98}
  CAIL score                        0.8765     0.438 to 0.877                  0.0000       0.0000
  micro-F1                          0.5000     0.250 to 0.500                  0.0000       0.0000
  macro-F1, all articles            0.5000     0.250 to 0.500                  0.0000       0.0000
  macro-F1, articles with cases     0.5000     0.250 to 0.500                  0.0000       0.0000
  Hamming loss                      0.0012   0.0006 to 0.0012                  0.0000       0.0000
  exact match                       0.5000     0.250 to 0.500                  0.0000       0.0000

  Average                                 precision   recall       F1
 {"─" * 69}
  micro, all entries pooled                  0.2500   0.5000   0.7500
  macro, all articles                        0.2500   0.5000   0.7500
  macro, articles with cases                 0.2500   0.5000   0.7500
  weighted by the cases of each article      0.2500   0.5000   0.7500
  samples, mean over cases                   0.2500   0.5000   0.7500

  Ranking                        k = 1    k = 3    k = 5
 {"─" * 56}
  precision of the top k        0.1000   0.3000   0.5000
  recall of the top k           0.1000   0.3000   0.5000
  a true article in the top k   0.1000   0.3000   0.5000
  nDCG of the top k             0.1000   0.3000   0.5000

  Scores
 {"─" * 61}
  label ranking average precision                      0.8750
  coverage error: rank of the last true article        3.2500
  ROC-AUC, mean over 99 articles                       0.1250
  average precision, mean over 102 articles            0.1250
  label accuracy at 0.5                                0.1250
  Brier score                                          0.1250
  calibration error (ECE), all entries                 0.1250
  calibration error (ECE), best article of each case   0.1250
"""
    )


def test_another_run_is_a_table_of_differences_below():
    text = evaluation_table(replace(REPORT, comparisons=(COMPARISON,), compared_articles=190))
    assert text.startswith(evaluation_table(REPORT))
    assert text.endswith(
        f"""
first against second, over 190 articles

  Metric                          this run   other run   difference       95% interval       p
 {"─" * 94}
  CAIL score                        0.5000      0.2500      +0.2500   -0.050 to +0.500   0.062
  micro-F1                          0.5000      0.2500      +0.2500   -0.050 to +0.500   0.062
  macro-F1, all articles            0.5000      0.2500      +0.2500   -0.050 to +0.500   0.062
  macro-F1, articles with cases     0.5000      0.2500      +0.2500   -0.050 to +0.500   0.062
  Hamming loss                      0.5000      0.2500      +0.2500   -0.050 to +0.500   0.062
  exact match                       0.5000      0.2500      +0.2500   -0.050 to +0.500   0.062

second is better in Hamming loss (p = 0.062, may be chance)
"""
    )


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (Interval(0.5, 0.25, 0.75), "0.250 to 0.750"),
        (Interval(0.001, 0.00012, 0.002), "0.0001 to 0.0020"),
        (Difference(0, -0.5, 0.5, 1), "-0.500 to +0.500"),
        (Difference(0, -0.001, 0.0123, 1), "-0.0010 to +0.0123"),
    ],
)
def test_an_interval_is_shown_by_its_bounds(interval, text):
    assert interval_text(interval) == text


def test_the_json_of_a_report_reads_back():
    values = json.loads(evaluation_json(replace(REPORT, comparisons=(COMPARISON,))))
    assert values["metrics"] == HALVES
    assert values["baselines"] == {"most frequent article": ZEROS, "no article": ZEROS}
    assert values["intervals"]["micro_f1"] == {"value": 0.5, "low": 0.25, "high": 0.5}
    assert values["unknown_articles"] == ["999"]
    (comparison,) = values["comparisons"]
    assert comparison["differences"]["micro_f1"]["p_value"] == 0.0625
    assert comparison["verdict"] == COMPARISON.verdict


def test_every_metric_has_a_label():
    report = report_on(random_predictions())
    assert report.averages.keys() == AVERAGE_LABELS.keys()
    assert {name for name in report.scores if not name.endswith("_articles")} == SCORE_LABELS.keys()
    at_k = report.rankings.keys() - WHOLE_RANKING_LABELS.keys()
    assert {name.rpartition("_")[0] for name in at_k} == RANKING_LABELS.keys()
    assert json.loads(evaluation_json(report))["cases"] == 60


@pytest.mark.parametrize("path", ["[b]甲[/b]", "[/]", ":a: :smile:"])
def test_a_path_is_no_markup(path):
    assert evaluation_table(replace(REPORT, path=path)).startswith(f"12,345 cases of {path}, ")


def test_the_result_of_the_judge_names_the_articles_that_its_list_lacks():
    result = CailReport("a.json", "a.truth.json", 4, 0.85833, 0.8, 0.91667, ("67",), 1, 2)
    assert cail_text(result) == (
        "CAIL2018's judge, 4 lines: score 0.8583, micro-F1 0.8000, macro-F1 0.9167\n"
        "Answers: a.json, truth: a.truth.json\n"
        "Left out, since the list lacks 67: 1 cited, 2 recommended"
    )
    assert "Left out" not in cail_text(replace(result, unmapped_articles=()))
    assert evaluation_table(replace(REPORT, cail_judge=result)).endswith(f"{cail_text(result)}\n")
