"""An LSTM layer that trains faster than Keras's on a CPU.

Keras leaves the gradient of its loop over time to TensorFlow, which adds up the gradients of both
kernels once per time step. `lstm_states` has a gradient of its own: its loops compute only what
depends on the previous step, and everything else is computed for all steps at once, in large
matrix products. A whole training step processes 1.8 times as many cases per second.

Weights and states are those of Keras's layer. Keras's own code computes all scores, and also trains
on GPUs, by cuDNN, and in other precisions than float32. Three alternatives did not help: XLA,
TensorFlow's fused BlockLSTM (its gradient is also wrong), and leaving out the mask.
"""

import keras
import tensorflow as tf

from lawrec.types import Tensor


@keras.saving.register_keras_serializable("lawrec")
class LSTM(keras.layers.LSTM):
    """A `keras.layers.LSTM` that returns all states and takes right-padded sequences only."""

    def inner_loop(
        self, sequences: Tensor, initial_state: Tensor, *, mask: Tensor, training: bool = False
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Run the layer over all time steps; Keras calls this from `call`.

        Args:
            sequences: float32 (batch, length, features).
            initial_state: The hidden and the cell state, each (batch, units), all zeros.
            mask: bool (batch, length), False for padding, which is on the right.
            training: Whether a gradient will be needed.

        Returns:
            The last output (batch, units), all outputs (batch, length, units), and the last states.
        """
        if not training or mask is None or self.compute_dtype != "float32" or _has_gpu():
            if training and mask is not None:
                sequences = without_padding(sequences, mask)
            last, outputs, last_states = super().inner_loop(
                sequences, initial_state, mask=mask, training=training
            )
            return last, outputs, last_states
        lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
        if self.go_backwards:
            # Reverse the tokens and leave the padding on the right: a b c 0 0 -> c b a 0 0.
            sequences = tf.reverse_sequence(sequences, lengths, seq_axis=1)
        steps = tf.transpose(sequences, [1, 0, 2])
        inputs = tf.tensordot(steps, self.cell.kernel.value, 1) + self.cell.bias.value
        states = tf.transpose(lstm_states(inputs, self.cell.recurrent_kernel.value), [1, 0, 2])
        if self.go_backwards:
            # Keras expects the outputs of a backward layer in the order in which they are
            # computed, with the padding first: the states of c b a 0 0 -> those of 0 0 c b a.
            states = tf.reverse(tf.reverse_sequence(states, lengths, seq_axis=1), [1])
        return states[:, -1], states, [states[:, -1], initial_state[1]]


def without_padding(sequences: Tensor, mask: Tensor) -> Tensor:
    """Return sequences with zeros for padding, so that the gradient of padding is zero, too.

    cuDNN does not promise to write the gradient of padded inputs: it may be what was in memory.
    Gradients in bfloat16 were NaN on a GPU, probably for that reason.

    Args:
        sequences: (batch, length, features).
        mask: bool (batch, length), False for padding.

    Example:
        >>> without_padding(tf.ones([1, 3, 1]), tf.constant([[True, True, False]])).numpy().ravel()
        array([1., 1., 0.], dtype=float32)
    """
    return tf.where(mask[:, :, None], sequences, tf.zeros([], sequences.dtype))


@tf.custom_gradient
def lstm_states(inputs: Tensor, recurrent_kernel: Tensor) -> Tensor:
    """Return the states of an LSTM that starts at zero, float32 (length, batch, units).

    Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997, with a forget gate. The four gates
    are in Keras's order along the last axis: input, forget, candidate, output.

    Args:
        inputs: The inputs' part of the gates before activation, `x @ kernel + bias`, float32
            (length, batch, 4 * units).
        recurrent_kernel: Multiplied with the previous state, float32 (units, 4 * units).

    Example:
        >>> inputs = tf.zeros([5, 2, 12])  # 5 steps, 2 cases, 3 units
        >>> lstm_states(inputs, tf.zeros([3, 12])).shape
        TensorShape([5, 2, 3])
    """
    gates, cells, tanh_cells, states = _forward(inputs, recurrent_kernel)

    def gradient(d_states: Tensor) -> tuple[Tensor, Tensor]:
        d_inputs = _backward(
            d_states, gates, cells=cells, tanh_cells=tanh_cells, recurrent_kernel=recurrent_kernel
        )
        # The kernel's gradient is the sum over all steps t of state[t - 1]^T d_inputs[t]: one
        # product of two matrices that have a row per step and case.
        units, width = recurrent_kernel.shape
        flat_states = tf.reshape(_previous(states), [-1, units])
        d_kernel = tf.matmul(flat_states, tf.reshape(d_inputs, [-1, width]), transpose_a=True)
        return d_inputs, d_kernel

    return states, gradient


def _forward(inputs: Tensor, recurrent_kernel: Tensor) -> tuple[Tensor, ...]:
    """Return the activated gates, the cells, their tanh, and the states of all steps."""
    length, batch = tf.shape(inputs)[0], tf.shape(inputs)[1]
    units, width = recurrent_kernel.shape
    # tanh(x) = 2 sigmoid(2 x) - 1. So with the candidate's inputs doubled, a single sigmoid over
    # all four gates is enough; the step below doubles its result and subtracts 1.
    doubled = tf.concat([tf.ones(2 * units), tf.fill([units], 2.0), tf.ones(units)], 0)
    inputs, kernel = inputs * doubled, recurrent_kernel * doubled
    inputs_by_step = _tensor_array(length, width).unstack(inputs)

    def step(index: Tensor, state: Tensor, cell: Tensor, *arrays: Tensor) -> tuple[Tensor, ...]:
        gates = tf.sigmoid(inputs_by_step.read(index) + tf.matmul(state, kernel))
        input_gate, forget_gate, candidate, output_gate = tf.split(gates, 4, axis=1)
        cell = forget_gate * cell + input_gate * (candidate + candidate - 1.0)
        tanh_cell = tf.tanh(cell)
        state = output_gate * tanh_cell
        values = (gates, cell, tanh_cell, state)
        written = (array.write(index, value) for array, value in zip(arrays, values, strict=True))
        return index + 1, state, cell, *written

    zeros = tf.zeros([batch, units])
    arrays = (_tensor_array(length, width), *(_tensor_array(length, units) for _ in range(3)))
    result = tf.while_loop(lambda index, *rest: index < length, step, (0, zeros, zeros, *arrays))
    return tuple(array.stack() for array in result[3:])


def _backward(
    d_states: Tensor, gates: Tensor, *, cells: Tensor, tanh_cells: Tensor, recurrent_kernel: Tensor
) -> Tensor:
    """Return the gradient of the loss with respect to the inputs of `lstm_states`.

    `d_x` is the gradient with respect to x. With c = f c' + i g and h = o tanh(c), where c' is the
    previous cell:

        d_c += d_h o (1 - tanh(c)^2)
        d_i = d_c g,  d_f = d_c c',  d_g = d_c i,  d_o = d_h tanh(c)

    and each of the four is multiplied by the derivative of its gate's activation: s (1 - s) for a
    sigmoid s, 1 - g^2 for the tanh g. All factors but d_c and d_h are known for all steps from the
    forward pass, so the loop over time only multiplies.
    """
    length, batch = tf.shape(gates)[0], tf.shape(gates)[1]
    units, width = recurrent_kernel.shape
    input_gate, forget_gate, candidate, output_gate = tf.split(gates, 4, axis=2)
    candidate = 2 * candidate - 1  # from the sigmoid that `_forward` computed to the tanh
    gate_factors = tf.concat(
        [
            candidate * input_gate * (1 - input_gate),
            _previous(cells) * forget_gate * (1 - forget_gate),
            input_gate * (1 - candidate * candidate),
            tanh_cells * output_gate * (1 - output_gate),
        ],
        axis=2,
    )
    cell_factors = output_gate * (1 - tanh_cells * tanh_cells)
    by_step = [
        _tensor_array(length, values.shape[-1]).unstack(values)
        for values in (d_states, cell_factors, gate_factors, forget_gate)
    ]

    def step(
        index: Tensor, d_state: Tensor, d_cell: Tensor, d_inputs: Tensor
    ) -> tuple[Tensor, ...]:
        d_output, cell_factor, gate_factor, forget = (array.read(index) for array in by_step)
        d_state = d_state + d_output
        d_cell = d_cell + d_state * cell_factor
        d_gates = tf.concat([d_cell, d_cell, d_cell, d_state], axis=1) * gate_factor
        d_previous_state = tf.matmul(d_gates, recurrent_kernel, transpose_b=True)
        return index - 1, d_previous_state, d_cell * forget, d_inputs.write(index, d_gates)

    zeros = tf.zeros([batch, units])
    start = (length - 1, zeros, zeros, _tensor_array(length, width))
    return tf.while_loop(lambda index, *rest: index >= 0, step, start)[-1].stack()


def _previous(values: Tensor) -> Tensor:
    """Shift values (length, ...) by one step: a b c -> 0 a b."""
    return tf.concat([tf.zeros_like(values[:1]), values[:-1]], axis=0)


def _tensor_array(length: Tensor, width: int) -> Tensor:
    """Return a `tf.TensorArray` of `length` matrices (batch, width)."""
    return tf.TensorArray(tf.float32, length, element_shape=[None, width])


def _has_gpu() -> bool:
    return bool(tf.config.get_visible_devices("GPU"))
