"""Tuning cases: labelled cases with their scores, and the curves and counts that tuning needs."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from lawrec.decision.calibration import Calibration, fit_calibration
from lawrec.decision.score_order import relative_scores, round_scores
from lawrec.decision.threshold_curve import ThresholdCurve, threshold_curve
from lawrec.types import BoolArray, Float32Array, Float64Array, Int64Array

RARE = 10
"""Tuning cases below which an article is rare, and its threshold is called unreliable."""
RARE_IN_TRAIN = 50
"""Train cases below which an article is rare: its scores are low even where it is true."""


@dataclass(frozen=True)
class TuningCases:
    """Labelled cases with their scores.

    Attributes:
        y_true: bool (n_cases, n_articles).
        y_score: float32 (n_cases, n_articles), 0 to 1, rounded with `round_scores`, because
            `decide` rounds scores before it compares them with the thresholds.
        known: bool (n_cases, n_articles); an entry where it is False counts nowhere. None where
            all are known.
        costs: float64 (n_articles, 2), what it costs that each article is missing, and that it is
            listed by mistake. None where the configuration's costs hold for all.
        train_support: int64 (n_articles,), train cases of each article. None where unknown.
        n_absent_articles: Number of articles that have no column and are neither true nor listed
            in any case; they count in the CAIL score.
    """

    y_true: BoolArray
    y_score: Float32Array
    known: BoolArray | None = None
    costs: Float64Array | None = None
    train_support: Int64Array | None = None
    n_absent_articles: int = 0

    @classmethod
    def from_scores(
        cls, y_true: BoolArray, y_score: Float32Array, known: BoolArray
    ) -> "TuningCases":
        """Return labelled cases with the scores of a model, which are rounded.

        Args:
            y_true: bool (n_cases, n_articles).
            y_score: float32 (n_cases, n_articles), 0 to 1.
            known: bool (n_cases, n_articles).

        Example:
            >>> known = np.array([[True, True]])
            >>> TuningCases.from_scores(known, np.array([[0.5, 1]], np.float32), known).known
        """
        return cls(y_true, round_scores(y_score), known=None if known.all() else known)

    @cached_property
    def curves(self) -> list[ThresholdCurve]:
        """The curve of each article."""
        columns = [np.s_[:, label] for label in range(self.y_true.shape[1])]
        with ThreadPoolExecutor() as pool:  # NumPy releases Python's lock while it sorts
            return list(pool.map(self._curve, columns))

    @cached_property
    def pooled_curve(self) -> ThresholdCurve:
        """The curve of all articles together, as if they were one."""
        return self._curve(np.s_[:])

    @cached_property
    def pooled_relative_curve(self) -> ThresholdCurve:
        """Pooled curve over score / (best score of the case)."""
        return replace(self, y_score=relative_scores(self.y_score)).pooled_curve

    @cached_property
    def support(self) -> Int64Array:
        """Number of true cases of each article, int64 (n_articles,)."""
        true = self.y_true if self.known is None else self.y_true & self.known
        support: Int64Array = true.sum(axis=0)
        return support

    @property
    def is_rare(self) -> BoolArray:
        """Which articles have too few cases to be tuned alone: in train, if that is known."""
        if self.train_support is None:
            return self.support < RARE
        return self.train_support < RARE_IN_TRAIN

    @property
    def n_articles_in_mean(self) -> int:
        """Number of articles that the macro-F1 of the CAIL score is averaged over."""
        own = len(self.support) if self.known is None else int(self.known.any(axis=0).sum())
        return own + self.n_absent_articles

    @cached_property
    def tunable(self) -> "TuningCases":
        """The same cases without the articles that have no true case here."""
        tunable = self.support > 0
        if tunable.all():
            return self
        n_absent = self.restrict_to_articles(~tunable).n_articles_in_mean
        return replace(self.restrict_to_articles(tunable), n_absent_articles=n_absent)

    @cached_property
    def rare(self) -> "TuningCases":
        """The same cases with the rare articles alone."""
        return self.restrict_to_articles(self.is_rare)

    def restrict_to_cases(self, rows: Any) -> "TuningCases":
        """Return some of the cases: a mask, indices or a slice."""
        known = None if self.known is None else self.known[rows]
        return replace(self, y_true=self.y_true[rows], y_score=self.y_score[rows], known=known)

    def restrict_to_articles(self, columns: Any) -> "TuningCases":
        """Return some of the articles: a mask, indices or a slice."""
        return replace(
            self,
            y_true=self.y_true[:, columns],
            y_score=self.y_score[:, columns],
            known=None if self.known is None else self.known[:, columns],
            costs=None if self.costs is None else self.costs[columns],
            train_support=None if self.train_support is None else self.train_support[columns],
        )

    def fit_calibration(self, kind: str) -> Calibration:
        """Return a calibration that is fitted on these cases.

        Where train cases are known, the articles that are rare there are fitted as one group and
        all others as another; otherwise articles are grouped by their true cases here.
        """
        groups = None if self.train_support is None else np.where(self.is_rare, 0, 1)
        return fit_calibration(
            self.y_true, self.y_score, kind=kind, known=self.known, groups=groups
        )

    def _curve(self, entries: Any) -> ThresholdCurve:
        """Return the curve of some entries of the arrays, those that are not known left out."""
        known = np.s_[:] if self.known is None else self.known[entries].ravel()
        return threshold_curve(
            self.y_true[entries].ravel()[known], self.y_score[entries].ravel()[known]
        )
