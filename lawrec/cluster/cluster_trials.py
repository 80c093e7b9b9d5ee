"""Cluster trials: the trials of a search, each in a process of a Ray cluster.

The search runs where it was started, and it alone writes the journal. The nodes see the records and
the folder of the study under the same paths.
"""

from collections.abc import Generator
from contextlib import closing
from functools import partial
from multiprocessing.connection import Connection
from threading import Event, Thread

from lawrec.cluster.ray_cluster import values_on_cluster
from lawrec.errors import ConfigError
from lawrec.search.trial_process import Message, Training, messages, pass_on


def start_on_cluster(training: Training, connection: Connection) -> "_Trial":
    """Start a trial in a process of the cluster that is connected: see `start_trial`.

    If its node is lost, it trains again elsewhere, from the beginning.

    Example:
        >>> start_on_cluster(training, connection).join()  # doctest: +SKIP
    """
    trial = _Trial(training, connection)
    trial.start()
    return trial


class _Trial(Thread):
    """Passes on the messages of a trial.

    Args:
        training: The trial's training, on the cluster.
        connection: The trial's end of the pipe.
    """

    def __init__(self, training: Training, connection: Connection) -> None:
        super().__init__(daemon=True)
        self._training, self._connection, self._stopped = training, connection, Event()

    def run(self) -> None:
        with self._connection, closing(self._from_cluster()) as received:
            pass_on(received, self._connection)

    def terminate(self) -> None:
        """End the trial at once."""
        self._stopped.set()

    def _from_cluster(self) -> Generator[Message, None, None]:
        make = partial(messages, self._training)
        try:
            yield from values_on_cluster(make, self._stopped.is_set)
        except ConfigError as error:
            yield str(error)
