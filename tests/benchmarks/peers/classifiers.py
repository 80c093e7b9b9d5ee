"""Public peers of lawrec, each used as its own documentation shows.

A peer is a function from labelled train and valid cases and a seed to a trained function, which
predicts from tokens alone: no peer can see the labels of the test cases. To add a peer, write one
function and one line in `PEERS`. A peer imports its package where it uses it, so that a package
that is not installed is missing for this peer only.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from lawrec.types import BoolArray, Float64Array, NumberArray
from tests.benchmarks.peers.splits import LabelledTokens, Tokens


@dataclass(frozen=True)
class Predictions:
    """The lists of articles of some cases and, where the peer has them, the scores.

    Attributes:
        y_pred: bool (n_cases, n_trained).
        y_score: float (n_cases, n_trained), the higher, the surer; None without scores.
    """

    y_pred: BoolArray
    y_score: NumberArray | None = None


Predict = Callable[[Sequence[Tokens]], Predictions]
Fit = Callable[..., Predict]
"""A function of train cases, valid cases and `seed`."""
MIN_CASES = 5
"""Number of true valid cases from which on an article gets a threshold of its own."""


@dataclass(frozen=True)
class Peer:
    """A peer.

    Attributes:
        label: What it is, for the table.
        package: The distribution that it comes from, whose version the table shows.
        fit: Trains it.
        is_slow: Whether it takes many minutes on a few thousand cases.
    """

    label: str
    package: str
    fit: Fit
    is_slow: bool = False


def fit_libmultilabel(
    train: LabelledTokens, valid: LabelledTokens, *, seed: int, technique: str
) -> Predict:
    """Train linear SVMs with LibMultiLabel on its own TF-IDF features, as in its tutorial.

    Its TF-IDF drops all tokens of one character. In Chinese they may be words, but on valid cases
    it does better without them.

    Args:
        train: Cases to learn from.
        valid: Not used: its thresholds and costs are chosen by cross-validation on train.
        seed: Seed of the folds.
        technique: The name of its training function.
    """
    from libmultilabel import linear
    from scipy import sparse

    class Labels(sparse.csc_matrix):
        """LibMultiLabel 0.10 sums along axis 2, by which older versions of SciPy meant axis 0."""

        def sum(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
            return super().sum(0 if axis == 2 else axis, dtype, out)

    np.random.seed(seed)
    preprocessor = linear.Preprocessor()
    labels = [np.flatnonzero(row).tolist() for row in train.labels]
    cases = {"x": _texts(train.tokens), "y": labels}
    features = preprocessor.fit_transform({"data_format": "txt", "train": cases})["train"]
    train_function = getattr(linear, technique)
    # Two threads per SVM, the default, take 15 times the CPU seconds of one where cores are busy.
    model = train_function(Labels(features["y"]), features["x"], options="-m 1", verbose=False)

    def predict(tokens: Sequence[Tokens]) -> Predictions:
        scores = linear.predict_values(model, preprocessor.vectorizer.transform(_texts(tokens)))
        return Predictions(scores > 0, scores)

    return predict


def fit_fasttext(train: LabelledTokens, valid: LabelledTokens, *, seed: int) -> Predict:
    """Train fastText one-vs-all with threshold 0.5, as in its tutorial.

    The learning rate, the epochs and single words were chosen on valid cases: with those of the
    tutorial (0.5, 25, pairs of words), it does worse. One thread, so that a seed fixes the model.
    """
    import fasttext

    lines = [
        " ".join([*(f"__label__{column}" for column in np.flatnonzero(row)), *tokens])
        for row, tokens in zip(train.labels, train.tokens, strict=True)
    ]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        model = fasttext.train_supervised(
            str(path), loss="ova", lr=1.0, epoch=50, seed=seed, thread=1, verbose=0
        )

    def predict(tokens: Sequence[Tokens]) -> Predictions:
        scores = np.zeros((len(tokens), train.labels.shape[1]))
        for row, names, values in zip(scores, *model.predict(_texts(tokens), k=-1), strict=True):
            row[[int(name.removeprefix("__label__")) for name in names]] = values
        return Predictions(scores >= 0.5, scores)

    return predict


def fit_svm(
    train: LabelledTokens, valid: LabelledTokens, *, seed: int, class_weight: str | None = None
) -> Predict:
    """Train scikit-learn's linear SVMs on its TF-IDF features, one per article, threshold 0.

    Args:
        train: Cases to learn from.
        valid: Not used.
        seed: Seed of the optimizer.
        class_weight: None, or "balanced": errors cost the more, the rarer an article is.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    vectorizer = TfidfVectorizer(analyzer=list, sublinear_tf=True)
    svm = LinearSVC(class_weight=class_weight, random_state=seed)
    model = make_pipeline(vectorizer, OneVsRestClassifier(svm))
    with warnings.catch_warnings():
        # A margin that is nearly the best is good enough.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(train.tokens, train.labels)

    def predict(tokens: Sequence[Tokens]) -> Predictions:
        # Of a single article, scikit-learn returns (n_cases,).
        scores = model.decision_function(tokens).reshape(len(tokens), -1)
        return Predictions(scores > 0, scores)

    return predict


