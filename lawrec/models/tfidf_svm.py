"""Linear SVMs on TF-IDF features, one per article, mixed into the scores of the LSTM.

On a few thousand cases, linear SVMs on the words know rare articles better than a neural network
does, and the two err on different cases. The weighted mean of their logits, with 0.7 for the SVMs,
beats both. Cross-validated on the valid split of eight thousand real cases:

    =============  ========  ==========
    model          micro-F1  CAIL score
    =============  ========  ==========
    LSTM           0.79      0.69
    linear SVMs    0.81      0.73
    mixture        0.82      0.74
    =============  ========  ==========

scikit-learn fits the SVMs in seconds, once, before the first training step. Their weights are a
layer that training does not change. So a run is still a single model, and its checkpoints hold all
of it. With `model.svm_share=0` there is no such layer.
"""

import random
import warnings
from collections.abc import Iterable, Sequence
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
from lawrec.types import Float32Array, Tensor

MAX_CASES = 50_000
"""Number of cases that the SVMs are fitted to at most, so that memory is bounded."""
LOGIT_SCALE = 4.0
"""From the decision function of an SVM to a logit: on the margin, the score is 0.98."""
NO_CASE_LOGIT = -8.0
"""Logit of a label that no case has; a label of all cases has the opposite."""


class TfidfSvmWeights(NamedTuple):
    """The weights of fitted SVMs.

    Attributes:
        idf: Inverse document frequency of each token, float32 (n_tokens,).
        kernel: float32 (n_tokens, n_labels).
        bias: float32 (n_labels,).
    """

    idf: Float32Array
    kernel: Float32Array
    bias: Float32Array


@keras.saving.register_keras_serializable("lawrec")
class TfidfSvmMixture(keras.layers.Layer):
    """Mixes logits with those of linear SVMs; in training, returns the logits unchanged.

    Args:
        n_tokens: Number of token ids.
        share: Weight of the SVMs in the mean of the logits, 0 to 1.
        settings: As every Keras layer takes them.
    """

    def __init__(self, n_tokens: int, share: float, **settings: Any) -> None:
        super().__init__(trainable=False, dtype="float32", **settings)
        self.n_tokens, self.share = n_tokens, share

    def build(self, token_ids_shape: Sequence[int | None], logits_shape: Sequence[int]) -> None:
        """Create the weights, zeros until `set_fitted` is called.

        Checkpoints name them by these attributes: `idf` is called "importance" there.
        """
        n_labels = logits_shape[-1]
        self.importance = self._weight("importance", self.n_tokens)
        self.kernel = self._weight("kernel", self.n_tokens, n_labels)
        self.bias = self._weight("bias", n_labels)

    def _weight(self, name: str, *shape: int) -> Any:
        return self.add_weight(shape=shape, initializer="zeros", trainable=False, name=name)

    def set_fitted(self, weights: TfidfSvmWeights) -> None:
        """Take over the weights of fitted SVMs."""
        self.importance.assign(weights.idf)
        self.kernel.assign(weights.kernel)
        self.bias.assign(weights.bias)

    def call(self, token_ids: Tensor, logits: Tensor, *, training: bool = False) -> Tensor:
        """Return the mixed logits, float32 (batch, n_labels).

        Args:
            token_ids: int32 (batch, length); `PAD_ID` and `UNK_ID` have an idf of 0.
            logits: float32 (batch, n_labels).
            training: Whether to return `logits` as they are.
        """
        if training:
            return logits
        counts = tf.math.bincount(
            token_ids, minlength=self.n_tokens, maxlength=self.n_tokens, axis=-1, dtype=tf.float32
        )
        # Sublinear term frequency: a token that occurs n > 0 times counts 1 + log(n).
        tf_idf = tf.where(counts > 0, 1 + tf.math.log(tf.maximum(counts, 1)), 0) * self.importance
        features = tf.math.l2_normalize(tf_idf, axis=1)
        svm_logits = tf.matmul(features, self.kernel) + self.bias
        return (1 - self.share) * logits + self.share * svm_logits


