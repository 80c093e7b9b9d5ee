import numpy as np
import pytest

from lawrec.config import DecisionConfig
from lawrec.decision.conformal import conformal_threshold
from lawrec.decision.decision_rule import DecisionRule, abstained, decide
from lawrec.decision.threshold_curve import NEVER
from lawrec.decision.tuning_cases import TuningCases
from lawrec.errors import ConfigError
from tests.helpers.arrays import bools, floats


def threshold_for(y_true, y_score, level, known=None):
    return conformal_threshold(TuningCases(y_true, y_score, known), DecisionConfig(coverage=level))


def sampled(rng, cases, articles=4):
    """Cases of one distribution, each with at least one article."""
    y_true = rng.random((cases, articles)) < 0.3
    y_true[np.arange(cases), rng.integers(0, articles, cases)] = True
    return y_true, rng.beta(1 + 3 * y_true, 2).astype(np.float32)


def one_article(*scores):
    """Cases that cite the first of two articles with these scores."""
    y_score = floats(*scores)[:, None] * floats(1, 0.5)
    return np.tile(bools(1, 0), (len(scores), 1)), y_score


@pytest.mark.parametrize(("level", "cases"), [(0.9, 49), (0.8, 20), (0.95, 120), (0.5, 7)])
def test_the_guarantee_holds_and_is_not_exceeded(level, cases):
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(300):
        threshold = threshold_for(*sampled(rng, cases), level)
        y_true, y_score = sampled(rng, 300)
        y_pred = decide(y_score, DecisionRule(np.full(4, NEVER), 0, 4, guarantee=threshold))
        covered.append((y_pred | ~y_true).all(axis=1).mean())
    error = 3 * np.std(covered) / np.sqrt(len(covered))
    assert level - error <= np.mean(covered) <= level + 1 / (cases + 1) + error


def test_the_threshold_by_hand():
    y_true, y_score = one_article(0.9, 0.1, 0.5, 0.3, 0.7, 0.6, 0.4, 0.8, 0.2)
    # The lowest scores of 9 cases in order are 0.1 to 0.9: k = 0.1 x 10 is the first.
    assert threshold_for(y_true, y_score, 0.9) == pytest.approx(0.1)
    assert threshold_for(y_true, y_score, 0.8) == pytest.approx(0.2)
    assert threshold_for(y_true, y_score, 0.75) == pytest.approx(0.2)
    assert threshold_for(y_true, y_score, 0.1) == pytest.approx(0.9)


def test_the_lowest_score_of_a_true_article_counts():
    y_true = bools([1, 1, 0], [0, 1, 1], [0, 0, 0])
    y_score = floats([0.9, 0.4, 0.1], [0.1, 0.8, 0.6], [0.1, 0.1, 0.1])
    assert [threshold_for(y_true, y_score, level) for level in (0.75, 0.5)] == [
        pytest.approx(0.4),
        pytest.approx(0.6),
    ]
    assert (
        threshold_for(y_true, y_score, 0.25) == np.inf
    )  # the third case lacks nothing whatever the threshold


def test_an_article_that_is_not_known_to_be_true_counts_as_false():
    y_true = bools([1, 1], [1, 1], [1, 1])
    y_score = floats([0.9, 0.1], [0.8, 0.2], [0.7, 0.3])
    known = bools([1, 0], [1, 0], [1, 0])
    assert threshold_for(y_true, y_score, 0.75, known) == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("level", "needed"), [(0.5, 1), (0.8, 4), (0.9, 9), (0.95, 19), (0.99, 99), (0.93, 14)]
)
def test_with_too_few_cases_the_error_says_how_many_are_needed(level, needed):
    cases = one_article(*np.linspace(0.2, 0.9, needed))
    assert threshold_for(*cases, level) == pytest.approx(cases[1][0, 0])
    with pytest.raises(ConfigError, match=f"at least {needed} cases to tune on, got {needed - 1}"):
        threshold_for(*one_article(*np.linspace(0.2, 0.9, needed - 1)), level)


def test_cases_that_cite_an_article_without_a_score_are_refused_if_there_are_too_many():
    scores = np.linspace(0.1, 1, 19)
    y_true, y_score = one_article(*scores)
    y_score[0, 0] = 0
    assert threshold_for(y_true, y_score, 0.9) == pytest.approx(scores[1])
    with pytest.raises(ConfigError, match="1 of 19 cases cite one that has none"):
        threshold_for(y_true, y_score, 0.95)


def test_a_case_is_answered_in_full_or_not_at_all():
    rng = np.random.default_rng(1)
    y_true, y_score = sampled(rng, 400, articles=8)
    rule = DecisionRule(
        np.full(8, 0.6, np.float32), 0, 4, guarantee=threshold_for(y_true, y_score, 0.9)
    )
    over = abstained(y_score, rule)
    assert 0 < over.sum() < len(over)
    needed = y_score >= rule.guarantee
    assert (over == (needed.sum(axis=1) > 4)).all()
    y_pred = decide(y_score, rule)
    assert not y_pred[over].any()
    assert y_pred[~over][needed[~over]].all()
    assert ((y_pred | ~y_true).all(axis=1) | over).mean() >= 0.9
