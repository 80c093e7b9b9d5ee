"""Prepare the cases of a folder slowly, two at a time, and log the facts that are tokenized.

python -m tests.helpers.prepare_slowly DATA LOG
"""

import sys
import time
from pathlib import Path

from lawrec.config import CorpusConfig
from lawrec.corpus import cases, parallel_tokenization
from lawrec.corpus.records.dataset_spec import DatasetSpec
from lawrec.corpus.records.prepare import prepare

CONFIG = CorpusConfig(min_count=1, shard_cases=8, workers=1)


def spec_of(data: Path) -> DatasetSpec:
    """Return what is prepared of a folder."""
    return DatasetSpec(data, records_root=data / "records", vocab_root=data / "vocab")


def main(data: Path, log: Path) -> None:
    """Prepare, with a tenth of a second for each batch."""
    parallel_tokenization.MIN_PARALLEL_CASES = 1
    cases.CASES_PER_TASK = 2
    tokenize = parallel_tokenization._tokenize_with

    def slowly(tokenizer, max_tokens, batch):  # type: ignore[no-untyped-def]
        time.sleep(0.1)
        with log.open("a", encoding="utf-8") as file:
            file.writelines(f"{case.fact}\n" for case in batch)
        return tokenize(tokenizer, max_tokens, batch)

    parallel_tokenization._tokenize_with = slowly
    prepare(spec_of(data), CONFIG)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
