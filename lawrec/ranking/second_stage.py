"""The second stage: it ranks the best articles of a case again, and knows their rivals.

As in recommender systems, the first stage finds candidates, and the second one decides about each
pair of a case and a candidate by features of the pair: how the models of the first stage rank it,
which articles compete, which are cited together, how frequent it is, and how much the fact is like
its text. It learns from out-of-fold margins (see `lawrec.ranking.out_of_fold`).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lawrec.config import RankingConfig
from lawrec.ranking.first_stage import Corpus, FirstStage, Margins
from lawrec.ranking.linear_svm import tf_idf
from lawrec.ranking.out_of_fold import too_few_cases_error
from lawrec.ranking.pair_features import (
    ArticleStatistics,
    Pairs,
    article_statistics,
    compute_features,
    make_pairs,
    mean_margin,
)
from lawrec.ranking.train_cases import TrainCases
from lawrec.ranking.trees import BoostedTrees, constant_trees, fit_trees
from lawrec.types import Float32Array, Float64Array, Int64Array, TokenIds

_MAX_LOGIT = 8.0
"""Logit of all pairs where none of the train cases, or each of them, is a right one."""


class SecondStage(NamedTuple):
    """A fitted second stage: the trees, and the statistics that their features need."""

    trees: BoostedTrees
    statistics: ArticleStatistics

    def logits(self, pairs: Pairs) -> Float64Array:
        """Return the logit of each pair, float64 (n_cases, n_candidates)."""
        features = compute_features(pairs)
        logits = self.trees.logits(features.reshape(-1, features.shape[-1]))
        return logits.reshape(features.shape[:2])


def fit_second_stage(
    corpus: Corpus,
    margins: Margins,
    *,
    folds: Int64Array,
    first_stage: FirstStage,
    config: RankingConfig,
    seed: int,
) -> SecondStage:
    """Fit the second stage to the pairs of train cases and their candidates.

    Pairs of which it is not known whether the article applies are left out, and folds in which a
    margin is not known. The statistics of the articles come from the other folds, too: those of all
    cases would show which case is the only one that cites an article.

    Args:
        corpus: The train cases, and the texts and titles of the articles.
        margins: The margins of the train cases, out of fold; NaN in folds that teach nothing.
        folds: The fold of each train case, int64 (n_cases,).
        first_stage: The first stage that is fitted to the whole corpus.
        config: The settings of [ranking].
        seed: The seed of the random numbers.

    Raises:
        ConfigError: No fold has margins that are known.

    Example:
        >>> second_stage = fit_second_stage(  # doctest: +SKIP
        ...     corpus,
        ...     margins,
        ...     folds=folds,
        ...     first_stage=first_stage,
        ...     config=RankingConfig(),
        ...     seed=1,
        ... )
    """
    idf = first_stage.idf
    text, title = _text_columns(corpus.statute, idf), _title_columns(corpus.titles, idf)

    mean = mean_margin(margins)
    learned = np.isfinite(mean).all(axis=1)
    if not learned.any():
        raise too_few_cases_error(len(corpus.train))

    def statistics_of(rows: Int64Array) -> ArticleStatistics:
        return article_statistics(corpus.train.y_true[rows], mean[rows], text=text, title=title)

    parts = []
    for fold in np.unique(folds[learned]):
        rows = np.flatnonzero(folds == fold)
        cases = corpus.train.rows(rows)
        pairs = make_pairs(
            cases.token_ids,
            {name: values[rows] for name, values in margins.items()},
            n_candidates=config.candidates,
            idf=idf,
            statistics=statistics_of(np.flatnonzero(folds != fold)),
        )
        known = pairs.of_candidates(cases.known)
        weights = np.broadcast_to(cases.weights[:, None], known.shape)
        y_true = pairs.of_candidates(cases.y_true)
        parts.append((compute_features(pairs)[known], y_true[known], weights[known]))
    features, y_true, weights = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    statistics = statistics_of(np.arange(len(corpus.train)))
    if y_true.all() or not y_true.any():
        logit = _MAX_LOGIT if y_true.any() else -_MAX_LOGIT
        return SecondStage(constant_trees(logit, features.shape[-1]), statistics)
    trees = fit_trees(features, y_true, weights=weights, config=config, seed=seed)
    return SecondStage(trees, statistics)


def _text_columns(statute: TrainCases, idf: Float32Array) -> Float32Array:
    """Return the TF-IDF values of the text of each article, float32 (n_tokens, n_articles)."""
    columns = np.zeros((len(idf), statute.y_true.shape[1] if len(statute) else 0), np.float32)
    for case, applies in zip(statute.token_ids, statute.y_true, strict=True):
        tokens, values = tf_idf(case, idf)
        columns[np.ix_(tokens, np.flatnonzero(applies))] = values[:, None]
    return columns


def _title_columns(titles: Sequence[TokenIds], idf: Float32Array) -> Float32Array:
    """Return the share of each token in its title, float32 (n_tokens, n_articles)."""
    columns = np.zeros((len(idf), len(titles)), np.float32)
    for column, title in zip(columns.T, titles, strict=True):
        tokens = np.unique(np.asarray(title, np.int64))
        column[tokens] = idf[tokens] / max(idf[tokens].sum(), 1)
    return columns
