import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from lawrec.evaluation.report import per_article
from lawrec.reporting import evaluation_html as page_module
from lawrec.reporting.evaluation_html import evaluation_html, shown_cases

VOID = {"meta", "input"}


class Balance(HTMLParser):
    """Fails when a tag is closed that is not open; counts the tags."""

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


@pytest.fixture(scope="module")
def page_of(report_of, facts_of):
    def page(judged, *others):
        facts = facts_of(shown_cases(judged))
        return evaluation_html(
            report_of(judged, *others), judged, columns=per_article(judged), facts=facts
        )

    return page


@pytest.fixture(scope="module")
def page(judge, page_of):
    return page_of(judge(), judge(seed=4, run="<second>"))


def test_every_tag_is_closed_and_there_is_a_figure_for_each_plot(page):
    balance = Balance(page)
    assert balance.open == []
    assert balance.tags.count("figure") == balance.tags.count("svg") == 6


def test_the_page_needs_nothing_from_outside(page):
    assert not re.search(r"https?:|<link|@import|url\((?!#)|src=", page)


def test_what_cases_and_names_hold_is_text_and_not_markup(page):
    assert "&lt;script&gt;&amp;某" in page
    assert "<td>&lt;b&gt;</td>" in page
    assert "data/&lt;i&gt;.json" in page
    assert "<h3>&lt;second&gt;</h3>" in page
    assert page.count("<script>") == 1


def test_the_headlines_have_their_intervals(page, judge, report_of):
    of = report_of(judge()).intervals["micro_f1"]
    assert f'<p class="big">{of.value:.3f}</p>' in page
    assert f"{of.low:.3f} to {of.high:.3f}" in page


def test_facts_are_shown_but_not_to_their_end(page):
    assert re.search(r"案情\d+", page)
    assert "某" * 700 in page
    assert "某" * 801 not in page


def test_an_article_has_a_row_and_those_without_cases_and_answers_can_be_hidden(page):
    table = page[page.index('<table id="articles"') :]
    rows = re.findall(r"<tr( class=quiet)?><td>(.*?)</td>", table)
    names = ["133之一 危险驾驶罪", "264 盗窃罪", "266 诈骗罪", "999", "&lt;b&gt;"]
    assert [name for _, name in rows] == names
    assert [name for quiet, name in rows if quiet] == ["999"]
    assert "<td>never</td>" in table
    assert "<td>–</td>" in table
    assert table.count("<button>") == 12


def test_other_runs_stand_on_the_page_only_where_there_are_any(page, judge, page_of):
    assert "Beside other runs" in page
    assert "Beside other runs" not in page_of(judge())


def test_a_run_without_a_mistake_has_a_page_too(judge, page_of):
    of = judge()
    right = replace(of, y_pred=of.y_true, y_score=of.y_true.astype("float32"))
    right = replace(right, y_prob=right.y_score)
    assert shown_cases(right) == set()
    page = page_of(right)
    assert Balance(page).open == []
    assert page.count("<p>None.</p>") == 2


def test_cases_without_any_article_have_a_page_too(judge, page_of):
    of = judge(cases=4)
    nothing = replace(of, y_true=of.y_true & False, y_pred=of.y_pred & False)
    assert Balance(page_of(nothing)).open == []


def test_only_the_facts_that_are_shown_are_asked_for(judge, monkeypatch):
    monkeypatch.setattr(page_module, "WORST", 2)
    monkeypatch.setattr(page_module, "PAIRS", 1)
    assert 2 <= len(shown_cases(judge())) <= 5
