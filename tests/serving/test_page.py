"""Page: tried in a browser as a lawyer would, in Chinese and English, wide and narrow."""

import csv
import io
import json
import re

import pytest

from lawrec.corpus.bad_lines import usable_cases
from lawrec.corpus.cases import read_cases
from lawrec.reporting.answers.writers import answer_csv
from lawrec.serving.page import STATIC
from lawrec.serving.service_config import key_digest
from tests.helpers.cli import DRUNK, THEFT
from tests.serving.browser import chromium, running

COLOUR = "element => getComputedStyle(element).backgroundColor"
WIDTHS = (360, 820, 1400)
CASES = f"编号,案情\n1,{THEFT}\n"
KEY = "0123456789abcdef"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-US,en;q=0.9", "en"),
        ("fr,en;q=0.2,zh;q=0.1", "en"),
        ("de", "zh"),
        ("en;q=x", "zh"),
    ],
)
def test_the_language_is_what_the_browser_prefers(client, accepted, language):
    html = client.get("/", headers={"Accept-Language": accepted}).text
    assert f'<html lang="{language}' in html


def test_a_link_may_choose_the_language(client):
    response = client.get("/?lang=en", headers={"Accept-Language": "zh"})
    assert response.headers["content-language"] == "en"


def test_the_page_needs_no_other_host_and_has_no_inline_code(client):
    for path in STATIC.iterdir():
        assert client.get(f"/static/{path.name}").status_code == 200
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//cdn", text), path
    html = client.get("/").text
    assert "<style" not in html
    assert " style=" not in html
    assert not re.search(r"<script(?! type=\"module\" src=)", html)


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The file of feedback."""
    return tmp_path_factory.mktemp("feedback") / "cases.jsonl"


@pytest.fixture(scope="module")
def address(serve, kept):
    with running(serve(feedback=kept)) as address:
        yield address


@pytest.fixture
def open_page(browser, address):
    """Return a function that opens the page; no page may log an error or ask another host."""
    contexts, faults = [], []

    def look(request, own):
        if not request.url.startswith((own, "blob:", "data:")):
            faults.append(request.url)

    def open_page(locale="zh-CN", width=1280, at=address, may_fail=False, **options):
        context = browser.new_context(
            locale=locale, viewport={"width": width, "height": 800}, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        if not may_fail:  # Chromium logs every answer that is an error
            page.on("console", lambda line: faults.append(line.text))
        page.on("request", lambda request: look(request, at))
        page.goto(at)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def ask(page, fact):
    page.fill("#fact", fact)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#answer:not([hidden])")


def wait_for(page, selector, text):
    """Wait until an element has a text; code in a string would be against the page's policy."""
    page.locator(selector).filter(has_text=text).wait_for()


def texts(page, selector):
    return page.locator(selector).all_inner_texts()


@pytest.mark.parametrize(
    ("locale", "heading", "near"),
    [
        ("zh-CN", "第264条 盗窃罪", "得分未达到推荐标准"),
        ("en-GB", "Article 264 盗窃罪", "its score does not reach the threshold"),
    ],
)
def test_a_fact_has_its_cards(open_page, recommender, locale, heading, near):
    page = open_page(locale)
    ask(page, THEFT)
    [answer] = recommender(THEFT, top_k=5)
    listed = answer.decision.recommendations
    assert f"{round(100 * listed[0].probability)}%" in texts(page, "#recommended .chance")[0]
    assert texts(page, "#recommended h3") == [heading]
    assert len(texts(page, "#others h3")) == len(listed) - 1 == 4
    assert texts(page, "#others .reason") == [near] * 4
    width = page.locator("#recommended .fill").evaluate("bar => bar.style.width")
    assert float(width[:-1]) == pytest.approx(100 * listed[0].probability)
    assert texts(page, "#recommended blockquote") == ["新的。"]
    assert page.evaluate("document.activeElement.id") == "answer_heading"
    assert "criminal-law" in page.inner_text("#model")


