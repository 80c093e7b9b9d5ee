"""Validation: score a split of the records during a training, and compute its metrics.

Memory would grow with the cases: of more than `max_scored_cases`, a random sample is scored, the
same one at each evaluation.
"""

from itertools import compress

import numpy as np

from lawrec.corpus.records.manifest import Records
from lawrec.corpus.records.tfrecords import read_records
from lawrec.corpus.vocabulary import label_matrix
from lawrec.decision.decision_rule import decide
from lawrec.decision.threshold_strategies import best_global_rule
from lawrec.decision.tuning_cases import TuningCases
from lawrec.evaluation.metrics import evaluate
from lawrec.iterables import batched
from lawrec.progress import SILENT, Progress
from lawrec.ranking.run_scorer import Scorer
from lawrec.runs.labelled_cases import max_scored_cases
from lawrec.translation import marked
from lawrec.types import BoolArray, Float32Array


def validation_metrics(
    y_true: BoolArray, y_score: Float32Array, known: BoolArray
) -> dict[str, float]:
    """Return all metrics under the single threshold with the best micro-F1.

    One threshold for all articles is found quickly, and compares checkpoints well enough. Users
    tune one threshold per article after the training.

    Args:
        y_true: bool (n_cases, n_articles).
        y_score: float32 (n_cases, n_articles), 0 to 1.
        known: bool (n_cases, n_articles), False where it is not known whether the article applies.

    Returns:
        The metrics of `lawrec.evaluation.metrics.METRICS`, by name.

    Example:
        >>> y_true = np.array([[True, False], [False, True]])
        >>> y_score = np.array([[0.9, 0.2], [0.1, 0.4]], np.float32)
        >>> validation_metrics(y_true, y_score, np.ones((2, 2), bool))["micro_f1"]
        1.0
    """
    rule = best_global_rule(TuningCases.from_scores(y_true, y_score, known))
    return evaluate(y_true, decide(y_score, rule), known)


def score_records(
    scorer: Scorer, records: Records, *, split: str, progress: Progress = SILENT
) -> tuple[BoolArray, Float32Array, BoolArray]:
    """Score the cases of a split, or a sample if there are too many.

    Args:
        scorer: The model, as a `RunScorer` is one.
        records: The records.
        split: The name of the split, such as "valid".
        progress: Gets the number of cases done.

    Returns:
        y_true bool, y_score float32 and known bool, all (n_cases, n_articles).

    Raises:
        RecordsError: A shard is missing or damaged, or there is no such split.

    Example:
        >>> y_true, y_score, known = score_records(  # doctest: +SKIP
        ...     RunScorer(logits, ranker, 384), records, split="valid"
        ... )
    """
    n_labels = len(records.articles)
    is_scored = scored_cases(records.split(split).cases, n_labels)
    n_cases = int(is_scored.sum())
    y_true = np.empty((n_cases, n_labels), np.bool_)
    y_score = np.empty(y_true.shape, np.float32)
    known = np.empty(y_true.shape, np.bool_)
    done = 0
    for chunk in batched(compress(read_records(records, split), is_scored)):
        rows = slice(done, done + len(chunk))
        y_score[rows] = scorer([record.token_ids for record in chunk])
        y_true[rows] = label_matrix((record.label_ids for record in chunk), n_labels)
        known[rows] = ~label_matrix((record.unknown_ids for record in chunk), n_labels)
        done += len(chunk)
        progress.update(f"score {split}", done, n_cases)
    return y_true, y_score, known


def note_on_sample(records: Records, split: str) -> str:
    """Return a note if not all cases of a split are scored; "" otherwise, and without the split.

    Example:
        >>> note_on_sample(records, "valid")  # doctest: +SKIP
        ''
    """
    if split not in records.manifest.splits:
        return ""
    n_cases, n_scored = records.split(split).cases, max_scored_cases(len(records.articles))
    if n_cases <= n_scored:
        return ""
    return marked(f"{split}: {n_scored:,} of {n_cases:,} cases are scored, drawn at random.")


def scored_cases(n_cases: int, n_articles: int) -> BoolArray:
    """Return which cases are scored: bool (n_cases,), all True if there are not too many.

    Example:
        >>> int(scored_cases(1_000_000, 40).sum())
        50000
    """
    n_scored = min(n_cases, max_scored_cases(n_articles))
    rows = np.random.default_rng(0).choice(n_cases, n_scored, replace=False)
    is_scored = np.zeros(n_cases, np.bool_)
    is_scored[rows] = True
    return is_scored
