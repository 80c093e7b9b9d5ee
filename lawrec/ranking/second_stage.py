"""The second stage: it ranks the best articles of a case again, and knows their rivals.

As in recommender systems, the first stage finds candidates, and the second one decides about each
pair of a case and a candidate by features of the pair: how the models of the first stage rank it,
which articles compete, which are cited together, how frequent it is, and how much the fact is like
its text. It learns from out-of-fold margins (see `lawrec.ranking.out_of_fold`).
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from lawrec.config import RankingConfig
from lawrec.ranking.first_stage import FirstStage, Margins, sigmoid
from lawrec.ranking.out_of_fold import too_few_cases_error
from lawrec.ranking.pair_features import (
    ArticleStatistics,
    Pairs,
    article_statistics,
    compute_features,
    make_pairs,
    mean_margin,
)
from lawrec.ranking.tf_idf import tf_idf
from lawrec.ranking.token_table import TokenTable, token_table
from lawrec.ranking.train_cases import RankerCases, TrainCases
from lawrec.ranking.trees import BoostedTrees, constant_trees, fit_trees
from lawrec.types import BoolArray, Float32Array, Float64Array, Int64Array, NumberArray, TokenIds

_MAX_LOGIT = 8.0
"""Logit of all pairs where none of the train cases, or each of them, is a right one."""
OTHERS_SCORE = 1e-3
"""The scores of articles that are not candidates are at most this, those of candidates at least."""


class SecondStage(NamedTuple):
    """A fitted second stage: the trees, and the statistics that their features need."""

    trees: BoostedTrees
    statistics: ArticleStatistics

    def logits(self, pairs: Pairs) -> Float64Array:
        """Return the logit of each pair, float64 (n_cases, n_candidates)."""
        return _logits(self.trees, compute_features(pairs))


class OutOfFoldScores(NamedTuple):
    """The scores of train cases by second stages that have not learned from them.

    Attributes:
        y_true: bool (n_cases, n_articles).
        known: bool (n_cases, n_articles), False where it is not known whether the article applies.
        y_score: float32 (n_cases, n_articles), 0 to 1; 0 where an article is not a candidate.
    """

    y_true: BoolArray
    known: BoolArray
    y_score: Float32Array


def candidate_scores(logits: NumberArray) -> Float32Array:
    """Return the scores of candidates, float32 in the shape of their logits.

    Example:
        >>> candidate_scores(np.array([0.0, -1000.0]))
        array([0.5005, 0.001 ], dtype=float32)
    """
    scores: Float32Array = OTHERS_SCORE + (1 - OTHERS_SCORE) * sigmoid(logits)
    return scores


def fit_second_stage(
    ranker_cases: RankerCases,
    margins: Margins,
    *,
    folds: Int64Array,
    first_stage: FirstStage,
    config: RankingConfig,
    seed: int,
) -> tuple[SecondStage, OutOfFoldScores]:
    """Fit the second stage to the pairs of train cases and their candidates.

    Pairs of which it is not known whether the article applies are left out, and folds in which a
    margin is not known. The statistics of the articles come from the other folds, too: those of all
    cases would show which case is the only one that cites an article.

    Args:
        ranker_cases: The train cases, and the texts and titles of the articles.
        margins: The margins of the train cases, out of fold; NaN in folds that teach nothing.
        folds: The fold of each train case, int64 (n_cases,).
        first_stage: The first stage that is fitted to all cases.
        config: The settings of [ranking].
        seed: The seed of the random numbers.

    Returns:
        The second stage, and the scores of the cases that it has learned from.

    Raises:
        ConfigError: No fold has margins that are known.

    Example:
        >>> second_stage, scores = fit_second_stage(  # doctest: +SKIP
        ...     ranker_cases,
        ...     margins,
        ...     folds=folds,
        ...     first_stage=first_stage,
        ...     config=RankingConfig(),
        ...     seed=1,
        ... )
    """
    idf = first_stage.idf
    text, title = _text_table(ranker_cases.statute, idf), _title_table(ranker_cases.titles, idf)

    mean = mean_margin(margins)
    learned = np.isfinite(mean).all(axis=1)
    if not learned.any():
        raise too_few_cases_error(len(ranker_cases.train))

    def statistics_of(rows: Int64Array) -> ArticleStatistics:
        return article_statistics(
            ranker_cases.train.y_true[rows], mean[rows], text=text, title=title
        )

    parts = []
    for fold in np.unique(folds[learned]):
        rows = np.flatnonzero(folds == fold)
        pairs = make_pairs(
            ranker_cases.train.rows(rows).token_ids,
            {name: values[rows] for name, values in margins.items()},
            n_candidates=config.candidates,
            idf=idf,
            statistics=statistics_of(np.flatnonzero(folds != fold)),
        )
        parts.append(
            _Part(ranker_cases.train.rows(rows), pairs.candidates, compute_features(pairs))
        )
    fit = partial(_fit_trees, config=config, seed=seed)
    second_stage = SecondStage(fit(parts), statistics_of(np.arange(len(ranker_cases.train))))
    return second_stage, _out_of_fold_scores(parts, fit)


class _Part(NamedTuple):
    """The pairs of the cases of one fold."""

    cases: TrainCases
    candidates: Int64Array
    features: Float32Array


def _fit_trees(parts: Sequence[_Part], *, config: RankingConfig, seed: int) -> BoostedTrees:
    learned = []
    for part in parts:
        known, y_true = (
            np.take_along_axis(values, part.candidates, axis=1)
            for values in (part.cases.known, part.cases.y_true)
        )
        weights = np.broadcast_to(part.cases.weights[:, None], known.shape)
        learned.append((part.features[known], y_true[known], weights[known]))
    features, y_true, weights = (np.concatenate(arrays) for arrays in zip(*learned, strict=True))
    if y_true.all() or not y_true.any():
        logit = _MAX_LOGIT if y_true.any() else -_MAX_LOGIT
        return constant_trees(logit, features.shape[-1])
    return fit_trees(features, y_true, weights=weights, config=config, seed=seed)


def _out_of_fold_scores(
    parts: Sequence[_Part], fit: Callable[[Sequence[_Part]], BoostedTrees]
) -> OutOfFoldScores:
    """Score the cases of each part by trees that are fitted to the others, if there are any."""
    scored = []
    for part in parts:
        y_score, known = np.zeros(part.cases.y_true.shape, np.float32), part.cases.known
        if others := [other for other in parts if other is not part]:
            scores = candidate_scores(_logits(fit(others), part.features))
            np.put_along_axis(y_score, part.candidates, scores, axis=1)
        else:
            known = np.zeros_like(known)
        scored.append((part.cases.y_true, known, y_score))
    return OutOfFoldScores(*(np.concatenate(arrays) for arrays in zip(*scored, strict=True)))


def _logits(trees: BoostedTrees, features: Float32Array) -> Float64Array:
    """Return the logit of each pair, float64 (n_cases, n_candidates)."""
    return trees.logits(features.reshape(-1, features.shape[-1])).reshape(features.shape[:2])


def _text_table(statute: TrainCases, idf: Float32Array) -> TokenTable:
    """Return the TF-IDF values of the text of each article; of several texts, those of the last."""
    none = np.zeros(0, np.int64), np.zeros(0, np.float32)
    columns: list[tuple[NumberArray, NumberArray]] = [none] * statute.y_true.shape[1]
    for case, applies in zip(statute.token_ids, statute.y_true, strict=True):
        for article in np.flatnonzero(applies):
            columns[article] = tf_idf(case, idf)
    return token_table(columns, len(idf))


def _title_table(titles: Sequence[TokenIds], idf: Float32Array) -> TokenTable:
    """Return the share of each token in its title."""
    tokens = [np.unique(np.asarray(title, np.int64)) for title in titles]
    return token_table(((ids, idf[ids] / max(idf[ids].sum(), 1)) for ids in tokens), len(idf))
