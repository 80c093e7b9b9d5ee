import itertools

import pytest

from lawrec.iterables import batched


@pytest.mark.parametrize(
    ("n_items", "sizes"), [(0, []), (1, [1]), (3, [3]), (4, [3, 1]), (7, [3, 3, 1])]
)
def test_all_lists_but_the_last_have_the_same_size(n_items, sizes):
    batches = list(batched(range(n_items), size=3))
    assert [len(batch) for batch in batches] == sizes
    assert list(itertools.chain(*batches)) == list(range(n_items))


def test_a_stream_is_read_one_list_at_a_time():
    batches = batched(itertools.count(), size=2)
    assert (next(batches), next(batches)) == ([0, 1], [2, 3])
