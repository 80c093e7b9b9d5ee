import json
from datetime import date
from pathlib import Path

from lawrec.law.catalog import Amendment, Article
from lawrec.law.lookup import ArticleInfo
from lawrec.law.statute_import import ImportReport
from lawrec.law.statute_versions import Change, Version
from lawrec.reporting.law_text import (
    CHANGES_WRITERS,
    ENTRY_WRITERS,
    LIST_WRITERS,
    StatuteChanges,
    import_text,
)
from lawrec.translation import messages_in

OLD, NEW = Version("tea", date(2001, 2, 1), {}), Version("tea", date(2020, 1, 1), {})
TITLES = {"3": "打翻茶壶罪"}
ENTRY = ArticleInfo(
    "3", "打翻茶壶罪", "分则", "第二章 壶", "", (Amendment("修正案", date(2005, 1, 2)),)
)
SECOND = Amendment("修正案二", date(2006, 1, 2))
CHANGES = [
    Change("3", "changed", "打翻茶壶的，处扫地一日。", "打翻茶壶的，处扫地三日。\n可以道歉。"),
    Change("3之一", "added", None, "新。"),
    Change("9", "removed", "旧。", None),
]


def compared(changes=CHANGES):
    return StatuteChanges(OLD, NEW, changes, TITLES)


def with_text(**values):
    return ArticleInfo(**(vars(ENTRY) | {"version": OLD.effective} | values))


def test_an_entry_is_a_paragraph_for_people():
    entries = [
        with_text(text="打翻茶壶的：\n（一）扫地。\x1b[31m", outdated_by=("修正案",)),
        with_text(),
        ArticleInfo("9", "", "", "", "", ()),
    ]
    assert ENTRY_WRITERS["table"](entries) == (
        "3  打翻茶壶罪\n"
        "  分则 · 第二章 壶\n"
        "  amended by 修正案 (2005-01-02)\n"
        "  text in force from 2001-02-01:\n"
        "  since then amended by 修正案, not imported\n"
        "    打翻茶壶的：\n"
        "    （一）扫地。\\u001b[31m\n"
        "\n"
        "3  打翻茶壶罪\n"
        "  分则 · 第二章 壶\n"
        "  amended by 修正案 (2005-01-02)\n"
        "  not in the version of 2001-02-01\n"
        "\n"
        "9\n"
        "  no text: `lawrec articles import` reads the statute"
    )


def test_an_entry_is_one_line_of_json():
    lines = ENTRY_WRITERS["json"]([with_text(text="文。"), ENTRY]).splitlines()
    assert json.loads(lines[0]) == {
        "article": "3",
        "title": "打翻茶壶罪",
        "part": "分则",
        "chapter": "第二章 壶",
        "section": "",
        "amendments": [{"name": "修正案", "effective": "2005-01-02"}],
        "version": "2001-02-01",
        "text": "文。",
        "outdated_by": [],
    }
    assert json.loads(lines[1])["text"] is None


def test_a_list_names_each_division_once():
    articles = [
        Article("1", "茶", "总则", "第一章 茶"),
        Article("2", "[/] 茶", "总则", "第一章 茶"),
        Article("3", "打翻茶壶罪", "分则", amendments=(*ENTRY.amendments, SECOND)),
    ]
    rows = [line.split() for line in LIST_WRITERS["table"](articles).splitlines() if line.strip()]
    assert rows[0] == ["Article", "Title", "Amended"]
    assert rows[2:] == [
        ["总则", "·", "第一章", "茶"],
        ["1", "茶"],
        ["2", "[/]", "茶"],
        ["分则"],
        ["3", "打翻茶壶罪", "2005-01-02,", "2006-01-02"],
    ]
    lines = [json.loads(line) for line in LIST_WRITERS["json"](articles).splitlines()]
    assert [line["article"] for line in lines] == ["1", "2", "3"]
    assert lines[0]["amendments"] == []
    assert lines[2]["amendments"][1] == {"name": "修正案二", "effective": "2006-01-02"}