def test_a_probability_has_words(open_page):
    page = open_page("en-GB")
    shown = page.evaluate(
        """import('/static/cards.js').then(({ likelihood }) =>
            [0.97, 0.8, 0.61, 0.4, 0.2, 0.004, null].map(probability =>
                likelihood({ probability, score: 0.5 })))"""
    )
    assert shown == [
        *("almost certain (97%)", "very likely (80%)", "likely (61%)", "uncertain (40%)"),
        *("unlikely (20%)", "very unlikely (0%)", "score 0.50"),
    ]


def test_what_a_reader_must_know_of_an_answer_is_said(open_page):
    page = open_page("en-GB")
    shown = page.evaluate(
        """import('/static/cards.js').then(({ notes }) => [
            notes({ abstained: true, violations: [], truncated: false }, { guarantee: 0.9 }),
            notes({ abstained: false, truncated: true, violations: [
                { kind: 'never_cited_together', article: '264', other: '133之一' }] },
                { guarantee: 0.9 }),
            notes({ abstained: false, violations: [], truncated: false }, { guarantee: null })])"""
    )
    assert shown[0][0].startswith("For a person to decide: the guarantee would need too long")
    assert "of 100 new cases, on average 90 have all their articles" in shown[1][0]
    pair = "Article 264 and Article 133之一 are never cited together."
    assert shown[1][1] == f"In the training cases, {pair}"
    assert shown[1][2].startswith("The fact is longer than the model reads")
    assert shown[2] == []


def test_the_words_that_decided_are_marked_and_lead_to_their_article(open_page, recommender):
    page = open_page()
    fact = f"\U00020000{THEFT}"  # a character of two UTF-16 units shifts nothing
    ask(page, fact)
    explanation = recommender.explain(fact).decision.recommendations[0].explanation
    spans = {span for word in explanation.words for span in word.spans}
    marked = texts(page, "#marked mark")
    assert "".join(marked) == "".join(fact[start:end] for start, end in sorted(spans))
    assert page.locator("#marked").inner_text() == fact
    assert texts(page, "#recommended q") == [clause.text for clause in explanation.clauses]
    page.locator("#marked a").first.click()
    assert page.url.endswith("#article-264")


def test_similar_cases_are_shown_where_the_model_knows_them(open_page):
    page = open_page("en-GB", may_fail=True)
    similar = [{"case_id": "train:7", "articles": ["264", "133之一"], "similarity": 0.826}]
    answers = [{"similar_cases": similar}, {"similar_cases": []}]

    def answer(route):
        response = route.fetch()
        route.fulfill(response=response, json=response.json() | answers.pop(0))

    page.route("**/v1/recommend", answer)
    ask(page, THEFT)
    shown = ["Case train:7: Article 264, Article 133之一 (similarity 83%)"]
    assert texts(page, "#similar_cases li") == shown
    ask(page, DRUNK)
    wait_for(page, "#recommended h3", "Article 133")
    assert page.is_hidden("#similar")


def test_the_text_is_that_of_the_chosen_day(open_page):
    page = open_page()
    ask(page, THEFT)
    assert page.locator("#day option").all_inner_texts() == [
        "现行（2021年3月1日起）",
        "1997年10月1日至2021年2月28日",
    ]
    page.select_option("#day", "1997-10-01")
    wait_for(page, "#recommended blockquote", "旧的。")
    assert page.inner_text("#recommended summary") == "条文内容（1997年10月1日起施行的版本）"


