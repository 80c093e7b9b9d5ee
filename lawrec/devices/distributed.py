"""Training on several workers, which are processes on one machine or on many.

The workers find each other by the environment variable `TF_CONFIG`, as TensorFlow defines it: JSON
with the addresses of all workers, and with the type and index of this one. Every worker runs the
same program. The first one is the chief: it alone writes the run, and it decides what clocks or
rounding could decide differently on each worker.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf

from lawrec.errors import RunError
from lawrec.types import Strategy, Tensor

T = TypeVar("T")


def find_cluster() -> Any:
    """Return the cluster that `TF_CONFIG` describes.

    Returns:
        A `tf.distribute.cluster_resolver.ClusterResolver`, or None if `TF_CONFIG` names no worker
        other than this one.

    Raises:
        RunError: `TF_CONFIG` is not valid.

    Example:
        >>> find_cluster() is None  # without TF_CONFIG, this process is on its own
        True
    """
    try:
        resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
        cluster = resolver.cluster_spec()
        jobs = cluster.as_dict()
        if not jobs:
            return None
        own_address = cluster.task_address(resolver.task_type, resolver.task_id)
        if sum(map(len, jobs.values())) < 2:
            return None
        if set(jobs) - {"chief", "worker"}:
            raise ValueError(f"{own_address} among {sorted(jobs)}")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(
            "TF_CONFIG",
            expected="it must be JSON with the addresses of all workers and the index of this one",
            got=f"{type(error).__name__}: {error}",
            todo='Write {"cluster": {"worker": ["HOST:PORT", ...]}, '
            '"task": {"type": "worker", "index": 0}}.',
        ) from error
    return resolver


def is_chief(strategy: Strategy) -> bool:
    """Return whether this process is the one that writes the run.

    Example:
        >>> is_chief(tf.distribute.get_strategy())  # one device: it writes the run itself
        True
    """
    if not _is_cluster(strategy):
        return True
    resolver = strategy.cluster_resolver
    first = "chief" if "chief" in resolver.cluster_spec().jobs else "worker"
    return (resolver.task_type, resolver.task_id) == (first, 0)


def broadcast_from_chief(strategy: Strategy, value: Any) -> Any:
    """Return the chief's value on every worker; each of them waits for the others.

    Clocks differ between workers, and so may the last bits of a sum. What depends on them, such as
    the end of the training time or the best score, must therefore be one worker's value on all.

    Args:
        strategy: The strategy of the training.
        value: A number or a NumPy array, of the same shape on all workers.

    Example:
        >>> broadcast_from_chief(tf.distribute.get_strategy(), 0.5)
        0.5
    """
    if not _is_cluster(strategy):
        return value

    # TensorFlow has a sum over all replicas, but no broadcast: the chief, which holds replica 0,
    # adds its value, and the others add zeros.
    def contribution() -> Tensor:
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        return tf.where(tf.equal(replica, 0), value, np.zeros_like(value))

    @tf.function(autograph=False)
    def total() -> Tensor:
        contributions = strategy.run(contribution)
        return strategy.reduce(tf.distribute.ReduceOp.SUM, contributions, axis=None)

    return total().numpy()


def chief_first(strategy: Strategy, action: Callable[[], T]) -> T:
    """Run an action on the chief, then on the other workers, and return its result.

    Args:
        strategy: The strategy of the training.
        action: What to do, such as preparing records on a disk that the workers share.

    Raises:
        RunError: Another worker has stopped.

    Example:
        >>> chief_first(tf.distribute.get_strategy(), lambda: "prepared")
        'prepared'
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
    """Raise RunError in place of TensorFlow's error when another worker has stopped.

    Yields:
        Nothing: the block is the training.

    Args:
        run: What the error is about: the folder of the run.

    Raises:
        RunError: Another worker has stopped; the error names it if TensorFlow does.

    Example:
        >>> with worker_loss_as_run_error("checkpoints/my-run"):  # doctest: +SKIP
        ...     train_steps()
    """
    try:
        yield
    except tf.errors.UnavailableError as error:
        # The message ends a line with the lost task, as in "/job:worker/replica:0/task:1".
        lost = re.search(r"/job:\w+/(?:replica:\d+/)?task:\d+\s*$", error.message, re.MULTILINE)
        raise RunError(
            run,
            expected="all workers of TF_CONFIG must run until the end",
            got=f"no more answer from {lost[0].strip() if lost else 'one of them'}",
            todo="Start all of them again with --resume.",
        ) from error


def _is_cluster(strategy: Strategy) -> bool:
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
