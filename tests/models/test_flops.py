import numpy as np
import pytest

from lawrec.config import ModelConfig
from lawrec.models.flops import flops, lstm_weights, n_features
from lawrec.models.lstm_classifier import build_model
from lawrec.models.pooling import POOLINGS

# One token, inputs of 3, one direction of 2 units: four gates of 2 x (3 + 2) weights are 40, each
# with a multiplication and an addition: 80. Then 4 labels with 2 weights each: 16.
ONE = ModelConfig(
    embedding_size=3,
    lstm_units=2,
    lstm_layers=1,
    bidirectional=False,
    pooling="last",
)


def changed(**changes):
    return ModelConfig(**{**vars(ONE), **changes})


@pytest.mark.parametrize(
    ("config", "n_tokens", "labels", "expected"),
    [
        (ONE, 1, [4], 80 + 16),
        (ONE, 5, [4], 5 * 80 + 16),
        (changed(bidirectional=True), 5, [4], 5 * 160 + 32),
        # The second layer has 2 inputs: 4 x 2 x (2 + 2) = 32 weights.
        (changed(lstm_layers=2), 5, [4], 5 * (80 + 64) + 16),
        # With both directions it has 4: 2 x 4 x 2 x (4 + 2) = 96 weights.
        (changed(lstm_layers=2, bidirectional=True), 5, [4], 5 * (160 + 192) + 32),
        (changed(pooling="mean", batch_normalization=True), 5, [4], 5 * 80 + 16),
        # 2 x 2 weights of the hidden layer, 2 of the score, 2 products of the sum.
        (changed(pooling="attention"), 5, [4], 5 * (80 + 2 * (4 + 2 + 2)) + 16),
        # A score of 2 weights and 2 products of the sum for each of 4 labels.
        (changed(pooling="article-attention"), 5, [4], 5 * (80 + 2 * 4 * 4) + 16),
        (changed(pooling="article-attention"), 5, [4, 1], 5 * (80 + 2 * 4 * 5) + 20),
    ],
)
def test_tiny_models_count_as_by_hand(config, n_tokens, labels, expected):
    assert flops(config, n_tokens, labels=labels) == expected


@pytest.mark.tensorflow
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_every_weight_of_a_built_model_is_counted_once_a_use(pooling, bidirectional):
    config = changed(pooling=pooling, bidirectional=bidirectional, lstm_layers=2)
    model = build_model(config, 10, n_articles=4, n_charges=3)
    kernels = [weight for weight in model.weights if "kernel" in weight.name]
    at_end = sum(int(np.prod(model.get_layer(name).kernel.shape)) for name in model.output)
    uses = 7 * (sum(int(np.prod(kernel.shape)) for kernel in kernels) - at_end) + at_end
    features = 4 if bidirectional else 2
    sums = {"attention": 2, "article-attention": 4 + 3}.get(pooling, 0)
    assert flops(config, 7, labels=[4, 3]) == 2 * (uses + 7 * features * sums)


@pytest.mark.tensorflow
@pytest.mark.parametrize("bidirectional", [False, True])
def test_lstm_weights_and_features_are_those_of_a_built_model(bidirectional):
    config = changed(bidirectional=bidirectional, lstm_layers=3)
    model = build_model(config, 10, n_articles=4)
    weights = [weight for weight in model.weights if "lstm" in weight.path]
    kernels = [weight for weight in weights if len(weight.shape) == 2]
    assert lstm_weights(config) == sum(int(np.prod(kernel.shape)) for kernel in kernels)
    assert n_features(config) == model.get_layer("articles").kernel.shape[0]
