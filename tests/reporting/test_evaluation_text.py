import json
from dataclasses import replace

import pytest

from lawrec.evaluation.bootstrap import Difference, Interval
from lawrec.evaluation.metrics import METRICS
from lawrec.evaluation.report import FREQUENT, MODEL, NOTHING, Comparison, EvaluationReport
from lawrec.reporting.evaluation_text import (
    AVERAGES,
    RANKINGS,
    SCORES,
    SINGLE,
    evaluation_json,
    evaluation_table,
    interval_text,
)

HALVES = dict.fromkeys(METRICS, 0.5) | {"cail_score": 0.87654, "hamming_loss": 0.00123}
ZEROS = dict.fromkeys(METRICS, 0.0)
REPORT = EvaluationReport(
    run="first",
    path="data/test.json",
    cases=12_345,
    skipped=0,
    articles=183,
    unknown_articles=("999",),
    answers={MODEL: HALVES, FREQUENT: ZEROS, NOTHING: ZEROS},
    intervals={name: Interval(value, value / 2, value) for name, value in HALVES.items()},
    averages={name: {"precision": 0.25, "recall": 0.5, "f1": 0.75} for name in AVERAGES},
    rankings={f"{name}_{k}": k / 10 for name in RANKINGS for k in (1, 3, 5)}
    | {"lrap": 0.875, "coverage_error": 3.25},
    scores=dict.fromkeys(SCORES, 0.125)
    | {"roc_auc_articles": 99, "average_precision_articles": 102},
)
COMPARISON = Comparison(
    "second",
    dict.fromkeys(METRICS, 0.25),
    {name: Difference(0.25, -0.05, 0.5, 0.0625) for name in METRICS},
)


def test_an_evaluation_is_tables_of_figures():
    assert evaluation_table(REPORT) == (
        f"""\
12,345 cases of data/test.json, 183 articles

                                                                      always the most
  Figure                          this run       95% interval        frequent article   no article
 {"─" * 98}
  CAIL score                        0.8765     0.438 to 0.877                  0.0000       0.0000
  micro-F1                          0.5000     0.250 to 0.500                  0.0000       0.0000
  macro-F1, all articles            0.5000     0.250 to 0.500                  0.0000       0.0000
  macro-F1, articles with cases     0.5000     0.250 to 0.500                  0.0000       0.0000
  Hamming loss                      0.0012   0.0006 to 0.0012                  0.0000       0.0000
  exact match                       0.5000     0.250 to 0.500                  0.0000       0.0000

  Average                          precision   recall       F1
 {"─" * 62}
  micro, all decisions together       0.2500   0.5000   0.7500
  macro, all articles                 0.2500   0.5000   0.7500
  macro, articles with cases          0.2500   0.5000   0.7500
  weighted by an article's cases      0.2500   0.5000   0.7500
  samples, mean over cases            0.2500   0.5000   0.7500

  Ranking of a case's articles    k = 1    k = 3    k = 5
 {"─" * 57}
  precision of the first k       0.1000   0.3000   0.5000
  recall of the first k          0.1000   0.3000   0.5000
  a true one among the first k   0.1000   0.3000   0.5000
  nDCG of the first k            0.1000   0.3000   0.5000

  Scores
 {"─" * 61}
  label ranking average precision                      0.8750
  coverage error: articles down to the last true one   3.2500
  ROC-AUC, mean over 99 articles                       0.1250
  average precision, mean over 102 articles            0.1250
  label accuracy at 0.5                                0.1250
  Brier score                                          0.1250
  calibration error (ECE), all entries                 0.1250
  calibration error (ECE), each case's best article    0.1250
"""
    )


def test_another_run_stands_below_with_its_difference():
    text = evaluation_table(replace(REPORT, comparisons=(COMPARISON,), compared_articles=190))
    assert text.startswith(evaluation_table(REPORT))
    assert text.endswith(
        f"""
first beside second, over 190 articles

  Figure                          this run   the other   difference       95% interval       p
 {"─" * 94}
  CAIL score                        0.5000      0.2500      +0.2500   -0.050 to +0.500   0.062
  micro-F1                          0.5000      0.2500      +0.2500   -0.050 to +0.500   0.062
  macro-F1, all articles            0.5000      0.2500      +0.2500   -0.050 to +0.500   0.062
  macro-F1, articles with cases     0.5000      0.2500      +0.2500   -0.050 to +0.500   0.062
  Hamming loss                      0.5000      0.2500      +0.2500   -0.050 to +0.500   0.062
  exact match                       0.5000      0.2500      +0.2500   -0.050 to +0.500   0.062
"""
    )


@pytest.mark.parametrize(
    ("of", "text"),
    [
        (Interval(0.5, 0.25, 0.75), "0.250 to 0.750"),
        (Interval(0.001, 0.00012, 0.002), "0.0001 to 0.0020"),
        (Difference(0, -0.5, 0.5, 1), "-0.500 to +0.500"),
        (Difference(0, -0.001, 0.0123, 1), "-0.0010 to +0.0123"),
    ],
)
def test_an_interval_says_from_where_to_where(of, text):
    assert interval_text(of) == text


def test_the_json_of_an_evaluation_reads_back():
    values = json.loads(evaluation_json(replace(REPORT, comparisons=(COMPARISON,))))
    assert values["answers"][MODEL] == HALVES
    assert values["intervals"]["micro_f1"] == {"value": 0.5, "low": 0.25, "high": 0.5}
    assert values["unknown_articles"] == ["999"]
    assert values["comparisons"][0]["differences"]["micro_f1"]["p_value"] == 0.0625


def test_all_that_is_measured_is_named(judge, report_of):
    report = report_of(judge())
    assert report.averages.keys() == AVERAGES.keys()
    singles = {name for name in report.scores if not name.endswith("_articles")}
    assert singles == SCORES.keys()
    ranked = {name.rpartition("_")[0] for name in report.rankings if name not in SINGLE}
    assert ranked == RANKINGS.keys()
    assert json.loads(evaluation_json(report))["cases"] == 60


@pytest.mark.parametrize("path", ["[b]甲[/b]", "[/]", ":a: :smile:"])
def test_a_path_is_no_markup(path):
    assert evaluation_table(replace(REPORT, path=path)).startswith(f"12,345 cases of {path}, ")
