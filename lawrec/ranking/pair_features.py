"""Features of pairs: what the second stage knows of a case and one of its candidates.

A candidate is one of the articles that the first stage ranks best for a case. `MODEL_FEATURES` are
computed for each model of the first stage, `PAIR_FEATURES` once. A new feature is a function and a
line in one of these tables.

In all functions, the shape of a result is (n_cases, n_candidates), or one that broadcasts to it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from lawrec.decision.score_order import rank
from lawrec.ranking.first_stage import WINDOW_MARGINS, Margins, before_best_other
from lawrec.ranking.tf_idf import tf_idf
from lawrec.ranking.token_table import TokenTable
from lawrec.translation import marked
from lawrec.types import BoolArray, Float32Array, Int64Array, NumberArray, TokenIds

_HIGH_MARGIN = -0.5
"""A higher margin may be that of an article that applies: the SVMs' own threshold is 0."""
_NONE = -1.0
"""Value of a feature that compares a candidate with the best article, where they are the same."""


class ArticleStatistics(NamedTuple):
    """What the train cases say of each article.

    Attributes:
        n_cases: The number of cases that cite it, float32 (n_articles,).
        co_cited: The number of cases that cite both of two articles, float32
            (n_articles, n_articles).
        true_margin: The mean margin of the article in the cases that cite it, float32
            (n_articles,).
        text: The TF-IDF values of the article's own text, if it is known.
        title: The share that each token has in the inverse document frequencies of the article's
            title, likewise.
    """

    n_cases: Float32Array
    co_cited: Float32Array
    true_margin: Float32Array
    text: TokenTable
    title: TokenTable


def article_statistics(
    y_true: BoolArray, mean_margin: Float32Array, *, text: TokenTable, title: TokenTable
) -> ArticleStatistics:
    """Return the statistics of the articles.

    Args:
        y_true: bool (n_cases, n_articles).
        mean_margin: The mean margin of all models, out of fold, float32 (n_cases, n_articles); NaN
            where it is not known.
        text: As in `ArticleStatistics`.
        title: Likewise.

    Example:
        >>> y_true = np.array([[True, True], [True, False]])
        >>> margins = np.array([[1, 2], [3, 4]], np.float32)
        >>> from lawrec.ranking.token_table import token_table
        >>> none = token_table([], 5)
        >>> statistics = article_statistics(y_true, margins, text=none, title=none)
        >>> statistics.co_cited.tolist(), statistics.true_margin.tolist()
        ([[2.0, 1.0], [1.0, 1.0]], [2.0, 2.0])
    """
    cited = y_true.astype(np.float32)
    n_cases = cited.sum(axis=0)
    known = cited * np.isfinite(mean_margin)
    n_known = known.sum(axis=0)
    true_margin = (np.nan_to_num(mean_margin) * known).sum(axis=0) / np.maximum(n_known, 1)
    true_margin = np.where(n_known, true_margin, np.float32(_NONE))
    return ArticleStatistics(n_cases, cited.T @ cited, true_margin, text, title)


@dataclass(frozen=True)
class Pairs:
    """Cases and their candidates.

    Attributes:
        candidates: The candidates of each case, best first, int64 (n_cases, n_candidates).
        margins: The margins of each case.
        mean_margin: The mean of those by models, float32 (n_cases, n_articles).
        text_similarity: The cosine of each fact and the text of each article, float32
            (n_cases, n_articles).
        title_share: The share of the title of each article that the fact has, likewise.
        statistics: The statistics of the articles.
    """

    candidates: Int64Array
    margins: Margins
    mean_margin: Float32Array
    text_similarity: Float32Array
    title_share: Float32Array
    statistics: ArticleStatistics

    def of_candidates(self, values: NumberArray) -> NumberArray:
        """Return the columns of the candidates of an array (n_cases, n_articles)."""
        return np.take_along_axis(values, self.candidates, axis=1)

    @property
    def best(self) -> Int64Array:
        """The best article of each case, int64 (n_cases, 1)."""
        return self.candidates[:, :1]


def make_pairs(
    cases: Sequence[TokenIds],
    margins: Margins,
    *,
    n_candidates: int,
    idf: Float32Array,
    statistics: ArticleStatistics,
) -> Pairs:
    """Return cases with their candidates: the articles of the highest mean margins.

    Args:
        cases: The token ids of each case.
        margins: The margins of each case.
        n_candidates: The number of candidates, or that of the articles if there are fewer.
        idf: The inverse document frequency of each token, float32 (n_tokens,).
        statistics: The statistics of the articles.

    Example:
        >>> pairs = make_pairs(  # doctest: +SKIP
        ...     cases, first_stage.margins(cases), n_candidates=10, idf=idf, statistics=statistics
        ... )
        >>> pairs.candidates.shape  # doctest: +SKIP
        (1013, 10)
    """
    mean = mean_margin(margins)
    similarity, share = np.zeros((2, *mean.shape), np.float32)
    for row, case in enumerate(cases):
        tokens, values = tf_idf(case, idf)
        similarity[row] = statistics.text.sums(tokens, values, mean.shape[1])
        share[row] = statistics.title.sums(tokens, np.ones(len(tokens)), mean.shape[1])
    # Equal margins are ordered by column, so that a case has the same candidates everywhere.
    order = np.argsort(-mean, axis=1, kind="stable")[:, :n_candidates]
    return Pairs(order, margins, mean, similarity, share, statistics)


