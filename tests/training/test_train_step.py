"""The gradient that a step follows, against finite differences of the loss that it tells."""

import numpy as np
import pytest
import tensorflow as tf

from lawrec.models.losses import LOSSES
from lawrec.training.train_step import create_state, make_step
from tests.helpers.cases import changed_data

pytestmark = pytest.mark.tensorflow
WIDTH = 1e-2
"""Of the differences: losses are float32, and rounding them must not drown the difference."""


def all_kinds(case, split, row):
    """Give cases weights, charges, and articles that nobody knows of."""
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
        strategy = tf.distribute.get_strategy()
        state = create_state(run, records, strategy=strategy)
        batch = next(state.iterator)
        step = make_step(state, strategy, config=run.config, records=records)
        return state.model, lambda: step(batch), batch

    return start


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

    def loss_at(place, values):
        for variable, value in zip(model.trainable_variables, start, strict=True):
            variable.assign(value)
        model.trainable_variables[place].assign(values)
        return float(step().loss)

    numbers = np.random.default_rng(1)
    for place, (value, gradient) in enumerate(zip(start, gradients, strict=True)):
        # Half along the gradient, half anywhere: a part that is left out would show.
        anywhere = numbers.normal(size=value.shape)
        along = gradient / max(np.linalg.norm(gradient), 1e-9)
        direction = (along + anywhere / np.linalg.norm(anywhere)).astype(np.float32)
        above, below = (loss_at(place, value + sign * WIDTH * direction) for sign in (1, -1))
        slope = float(np.sum(gradient * direction))
        assert (above - below) / (2 * WIDTH) == pytest.approx(slope, rel=0.02, abs=5e-4), (
            model.trainable_variables[place].path
        )
