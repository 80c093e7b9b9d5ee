import time
from threading import Event, get_ident

import pytest

from lawrec.threads import available_cores, map_in_threads


def test_there_is_a_core():
    assert available_cores() >= 1


def test_threads_give_results_in_the_order_of_the_items():
    passed = Event()

    def wait_for_the_second(item):
        if item == 2:
            passed.set()
        assert passed.wait(30)
        return -item

    assert list(map_in_threads(wait_for_the_second, [1, 2, 3], threads=2)) == [-1, -2, -3]


@pytest.mark.parametrize(("items", "threads"), [([1], 4), ([1, 2], 1), ([], 4)])
def test_without_two_items_and_threads_the_caller_works_itself(items, threads):
    idents = map_in_threads(lambda _: get_ident(), items, threads=threads)
    assert list(idents) == [get_ident()] * len(items)


def test_an_exception_in_a_thread_is_raised_and_ends_the_others():
    done = []

    def work(item):
        if item == 0:
            raise ValueError("zero")
        time.sleep(0.001)
        done.append(item)

    with pytest.raises(ValueError, match="zero"):
        list(map_in_threads(work, range(1000), threads=2))
    assert len(done) < 1000
