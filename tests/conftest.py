"""A run that is trained on the tiny corpus, and fixtures that several folders of tests share."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.helpers.cases import (
    EXPORTED,
    RANKER_SETTINGS,
    SETTINGS,
    write_charged_cases,
    write_splits,
)


def pytest_configure() -> None:
    """Make Ctrl-C reach what the tests start, even from the background, and messages English.

    Hypothesis measures no time: a busy machine is no fault.
    """
    settings.register_profile(
        "untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("untimed")
    os.environ["LANGUAGE"] = "en"
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def full_float32(request: pytest.FixtureRequest) -> None:
    """Let a GPU, if there is one, compute as it does for all commands."""
    if request.node.get_closest_marker("tensorflow"):
        from lawrec.devices.configure import use_full_float32

        use_full_float32()


@pytest.fixture
def without_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let settings have any value: within its range, none makes a training fail at once."""
    from lawrec.setting_range import SettingRange

    monkeypatch.setattr(SettingRange, "__contains__", lambda allowed, value: True)


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_splits(tmp_path_factory.mktemp("tiny") / "data")


@pytest.fixture(scope="session")
def charged_cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of cases of which only the charges are known."""
    return write_charged_cases(tmp_path_factory.mktemp("charges") / "charged.jsonl")


@dataclass(frozen=True)
class Workplace:
    """A folder with a trained run, its cases, and the evaluations of its training."""

    root: Path
    data: Path
    evaluations: tuple[Any, ...]

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"


@pytest.fixture(scope="session")
def start_run(tmp_path_factory: pytest.TempPathFactory, tiny_data: Path) -> Callable[..., tuple]:
    """Return a function that creates an untrained run on the tiny corpus, with its records.

    It takes settings, the root of all folders that are written, the cases, files of extra cases,
    and options of `create_run`.
    """

    def start(
        *settings: str,
        root: Path | None = None,
        data: Path = tiny_data,
        extra: tuple[Path, ...] = (),
        **options: Any,
    ) -> tuple:
        from lawrec import config_sources
        from lawrec.corpus.records.dataset_spec import DatasetSpec
        from lawrec.corpus.records.prepare import prepare
        from lawrec.runs.create import create_run

        root = root or tmp_path_factory.mktemp("workplace")
        roots = {"records_root": root / "data/records", "vocab_root": root / "vocab"}
        resolved = config_sources.load(None, (*SETTINGS, *settings))
        learn_charges = resolved.loss.charge_weight > 0
        dataset = DatasetSpec(data, extra=extra, learn_charges=learn_charges, **roots)
        records = prepare(dataset, resolved.corpus)
        run = create_run(
            root / "checkpoints", resolved, records=records, dataset=dataset, **options
        )
        return run, records

    return start


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, start_run: Callable[..., tuple]) -> Workplace:
    """A folder with one trained and tuned run; tests must not change it."""
    return _train(tmp_path_factory.mktemp("trained"), start_run)


@pytest.fixture(scope="session")
def ranked(tmp_path_factory: pytest.TempPathFactory, start_run: Callable[..., tuple]) -> Workplace:
    """The same with a second stage."""
    return _train(tmp_path_factory.mktemp("ranked"), start_run, *RANKER_SETTINGS)


@pytest.fixture(params=["trained", "ranked"])
def trained_or_ranked(request: pytest.FixtureRequest) -> Workplace:
    """Both in turn."""
    workplace: Workplace = request.getfixturevalue(request.param)
    return workplace


def _train(root: Path, start_run: Callable[..., tuple], *settings: str) -> Workplace:
    from lawrec.inference.tune import tune_run
    from lawrec.training.loop import train
    from lawrec.training.setup import TrainingSetup

    run, records = start_run(*settings, EXPORTED, root=root)
    evaluations = tuple(train(TrainingSetup(run, records)))
    tune_run(run)
    return Workplace(root, run.dataset.data, evaluations)
