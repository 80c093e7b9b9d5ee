import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from lawrec.reporting.search_html import search_html, write_page
from tests.helpers.searches import searched_result


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.names = []

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)


@pytest.fixture(scope="module")
def page():
    return search_html(searched_result())


def test_the_page_has_three_plots_and_no_script_or_network(page):
    tags = Tags()
    tags.feed(page)
    assert tags.names.count("svg") == 3
    assert not {"script", "link", "img", "iframe"} & set(tags.names)
    assert not re.search(r"https?://(?!www\.w3\.org)", page)


def test_the_page_says_what_was_found(page):
    text = re.sub(r"<[^>]*>", " ", page)
    assert "Best valid CAIL score: 0.7500, by trial 1; 4 trials in all." in " ".join(text.split())
    assert "lawrec train --preset tiny --config study/best.toml" in text
    for name in ("model.dropout", "model.pooling", "optimizer.learning_rate"):
        assert name in text


def test_texts_are_escaped(page):
    assert "MemoryError: &lt;2 GiB&gt;" in page
    assert "<2 GiB>" not in page


def test_one_trial_makes_a_page_too(tmp_path):
    result = searched_result()
    single = replace(result, folder=tmp_path, trials=(result.best,), importances={})
    page = write_page(single).read_text("utf-8")
    assert "Too few complete trials" in page
    assert page.count("<svg") == 2
