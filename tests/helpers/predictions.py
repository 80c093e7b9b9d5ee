"""Answers of an invented run to invented cases, for the tests of what is shown of them."""

import numpy as np

from lawrec.corpus.cases import Case
from lawrec.evaluation.report import EvaluationReport, RunPredictions, compare, figures_of

ARTICLES = ("264", "266", "133之一", "<b>", "999")
TRAINED = (300, 60, 12, 3, 0)


def judged_answers(seed=0, cases=60, articles=ARTICLES, run="first", noise=0.25):
    """Answers whose cases are always the same; the seed is that of the scores."""
    rng = np.random.default_rng(1)
    y_true = rng.random((cases, 5)) < np.array([0.6, 0.4, 0.3, 0.1, 0.0])
    known = rng.random((cases, 5)) < 0.95
    y_score = np.random.default_rng(seed).normal(0.25 + 0.5 * y_true, noise).clip(0, 1)
    y_score = y_score.astype(np.float32)
    thresholds = np.array([0.5, 0.45, 0.5, 0.4, np.inf], np.float32)
    own = [ARTICLES.index(name) for name in articles]
    return RunPredictions(
        run=run,
        articles=articles,
        y_true=y_true[:, own],
        y_score=y_score[:, own],
        y_prob=y_score[:, own],
        y_pred=(y_score >= thresholds)[:, own],
        known=known[:, own],
        thresholds=thresholds[own],
        trained=np.array(TRAINED)[own],
    )


def report_of_answers(judged, *others):
    return EvaluationReport(
        run=judged.run,
        path="data/<i>.json",
        cases=len(judged.y_true),
        skipped=2,
        articles=len(judged.articles),
        unknown_articles=("999",),
        **figures_of(judged),
        **(compare(judged, others) if others else {}),
    )


def invented_facts(rows):
    return {
        row: Case(where=f"x:{row}", case_id=f"c{row}", fact=f"案情{row}<script>&" + "某" * 900)
        for row in rows
    }
