"""Workers: processes that answer queries, each with a model of its own.

The process of the service itself only speaks HTTP. Python runs one thread of a process at a time:
what is scored in a thread there makes every connection wait, and uses no second core.
"""

import atexit
import logging
import signal
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import SimpleQueue
from threading import Thread, Timer
from typing import Any, NamedTuple

from lawrec.errors import ConfigError, LawrecError, RunError
from lawrec.parallel import start_worker
from lawrec.progress import SILENT, Progress
from lawrec.runs.results import Answer
from lawrec.serving.loaded_model import LoadedModel, Query, load_model
from lawrec.serving.problems import ProblemError
from lawrec.serving.service_config import ServiceConfig

LOGGER = logging.getLogger("uvicorn.error")
"""The lines of the service stand among those of the server."""
_IGNORED = ("SIGTERM", "SIGHUP")
"""Whoever stops a service may send these to all of its processes, but only the first one knows when
everything is answered."""
_LEAST_SECONDS = 10.0
"""Minimum number of seconds that a worker has to answer; a longer deadline takes its place."""
_STOP_SECONDS = 5.0
"""A worker without a query ends at once, unless it no longer reacts."""
_TRIES = 2
"""Number of killed workers after which a batch, which may be what kills them, is refused, and of
attempts to replace a killed worker."""


def start_workers(config: ServiceConfig, progress: Progress = SILENT) -> LoadedModel:
    """Start the worker processes of a service, and return the model that they answer with.

    The first one loads the model, and says which it is; then the others load the same. A script
    that calls this needs `if __name__ == "__main__":`, as processes are spawned.

    Args:
        config: The settings.
        progress: Receives what the first worker reports while it loads the model.

    Returns:
        The model. Threads may share it: each takes a worker that is free. `close` ends the
        processes after their last answer, `kill` at once.

    Raises:
        RunError: There is no such run or bundle, or it is not trained and tuned.
        ConfigError: A process ended while it loaded the model.
        OSError: A file of the model cannot be read.

    Example:
        >>> model = start_workers(ServiceConfig())  # doctest: +SKIP
        >>> [[answer]] = model.answers([Query(("被告人秘密窃取他人手机一部。",))])  # doctest: +SKIP
        >>> model.close()  # doctest: +SKIP
    """
    pool = _Pool(config)
    try:
        loaded = pool.start()
    except BaseException:
        pool.kill()
        raise
    for message in loaded.messages:
        progress.message(message)
    return LoadedModel(
        pool.answers,
        loaded.articles,
        loaded.description,
        config,
        source=loaded.source,
        digest=loaded.digest,
        close=pool.close,
        kill=pool.kill,
        n_workers=lambda: len(pool),
    )


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
    model: LoadedModel | Exception
    try:
        model = load_model(config, messages)
    except (LawrecError, OSError) as error:
        model = error
    with suppress(EOFError, OSError):  # the service has ended
        if isinstance(model, Exception):
            connection.send(model)
            return
        texts = tuple(messages.texts)
        known = _Loaded(model.articles, model.description, model.source, model.digest, texts)
        connection.send(known)
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


class _Loaded(NamedTuple):
    """What the service needs to know of the model that a worker has loaded.

    Attributes:
        articles: As in `LoadedModel`.
        description: Likewise.
        source: Likewise.
        digest: Likewise.
        messages: What was reported meanwhile.
    """

    articles: tuple[str, ...]
    description: dict[str, Any]
    source: str
    digest: str
    messages: tuple[str, ...]


class _EndedError(Exception):
    """The process at the other end of a pipe has ended."""


@dataclass(frozen=True, eq=False)
class _Worker:
    """A process that answers queries, and this end of its pipe."""

    process: BaseProcess
    connection: Connection

    @property
    def was_killed(self) -> bool:
        """Whether a signal ended it."""
        return (self.process.exitcode or 0) < 0

    def load(self) -> _Loaded:
        """Wait until it has loaded the model.

        Raises:
            LawrecError: It could not, or it has ended.
            OSError: Likewise.
        """
        try:
            loaded: _Loaded = self._receive()
        except _EndedError as error:
            self.process.join()
            got, todo = "one that failed", "See its traceback."
            if self.was_killed:
                got, todo = "one that was killed", "Free some memory, or start fewer."
            expected = "each process must run until its model is loaded"
            raise ConfigError("--workers", expected=expected, got=got, todo=todo) from error
        return loaded

    def ask(self, queries: Sequence[Query], *, seconds: float) -> list[list[Answer]]:
        """Return the answers to the facts of each query; an error is raised.

        A process that takes longer is killed: it may be one that no longer reacts at all.
        """
        with _killed_after(seconds, self.process):
            try:
                self.connection.send(queries)
            except OSError as error:
                raise _EndedError from error
            answers: list[list[Answer]] = self._receive()
        return answers

    def _receive(self) -> Any:
        try:
            result = self.connection.recv()
        except (EOFError, OSError) as error:
            raise _EndedError from error
        if isinstance(result, Exception):
            raise result
        return result

    def stop(self) -> None:
        """End it, while it has nothing to answer."""
        self.connection.close()
        self.process.join(_STOP_SECONDS)
        self.process.kill()
        self.process.join()


