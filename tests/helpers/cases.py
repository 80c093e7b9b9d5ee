"""A tiny corpus of invented cases that a tiny model learns in seconds."""

import json
import random
from pathlib import Path

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
    "ranking.second_stage=false",
    "ranking.lstm_share=1.0",
    "training.epochs=10",
    "training.export_onnx=false",
    "training.batch_tokens=256",
    "optimizer.learning_rate=0.03",
)
RANKER_SETTINGS = (
    *("ranking.second_stage=true", "ranking.lstm_share=0.3", "ranking.trees=20"),
    *("ranking.tree_min_rows=4", "training.epochs=3"),
)
"""Settings of a run with a second stage, which knows the LSTM."""


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


EXPORTED = "training.export_onnx=true"
"""The setting of a run that predicts without TensorFlow."""

CHARGES_ALONE = (
    ("秘密窃取手机", "盗窃罪"),
    ("冒充熟人骗取信任", "诈骗"),
    ("持刀抢走钱包", "抢劫"),
) * 8
"""Facts and their charges, of cases whose articles are not known."""
CHARGE_SETTINGS = (
    "training.epochs=2",
    "training.batch_tokens=512",
    "training.save_every=2",
    "loss.charge_weight=0.5",
)


def write_charged_cases(path: Path) -> Path:
    """Write the 24 cases of `CHARGES_ALONE` as JSON lines."""
    lines = [json.dumps({"fact": fact, "charges": [charge]}) for fact, charge in CHARGES_ALONE]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def changed_data(source, folder, change):
    """Copy the splits of cases with each case changed."""
    folder.mkdir()
    for path in source.glob("*.json"):
        cases = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        lines = [json.dumps(change(case, path.stem, row)) for row, case in enumerate(cases)]
        (folder / path.name).write_text("\n".join(lines), encoding="utf-8")
    return folder
