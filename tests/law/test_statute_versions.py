import json
import random
from datetime import date

import pytest

from lawrec.errors import StatuteError
from lawrec.law.statute_versions import (
    Change,
    Piece,
    Version,
    changes,
    diff_clauses,
    effective_dates,
    load_version,
    newest_path,
    same_text,
    save_version,
    texts_in,
    two_versions,
    version_at,
)

OLD, MIDDLE, NEW = date(2001, 2, 1), date(2010, 5, 1), date(2020, 1, 1)


def version(effective, **texts):
    return Version("tea", effective, {name.strip("_"): text for name, text in texts.items()})


@pytest.fixture
def root(tmp_path):
    for effective in (NEW, OLD, MIDDLE):
        save_version(tmp_path, version(effective, _1=f"自{effective}起。"))
    return tmp_path


def test_a_version_comes_back_as_it_was_saved_in_the_order_of_the_statute(tmp_path):
    saved = version(OLD, _10="十。", _2之一="二\n之一。", _2="二。")
    path = save_version(tmp_path, saved, left_out=("茶馆法",))
    assert path == tmp_path / "tea/2001-02-01.json"
    assert load_version(tmp_path, "tea", effective=OLD) == saved
    values = json.loads(path.read_text(encoding="utf-8"))
    assert list(values["articles"]) == ["2", "2之一", "10"]
    assert (values["name"], values["effective"]) == ("tea", "2001-02-01")
    assert values["left_out"] == ["茶馆法"]


def test_the_same_texts_may_come_from_another_file(root):
    before = load_version(root, "tea", effective=OLD)
    path = save_version(root, version(OLD, _1=f"自{OLD}起。"), left_out=("another file",))
    assert load_version(root, "tea", effective=OLD) == before
    assert json.loads(path.read_text(encoding="utf-8"))["left_out"] == ["another file"]


def test_another_text_replaces_a_version_only_on_demand(root):
    other = version(OLD, _1="别的。", _2="多的。")
    with pytest.raises(StatuteError) as caught:
        save_version(root, other)
    assert caught.value.got == "other texts of 2 articles"
    assert "--replace" in caught.value.todo
    assert load_version(root, "tea", effective=OLD).texts == {"1": f"自{OLD}起。"}
    save_version(root, other, replace=True)
    assert load_version(root, "tea", effective=OLD) == other


def test_a_damaged_version_is_replaced_on_demand(root):
    (root / "tea" / f"{OLD}.json").write_text("{", encoding="utf-8")
    save_version(root, version(OLD, _1="好。"), replace=True)
    assert load_version(root, "tea", effective=OLD).texts == {"1": "好。"}


@pytest.mark.parametrize(
    ("day", "effective"),
    [(None, NEW), (NEW, NEW), (date(2019, 12, 31), MIDDLE), (MIDDLE, MIDDLE), (OLD, OLD)],
)
def test_the_version_in_force_is_the_newest_that_has_begun(root, day, effective):
    assert version_at(root, "tea", day=day).effective == effective


def test_only_dates_name_versions(root):
    for name in ("notes.json", "2001-13-01.json", ".2001-02-02.json.7.tmp"):
        (root / "tea" / name).write_text("{}", encoding="utf-8")
    assert effective_dates(root, "tea") == [OLD, MIDDLE, NEW]
    assert effective_dates(root, "coffee") == []


def test_a_day_before_all_versions_and_a_statute_without_any_are_refused(root):
    with pytest.raises(StatuteError, match="in force on 2001-01-31 must be imported, got only ver"):
        version_at(root, "tea", day=date(2001, 1, 31))
    with pytest.raises(StatuteError, match=r"must be imported, got none\. Run `lawrec articles im"):
        version_at(root, "coffee")


@pytest.mark.parametrize("name", ["", "../tea", "a/b", ".", "-x", "a b"])
def test_a_name_that_would_leave_the_folder_is_refused(tmp_path, name):
    with pytest.raises(StatuteError, match="--name: the name of a statute must be letters"):
        effective_dates(tmp_path, name)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"articles": []}', "\udcff"])
