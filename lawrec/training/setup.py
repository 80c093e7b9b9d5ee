"""Opening: the devices, the run and the records of a training, on one machine or several."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lawrec.config import Config
from lawrec.corpus.dataset_spec import DatasetSpec, check_dataset_spec
from lawrec.corpus.manifest import Records
from lawrec.corpus.prepare import prepare
from lawrec.errors import ConfigError, RunError
from lawrec.progress import SILENT, Progress
from lawrec.runs.run import Run, create_run, find_run
from lawrec.training.devices import start_devices
from lawrec.training.distributed import chief_first, find_cluster, is_chief
from lawrec.training.warm_start import warm_start_from


def open_records(run: Run, progress: Progress = SILENT) -> Records:
    """Return the records that a run was made for, prepared again if they are gone.

    Raises:
        RunError: The cases have changed since.
    """
    records = prepare(run.source, run.config.corpus, progress=progress)
    if records.folder.name != run.records:
        raise RunError(
            run.folder,
            expected=f"the cases must give the run's records {run.records}",
            got=records.folder.name,
            todo="The cases or the tokenizer changed since: train a new run.",
        )
    return records


@dataclass(frozen=True)
class RunSpec:
    """What a new run is made of; `start_from` names the run that its weights come from, if any."""

    config: Config
    source: DatasetSpec
    start_from: str | None = None


def set_up_training(
    root: Path,
    name: str | None,
    *,
    new: RunSpec | None,
    device: str | None = None,
    log_placement: bool = False,
    progress: Progress = SILENT,
) -> tuple[Any, Run, Records]:
    """Return what computes, as a tf.distribute.Strategy, the run to train, and its records.

    Args:
        root: The folder of the runs.
        name: The run's name; by default the newest run's, or that of the time for a new one.
        new: What a new run is made of; None for a run that is there.
        device: Takes the place of the run's `training.device`.
        log_placement: As `start_devices` takes it.
        progress: Told of the preparation of the cases.

    Raises:
        ConfigError: There are several machines, and no name that all of them know, or as
            `check_dataset_spec` says.
        CaseError: As `check_dataset_spec` and `prepare` say.
        RunError: There is such a run already, or no run to go on with, or no such device.
    """
    if not name and find_cluster():
        raise ConfigError(
            "--run",
            expected="several machines must know the name of their run",
            got="none",
            todo="Name it on each of them.",
        )
    if new:
        check_dataset_spec(new.source, new.config.loss)
    config = on_device(new.config if new else find_run(root, name).config, device)
    strategy = start_devices(config.training, log_placement, progress=progress)

    def run_and_records() -> tuple[Run, Records]:
        if new and is_chief(strategy):
            return _make(root, name, new=replace(new, config=config), progress=progress)
        run = find_run(root, name)
        return run, open_records(run, progress)

    return strategy, *chief_first(strategy, run_and_records)


def _make(root: Path, name: str | None, *, new: RunSpec, progress: Progress) -> tuple[Run, Records]:
    """Prepare the cases of a new run and make it."""
    start = warm_start_from(find_run(root, new.start_from)) if new.start_from else None
    records = prepare(new.source, new.config.corpus, progress=progress)
    return create_run(
        root, new.config, records=records, source=new.source, name=name, start=start
    ), records


def on_device(config: Config, device: str | None) -> Config:
    """Return the configuration with another `training.device`, where one is given."""
    training = replace(config.training, device=device or config.training.device)
    return replace(config, training=training)
