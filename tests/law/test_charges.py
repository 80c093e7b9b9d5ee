import pytest

from lawrec.law.catalog import article_titles
from lawrec.law.charges import (
    charge_wordings,
    normalize_charge,
    split_charges,
    titled_charges,
)

TITLED = [charge for title in article_titles().values() for charge in titled_charges(title)]


@pytest.mark.parametrize(
    ("charge", "expected"),
    [
        ("盗窃", {"盗窃"}),
        ("盗窃罪", {"盗窃"}),
        ("[盗窃]", {"盗窃"}),
        ("[窝藏、包庇]罪", {"窝藏", "包庇", "窝藏、包庇"}),
        ("强制[猥亵、侮辱]妇女", {"强制猥亵妇女", "强制侮辱妇女", "强制猥亵、侮辱妇女"}),
        (
            "[盗窃、抢夺][枪支、弹药]",
            {"盗窃枪支", "盗窃弹药", "抢夺枪支", "抢夺弹药", "盗窃、抢夺枪支、弹药"},
        ),
    ],
)
def test_brackets_offer_a_choice_of_words(charge, expected):
    assert charge_wordings(charge) == expected
    assert normalize_charge(charge) in expected


@pytest.mark.parametrize(
    "charge", ["[盗、抢]" * 30, "[盗、抢、骗]" * 9, f"[{'、'.join('盗' * 999)}]"]
)
def test_a_charge_of_too_many_alternatives_has_one_wording(charge):
    assert charge_wordings(charge) == {normalize_charge(charge)}


@pytest.mark.parametrize("piece", ["[", "【", "]", "[、", "[甲、乙]", "甲]["])
def test_a_charge_of_a_million_characters_has_few_wordings(piece):
    assert len(charge_wordings(piece * (1_000_000 // len(piece)))) <= 2


@pytest.mark.parametrize("end", ["", "罪"])
def test_a_charge_of_the_law_is_never_split(end):
    charges = [charge + end for charge in TITLED]
    assert [split_charges(charge) for charge in charges] == [[charge] for charge in charges]


@pytest.mark.parametrize("separator", ["、", "; ", "；", "，", "|", "#", "\n", " 、"])
def test_charges_of_the_law_are_split_behind_the_last_word(separator):
    charges = [f"{charge}罪" for charge in TITLED]
    assert split_charges(separator.join(charges)) == charges


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("盗窃、诈骗、放火", ["盗窃", "诈骗", "放火"]),
        ("盗窃、诈骗罪", ["盗窃", "诈骗罪"]),
        ("盗窃罪、走私、 贩卖\u200b毒品", ["盗窃罪", "走私、贩卖毒品"]),
        ("走私、\n贩卖毒品罪 盗窃", ["走私、贩卖毒品罪", "盗窃"]),
        ("[走私、贩卖]毒品;盗窃", ["[走私、贩卖]毒品", "盗窃"]),
        ("盗窃、走私毒品", ["盗窃、走私毒品"]),  # or one charge, as 盗窃、抢夺枪支 is
        ("['走私、贩卖毒品', '盗窃']", ["走私、贩卖毒品", "盗窃"]),
        (["走私、贩卖毒品"], ["走私、贩卖毒品"]),
        ("盗窃、", ["盗窃"]),
        ("、 ;", []),
        (None, None),
    ],
)
def test_one_text_is_split_into_its_charges(value, expected):
    assert split_charges(value) == expected


@pytest.mark.parametrize("piece", ["、", "罪、", "走私、", " ", " 、"])
def test_a_long_text_is_split_into_its_charges(piece):
    assert len(split_charges(f"甲{piece * 300_000}")) >= 1