def test_a_damaged_version_is_refused(root, content):
    path = root / "tea" / f"{OLD}.json"
    path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(StatuteError) as caught:
        load_version(root, "tea", effective=OLD)
    assert caught.value.where == str(path)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ((), (MIDDLE, NEW)),
        ((OLD,), (OLD, NEW)),
        ((OLD, date(2015, 1, 1)), (OLD, MIDDLE)),
        ((NEW, OLD), (NEW, OLD)),
        ((None, MIDDLE), (OLD, MIDDLE)),
    ],
)
def test_two_versions_are_the_newest_or_those_in_force(root, days, expected):
    versions = two_versions(root, "tea", **dict(zip(("first", "second"), days, strict=False)))
    assert tuple(version.effective for version in versions) == expected


def test_one_version_cannot_be_compared(root, tmp_path):
    with pytest.raises(StatuteError, match="two versions must be compared, got that of 2020-01-01"):
        two_versions(root, "tea", first=date(2021, 1, 1))
    with pytest.raises(StatuteError, match="a version before that of 2001-02-01 must be imported"):
        two_versions(root, "tea", first=None, second=OLD)


def test_changes_are_what_changed_came_and_went_in_the_order_of_the_statute():
    old = version(OLD, _1="一。", _2="二；", _3="三。", _10="十。", _11="（删去）")
    new = version(NEW, _1="一。", _2="【茶】 二;", _3="叁。", _3之一="新。", _10="（已删去）")
    assert changes(old, new) == [
        Change("3", "changed", "三。", "叁。"),
        Change("3之一", "added", None, "新。"),
        Change("10", "removed", "十。", None),
    ]
    assert changes(old, old) == []
    assert [change.kind for change in changes(new, old)] == ["changed", "removed", "added"]


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("（一）茶；", "(一)茶;", True),
        ("喝 茶。\n扫地。", "喝茶。扫地。", True),
        ("【茶】喝茶", "喝茶", True),
        ("“茶”", '"茶"', True),
        ("１０日", "10日", True),
        ("茶，", "茶；", False),
        ("茶", "茶。", False),
        ("帐簿", "账簿", False),
    ],
)
def test_width_white_space_and_titles_do_not_count(first, second, same):
    assert same_text(first, second) is same


def test_a_diff_shows_whole_clauses():
    assert diff_clauses("打翻茶壶的，处扫地一日。", "打翻茶壶的,处扫地三日，并道歉。") == [
        Piece("=", "打翻茶壶的,"),
        Piece("-", "处扫地一日。"),
        Piece("+", "处扫地三日，并道歉。"),
    ]
    assert diff_clauses("", "新。") == [Piece("+", "新。")]
    assert diff_clauses("旧。", "") == [Piece("-", "旧。")]
    assert diff_clauses("同；", "同;") == [Piece("=", "同;")]


def test_the_pieces_of_a_diff_make_up_both_texts():
    numbers = random.Random(3)
    for _ in range(300):
        old, new = (
            "".join(numbers.choices("茶壶，。;；\n", k=numbers.randrange(30))) for _ in "ab"
        )
        pieces = diff_clauses(old, new)
        assert "".join(piece.text for piece in pieces if piece.kind != "-") == new
        assert same_text("".join(piece.text for piece in pieces if piece.kind != "+"), old)


def test_the_newest_version_is_found_and_read_without_its_deleted_articles(root):
    path = newest_path(root, "tea")
    assert path == root / "tea" / f"{NEW}.json"
    save_version(root, version(NEW, _1="喝茶。", _2="（删去）", _3="已废止。"), replace=True)
    assert texts_in(path) == {"1": "喝茶。"}
    assert newest_path(root, "coffee") is None
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(StatuteError, match="the version must be readable"):
        texts_in(path)
