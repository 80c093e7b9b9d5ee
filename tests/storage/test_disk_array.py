import io

import numpy as np
import pytest

from lawrec.storage import disk_array
from lawrec.storage.disk_array import DiskArray, equal_values


def array_of(values, dtype):
    array = DiskArray(io.BytesIO(), dtype)
    array.extend(values)
    return array


def slow_groups(values, at_least):
    """The indices of each value, by comparing all."""
    groups = (
        [i for i, other in enumerate(values) if other == value] for value in sorted(set(values))
    )
    return [group for group in groups if len(group) >= at_least]


def test_rows_are_read_and_replaced():
    rows = DiskArray(io.BytesIO(), "u1,u8")
    for number in range(5):
        rows.append((number, 2**40 + number))
    rows[3] = 7, 9
    assert len(rows) == 5
    assert rows[4] == (4, 2**40 + 4)
    assert list(rows.items())[2:] == [(2, 2**40 + 2), (7, 9), (4, 2**40 + 4)]


def test_blocks_are_bounded(monkeypatch):
    monkeypatch.setattr(disk_array, "BLOCK", 4)
    array = array_of(range(10), "u4")
    assert [block.tolist() for block in array.blocks()] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_an_empty_array_has_no_values():
    array = DiskArray(io.BytesIO(), "u8")
    assert (len(array), list(array.items()), list(equal_values(array.blocks))) == (0, [], [])


@pytest.mark.parametrize("at_once", [1, 30, 10_000])
@pytest.mark.parametrize("at_least", [1, 2, 5])
@pytest.mark.parametrize(
    ("dtype", "most"), [("u4", 90), ("u4", 2**32 - 1), ("u8", 2**64 - 1), ("u8", 2**14)]
)
def test_equal_values_are_those_of_comparing_all(monkeypatch, at_once, at_least, dtype, most):
    monkeypatch.setattr(disk_array, "AT_ONCE", at_once)
    monkeypatch.setattr(disk_array, "BLOCK", 64)
    rng = np.random.default_rng(1)
    values = rng.choice(rng.integers(0, most, 100, dtype, endpoint=True), 300)
    values[7] = most
    groups = equal_values(array_of(values, dtype).blocks, at_least=at_least)
    assert list(groups) == slow_groups(values.tolist(), at_least)


def test_a_range_holds_about_as_many_values_as_are_sorted_at_once(monkeypatch):
    monkeypatch.setattr(disk_array, "AT_ONCE", 100)
    held = []
    in_range = disk_array._in_range

    def counted(*arguments, **options):
        values, indices = in_range(*arguments, **options)
        held.append(len(values))
        return values, indices

    monkeypatch.setattr(disk_array, "_in_range", counted)
    values = np.random.default_rng(1).integers(0, 2**64, 1_000, np.uint64)
    assert list(equal_values(array_of(values, "u8").blocks)) == []
    assert sum(held) == 1_000
    assert max(held) <= 100