def test_a_text_that_cannot_be_loaded_takes_no_other_away(open_page):
    page = open_page(may_fail=True)
    ask(page, THEFT)
    page.route("**/v1/articles/*", lambda route: route.abort())
    page.select_option("#day", "1997-10-01")
    wait_for(page, "#status.warning", "未能加载条文内容，请稍后再试。")
    assert texts(page, "#recommended blockquote") == ["新的。"]
    assert page.input_value("#day") == ""  # the version that is shown
    page.fill("#fact", DRUNK)
    page.click("#fact_form [type=submit]")
    wait_for(page, "#recommended h3", "第133条")
    wait_for(page, "#status.warning", "未能加载条文内容，请稍后再试。")


def test_the_version_that_was_chosen_last_is_shown(open_page):
    page = open_page()
    ask(page, THEFT)
    late = []
    page.route("**/v1/articles/*date=1997*", lambda route: late.append(route))
    page.select_option("#day", "1997-10-01")
    with page.expect_response("**/v1/articles/264"):
        page.select_option("#day", "")
    with page.expect_response("**/v1/articles/264"):  # asked again for the one that is chosen now
        for route in late:
            route.continue_()
    assert texts(page, "#recommended blockquote") == ["新的。"]


def test_a_branch_article_is_named_as_courts_do(open_page):
    page = open_page()
    name = page.evaluate("import('/static/words.js').then(words => words.articleName('133之一'))")
    assert name == "第133条之一"


def test_both_languages_have_all_words(open_page):
    page = open_page()
    names = page.evaluate(
        """import('/static/words.js').then(({ WORDS }) => Object.values(WORDS).map(words =>
            [...Object.keys(words), ...Object.keys(words.reasons)]))"""
    )
    assert names[0] == names[1]
    used = page.evaluate(
        "[...document.querySelectorAll('[data-word]')].map(each => each.dataset.word)"
    )
    assert set(used) <= set(names[0])
    columns = page.evaluate(
        """import('/static/words.js').then(({ WORDS }) => WORDS['zh-Hans'].table.columns)"""
    )
    assert len(columns) == len(next(csv.reader(answer_csv([]))))
    assert columns[:3] == ["编号", "名次", "条文"]
    assert "undefined" not in page.inner_text("body")


def test_the_language_changes_without_losing_anything(open_page):
    page = open_page()
    ask(page, THEFT)
    page.locator("#recommended .judgment").get_by_label("适用", exact=True).check()
    page.click("#languages [value=en]")
    assert page.locator("#recommended .judgment input:checked").get_attribute("value") == "applies"
    assert page.inner_text("h1") == "Which articles may apply to this case?"
    assert texts(page, "#recommended h3") == ["Article 264 盗窃罪"]
    assert page.input_value("#fact") == THEFT
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.url.endswith("?lang=en")
    page.reload()
    assert page.inner_text("h1") == "Which articles may apply to this case?"


def test_a_fact_that_is_none_is_explained(open_page):
    page = open_page("en-GB", may_fail=True)
    page.fill("#fact", "theft")
    page.click("#fact_form [type=submit]")
    page.wait_for_selector("#status.warning")
    expected = "fact: the fact must hold Chinese text, got 'theft'. Write the fact in Chinese."
    assert page.inner_text("#status") == expected
    assert page.is_hidden("#answer")


def test_a_field_is_called_what_the_page_calls_it(open_page):
    page = open_page(may_fail=True)
    page.fill("#fact", "theft")
    page.click("#fact_form [type=submit]")
    wait_for(page, "#status.warning", "案情：案情必须含有中文；实际：'theft'。请用中文写案情。")
    ask(page, THEFT)
    page.locator("#recommended .judgment").get_by_label("不适用", exact=True).check()
    for missing, expected in {
        "9999": "条文：每个条文都必须是模型所知的条文",
        "264": "您的判断：一个条文只能被采纳或被否定，不能两者都是；实际：264。",
        "九" * 41: "遗漏的条文：最多 40 个字符",
    }.items():
        page.fill("#missing", missing)
        page.click("#send_feedback")
        wait_for(page, "#feedback_status.warning", expected)
        assert "/openapi.json" not in page.inner_text("#feedback_status")


