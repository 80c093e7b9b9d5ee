import numpy as np
import pytest

from lawrec.decision.recommend import BELOW, FILLED, PASSED, TOO_MANY, Recommendation, recommend
from lawrec.decision.thresholds import NEVER, Cuts

ARTICLES = ("264", "133之一", "234", "347")
TITLES = {"264": "盗窃罪", "133之一": "危险驾驶罪", "234": "故意伤害罪"}
SCORES = np.array([[0.25, 0.75, 0.5, 0.125]], np.float32)


def cuts(*thresholds, least=0, most=10):
    return Cuts(np.array(thresholds, np.float32), least, most)


def first_list(chosen, scores=SCORES, candidates=0):
    return recommend(scores, chosen, ARTICLES, TITLES, candidates)[0]


def test_a_recommendation_tells_article_title_score_threshold_and_reason():
    assert first_list(cuts(0.5, 0.5, 0.5, 0.5)) == [
        Recommendation(1, "133之一", "危险驾驶罪", 0.75, 0.5, True, PASSED),
        Recommendation(2, "234", "故意伤害罪", 0.5, 0.5, True, PASSED),
    ]


@pytest.mark.parametrize(
    ("chosen", "candidates", "expected"),
    [
        (
            cuts(0.5, 0.5, 0.5, 0.5),
            4,
            [(1, "133之一", PASSED), (2, "234", PASSED), (3, "264", BELOW), (4, "347", BELOW)],
        ),
        (cuts(0.9, 0.9, 0.9, 0.9, least=1), 0, [(1, "133之一", FILLED)]),
        (
            cuts(0.9, 0.7, 0.9, 0.9, least=2),
            3,
            [(1, "133之一", PASSED), (2, "234", FILLED), (3, "264", BELOW)],
        ),
        (
            cuts(0.1, 0.1, 0.1, 0.9, most=1),
            4,
            [(1, "133之一", PASSED), (2, "234", TOO_MANY), (3, "264", TOO_MANY), (4, "347", BELOW)],
        ),
        (cuts(0.9, NEVER, 0.9, 0.1), 0, [(4, "347", PASSED)]),
        (cuts(0.9, NEVER, 0.9, 0.9, least=1), 1, [(1, "133之一", BELOW), (2, "234", FILLED)]),
        (cuts(NEVER, NEVER, NEVER, NEVER, least=1), 0, [(1, "133之一", FILLED)]),
        (cuts(0.9, 0.9, 0.9, 0.9), 0, []),
        (
            cuts(0.9, 0.9, 0.9, 0.9),
            9,
            [(1, "133之一", BELOW), (2, "234", BELOW), (3, "264", BELOW), (4, "347", BELOW)],
        ),
    ],
    ids=[
        "passed and below",
        "filled",
        "passed and filled",
        "cut",
        "a low score that passes keeps its rank",
        "one that never fires is not filled in",
        "none can fire",
        "no article",
        "more candidates than articles",
    ],
)
def test_articles_come_by_score_with_their_rank_and_reason(chosen, candidates, expected):
    found = first_list(chosen, candidates=candidates)
    assert [(entry.rank, entry.article, entry.reason) for entry in found] == expected


@pytest.mark.parametrize(
    ("reason", "recommended"), [(PASSED, True), (FILLED, True), (TOO_MANY, False), (BELOW, False)]
)
def test_the_reason_goes_with_the_recommendation(reason, recommended):
    lists = recommend(
        np.array([[0.9, 0.8, 0.7, 0.1], [0.1, 0.2, 0.3, 0.4]], np.float32),
        cuts(0.5, 0.5, 0.5, 0.5, least=1, most=2),
        ARTICLES,
        TITLES,
        candidates=4,
    )
    given = {entry.recommended for found in lists for entry in found if entry.reason == reason}
    assert given == {recommended}


def test_equal_scores_come_in_the_order_of_the_columns():
    articles = [str(number) for number in range(200)]
    y_score = np.tile(np.array([0.5, 0.75], np.float32), 100)[None, :]
    (found,) = recommend(y_score, Cuts(np.zeros(200, np.float32), 0, 200), articles, {})
    assert [entry.article for entry in found] == articles[1::2] + articles[::2]


def test_an_article_without_a_known_title_has_an_empty_one():
    found = first_list(cuts(0.9, 0.9, 0.9, 0.1))
    assert [(entry.article, entry.title) for entry in found] == [("347", "")]


def test_an_article_that_never_fires_has_no_threshold():
    found = first_list(cuts(NEVER, NEVER, NEVER, NEVER), candidates=1)
    assert [(entry.threshold, entry.recommended) for entry in found] == [(None, False)]


def test_scores_and_thresholds_are_plain_rounded_floats():
    found = first_list(cuts(0.1, 0.9, 0.9, 0.9), scores=np.full((1, 4), 1 / 3, np.float32))
    assert (found[0].score, found[0].threshold) == (0.333333, 0.1)
    assert [type(value) for value in (found[0].score, found[0].threshold)] == [float, float]
    assert type(found[0].recommended) is bool


def test_the_reason_goes_by_the_exact_score_and_not_by_the_rounded_one():
    nearly = np.nextafter(np.float32(0.5), np.float32(0))
    found = first_list(
        cuts(0.5, 0.5, 0.5, 0.5, least=1), scores=np.array([[nearly, 0, 0, 0]], np.float32)
    )
    assert [(entry.score, entry.reason) for entry in found] == [(0.5, FILLED)]


def test_every_case_gets_its_own_list_in_order():
    y_score = np.array([[0.9, 0, 0, 0], [0, 0, 0, 0], [0, 0.6, 0.7, 0]], np.float32)
    lists = recommend(y_score, cuts(0.5, 0.5, 0.5, 0.5), ARTICLES, TITLES)
    assert [[entry.article for entry in found] for found in lists] == [
        ["264"],
        [],
        ["234", "133之一"],
    ]


def test_no_cases_give_no_lists():
    assert recommend(np.zeros((0, 4), np.float32), cuts(0, 0, 0, 0), ARTICLES, TITLES) == []
