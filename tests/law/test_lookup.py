import json
from datetime import date

import pytest

from lawrec.errors import StatuteError, quoted
from lawrec.law.catalog import Amendment, shipped_catalog
from lawrec.law.lookup import look_up
from lawrec.law.statute_import import complete_numbering, import_statute
from lawrec.law.statute_versions import version_at

YEAR_2015, YEAR_2021 = date(2015, 11, 1), date(2021, 3, 1)


@pytest.fixture
def import_texts(tmp_path):
    """Return a function that imports invented texts of articles."""

    def run(texts, effective=YEAR_2015, **options):
        file = tmp_path / "law.json"
        file.write_text(json.dumps(texts), encoding="utf-8")
        return import_statute(file, effective, root=tmp_path / "statutes", **options)

    return run


@pytest.fixture
def root(tmp_path, import_texts):
    """Two invented versions of the Criminal Law, with few articles."""
    import_texts({"264": "旧的。", "500": "多的。"})
    import_texts({"133之一": "醉驾。", "264": "新的。"}, YEAR_2021)
    return tmp_path / "statutes"


def test_an_import_keeps_the_texts_and_counts_the_rest(tmp_path, import_texts):
    imported = import_texts({"1": "一。", "第三条": "三。\n① 注"}, name="tea")
    assert imported.path == tmp_path / "statutes/tea/2015-11-01.json"
    assert (imported.articles, imported.left_out) == (2, 1)
    assert (imported.missing, imported.repeated, imported.unknown) == (("2",), (), ())
    assert version_at(tmp_path / "statutes", "tea").texts == {"1": "一。", "3": "三。"}


def catalog_texts():
    return dict.fromkeys(shipped_catalog(), "文。")


def test_the_whole_catalog_is_neither_missing_nor_unknown(import_texts):
    imported = import_texts(catalog_texts(), YEAR_2021)
    assert imported.articles == len(catalog_texts())
    assert (imported.missing, imported.repeated, imported.unknown) == ((), (), ())


def test_an_import_names_what_is_missing_repeated_and_unknown(import_texts):
    texts = catalog_texts()
    for name in ("10", "133之一", "452"):
        del texts[name]
    imported = import_texts(texts | {"第二百六十四条": "又。", "500": "多。"}, YEAR_2021)
    assert imported.missing[:4] == ("10", "133之一", "452", "453")
    assert imported.missing[-1] == "499"
    assert (imported.repeated, imported.unknown) == (("264",), ("500",))


def test_a_branch_is_not_missing_before_the_amendment_that_added_it(import_texts):
    texts = catalog_texts()
    del texts["299之一"]
    assert import_texts(texts, date(2021, 2, 28)).missing == ()
    assert import_texts(texts, YEAR_2021).missing == ("299之一",)


@pytest.mark.parametrize(
    ("articles", "expected"),
    [
        ([], set()),
        (["3"], {"1", "2", "3"}),
        (["2之三", "盗窃"], {"1", "2", "2之一", "2之二", "2之三"}),
    ],
)
def test_numbers_run_up_to_the_last(articles, expected):
    assert complete_numbering(articles) == expected


def test_a_typing_error_in_a_number_makes_no_endless_list():
    assert len(complete_numbering(["999999999", "1之九十九", "2之999999"])) == 9_999 + 99


def test_without_a_statute_an_article_has_no_text(tmp_path):
    (entry,) = look_up(["刑法第133条之一"], tmp_path)
    assert (entry.article, entry.title, entry.part) == ("133之一", "危险驾驶罪", "分则")
    assert entry.amendments == (
        Amendment("修正案八", date(2011, 5, 1)),
        Amendment("修正案九", YEAR_2015),
    )
    assert (entry.version, entry.text, entry.outdated_by) == (None, None, ())


def test_an_article_has_the_text_in_force_on_the_day(root):
    (newest,) = look_up(["264"], root)
    (older,) = look_up(["264"], root, day=date(2020, 1, 1))
    assert (newest.version, newest.text) == (YEAR_2021, "新的。")
    assert (older.version, older.text) == (YEAR_2015, "旧的。")


def test_an_article_may_be_only_in_the_catalog_or_only_in_the_version(root):
    absent, extra = look_up(["133之一", "第五百条"], root, day=YEAR_2015)
    assert (absent.version, absent.text) == (YEAR_2015, None)
    assert (extra.title, extra.text) == ("", "多的。")


def test_amendments_after_the_version_are_named_up_to_the_day(root):
    def outdated_by(article, day):
        return look_up([article], root, day=day)[0].outdated_by

    assert outdated_by("299", date(2017, 11, 3)) == ()
    assert outdated_by("299", date(2017, 11, 4)) == ("修正案十",)
    assert outdated_by("387", None) == ("修正案十二",)
    assert outdated_by("387", date(2023, 1, 1)) == ()


def test_another_statute_knows_only_its_own_articles(tmp_path, import_texts):
    import_texts({"1": "一。"}, name="tea")
    (entry,) = look_up(["第一条"], tmp_path / "statutes", name="tea")
    assert (entry.article, entry.title, entry.text) == ("1", "", "一。")
    with pytest.raises(StatuteError, match=r"got '3'\. Did you mean 1\?$"):
        look_up(["3"], tmp_path / "statutes", name="tea")
    with pytest.raises(StatuteError, match=r"coffee: a version .* must be imported, got none"):
        look_up(["1"], tmp_path / "statutes", name="coffee")


@pytest.mark.parametrize(
    ("value", "todo"),
    [
        ("453", "Did you mean 452 (施行日期)?"),
        ("133之九", "Did you mean 133之二 (妨害安全驾驶罪)?"),
        ("盗窃", "Did you mean 264 (盗窃罪)?"),
        ("theft", "`lawrec articles list` lists all."),
        ("", "`lawrec articles list` lists all."),
        ("0", "Did you mean 1 (立法目的)?"),
        ("无", "`lawrec articles list` lists all."),
        ("9999", "`lawrec articles list` lists all."),
        ("9" * 5_000, "`lawrec articles list` lists all."),
    ],
)
def test_an_unknown_article_names_the_nearest(tmp_path, value, todo):
    with pytest.raises(StatuteError) as caught:
        look_up(["264", value], tmp_path)
    assert caught.value.got == quoted(value)
    assert caught.value.todo == todo
