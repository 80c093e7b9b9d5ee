"""Compare scoring with the ranker to scoring with the LSTM alone, in milliseconds per case.

    python tests/benchmarks/bench_ranking.py [DATA]

DATA is a folder of cases, by default the invented sample; the test facts are scored, of many the
first ones. The LSTM has the default size and is not trained: its weights do not change its speed.
The ranker is fitted to the first train cases, with random logits as those of the LSTM. Both take
turns, so that other work on the machine slows them equally, and medians are printed.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from lawrec.config import Config, CorpusConfig, RankingConfig
from lawrec.corpus.records.dataset_spec import DatasetSpec
from lawrec.corpus.records.manifest import Records
from lawrec.corpus.records.prepare import prepare
from lawrec.corpus.records.tfrecords import read_records
from lawrec.corpus.vocabulary import head_and_tail
from lawrec.models.lstm_classifier import build_model
from lawrec.models.lstm_logits import make_logit_function
from lawrec.ranking.first_stage import with_lstm
from lawrec.ranking.out_of_fold import Folds
from lawrec.ranking.pair_features import compute_features, make_pairs
from lawrec.ranking.ranker import Ranker, fit_ranker
from lawrec.ranking.train_cases import RankerCases, collect
from lawrec.storage.resources import shipped_path
from lawrec.types import Float32Array, TokenIds

TRAIN_CASES, TEST_CASES, ROUNDS = 2_000, 240, 5
TARGET = 1.2


def main() -> None:
    """Print the time of each part, and the ratio of all to the LSTM."""
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else shipped_path("data/sample")
    with tempfile.TemporaryDirectory() as folder:
        dataset = DatasetSpec(data, records_root=Path(folder) / "records", vocab_root=Path(folder))
        records = prepare(dataset, CorpusConfig())
        ranker = _fitted(records)
        tests = islice(read_records(records, "test"), TEST_CASES)
        cases: list[TokenIds] = [record.token_ids for record in tests]
    model_config = Config().model
    model = build_model(model_config, len(records.tokens), n_articles=len(records.articles))
    logits = make_logit_function(model)
    lstm_logits = logits([head_and_tail(case, model_config.lstm_tokens) for case in cases])
    parts = _parts(ranker, cases, lstm_logits)
    functions = {
        "LSTM": lambda: logits([head_and_tail(case, model_config.lstm_tokens) for case in cases]),
        "ranker": lambda: ranker.scores(cases, lstm_logits),
        **parts,
    }
    taken: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(ROUNDS):
        for name, function in functions.items():
            taken[name].append(_seconds(function))
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    n_tokens = sum(map(len, cases)) / len(cases)
    print(f"{len(cases)} cases of {data}, {n_tokens:.0f} tokens, {len(records.articles)} articles")
    for name, seconds in medians.items():
        print(f"{name:20} {1e3 * seconds / len(cases):8.2f} ms per case")
    ratio = 1 + medians["ranker"] / medians["LSTM"]
    print(f"with the ranker / LSTM alone {ratio:.2f} (target {TARGET})")


def _fitted(records: Records) -> Ranker:
    """Return a ranker that knows the LSTM, fitted to the first train cases."""
    n_articles = len(records.articles)
    train = collect(islice(read_records(records, "train"), TRAIN_CASES), n_articles, seed=1)
    none = collect([], n_articles, seed=1)
    # Each title is a token: looking titles up costs the same whatever they say.
    titles = [[2 + label] for label in range(n_articles)]

    def lstm_logits(_: Folds) -> Float32Array:
        noise = np.random.default_rng(1).normal(0, 4, train.y_true.shape)
        return np.asarray(noise + 8 * train.y_true - 4, np.float32)

    cases = RankerCases(train, none, none, titles=titles, tokens=records.tokens.names)
    return fit_ranker(cases, config=RankingConfig(folds=2), seed=1, lstm_logits=lstm_logits)[0]


def _parts(
    ranker: Ranker, cases: list[TokenIds], lstm_logits: Float32Array
) -> dict[str, Callable[[], Any]]:
    """Return the parts of the ranker: functions whose times add up to nearly all of it."""
    first_stage, second_stage = ranker.first_stage, ranker.second_stage
    assert second_stage
    margins = with_lstm(first_stage.margins(cases), lstm_logits)

    def pairs() -> Any:
        return make_pairs(
            cases,
            margins,
            n_candidates=ranker.config.candidates,
            idf=first_stage.idf,
            statistics=second_stage.statistics,
        )

    made = pairs()
    features = compute_features(made)
    return {
        "  first stage": lambda: first_stage.margins(cases),
        "  pairs": pairs,
        "  features": lambda: compute_features(made),
        "  trees": lambda: second_stage.trees.logits(features.reshape(-1, features.shape[-1])),
    }


def _seconds(function: Callable[[], Any]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