def test_what_is_too_large_is_explained(serve, open_page):
    with running(serve(max_body=1_000)) as narrow:
        page = open_page(at=narrow, may_fail=True)
        page.fill("#fact", THEFT * 100_000)
        page.click("#fact_form [type=submit]")
        wait_for(page, "#status.warning", "内容过多，超出本服务的限制。")
        content = (THEFT * 100_000).encode()
        page.set_input_files(
            "#cases_file", {"name": "a.txt", "mimeType": "text/plain", "buffer": content}
        )
        page.click("#batch_form [type=submit]")
        wait_for(page, "#batch_status.warning", "内容过多，超出本服务的限制。")


def test_an_answer_of_another_program_is_explained(open_page):
    page = open_page(may_fail=True)
    page.route("**/v1/recommend", lambda route: route.fulfill(body="<h1>Log in</h1>"))
    page.fill("#fact", THEFT)
    page.click("#fact_form [type=submit]")
    wait_for(page, "#status.warning", "收到的不是本服务的回答")


def test_an_error_stays_and_the_answer_before_it_does_not_come_back(open_page):
    page = open_page(may_fail=True)
    ask(page, THEFT)
    page.fill("#fact", "theft")
    page.click("#fact_form [type=submit]")
    page.wait_for_selector("#status.warning")
    page.select_option("#day", "1997-10-01")
    page.click("#languages [value=en]")
    assert "'theft'" in page.inner_text("#status.warning")
    assert page.is_hidden("#answer")


def test_of_a_fact_that_is_too_long_the_limit_is_said(open_page):
    page = open_page(may_fail=True)
    page.fill("#fact", "盗" * 2001)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#status.warning")
    expected = "案情最多 2,000 个字符；实际：2,001。"
    assert expected in page.inner_text("#status")
    lines = f"{THEFT}\n{'盗' * 2001}\n".encode()
    content = {"name": "a.txt", "mimeType": "text/plain", "buffer": lines}
    page.set_input_files("#cases_file", content)
    page.click("#batch_form [type=submit]")
    wait_for(page, "#batch_status", "完成：2 个案件，其中 1 个无法分析。")
    assert expected in page.inner_text("#rows td.warning")
    assert expected in rows_of(page)[2][-1]


def test_the_keyboard_is_enough(open_page):
    page = open_page()
    content = {"name": "a.csv", "mimeType": "text/csv", "buffer": CASES.encode()}
    page.on("filechooser", lambda chooser: chooser.set_files(content))
    for _ in range(4):  # the skip link, two languages, the fact
        page.keyboard.press("Tab")
    page.keyboard.insert_text(THEFT)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#answer:not([hidden])")
    tab_to(page, "summary")  # over the marked words
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.evaluate("document.activeElement.checked") is True
    tab_to(page, "#send_feedback")
    page.keyboard.press("Enter")
    wait_for(page, "#feedback_status", "已保存，谢谢。")
    tab_to(page, "#copy")
    page.keyboard.press("Enter")
    wait_for(page, "#copy_status", "已复制。")
    assert has_focus(page, "#copy")
    tab_to(page, "#batch_form [type=submit]")
    page.keyboard.press("Enter")
    assert page.inner_text("#batch_status") == "请先选择案件文件。"
    assert has_focus(page, "#choose")  # on what is missing
    page.keyboard.press("Enter")
    wait_for(page, "#chosen", "a.csv")
    tab_to(page, "#batch_form [type=submit]")
    page.keyboard.press("Enter")
    wait_for(page, "#batch_status", "完成：1 个案件，其中 0 个无法分析。")
    assert has_focus(page, "#batch_form [type=submit]")
    tab_to(page, "#csv")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "answers.csv"


def tab_to(page, selector):
    for _ in range(40):
        page.keyboard.press("Tab")
        if has_focus(page, selector):
            return
    raise AssertionError(f"{selector} cannot be reached")


