from dataclasses import replace

import numpy as np
import pytest

from lawrec.decision.calibration import Calibration
from lawrec.decision.co_citation import CoCitations, CoCitationViolation
from lawrec.decision.decision_rule import (
    ABOVE,
    BELOW,
    LIKELIEST,
    OUTSIDE,
    RULE_KINDS,
    DecisionRule,
    decide,
    passing,
)
from lawrec.decision.recommend import (
    ABSTAINED,
    FALLBACK,
    GUARANTEE,
    MAXIMUM,
    MINIMUM,
    Decision,
    Recommendation,
    reasons,
    recommend,
)
from lawrec.decision.threshold_curve import NEVER
from tests.helpers.arrays import SEEDS, floats, random_scores

ARTICLES = ("264", "133之一", "234", "347")
TITLES = {"264": "盗窃罪", "133之一": "危险驾驶罪", "234": "故意伤害罪"}
SCORES = floats([0.25, 0.75, 0.5, 0.125])
RECOMMENDED = {ABOVE, LIKELIEST, FALLBACK, MINIMUM, GUARANTEE}


def rule(*thresholds, least=0, most=10, **more):
    return DecisionRule(floats(*thresholds), least, most, **more)


def first(chosen, scores=SCORES, **more):
    return recommend(scores, chosen, articles=ARTICLES, titles=TITLES, **more)[0]


def first_list(chosen, scores=SCORES, top_k=0):
    return list(first(chosen, scores, top_k=top_k).recommendations)


def test_a_recommendation_has_article_title_score_threshold_and_reason():
    assert first(rule(0.5, 0.5, 0.5, 0.5)) == Decision(
        (
            Recommendation(1, "133之一", "危险驾驶罪", 0.75, None, 0.5, True, ABOVE),
            Recommendation(2, "234", "故意伤害罪", 0.5, None, 0.5, True, ABOVE),
        )
    )


@pytest.mark.parametrize(
    ("chosen", "top_k", "expected"),
    [
        (
            rule(0.5, 0.5, 0.5, 0.5),
            4,
            [(1, "133之一", ABOVE), (2, "234", ABOVE), (3, "264", BELOW), (4, "347", BELOW)],
        ),
        (rule(0.9, 0.9, 0.9, 0.9, least=1), 0, [(1, "133之一", FALLBACK)]),
        (
            rule(0.9, 0.9, 0.9, 0.9, least=2),
            0,
            [(1, "133之一", MINIMUM), (2, "234", MINIMUM)],
        ),
        (
            rule(0.9, 0.9, 0.9, 0.9, least=3, fill_score=0.3),
            0,
            [(1, "133之一", MINIMUM), (2, "234", MINIMUM)],
        ),
        (
            rule(0.9, 0.7, 0.9, 0.9, least=2),
            3,
            [(1, "133之一", ABOVE), (2, "234", MINIMUM), (3, "264", BELOW)],
        ),
        (
            rule(0.1, 0.1, 0.1, 0.9, most=1),
            4,
            [(1, "133之一", ABOVE), (2, "234", MAXIMUM), (3, "264", MAXIMUM), (4, "347", BELOW)],
        ),
        (
            rule(0.9, 0.9, 0.9, 0.1, guarantee=0.5),
            3,
            [
                (1, "133之一", GUARANTEE),
                (2, "234", GUARANTEE),
                (3, "264", BELOW),
                (4, "347", ABOVE),
            ],
        ),
        (
            rule(0.9, 0.7, 0.9, 0.9, guarantee=0.5, least=3),
            0,
            [(1, "133之一", ABOVE), (2, "234", GUARANTEE), (3, "264", MINIMUM)],
        ),
        (
            rule(0.9, 0.9, 0.9, 0.1, guarantee=0.5, most=2),
            0,
            [(1, "133之一", GUARANTEE), (2, "234", GUARANTEE)],
        ),
        (
            rule(0.9, NEVER, 0.9, 0.9, guarantee=0.5),
            0,
            [(1, "133之一", GUARANTEE), (2, "234", GUARANTEE)],
        ),
        (
            rule(0.9, 0.7, 0.9, 0.1, guarantee=0.5, most=1),
            4,
            [
                (1, "133之一", ABSTAINED),
                (2, "234", ABSTAINED),
                (3, "264", BELOW),
                (4, "347", ABSTAINED),
            ],
        ),
        (rule(0.9, 0.9, 0.9, 0.9, guarantee=0.5, least=1, most=1), 0, []),
        (
            rule(0.5, 0.5, 0.5, 0.5, kind="share"),
            3,
            [(1, "133之一", ABOVE), (2, "234", ABOVE), (3, "264", BELOW)],
        ),
        (
            rule(0, 0, 0, 0, kind="expected_f1", least=3),
            4,
            [
                (1, "133之一", LIKELIEST),
                (2, "234", LIKELIEST),
                (3, "264", MINIMUM),
                (4, "347", OUTSIDE),
            ],
        ),
        (rule(0.9, NEVER, 0.9, 0.1), 0, [(4, "347", ABOVE)]),
        (rule(0.9, NEVER, 0.9, 0.9, least=1), 1, [(1, "133之一", BELOW), (2, "234", FALLBACK)]),
        (rule(NEVER, NEVER, NEVER, NEVER, least=1), 0, [(1, "133之一", FALLBACK)]),
        (rule(0.9, 0.9, 0.9, 0.9), 0, []),
        (
            rule(0.9, 0.9, 0.9, 0.9),
            9,
            [(1, "133之一", BELOW), (2, "234", BELOW), (3, "264", BELOW), (4, "347", BELOW)],
        ),
    ],
    ids=[
        "passed and below",
        "filled with one",
        "filled with more",
        "filled as far as the fill score",
        "passed and filled",
        "shortened",
        "guaranteed next to one that passes with a low score",
        "passed, guaranteed and filled",
        "shortened to what is guaranteed",
        "one that never passes is guaranteed",
        "abstained",
        "an abstained list is not filled",
        "shares of the best score",
        "a list as a whole",
        "a low score that passes keeps its rank",
        "one that never passes is not filled in",
        "none can pass",
        "no article",
        "more than there are articles",
    ],
)
def test_articles_come_by_score_with_their_rank_and_reason(chosen, top_k, expected):
    found = first_list(chosen, top_k=top_k)
    assert [(entry.rank, entry.article, entry.reason) for entry in found] == expected
    assert all(entry.recommended == (entry.reason in RECOMMENDED) for entry in found)


