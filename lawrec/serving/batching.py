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
class _Request(Generic[Query, Result]):
    query: Query
    cost: int
    future: "asyncio.Future[Result]"


class MicroBatcher(Generic[Query, Result]):
    """Answers queries in batches.

    Args:
        answer: From a batch of queries to the result of each, in order; called in as many threads
            as there are workers, and one more. If it fails, each query of the batch is tried alone,
            so that none spoils the others.
        limits: The settings of the service, of which `workers`, `max_batch`, `max_wait`,
            `queue_facts` and `deadline` matter here.
        on_batch: Called with each batch of queries, once it is answered.

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
        on_batch: Callable[[Sequence[Query]], None] = lambda queries: None,
    ) -> None:
        self._answer, self._limits, self._on_batch = answer, limits, on_batch
        self._queue: deque[_Request[Query, Result]] = deque()
        self._queued_cost = 0
        self._seconds_per_fact = 0.005
        self._arrived = asyncio.Event()
        self._closing = False
        self._collecting, self._n_idle = asyncio.Lock(), limits.workers + _AHEAD
        self._threads = ThreadPoolExecutor(limits.workers + _AHEAD, "scoring")

    @property
    def waiting(self) -> tuple[Query, ...]:
        """The queries that wait."""
        return tuple(request.query for request in self._queue)

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

    async def submit(self, query: Query, cost: int) -> Result:
        """Return the result of a query.

        Args:
            query: The query.
            cost: The time it takes, in facts.

        Raises:
            ProblemError: The queue is full (429), or the deadline has passed or the service
                stops (503).
        """
        if self.closing:
            raise _unavailable("the service must accept requests", "one that stops")
        if self._queued_cost + cost > self._limits.queue_facts:
            raise ProblemError(
                429,
                "the service",
                expected="the queue must have room for the request",
                got=f"{self._queued_cost:,} facts' worth of work that waits already",
                todo="Send it again later.",
                retry_after=self._queued_cost * self._seconds_per_fact / self._limits.workers,
            )
        request = _Request[Query, Result](query, cost, asyncio.get_running_loop().create_future())
        self._queue.append(request)
        self._queued_cost += cost
        self._arrived.set()
        try:
            async with asyncio.timeout(self._limits.deadline):
                return await request.future
        except TimeoutError:
            seconds = f"{self._limits.deadline:g} seconds"
            got = f"none within {seconds}"
            raise _unavailable("the answer must come before its deadline", got) from None

    async def _run(self) -> None:
        while batch := await self._next_batch():
            self._n_idle -= 1
            live = [request for request in batch if not request.future.done()]
            if live:
                await self._answer_batch(live)
            self._n_idle += 1

    async def _next_batch(self) -> list[_Request[Query, Result]]:
        """Return the queries to answer next: none after the last."""
        async with self._collecting:
            while not self._queue and not self._closing:
                self._arrived.clear()
                await self._arrived.wait()
            return await self._collect() if self._queue else []

    async def _collect(self) -> list[_Request[Query, Result]]:
        """Return a batch: what waits, and what comes within a moment if there is room for it.

        The workers that are idle share what waits: each fact has the whole of a core sooner.
        """
        end = time.monotonic() + self._limits.max_wait
        while self._queued_cost < self._limits.max_batch and not self._closing:
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), max(0.0, end - time.monotonic()))
            except TimeoutError:
                break
        limit = min(self._limits.max_batch, math.ceil(self._queued_cost / self._n_idle))
        batch = [self._take()]
        cost = batch[0].cost
        while self._queue and cost + self._queue[0].cost <= limit:
            batch.append(self._take())
            cost += batch[-1].cost
        return batch

    def _take(self) -> _Request[Query, Result]:
        request = self._queue.popleft()
        self._queued_cost -= request.cost
        return request

    async def _answer_batch(self, batch: Sequence[_Request[Query, Result]]) -> None:
        loop, start = asyncio.get_running_loop(), time.monotonic()
        results = await loop.run_in_executor(self._threads, self._results, batch)
        cost = sum(request.cost for request in batch)
        seconds = (time.monotonic() - start) / max(1, cost)
        self._seconds_per_fact += _SMOOTHING * (seconds - self._seconds_per_fact)
        for request, result in zip(batch, results, strict=True):
            if request.future.done():  # its deadline has passed meanwhile
                continue
            if isinstance(result, Exception):
                request.future.set_exception(result)
            else:
                request.future.set_result(result)
        self._on_batch([request.query for request in batch])

    def _results(self, batch: Sequence[_Request[Query, Result]]) -> Sequence[Result | Exception]:
        try:
            return self._answer([request.query for request in batch])
        except Exception as error:
            # What nobody waits for any longer, since its deadline has passed, is not tried again.
            if len(batch) == 1 or all(request.future.done() for request in batch):
                return [error] * len(batch)
            return [result for request in batch for result in self._results([request])]


def _unavailable(expected: str, got: str) -> ProblemError:
    todo = "Send it again later."
    return ProblemError(503, "the service", expected=expected, got=got, todo=todo, retry_after=1)