def mean_margin(margins: Margins) -> Float32Array:
    """Return the mean of the margins by models, float32 (n_cases, n_articles).

    Example:
        >>> low, high = np.zeros((1, 2), np.float32), np.ones((1, 2), np.float32)
        >>> mean_margin({"words": low, "extra": high}).tolist()
        [[0.5, 0.5]]
    """
    by_models = [margins[name] for name in model_names(margins)]
    mean: Float32Array = np.mean(by_models, axis=0, dtype=np.float32)
    return mean


def model_names(margins: Iterable[str]) -> list[str]:
    """Return those names of margins that are names of models.

    Example:
        >>> model_names(["words", "extra", "window mean"])
        ['words', 'extra']
    """
    return [name for name in margins if name not in WINDOW_MARGINS]


def feature_names(models: Sequence[str]) -> list[str]:
    """Return the names of all features, in their order.

    Example:
        >>> feature_names(["words"])[:2]
        ['words: margin', 'words: rank']
    """
    return [name.format(model) for model in models for name in MODEL_FEATURES] + [*PAIR_FEATURES]


def compute_features(pairs: Pairs) -> Float32Array:
    """Return all features of all pairs, float32 (n_cases, n_candidates, n_features).

    Example:
        >>> compute_features(pairs).shape  # doctest: +SKIP
        (1013, 10, 14)
    """
    values = [
        function(pairs, pairs.margins[name])
        for name in model_names(pairs.margins)
        for function in MODEL_FEATURES.values()
    ]
    values += [function(pairs) for function in PAIR_FEATURES.values()]
    shape = pairs.candidates.shape
    return np.stack([np.broadcast_to(each, shape) for each in values], -1).astype(np.float32)


def _behind_best(pairs: Pairs, margins: Float32Array) -> NumberArray:
    """How far a candidate is behind the best article."""
    behind: NumberArray = pairs.of_candidates(margins) - margins.max(axis=1, keepdims=True)
    return behind


def _best_other(pairs: Pairs, margins: Float32Array) -> NumberArray:
    """The highest margin of another article."""
    return pairs.of_candidates(margins - before_best_other(margins))


def _n_high(_: Pairs, margins: Float32Array) -> NumberArray:
    """How many articles have a high margin."""
    return np.asarray((margins > _HIGH_MARGIN).sum(axis=1, keepdims=True))


def _cited_with_best(pairs: Pairs) -> NumberArray:
    """Of the train cases that cite the best article, the share that cites the candidate, too."""
    return _share_with_best(pairs, pairs.statistics.n_cases[pairs.best])


def _best_cited_with(pairs: Pairs) -> NumberArray:
    """Of the train cases that cite the candidate, the share that cites the best article, too."""
    return _share_with_best(pairs, pairs.statistics.n_cases[pairs.candidates])


def _share_with_best(pairs: Pairs, n_cases: NumberArray) -> NumberArray:
    share = pairs.statistics.co_cited[pairs.best, pairs.candidates] / np.maximum(n_cases, 1)
    return np.where(pairs.candidates == pairs.best, _NONE, share)


def _co_citation(pairs: Pairs) -> NumberArray:
    """The strongest link to another candidate: its likelihood, times how often it brings this."""
    likelihood = 1 / (1 + np.exp(-2 * pairs.of_candidates(pairs.mean_margin)))
    n_cases = np.maximum(pairs.statistics.n_cases, 1)
    strongest = np.zeros(pairs.candidates.shape)
    for position in range(pairs.candidates.shape[1]):
        other = pairs.candidates[:, position, None]
        link = pairs.statistics.co_cited[other, pairs.candidates] / n_cases[other]
        link = link * likelihood[:, position, None]
        link[:, position] = 0  # an article is not a link to itself
        strongest = np.maximum(strongest, link)
    return strongest


def _of_windows(pairs: Pairs, name: str) -> NumberArray:
    return pairs.of_candidates(pairs.margins[name])


MODEL_FEATURES: dict[str, Callable[[Pairs, Float32Array], NumberArray]] = {
    marked("{0}: margin"): lambda pairs, margins: pairs.of_candidates(margins),
    marked("{0}: rank"): lambda pairs, margins: pairs.of_candidates(rank(margins)),
    marked("{0}: behind the best"): _behind_best,
    marked("{0}: best other"): _best_other,
    marked("{0}: before the best other"): lambda pairs, margins: pairs.of_candidates(
        before_best_other(margins)
    ),
    marked("{0}: high margins"): _n_high,
}
"""Features of a pair by a model, the "{0}" of their names: functions of pairs and its margins."""
PAIR_FEATURES: dict[str, Callable[[Pairs], NumberArray]] = {
    marked("cited with the best"): _cited_with_best,
    marked("best cited with it"): _best_cited_with,
    marked("co-citation"): _co_citation,
    marked("log of its train cases"): lambda pairs: np.log1p(pairs.statistics.n_cases)[
        pairs.candidates
    ],
    marked("mean margin of its cases"): lambda pairs: pairs.statistics.true_margin[
        pairs.candidates
    ],
    marked("similarity of its text"): lambda pairs: pairs.of_candidates(pairs.text_similarity),
    marked("rank of its text"): lambda pairs: pairs.of_candidates(rank(pairs.text_similarity)),
    marked("share of its title"): lambda pairs: pairs.of_candidates(pairs.title_share),
    marked("rank of its title"): lambda pairs: pairs.of_candidates(rank(pairs.title_share)),
    **{name: partial(_of_windows, name=name) for name in WINDOW_MARGINS},
}
"""Features of a pair, whatever the models are."""