def fit_keras_lstm(train: LabelledTokens, valid: LabelledTokens, *, seed: int) -> Predict:
    """Train the bidirectional LSTM of Keras's tutorial on text classification, threshold 0.5.

    The maximum over the tokens in place of the state after the last one, and ten times the usual
    learning rate: without these, it stops before any score passes 0.5. Valid stops the training
    after three epochs without a smaller loss, and the best weights stay.
    """
    from lawrec.devices.tensorflow_start import import_tensorflow

    import_tensorflow()
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
    vectorize = layers.TextVectorization(
        20_000, standardize=None, split="whitespace", output_sequence_length=400
    )
    vectorize.adapt(_texts(train.tokens))
    model = keras.Sequential(
        [
            layers.Embedding(20_000, 128, mask_zero=True),
            layers.Bidirectional(layers.LSTM(64, return_sequences=True)),
            layers.GlobalMaxPooling1D(),
            layers.Dense(train.labels.shape[1], activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    stop = keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True)
    x, y = (
        [vectorize(_texts(cases.tokens)), cases.labels.astype(np.float32)]
        for cases in (train, valid)
    )
    model.fit(*x, batch_size=32, epochs=30, validation_data=y, callbacks=[stop], verbose=0)

    def predict(tokens: Sequence[Tokens]) -> Predictions:
        scores = model.predict(vectorize(_texts(tokens)), verbose=0)
        return Predictions(scores >= 0.5, scores)

    return predict


def fit_with_tuned_thresholds(
    train: LabelledTokens, valid: LabelledTokens, *, seed: int, fit: Fit
) -> Predict:
    """Train a peer, and replace its thresholds by the best ones on valid.

    Args:
        train: Cases to learn from.
        valid: Cases to choose thresholds on.
        seed: Seed of the peer.
        fit: Trains the peer.
    """
    predict = fit(train, valid, seed=seed)
    thresholds = best_thresholds(valid.labels, predict(valid.tokens).y_score)

    def predict_tuned(tokens: Sequence[Tokens]) -> Predictions:
        scores = predict(tokens).y_score
        return Predictions(scores >= thresholds, scores)

    return predict_tuned


def best_thresholds(y_true: BoolArray, y_score: NumberArray) -> Float64Array:
    """Return the threshold of each article with the best F1.

    Articles with fewer than `MIN_CASES` true cases share one threshold, that with the best micro-F1
    over all articles: with the best one of a single case, every second case may get the article.
    """
    thresholds = np.full(y_true.shape[1], _best_threshold(y_true.ravel(), y_score.ravel()))
    for column in np.flatnonzero(y_true.sum(axis=0) >= MIN_CASES):
        thresholds[column] = _best_threshold(y_true[:, column], y_score[:, column])
    return thresholds


def _best_threshold(y_true: BoolArray, y_score: NumberArray) -> float:
    from sklearn.metrics import precision_recall_curve

    precision, recall, thresholds = precision_recall_curve(y_true, y_score)
    f1 = 2 * precision * recall / np.maximum(precision + recall, np.finfo(float).tiny)
    return float(thresholds[np.argmax(f1[:-1])])  # the last point predicts nothing


def _texts(tokens: Sequence[Tokens]) -> list[str]:
    """Return the tokens of each case separated by spaces; no token holds white space."""
    return [" ".join(case) for case in tokens]


def _libmultilabel(technique: str) -> Fit:
    return partial(fit_libmultilabel, technique=technique)


PEERS = {
    "libmultilabel-1vsrest": Peer(
        "LibMultiLabel, linear SVMs: 1vsrest", "libmultilabel", _libmultilabel("train_1vsrest")
    ),
    "libmultilabel-thresholding": Peer(
        "LibMultiLabel, linear SVMs: thresholding",
        "libmultilabel",
        _libmultilabel("train_thresholding"),
    ),
    "libmultilabel-cost-sensitive": Peer(
        "LibMultiLabel, linear SVMs: cost-sensitive",
        "libmultilabel",
        _libmultilabel("train_cost_sensitive"),
    ),
    "libmultilabel-cost-sensitive-micro": Peer(
        "LibMultiLabel, linear SVMs: cost-sensitive for micro-F1",
        "libmultilabel",
        _libmultilabel("train_cost_sensitive_micro"),
    ),
    "fasttext": Peer("fastText, one-vs-all", "fasttext-community", fit_fasttext),
    "fasttext-tuned": Peer(
        "fastText, one-vs-all, thresholds tuned on valid",
        "fasttext-community",
        partial(fit_with_tuned_thresholds, fit=fit_fasttext),
    ),
    "sklearn-svm": Peer("scikit-learn, linear SVMs on TF-IDF", "scikit-learn", fit_svm),
    "sklearn-svm-balanced": Peer(
        "scikit-learn, linear SVMs on TF-IDF, balanced class weights",
        "scikit-learn",
        partial(fit_svm, class_weight="balanced"),
    ),
    "sklearn-svm-tuned": Peer(
        "scikit-learn, linear SVMs on TF-IDF, thresholds tuned on valid",
        "scikit-learn",
        partial(fit_with_tuned_thresholds, fit=fit_svm),
    ),
    "keras-lstm": Peer("Keras, bidirectional LSTM", "keras", fit_keras_lstm, is_slow=True),
    "keras-lstm-tuned": Peer(
        "Keras, bidirectional LSTM, thresholds tuned on valid",
        "keras",
        partial(fit_with_tuned_thresholds, fit=fit_keras_lstm),
        is_slow=True,
    ),
}
