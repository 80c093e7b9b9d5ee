"""Micro-batching: requests that come at the same time are answered by one call.

A query waits in a bounded queue while all workers are busy and a batch waits for one of them, and
at least a moment for others to come. Scoring many facts in one call takes half the time of scoring
each alone. A query that does not fit into the queue is refused at once, so that nobody waits for
what cannot be done in time.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from lawrec.serving.problems import ProblemError
from lawrec.serving.service_config import ServiceConfig

Query = TypeVar("Query")
Result = TypeVar("Result")
_SMOOTHING = 0.1
"""The share of the newest call in the mean time per fact."""
_AHEAD = 1
"""Number of batches that are formed before a worker is free, so that it need not wait for HTTP."""


@dataclass(frozen=True, eq=False)
class _Waiting(Generic[Query, Result]):
    query: Query
    facts: int
    future: "asyncio.Future[Result]"


class MicroBatcher(Generic[Query, Result]):
    """Answers queries in batches.

    Args:
        answer: From a batch of queries to the result of each, in order; called in as many threads
            as there are workers, and one more. If it fails, each query of the batch is tried alone,
            so that none spoils the others.
        limits: The settings of the service, of which `workers`, `max_batch`, `max_wait`,
            `queue_facts` and `deadline` matter here.
        on_batch: Called with the number of facts of each batch.

    Example:
        >>> async def double(numbers):
        ...     limits = ServiceConfig(max_batch=9, max_wait=0.01)
        ...     async with MicroBatcher(lambda batch: [2 * n for n in batch], limits) as batcher:
        ...         return await asyncio.gather(*(batcher.submit(n, 1) for n in numbers))
        >>> asyncio.run(double([1, 2, 3]))
        [2, 4, 6]
    """

    def __init__(
        self,
        answer: Callable[[Sequence[Query]], Sequence[Result]],
        limits: ServiceConfig,
        on_batch: Callable[[int], None] = lambda facts: None,
    ) -> None:
        self._answer, self._limits, self._on_batch = answer, limits, on_batch
        self._queue: deque[_Waiting[Query, Result]] = deque()
        self._waiting = 0
        self._seconds_per_fact = 0.005
        self._arrived = asyncio.Event()
        self._closing = False
        self._collecting, self._n_idle = asyncio.Lock(), limits.workers + _AHEAD
        self._threads = ThreadPoolExecutor(limits.workers + _AHEAD, "scoring")

    @property
    def waiting(self) -> int:
        """The number of facts that wait."""
        return self._waiting

    @property
    def closing(self) -> bool:
        """Whether no more queries are taken: it is stopping, or can no longer answer."""
        return self._closing or any(task.done() for task in self._tasks)

    async def __aenter__(self) -> "MicroBatcher[Query, Result]":
        """Start to answer."""
        self._tasks = [asyncio.create_task(self._run()) for _ in range(self._n_idle)]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Answer all that still wait, then stop."""
        self._closing = True
        self._arrived.set()
        await asyncio.gather(*self._tasks)
        self._threads.shutdown()

    async def submit(self, query: Query, facts: int) -> Result:
        """Return the result of a query.

        Args:
            query: The query.
            facts: How many facts it has.

        Raises:
            ProblemError: The queue is full (429), or the deadline has passed or the service
                stops (503).
        """
        if self.closing:
            raise _unavailable("the service must accept requests", "one that stops")
        if self._waiting + facts > self._limits.queue_facts:
            raise ProblemError(
                429,
                "the service",
                expected="the queue must have room for the request",
                got=f"{self._waiting:,} facts that wait already",
                todo="Send it again later.",
                retry_after=self._waiting * self._seconds_per_fact / self._limits.workers,
            )
        waiting = _Waiting[Query, Result](query, facts, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._waiting += facts
        self._arrived.set()
        try:
            async with asyncio.timeout(self._limits.deadline):
                return await waiting.future
        except TimeoutError:
            seconds = f"{self._limits.deadline:g} seconds"
            got = f"none within {seconds}"
            raise _unavailable("the answer must come before its deadline", got) from None

    async def _run(self) -> None:
        while batch := await self._next_batch():
            self._n_idle -= 1
            live = [waiting for waiting in batch if not waiting.future.done()]
            if live:
                await self._answer_batch(live)
            self._n_idle += 1

    async def _next_batch(self) -> list[_Waiting[Query, Result]]:
        """Return the queries to answer next: none after the last."""
        async with self._collecting:
            while not self._queue and not self._closing:
                self._arrived.clear()
                await self._arrived.wait()
            return await self._collect() if self._queue else []

    async def _collect(self) -> list[_Waiting[Query, Result]]:
        """Return a batch: what waits, and what comes within a moment if there is room for it.

        The workers that are idle share what waits: each fact has the whole of a core sooner.
        """
        end = time.monotonic() + self._limits.max_wait
        while self._waiting < self._limits.max_batch and not self._closing:
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), max(0.0, end - time.monotonic()))
            except TimeoutError:
                break
        limit = min(self._limits.max_batch, math.ceil(self._waiting / self._n_idle))
        batch = [self._take()]
        facts = batch[0].facts
        while self._queue and facts + self._queue[0].facts <= limit:
            batch.append(self._take())
            facts += batch[-1].facts
        return batch

    def _take(self) -> _Waiting[Query, Result]:
        waiting = self._queue.popleft()
        self._waiting -= waiting.facts
        return waiting

    async def _answer_batch(self, batch: Sequence[_Waiting[Query, Result]]) -> None:
        loop, start = asyncio.get_running_loop(), time.monotonic()
        results = await loop.run_in_executor(self._threads, self._results, batch)
        facts = sum(waiting.facts for waiting in batch)
        seconds = (time.monotonic() - start) / max(1, facts)
        self._seconds_per_fact += _SMOOTHING * (seconds - self._seconds_per_fact)
        for waiting, result in zip(batch, results, strict=True):
            if waiting.future.done():  # its deadline has passed meanwhile
                continue
            if isinstance(result, Exception):
                waiting.future.set_exception(result)
            else:
                waiting.future.set_result(result)
        self._on_batch(facts)

    def _results(self, batch: Sequence[_Waiting[Query, Result]]) -> Sequence[Result | Exception]:
        try:
            return self._answer([waiting.query for waiting in batch])
        except Exception as error:
            # What nobody waits for any longer, since its deadline has passed, is not tried again.
            if len(batch) == 1 or all(waiting.future.done() for waiting in batch):
                return [error] * len(batch)
            return [result for waiting in batch for result in self._results([waiting])]


def _unavailable(expected: str, got: str) -> ProblemError:
    todo = "Send it again later."
    return ProblemError(503, "the service", expected=expected, got=got, todo=todo, retry_after=1)
