"""Token table: values of some tokens for some articles, as the few that are not 0.

The text of an article has a few hundred of all tokens: a plain array would be nearly all zeros, and
take gigabytes where there are thousands of articles.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from lawrec.types import Float32Array, Float64Array, Int64Array, NumberArray


class TokenTable(NamedTuple):
    """The values of each token, one token after the other.

    Attributes:
        starts: Where the values of each token start, and where those of the last one end, int64
            (n_tokens + 1,).
        articles: The article of each value, int32 (n_values,).
        values: float32 (n_values,).
    """

    starts: Int64Array
    articles: NumberArray
    values: Float32Array

    def sums(self, tokens: NumberArray, weights: NumberArray, n_articles: int) -> Float64Array:
        """Return the weighted sum of the values of some tokens for each article.

        Args:
            tokens: Different token ids, int64 (n,).
            weights: What the values of each are multiplied with, float32 (n,).
            n_articles: The number of articles.

        Returns:
            float64 (n_articles,).
        """
        counts = self.starts[tokens + 1] - self.starts[tokens]
        before = np.repeat(self.starts[tokens] - np.cumsum(counts) + counts, counts)
        rows = before + np.arange(len(before))
        weighted = np.repeat(weights, counts) * self.values[rows]
        sums: Float64Array = np.bincount(self.articles[rows], weighted, n_articles).astype(
            np.float64
        )
        return sums


def token_table(columns: Iterable[tuple[NumberArray, NumberArray]], n_tokens: int) -> TokenTable:
    """Return the table of the tokens of each article.

    Args:
        columns: The different token ids of each article and their values, both (n,).
        n_tokens: The number of tokens.

    Example:
        >>> table = token_table([(np.array([2, 3]), np.array([0.5, 0.25]))], 4)
        >>> table.sums(np.array([1, 3]), np.ones(2), 2).tolist()
        [0.25, 0.0]
    """
    parts = list(columns)
    none = np.zeros(0)
    tokens = np.concatenate([none, *(tokens for tokens, _ in parts)]).astype(np.int64)
    values = np.concatenate([none, *(values for _, values in parts)]).astype(np.float32)
    articles = np.repeat(np.arange(len(parts), dtype=np.int32), [len(ids) for ids, _ in parts])
    order = np.argsort(tokens, kind="stable")
    starts = np.searchsorted(tokens[order], np.arange(n_tokens + 1))
    return TokenTable(starts.astype(np.int64), articles[order], values[order])