def test_what_passes_but_is_left_out_says_so():
    found = first_list(rule(0.9, 0.9, 0.9, 0.1, guarantee=0.5, most=2), top_k=4)
    assert [entry.reason for entry in found] == [GUARANTEE, GUARANTEE, BELOW, MAXIMUM]


def test_a_case_is_abstained_where_the_guarantee_takes_too_many():
    over = rule(0.9, 0.9, 0.9, 0.9, guarantee=0.5, most=1, least=1)
    assert first(over) == Decision((), abstained=True)
    assert not first(replace(over, max_articles=2)).abstained
    y_score = np.append(SCORES, floats([0.9, 0, 0, 0]), axis=0)
    decisions = recommend(y_score, over, articles=ARTICLES, titles=TITLES)
    assert [decision.abstained for decision in decisions] == [True, False]
    assert [entry.article for entry in decisions[1].recommendations] == ["264"]


@pytest.mark.parametrize("kind", RULE_KINDS)
def test_reasons_agree_with_what_is_decided(kind):
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        y_score = random_scores(rng, (20, 6))
        thresholds = np.where(rng.random(6) < 0.2, NEVER, random_scores(rng, 6)).astype(np.float32)
        chosen = DecisionRule(
            thresholds, 2, 3, kind=kind, guarantee=float(rng.choice([NEVER, 0.7]))
        )
        y_pred = decide(y_score, chosen)
        why = reasons(y_score, y_pred, rule=chosen)
        assert (np.isin(why, list(RECOMMENDED)) == y_pred).all()
        passed = passing(y_score, chosen)
        assert passed[np.isin(why, [ABOVE, LIKELIEST, MAXIMUM])].all()
        assert not passed[np.isin(why, [GUARANTEE, FALLBACK, MINIMUM, BELOW])].any()
        assert (y_score[why == GUARANTEE] >= chosen.guarantee).all()
        assert (y_pred.sum(axis=1)[(why == FALLBACK).any(axis=1)] == 1).all()
        assert not y_pred[(why == ABSTAINED).any(axis=1)].any()


def test_a_probability_is_that_of_the_calibration():
    calibration = Calibration("isotonic", (0, 1, 0, 0), (((0.0,), (0.25,)), ((0.0,), (0.625,))))
    found = first_list(rule(0.9, 0.5, 0.5, 0.9, calibration=calibration))
    assert [(entry.score, entry.probability) for entry in found] == [(0.75, 0.625), (0.5, 0.25)]
    assert type(found[0].probability) is float
    assert [entry.probability for entry in first_list(rule(0, 0, 0, 0))] == [None] * 4


