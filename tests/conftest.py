"""A run that is trained on the tiny corpus, and fixtures that several folders of tests share."""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.cases import SETTINGS, write_splits


def pytest_configure() -> None:
    """Let Ctrl-C reach what the tests start, even where a shell runs them in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_splits(tmp_path_factory.mktemp("tiny") / "data")


@dataclass(frozen=True)
class Workplace:
    """A folder with a trained run, and the options that lead a command to it."""

    root: Path
    data: Path

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"


@pytest.fixture(scope="session")
def start_run(tmp_path_factory: pytest.TempPathFactory, tiny_data: Path) -> Callable[..., tuple]:
    """Return a function that makes a new, untrained run on the tiny corpus and its records."""

    def start(
        *settings: str, root: Path | None = None, data: Path = tiny_data, **options: Any
    ) -> tuple:
        from lawrec import config
        from lawrec.corpus.dataset_spec import DatasetSpec
        from lawrec.corpus.prepare import prepare
        from lawrec.runs.run import create_run

        root = root or tmp_path_factory.mktemp("workplace")
        source = DatasetSpec(data, records_root=root / "data/records", vocab_root=root / "vocab")
        resolved = config.load(None, (*SETTINGS, *settings))
        records = prepare(source, resolved.corpus)
        return create_run(
            root / "checkpoints", resolved, records=records, source=source, **options
        ), records

    return start


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, start_run: Callable[..., tuple]) -> Workplace:
    """A workplace with one trained and tuned run; tests must not change it."""
    from lawrec.inference.tune import tune_run
    from lawrec.training.loop import train

    root = tmp_path_factory.mktemp("trained")
    run, records = start_run(root=root)
    list(train(run, records))
    tune_run(run)
    return Workplace(root, run.source.data)
