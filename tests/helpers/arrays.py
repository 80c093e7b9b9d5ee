"""Small invented matrices of labels and scores."""

import math
from itertools import product

import numpy as np

from lawrec.config import DecisionConfig
from lawrec.decision.score_order import round_scores
from lawrec.decision.threshold_curve import NEVER

SEEDS = range(30)
RATES = ("micro_f1", "f_beta", "precision_at_recall", "recall_at_precision")


def floats(*values):
    return np.array(values, np.float32)


def bools(*values):
    return np.array(values, np.bool_)


def never_unseen(**settings):
    """Settings under which an article without a case to tune on never passes."""
    return DecisionConfig(**{"unseen_threshold": math.inf, **settings})


def without_limits(**settings):
    """Settings under which no list is filled or shortened."""
    return never_unseen(**{"min_articles": 0, "max_articles": 100, **settings})


def random_scores(rng, shape):
    """Rounded scores with ties, exact zeros and exact ones."""
    twelfths = rng.integers(0, rng.integers(1, 12), shape, endpoint=True).astype(np.float32)
    return round_scores(twelfths / 12)


def random_column(seed):
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 12)
    return rng.random(n) < rng.random(), random_scores(rng, n)


def random_table(seed, cases=12, articles=5, unseen=1):
    """True articles and scores that are higher for them; the last articles are never true."""
    rng = np.random.default_rng(seed)
    y_true = rng.random((cases, articles)) < 0.4
    y_true[0, 0] = True
    y_true[:, articles - unseen :] = False
    noise = rng.integers(0, 9, y_true.shape)
    return y_true, round_scores(((noise + 4 * y_true) / 12).astype(np.float32))


def random_mask(seed, shape):
    return np.random.default_rng(seed).random(shape) < 0.7


def all_thresholds(y_score):
    """Every score of a column, and never."""
    return [NEVER, *np.unique(y_score)]


def slow_rate(y_true, y_pred, config):
    """The objective of one list of decisions, counted one by one."""
    pairs = list(zip(np.ravel(y_true).tolist(), np.ravel(y_pred).tolist(), strict=True))
    tp, listed = pairs.count((True, True)), sum(pred for _, pred in pairs)
    true = sum(true for true, _ in pairs)
    precision, recall = tp / listed if listed else 0.0, tp / true if true else 0.0
    if config.objective == "precision_at_recall":
        return precision if recall >= config.target_rate else recall - 1
    if config.objective == "recall_at_precision":
        return recall if precision >= config.target_rate else precision - 1
    square = config.beta**2 if config.objective == "f_beta" else 1
    return (1 + square) * tp / (listed + square * true) if tp else 0.0


def slow_expected_f1(prob, chosen):
    """The expected F1 of a list, by every outcome of independent articles."""
    prob, chosen = np.asarray(prob, np.float64), np.array(chosen)
    outcomes = np.array(list(product((0, 1), repeat=len(prob))))
    likely = np.where(outcomes, prob, 1 - prob).prod(axis=1)
    return float((likely * 2 * (outcomes @ chosen) / (chosen.sum() + outcomes.sum(axis=1))).sum())
