"""Contributions: which features of the second stage moved the score of a candidate, and how far."""

from typing import NamedTuple

import numpy as np

from lawrec.decision.recommend import FeatureContribution
from lawrec.decision.score_order import SCORE_DECIMALS
from lawrec.types import Float32Array, Float64Array, Int64Array


class Contributions(NamedTuple):
    """The contributions of all features to the scores of all candidates of some cases.

    Attributes:
        names: The names of the features.
        candidates: The candidates of each case, int64 (n_cases, n_candidates).
        values: float32 (n_cases, n_candidates, n_features).
        moves: The contributions, float64 of the same shape.
    """

    names: list[str]
    candidates: Int64Array
    values: Float32Array
    moves: Float64Array

    def strongest(self, row: int, label: int, *, limit: int) -> tuple[FeatureContribution, ...]:
        """Return the features that moved the score of an article most, the strongest first.

        Args:
            row: The row of the case.
            label: The column of the article.
            limit: Return at most this many. Features that moved nothing are left out.

        Returns:
            Nothing for an article that is not a candidate.

        Example:
            >>> Contributions(
            ...     ["words: margin", "lstm: rank"],
            ...     candidates=np.array([[7]]),
            ...     values=np.array([[[0.5, 2]]], np.float32),
            ...     moves=np.array([[[1.75, -2.5]]]),
            ... ).strongest(0, 7, limit=1)
            (FeatureContribution(name='lstm: rank', value=2.0, contribution=-2.5),)
        """
        ranks = np.flatnonzero(self.candidates[row] == label)
        if not len(ranks):
            return ()
        values, moves = self.values[row, ranks[0]], self.moves[row, ranks[0]]
        order = np.argsort(-np.abs(moves), kind="stable")[:limit].tolist()
        return tuple(
            FeatureContribution(
                self.names[feature],
                value=round(float(values[feature]), SCORE_DECIMALS),
                contribution=round(float(moves[feature]), SCORE_DECIMALS),
            )
            for feature in order
            if moves[feature]
        )
