import pytest

from lawrec.reporting.html_page import page_html, static_text


def test_the_title_is_escaped_and_the_body_is_not():
    page = page_html("<i>", "<p>text</p>", stylesheet="audit.css")
    assert "<title>&lt;i&gt;</title>" in page
    assert "<main>\n<p>text</p></main>" in page


def test_a_page_holds_its_stylesheets_the_shared_one_first():
    page = page_html("title", "", stylesheet="audit.css")
    assert static_text("page.css") + static_text("audit.css") in page


@pytest.mark.parametrize("name", ["page.css", "audit.css", "evaluation.css", "evaluation.js"])
def test_static_files_need_nothing_from_outside_and_cannot_close_their_tag(name):
    text = static_text(name)
    assert text.endswith("\n")
    assert not any(part in text for part in ("http:", "https:", "@import", "</"))
