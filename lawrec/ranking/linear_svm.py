"""Linear SVMs on TF-IDF features of all tokens of a fact, or of its n-grams, one per article.

On a few thousand cases, linear SVMs on the words know rare articles better than a neural network
does. They see the whole fact, however long it is. Of rare articles, true cases count more: with n
cases of which m are true, each of those counts sqrt(n / m) / 3, at least 1.

Scoring needs NumPy alone, and goes case by case: the margins of a case do not depend on others.
Weights are kept as int8: they then take a quarter of the space, and margins change by a hundredth.
"""

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from lawrec.config import RankingConfig
from lawrec.progress import SILENT, Progress
from lawrec.ranking.tf_idf import sparse_tf_idf, tf_idf
from lawrec.ranking.train_cases import TrainCases
from lawrec.types import BoolArray, Float32Array, NumberArray, TokenIds

WINDOW, STRIDE = 64, 32
"""Tokens of a window, and from the start of one to that of the next."""
NO_CASE_MARGIN = -2.0
"""Margin of a label that no case has; a label of all cases has the opposite."""
_LARGEST = 127
"""The largest weight of a label, as int8."""
_TOLERANCE, _ITERATIONS = 0.1, 200
"""Of the solver: a margin that is nearly the best is good enough."""


class LinearSvms(NamedTuple):
    """Fitted SVMs.

    Attributes:
        idf: The inverse document frequency of each token, float32 (n_tokens,).
        kernel: int8 (n_tokens, n_labels).
        scale: What a kernel of 1 is worth for each label, float32 (n_labels,).
        bias: float32 (n_labels,).
    """

    idf: Float32Array
    kernel: NumberArray
    scale: Float32Array
    bias: Float32Array

    def margins(self, cases: Sequence[TokenIds]) -> Float32Array:
        """Return how far each case is on the side of each label, float32 (n_cases, n_labels).

        Args:
            cases: The token ids of each case; `PAD_ID` and `UNK_ID` count nothing.
        """
        margins = np.empty((len(cases), len(self.bias)), np.float32)
        for row, case in enumerate(cases):
            tokens, values = tf_idf(case, self.idf)
            weights = self.kernel[tokens].astype(np.float32)
            margins[row] = values @ weights * self.scale + self.bias
        return margins

    def window_margins(self, case: TokenIds) -> Float32Array:
        """Return the margins of each window of a case, float32 (n_windows, n_labels).

        Windows of `WINDOW` tokens begin every `STRIDE` tokens. Of a long fact with several
        offences, each one decides about a window of its own.
        """
        starts = range(0, max(1, len(case) - STRIDE), STRIDE)
        return self.margins([case[start : start + WINDOW] for start in starts])


def fit_linear_svms(
    cases: TrainCases,
    idf: Float32Array,
    *,
    config: RankingConfig,
    seed: int,
    progress: Progress = SILENT,
) -> LinearSvms:
    """Fit an SVM per label, each to those cases in which its label is known.

    A label that none or all of them have gets a constant margin.

    Args:
        cases: The train cases.
        idf: The inverse document frequency of each token, as `fit_idf` returns it.
        config: The settings of [ranking].
        seed: The seed of the solver.
        progress: Gets the number of labels done.

    Example:
        >>> cases = TrainCases([[2, 4], [3, 4]], np.eye(2) > 0, np.ones((2, 2)) > 0, np.ones(2))
        >>> svms = fit_linear_svms(
        ...     cases, np.ones(5, np.float32), config=RankingConfig(), seed=1
        ... )
        >>> (svms.margins([[2], [3]]) > 0).tolist()
        [[True, False], [False, True]]
    """
    features = sparse_tf_idf(cases.token_ids, idf)
    n_labels = cases.y_true.shape[1]
    kernel, scale = np.zeros((len(idf), n_labels), np.int8), np.ones(n_labels, np.float32)
    bias = np.full(n_labels, NO_CASE_MARGIN, np.float32)
    for label in range(n_labels):
        known = cases.known[:, label]
        y_true = cases.y_true[known, label]
        if y_true.any() and not y_true.all():
            # Most labels are known in all cases: no copy of the features is needed for them.
            known_features = features if known.all() else features[known]
            weights = cases.weights[known] * _case_weights(y_true, config)
            svm = _fit(known_features, y_true, weights=weights, c=config.svm_c, seed=seed)
            scale[label] = np.abs(svm.coef_).max() / _LARGEST or 1
            kernel[:, label] = np.rint(svm.coef_[0] / scale[label])
            bias[label] = svm.intercept_[0]
        elif y_true.any():
            bias[label] = -NO_CASE_MARGIN
        progress.update("linear SVMs", label + 1, n_labels)
    return LinearSvms(idf, kernel, scale, bias)


def _case_weights(y_true: BoolArray, config: RankingConfig) -> Float32Array:
    weight = np.clip(np.sqrt(len(y_true) / y_true.sum()) / 3, 1, config.max_positive_weight)
    return np.where(y_true, weight, 1).astype(np.float32)


def _fit(features: Any, y_true: BoolArray, *, weights: Float32Array, c: float, seed: int) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVC

    svm = LinearSVC(C=c, random_state=seed, tol=_TOLERANCE, max_iter=_ITERATIONS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return svm.fit(features, y_true, weights)
