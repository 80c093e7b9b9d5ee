"""TODO decision.tuning_cases."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from lawrec.decision.calibration import Calibration, fit_calibration
from lawrec.decision.score_order import shares
from lawrec.decision.threshold_curve import Curve, curve
from lawrec.types import BoolArray, Float32Array, Float64Array, Int64Array

RARE = 10
"""True cases below which an article is rare, and its threshold called unreliable."""
RARE_IN_TRAIN = 50
"""Train cases below which an article is rare: its scores are low even where it is true."""


@dataclass(frozen=True)
class TuningCases:
    """Labelled cases with their scores, each (n_cases, n_articles), and what follows from them.

    Args:
        y_true: The true articles.
        y_score: Their scores, 0 to 1.
        known: An entry where it is False counts nowhere; None where all are known.
        costs: What each article costs that is missing and that is there by mistake,
            (n_articles, 2); by default those of the configuration for all.
        trained: Train cases of each article, int64 (n_articles,), where they are known.
        idle: Articles left out that count in the CAIL score as neither true nor listed.
    """

    y_true: BoolArray
    y_score: Float32Array
    known: BoolArray | None = None
    costs: Float64Array | None = None
    trained: Int64Array | None = None
    n_absent_articles: int = 0
    _calibrations: dict[str, Calibration] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def curves(self) -> list[Curve]:
        """The curve of each article."""
        columns = [np.s_[:, label] for label in range(self.y_true.shape[1])]
        with ThreadPoolExecutor() as pool:  # NumPy sorts outside of Python's lock
            return list(pool.map(self._curve, columns))

    @cached_property
    def pooled(self) -> Curve:
        """The curve of all articles together."""
        return self._curve(np.s_[:])

    @cached_property
    def shares(self) -> Curve:
        """The curve of all articles together, of each score as a share of its case's best."""
        return replace(self, y_score=shares(self.y_score)).pooled

    def calibration(self, kind: str) -> Calibration:
        """Return a calibration that is fitted on these cases, once for each kind."""
        if kind not in self._calibrations:
            groups = None if self.trained is None else np.where(self.rare, 0, 1)
            fitted = fit_calibration(
                kind, self.y_true, y_score=self.y_score, known=self.known, groups=groups
            )
            self._calibrations[kind] = fitted
        return self._calibrations[kind]

    @cached_property
    def support(self) -> Int64Array:
        """Number of true cases of each article."""
        true = self.y_true if self.known is None else self.y_true & self.known
        support: Int64Array = true.sum(axis=0)
        return support

    @cached_property
    def seen(self) -> "TuningCases":
        """The articles that have a true case; all, if each has one."""
        seen = self.support > 0
        if seen.all():
            return self
        return replace(self.articles(seen), n_absent_articles=self.articles(~seen).judged)

    @cached_property
    def only_rare(self) -> "TuningCases":
        """The rare articles alone."""
        return self.articles(self.rare)

    @property
    def rare(self) -> BoolArray:
        """Which articles have too few cases to be judged alone: in train, if that is known."""
        if self.trained is None:
            return self.support < RARE
        return self.trained < RARE_IN_TRAIN

    @property
    def judged(self) -> int:
        """Number of articles that the mean of the CAIL score is over."""
        own = len(self.support) if self.known is None else int(self.known.any(axis=0).sum())
        return own + self.n_absent_articles

    def rows(self, rows: Any) -> "TuningCases":
        """Return some of the cases."""
        known = None if self.known is None else self.known[rows]
        return replace(self, y_true=self.y_true[rows], y_score=self.y_score[rows], known=known)

    def articles(self, columns: Any) -> "TuningCases":
        """Return some of the articles."""
        known = None if self.known is None else self.known[:, columns]
        return replace(
            self,
            y_true=self.y_true[:, columns],
            y_score=self.y_score[:, columns],
            known=known,
            costs=None if self.costs is None else self.costs[columns],
            trained=None if self.trained is None else self.trained[columns],
        )

    def _curve(self, part: Any) -> Curve:
        known = np.s_[:] if self.known is None else self.known[part].ravel()
        return curve(self.y_true[part].ravel()[known], self.y_score[part].ravel()[known])
