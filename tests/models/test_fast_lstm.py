import keras
import numpy as np
import pytest
import tensorflow as tf

from lawrec.models.fast_lstm import LSTM, lstm_states

pytestmark = pytest.mark.tensorflow

LENGTHS = np.array([5, 1, 7, 3])


def layers(bidirectional, units=3):
    """Return Keras's layer and ours with the same random weights."""
    keras.utils.set_random_seed(1)
    pair = [kind(units, return_sequences=True) for kind in (keras.layers.LSTM, LSTM)]
    if bidirectional:
        pair = [keras.layers.Bidirectional(layer) for layer in pair]
    for layer in pair:
        layer.build((None, None, 2))
    numbers = np.random.default_rng(2)
    values = [numbers.normal(0, 1, weight.shape) for weight in pair[0].weights]
    for layer in pair:
        layer.set_weights(values)
    return pair


def inputs(lengths=LENGTHS):
    values = np.random.default_rng(3).normal(0, 1, (len(lengths), max(lengths), 2))
    mask = np.arange(max(lengths)) < np.array(lengths)[:, None]
    return tf.constant(values, tf.float32), tf.constant(mask)


def states_and_gradients(layer, values, mask):
    """Return the states that are not masked, and the gradients of a sum over them."""

    @tf.function
    def work(values, mask):
        with tf.GradientTape() as tape:
            tape.watch(values)
            states = layer(values, mask=mask, training=True)
            size = states.shape[-1] * tf.size(mask)
            factors = tf.reshape(tf.cos(tf.range(size, dtype=tf.float32)), tf.shape(states))
            total = tf.reduce_sum(tf.where(mask[..., None], states * factors, 0.0))
        weights = [weight.value for weight in layer.trainable_variables]
        return states, tape.gradient(total, [values, *weights])

    states, gradients = work(values, mask)
    return states.numpy()[mask.numpy()], gradients


@pytest.mark.parametrize("lengths", [LENGTHS, [4, 4], [1], [6]])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_states_and_gradients_in_training_are_those_of_keras(bidirectional, lengths):
    keras_layer, own = layers(bidirectional)
    values, mask = inputs(lengths)
    expected, expected_gradients = states_and_gradients(keras_layer, values, mask)
    states, gradients = states_and_gradients(own, values, mask)
    np.testing.assert_allclose(states, expected, atol=1e-6)
    for ours, theirs in zip(gradients, expected_gradients, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-5)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_inputs_training_it_is_keras_to_the_bit(bidirectional):
    keras_layer, own = layers(bidirectional)
    values, mask = inputs()
    np.testing.assert_array_equal(own(values, mask=mask), keras_layer(values, mask=mask))


@tf.custom_gradient
def cudnn(sequences, mask):
    """Return sequences; the gradient of padding is what was in memory, here NaN."""

    def gradient(upstream):
        return tf.where(mask[:, :, None], upstream, float("nan")), None

    return sequences, gradient


@pytest.mark.parametrize("bidirectional", [False, True])
def test_what_cudnn_leaves_in_the_gradient_of_padding_is_not_used(monkeypatch, bidirectional):
    _, own = layers(bidirectional, units=2)

    def inner_loop(self, sequences, initial_state, mask, training=False):
        states = cudnn(sequences, mask)
        return states[:, -1], states, initial_state

    monkeypatch.setattr("lawrec.models.fast_lstm._has_gpu", lambda: True)
    monkeypatch.setattr(keras.layers.LSTM, "inner_loop", inner_loop)
    values, mask = inputs()
    with tf.GradientTape() as tape:
        tape.watch(values)
        states = own(values, mask=mask, training=True)
        total = tf.reduce_sum(tf.where(mask[..., None], states, 0.0))
    gradient = tape.gradient(total, values).numpy()
    padding = ~mask.numpy()
    np.testing.assert_array_equal(gradient[padding], 0)
    assert (gradient[~padding] > 0).all()


def slow_states(inputs, kernel):
    """Return the states of one case, computed gate by gate as in a textbook."""
    sigmoid = lambda values: 1 / (1 + np.exp(-values))  # noqa: E731
    units = kernel.shape[0]
    state = cell = np.zeros(units)
    states = []
    for step in inputs:
        input_gate, forget_gate, candidate, output_gate = np.split(step + state @ kernel, 4)
        cell = sigmoid(forget_gate) * cell + sigmoid(input_gate) * np.tanh(candidate)
        state = sigmoid(output_gate) * np.tanh(cell)
        states.append(state)
    return np.array(states)


def test_states_equal_a_slow_reference():
    numbers = np.random.default_rng(4)
    inputs, kernel = numbers.normal(0, 1, (6, 2, 12)), numbers.normal(0, 1, (3, 12))
    states = lstm_states(tf.constant(inputs, tf.float32), tf.constant(kernel, tf.float32))
    for case in range(2):
        np.testing.assert_allclose(states[:, case], slow_states(inputs[:, case], kernel), atol=1e-5)


def test_gradients_are_those_of_finite_differences():
    numbers = np.random.default_rng(5)
    inputs = numbers.normal(0, 1, (4, 1, 8))
    kernel = tf.constant(numbers.normal(0, 1, (2, 8)), tf.float32)
    factors = numbers.normal(0, 1, (4, 2))
    tensor = tf.constant(inputs, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        total = tf.reduce_sum(lstm_states(tensor, kernel)[:, 0] * factors)
    gradient = tape.gradient(total, tensor).numpy()
    for index in np.ndindex(inputs.shape):
        change = np.zeros_like(inputs)
        change[index] = 1e-5
        ends = [
            (slow_states((inputs + direction * change)[:, 0], kernel.numpy()) * factors).sum()
            for direction in (1, -1)
        ]
        assert gradient[index] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-4)