def has_focus(page, selector):
    return page.evaluate("selector => document.activeElement.matches(selector)", selector)


def test_without_a_fact_nothing_is_asked(open_page):
    page = open_page()
    page.fill("#fact", " ")
    page.click("#fact_form [type=submit]")
    assert page.inner_text("#status") == "请先输入案情。"
    assert has_focus(page, "#fact")


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_text_file_is_opened_in_its_encoding(open_page, encoding):
    page = open_page()
    content = {"name": "案.txt", "mimeType": "text/plain", "buffer": DRUNK.encode(encoding)}
    page.set_input_files("#fact_file", content)
    page.click("#fact_form [type=submit]")
    page.wait_for_selector("#answer:not([hidden])")
    assert page.input_value("#fact") == DRUNK
    assert texts(page, "#recommended h3")[0].startswith("第133条")


WORD = b"PK\x03\x04\x14\x00\x06\x00\x08\x00[Content_Types].xml"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("案.pdf", "%PDF-1.4\n%纯文本的对象\n".encode("gb18030")),
        ("案.docx", WORD),
        ("案.rtf", b"{\\rtf1\\ansi \\'b1\\'bb}"),
        ("案.doc", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16)),
        ("案.jpg", b"\xff\xd8\xff\xe0JFIF"),
        ("案.txt", THEFT.encode("utf-16")),
    ],
)
def test_a_file_that_is_no_text_is_refused(open_page, name, content):
    page = open_page()
    page.fill("#fact", DRUNK)
    drop(page, name, content)
    wait_for(page, "#status.warning", f"“{name}”不是 UTF-8 或 GB18030 编码的文本文件。")
    assert page.input_value("#fact") == DRUNK
    page.set_input_files("#fact_file", {"name": "a", "mimeType": "text/plain", "buffer": content})
    wait_for(page, "#status.warning", "“a”不是")
    drop(page, "a.txt", THEFT.encode())
    page.wait_for_selector("#status:empty", state="attached")
    assert page.input_value("#fact") == THEFT


def drop(page, name, content):
    page.locator("#fact").evaluate(
        """(area, [name, bytes]) => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([new Uint8Array(bytes)], name));
            area.dispatchEvent(new DragEvent('drop', { dataTransfer, cancelable: true }));
        }""",
        [name, list(content)],
    )


def test_many_cases_are_answered_and_downloaded(open_page, recommender):
    facts = [f"{THEFT}第{number}号。" for number in range(40)]
    lines = [*facts[:20], "theft", *facts[20:]]
    page = open_page()
    content = "\n".join(lines).encode("gb18030")
    page.set_input_files(
        "#cases_file", {"name": "a.txt", "mimeType": "text/plain", "buffer": content}
    )
    page.click("#batch_form [type=submit]")
    wait_for(page, "#batch_status", "完成：41 个案件，其中 1 个无法分析。")
    assert page.locator("#rows tr").count() == 41
    assert page.locator("#rows tr").nth(0).inner_text().split("\t")[0] == "1"
    with page.expect_download() as download:
        page.click("#jsonl")
    answers = [json.loads(line) for line in download.value.path().read_text("utf-8").splitlines()]
    assert [answer["case_id"] for answer in answers] == [str(n) for n in range(1, 42)]
    assert "案情必须含有中文" in answers[20]["error"]
    assert rows_of(page)[:2] == [
        page.evaluate("import('/static/words.js').then(({ table }) => table().columns)"),
        ["1", "1", "264", "盗窃罪", *rows_of(page)[1][4:7], "是", "得分达到推荐标准", ""],
    ]
    assert rows_of(page)[21][-1].endswith("案情必须含有中文；实际：'theft'。请用中文写案情。")
    page.click("#languages [value=en]")
    rows = rows_of(page)
    expected = list(csv.reader(answer_csv(recommender(facts[:20], top_k=1))))
    assert rows[: len(expected)] == expected
    assert page.inner_text("#batch_status") == "Done: 41 cases, 1 of which could not be answered."


