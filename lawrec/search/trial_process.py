"""Trial process: one training in a process of its own, which returns its memory when it ends.

Trial and search talk through a pipe. The trial sends a float after each evaluation, and then
receives whether to stop early; at its end it sends None, or a text that says why it failed.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

from lawrec.config import Config
from lawrec.corpus.records.dataset_spec import DatasetSpec, RunSpec
from lawrec.errors import LawrecError
from lawrec.parallel import start_worker
from lawrec.storage.temporary_names import remove

Train = Callable[[Config, str], Iterator[float]]
"""From the settings and the name of a run to the monitored metric after each evaluation."""
Training = Callable[[], Iterator[float]]
"""The same for the run of one trial; it can be pickled."""
Message = float | str | None


class Worker(Protocol):
    """What runs a trial: a process, or a thread that passes on the messages of another machine."""

    def terminate(self) -> None:
        """End it at once."""

    def join(self) -> None:
        """Wait until it has ended."""


Start = Callable[[Training, Connection], Worker]
"""A function like `start_trial`."""


@dataclass(frozen=True)
class TrialTraining:
    """A function that trains the run of a trial; it can be pickled.

    Attributes:
        root: The folder of the runs.
        dataset: The cases.
        device: Replaces the setting `training.device`, if given.
    """

    root: Path
    dataset: DatasetSpec
    device: str | None = None

    def __call__(self, config: Config, name: str) -> Iterator[float]:
        """Yield the monitored metric on valid after each evaluation."""
        from lawrec.devices.tensorflow_start import import_tensorflow

        import_tensorflow()
        remove(self.root / name)  # which a process that was lost may have left
        from lawrec.training.loop import train
        from lawrec.training.setup import set_up_training

        new = RunSpec(config, self.dataset)
        setup = set_up_training(self.root, name, new=new, device=self.device)
        for evaluation in train(setup):
            yield float(evaluation.valid[config.training.monitor])


def start_trial(training: Training, connection: Connection) -> Worker:
    """Start a trial in a process, and return the process.

    Args:
        training: The training.
        connection: The trial's end of the pipe, which no other process may keep.

    Example:
        >>> from multiprocessing import Pipe  # doctest: +SKIP
        >>> ours, theirs = Pipe()  # doctest: +SKIP
        >>> process = start_trial(training, theirs)  # doctest: +SKIP
        >>> ours.recv()  # doctest: +SKIP
        0.61
    """
    process = start_worker(run_trial, training, connection)
    connection.close()  # the process has a copy: its end is now the end of the pipe
    return process


def run_trial(training: Training, connection: Connection) -> None:
    """Train a run, send each evaluation, and end early when the search says so.

    Args:
        training: The training.
        connection: The trial's end of the pipe.

    Example:
        >>> from multiprocessing import Pipe
        >>> ours, theirs = Pipe()
        >>> ours.send(False)
        >>> run_trial(lambda: iter([0.5]), theirs)
        >>> ours.recv(), ours.recv()
        (0.5, None)
    """
    pass_on(messages(training), connection)


def pass_on(messages: Iterable[Message], connection: Connection) -> None:
    """Send the messages of a trial, and end early when the search says so.

    Args:
        messages: What `messages` yields.
        connection: The trial's end of the pipe.

    Example:
        >>> from multiprocessing import Pipe
        >>> ours, theirs = Pipe()
        >>> ours.send(True)
        >>> pass_on([0.5, 0.75, None], theirs)
        >>> ours.recv(), ours.recv()
        (0.5, None)
    """
    with suppress(OSError, EOFError):  # the search is gone
        for message in messages:
            connection.send(message)
            if isinstance(message, float) and connection.recv():
                connection.send(None)
                return


def messages(training: Training) -> Iterator[Message]:
    """Yield each evaluation of a training, and at the end None or why it failed.

    Example:
        >>> list(messages(lambda: iter([0.5, 0.75])))
        [0.5, 0.75, None]
    """
    try:
        yield from training()
        yield None
    except LawrecError as error:
        yield str(error)
    except Exception as error:  # of TensorFlow, such as too little memory: the search goes on
        yield f"{type(error).__name__}: {error}"
