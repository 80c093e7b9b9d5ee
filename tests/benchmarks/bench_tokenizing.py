"""Compare the tokenization of `lawrec prepare` with plain `jieba.lcut` in one process.

    python tests/benchmarks/bench_tokenizing.py [CASES]

CASES is a file of cases; by default that of CAIL2018 next to the checkout, or else the invented
sample. A small file is repeated. rjieba needs `pip install 'lawrec[fast]'`. The rates include the
time that other processes take to start.
"""

import logging
import os
import sys
import time
from collections.abc import Callable, Iterable
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import jieba

from lawrec.config import CorpusConfig
from lawrec.corpus.bad_lines import usable_cases
from lawrec.corpus.cases import Case, read_cases
from lawrec.corpus.parallel_tokenization import tokenize_cases
from lawrec.corpus.tokenization.tokenizers import load_tokenizer
from lawrec.storage.resources import shipped_path
from lawrec.threads import available_cores

CAIL = Path(__file__).parents[3] / "shared/cail/train.json"
MIN_CASES = 24_000  # fewer are repeated
TERMS = (shipped_path("vocab/legal_terms.txt"),)


def main() -> None:
    """Print the facts per second of each tokenizer, and the ratio to plain jieba."""
    default = CAIL if CAIL.is_file() else shipped_path("data/sample") / "train.json"
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    read = list(usable_cases(read_cases(path)))
    cases = list(islice(cycle(read), max(MIN_CASES, len(read))))
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    jieba.setLogLevel(logging.WARNING)
    jieba.initialize()
    print(f"{len(cases)} facts of {path}, {available_cores()} cores{load}")
    plain = _rate(lambda: [jieba.lcut(case.fact) for case in cases], len(cases))
    print(f"jieba.lcut, 1 process  {plain:8.0f} facts/s")
    for name in ("jieba", "rjieba"):
        rate = _rate(_tokenization(cases, CorpusConfig(tokenizer=name)), len(cases))
        print(f"lawrec, {name:14} {rate:8.0f} facts/s, ratio {rate / plain:5.2f}")


def _tokenization(cases: Iterable[Case], config: CorpusConfig) -> Callable[[], Any]:
    tokenizer = load_tokenizer(config, TERMS)
    return lambda: sum(
        len(tokens)
        for _, tokens in tokenize_cases(cases, tokenizer, config=config, dictionaries=TERMS)
    )


def _rate(tokenize: Callable[[], Any], facts: int) -> float:
    start = time.perf_counter()
    tokenize()
    return facts / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
