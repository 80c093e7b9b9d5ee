"""Random cases, scores and predictions of a run for them."""

import numpy as np

from lawrec.corpus.cases import Case
from lawrec.evaluation.report import EvaluationReport, RunPredictions, evaluate_predictions

ARTICLES = ("264", "266", "133之一", "<b>", "999")
TRAIN_SUPPORT = (300, 60, 12, 3, 0)


def random_predictions(seed=0, cases=60, articles=ARTICLES, run="first", noise=0.25):
    """Predictions with random scores, which depend on the seed; the cases are always the same."""
    rng = np.random.default_rng(1)
    y_true = rng.random((cases, 5)) < np.array([0.6, 0.4, 0.3, 0.1, 0.0])
    known = rng.random((cases, 5)) < 0.95
    y_score = np.random.default_rng(seed).normal(0.25 + 0.5 * y_true, noise).clip(0, 1)
    y_score = y_score.astype(np.float32)
    thresholds = np.array([0.5, 0.45, 0.5, 0.4, np.inf], np.float32)
    columns = [ARTICLES.index(name) for name in articles]
    return RunPredictions(
        run=run,
        articles=articles,
        y_true=y_true[:, columns],
        y_score=y_score[:, columns],
        y_prob=y_score[:, columns],
        y_pred=(y_score >= thresholds)[:, columns],
        known=known[:, columns],
        thresholds=thresholds[columns],
        train_support=np.array(TRAIN_SUPPORT)[columns],
    )


def report_on(predictions: RunPredictions, *others: RunPredictions) -> EvaluationReport:
    """The report of predictions for cases of a file whose name is markup in HTML."""
    return evaluate_predictions(
        predictions, others, path="data/<i>.json", skipped=2, unknown_articles=("999",)
    )


def random_cases(rows):
    """A case for each row, with a long fact that has markup of HTML in it."""
    return {
        row: Case(where=f"x:{row}", case_id=f"c{row}", fact=f"案情{row}<script>&" + "某" * 900)
        for row in rows
    }


def random_scored_cases(seed, cases=30, articles=9):
    """y_true, scores without ties that are higher for true entries, and known.

    The first case and the first article have no true entry, the second ones no known entry.
    """
    rng = np.random.default_rng(seed)
    y_true = rng.random((cases, articles)) < 0.2
    y_true[0], y_true[:, 0] = False, False
    spread = rng.permutation(cases * articles).reshape(cases, articles) / (cases * articles)
    y_score = (0.7 * spread + 0.3 * y_true).astype(np.float32)
    known = rng.random((cases, articles)) < 0.8
    known[1], known[:, 1] = False, False
    return y_true, y_score, known
