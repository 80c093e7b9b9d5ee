"""The shipped jieba tokenizer, and small folders of labelled cases."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from lawrec.config import CorpusConfig
from lawrec.corpus.tokenizers import Tokenizer, load_tokenizer
from lawrec.resources import shipped_path


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
