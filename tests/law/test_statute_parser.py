import json

import pytest

from lawrec.errors import CaseError, StatuteError
from lawrec.law.statute_parser import Statute, read_statute

# An invented statute: what a page of a law looks like, with all that is no article's text.
PLAIN = """\
中华人民共和国茶馆法

（2001年1月1日第一届茶馆大会第一次会议通过　2019年3月2日修订）

目　　录
第一编　总则
　第一章　任务
第二编　分则
附　则

第一编　总则
第一章　任务
第一条　为了让人安心喝茶，制定本法。①
第二条【茶】　本法所称茶，是指:
（一）绿茶;
（二）红茶。

第二条的规定，也适用于花茶。
第二编　分则
　第一节　打翻茶壶
第三条之一　【打翻茶壶罪】打翻茶壶的，处扫地一日。
【重打翻罪】再次打翻的，处扫地三日。
第一款罪，告诉的才处理。
第四条：（删去）
附　则
第五条 本法自二〇〇一年二月一日起施行。
① 本条于2019年3月2日修正。
注：以下为附件。
附件一
第九条 不属于本法。
1．绿茶条例
"""
TEXTS = {
    "1": "为了让人安心喝茶，制定本法。",
    "2": "本法所称茶，是指:\n（一）绿茶;\n（二）红茶。\n第二条的规定，也适用于花茶。",
    "3之一": "打翻茶壶的，处扫地一日。\n再次打翻的，处扫地三日。\n第一款罪，告诉的才处理。",
    "4": "（删去）",
    "5": "本法自二〇〇一年二月一日起施行。",
}
MARKDOWN = """\
# 中华人民共和国茶馆法

2001年1月1日 第一届茶馆大会第一次会议通过

<!-- INFO
END -->

## 目录
- [第一编 总则](#a)
- [第二编 分则](#b)

## 第一编 总则
### 第一章 任务
**第一条** 为了让人安心喝茶，制定本法。[^1]

#### 第二条 茶

本法所称茶，是指:

- （一）绿茶;
- （二）红茶。

第二条的规定，也适用于花茶。

---
## 第二编 分则
#### **第三条之一** 【打翻茶壶罪】

打翻茶壶的，处扫地一日。<br>

再次打翻的，处扫地三日。

第一款罪，告诉的才处理。

#### 第四条 （删去）
## 附则
__第５条__&emsp;本法自二〇〇一年二月一日起施行。

[^1]: 本条有注。

## 附件
**第六条** 不属于本法。
"""
KEYED = {
    "1": TEXTS["1"],
    "第二条": "【茶】" + TEXTS["2"],
    "3-1": "第三条之一　" + TEXTS["3之一"],
    "4": TEXTS["4"],
    "第五条": TEXTS["5"] + "①\n① 注\n附件一\n1．绿茶条例",
}


def written(folder, content, name="law.txt"):
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("law.txt", PLAIN),
        ("law.txt", "\ufeff" + PLAIN.replace("\n", "\r\n")),
        ("law.txt", PLAIN.encode("gb18030")),
        ("law", PLAIN.replace("　", " \t")),
        ("law.txt", PLAIN.replace("第三条之一", "第 3 条 之 1")),
        ("law.txt", PLAIN.replace("第一条　", "第一条")),
        ("law.md", MARKDOWN),
        ("law.json", json.dumps(KEYED)),
        ("law.txt", json.dumps(KEYED, ensure_ascii=False).encode("gb18030")),
    ],
)
def test_a_statute_reads_the_same_however_it_is_written(tmp_path, name, content):
    assert read_statute(written(tmp_path, content, name)).texts == TEXTS


def test_what_is_no_articles_text_is_left_out_in_order(tmp_path):
    statute = read_statute(written(tmp_path, PLAIN))
    assert statute.repeated == ()
    assert statute.left_out == (
        "中华人民共和国茶馆法",
        "（2001年1月1日第一届茶馆大会第一次会议通过 2019年3月2日修订）",
        *("目 录", "第一编 总则", "第一章 任务", "第二编 分则", "附 则"),
        *("第一编 总则", "第一章 任务", "第二编 分则", "第一节 打翻茶壶", "附 则"),
        *("① 本条于2019年3月2日修正。", "注：以下为附件。"),
        *("附件一", "第九条 不属于本法。", "1．绿茶条例"),
    )


def test_articles_named_in_the_table_of_contents_do_not_count(tmp_path):
    contents = "目录\n第一章 任务……1\n第一条 目的\n第二条 茶\n第一章 任务\n"
    statute = read_statute(written(tmp_path, contents + "第一条 安心。\n第二条 喝茶。\n"))
    assert statute == Statute(
        {"1": "安心。", "2": "喝茶。"},
        left_out=("目录", "第一章 任务……1", "第一条 目的", "第二条 茶", "第一章 任务"),
    )