def test_an_import_is_shown_with_its_gaps():
    path = Path("vocab/statutes/tea/2001-02-01.json")
    assert import_text(ImportReport(path, 1_203, ("2", "3之一"), ("4",), (), 5)) == (
        f"{path}\n"
        "1,203 articles read\n"
        "missing: 2, 3之一\n"
        "repeated, only the first text is kept: 4\n"
        "not in the catalog: none\n"
        "5 lines belong to no article: they are kept under left_out there"
    )
    assert import_text(ImportReport(path, 1, (), (), (), 0)).endswith("not in the catalog: none")
    assert import_text(ImportReport(path, 1, (), (), (), 1)).endswith(
        "\n1 line belongs to no article: it is kept under left_out there"
    )


def test_changes_are_listed_by_kind():
    assert CHANGES_WRITERS["table"](compared()) == (
        "tea: from the version of 2001-02-01 to that of 2020-01-01\n"
        "1 changed:\n"
        "  3 打翻茶壶罪\n"
        "1 added:\n"
        "  3之一\n"
        "1 removed:\n"
        "  9"
    )
    assert CHANGES_WRITERS["table"](compared([]), with_diff=True).endswith(
        "\n0 changed\n0 added\n0 removed"
    )


def test_changes_are_counted_as_chinese_counts():
    with messages_in("zh"):
        lines = CHANGES_WRITERS["table"](compared()).splitlines()
        none = CHANGES_WRITERS["table"](compared([]))
    assert [line for line in lines if "条" in line] == ["修改 1 条：", "新增 1 条：", "删除 1 条："]
    assert none.endswith("\n修改 0 条\n新增 0 条\n删除 0 条")


def test_changes_with_their_words():
    assert CHANGES_WRITERS["table"](compared(), with_diff=True) == (
        "tea: from the version of 2001-02-01 to that of 2020-01-01\n"
        "1 changed:\n"
        "  3 打翻茶壶罪\n"
        "    打翻茶壶的，[-处扫地一日。-]{+处扫地三日。\n"
        "    可以道歉。+}\n"
        "1 added:\n"
        "  3之一\n"
        "    {+新。+}\n"
        "1 removed:\n"
        "  9\n"
        "    [-旧。-]"
    )


def test_long_unchanged_pieces_are_shortened():
    def shown(old, new):
        change = Change("1", "changed", old, new)
        return CHANGES_WRITERS["table"](compared([change]), with_diff=True).splitlines()[3].strip()

    long = "一二三四五六七八九十" * 3 + "，"
    end = "二三四五六七八九十一二三四五六七八九十，"[-12:]
    assert shown(f"{long}旧。", f"{long}新。") == f"…{end}[-旧。-]{{+新。+}}"
    assert shown(f"旧，{long}", f"新，{long}") == f"[-旧，-]{{+新，+}}{long[:12]}…"
    assert shown(f"甲，{long}乙。", f"丙，{long}丁。") == (
        f"[-甲，-]{{+丙，+}}{long[:12]}…{end}[-乙。-]{{+丁。+}}"
    )
    assert shown("甲，短，乙。", "丙，短，丁。") == "[-甲，-]{+丙，+}短，[-乙。-]{+丁。+}"


def test_changes_are_one_json_object():
    found = json.loads(CHANGES_WRITERS["json"](compared()))
    assert found == {
        "name": "tea",
        "from": "2001-02-01",
        "to": "2020-01-01",
        "changes": [
            {"article": "3", "title": "打翻茶壶罪", "kind": "changed"},
            {"article": "3之一", "title": "", "kind": "added"},
            {"article": "9", "title": "", "kind": "removed"},
        ],
    }
    found = json.loads(CHANGES_WRITERS["json"](compared(), with_diff=True))["changes"][1]
    assert (found["old"], found["new"]) == (None, "新。")
    assert found["pieces"] == [{"kind": "+", "text": "新。"}]
