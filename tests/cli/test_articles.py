"""`lawrec articles` from outside, on two invented versions of a few articles."""

import json
from pathlib import Path

import pytest

from lawrec.cli.articles import articles
from tests.helpers.cli import lawrec

OLD = "目录\n第一章 茶\n\n第一章 茶\n第一条【茶】 为了喝茶（绿茶）。\n第二条 打翻的，扫地一日。\n"
NEW = "# 第一章 茶\n**第一条** 为了喝茶(绿茶)。\n\n**第二条** 打翻的，扫地三日。\n**第三条** 新。\n"
TEA = ("--name", "tea")


def run(*arguments):
    return lawrec("articles", *arguments)


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("old.txt").write_bytes(OLD.encode("gb18030"))
    Path("new.md").write_text(NEW, encoding="utf-8")
    return tmp_path


@pytest.fixture
def imported(workplace):
    assert run("import", "old.txt", "--effective", "2001-02-01", *TEA).exit_code == 0
    assert run("import", "new.md", "--effective", "2020-01-01", *TEA).exit_code == 0
    return workplace


@pytest.mark.parametrize("name", articles.commands)
def test_every_command_explains_itself(name):
    result = run(name, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: cli articles {name}")


def test_import_says_what_it_read_and_where_it_is(workplace):
    result = run("import", "old.txt", "--effective", "2001-02-01", *TEA)
    assert result.exit_code == 0
    assert result.stdout == (
        "vocab/statutes/tea/2001-02-01.json\n"
        "2 articles read\n"
        "missing: none\n"
        "repeated, only the first text is kept: none\n"
        "not in the catalog: none\n"
        "3 lines belong to no article: they are kept under left_out there\n"
    )
    kept = json.loads(Path("vocab/statutes/tea/2001-02-01.json").read_text(encoding="utf-8"))
    assert kept["articles"] == {"1": "为了喝茶（绿茶）。", "2": "打翻的，扫地一日。"}


def test_another_text_of_a_day_needs_replace(imported):
    again = ("import", "new.md", "--effective", "2001-02-01", *TEA)
    result = run(*again)
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: vocab/statutes/tea/2001-02-01.json: a version must not be overwritten by another "
        "text, got other texts of 3 articles. Pass --replace to overwrite it, or another "
        "--effective.\n"
    )
    assert run(*again, "--replace").exit_code == 0
    assert run(*again).exit_code == 0


def test_show_gives_the_text_in_force(imported):
    result = run("show", "第二条", "1", "--date", "2010-01-01", *TEA)
    assert result.exit_code == 0
    assert result.stdout == (
        "2\n  text in force from 2001-02-01:\n    打翻的，扫地一日。\n\n"
        "1\n  text in force from 2001-02-01:\n    为了喝茶（绿茶）。\n"
    )
    result = run("show", "2", "--format", "json", *TEA)
    assert json.loads(result.stdout)["text"] == "打翻的，扫地三日。"


def test_show_needs_no_statute(workplace):
    result = run("show", "刑法第二百六十四条")
    assert result.exit_code == 0
    assert result.stdout == (
        "264  盗窃罪\n"
        "  分则 · 第五章 侵犯财产罪\n"
        "  amended by 修正案八 (2011-05-01)\n"
        "  no text: `lawrec articles import` reads the statute\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["show", "453"],
            "ARTICLE: every article must be a known one, got '453'. Did you mean 452 (施行日期)?",
        ),
        (
            ["show", "264", "--date", "2020-01-01"],
            "vocab/statutes/criminal-law: a version of the statute in force on 2020-01-01 must be "
            "imported, got none. Run `lawrec articles import FILE --effective YYYY-MM-DD`.",
        ),
        (
            ["changes"],
            "vocab/statutes/criminal-law: a version of the statute must be imported, got none. "
            "Run `lawrec articles import FILE --effective YYYY-MM-DD`.",
        ),
        (
            ["list", "--chapter", "第十一章"],
            "--chapter: a part, chapter or section must have this text in its heading, "
            "got '第十一章'. Write for example 第五章 or 侵犯财产罪.",
        ),
        (
            ["import", "absent.txt", "--effective", "2020-01-01"],
            "absent.txt: the file must be readable, got No such file or directory. Check the path.",
        ),
    ],
)
def test_a_mistake_is_reported_without_a_traceback(workplace, arguments, message):
    result = run(*arguments)
    assert (result.exit_code, result.stderr) == (1, f"Error: {message}\n")


def test_a_day_that_is_none_is_a_usage_error(workplace):
    result = run("import", "old.txt", "--effective", "2020-13-01")
    assert result.exit_code == 2
    assert "'2020-13-01'" in result.stderr


def test_changes_compares_the_two_newest_or_the_days_that_are_named(imported):
    expected = (
        "tea: from the version of 2001-02-01 to that of 2020-01-01\n"
        "1 changed:\n  2\n    打翻的，[-扫地一日。-]{+扫地三日。+}\n"
        "1 added:\n  3\n    {+新。+}\n"
        "0 removed\n"
    )
    assert run("changes", "--diff", *TEA).stdout == expected
    assert run("changes", "2015-01-01", "2020-01-01", "--diff", *TEA).stdout == expected
    compared = json.loads(
        run("changes", "2020-01-01", "2001-02-01", "--format", "json", *TEA).stdout
    )
    assert [(change["article"], change["kind"]) for change in compared["changes"]] == [
        ("2", "changed"),
        ("3", "removed"),
    ]


def test_list_names_the_articles_of_a_chapter(workplace):
    result = run("list", "--chapter", "渎职罪", "--format", "json")
    listed = [json.loads(line)["article"] for line in result.stdout.splitlines()]
    assert listed[0] == "397"
    assert "399之一" in listed
    assert "滥用职权罪" in run("list").stdout