def test_violations_are_those_of_the_recommended_articles_alone():
    known = CoCitations({1: (3,), 0: (3,)}, {1: (2,), 2: (1,), 0: (1,)})
    chosen = rule(0.9, 0.5, 0.5, 0.9)
    expected = (
        CoCitationViolation("missing_companion", "133之一", "347"),
        CoCitationViolation("never_cited_together", "133之一", "234"),
    )
    assert first(chosen, top_k=4, co_citations=known).violations == expected
    assert first(chosen).violations == ()
    assert first(rule(0.9, 0.9, 0.9, 0.9), top_k=4, co_citations=known).violations == ()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("threshold", 0.5), ("share", 0.375), ("expected_f1", None)],
)
def test_the_threshold_is_the_score_from_which_an_article_passes_in_its_case(kind, expected):
    found = first_list(rule(0.5, 0.5, 0.5, NEVER, kind=kind), top_k=4)
    assert [entry.threshold for entry in found] == [expected] * 3 + [None]


def test_equal_scores_come_in_the_order_of_the_columns():
    articles = [str(number) for number in range(200)]
    y_score = np.tile(floats(0.5, 0.75), 100)[None, :]
    (found,) = recommend(
        y_score, DecisionRule(np.zeros(200, np.float32), 0, 200), articles=articles, titles={}
    )
    assert [entry.article for entry in found.recommendations] == articles[1::2] + articles[::2]


def test_an_article_without_a_known_title_has_an_empty_one():
    found = first_list(rule(0.9, 0.9, 0.9, 0.1))
    assert [(entry.article, entry.title) for entry in found] == [("347", "")]


def test_an_article_that_never_passes_has_no_threshold():
    found = first_list(rule(NEVER, NEVER, NEVER, NEVER), top_k=1)
    assert [(entry.threshold, entry.recommended) for entry in found] == [(None, False)]


def test_scores_and_thresholds_are_plain_rounded_floats():
    found = first_list(rule(0.1, 0.9, 0.9, 0.9), scores=np.full((1, 4), 1 / 3, np.float32))
    assert (found[0].score, found[0].threshold) == (0.333333, 0.1)
    assert [type(value) for value in (found[0].score, found[0].threshold)] == [float, float]
    assert type(found[0].recommended) is bool
    assert type(found[0].reason) is str


def test_the_score_that_is_shown_is_the_score_that_is_compared():
    nearly = np.nextafter(np.float32(0.5), np.float32(0))
    chosen = rule(0.5, 0.5, 0.5, 0.5, least=1)
    for score, shown, reason in ((nearly, 0.5, ABOVE), (0.4999994, 0.499999, FALLBACK)):
        found = first_list(chosen, scores=floats([score, 0, 0, 0]))
        assert [(entry.score, entry.reason) for entry in found] == [(shown, reason)]


def test_every_case_gets_its_own_list_in_order():
    y_score = floats([0.9, 0, 0, 0], [0, 0, 0, 0], [0, 0.6, 0.7, 0])
    decisions = recommend(y_score, rule(0.5, 0.5, 0.5, 0.5), articles=ARTICLES, titles=TITLES)
    lists = [[entry.article for entry in found.recommendations] for found in decisions]
    assert lists == [["264"], [], ["234", "133之一"]]


def test_no_cases_give_no_decisions():
    assert (
        recommend(np.zeros((0, 4), np.float32), rule(0, 0, 0, 0), articles=ARTICLES, titles=TITLES)
        == []
    )


@pytest.mark.parametrize(
    ("min_articles", "kind", "expected"),
    [(1, "threshold", [1]), (3, "threshold", [1]), (0, "threshold", []), (1, "share", [1])],
)
def test_a_text_of_which_nothing_is_known_has_one_fallback_at_most(min_articles, kind, expected):
    rule = DecisionRule(np.full(4, 0.25, np.float32), min_articles, 9, kind=kind)
    y_score = np.array([[0.75, 0.875, 0.125, 0.5]] * 2, np.float32)
    unknown, known = recommend(
        y_score,
        rule,
        articles=("1", "2", "3", "4"),
        titles={},
        top_k=4,
        nothing_known=np.array([True, False]),
    )
    assert [entry.rank for entry in unknown.recommendations if entry.recommended] == expected
    assert {entry.reason for entry in unknown.recommendations} == {"nothing known in the text"}
    [same] = recommend(y_score[:1], rule, articles=("1", "2", "3", "4"), titles={}, top_k=4)
    assert known == same


def test_the_fallback_of_an_unknown_text_is_the_best_that_can_pass():
    rule = DecisionRule(np.array([np.inf, 0.25, 0.25], np.float32), 1, 9)
    [decision] = recommend(
        np.array([[0.9, 0.5, 0.6]], np.float32),
        rule,
        articles=("1", "2", "3"),
        titles={},
        nothing_known=np.array([True]),
    )
    assert [entry.article for entry in decision.recommendations] == ["3"]
