import math
import random

import numpy as np
import pytest

from lawrec.corpus.records.record import Record
from lawrec.decision.explanation import SimilarCase
from lawrec.ranking import case_index
from lawrec.ranking.case_index import fit_case_index, term_weights

ARTICLES = ("264", "266", "234")
# Token 2 is in each case; 3 is evidence of label 0, 4 of label 1, 5 of label 2.
CASES = (
    ("a", [2, 3, 3], [0]),
    ("b", [2, 3, 4], [0, 1]),
    ("c", [2, 4, 6], [1]),
    ("d", [2, 5], [2]),
)


def records(cases=CASES, weight=1.0):
    return [Record(*case, weight=weight) for case in cases]


def index(cases=CASES, n_tokens=8, limit=99, seed=1):
    return fit_case_index(records(cases), n_tokens, n_labels=3, limit=limit, seed=seed)


def test_the_most_similar_cases_come_first_with_their_articles():
    first, second = index().similar([3, 3, 2, 1], ARTICLES)
    assert first == SimilarCase("a", ("264",), 1.0)
    assert (second.case_id, second.articles) == ("b", ("264", "266"))
    assert 0.1 < second.similarity < 1.0


def test_similarity_is_the_cosine_of_weighted_terms():
    """A slow reference, in which only the rounding of values to bytes is missing."""
    numbers = random.Random(1)
    cases = [
        (str(number), numbers.choices(range(2, 12), k=8), [number % 3]) for number in range(30)
    ]
    weights = term_weights(records(cases), 12, n_labels=3)

    def vector(tokens):
        values = {t: (1 + math.log(tokens.count(t))) * weights[t] for t in set(tokens)}
        length = math.sqrt(sum(value**2 for value in values.values()))
        return {token: value / length for token, value in values.items()}

    fact = numbers.choices(range(2, 12), k=6)
    expected = {
        case_id: sum(value * vector(tokens).get(t, 0) for t, value in vector(fact).items())
        for case_id, tokens, _ in cases
    }
    best = sorted(expected, key=expected.get, reverse=True)
    found = index(cases, 12).similar(fact, ARTICLES)
    assert [case.case_id for case in found] == best[:3]
    for case in found:
        assert case.similarity == pytest.approx(expected[case.case_id], abs=0.01)


def test_a_token_of_all_cases_weighs_nothing_and_one_of_an_article_much():
    weights = term_weights(records(CASES * 10), 8, n_labels=3)
    assert weights[:2].tolist() == [0, 0]
    assert weights[2] == pytest.approx(0, abs=1e-3)
    assert weights[7] == pytest.approx(0, abs=1e-6)  # no case has it
    assert weights[5] > weights[3] > 0.1
    # By hand: 10 cases with token 5 and 5 prior ones; 2, 2 and 1 in 5 citations, by 0.5 more each.
    prior = np.array([20.5, 20.5, 10.5]) / 51.5
    posterior = (np.array([0, 0, 10]) + 5 * prior) / 15
    assert weights[5] == pytest.approx((posterior * np.log(posterior / prior)).sum(), abs=1e-5)


def test_only_the_strongest_terms_of_a_case_are_kept(monkeypatch):
    monkeypatch.setattr(case_index, "TERMS", 1)
    kept = index([*CASES, ("e", [3, 5, 5], [2])])
    assert kept.terms.shape == kept.values.shape == (5, 1)
    assert kept.terms[:, 0].tolist()[-2:] == [5, 5]
    assert kept.terms.dtype == np.uint16
    assert kept.values[-1, 0] < 255


def test_a_large_vocabulary_has_larger_ids():
    wide = index([("a", [2, 70_000], [0]), ("b", [3], [1])], n_tokens=70_001)
    assert [case.case_id for case in wide.similar([70_000], ARTICLES)] == ["a"]


@pytest.mark.parametrize("fact", [[1], [], [2], [7]])
def test_nothing_is_like_a_fact_without_a_telling_word(fact):
    assert index(CASES * 10).similar(fact, ARTICLES) == ()


def test_cases_that_cite_nothing_or_count_nothing_are_left_out():
    assert index([("a", [3], []), ("b", [4], [1])]).case_ids == ("b",)
    weightless = fit_case_index(records(weight=0.0), 8, n_labels=3, limit=9, seed=1)
    assert weightless.case_ids == ()
    assert weightless.similar([3], ARTICLES) == ()


def test_of_many_cases_a_sample_is_kept_and_the_seed_decides_which():
    many = [(str(number), [3, number % 5], [number % 3]) for number in range(100)]
    first, again, other = (index(many, limit=10, seed=seed).case_ids for seed in (1, 1, 2))
    assert len(first) == 10
    assert first == again != other
    assert set(first) <= {case_id for case_id, *_ in many}
