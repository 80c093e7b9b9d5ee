"""Streams in chunks and on disk."""

from itertools import chain

import pytest

from lawrec.iterables import JsonSpool, batched, growing_batches


@pytest.mark.parametrize(("size", "expected"), [(2, [[0, 1], [2, 3], [4]]), (9, [[0, 1, 2, 3, 4]])])
def test_a_stream_is_batched_without_reading_ahead(size, expected):
    taken = []

    def stream():
        for item in range(5):
            taken.append(item)
            yield item

    batches = batched(stream(), size)
    assert next(batches) == expected[0]
    assert len(taken) == len(expected[0])
    assert [expected[0], *batches] == expected


def test_a_spool_yields_its_values_in_order_as_often_as_wanted():
    values = [["盗窃", "\ud800"], {"weight": 0.1}, None]
    with JsonSpool() as spool:
        for value in values:
            spool.append(value)
        assert len(spool) == 3
        assert list(spool) == list(spool) == values


def test_a_spool_leaves_nothing_in_its_folder(tmp_path):
    with JsonSpool(tmp_path) as spool:
        spool.append(1)
    assert list(tmp_path.iterdir()) == []


def test_growing_batches_keep_all_items_in_order():
    sizes = [len(batch) for batch in growing_batches(range(100), first=4, largest=32)]
    assert sizes == [4, 8, 16, 32, 32, 8]
    assert [*chain(*growing_batches(range(100)))] == list(range(100))
    assert [len(batch) for batch in growing_batches(range(3), largest=1)] == [1, 1, 1]
    assert list(growing_batches([])) == []


def test_growing_batches_read_no_further_than_they_must():
    items = iter(range(10))
    assert next(growing_batches(items, first=2)) == [0, 1]
    assert next(items) == 2
