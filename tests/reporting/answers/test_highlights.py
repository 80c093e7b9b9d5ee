import pytest
from hypothesis import given
from hypothesis import strategies as st

from lawrec.decision.explanation import Evidence, Explanation, Rival
from lawrec.reporting.answers.highlights import stretches
from tests.helpers.answers import WHY_FACT, WHY_THEFT


def test_stretches_have_the_effects_of_their_clause_and_word():
    assert list(stretches(WHY_FACT, WHY_THEFT)) == [
        ("某甲，", 0, 0),
        ("秘密", 2.5, 0),
        ("窃取", 2.5, 1.25),
        ("。", 2.5, 0),
        ("又", 0, 0),
        ("窃取", 0, 1.25),
        ("，", 0, 0),
        ("骗", 0, -0.5),
        ("。", 0, 0),
    ]


def test_a_part_of_a_fact_has_only_what_is_in_it():
    assert [text for text, *_ in stretches(WHY_FACT, WHY_THEFT, start=3, end=6)] == ["秘密", "窃"]


def test_a_word_that_speaks_for_both_speaks_for_the_article():
    both = (Evidence("窃", ((0, 1),), -2.0), Evidence("骗", ((1, 2),), 3.0))
    rival = Rival("266", "", 0.1, (), both)
    explanation = Explanation((), (Evidence("窃", ((0, 1),), 1.0),), rival)
    assert list(stretches("窃骗", explanation)) == [("窃", 0, 1.0), ("骗", 0, 0)]


@pytest.mark.parametrize("fact", ["", "某"])
def test_a_fact_without_evidence_is_one_stretch_at_most(fact):
    assert [text for text, *_ in stretches(fact, Explanation((), (), None))] == [*fact]


SPANS = st.tuples(st.integers(0, 8), st.integers(1, 4)).map(lambda pair: (pair[0], sum(pair)))
PARTS = st.lists(
    st.builds(Evidence, st.just("x"), st.tuples(SPANS), st.floats(-2, 2)), max_size=4
).map(tuple)


@given(PARTS, PARTS, PARTS)
def test_stretches_joined_are_the_fact(clauses, words, rival_words):
    explanation = Explanation(clauses, words, Rival("266", "", 0.1, (), rival_words))
    assert "".join(text for text, *_ in stretches(WHY_FACT, explanation)) == WHY_FACT
