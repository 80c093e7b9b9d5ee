"""Recurrent: Keras's LSTM with a quicker way through a training step on the CPU.

Keras leaves the gradient of a loop over time to TensorFlow, which adds up the gradient of both
kernels once a step. Here the loops hold only what one step needs of the one before; all else is
done for all steps at once, in large matrices. Weights and results are those of Keras's layer.
"""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("lawrec")
class LSTM(keras.layers.LSTM):
    """A keras.layers.LSTM that gives all states and whose masked steps stand on the right."""

    def inner_loop(
        self, sequences: Any, initial_state: Any, *, mask: Any, training: bool = False
    ) -> Any:
        """Return the last output, the outputs (batch, length, units) and the last states.

        On a GPU Keras's own way is cuDNN, and scores are always computed by Keras's own.
        """
        if not training or mask is None or self.compute_dtype != "float32" or _has_gpu():
            return super().inner_loop(sequences, initial_state, mask=mask, training=training)
        lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
        if self.go_backwards:
            sequences = tf.reverse_sequence(sequences, lengths, seq_axis=1)
        steps = tf.transpose(sequences, [1, 0, 2])
        inputs = tf.tensordot(steps, self.cell.kernel.value, 1) + self.cell.bias.value
        states = tf.transpose(states_of(inputs, self.cell.recurrent_kernel.value), [1, 0, 2])
        if self.go_backwards:
            # Keras expects the first of these outputs to be that of the last step.
            states = tf.reverse(tf.reverse_sequence(states, lengths, seq_axis=1), [1])
        return states[:, -1], states, [states[:, -1], initial_state[1]]


@tf.custom_gradient
def states_of(inputs: Any, kernel: Any) -> Any:
    """Return the states of an LSTM that starts at zero, float32 (length, batch, units).

    Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997, with a forget gate; gates stand in
    Keras's order: input, forget, candidate, output.

    Args:
        inputs: What the gates get from outside, float32 (length, batch, 4 * units).
        kernel: What they get from the state before, float32 (units, 4 * units).
    """
    gates, cells, squashed, states = _forwards(inputs, kernel)

    def gradient(of_states: Any) -> tuple[Any, Any]:
        of_inputs = _backwards(
            of_states, gates, cells=_before(cells), squashed=squashed, kernel=kernel
        )
        units, wide = kernel.shape
        flat_states = tf.reshape(_before(states), [-1, units])
        of_kernel = tf.matmul(flat_states, tf.reshape(of_inputs, [-1, wide]), transpose_a=True)
        return of_inputs, of_kernel

    return states, gradient


def _forwards(inputs: Any, kernel: Any) -> tuple[Any, ...]:
    """Return gates, cells, their tanh, and states of all steps."""
    length, batch = tf.shape(inputs)[0], tf.shape(inputs)[1]
    units, wide = kernel.shape
    # tanh(x) = 2 sigmoid(2x) - 1: one sigmoid does for all four gates.
    doubled = tf.concat([tf.ones(2 * units), tf.fill([units], 2.0), tf.ones(units)], 0)
    inputs, kernel = inputs * doubled, kernel * doubled
    unstacked = _array(length, wide).unstack(inputs)

    def step(number: Any, state: Any, cell: Any, *written: Any) -> tuple[Any, ...]:
        gates = tf.sigmoid(unstacked.read(number) + tf.matmul(state, kernel))
        enter, forget, candidate, leave = tf.split(gates, 4, axis=1)
        cell = forget * cell + enter * (candidate + candidate - 1.0)
        squashed = tf.tanh(cell)
        state = leave * squashed
        values = (gates, cell, squashed, state)
        arrays = (array.write(number, value) for array, value in zip(written, values, strict=True))
        return number + 1, state, cell, *arrays

    zeros = tf.zeros([batch, units])
    written = (_array(length, wide), *(_array(length, units) for _ in range(3)))
    done = tf.while_loop(lambda number, *rest: number < length, step, (0, zeros, zeros, *written))
    gates, cells, squashed, states = (array.stack() for array in done[3:])
    return gates, cells, squashed, states


def _backwards(of_states: Any, gates: Any, *, cells: Any, squashed: Any, kernel: Any) -> Any:
    """Return the gradient of the inputs; `cells` are those before each step."""
    length, batch = tf.shape(gates)[0], tf.shape(gates)[1]
    units, wide = kernel.shape
    enter, forget, candidate, leave = tf.split(gates, 4, axis=2)
    candidate = 2 * candidate - 1
    slopes = tf.concat(
        [
            candidate * enter * (1 - enter),
            cells * forget * (1 - forget),
            enter * (1 - candidate * candidate),
            squashed * leave * (1 - leave),
        ],
        axis=2,
    )
    through = leave * (1 - squashed * squashed)
    read = [
        _array(length, part.shape[-1]).unstack(part)
        for part in (of_states, through, slopes, forget)
    ]

    def step(number: Any, of_state: Any, of_cell: Any, written: Any) -> tuple[Any, ...]:
        outside, through, slope, forget = (array.read(number) for array in read)
        of_state = of_state + outside
        of_cell = of_cell + of_state * through
        of_gates = tf.concat([of_cell, of_cell, of_cell, of_state], axis=1) * slope
        of_before = tf.matmul(of_gates, kernel, transpose_b=True)
        return number - 1, of_before, of_cell * forget, written.write(number, of_gates)

    zeros = tf.zeros([batch, units])
    start = (length - 1, zeros, zeros, _array(length, wide))
    return tf.while_loop(lambda number, *rest: number >= 0, step, start)[-1].stack()


def _before(values: Any) -> Any:
    """Return what stood before each step: zeros first."""
    return tf.concat([tf.zeros_like(values[:1]), values[:-1]], axis=0)


def _array(length: Any, width: int) -> Any:
    return tf.TensorArray(tf.float32, length, element_shape=[None, width])


def _has_gpu() -> bool:
    return bool(tf.config.get_visible_devices("GPU"))
