import math

import pytest

from lawrec.setting_range import MOST, SearchChoices, SearchRange, choice, number


def range_of(**bounds):
    return number(1, **bounds).metadata["range"]


@pytest.mark.parametrize(
    ("bounds", "inside", "outside", "text"),
    [
        ({}, [0, 0.5, MOST], [-1, MOST + 1, math.inf, math.nan], "at least 0 and at most 1,000,0"),
        ({"at_least": 1, "at_most": 2}, [1, 2], [0, 3, math.nan], "at least 1 and at most 2"),
        ({"below": 1}, [0, 0.999], [1, math.inf, math.nan], "at least 0 and below 1"),
        ({"at_most": 1, "allow_inf": True}, [1, math.inf], [2, -math.inf, math.nan], "or inf"),
    ],
)
def test_a_range_ends_at_its_bounds(bounds, inside, outside, text):
    values = range_of(**bounds)
    assert [value in values for value in inside] == [True] * len(inside)
    assert [value in values for value in outside] == [False] * len(outside)
    assert text in str(values)


def test_a_search_range_includes_both_ends():
    searched = number(1, search=SearchRange(0.5, 100, log=True)).metadata["search"]
    assert [value in searched for value in (0.4, 0.5, 100, 101, math.nan)] == [
        *(False, True, True, False, False),
    ]
    assert str(searched) == "0.5 to 100, log"
    assert number(1).metadata["search"] is None


def test_a_choice_is_searched_among_its_default_and_the_others():
    searched = choice("cosine", "constant").metadata["search"]
    assert searched == SearchChoices(("cosine", "constant"))
    assert "staircase" not in searched
