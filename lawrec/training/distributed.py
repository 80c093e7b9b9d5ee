"""TODO training.distributed."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf

from lawrec.errors import RunError

T = TypeVar("T")


def find_cluster() -> Any:
    """Return the tf.distribute ClusterResolver of TF_CONFIG, or None where it names no others.

    Raises:
        RunError: TF_CONFIG cannot be used.
    """
    try:
        resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
        jobs = resolver.cluster_spec().as_dict()
        if sum(map(len, jobs.values())) < 2:
            return None
        own_address = jobs[resolver.task_type][resolver.task_id]
        if set(jobs) - {"chief", "worker"}:
            raise ValueError(f"{own_address} among {sorted(jobs)}")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise RunError(
            "TF_CONFIG",
            expected="it must be JSON with the addresses of all workers and the number of this one",
            got=f"{type(error).__name__}: {error}",
            todo='Write {"cluster": {"worker": ["HOST:PORT", ...]}, '
            '"task": {"type": "worker", "index": 0}}.',
        ) from error
    return resolver


def is_chief(strategy: Any) -> bool:
    """Whether this process writes the run."""
    resolver = strategy.cluster_resolver
    if not _is_cluster(strategy):
        return True
    first = "chief" if "chief" in resolver.cluster_spec().jobs else "worker"
    return (resolver.task_type, resolver.task_id) == (first, 0)


def broadcast_from_chief(strategy: Any, value: Any) -> Any:
    """Return the chief's value, a number or an array, on all machines; each waits for the others.

    What the machines' clocks or rounding may decide otherwise must come from one of them.
    """
    if not _is_cluster(strategy):
        return value

    def part() -> Any:
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        return tf.where(tf.equal(replica, 0), value, np.zeros_like(value))

    @tf.function(autograph=False)
    def total() -> Any:  # the chief's value and zeros
        return strategy.reduce(tf.distribute.ReduceOp.SUM, strategy.run(part), axis=None)

    return total().numpy()


def chief_first(strategy: Any, action: Callable[[], T]) -> T:
    """Return what an action gives; the other machines do it when the chief has done it.

    Raises:
        RunError: Another machine is gone.
    """
    with worker_loss_as_run_error("TF_CONFIG"):
        if is_chief(strategy):
            result = action()
            broadcast_from_chief(strategy, 0.0)
            return result
        broadcast_from_chief(strategy, 0.0)
        return action()


@contextmanager
def worker_loss_as_run_error(run: object) -> Iterator[None]:
    """Raise RunError in place of TensorFlow's error when another machine is gone."""
    try:
        yield
    except tf.errors.UnavailableError as error:
        lost = re.search(r"/job:\w+/(?:replica:\d+/)?task:\d+\s*$", error.message, re.MULTILINE)
        raise RunError(
            run,
            expected="all machines of TF_CONFIG must stay until the end",
            got=f"no more answer from {lost[0].strip() if lost else 'one of them'}",
            todo="Start all of them again with --resume.",
        ) from error


def _is_cluster(strategy: Any) -> bool:
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
