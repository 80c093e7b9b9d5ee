"""The model: token ids -> embedding -> stacked LSTM -> pooling -> one logit an article.

The charges of a case may be a second output, with a pooling and weights of its own.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from lawrec.config import ModelConfig
from lawrec.corpus.vocabulary import PAD_ID
from lawrec.models.fast_lstm import LSTM
from lawrec.models.pooling import POOLINGS, Task
from lawrec.models.tfidf_svm import TfidfSvmMixture
from lawrec.registry import lookup
from lawrec.types import Float32Array

TFIDF_SVM = "words"
"""The name of the layer that mixes the articles' logits with those of the words."""


def build_model(
    config: ModelConfig, vocabulary_size: int, *, n_articles: int, n_charges: int = 0
) -> Any:
    """Return the model.

    Args:
        config: Its sizes.
        vocabulary_size: Number of token ids.
        n_articles: Number of outputs "articles".
        n_charges: Number of outputs "charges"; without any, there is no such output.

    Returns:
        A keras.Model from int32 (batch, length), right-padded with `PAD_ID`, to a dict of float32
        logits: "articles" (batch, n_articles), "charges" (batch, n_charges). The sigmoid of a logit
        is the article's score.
    """
    token_ids = keras.Input((None,), dtype="int32", name="token_ids")
    mask = ops.not_equal(token_ids, PAD_ID)
    states = layers.Embedding(
        vocabulary_size,
        config.embedding_size,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=config.embedding_stddev),
        name="embedding",
    )(token_ids)
    states = layers.SpatialDropout1D(config.dropout)(states)
    for number in range(config.lstm_layers):
        states = _lstm(config, number)(states, mask=mask)
        states = layers.Dropout(config.dropout)(states)
    sizes = {"articles": n_articles} | ({"charges": n_charges} if n_charges else {})
    logits = {
        name: _output(Task(name, size), states, mask=mask, config=config)
        for name, size in sizes.items()
    }
    if config.svm_share:
        mixed = TfidfSvmMixture(vocabulary_size, config.svm_share, name=TFIDF_SVM)
        logits["articles"] = mixed(token_ids, logits["articles"])
    return keras.Model(token_ids, logits, name="lawrec")


def log_odds_bias(shares: Sequence[float]) -> Float32Array:
    """Return the log-odds of the share of train cases that each label has, float32 (n_labels,).

    An output that starts there need not first learn that most labels are rare.
    """
    kept = np.clip(np.asarray(shares, np.float32), 1e-5, 0.5)
    return np.asarray(np.log(kept / (1 - kept)), np.float32)


def _lstm(config: ModelConfig, number: int) -> Any:
    lstm = LSTM(config.lstm_units, return_sequences=True, name=f"lstm_{number}")
    return layers.Bidirectional(lstm, name=f"bilstm_{number}") if config.bidirectional else lstm


def _output(task: Task, states: Any, *, mask: Any, config: ModelConfig) -> Any:
    """One weight vector a label, on features that labels share or that each has of its own."""
    pooling = lookup(POOLINGS, config.pooling, where="model.pooling")
    features = pooling.build(states, mask, config, task)
    if config.batch_normalization:
        features = layers.BatchNormalization(synchronized=True, name=f"{task.name}_norm")(features)
    equation = "baf,af->ba" if len(features.shape) == 3 else "bf,fa->ba"
    return layers.EinsumDense(
        equation, task.n_labels, bias_axes="a", dtype="float32", name=task.name
    )(features)