def test_a_table_of_contents_of_articles_alone_does_not_count(tmp_path):
    text = "目录\n第一条 目的\n第二条 茶\n第一条 安心。\n第二条 喝茶。\n"
    assert read_statute(written(tmp_path, text)).texts == {"1": "安心。", "2": "喝茶。"}


@pytest.mark.parametrize(
    "cited", ["第一条的", "第一条规定的", "第一条、第二条的", "第一条之一所", "第一条和第二条的"]
)
def test_a_paragraph_may_open_with_an_article_that_it_cites(tmp_path, cited):
    text = f"第一条 一。\n第二条 二。\n{cited}茶，不得打翻。\n"
    statute = read_statute(written(tmp_path, text))
    assert statute.texts == {"1": "一。", "2": f"二。\n{cited}茶，不得打翻。"}


def test_no_space_is_needed_between_a_number_and_its_text(tmp_path):
    text = (
        "第一条一切茶。\n第一条之一一壶茶。\n第一条之十一与茶。\n第二条规范茶。\n第三条以茶待客。\n"
    )
    assert read_statute(written(tmp_path, text)).texts == {
        "1": "一切茶。",
        "1之一": "一壶茶。",
        "1之十一": "与茶。",
        "2": "规范茶。",
        "3": "以茶待客。",
    }


@pytest.mark.parametrize("mark", ["①", "[1]", "[^12]", "［1］", "〔1〕", "①[2]"])
def test_the_mark_of_a_note_may_follow_a_number(tmp_path, mark):
    text = f"第一条{mark} 泡茶。\n（第二条）{mark}：倒茶。\n第一条{mark}的茶，凉了。\n"
    texts = {"1": "泡茶。", "2": "倒茶。\n第一条的茶，凉了。"}
    assert read_statute(written(tmp_path, text)).texts == texts
    content = json.dumps({"1": f"第一条{mark} 泡茶。"})
    assert read_statute(written(tmp_path, content, "a.json")).texts == {"1": "泡茶。"}


def test_a_link_to_a_note_is_a_mark(tmp_path):
    text = "第一条[1](#a) 泡茶。[2](#b)\n第二条[[3]](#c) [倒茶](#d)。\n"
    assert read_statute(written(tmp_path, text)).texts == {"1": "泡茶。", "2": "倒茶。"}


def test_html_needs_no_line_ends(tmp_path):
    text = "<h3>第一条</h3><p class='a'>泡<b>茶</b>。</p><P>第二条 倒茶。</p><p>喝茶。</P>"
    texts = {"1": "泡茶。", "2": "倒茶。\n喝茶。"}
    assert read_statute(written(tmp_path, text)).texts == texts
    content = json.dumps({"1": "<p>泡茶。</p>", "2": "<p>第二条</p><p>倒茶。</p><p>喝茶。</p>"})
    assert read_statute(written(tmp_path, content, "a.json")).texts == texts


def test_invisible_characters_are_no_part_of_a_text(tmp_path):
    text = "第\u200b一条 泡茶。\n\u200e第二条 倒\u200b茶。\n&#8203;第三条 喝茶。\n"
    texts = {"1": "泡茶。", "2": "倒茶。", "3": "喝茶。"}
    assert read_statute(written(tmp_path, text)).texts == texts


@pytest.mark.parametrize("page", ["12", "- 12 -", "— 12 —", "第 2 页", "第2页，共 30 页"])
def test_the_number_of_a_page_is_no_text(tmp_path, page):
    text = f"第一条 泡茶，\n{page}\n倒茶。\n第2页的茶，凉了。\n"
    statute = read_statute(written(tmp_path, text))
    assert statute.texts == {"1": "泡茶，\n倒茶。\n第2页的茶，凉了。"}
    assert len(statute.left_out) == 1


@pytest.mark.parametrize("to", ["至", "到", "-", "—", "——", "～", " ~ "])
def test_a_range_of_articles_is_no_article(tmp_path, to):
    statute = read_statute(written(tmp_path, f"第一条{to}第三条 略。\n第四条 喝茶。\n"))
    assert statute.texts == {"4": "喝茶。"}


def test_white_space_in_a_number_means_nothing(tmp_path):
    text = "第三条　丙茶。\n第十 一条　丁茶。\n第 2 5 条 之 一　戊茶。\n"
    texts = {"3": "丙茶。", "11": "丁茶。", "25之一": "戊茶。"}
    assert read_statute(written(tmp_path, text)).texts == texts
    pairs = {"3": "第 三 条 丙茶。", "11": "第十 一条 丁茶。", "25之一": "第25条之一 戊茶。"}
    content = json.dumps(pairs, ensure_ascii=False)
    assert read_statute(written(tmp_path, content, "a.json")).texts == texts


