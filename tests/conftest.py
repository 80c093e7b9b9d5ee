"""A tiny corpus that a tiny model learns in seconds, and a run trained on it."""

import json
import random
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

WORDS = {"264": "秘密窃取钱包", "266": "虚构事实骗取信任", "133之一": "醉酒驾驶轿车"}
FILLERS = ("被告人张某", "在本市某路", "当日晚上", "经鉴定", "后被抓获", "案发后自首", "被害人李某")
SETTINGS = (
    "corpus.tokenizer=char",
    "corpus.min_count=1",
    "corpus.max_tokens=48",
    "corpus.shard_cases=16",
    "model.embedding_size=8",
    "model.lstm_units=8",
    "model.dropout=0.1",
    "model.svm_share=0.0",
    "training.epochs=10",
    "training.batch_tokens=256",
    "optimizer.learning_rate=0.03",
)


def pytest_configure() -> None:
    """Let Ctrl-C reach what the tests start, even where a shell runs them in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def invented_case(random_numbers: random.Random) -> tuple[str, list[str]]:
    """Return a fact, and the articles whose words it holds."""
    articles = random_numbers.sample(list(WORDS), random_numbers.choice((1, 1, 1, 2)))
    parts = [WORDS[name] for name in articles] + random_numbers.sample(FILLERS, 3)
    random_numbers.shuffle(parts)
    return "，".join(parts) + "。", articles


def write_cases(path: Path, cases: list[tuple[str, list[str]]]) -> Path:
    """Write cases as CAIL2018 JSON lines."""
    lines = [
        json.dumps({"fact": fact, "meta": {"relevant_articles": articles}}, ensure_ascii=False)
        for fact, articles in cases
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_splits(folder: Path, seed: int = 1) -> Path:
    """Write 80 train, 30 valid and 30 test cases."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = random.Random(seed)
    for split, size in (("train", 80), ("valid", 30), ("test", 30)):
        write_cases(folder / f"{split}.json", [invented_case(numbers) for _ in range(size)])
    return folder


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
        from lawrec.corpus.dataset_spec import Source
        from lawrec.corpus.prepare import prepare
        from lawrec.runs.run import create_run

        root = root or tmp_path_factory.mktemp("workplace")
        source = Source(data, records_root=root / "data/records", vocab_root=root / "vocab")
        resolved = config.load(None, (*SETTINGS, *settings))
        records = prepare(source, resolved.corpus)
        return create_run(root / "checkpoints", resolved, records, source, **options), records

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
