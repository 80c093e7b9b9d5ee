"""Ray: work on many items, or long iterators, in the processes of a Ray cluster.

Each item is a task, which uses one CPU. Ray runs it again elsewhere when its node or process is
lost, so that a task must be harmless to do twice. Few more tasks are submitted than there are CPUs:
memory does not grow with the number of items, and nodes that join or leave are used as they come.

All nodes have the same version of lawrec installed, and see the same files under the same paths.
"""

import os
import socket
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import chdir, contextmanager, redirect_stdout
from itertools import count, islice
from pathlib import Path
from typing import Any, TypeVar

from lawrec.errors import ConfigError, LawrecError
from lawrec.threads import available_cores

Item = TypeVar("Item")
Result = TypeVar("Result")
LOCAL = "local"
"""The address that stands for a cluster of this machine alone, which is started and ended here."""
_ON_LOOPBACK = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0"
"""What has Ray listen on 127.0.0.1 alone, on any system, if it is set before Ray is imported; an
address of this node that is "127.0.0.1" is replaced by one that others can reach."""
_CONNECT_SECONDS = 10
_POLL_SECONDS = 0.5
_TASKS_PER_CPU = 2
_RETRIES = 20
"""How often a task is started again: nodes may be lost again and again, a fatal item ends."""


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Yield in a block that is connected to a Ray cluster.

    Args:
        address: Its address, such as "10.0.0.1:6379", "auto" for one that runs on this machine, or
            `LOCAL` to start one that ends with the block.

    Raises:
        ConfigError: Ray is not installed, or there is no cluster at the address.

    Example:
        >>> with connected("local"):  # doctest: +SKIP
        ...     results = dict(map_on_cluster(abs, [-1, 2]))
    """
    options: dict[str, Any] = {"address": address, "log_to_driver": False}
    if address == LOCAL:
        os.environ.setdefault(*_ON_LOOPBACK)
        options |= {"num_cpus": available_cores(), "include_dashboard": False}
    ray = _import_ray()
    try:
        _check_reachable(address)
        ray.init(**options, logging_level="ERROR")
    except (OSError, ValueError, OverflowError, RuntimeError, ray.exceptions.RayError) as error:
        raise ConfigError(
            "--cluster",
            expected="there must be a Ray cluster of the same version at the address",
            got=f"{address} ({str(error).partition('. ')[0]})",
            todo="Start it with `ray start --head`, or pass --cluster local.",
        ) from error
    with redirect_stdout(sys.stderr):  # Ray prints there which nodes were lost, until its end
        try:
            yield
        finally:
            ray.shutdown()


def _check_reachable(address: str) -> None:
    """Raise an error at once if nothing listens at "HOST:PORT"; Ray would try for minutes.

    Raises:
        OSError: Nothing listens there.
    """
    host, _, port = address.rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), _CONNECT_SECONDS).close()


def map_on_cluster(
    work: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[tuple[Item, Result]]:
    """Yield each item with its result, as they are finished.

    Args:
        work: A function that can be pickled, as items and results can; a `LawrecError` or an
            `OSError` of it is raised here.
        items: Read only as far ahead as the cluster has CPUs.

    Raises:
        ConfigError: The processes that worked on an item were lost again and again.

    Example:
        >>> sorted(map_on_cluster(abs, [-1, 2]))  # doctest: +SKIP
        [(-1, 1), (2, 2)]
    """
    ray = _import_ray()
    submit = _submitter(work)
    running: dict[Any, Item] = {}
    for item in items:
        running[submit(item)] = item
        while len(running) >= _most_tasks():
            [first], _ = ray.wait(list(running))
            yield running.pop(first), _result(first)
    while running:
        [first], _ = ray.wait(list(running))
        yield running.pop(first), _result(first)


def map_in_order(
    work: Callable[[Item], Result], items: Iterable[Item]
) -> Generator[tuple[Item, Result], None, None]:
    """Yield each item with its result, in their order.

    Args:
        work: As for `map_on_cluster`.
        items: Likewise.

    Raises:
        ConfigError: The processes that worked on an item were lost again and again.

    Example:
        >>> list(map_in_order(abs, [-1, 2]))  # doctest: +SKIP
        [(-1, 1), (2, 2)]
    """
    submit = _submitter(work)
    running: deque[tuple[Item, Any]] = deque()
    for item in items:
        running.append((item, submit(item)))
        if len(running) >= _most_tasks():
            first, task = running.popleft()
            yield first, _result(task)
    for first, task in running:
        yield first, _result(task)


def values_on_cluster(
    make: Callable[[], Iterator[Result]], is_stopped: Callable[[], bool]
) -> Generator[Result, None, None]:
    """Yield the values of an iterator that lives in a process of the cluster.

    The process has one CPU, and one GPU if the cluster has any. If it is lost, the iterator is made
    again in another one, and what it has yielded before is skipped.

    Args:
        make: Returns the iterator; it can be pickled.
        is_stopped: Whether to end early, which ends the process.

    Raises:
        ConfigError: The processes were lost again and again.

    Example:
        >>> list(values_on_cluster(partial(iter, [1, 2]), lambda: False))  # doctest: +SKIP
        [1, 2]
    """
    ray, n_done = _import_ray(), 0
    n_gpus = min(1, ray.cluster_resources().get("GPU", 0))
    for _ in range(1 + _RETRIES):
        actor = ray.remote(num_cpus=1, num_gpus=n_gpus)(_Values).remote(make, Path.cwd())
        try:
            for number in count():
                value = _wait_for(actor.next.remote(), is_stopped)
                if not value:
                    return
                if number == n_done:
                    n_done += 1
                    yield value[0]
        except ray.exceptions.RayActorError:
            continue
        finally:
            ray.kill(actor)
    raise _lost_error("RayActorError")


class _Values:
    """An iterator in a process of its own."""

    def __init__(self, make: Callable[[], Iterator[Any]], folder: Path) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        os.chdir(folder)
        self._values = make()

    def next(self) -> list[Any]:
        """Return a list of the next value, an empty one after the last."""
        return list(islice(self._values, 1))


def _wait_for(task: Any, is_stopped: Callable[[], bool]) -> Any:
    """Return the result of a task, [] as soon as it is no longer wanted."""
    ray = _import_ray()
    while not ray.wait([task], timeout=_POLL_SECONDS)[0]:
        if is_stopped():
            return []
    return ray.get(task)


def _submitter(work: Callable[[Item], Result]) -> Callable[[Item], Any]:
    ray = _import_ray()
    task = ray.remote(num_cpus=1, max_retries=_RETRIES)(_outcome)
    shared = ray.put(work)  # it is sent once to each node, not with each item
    return lambda item: task.remote(shared, item, Path.cwd())


def _outcome(work: Callable[[Item], Result], item: Item, folder: Path) -> Result | Exception:
    """Work on an item, in the folder in which the driver runs: paths may be relative.

    Ray would wrap an error in one of its own, whose message has a traceback.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        with chdir(folder):
            return work(item)
    except (LawrecError, OSError) as error:
        return error


def _result(task: Any) -> Any:
    """Return the result of a task.

    Raises:
        LawrecError: That of the task, or its process was lost again and again.
        OSError: That of the task.
    """
    ray = _import_ray()
    try:
        outcome = ray.get(task)
    except ray.exceptions.RayTaskError:  # a mistake in the program
        raise
    except ray.exceptions.RayError as error:
        raise _lost_error(type(error).__name__) from error
    if isinstance(outcome, LawrecError | OSError):
        raise outcome
    return outcome


def _lost_error(got: str) -> ConfigError:
    return ConfigError(
        "--cluster",
        expected="the processes of the cluster must run until their work is done",
        got=f"{got}, again and again",
        todo="Give each CPU of the cluster more memory, and look into Ray's logs.",
    )


def _most_tasks() -> int:
    """Return how many tasks to keep submitted, for the CPUs that the cluster has just now."""
    cpus = _import_ray().cluster_resources().get("CPU", 1)
    return _TASKS_PER_CPU * max(1, int(cpus))


def _import_ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray would report its use to its makers
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise ConfigError(
            "--cluster",
            expected="Ray must be installed",
            got="none",
            todo="Run `pip install 'lawrec[cluster]'`.",
        ) from error
    return ray
