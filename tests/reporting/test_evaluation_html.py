import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from lawrec.reporting.evaluation_html import evaluation_html, shown_cases
from tests.helpers.predictions import random_cases, random_predictions, report_on

VOID = {"meta", "input"}


class Balance(HTMLParser):
    """Fails when a tag is closed that is not open; collects the names of all tags."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def page_on(predictions, *others):
    cases = random_cases(shown_cases(predictions))
    return evaluation_html(report_on(predictions, *others), predictions, cases=cases)


@pytest.fixture(scope="module")
def page():
    return page_on(random_predictions(), random_predictions(seed=4, run="<second>"))


def test_every_tag_is_closed_and_there_is_a_figure_for_each_plot(page):
    balance = Balance(page)
    assert balance.open == []
    assert balance.tags.count("figure") == balance.tags.count("svg") == 6


def test_features_of_a_second_stage_have_a_figure(page):
    assert "Features of the second stage" not in page
    predictions = random_predictions()
    importances = {f"feature <{number}>": (20 - number) / 210 for number in range(20)}
    report = replace(report_on(predictions), feature_importances=importances)
    cases = random_cases(shown_cases(predictions))
    ranked_page = evaluation_html(report, predictions, cases=cases)
    assert Balance(ranked_page).tags.count("figure") == 7
    assert "the 15 of 20 features whose splits gain most" in ranked_page
    assert "feature &lt;14&gt;" in ranked_page
    assert "feature &lt;15&gt;" not in ranked_page


def test_the_page_needs_nothing_from_outside(page):
    assert not re.search(r"https?:|<link|@import|url\((?!#)|src=", page)


def test_facts_and_names_are_escaped(page):
    assert "&lt;script&gt;&amp;某" in page
    assert "<td>&lt;b&gt;</td>" in page
    assert "data/&lt;i&gt;.json" in page
    assert "<h3>&lt;second&gt;</h3>" in page
    assert "<p>&lt;second&gt; is better in " in page
    assert page.count("<script>") == 1


def test_the_headlines_have_their_intervals_and_a_baseline(page):
    report = report_on(random_predictions())
    interval = report.intervals["micro_f1"]
    assert f'<p class="big">{interval.value:.3f}</p>' in page
    assert f"{interval.low:.3f} to {interval.high:.3f}" in page
    baseline = report.baselines["most frequent article"]["micro_f1"]
    assert f"most frequent article: {baseline:.3f}" in page


def test_long_facts_are_shortened(page):
    assert re.search(r"案情\d+", page)
    assert "某" * 700 in page
    assert "某" * 801 not in page


def test_every_article_has_a_row_and_those_without_cases_and_predictions_can_be_hidden(page):
    table = page[page.index('<table id="articles"') :]
    rows = re.findall(r"<tr( class=quiet)?><td>(.*?)</td>", table)
    names = ["133之一 危险驾驶罪", "264 盗窃罪", "266 诈骗罪", "999", "&lt;b&gt;"]
    assert [name for _, name in rows] == names
    assert [name for quiet, name in rows if quiet] == ["999"]
    assert "<td>∞</td>" in table
    assert "<td>–</td>" in table
    assert table.count("<button>") == 12


def test_other_runs_are_a_section_only_if_there_are_any(page):
    assert "Comparison with other runs" in page
    assert "Comparison with other runs" not in page_on(random_predictions())


def test_a_run_without_a_mistake_has_a_page_too():
    run = random_predictions()
    right = replace(run, y_pred=run.y_true, y_score=run.y_true.astype("float32"))
    right = replace(right, y_prob=right.y_score)
    assert shown_cases(right) == set()
    page = page_on(right)
    assert Balance(page).open == []
    assert page.count("<p>None.</p>") == 2


def test_cases_without_any_article_have_a_page_too():
    run = random_predictions(cases=4)
    empty = replace(run, y_true=run.y_true & False, y_pred=run.y_pred & False)
    assert Balance(page_on(empty)).open == []


def test_only_the_facts_that_are_shown_are_needed(monkeypatch):
    monkeypatch.setattr("lawrec.reporting.evaluation_html.WORST_CASES", 2)
    monkeypatch.setattr("lawrec.reporting.evaluation_html.PAIRS", 1)
    assert 2 <= len(shown_cases(random_predictions())) <= 5


def test_every_class_of_a_tag_has_a_style(page):
    style = page[page.index("<style>") : page.index("</style>")]
    for kind in ("missed", "wrong", "right"):
        assert f'<span class="tag {kind}">' in page
        assert f".{kind} {{" in style
