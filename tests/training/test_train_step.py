"""The training step: its gradient against finite differences of its loss, and the two outputs."""

import numpy as np
import pytest
import tensorflow as tf

from lawrec.models.losses import LOSSES
from lawrec.training.setup import TrainingSetup
from lawrec.training.train_step import create_train_state, make_train_step
from tests.helpers.cases import CHARGE_SETTINGS, changed_data

pytestmark = pytest.mark.tensorflow
WIDTH = 1e-2
"""Of the finite differences. Losses are float32: their rounding must be small against these."""


def all_kinds(case, split, row):
    """Give cases different weights, charges, and articles that are not known."""
    cited = case["meta"]["relevant_articles"]
    meta = {**case["meta"], "accusation": [f"罪{name}" for name in cited if row % 3]}
    if row % 4 == 0:
        meta |= {
            "relevant_articles": cited[:1],
            "unknown_articles": sorted({"264", "266"} - {*cited}),
        }
    return {**case, "meta": meta, "weight": (0, 0.5, 1, 3)[row % 4]}


@pytest.fixture(scope="module")
def data(tiny_data, tmp_path_factory):
    return changed_data(tiny_data, tmp_path_factory.mktemp("kinds") / "data", all_kinds)


@pytest.fixture
def stepping(start_run, data):
    """Return a function from settings to the model, a step on one batch, and that batch."""

    def start(*settings):
        run, records = start_run(
            *("optimizer.name=sgd", "optimizer.global_clipnorm=0", "optimizer.schedule=constant"),
            *("optimizer.warmup_ratio=0", "optimizer.learning_rate=1", "model.dropout=0"),
            *("model.lstm_units=3", "model.embedding_size=4", *settings),
            data=data,
        )
        state, step = state_and_step(run, records)
        batch = next(state.iterator)
        return state.model, lambda: step(batch), batch

    return start


def state_and_step(run, records):
    setup = TrainingSetup(run, records)
    state = create_train_state(setup)
    return state, make_train_step(state, setup)


@pytest.mark.parametrize("pooling", ["article-attention", "mean"])
@pytest.mark.parametrize("loss", LOSSES)
def test_a_step_goes_down_the_gradient_of_its_loss(stepping, loss, pooling):
    model, step, batch = stepping(
        f"loss.name={loss}",
        f"model.pooling={pooling}",
        *("loss.label_smoothing=0.1", "loss.class_weights=effective-number", "loss.l2=0.01"),
        *("loss.charge_weight=0.7", "loss.effective_number_beta=0.9"),
    )
    assert (batch["articles_known"].numpy() == 0).any()
    assert len(set(batch["weights"].numpy())) > 2
    assert set(batch["charges_known"].numpy().ravel()) == {0, 1}
    start = [variable.numpy() for variable in model.trainable_variables]
    step()
    gradients = [
        before - variable.numpy()
        for before, variable in zip(start, model.trainable_variables, strict=True)
    ]

    def loss_at(index, values):
        for variable, value in zip(model.trainable_variables, start, strict=True):
            variable.assign(value)
        model.trainable_variables[index].assign(values)
        return float(step().loss)

    numbers = np.random.default_rng(1)
    for index, (value, gradient) in enumerate(zip(start, gradients, strict=True)):
        # Half along the gradient, half in a random direction: a missing part of it would show.
        noise = numbers.normal(size=value.shape)
        along = gradient / max(np.linalg.norm(gradient), 1e-9)
        direction = (along + noise / np.linalg.norm(noise)).astype(np.float32)
        above = loss_at(index, value + WIDTH * direction)
        below = loss_at(index, value - WIDTH * direction)
        slope = float(np.sum(gradient * direction))
        assert (above - below) / (2 * WIDTH) == pytest.approx(slope, rel=0.02, abs=5e-4), (
            model.trainable_variables[index].path
        )


@pytest.fixture
def charge_run(start_run, charged_cases):
    """A run with two outputs, on 80 cases with articles and 24 with charges alone."""
    return start_run(*CHARGE_SETTINGS, extra=(charged_cases,))


def weights_of_kind(batch, charges_alone):
    """Return the weights that leave only the cases of one kind in a batch."""
    has_no_articles = tf.reduce_all(batch["articles_known"] == 0, axis=1)
    return tf.cast(has_no_articles if charges_alone else ~has_no_articles, tf.float32)


@pytest.mark.parametrize("charges_alone", [True, False])
def test_each_kind_of_case_trains_its_own_output_alone(charge_run, charges_alone):
    state, step = state_and_step(*charge_run)
    layers = [state.model.get_layer(name) for name in ("articles", "charges")]
    before = [layer.kernel.numpy() for layer in layers]
    for batch in state.iterator:
        weights = weights_of_kind(batch, charges_alone)
        if tf.reduce_sum(weights) > 0:
            break
    step({**batch, "weights": weights})
    changed = [
        not np.array_equal(layer.kernel.numpy(), kernel)
        for layer, kernel in zip(layers, before, strict=True)
    ]
    assert changed == [not charges_alone, charges_alone]


def test_each_output_starts_at_the_shares_among_the_cases_whose_labels_are_known(charge_run):
    run, records = charge_run
    assert records.manifest.known_cases == {"articles": 80, "charges": 24}
    model = create_train_state(TrainingSetup(run, records)).model
    for name, counts, n_cases in (
        ("articles", records.manifest.label_counts, 80),
        ("charges", (8, 8, 8), 24),
    ):
        shares = 1 / (1 + np.exp(-model.get_layer(name).bias.numpy()))
        np.testing.assert_allclose(shares, np.minimum(np.array(counts) / n_cases, 0.5), rtol=1e-4)
