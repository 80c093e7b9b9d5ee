"""Workers: processes that answer queries, each with a model of its own.

The process of the service itself only speaks HTTP. Python runs one thread of a process at a time:
what is scored in a thread there makes every connection wait, and uses no second core.
"""

import logging
import signal
import traceback
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import SimpleQueue
from typing import Any

from lawrec.errors import ConfigError, LawrecError
from lawrec.parallel import start_worker
from lawrec.progress import SILENT, Progress
from lawrec.runs.results import Answer
from lawrec.serving.loaded_model import LoadedModel, Query, load_model
from lawrec.serving.problems import ProblemError
from lawrec.serving.service_config import ServiceConfig

LOGGER = logging.getLogger("uvicorn.error")
"""The lines of the service stand among those of the server."""
_KILLED = (EOFError, OSError)
"""What a pipe raises if the process at its other end is gone."""
_IGNORED = ("SIGTERM", "SIGHUP")
"""Whoever stops a service may send these to all of its processes, but only the first one knows when
everything is answered."""


def start_workers(config: ServiceConfig, progress: Progress = SILENT) -> LoadedModel:
    """Start the worker processes of a service, and return the model that they answer with.

    Args:
        config: The settings.
        progress: Receives what the first worker reports while it loads the model.

    Returns:
        The model. Threads may share it: each takes a worker that is free. To `close` it ends the
        processes.

    Raises:
        RunError: There is no such run or bundle, or it is not trained and tuned.
        ConfigError: A process was killed while it loaded the model.

    Example:
        >>> model = start_workers(ServiceConfig())  # doctest: +SKIP
        >>> [[answer]] = model.answers([Query(("被告人秘密窃取他人手机一部。",))])  # doctest: +SKIP
        >>> model.close()  # doctest: +SKIP
    """
    with ExitStack() as started:
        workers = []
        for _ in range(config.workers):
            workers.append(_start(config))
            started.callback(workers[-1].stop)
        try:
            loaded = [worker.receive() for worker in workers]
        except EOFError as error:
            raise ConfigError(
                "--workers",
                expected="each process must run until its model is loaded",
                got="one that was killed",
                todo="Free some memory, or start fewer.",
            ) from error
        started.pop_all()
    articles, description, messages = loaded[0]
    for message in messages:
        progress.message(message)
    pool = _Pool(config, workers)
    return LoadedModel(pool.answers, articles, description, config, close=pool.close)


def answer_queries(config: ServiceConfig, connection: Connection) -> None:
    """Load the model in this process, and answer all queries that come until the pipe is closed.

    Args:
        config: The settings.
        connection: This process's end of the pipe. The first thing that it sends is what the
            service needs to know of the model, or the error why it could not be loaded.

    Example:
        >>> ours, theirs = Pipe()  # doctest: +SKIP
        >>> answer_queries(ServiceConfig(model="absent"), theirs)  # doctest: +SKIP
        >>> print(type(ours.recv()).__name__)  # doctest: +SKIP
        RunError
    """
    for name in _IGNORED:
        with suppress(AttributeError):  # Windows has no SIGHUP
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    messages = _Messages()
    try:
        model = load_model(config, messages)
    except (LawrecError, OSError) as error:
        connection.send(error)
        return
    with suppress(EOFError, OSError):  # the service has ended
        connection.send((model.articles, model.description, messages.texts))
        while True:
            connection.send(_result(model, connection.recv()))


def log_error(error: Exception, where: str) -> None:
    """Log where an error arose, without its message, which could quote a fact.

    Example:
        >>> log_error(ValueError("窃取"), "a worker")  # doctest: +SKIP
        ValueError in a worker
    """
    frames = "".join(traceback.format_tb(error.__traceback__))
    LOGGER.error("%s in %s\n%s", type(error).__name__, where, frames)


def _result(model: LoadedModel, queries: Sequence[Query]) -> list[list[Answer]] | Exception:
    try:
        return model.answers(queries)
    except LawrecError as error:
        return error
    except Exception as error:  # it may hold what cannot be sent
        log_error(error, "a worker")
        return RuntimeError(type(error).__name__)


@dataclass(frozen=True)
class _Messages:
    """Progress that keeps the messages."""

    texts: list[str] = field(default_factory=list)

    def update(self, stage: str, done: int, total: int | None, note: str = "") -> None:
        """Keep nothing."""

    def message(self, text: str) -> None:
        """Keep a message."""
        self.texts.append(text)


@dataclass(frozen=True)
class _Worker:
    """A process that answers queries, and this end of its pipe."""

    process: BaseProcess
    connection: Connection

    def receive(self) -> Any:
        """Return what it sends next; an error is raised, and so is EOFError if it was killed."""
        result = self.connection.recv()
        if isinstance(result, Exception):
            raise result
        return result

    def stop(self) -> None:
        """End it."""
        self.connection.close()
        self.process.join()


def _start(config: ServiceConfig) -> _Worker:
    ours, theirs = Pipe()
    process = start_worker(answer_queries, config, theirs)
    theirs.close()  # the process has a copy: if it ends, so does the pipe
    return _Worker(process, ours)


class _Pool:
    """Workers, of which each thread takes one that is free; one that was killed is replaced.

    Args:
        config: The settings.
        workers: Workers that have loaded their models.
    """

    def __init__(self, config: ServiceConfig, workers: Sequence[_Worker]) -> None:
        self._config, self._closed, self._size = config, False, len(workers)
        self._free: SimpleQueue[_Worker | None] = SimpleQueue()  # None: to be started
        for worker in workers:
            self._free.put(worker)

    def answers(self, queries: Sequence[Query]) -> list[list[Answer]]:
        """Return the answers to the facts of each query, by a worker that is free.

        Raises:
            ProblemError: Two workers were killed meanwhile, perhaps by one of the queries.
        """
        try:
            return self._ask(queries)
        except _KILLED:
            LOGGER.error("A worker was killed. Another one answers, and one more takes its place.")
        try:
            return self._ask(queries)
        except _KILLED as error:
            raise ProblemError(
                503,
                "the service",
                expected="the process that answers must not end meanwhile",
                got="one that was killed",
                todo="Send it again later.",
                retry_after=1,
            ) from error

    def _ask(self, queries: Sequence[Query]) -> list[list[Answer]]:
        worker = self._free.get()
        try:
            worker = worker or self._replacement()
            worker.connection.send(queries)
            answers: list[list[Answer]] = worker.receive()
            return answers
        except _KILLED:
            if worker:
                worker.stop()
            worker = None
            raise
        finally:
            if worker and self._closed:
                worker.stop()
                worker = None
            self._free.put(worker)

    def close(self) -> None:
        """End each worker after its last answer; a thread that comes later starts its own."""
        self._closed = True
        for worker in [self._free.get() for _ in range(self._size)]:
            if worker:
                worker.stop()
            self._free.put(None)

    def _replacement(self) -> _Worker:
        """Start a worker; whoever waits for it need not know why it cannot load the model."""
        worker = _start(self._config)
        try:
            worker.receive()
        except LawrecError as error:
            worker.stop()
            LOGGER.error("The model cannot be loaded any more: %s", error)
            raise ChildProcessError from error
        return worker
