"""Linear SVMs on TF-IDF features of all tokens of a fact, or of its n-grams, one per article.

On a few thousand cases, linear SVMs on the words know rare articles better than a neural network
does. They see the whole fact, however long it is, and windows of it of 64 tokens.

Scoring needs NumPy alone, and goes case by case: the margins of a case do not depend on others.
Weights are kept as int8: they then take a quarter of the space, and margins change by a hundredth.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lawrec.ranking.tf_idf import tf_idf
from lawrec.types import Float32Array, NumberArray, TokenIds

WINDOW, STRIDE = 64, 32
"""Tokens of a window, and from the start of one to that of the next."""
NO_CASE_MARGIN = -2.0
"""Margin of a label that no case has; a label of all cases has the opposite."""


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
