import keras
import numpy as np
import pytest

from lawrec.config import ModelConfig
from lawrec.models.lstm_classifier import build_model, log_odds_bias
from lawrec.models.pooling import POOLINGS

pytestmark = pytest.mark.tensorflow

TINY = {"embedding_size": 6, "lstm_units": 4, "dropout": 0.5}
CASES = np.array([[5, 3, 2, 7, 0, 0], [1, 2, 3, 4, 5, 6], [9, 0, 0, 0, 0, 0]], np.int32)


def tiny_model(**changes):
    keras.utils.set_random_seed(3)
    return build_model(ModelConfig(**{**TINY, **changes}), 10, n_articles=3)


def logits(model, token_ids):
    return model(token_ids, training=False)["articles"].numpy()


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_model_returns_one_float32_logit_per_case_and_article(pooling, bidirectional, layers):
    model = tiny_model(pooling=pooling, bidirectional=bidirectional, lstm_layers=layers)
    result = logits(model, CASES)
    assert result.shape == (3, 3)
    assert result.dtype == np.float32
    assert np.isfinite(result).all()


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_more_padding_changes_nothing(pooling, bidirectional):
    model = tiny_model(pooling=pooling, bidirectional=bidirectional)
    longer = np.pad(CASES, ((0, 0), (0, 7)))
    np.testing.assert_allclose(logits(model, CASES), logits(model, longer), atol=1e-6)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_case_does_not_depend_on_its_batch_mates(pooling):
    model = tiny_model(pooling=pooling)
    alone = np.concatenate([logits(model, CASES[row : row + 1]) for row in range(len(CASES))])
    np.testing.assert_allclose(logits(model, CASES), alone, atol=1e-6)


def test_output_biases_start_at_the_log_odds_of_the_label_shares():
    bias = log_odds_bias([0.5, 0.2, 0.0])
    np.testing.assert_allclose(bias, np.log([1, 0.25, 1e-5 / (1 - 1e-5)]), rtol=1e-5)


def test_the_embedding_starts_with_the_configured_spread():
    model = build_model(ModelConfig(embedding_size=50, embedding_stddev=0.6), 2000, n_articles=3)
    assert model.get_layer("embedding").embeddings.numpy().std() == pytest.approx(0.6, rel=0.02)
