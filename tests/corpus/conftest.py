"""The shipped jieba tokenizer, and small folders of labelled cases."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from lawrec.config import CorpusConfig
from lawrec.corpus.records.dataset_spec import DatasetSpec
from lawrec.corpus.tokenization.tokenizers import Tokenizer, load_tokenizer
from lawrec.storage.resources import shipped_path


@pytest.fixture(scope="session")
def jieba_tokenizer() -> Tokenizer:
    return load_tokenizer(CorpusConfig(), [shipped_path("vocab/legal_terms.txt")])


@pytest.fixture
def write_split(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes (fact, articles) pairs to tmp_path/data/NAME."""

    def write(name: str, cases: Iterable[tuple[str, Iterable[object]]], *more: str) -> Path:
        path = tmp_path / "data" / name
        path.parent.mkdir(exist_ok=True)
        lines = [json.dumps({"fact": fact, "articles": list(names)}) for fact, names in cases]
        path.write_text("".join(f"{line}\n" for line in [*lines, *more]), encoding="utf-8")
        return path

    return write


@pytest.fixture
def spec_with_charges(tmp_path: Path, write_split: Callable[..., Path]) -> DatasetSpec:
    """The spec of cases with and without charges, and of extra cases with charges alone."""
    lines = [
        {"fact": "盗窃钱包", "articles": [264], "charges": ["盗窃"]},
        {"fact": "盗窃后诈骗", "articles": [264, 266], "charges": ["盗窃罪", "诈骗"]},
        {"fact": "骗取钱财", "articles": [266]},
        {"fact": "不算数", "articles": [266], "charges": ["诈骗"], "weight": 0},
    ]
    data = write_split("train.json", [], *map(json.dumps, lines)).parent
    write_split("test.json", [("驾车", [133])])
    path = tmp_path / "charges.jsonl"
    more = [["[抢夺、抢劫]罪"], ["盗窃", "盗窃罪", "罪"]]
    records = [
        {"id": f"c{number}", "fact": "新事实", "charges": c} for number, c in enumerate(more)
    ]
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return DatasetSpec(
        data,
        extra=(path,),
        learn_charges=True,
        records_root=tmp_path / "records",
        vocab_root=tmp_path / "vocab",
    )
