import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from lawrec.corpus.audit.audit import AuditReport, Finding, LongTail, SplitSizes
from lawrec.reporting.audit_html import audit_html

FINDING = Finding(
    kind="masked",
    severity="warning",
    count=1_234,
    meaning="a fact is blanked out",
    todo="`lawrec audit --fix` <drops> it.",
    examples=(("data/a.json:1", "<script>alert(1)</script> & ××罪"),),
)
REPORT = AuditReport(
    data="data",
    max_tokens=384,
    splits={"train": SplitSizes("data/train.json", "utf-8", 10, 9, 3, 900, 200)},
    articles={"264": {"train": 1_500}, "133之一": {"train": 2}, "<b>": {"train": 0}},
    tail=LongTail(articles=3, unused=1, rare=1, limit=10, labels=1_502, top=1_502),
    findings=(FINDING,),
)
VOID = {"meta"}


class Balance(HTMLParser):
    """Fails when a tag is closed that is not open."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("findings", [(), (FINDING,), (replace(FINDING, severity="error"),)])
def test_every_tag_is_closed(findings):
    balance = Balance()
    balance.feed(audit_html(replace(REPORT, findings=findings)))
    assert balance.open == []


def test_the_page_needs_nothing_from_outside():
    page = audit_html(REPORT)
    assert not re.search(r"https?:|<script|<link|@import|url\(|src=", page)


def test_what_the_cases_hold_is_text_and_not_markup():
    page = audit_html(REPORT)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; ××罪" in page
    assert "<code>lawrec audit --fix</code> &lt;drops&gt; it." in page
    assert "<b>:" not in page


def test_a_split_says_how_it_is_written():
    assert "<li>encoding: utf-8</li>" in audit_html(REPORT)


def test_an_article_of_more_cases_has_a_higher_bar():
    page = audit_html(REPORT)
    heights = [float(height) for height in re.findall(r'<rect[^>]* height="([0-9.]+)"', page)]
    assert len(heights) == 3
    assert heights == sorted(heights, reverse=True)
    assert page.count("class=none") == 1
    assert "<title>264 盗窃罪: 1,500</title>" in page
    assert re.findall(r"<text[^>]*>([0-9,]+)</text>", page) == ["1", "10", "100", "1,000"]


def test_a_corpus_without_cases_has_a_page_too():
    empty = replace(
        REPORT, articles={}, findings=(), splits={"train": SplitSizes("x", "utf-8", 0, 0, 0, 0, 0)}
    )
    page = audit_html(empty)
    assert "No findings." in page
    assert "No errors, no warnings" in page


@pytest.mark.parametrize(
    ("findings", "tone"),
    [((), "good"), ((FINDING,), "fair"), ((replace(FINDING, severity="error"),), "bad")],
)
def test_the_verdict_has_the_tone_of_the_worst(findings, tone):
    assert f'class="verdict {tone}"' in audit_html(replace(REPORT, findings=findings))
