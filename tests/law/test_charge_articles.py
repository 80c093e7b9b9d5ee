"""Articles of charges: a table that is worked out by hand."""

import pytest

from lawrec.law.charge_articles import ArticlesOfCharges, ChargeArticles


@pytest.fixture
def counts():
    """Of 100 cases of 盗窃, 98 have article 264, 15 have 25, 2 have 133 and 1 has 266."""
    counts = ChargeArticles()
    for row in range(100):
        shares = {"264": 98, "25": 15, "133": 2, "266": 1}
        counts.add(["盗窃罪"], [article for article, cases in shares.items() if row < cases])
    for row in range(20):
        counts.add(["[抢劫、抢夺]", "抢劫、抢夺罪"], ["263"] * (row < 17))
    return counts


@pytest.mark.parametrize(
    ("charges", "articles", "unknown"),
    [
        (["盗窃"], ("264",), ("25", "133")),
        (["抢劫、抢夺"], ("263",), ()),
        (["盗窃罪", "抢劫、抢夺"], ("263", "264"), ("25", "133")),
    ],
)
def test_the_share_of_an_article_decides(counts, charges, articles, unknown):
    assert counts.find(charges) == ArticlesOfCharges(articles, tuple(sorted(unknown, key=int)))


def test_an_article_just_below_a_limit_is_unknown_or_does_not_apply(counts):
    counts.add(["抢劫、抢夺"], [])  # 17 of 21
    counts.add(["盗窃"], [])  # 133: 2 of 101
    assert counts.find(["抢劫、抢夺"]) == ArticlesOfCharges((), ("263",))
    assert counts.find(["盗窃"]) == ArticlesOfCharges(("264",), ("25",))


@pytest.mark.parametrize("charges", [[], ["诈骗"], ["盗窃", "诈骗"]])
def test_nothing_is_known_of_a_charge_without_cases(counts, charges):
    assert counts.find(charges) is None


def test_a_charge_beside_another_teaches_nothing(counts):
    for _ in range(3):
        counts.add(["诈骗", "盗窃"], ["264", "266"])
    assert counts.find(["诈骗"]) is None


def test_a_charge_with_alternatives_is_known_by_each_of_them(counts):
    for _ in range(2):
        counts.add(["非法[持有、私藏][枪支、弹药]"], ["128"])
    for charge in ("非法持有枪支罪", "非法私藏弹药", "非法持有、私藏枪支、弹药"):
        assert counts.find([charge]) == ArticlesOfCharges(("128",), ())


def test_a_case_counts_only_for_the_articles_that_it_knows(counts):
    for _ in range(85):
        counts.add(["诈骗"], ["266"], unknown=["25", "224"])
    for _ in range(15):
        counts.add(["诈骗"], ["25"], unknown=["266", "224"])
    # 266: 85 of 85; 25: 15 of 15; nobody knows of 224.
    assert counts.find(["诈骗"]) == ArticlesOfCharges(("25", "266"), ("224",))