def rows_of(page):
    """Return the rows of the table that the page saves."""
    with page.expect_download() as download:
        page.click("#csv")
    content = download.value.path().read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def test_a_file_that_cannot_be_read_is_explained(open_page):
    page = open_page(may_fail=True)
    content = {"name": "a.csv", "mimeType": "text/csv", "buffer": b"x,y\n1,2\n"}
    page.set_input_files("#cases_file", content)
    page.click("#batch_form [type=submit]")
    page.wait_for_selector("#batch_status.warning")
    expected = "a.csv：表格必须有一列案情；实际：'x,y'。请写明案情所在的列。"
    assert page.inner_text("#batch_status") == expected
    content["buffer"] = CASES.encode()
    page.set_input_files("#cases_file", content)
    page.click("#batch_form [type=submit]")
    wait_for(page, "#batch_status", "完成：1 个案件，其中 0 个无法分析。")
    assert page.locator("#batch_status.warning").count() == 0


@pytest.mark.parametrize("limit", [{"max_facts": 5}, {"max_body": 1_000}])
def test_what_is_too_large_for_one_request_is_sent_in_parts(serve, open_page, limit):
    facts = [f"{THEFT}第{number}号。" for number in range(18)]
    content = "\n".join(facts).encode("gb18030")  # two bytes per character, JSON has three
    with running(serve(**limit)) as narrow:
        page = open_page(at=narrow, may_fail=True)
        page.set_input_files(
            "#cases_file", {"name": "a.txt", "mimeType": "text/plain", "buffer": content}
        )
        page.click("#batch_form [type=submit]")
        wait_for(page, "#batch_status", "完成：18 个案件，其中 0 个无法分析。")
        shown = page.locator("#rows td[title]").evaluate_all("cells => cells.map(td => td.title)")
        assert shown == facts


def test_a_fact_that_is_too_large_by_itself_has_its_error(open_page):
    page = open_page(may_fail=True)
    page.route("**/v1/recommend", lambda route: route.fulfill(status=422, json={"detail": "太大"}))
    content = {"name": "a.csv", "mimeType": "text/csv", "buffer": CASES.encode()}
    page.set_input_files("#cases_file", content)
    page.click("#batch_form [type=submit]")
    wait_for(page, "#batch_status", "完成：1 个案件，其中 1 个无法分析。")
    assert page.inner_text("#rows td.warning") == "太大"


def test_a_file_that_has_changed_is_chosen_again(open_page, tmp_path):
    page, file = open_page(), tmp_path / "a.txt"
    for facts in ([THEFT], [THEFT, DRUNK]):
        file.write_text("\n".join(facts), encoding="utf-8")
        page.set_input_files("#cases_file", file)
        page.click("#batch_form [type=submit]")
        wait_for(page, "#batch_status", f"完成：{len(facts)} 个案件")
    file.write_text(f"{DRUNK}。", encoding="utf-8")
    page.click("#batch_form [type=submit]")
    wait_for(page, "#batch_status.warning", "“a.txt”在选择之后有改动，或已无法读取。请重新选择。")
    assert page.inner_text("#chosen") == "未选择文件"


def test_the_same_file_may_be_chosen_again(open_page):
    """A browser reports a choice only where it is another one than before."""
    page = open_page()
    for chooser in ("#fact_file", "#cases_file"):
        content = {"name": "a.txt", "mimeType": "text/plain", "buffer": THEFT.encode()}
        page.set_input_files(chooser, content)
        assert page.input_value(chooser) == ""
    wait_for(page, "#chosen", "a.txt")


