import pytest

from lawrec.iterables import batched


@pytest.mark.parametrize(("size", "expected"), [(2, [[0, 1], [2, 3], [4]]), (9, [[0, 1, 2, 3, 4]])])
def test_a_stream_is_batched_without_reading_ahead(size, expected):
    items_read = []

    def stream():
        for item in range(5):
            items_read.append(item)
            yield item

    batches = batched(stream(), size)
    assert next(batches) == expected[0]
    assert len(items_read) == len(expected[0])
    assert [expected[0], *batches] == expected
