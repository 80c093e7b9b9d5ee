"""Words: a linear model over which words a case has, whose scores are mixed with those of the LSTM.

With a few thousand cases, support vector machines over TF-IDF know rare articles better than a
network does, and the two err on different cases: together they do better than each. The machines
are fitted once, before the first step, and go with the network's weights from then on.
"""

import random
import warnings
from collections.abc import Iterable
from itertools import islice
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.svm import LinearSVC

from lawrec.corpus.tfrecords import Record
from lawrec.corpus.vocabulary import PAD_ID, UNK_ID, label_matrix
from lawrec.progress import SILENT, Progress
from lawrec.types import Float32Array

MOST_CASES = 50_000
"""That the machines are fitted on: so memory stays constant in the number of cases."""
STEEPNESS = 4.0
"""From the distance to the margin to a logit: at the margin, the score is 0.98."""
_NO_CASE = -8.0  # logit of a label that no case has


class TfidfSvmWeights(NamedTuple):
    """A fitted model: importance (n_tokens,), kernel (n_tokens, n_labels), bias (n_labels,)."""

    importance: Float32Array
    kernel: Float32Array
    bias: Float32Array


@keras.saving.register_keras_serializable("lawrec")
class TfidfSvmMixture(keras.layers.Layer):
    """Mixes logits with those of the words, except in training, which is for the others alone."""

    def __init__(self, n_tokens: int, share: float, **settings: Any) -> None:
        super().__init__(trainable=False, dtype="float32", **settings)
        self.n_tokens, self.share = n_tokens, share

    def build(self, token_ids_shape: Any, logits_shape: Any) -> None:
        """Make the weights, those of a `TfidfSvmWeights`, which say nothing yet."""
        n_labels = logits_shape[-1]
        self.importance = self._weight("importance", self.n_tokens)
        self.kernel = self._weight("kernel", self.n_tokens, n_labels)
        self.bias = self._weight("bias", n_labels)

    def _weight(self, name: str, *shape: int) -> Any:
        return self.add_weight(shape=shape, initializer="zeros", trainable=False, name=name)

    def call(self, token_ids: Any, logits: Any, *, training: bool = False) -> Any:
        """Return logits (batch, n_labels) from token ids (batch, length) and logits."""
        if training:
            return logits
        counts = tf.math.bincount(
            token_ids, minlength=self.n_tokens, maxlength=self.n_tokens, axis=-1, dtype=tf.float32
        )
        weights = tf.where(counts > 0, 1 + tf.math.log(tf.maximum(counts, 1)), 0) * self.importance
        features = tf.math.l2_normalize(weights, axis=1)
        words = tf.matmul(features, self.kernel) + self.bias
        return (1 - self.share) * logits + self.share * words


def fit_tfidf_svm(
    cases: Iterable[Record], n_tokens: int, *, n_labels: int, seed: int, progress: Progress = SILENT
) -> TfidfSvmWeights:
    """Fit a support vector machine a label, on TF-IDF with logarithmic counts and length 1.

    Args:
        cases: Read once; of more than `MOST_CASES`, so many are drawn.
        n_tokens: Number of token ids; `PAD_ID` and `UNK_ID` count nothing.
        n_labels: Number of label ids.
        seed: Fixes the random numbers.
        progress: Told of every label.
    """
    drawn = [case for case in _drawn(cases, seed) if case.weight > 0]
    transformer = TfidfTransformer(sublinear_tf=True)
    features = transformer.fit_transform(_counts(drawn, n_tokens))
    importance = transformer.idf_.astype(np.float32)
    importance[[PAD_ID, UNK_ID]] = 0
    kernel = np.zeros((n_tokens, n_labels), np.float32)
    bias = np.full(n_labels, _NO_CASE, np.float32)
    weights = np.array([case.weight for case in drawn])
    applies = label_matrix((case.label_ids for case in drawn), n_labels)
    known = ~label_matrix((case.unknown_ids for case in drawn), n_labels)
    for label in range(n_labels):
        rows = known[:, label]
        y_true = applies[rows, label]
        if y_true.any() and not y_true.all():
            machine = _fitted(features[rows], y_true, weights=weights[rows], seed=seed)
            kernel[:, label] = STEEPNESS * machine.coef_[0]
            bias[label] = STEEPNESS * machine.intercept_[0]
        elif y_true.any():
            bias[label] = -_NO_CASE
        progress.update("words", label + 1, n_labels)
    return TfidfSvmWeights(importance, kernel, bias)


def _fitted(features: Any, y_true: Any, *, weights: Any, seed: int) -> Any:
    with warnings.catch_warnings():
        # Near the best margin is good enough.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LinearSVC(random_state=seed).fit(features, y_true, weights)


def _drawn(cases: Iterable[Record], seed: int) -> list[Record]:
    """Return at most `MOST_CASES` of the cases, each with the same chance (Vitter, 1985)."""
    rest = iter(cases)
    kept = list(islice(rest, MOST_CASES))
    numbers = random.Random(seed)
    for seen, case in enumerate(rest, len(kept) + 1):
        if (place := numbers.randrange(seen)) < MOST_CASES:
            kept[place] = case
    return kept


def _counts(cases: list[Record], n_tokens: int) -> Any:
    """Return how often each case has each token, sparse (n_cases, n_tokens)."""
    token_ids = np.concatenate([np.asarray(case.token_ids, np.int64) for case in cases])
    rows = np.repeat(np.arange(len(cases)), [len(case.token_ids) for case in cases])
    meant = (token_ids != PAD_ID) & (token_ids != UNK_ID)
    entries = (np.ones(meant.sum()), (rows[meant], token_ids[meant]))
    return sparse.coo_matrix(entries, (len(cases), n_tokens)).tocsr()
