import math

import keras
import numpy as np
import pytest

from lawrec.config import ModelConfig
from lawrec.devices.onnxruntime_start import import_onnxruntime
from lawrec.errors import ConfigError
from lawrec.models.lstm_classifier import build_model
from lawrec.models.onnx_graph import ONNX_POOLINGS, onnx_model
from lawrec.models.pooling import POOLINGS

pytestmark = pytest.mark.tensorflow
TINY = {"embedding_size": 6, "lstm_units": 4}
N_TOKENS, LONGEST = 12, 9


def padded_cases():
    """A case of each length from 1 on, padded to the longest."""
    numbers = np.random.default_rng(2)
    cases = np.zeros((LONGEST, LONGEST), np.int32)
    for row in range(LONGEST):
        cases[row, : row + 1] = numbers.integers(1, N_TOKENS, row + 1)
    return cases


def random_model(**settings):
    """A model of which no weight is 0, as zeros would hide a mistake."""
    n_charges = settings.pop("n_charges", 0)
    config = ModelConfig(**{**TINY, **settings})
    model = build_model(config, N_TOKENS, n_articles=3, n_charges=n_charges)
    numbers = np.random.default_rng(1)
    for weight in model.weights:
        values = numbers.normal(size=weight.shape)
        weight.assign(np.abs(values) + 0.1 if "variance" in weight.path else values)
    return config, model


def exported(config, model, **options):
    weights = {weight.path: weight.numpy() for weight in model.weights}
    session = import_onnxruntime().InferenceSession(
        onnx_model(config, weights, **options), providers=["CPUExecutionProvider"]
    )
    return lambda token_ids: session.run(["logits"], {"token_ids": token_ids})[0]


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("other", [{}, {"lstm_layers": 1, "batch_normalization": True}])
def test_the_graph_computes_the_logits_of_the_model(pooling, bidirectional, other):
    config, model = random_model(pooling=pooling, bidirectional=bidirectional, **other)
    cases = padded_cases()
    logits = exported(config, model)(cases)
    assert logits.dtype == np.float32
    np.testing.assert_allclose(logits, model(cases, training=False)["articles"], atol=1e-5)


# The mean size of the logits of each article. Where another comes out, raise `SCORING_VERSION`.
PINNED = {
    "last": [10.370, 10.816, 9.104],
    "max": [10.451, 10.886, 9.164],
    "mean": [8.889, 9.086, 7.642],
    "attention": [8.472, 8.563, 7.374],
    "article-attention": [9.180, 8.576, 9.332],
}


@pytest.mark.parametrize("pooling", POOLINGS)
def test_the_logits_are_those_of_the_version(pooling):
    config, model = random_model(pooling=pooling, batch_normalization=True)
    for phase, weight in enumerate(model.weights):
        steps = np.arange(1, 1 + math.prod(weight.shape)) * 7_919 % 1_009
        weight.assign((steps / 504.5 - 1 + 0.1 * phase).reshape(weight.shape))
    logits = exported(config, model)(padded_cases())
    sizes = np.abs(logits).mean(axis=0)
    assert sizes.tolist() == pytest.approx(PINNED[pooling], abs=1e-3)


def test_padding_and_other_cases_change_nothing():
    logits = exported(*random_model(lstm_layers=3))
    cases = padded_cases()
    together = logits(cases)
    alone = [logits(cases[row : row + 1, : row + 1])[0] for row in range(LONGEST)]
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_token_vectors_of_8_bits_change_the_logits_a_little():
    config, model = random_model()
    exact, rounded = (exported(config, model, int8_embedding=int8) for int8 in (False, True))
    difference = np.abs(exact(padded_cases()) - rounded(padded_cases()))
    assert 0 < difference.max() < 0.05


def test_a_token_without_a_vector_stays_so():
    config, model = random_model()
    embedding = model.get_layer("embedding").embeddings
    embedding.assign(np.zeros(embedding.shape))
    exact, rounded = (exported(config, model, int8_embedding=int8) for int8 in (False, True))
    np.testing.assert_array_equal(exact(padded_cases()), rounded(padded_cases()))


def test_the_output_for_charges_is_left_out():
    config, model = random_model(n_charges=5)
    assert exported(config, model)(padded_cases()).shape == (LONGEST, 3)


def test_the_same_weights_give_the_same_bytes():
    config, model = random_model()
    weights = {weight.path: weight.numpy() for weight in model.weights}
    assert onnx_model(config, weights) == onnx_model(config, weights)


def test_a_pooling_that_cannot_be_exported_is_named(monkeypatch):
    config, model = random_model(pooling="mean")
    monkeypatch.delitem(ONNX_POOLINGS, "mean")
    with pytest.raises(ConfigError, match=r"model.pooling, for `lawrec export onnx`: .* 'mean'"):
        exported(config, model)


def test_the_settings_of_keras_are_as_assumed():
    assert keras.layers.BatchNormalization().epsilon == 1e-3
    assert set(POOLINGS) == set(ONNX_POOLINGS)
