import numpy as np
import pytest
import tensorflow as tf

from lawrec.config import LossConfig
from lawrec.errors import ConfigError
from lawrec.models.losses import CLASS_WEIGHTS, LOSSES, label_weights, loss_sum

pytestmark = pytest.mark.tensorflow


def random_batch(seed):
    numbers = np.random.default_rng(seed)
    labels, known = (numbers.random((6, 4)) < 0.5).astype(np.float32), numbers.random((6, 4)) < 0.6
    weights = numbers.choice([0.0, 0.5, 1.0, 3.0], 6).astype(np.float32)
    return numbers.normal(0, 3, (6, 4)).astype(np.float32), labels, known, weights


def slow_loss(config, logit, label):
    """Return the loss of one entry from its probability, as the papers write it."""
    p = 1 / (1 + np.exp(-logit))
    if config.name == "focal":
        applies = -((1 - p) ** config.gamma) * np.log(p)
        does_not = -(p**config.gamma) * np.log(1 - p)
    elif config.name == "asymmetric":
        shifted = max(p - config.margin, 0)
        applies, does_not = -np.log(p), -(shifted**config.gamma) * np.log(1 - shifted)
    else:
        applies, does_not = -np.log(p), -np.log(1 - p)
    soft = label * (1 - config.label_smoothing) + config.label_smoothing / 2
    return soft * applies + (1 - soft) * does_not


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_equals_a_slow_reference(name, smoothing, seed):
    config = LossConfig(name=name, label_smoothing=smoothing)
    logits, labels, known, weights = random_batch(seed)
    label_weight = np.array([0.5, 1.0, 2.0, 0.0], np.float32)
    slow = sum(
        weights[case]
        * label_weight[article]
        * slow_loss(config, np.float64(logits[case, article]), labels[case, article])
        for case, article in zip(*np.nonzero(known), strict=True)
    )
    loss = loss_sum(
        logits,
        labels,
        known=known.astype(np.float32),
        weights=weights,
        config=config,
        label_weights=label_weight,
    )
    np.testing.assert_allclose(loss, slow, rtol=2e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_masked_entries_and_cases_without_weight_have_no_gradient_at_all(name):
    logits, labels, known, weights = random_batch(1)
    weights[0] = 0
    logits = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = loss_sum(
            logits,
            labels,
            known=known.astype(np.float32),
            weights=weights,
            config=LossConfig(name=name),
        )
    gradient = tape.gradient(loss, logits).numpy()
    assert (gradient[~(known & (weights[:, None] > 0))] == 0).all()
    assert (gradient != 0).any()


@pytest.mark.parametrize("margin", [0.0, 0.05])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("name", LOSSES)
def test_loss_and_gradient_stay_finite_at_huge_logits(name, gamma, margin):
    config = LossConfig(name=name, gamma=gamma, margin=margin)
    logits = tf.constant([[1e4, -1e4, 1e4, -1e4, 0.0]])
    labels = np.array([[1, 1, 0, 0, 1]], np.float32)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = loss_sum(
            logits,
            labels,
            known=np.ones_like(labels),
            weights=np.ones(1, np.float32),
            config=config,
        )
    assert np.isfinite(loss.numpy())
    assert np.isfinite(tape.gradient(loss, logits).numpy()).all()


def test_a_wrong_certainty_costs_its_logit_and_a_right_one_nothing():
    logits = np.array([[1e4, -1e4]], np.float32)
    ones = np.ones((1, 2), np.float32)
    wrong = loss_sum(
        logits, np.array([[0, 1]], np.float32), known=ones, weights=ones[0, :1], config=LossConfig()
    )
    right = loss_sum(
        logits, np.array([[1, 0]], np.float32), known=ones, weights=ones[0, :1], config=LossConfig()
    )
    assert (float(wrong), float(right)) == (2e4, 0)


def test_equal_weights_are_all_one():
    np.testing.assert_array_equal(label_weights([5, 0, 900], LossConfig()), [1, 1, 1])


def test_effective_numbers_weigh_rare_articles_more_with_a_mean_of_one():
    config = LossConfig(class_weights="effective-number", effective_number_beta=0.5)
    # (1 - b) / (1 - b^n) for n = 1 (and 0), 1, 2: 1, 1, 2/3; their mean is 8/9.
    np.testing.assert_allclose(label_weights([0, 1, 2], config), [1.125, 1.125, 0.75])


@pytest.mark.parametrize("beta", [0.0, 0.9, 0.9999])
@pytest.mark.parametrize("name", CLASS_WEIGHTS)
def test_class_weights_never_rise_with_the_count(name, beta):
    weights = label_weights(
        [0, 1, 10, 100, 10_000], LossConfig(class_weights=name, effective_number_beta=beta)
    )
    assert weights.dtype == np.float32
    assert (np.diff(weights) <= 0).all()
    assert weights.mean() == pytest.approx(1)


def test_an_unknown_loss_is_refused_with_its_setting():
    one = np.ones((1, 1), np.float32)
    with pytest.raises(ConfigError, match=r"loss\.name"):
        loss_sum(one, one, known=one, weights=one, config=LossConfig(name="hinge"))
