"""TODO training.validation."""

import numpy as np

from lawrec.config import DecisionConfig
from lawrec.corpus.manifest import Records
from lawrec.corpus.tfrecords import read_records
from lawrec.corpus.vocabulary import label_matrix
from lawrec.decision.decision_rule import decide
from lawrec.decision.strategies import tune
from lawrec.decision.threshold_curve import Bools, Floats
from lawrec.decision.tuning_cases import Labelled
from lawrec.evaluation.metrics import evaluate
from lawrec.iterables import chunks
from lawrec.models.scorer import Scorer
from lawrec.progress import Progress, silent
from lawrec.training.loop import Bools, Floats


def valid_figures(y_true: Bools, y_score: Floats, known: Bools) -> dict[str, float]:
    """Return the figures of scores under the best single cut, for watching training."""
    config = DecisionConfig(strategy="global", objective="micro_f1")
    cuts = tune(Labelled(y_true, y_score, _unless_all(known)), config)
    return evaluate(y_true, decide(y_score, cuts), known)


def _unless_all(known: Bools) -> Bools | None:
    return None if known.all() else known


def score_records(
    scorer: Scorer, records: Records, split: str, progress: Progress = silent
) -> tuple[Bools, Floats, Bools]:
    """Return y_true, y_score and known of a split's records, all (n_cases, n_articles)."""
    n_cases, n_labels = records.split(split).cases, len(records.articles)
    y_true = np.empty((n_cases, n_labels), np.bool_)
    y_score = np.empty(y_true.shape, np.float32)
    known = np.empty(y_true.shape, np.bool_)
    start = 0
    for chunk in chunks(read_records(records, split)):
        rows = slice(start, start + len(chunk))
        y_score[rows] = scorer([record.token_ids for record in chunk])
        y_true[rows] = label_matrix((record.label_ids for record in chunk), n_labels)
        known[rows] = ~label_matrix((record.unknown_ids for record in chunk), n_labels)
        start += len(chunk)
        progress(f"score {split}", start, n_cases)
    return y_true, y_score, known
