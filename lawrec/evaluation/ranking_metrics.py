"""Metrics of rankings: whether the scores put the right articles first and the right cases first.

`y_true` and `known` are bool, `y_score` is float32 in 0 to 1, all (n_cases, n_articles). Where
`known` is False nobody knows whether the article applies: such an entry counts nowhere.

`ranking_per_case` looks along the rows: are the true articles of a case at the top of its list?
`auc_per_article` looks along the columns: do the true cases of an article score higher than the
other cases?
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lawrec.evaluation.confusion_counts import chunk_rows
from lawrec.types import BoolArray, Float32Array, Float64Array

KS = (1, 3, 5)
"""The numbers of top articles for precision@k, recall@k, hits@k and nDCG@k."""


def ranking_per_case(
    y_true: BoolArray,
    y_score: Float32Array,
    known: BoolArray | None = None,
    *,
    ks: Sequence[int] = KS,
) -> dict[str, Float64Array]:
    """Return how well the scores rank the articles of each case.

    The articles of a case are ranked by falling score, from rank 1; articles with equal scores keep
    the order of their columns, and articles that are not known are left out. The metrics are:

    - `precision_at_k`: number of true articles among the top k, divided by k;
    - `recall_at_k`: number of true articles among the top k, divided by the number of true ones;
    - `in_top_k`: 1 if any of the top k is true, else 0;
    - `ndcg_at_k`: sum of 1 / log2(rank + 1) over the true articles among the top k, divided by the
      largest possible sum (Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR
      techniques", 2002);
    - `lrap`, label ranking average precision: for each true article, the share of true articles
      down to its rank; the mean of these shares;
    - `coverage_error`: the rank of the last true article (for the last two see Tsoumakas, Katakis
      and Vlahavas, "Mining Multi-label Data", 2010).

    Args:
        y_true: bool (n_cases, n_articles).
        y_score: float32 (n_cases, n_articles).
        known: bool (n_cases, n_articles), False for entries to leave out. By default, all count.
        ks: The values of k.

    Returns:
        For each metric a float64 (n_cases,), nan for a case without a true article.

    Example:
        >>> y_true = np.array([[False, True, False]])
        >>> y_score = np.array([[0.9, 0.8, 0.1]], np.float32)
        >>> metrics = ranking_per_case(y_true, y_score, ks=[1, 2])
        >>> {name: float(values[0]) for name, values in metrics.items() if "recall" in name}
        {'recall_at_1': 0.0, 'recall_at_2': 1.0}
        >>> metrics["coverage_error"]
        array([2.])
    """
    known = np.ones_like(y_true) if known is None else known
    blocks = [
        _ranking_of_block(y_true[rows], y_score[rows], known[rows], ks=ks)
        for rows in chunk_rows(max(1, len(y_true)))
    ]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def _ranking_of_block(
    y_true: BoolArray, y_score: Float32Array, known: BoolArray, *, ks: Sequence[int]
) -> dict[str, Float64Array]:
    # hits[case, rank - 1] says whether the article at this rank is true. With scores
    # [0.2, 0.9, 0.5] the order is [1, 2, 0]; true articles [1, 1, 0] become hits [1, 0, 1].
    order = np.argsort(np.where(known, -y_score, np.inf), axis=1, kind="stable")
    hits = np.take_along_axis(y_true & known, order, axis=1)
    ranks = np.arange(1, hits.shape[1] + 1)
    n_true = np.where(hits.any(axis=1), hits.sum(axis=1), np.nan)
    nan_without_true = 0 * n_true  # 0, or nan for a case without a true article
    metrics = {}
    for k in ks:
        hits_at_k = hits[:, :k].sum(axis=1)
        metrics[f"precision_at_{k}"] = hits_at_k / k + nan_without_true
        metrics[f"recall_at_{k}"] = hits_at_k / n_true
        metrics[f"in_top_{k}"] = np.minimum(hits_at_k, 1) + nan_without_true
        metrics[f"ndcg_at_{k}"] = _discounted_gain(hits[:, :k]) / _ideal_gain(n_true, k)
    metrics["lrap"] = (hits * hits.cumsum(axis=1) / ranks).sum(axis=1) / n_true
    metrics["coverage_error"] = (hits * ranks).max(axis=1, initial=0) + nan_without_true
    return metrics


def _discounted_gain(hits: BoolArray) -> Float64Array:
    """Return the sum of 1 / log2(rank + 1) over the hits of each case."""
    return hits @ (1 / np.log2(np.arange(hits.shape[1]) + 2))


def _ideal_gain(n_true: Float64Array, k: int) -> Float64Array:
    """Return the gain if all true articles came first, nan where there is none."""
    # sums[n] is the gain of n hits at ranks 1 to n; sums[0] is nan.
    sums = np.append(np.nan, (1 / np.log2(np.arange(k) + 2)).cumsum())
    return sums[np.minimum(np.nan_to_num(n_true), k).astype(np.int64)]


@dataclass(frozen=True)
class ArticleAuc:
    """Areas under the curves of each article, float64 (n_articles,).

    Attributes:
        roc_auc: Area under the ROC curve; nan for an article that lacks true or lacks false cases.
        average_precision: Area under the precision-recall curve; nan for an article without a true
            case.
    """

    roc_auc: Float64Array
    average_precision: Float64Array


def auc_per_article(
    y_true: BoolArray, y_score: Float32Array, known: BoolArray | None = None
) -> ArticleAuc:
    """Return ROC-AUC and average precision of each article, over the cases where it is known.

    They are computed by scikit-learn. Sources: Hanley and McNeil, "The meaning and use of the area
    under a ROC curve", 1982; Manning, Raghavan and Schütze, "Introduction to Information
    Retrieval", 2008, section 8.4 (average precision).

    Args:
        y_true: bool (n_cases, n_articles).
        y_score: float32 (n_cases, n_articles).
        known: bool (n_cases, n_articles), False for entries to leave out. By default, all count.

    Example:
        >>> y_true = np.array([[True, False], [False, False]])
        >>> y_score = np.array([[0.9, 0.5], [0.2, 0.5]], np.float32)
        >>> auc_per_article(y_true, y_score).roc_auc
        array([ 1., nan])
    """
    from sklearn import config_context
    from sklearn.metrics import average_precision_score, roc_auc_score

    known = np.ones_like(y_true) if known is None else known
    positives = (y_true & known).sum(axis=0)
    negatives = known.sum(axis=0) - positives

    def per_article(
        metric: Callable[[BoolArray, Float32Array], float], defined: BoolArray
    ) -> Float64Array:
        values = np.full(y_true.shape[1], np.nan)
        with config_context(assume_finite=True, skip_parameter_validation=True):
            for article in np.flatnonzero(defined):
                rows = known[:, article]
                values[article] = metric(y_true[rows, article], y_score[rows, article])
        return values

    return ArticleAuc(
        per_article(roc_auc_score, (positives > 0) & (negatives > 0)),
        per_article(average_precision_score, positives > 0),
    )
