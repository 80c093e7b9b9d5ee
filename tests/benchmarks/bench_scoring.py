"""Compare scoring in batches of equal length with Keras's `model.predict` on padded facts.

    python tests/benchmarks/bench_scoring.py [DATA]

DATA is a folder of cases, by default the invented sample. The default model is not trained.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lawrec.config import CorpusConfig, ModelConfig
from lawrec.corpus.records.dataset_spec import DatasetSpec
from lawrec.corpus.records.prepare import prepare
from lawrec.corpus.records.tfrecords import read_records
from lawrec.models.lstm_classifier import build_model
from lawrec.models.lstm_logits import make_logit_function
from lawrec.ranking.run_scorer import RunScorer
from lawrec.storage.resources import shipped_path


def main() -> None:
    """Print the cases per second of both, and their ratio."""
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else shipped_path("data/sample")
    with tempfile.TemporaryDirectory() as folder:
        dataset = DatasetSpec(data, records_root=Path(folder) / "records", vocab_root=Path(folder))
        records = prepare(dataset, CorpusConfig())
        cases = [record.token_ids for record in read_records(records, "valid")]
    model = build_model(ModelConfig(), len(records.tokens), n_articles=len(records.articles))
    padded = np.zeros((len(cases), records.manifest.max_tokens), np.int32)
    for row, case in enumerate(cases):
        padded[row, : len(case)] = case
    scorer = RunScorer(make_logit_function(model), None, 384)
    ours = _rate(lambda: scorer(cases), len(cases))
    theirs = _rate(lambda: model.predict(padded, batch_size=32, verbose=0), len(cases))
    print(f"lawrec scorer          {ours:8.1f} cases/s")
    print(f"keras predict, padded  {theirs:8.1f} cases/s")
    print(f"ratio                  {ours / theirs:8.2f}")


def _rate(score: Callable[[], Any], cases: int) -> float:
    score()  # the first call compiles
    start = time.perf_counter()
    score()
    return cases / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