def test_formulas_are_disarmed_as_predict_does(open_page):
    page = open_page()
    text = page.evaluate(
        """import('/static/batch.js').then(({ asCsv }) =>
            asCsv([{ answer: { case_id: '=1+1', error: 'a, "b"' } },
                { answer: { case_id: '\\n-2', error: null } }]))"""
    )
    rows = list(csv.reader(io.StringIO(text)))
    assert [row[0] for row in rows] == ["编号", "'=1+1", "'\n-2"]
    assert rows[1][-1] == 'a, "b"'


def test_a_judgment_becomes_a_case(open_page, kept):
    page = open_page()
    ask(page, THEFT)
    page.locator("#recommended .judgment").get_by_label("适用", exact=True).check()
    page.locator("#others .judgment").first.get_by_label("不适用", exact=True).check()
    page.fill("#missing", "第312条， 133之一")
    page.click("#send_feedback")
    wait_for(page, "#feedback_status", "已保存，谢谢。")
    [*earlier, case] = usable_cases(read_cases(kept))
    assert (case.fact, case.articles) == (THEFT, ("133之一", "264", "312"))
    assert len(case.unknown_articles) == 501  # 505 but for the four of this case
    assert "将取代这次的判断" in page.inner_text("#feedback_status")
    ask(page, DRUNK)  # what was said of one fact is not said of the next
    wait_for(page, "#recommended h3", "第133条")
    assert page.input_value("#missing") == ""
    page.click("#send_feedback")
    assert page.inner_text("#feedback_status") == "请先对至少一个条文作出判断。"
    assert len(list(read_cases(kept))) == len(earlier) + 1


def test_a_model_of_another_law_is_not_said_to_be_of_the_criminal_law(open_page):
    """Nor are its articles asked for, which the service does not know."""
    page = open_page()
    assert page.inner_text("#subtitle") == "根据案情推荐《刑法》条文"
    asked = []

    def answer(route):
        response = route.fetch()
        values = response.json()
        for entry in values["recommendations"][:2]:
            entry |= {"article": "《民法典》第577条", "title": ""}
        route.fulfill(response=response, json=values)

    def describe(route):
        response = route.fetch()
        route.fulfill(response=response, json=response.json() | {"criminal_law": False})

    page.route("**/v1/model", describe)
    page.route("**/v1/recommend", answer)
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    wait_for(page, "#subtitle", "根据案情推荐法律条文")
    ask(page, THEFT)
    assert texts(page, "#recommended h3") == ["《民法典》第577条"]
    assert len([url for url in asked if "/v1/articles/" in url]) == 3
    page.click("#languages [value=en]")
    assert page.inner_text("#subtitle") == "Articles of the law for the facts of a case"


@pytest.mark.parametrize("wrong", [KEY[::-1], "钥匙", "０１２３４５６７８９ａｂｃｄｅｆ"])
def test_a_wrong_key_is_named_where_it_is_written(serve, open_page, wrong):
    with running(serve(key_digests=(key_digest(KEY),))) as locked:
        page = open_page(at=locked, width=360, may_fail=True)
        wait_for(page, "#key_status.warning", "本服务需要访问密钥")
        page.fill("#key", wrong)
        page.keyboard.press("Enter")
        wait_for(page, "#key_status.warning", "访问密钥不正确")
        assert has_focus(page, "#key")
        assert is_in_view(page, "#key_status", height=800)
        page.fill("#key", KEY)
        page.keyboard.press("Enter")
        wait_for(page, "#model", "criminal-law")
        page.wait_for_selector("#key_form", state="hidden")
        assert has_focus(page, "#fact")


def test_a_key_may_be_written_again_where_nothing_answers(serve, open_page):
    with running(serve(key_digests=(key_digest(KEY),))) as locked:
        page = open_page(at=locked, may_fail=True)
        page.wait_for_selector("#key_form:not([hidden])")
        page.route("**/v1/model", lambda route: route.abort())
        page.fill("#key", KEY)
        page.keyboard.press("Enter")
        wait_for(page, "#status.warning", "服务没有响应")
        assert page.is_visible("#key_form")