@contextmanager
def _killed_after(seconds: float, process: BaseProcess) -> Iterator[None]:
    timer = Timer(seconds, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class _Pool:
    """Workers with the same model; one that is killed is replaced.

    Args:
        config: The settings.
    """

    def __init__(self, config: ServiceConfig) -> None:
        self._config, self._closed = config, False
        self._workers: set[_Worker] = set()  # also those that load the model
        self._loading: set[_Worker] = set()
        self._seconds = max(_LEAST_SECONDS, config.deadline)
        self._free: SimpleQueue[_Worker | None] = SimpleQueue()  # None: there will be no more
        self._digest = ""
        # Whoever forgets to close the pool would wait for its processes for ever: multiprocessing
        # joins them at the end, after what was registered later.
        atexit.register(self.kill)

    def __len__(self) -> int:
        """Return how many workers can answer, or will be able to."""
        return len(self._workers)

    def start(self) -> _Loaded:
        """Start all workers, and return what the first one has loaded."""
        first = self._start()
        loaded = self._load(first)
        self._config, self._digest = replace(self._config, model=loaded.source), loaded.digest
        self._free.put(first)
        for worker in [self._start() for _ in range(self._config.workers - 1)]:
            self._admit(worker)
        return loaded

    def answers(self, queries: Sequence[Query]) -> list[list[Answer]]:
        """Return the answers to the facts of each query, by a worker that is free.

        Raises:
            ProblemError: Too many workers were killed meanwhile, or there are none.
        """
        end = time.monotonic() + self._seconds
        for _ in range(_TRIES):
            worker = self._take()
            if not worker:
                break
            try:
                return worker.ask(queries, seconds=self._seconds)
            except _EndedError:
                self._replace(worker)
            finally:
                if worker in self._workers:
                    self._free.put(worker)
            if time.monotonic() > end:  # nobody waits any longer
                break
        raise ProblemError(
            503,
            "the service",
            expected="the process that answers must not end meanwhile",
            got="one that was killed",
            todo="Send it again later.",
            retry_after=1,
        )

    def close(self) -> None:
        """End each worker after its last answer."""
        self._closed = True
        for loading in tuple(self._loading):
            loading.process.kill()
        while self._workers:
            if worker := self._free.get():
                self._remove(worker)
        self._free.put(None)  # for whoever comes later: the loop may have taken the last one
        atexit.unregister(self.kill)

    def kill(self) -> None:
        """End each worker at once."""
        self._closed = True
        for worker in tuple(self._workers):
            worker.process.kill()
            worker.process.join()
            self._workers.discard(worker)
        self._free.put(None)
        atexit.unregister(self.kill)

    def _take(self) -> _Worker | None:
        """Wait for a worker that is free and runs, and return it: None if there will be no more."""
        while worker := self._free.get():
            if worker.process.is_alive():
                return worker
            self._replace(worker)
        self._free.put(None)
        return None

    def _start(self) -> _Worker:
        ours, theirs = Pipe()
        try:
            worker = _Worker(start_worker(answer_queries, self._config, theirs), ours)
            self._workers.add(worker)
        except BaseException:  # such as Ctrl-C: a process that has begun sees the end of the pipe
            ours.close()
            raise
        finally:
            theirs.close()  # the process has a copy: if it ends, so does the pipe
        return worker

    def _load(self, worker: _Worker) -> _Loaded:
        self._loading.add(worker)
        try:
            if self._closed:  # and the worker was not among these when it was closed
                worker.process.kill()
            return worker.load()
        finally:
            self._loading.discard(worker)

    def _admit(self, worker: _Worker) -> None:
        """Count a worker among the free ones once it has loaded the same model as the first one."""
        if self._load(worker).digest != self._digest or self._closed:
            raise RunError(
                self._config.model,
                expected="the model must not change while the service runs",
                got="another one",
                todo="Start it again, or send it the signal SIGHUP.",
            )
        self._free.put(worker)

    def _replace(self, worker: _Worker, tries: int = _TRIES) -> None:
        """Start another worker for one that has ended, which answers as soon as it is ready."""
        try:
            if not self._closed:
                LOGGER.error("A worker was killed: another one takes its place.")
                self._admit_later(self._start(), tries - 1)
        except (OSError, RuntimeError) as error:  # no memory for a process, or for a thread
            LOGGER.error("No worker takes its place before a SIGHUP: %s", error)
        finally:
            self._remove(worker)

    def _admit_later(self, worker: _Worker, tries: int) -> None:
        try:
            Thread(target=self._admit_or_log, args=(worker, tries)).start()
        except RuntimeError:
            self._remove(worker)
            raise

    def _admit_or_log(self, worker: _Worker, tries: int) -> None:
        try:
            self._admit(worker)
        except Exception as error:  # whatever it is, nobody may wait for this worker
            if tries and worker.was_killed:
                self._replace(worker, tries)
                return
            if not self._closed:
                LOGGER.error("No worker takes its place before a SIGHUP: %s", error)
            self._remove(worker)

    def _remove(self, worker: _Worker) -> None:
        self._workers.discard(worker)
        worker.stop()
        if not self._workers:
            self._free.put(None)
