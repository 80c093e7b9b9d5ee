"""Cluster trials: the trials of a search, each in a process of a Ray cluster.

The search runs where it was started, and it alone writes the journal. The nodes see the records and
the folder of the study under the same paths.
"""

from collections.abc import Generator, Iterator
from contextlib import closing
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from threading import Event, Thread

from lawrec.cluster.ray_cluster import values_on_cluster
from lawrec.config import Config
from lawrec.errors import ConfigError
from lawrec.search.trial_process import Message, Train, messages, pass_on


def start_on_cluster(train: Train, config: Config, *, name: str) -> tuple["_Trial", Connection]:
    """Start a trial in a process of the cluster that is connected: see `start_trial`.

    If its node is lost, it trains again elsewhere, from the beginning.

    Args:
        train: The training, which can be pickled.
        config: The settings of the trial.
        name: The name of its run.

    Example:
        >>> trial, connection = start_on_cluster(train, Config(), name="trial-0")  # doctest: +SKIP
        >>> connection.recv()  # doctest: +SKIP
        0.61
    """
    ours, theirs = Pipe()
    trial = _Trial(partial(_messages, train, config, name), theirs)
    trial.start()
    return trial, ours


class _Trial(Thread):
    """Passes on the messages of a trial.

    Args:
        make: Returns them, on the cluster.
        connection: The trial's end of the pipe.
    """

    def __init__(self, make: "partial[Iterator[Message]]", connection: Connection) -> None:
        super().__init__(daemon=True)
        self._make, self._connection, self._stopped = make, connection, Event()

    def run(self) -> None:
        with self._connection, closing(self._from_cluster()) as received:
            pass_on(received, self._connection)

    def terminate(self) -> None:
        """End the trial at once."""
        self._stopped.set()

    def _from_cluster(self) -> Generator[Message, None, None]:
        try:
            yield from values_on_cluster(self._make, self._stopped.is_set)
        except ConfigError as error:
            yield str(error)


def _messages(train: Train, config: Config, name: str) -> Iterator[Message]:
    return messages(train(config, name))
