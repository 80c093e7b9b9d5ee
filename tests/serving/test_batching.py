"""Micro-batching: who is answered together, who is refused, and that none is lost."""

import asyncio
import threading
import time
from dataclasses import replace

import pytest

from lawrec.serving.batching import MicroBatcher
from lawrec.serving.problems import ProblemError
from lawrec.serving.service_config import ServiceConfig

LIMITS = ServiceConfig(max_batch=4, max_wait=0.01, queue_facts=8, deadline=30)
"""One worker: two batches share what waits, of which one is collected while one is answered."""


class Doubler:
    """Doubles numbers, remembers its batches, and waits for its gate if there is one."""

    def __init__(self, gate=None):
        self.batches, self.gate = [], gate

    def __call__(self, numbers):
        self.batches.append(list(numbers))
        if self.gate:
            self.gate.wait(10)
        if 13 in numbers:
            raise ValueError("13")
        return [2 * number for number in numbers]


def gathered(doubler, *numbers, limits=LIMITS, weight=1):
    """Submit numbers at the same time, and return the results or errors."""

    async def run():
        async with MicroBatcher(doubler, limits) as batcher:
            calls = [batcher.submit(number, weight) for number in numbers]
            return await asyncio.gather(*calls, return_exceptions=True)

    return asyncio.run(run())


def test_each_gets_its_own_result_and_batches_are_full():
    doubler = Doubler()
    assert gathered(doubler, *range(8)) == [0, 2, 4, 6, 8, 10, 12, 14]
    assert sorted(doubler.batches) == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_a_batch_counts_facts_and_a_large_query_is_answered_alone():
    doubler = Doubler()
    assert gathered(doubler, 1, 2, weight=4) == [2, 4]
    assert sorted(doubler.batches) == [[1], [2]]
    assert gathered(Doubler(), 5, weight=8) == [10]


@pytest.mark.parametrize(("workers", "size"), [(1, 6), (2, 4), (3, 3), (11, 1)])
def test_workers_share_what_waits_and_one_batch_more_is_collected(workers, size):
    doubler = Doubler(gate=threading.Event())
    threading.Timer(0.5, doubler.gate.set).start()  # until then, all are busy
    limits = replace(LIMITS, max_batch=64, queue_facts=64, workers=workers)
    assert gathered(doubler, *range(12), limits=limits) == [2 * number for number in range(12)]
    assert {len(batch) for batch in doubler.batches} == {size}


def test_no_more_batches_are_answered_at_once_than_there_are_workers_and_one():
    running, most = threading.Semaphore(0), []

    def answer(numbers):
        running.release()
        time.sleep(0.02)
        most.append(running._value)
        running.acquire()
        return numbers

    limits = replace(LIMITS, max_batch=1, workers=2)
    assert gathered(answer, *range(8), limits=limits) == list(range(8))
    assert max(most) == 3


def test_a_failure_spoils_no_other_query():
    first, failed, last = gathered(Doubler(), 1, 13, 3)
    assert (first, last) == (2, 6)
    assert isinstance(failed, ValueError)


def test_a_query_that_does_not_fit_into_the_queue_is_refused_at_once():
    results = gathered(Doubler(), *range(10))
    assert results[:8] == [2 * number for number in range(8)]
    for refused in results[8:]:
        assert refused.status == 429
        assert refused.headers["Retry-After"] == "1"


def late_and_in_time(late, in_time=(), *, max_batch, max_wait):
    """Submit numbers until their deadline has passed, then others, one by one.

    Returns:
        The errors of the first, the results of the others, and the batches.
    """

    async def run():
        doubler = Doubler(threading.Event())
        limits = replace(LIMITS, max_batch=max_batch, max_wait=max_wait, deadline=0.05)
        async with MicroBatcher(doubler, limits) as batcher:
            calls = [batcher.submit(number, 1) for number in late]
            errors = await asyncio.gather(*calls, return_exceptions=True)
            doubler.gate.set()
            return errors, [await batcher.submit(number, 1) for number in in_time], doubler.batches

    return asyncio.run(run())


def test_a_late_query_is_given_up_and_the_next_ones_are_answered():
    late, results, batches = late_and_in_time((1, 2, 3), [4], max_batch=1, max_wait=0)
    assert [error.status for error in late] == [503, 503, 503]
    assert results == [8]
    assert sorted(batches) == [[1], [2], [4]]  # nobody waits for 3 any longer


def test_what_fails_when_nobody_waits_any_longer_is_not_tried_again():
    _, _, batches = late_and_in_time([13] * 4, max_batch=4, max_wait=0.01)
    assert [number for batch in batches for number in batch] == [13] * 4


def test_what_was_accepted_is_answered_before_the_end_and_nothing_after():
    async def run():
        batcher = MicroBatcher(Doubler(), LIMITS)
        async with batcher:
            calls = [asyncio.create_task(batcher.submit(number, 1)) for number in range(6)]
            await asyncio.sleep(0)
        with pytest.raises(ProblemError) as refused:
            await batcher.submit(7, 1)
        return await asyncio.gather(*calls), refused.value.status

    assert asyncio.run(run()) == ([0, 2, 4, 6, 8, 10], 503)


def test_what_can_no_longer_answer_takes_no_query():
    """Nobody waits for an answer that cannot come, and the service is not ready."""

    def fail(_facts):
        raise OSError("the disk is full")

    async def run():
        batcher = MicroBatcher(Doubler(), LIMITS, fail)
        await batcher.__aenter__()
        assert await batcher.submit(1, 1) == 2
        await asyncio.sleep(0)
        assert batcher.closing
        with pytest.raises(ProblemError) as refused:
            await batcher.submit(2, 1)
        assert refused.value.status == 503

    asyncio.run(run())
