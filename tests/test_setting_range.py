import math

import pytest

from lawrec.setting_range import MOST, number


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
