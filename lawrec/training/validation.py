"""Validation: score a split of the records and measure it, for watching a training."""

import numpy as np

from lawrec.config import DecisionConfig
from lawrec.corpus.manifest import Records
from lawrec.corpus.tfrecords import read_records
from lawrec.corpus.vocabulary import label_matrix
from lawrec.decision.decision_rule import decide
from lawrec.decision.score_order import round_scores
from lawrec.decision.strategies import tune
from lawrec.decision.tuning_cases import TuningCases
from lawrec.evaluation.metrics import evaluate
from lawrec.iterables import batched
from lawrec.models.scorer import Scorer
from lawrec.progress import SILENT, Progress
from lawrec.types import BoolArray, Float32Array


def validation_metrics(
    y_true: BoolArray, y_score: Float32Array, known: BoolArray
) -> dict[str, float]:
    """Return the metrics of `METRICS` under the best single threshold.

    Args:
        y_true: bool (n_cases, n_articles).
        y_score: float32 (n_cases, n_articles), 0 to 1.
        known: bool (n_cases, n_articles), False where nobody knows whether the article applies.
    """
    config = DecisionConfig(strategy="global", objective="micro_f1")
    rule = tune(TuningCases(y_true, round_scores(y_score), None if known.all() else known), config)
    return evaluate(y_true, decide(y_score, rule), known)


def score_records(
    scorer: Scorer, records: Records, *, split: str, progress: Progress = SILENT
) -> tuple[BoolArray, Float32Array, BoolArray]:
    """Return y_true, y_score and known of a split's records, all (n_cases, n_articles)."""
    n_cases, n_labels = records.split(split).cases, len(records.articles)
    y_true = np.empty((n_cases, n_labels), np.bool_)
    y_score = np.empty(y_true.shape, np.float32)
    known = np.empty(y_true.shape, np.bool_)
    start = 0
    for chunk in batched(read_records(records, split)):
        rows = slice(start, start + len(chunk))
        y_score[rows] = scorer([record.token_ids for record in chunk])
        y_true[rows] = label_matrix((record.label_ids for record in chunk), n_labels)
        known[rows] = ~label_matrix((record.unknown_ids for record in chunk), n_labels)
        start += len(chunk)
        progress.update(f"score {split}", start, n_cases)
    return y_true, y_score, known
