import pytest

from lawrec.law.cail_labels import cail_id, cail_ids, ids_in, unmapped_articles

LABELS = ("266", "133", "264", "120之一")


@pytest.mark.parametrize(
    ("article", "expected"),
    [
        ("266", 1),
        ("264", 3),
        ("133之一", 2),  # the list has no branches of 133
        ("120之一", 4),  # it has this one
        ("120之二", None),  # neither it nor 120
        ("120", None),
        ("67", None),
        ("盗窃之罪", None),
    ],
)
def test_an_article_has_its_own_id_or_that_of_its_root(article, expected):
    assert cail_id(article, ids_in(LABELS)) == expected


def test_a_label_without_a_number_has_no_root():
    assert cail_id("盗窃之罪", {"盗窃": 1}) is None


def test_ids_keep_the_order_and_collapse():
    assert cail_ids(["264", "133之二", "67", "133", "266"], ids_in(LABELS)) == [3, 2, 1]


def test_articles_without_an_id_are_unmapped():
    assert unmapped_articles(["264", "67", "133之一", "盗窃"], ids_in(LABELS)) == ("67", "盗窃")
