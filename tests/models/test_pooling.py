import keras
import numpy as np
import pytest

from lawrec.config import ModelConfig
from lawrec.models.lstm_classifier import build_model
from lawrec.models.pooling import MASKED_LOGIT, POOLINGS, Task

pytestmark = pytest.mark.tensorflow

CASES = np.array([[5, 3, 2, 7, 0, 0], [1, 2, 3, 4, 5, 6], [9, 0, 0, 0, 0, 0]], np.int32)


def test_last_pooling_takes_the_end_forwards_and_the_start_backwards():
    config = ModelConfig(embedding_size=6, lstm_units=4, lstm_layers=1, pooling="last")
    model = build_model(config, 10, n_articles=3)
    states = keras.Model(model.input, model.get_layer("bilstm_0").output)(CASES).numpy()
    ends = (CASES != 0).sum(axis=1) - 1
    expected = [np.r_[states[row, end, :4], states[row, 0, 4:]] for row, end in enumerate(ends)]
    dense = model.get_layer("articles")
    weights, bias = dense.kernel.numpy(), dense.bias.numpy()
    logits = model(CASES, training=False)["articles"]
    np.testing.assert_allclose(logits, expected @ weights + bias, atol=1e-5)


@pytest.mark.parametrize(("name", "reduce"), [("max", np.max), ("mean", np.mean)])
def test_max_and_mean_leave_out_the_padding(name, reduce):
    states = np.random.default_rng(1).normal(0, 1, (3, 6, 2)).astype(np.float32)
    pooled = POOLINGS[name].build(states, CASES != 0, ModelConfig(), Task("articles", 3))
    expected = [reduce(states[row, case != 0], axis=0) for row, case in enumerate(CASES)]
    np.testing.assert_allclose(pooled, expected, rtol=1e-5)


def test_a_masked_token_has_no_weight_in_a_softmax():
    assert keras.ops.softmax(keras.ops.array([MASKED_LOGIT, 0.0])).numpy().tolist() == [0, 1]
