"""Service: the model that answers, the queue in front of it, and how the model is replaced."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from lawrec.corpus.formats.field_checks import check_fact
from lawrec.errors import CaseError, LawrecError
from lawrec.runs.results import Answer
from lawrec.serving.batching import MicroBatcher
from lawrec.serving.loaded_model import LoadedModel, Options, Query
from lawrec.serving.metrics import Metrics
from lawrec.serving.problems import ProblemError
from lawrec.serving.service_config import ServiceConfig
from lawrec.serving.workers import LOGGER, start_workers


class Service:
    """What all routes share.

    Args:
        config: The settings.
        model: The model to begin with.
        metrics: Where batches and reloads are counted.

    Attributes:
        config: The settings.
        metrics: The metrics.
        model: The model that answers now.
        stopping: Whether a signal has asked the service to stop: each connection ends with the
            next answer.
        hangups: Signals that have asked for the model again before the service ran.
    """

    def __init__(self, config: ServiceConfig, model: LoadedModel, metrics: Metrics) -> None:
        self.config, self.model, self.metrics = config, model, metrics
        self.stopping = False
        self.hangups: Sequence[int] = ()
        self._batcher: MicroBatcher[Query, list[Answer]] | None = None
        self._reloading = asyncio.Lock()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Yield while the service runs; before it stops, it answers all accepted requests."""
        batcher = MicroBatcher[Query, list[Answer]](
            self._answer,
            self.config,
            lambda batch: self.metrics.batch_facts.observe(_n_facts(batch)),
        )
        self.metrics.waiting.set_function(lambda: _n_facts(batcher.waiting))
        self.metrics.workers.set_function(lambda: self.model.n_workers())
        async with batcher as self._batcher:
            yield
        self._batcher = None
        self.stopping = True
        async with self._reloading:
            await asyncio.to_thread(self.model.close)

    @property
    def ready(self) -> bool:
        """Whether requests are accepted."""
        running = self._batcher and not self._batcher.closing and not self.stopping
        return bool(running) and self.model.n_workers() > 0

    async def answers(self, facts: Sequence[str], options: Options) -> list[Answer]:
        """Return the answer to each fact, in order; an invalid fact gets an error as its answer.

        Raises:
            ProblemError: The queue is full, or the deadline has passed.
        """
        errors = [
            fact_error(fact, f"facts[{n}]", config=self.config) for n, fact in enumerate(facts)
        ]
        good = tuple(fact for fact, error in zip(facts, errors, strict=True) if not error)
        results = iter(await self._submit(Query(good, options)) if good else [])
        return [
            Answer(str(number), error=error)
            if error
            else replace(next(results), case_id=str(number))
            for number, error in enumerate(errors, 1)
        ]

    def _answer(self, queries: Sequence[Query]) -> list[list[Answer]]:
        model = self.model
        try:
            return model.answers(queries)
        except ProblemError:  # its processes have ended, perhaps because there is a new one
            if self.model is model:
                raise
            return self.model.answers(queries)

    async def _submit(self, query: Query) -> list[Answer]:
        assert self._batcher, "a request came before the service ran"
        return await self._batcher.submit(query, query.cost)

    async def reload(self) -> None:
        """Load the model again; until it is there, and if that fails, the old one answers."""
        async with self._reloading:
            if self.stopping:
                return
            old = self.model
            try:
                self.model = await asyncio.to_thread(start_workers, self.config)
            except (LawrecError, OSError) as error:
                self.metrics.reloads.labels("failed").inc()
                LOGGER.error("The model was not loaded again, the old one stays: %s", error)
            else:
                self.metrics.reloads.labels("loaded").inc()
                LOGGER.info("Loaded the model %s again.", self.model.description["name"])
                await asyncio.to_thread(old.close)


def _n_facts(queries: Sequence[Query]) -> int:
    return sum(len(query.facts) for query in queries)


def fact_error(fact: str, where: str, *, config: ServiceConfig) -> CaseError | None:
    """Return why a fact cannot be answered, None if it can.

    Args:
        fact: The fact.
        where: The field of the body.
        config: The settings, which limit the length of a fact.

    Example:
        >>> fact_error("盗窃", "fact", config=ServiceConfig())
        >>> print(fact_error("theft", "fact", config=ServiceConfig()))
        fact: the fact must hold Chinese text, got 'theft'. Write the fact in Chinese.
    """
    if len(fact) > config.max_fact:
        expected = f"a fact must have at most {config.max_fact:,} characters"
        todo = "Shorten it."
        return CaseError(where, expected=expected, got=f"{len(fact):,}", todo=todo)
    try:
        check_fact(fact, where, field_name=where)
    except CaseError as error:
        return error
    return None