@pytest.mark.parametrize("number", ["（第二条）", "(第 2 条)", "【第二条】", "[第二条]"])
def test_a_number_may_stand_in_brackets(tmp_path, number):
    text = f"第一条 一。\n{number}　二。\n（第一条除外）\n（第一条）的茶，凉了。\n"
    texts = {"1": "一。", "2": "二。\n（第一条除外）\n（第一条）的茶，凉了。"}
    assert read_statute(written(tmp_path, text)).texts == texts


def test_a_line_of_a_number_in_brackets_is_a_citation_where_other_numbers_have_none(tmp_path):
    text = "第一条 依照下列规定的：\n（第三条）\n不罚。\n第二条 二。\n"
    texts = {"1": "依照下列规定的：\n（第三条）\n不罚。", "2": "二。"}
    assert read_statute(written(tmp_path, text)).texts == texts
    text = "（第一条）\n一。\n（第二条）\n二。\n"
    assert read_statute(written(tmp_path, text)).texts == {"1": "一。", "2": "二。"}


def test_the_first_text_of_a_repeated_article_counts(tmp_path):
    statute = read_statute(written(tmp_path, "第一条 一。\n第一条 二。\n第一条 三。\n第二条\n"))
    assert statute == Statute({"1": "一。"}, ("1",), ("二。", "三。"))


def test_a_key_that_json_has_twice_is_a_repeated_article(tmp_path):
    statute = read_statute(written(tmp_path, '{"1": "一。", "第一条": "二。", "1": "三。"}'))
    assert statute == Statute({"1": "一。"}, ("1",), ("二。", "三。"))


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.txt", "", "articles of the statute must start a line with their number"),
        (
            "a.txt",
            "茶馆法\n没有条文。",
            "articles of the statute must start a line with their number",
        ),
        ("a.txt", "第一条\n第二条 【茶】\n", "articles of the statute must start a line"),
        ("a.json", "{}", "articles of the statute must start a line"),
        ("a.json", "{", "the file must be JSON"),
        ("a.json", "[]", "articles of the statute must start a line"),
        ("a.json", '["第一条"]', "the JSON must be one object"),
        ("a.json", '"第一条"', "the JSON must be one object"),
        ("a.json", '{"1": ["一"]}', "the JSON must be one object"),
        ("a.json", '[{"1": "一"}]', "the JSON must be one object"),
        ("a.json", '{"附件": "一"}', "each key must be the number of an article"),
        ("a.json", '{" ": "一"}', "each key must be the number of an article"),
        ("a.json", '{"1": "第一条 一", "3": "第二条 二"}', "the number that a text starts with"),
        ("a.json", '{"2": "第二条之一 一"}', "the number that a text starts with"),
    ],
)
def test_what_is_no_statute_is_refused(tmp_path, name, content, expected):
    path = written(tmp_path, content, name)
    with pytest.raises(StatuteError) as caught:
        read_statute(path)
    assert caught.value.where == str(path)
    assert caught.value.expected.startswith(expected)
    assert caught.value.got
    assert caught.value.todo.endswith(".")


def test_a_number_in_traditional_characters_is_refused_with_its_line(tmp_path):
    path = written(tmp_path, "第一条 第四條的茶。\n第四條的茶凉了。\n第二條 换茶。\n")
    with pytest.raises(StatuteError, match=r"simplified characters.*, got '第二條 换茶。'"):
        read_statute(path)
    path = written(tmp_path, '{"1": "第一條 茶。"}', "a.json")
    with pytest.raises(StatuteError, match=r"simplified characters.*, got '第一條 茶。'"):
        read_statute(path)


def test_a_sentence_may_cite_what_other_statutes_call_an_article(tmp_path):
    text = "第一条 一。\n第三條規定的茶，凉了。\n"
    assert read_statute(written(tmp_path, text)).texts == {"1": "一。\n第三條規定的茶，凉了。"}


def test_other_bytes_are_refused(tmp_path):
    with pytest.raises(CaseError, match="the statute must be UTF-8 or GB18030, got other bytes"):
        read_statute(written(tmp_path, b"\xff\xfe\xff"))


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(CaseError, match="the file must be readable, got No such file"):
        read_statute(tmp_path / "absent")


@pytest.mark.parametrize("heading", ["第零条", "第0条", "第一百百条", "第二百六四条"])
def test_a_number_that_is_none_starts_no_article(tmp_path, heading):
    statute = read_statute(written(tmp_path, f"第一条 喝茶。\n{heading} 扫地。\n第二条 道歉。\n"))
    assert statute.texts == {"1": f"喝茶。\n{heading} 扫地。", "2": "道歉。"}


@pytest.mark.parametrize("key", ["0", "无", "nan", "", " ", "1" * 5_000])
def test_a_key_that_is_no_number_is_refused(tmp_path, key):
    with pytest.raises(StatuteError, match="each key must be the number of an article"):
        read_statute(written(tmp_path, json.dumps({"1": "喝茶。", key: "扫地。"}), "law.json"))