def fit_tfidf_svm(
    cases: Iterable[Record], n_tokens: int, *, n_labels: int, seed: int, progress: Progress = SILENT
) -> TfidfSvmWeights:
    """Fit a linear SVM per label to TF-IDF features with sublinear counts and unit length.

    A case of weight 0, and for each label the cases in which it is unknown, are left out. A label
    that none or all of the cases have gets a constant logit.

    Args:
        cases: Read once; if there are more than `MAX_CASES`, a random sample of that size is used.
        n_tokens: Number of token ids; `PAD_ID` and `UNK_ID` are not counted.
        n_labels: Number of label ids.
        seed: Seed of the random numbers.
        progress: Receives the number of labels done.

    Example:
        >>> cases = [Record("1", [2, 4], [0]), Record("2", [3, 4], [1])]
        >>> weights = fit_tfidf_svm(cases, 5, n_labels=2, seed=1)
        >>> bool(weights.kernel[2, 0] > 0 > weights.kernel[3, 0])  # token 2 is evidence of label 0
        True
    """
    sample = [case for case in _sampled(cases, seed) if case.weight > 0]
    transformer = TfidfTransformer(sublinear_tf=True)
    features = transformer.fit_transform(_token_counts(sample, n_tokens))
    idf = transformer.idf_.astype(np.float32)
    idf[[PAD_ID, UNK_ID]] = 0
    kernel = np.zeros((n_tokens, n_labels), np.float32)
    bias = np.full(n_labels, NO_CASE_LOGIT, np.float32)
    weights = np.array([case.weight for case in sample])
    applies = label_matrix((case.label_ids for case in sample), n_labels)
    known = ~label_matrix((case.unknown_ids for case in sample), n_labels)
    for label in range(n_labels):
        rows = known[:, label]
        y_true = applies[rows, label]
        if y_true.any() and not y_true.all():
            svm = _fitted_svm(features[rows], y_true, weights=weights[rows], seed=seed)
            kernel[:, label] = LOGIT_SCALE * svm.coef_[0]
            bias[label] = LOGIT_SCALE * svm.intercept_[0]
        elif y_true.any():
            bias[label] = -NO_CASE_LOGIT
        progress.update("linear SVMs", label + 1, n_labels)
    return TfidfSvmWeights(idf, kernel, bias)


def _fitted_svm(features: Any, y_true: Any, *, weights: Any, seed: int) -> LinearSVC:
    with warnings.catch_warnings():
        # A margin that is nearly the best is good enough.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LinearSVC(random_state=seed).fit(features, y_true, weights)


def _sampled(cases: Iterable[Record], seed: int) -> list[Record]:
    """Return at most `MAX_CASES` of the cases, each with the same chance.

    Reservoir sampling (Vitter, 1985): the n-th case replaces one of the kept cases with probability
    `MAX_CASES` / n.
    """
    rest = iter(cases)
    kept = list(islice(rest, MAX_CASES))
    random_numbers = random.Random(seed)
    for n_seen, case in enumerate(rest, len(kept) + 1):
        if (index := random_numbers.randrange(n_seen)) < MAX_CASES:
            kept[index] = case
    return kept


def _token_counts(cases: list[Record], n_tokens: int) -> Any:
    """Return how often each case has each token, sparse (n_cases, n_tokens)."""
    token_ids = np.concatenate([np.asarray(case.token_ids, np.int64) for case in cases])
    rows = np.repeat(np.arange(len(cases)), [len(case.token_ids) for case in cases])
    counted = (token_ids != PAD_ID) & (token_ids != UNK_ID)
    entries = (np.ones(counted.sum()), (rows[counted], token_ids[counted]))
    return sparse.coo_matrix(entries, (len(cases), n_tokens)).tocsr()
