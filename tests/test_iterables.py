"""Streams in chunks and on disk."""

from itertools import chain

import pytest

from lawrec.iterables import JsonSpool, batched


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


def test_the_first_batch_may_be_shorter():
    sizes = [len(batch) for batch in batched(range(100), 32, first=4)]
    assert sizes == [4, 32, 32, 32]
    assert [*chain(*batched(range(100), 7, first=3))] == list(range(100))
    assert [len(batch) for batch in batched(range(3), 1, first=32)] == [1, 1, 1]
    items = iter(range(10))
    assert next(batched(items, first=2)) == [0, 1]
    assert next(items) == 2


def test_a_batch_ends_once_it_is_heavy():
    texts = ["a", "bbb", "c", "d" * 9, "e", "f", "g"]
    batches = list(batched(texts, 3, weigh=len, most_weight=4))
    assert batches == [["a", "bbb"], ["c", "d" * 9], ["e", "f", "g"]]
    assert list(batched(texts, 9, weigh=len)) == [texts]
