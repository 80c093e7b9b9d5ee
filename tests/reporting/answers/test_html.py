import re
from dataclasses import replace
from html.parser import HTMLParser

from hypothesis import given

from lawrec.decision.explanation import Evidence, SimilarCase
from lawrec.decision.recommend import Decision
from lawrec.reporting.answers.html import answer_html
from lawrec.runs.results import Answer
from tests.helpers.answers import ANSWER, FACT, REFUSED, THEFT, WHY, WHY_FACT, WHY_THEFT
from tests.helpers.strategies import texts

VOID = {"meta", "br"}


class Page(HTMLParser):
    """The texts and tags of a page, which must be closed in their order."""

    def __init__(self, source):
        super().__init__()
        self.open, self.tags, self.texts = [], [], []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def page(*answers, **options):
    return "\n".join(answer_html(answers, **options))


def case(answer, **options):
    _, section, _ = answer_html([answer], **options)
    return section


def test_a_page_has_a_section_per_case_and_needs_no_network():
    source = page(WHY, ANSWER, REFUSED)
    assert len([tag for tag, _ in Page(source).tags if tag == "section"]) == 3
    assert not re.search(r"https?:|src=|<script|<link|@import|url\(", source)
    assert page().count("<section") == 0


def test_sections_come_as_answers_do():
    taken = []
    lines = answer_html(taken.append(answer) or answer for answer in (ANSWER, WHY))
    next(lines)
    assert taken == []
    next(lines)
    assert taken == [ANSWER]


def test_clauses_and_words_are_marked_with_their_effects():
    section = case(WHY)
    assert (
        '<span class="clause" style="--share:1.00" title="+2.50">'
        '<mark class="for" title="+1.25">窃取</mark></span>'
    ) in section
    assert '又<mark class="for" title="+1.25">窃取</mark>，' in section
    assert '<mark class="against" title="-0.50">骗</mark>' in section
    assert "<h3>Why 264 盗窃罪:</h3>" in section
    assert 'Rather than 266 诈骗罪 (0.125): <b class="against">骗</b> -0.50' in section
    assert "No single clause or word raised its score." in section
    assert "Similar training cases: 812 (264, 269; 0.62); 77 (264; 0.50)" in section


def test_the_fact_is_whole_with_and_without_an_explanation():
    for answer, fact, number in ((WHY, WHY_FACT, 2), (ANSWER, FACT, 1)):
        shown = re.findall('<p class="fact">(.*?)</p>', case(answer))
        assert [re.sub("<[^>]*>", "", text) for text in shown] == [fact] * number


def test_scores_reasons_and_texts_are_shown():
    section = case(ANSWER, texts={"264": "盗窃公私财物。", "347": "走私。"})
    assert '<td>0.912 <meter value="0.912"></meter></td><td>0.954</td><td>0.500</td>' in section
    assert "<td>yes: above threshold</td>" in section
    assert "<td></td><td>none</td><td>no: below threshold</td>" in section
    assert '<summary>264 盗窃罪</summary><p class="fact">盗窃公私财物。</p>' in section
    assert "走私" not in section


def test_an_error_is_shown():
    assert '<p class="error">stdin:2: a fact must hold text' in case(REFUSED)


@given(texts(), texts(), texts())
def test_nothing_in_a_text_is_taken_for_html(fact, title, case_id):
    clause = Evidence(fact[:3], ((0, 3),), 1.0)
    explanation = replace(WHY_THEFT, clauses=(clause,), words=(clause,))
    answer = Answer(
        case_id,
        fact,
        Decision((replace(THEFT, title=title, article="<b>", explanation=explanation),)),
        similar_cases=(SimilarCase(case_id, (title,), 0.5),),
    )
    parsed = Page(case(answer, texts={"<b>": fact}))
    assert {tag for tag, _ in parsed.tags} <= {
        *("section", "h2", "h3", "p", "table", "tr", "td", "th", "meter", "span", "mark", "b"),
        *("details", "summary"),
    }
    page(answer).encode()