@pytest.mark.parametrize("width", WIDTHS)
def test_what_is_wrong_is_in_view(open_page, width):
    page = open_page(width=width, may_fail=True)
    page.fill("#fact", "theft")
    page.set_viewport_size({"width": width, "height": 400})
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#status.warning")
    assert is_in_view(page, "#status", height=400)


def is_in_view(page, selector, *, height):
    box = page.locator(selector).bounding_box()
    return box["y"] >= 0 and round(box["y"] + box["height"]) <= height


def test_a_key_is_asked_for_where_it_is_needed(serve, open_page):
    with running(serve(key_digests=(key_digest(KEY),))) as locked:
        page = open_page("en-GB", at=locked, may_fail=True)
        page.wait_for_selector("#key_form:not([hidden])")
        page.fill("#key", KEY)
        page.keyboard.press("Enter")
        wait_for(page, "#model", "criminal-law")
        ask(page, THEFT)
        assert texts(page, "#recommended h3") == ["Article 264 盗窃罪"]


def test_the_answer_is_copied_as_text(open_page, recommender):
    page = open_page("en-GB", permissions=["clipboard-read", "clipboard-write"])
    ask(page, THEFT)
    page.click("#copy")
    wait_for(page, "#copy_status", "Copied.")
    lines = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert lines[0] == f"Fact of the case, in Chinese: {THEFT}"
    best = recommender(THEFT)[0].decision.recommendations[0]
    assert lines[3].startswith("1. Article 264 盗窃罪: ")
    assert lines[3].endswith(f"{round(100 * best.probability)}%), its score reaches the threshold")
    assert lines[4:6] == [f"   {page.inner_text('#recommended summary')}", "   新的。"]
    assert "no legal advice" in lines[7]


def test_the_copy_says_what_a_reader_must_know(open_page):
    page = open_page()
    lines = page.evaluate(
        """import('/static/cards.js').then(({ asText }) => asText({
            fact: '盗窃', infos: new Map([['264', {
                version: '1997-10-01', text: '旧的。', outdated_by: ['刑法修正案（八）'] }]]),
            answer: { abstained: true, truncated: true, violations: [], recommendations: [{
                article: '264', title: '', recommended: true, rank: 1, score: 0.5,
                probability: null, reason: 'above threshold' }] } }, '模型'))"""
    ).splitlines()
    assert lines[3].startswith("请人工判断")
    assert lines[4].startswith("案情过长")
    assert lines[6:9] == [
        "   条文内容（1997年10月1日起施行的版本）",
        "   旧的。",
        "   此后又经修正：刑法修正案（八）。",
    ]


def test_a_print_has_the_answer_and_no_controls(open_page):
    page = open_page()
    ask(page, THEFT)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator("body").evaluate(COLOUR) == "rgb(255, 255, 255)"
    assert page.locator(".track").first.evaluate(COLOUR) == "rgb(227, 232, 240)"
    for hidden in ("#batch", "#fact", "#copy", "#languages", "#feedback", ".judgment >> nth=0"):
        assert page.is_hidden(hidden), hidden
    for shown in ("#recommended", "#near", ".notice", "footer", "#marked"):
        assert page.is_visible(shown), shown


def test_a_bar_is_seen_in_forced_colours(open_page):
    page = open_page(forced_colors="active")
    ask(page, THEFT)
    bar, track = (page.locator(name).first.evaluate(COLOUR) for name in (".fill", ".track"))
    assert bar != track


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_it_fits_and_anybody_can_use_it(open_page, width, scheme):
    page = open_page(width=width, color_scheme=scheme)
    ask(page, THEFT)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is missing")
    content = {"name": "a.csv", "mimeType": "text/csv", "buffer": CASES.encode()}
    page.set_input_files("#cases_file", content)
    page.click("#batch_form [type=submit]")
    page.wait_for_selector("#rows tr")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    results = axe.Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
