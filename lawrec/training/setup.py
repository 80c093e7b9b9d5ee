"""Setup: the devices, the run and the records of a training, for one worker or several."""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

import tensorflow as tf

from lawrec.config import Config
from lawrec.corpus.records.dataset_spec import RunSpec, check_dataset_spec
from lawrec.corpus.records.manifest import Records
from lawrec.corpus.records.prepare import prepare
from lawrec.devices.configure import configure_devices
from lawrec.devices.distributed import chief_first, find_cluster, is_chief
from lawrec.errors import ConfigError, RunError, quoted
from lawrec.progress import SILENT, Progress
from lawrec.runs.create import create_run
from lawrec.runs.run import Run, WarmStart, find_run
from lawrec.training.warm_start import warm_start_from
from lawrec.types import Strategy

_LONGEST_NAME = 255
"""Bytes of a name that file systems take."""


@dataclass(frozen=True)
class TrainingSetup:
    """What the parts of a training share.

    Attributes:
        run: The run; its settings decide everything.
        records: The records that the run was made for.
        strategy: The strategy to train with, as `configure_devices` returns it; by default,
            TensorFlow's current one.
        progress: Gets the progress of each part, and messages.
    """

    run: Run
    records: Records
    strategy: Strategy = field(default_factory=tf.distribute.get_strategy)
    progress: Progress = SILENT


def set_up_training(
    root: Path,
    name: str | None,
    *,
    new: RunSpec | None,
    data: Path | None = None,
    device: str | None = None,
    log_placement: bool = False,
    progress: Progress = SILENT,
) -> TrainingSetup:
    """Configure the devices, and create a new run or open an existing one, with its records.

    Args:
        root: The folder of the runs.
        name: The name of the run. By default, a new run is named after the time, and the newest
            run is opened.
        new: What to create a new run from; None to open an existing one.
        data: Where the cases of an existing run are now, if they have moved.
        device: Replaces the setting `training.device`.
        log_placement: Whether TensorFlow logs the device of each operation on stderr.
        progress: Gets the progress of preparing the cases, and of the training.

    Raises:
        ConfigError: Several workers train one run, but it has no name. Or the settings do not match
            the run to start from, as `find_warm_start` says, or the cases, as `create_run` says.
        CaseError: The cases cannot be used, as `check_dataset_spec` and `prepare` say.
        RunError: A run of this name exists already, or no folder can have this name; there is no
            run to open or to start from, or no such device.

    Example:
        >>> setup = set_up_training(  # doctest: +SKIP
        ...     Path("checkpoints"), "first", new=RunSpec(Config(), DatasetSpec())
        ... )
        >>> setup.run.folder  # doctest: +SKIP
        PosixPath('checkpoints/first')
    """
    if not name and find_cluster():
        raise ConfigError(
            "--run",
            expected="several workers must know the name of their run",
            got="none",
            todo="Pass the same name on each of them.",
        )
    # A run that cannot be started from is an error before the long preparation, not after it.
    warm_start = find_warm_start(root, new) if new else None
    if new:
        _check_name(name)
        check_dataset_spec(new.dataset, new.config.ranking)
    config = with_device(new.config if new else find_run(root, name).config, device)
    strategy = configure_devices(config.training, log_placement, progress=progress)

    def run_and_records() -> tuple[Run, Records]:
        if new and is_chief(strategy):
            spec = replace(new, config=config)
            return _create(root, name, new=spec, warm_start=warm_start, progress=progress)
        run = find_run(root, name)
        return run, open_records(run, progress, data=data)

    run, records = chief_first(strategy, run_and_records)
    return TrainingSetup(run, records, strategy, progress)


def find_warm_start(root: Path, new: RunSpec) -> WarmStart | None:
    """Return where the weights of a new run are initialized from, if from another run.

    Args:
        root: The folder of the runs.
        new: What the new run is created from.

    Raises:
        ConfigError: The scores of the new run do not depend on the LSTM, whose weights would be
            taken over.
        RunError: There is no such run to start from, or it has no checkpoint.

    Example:
        >>> find_warm_start(Path("checkpoints"), new).run.name  # doctest: +SKIP
        'first'
    """
    if not new.start_from:
        return None
    if not new.config.ranking.needs_lstm:
        raise ConfigError(
            "--start-from",
            expected="the new run must use an LSTM, to start from the weights of another",
            got="none",
            todo="Leave out --start-from, or choose settings with an LSTM.",
        )
    return warm_start_from(find_run(root, new.start_from))


def open_records(run: Run, progress: Progress = SILENT, *, data: Path | None = None) -> Records:
    """Return the records that a run was made for; they are prepared again if they are missing.

    Args:
        run: The run.
        progress: Gets the progress of preparing the cases.
        data: Where the cases are now, if they have moved.

    Raises:
        RunError: The cases are gone, or they or the tokenizer have changed since.

    Example:
        >>> open_records(run).split("train").cases  # doctest: +SKIP
        1800
    """
    dataset = replace(run.dataset, data=data or run.dataset.data)
    if not dataset.data.exists():
        raise RunError(
            run.folder,
            expected="the cases of the run must be there to resume its training",
            got=f"no {dataset.data}",
            todo="Restore them, or name the folder where they are now with --data.",
        )
    records = prepare(dataset, run.config.corpus, progress=progress)
    if _digest_in(records.folder.name) != _digest_in(run.records_name):
        raise RunError(
            run.folder,
            expected=f"the records of its cases must still be {run.records_name}",
            got=records.folder.name,
            todo="The cases or the tokenizer have changed since: train a new run.",
        )
    return records


def _digest_in(records_name: str) -> str:
    """Return the end of "sample-1a2b3c4d": the folder of cases may have another name now."""
    return records_name.rpartition("-")[2]


def with_device(config: Config, device: str | None) -> Config:
    """Return the settings with another `training.device`, if one is given.

    Example:
        >>> with_device(Config(), "cpu").training.device
        'cpu'
        >>> with_device(Config(), None).training.device
        'auto'
    """
    training = replace(config.training, device=device or config.training.device)
    return replace(config, training=training)


def _check_name(name: str | None) -> None:
    """Raise an error now if no folder can have the name of a new run."""
    name = name or "new"
    if name in (".", "..") or Path(name).name != name or len(os.fsencode(name)) > _LONGEST_NAME:
        raise RunError(
            "--run",
            expected=f"the run must have a name of at most {_LONGEST_NAME} bytes, and no path",
            got=quoted(name, 100),
            todo="Choose another --run, and its folder with --checkpoints.",
        )


def _create(
    root: Path, name: str | None, *, new: RunSpec, warm_start: WarmStart | None, progress: Progress
) -> tuple[Run, Records]:
    """Prepare the cases of a new run and create it."""
    records = prepare(new.dataset, new.config.corpus, progress=progress)
    run = create_run(
        root, new.config, records=records, dataset=new.dataset, name=name, warm_start=warm_start
    )
    return run, records
