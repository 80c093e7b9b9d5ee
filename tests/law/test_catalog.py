import csv
from datetime import date

import pytest

from lawrec.errors import CaseError, StatuteError
from lawrec.law.catalog import (
    Amendment,
    Article,
    article_titles,
    in_division,
    load_catalog,
    nearest_article,
    shipped_catalog,
)

HEADER = "article,title,part,chapter,section,amendments\n"
EIGHTH, NINTH = Amendment("修正案八", date(2011, 5, 1)), Amendment("修正案九", date(2015, 11, 1))


def test_amendments_have_their_dates(tmp_path):
    path = tmp_path / "articles.csv"
    path.write_text(
        HEADER + "1,,,,,修正案八:2011-05-01;修正案九:2015-11-01\n2,,,,,\n", encoding="utf-8"
    )
    catalog = load_catalog(path)
    assert catalog["1"].amendments == (EIGHTH, NINTH)
    assert catalog["2"].amendments == ()


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("20之三", "20之二"),
        ("19", "20"),
        ("12", "10"),
        ("309", "300"),
        ("310", None),
        ("盗窃", "264"),
        ("抢劫罪名", "263"),
        ("theft", None),
    ],
)
def test_the_nearest_article_has_the_nearest_number_or_title(name, nearest):
    numbered = {n: Article(n, "无题") for n in ("10", "20", "20之一", "20之二", "300")}
    titled = {
        "263": Article("263", "抢劫罪"),
        "264": Article("264", "盗窃罪"),
        "265": Article("265", "盗窃罪"),
    }
    article = nearest_article(name, numbered | titled)
    assert (article.article if article else None) == nearest
    assert nearest_article(name, {}) is None


def test_a_catalog_comes_back_as_it_was_written(tmp_path):
    path = tmp_path / "articles.csv"
    entries = [
        Article("133", "交通肇事罪", "分则", "第二章 危害公共安全罪"),
        Article("133之一", "危险驾驶罪", amendments=(EIGHTH, NINTH)),
        Article("264", '有"引号"、逗号,和\n换行'),
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER.strip().split(","))
        for entry in entries:
            amendments = ";".join(
                f"{amendment.name}:{amendment.effective}" for amendment in entry.amendments
            )
            writer.writerow((vars(entry) | {"amendments": amendments}).values())
    catalog = load_catalog(path)
    assert list(catalog.values()) == entries
    assert list(catalog) == ["133", "133之一", "264"]


@pytest.mark.parametrize(
    "content",
    [
        HEADER + "264,盗窃罪,,,,\n",
        "\ufeff" + HEADER + "264,盗窃罪,,,,\n",
        HEADER.replace("\n", "\r\n") + "264,盗窃罪,,,,\r\n",
        HEADER + "\n264,盗窃罪,,,,\n\n",
        HEADER + "264,盗窃罪\n",
        "title,article\n盗窃罪,264\n",
    ],
)
def test_a_catalog_may_be_written_in_several_ways(tmp_path, content):
    path = tmp_path / "articles.csv"
    path.write_bytes(content.encode())
    assert load_catalog(path) == {"264": Article("264", "盗窃罪")}


@pytest.mark.parametrize(
    "content",
    [
        b"title\n\xe7\x9b\x97\n",
        b"article\n264\n",
        b"article,title,colour\n264,a,b\n",
        b"article,title\n264,a,b,c\n",
        b"article,title\n264,\xb5\xc1\xc7\xd4\n",
        HEADER.encode() + b"264,,,,,first:2011-13-01\n",
    ],
)
def test_a_catalog_with_other_columns_or_bytes_is_refused(tmp_path, content):
    path = tmp_path / "articles.csv"
    path.write_bytes(content)
    with pytest.raises(CaseError) as caught:
        load_catalog(path)
    assert caught.value.where == str(path)
    assert caught.value.expected.startswith("the catalog must be CSV in UTF-8 with the columns")
    assert caught.value.got
    assert caught.value.todo == "Fix the file."


def test_a_division_is_selected_by_a_text_in_its_heading():
    catalog = {
        "1": Article("1", "a", "总则", "第一章 茶"),
        "2": Article("2", "b", "分则", "第一章 壶", "第一节 茶壶"),
        "3": Article("3", "茶", "附则"),
    }
    assert [entry.article for entry in in_division(catalog, "茶")] == ["1", "2"]
    assert [entry.article for entry in in_division(catalog, "附则")] == ["3"]
    assert in_division(catalog, "") == list(catalog.values())
    with pytest.raises(StatuteError, match=r"--chapter: .* got '咖啡'"):
        in_division(catalog, "咖啡")


def test_titles_come_from_the_shipped_catalog_of_the_criminal_law():
    assert article_titles()["133之一"] == "危险驾驶罪"
    assert list(article_titles()) == list(shipped_catalog())
    assert article_titles("tea") == {}
