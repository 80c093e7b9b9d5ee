import pytest

from lawrec.law.charges import charge_wordings, normalize_charge


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
