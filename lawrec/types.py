"""Names of types, so that a signature says what goes in and what comes out.

TensorFlow and Keras ship no type hints, so a type checker sees their objects as `Any`. The names
below are for readers.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

BoolArray: TypeAlias = npt.NDArray[np.bool_]
Float32Array: TypeAlias = npt.NDArray[np.float32]
Float64Array: TypeAlias = npt.NDArray[np.float64]
Int64Array: TypeAlias = npt.NDArray[np.int64]
NumberArray: TypeAlias = npt.NDArray[Any]
"""Counts: int64 as they are counted, float64 once bootstrap weights multiply them."""
TokenIds: TypeAlias = Sequence[int] | NumberArray
"""The token ids of a case: a list, or an array, which takes less memory."""

Tensor: TypeAlias = Any
"""A `tf.Tensor`, or a symbolic `keras.KerasTensor` while a model is being built."""
Model: TypeAlias = Any
"""A `keras.Model`."""
Dataset: TypeAlias = Any
"""A `tf.data.Dataset`."""
Strategy: TypeAlias = Any
"""A `tf.distribute.Strategy`."""
