"""Types that a signature names so that it says what goes in and what comes out.

TensorFlow and Keras ship no types, so their objects are `Any` to a type checker; the names here
still tell a reader which of them is meant.
"""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

BoolArray: TypeAlias = npt.NDArray[np.bool_]
Float32Array: TypeAlias = npt.NDArray[np.float32]
Float64Array: TypeAlias = npt.NDArray[np.float64]
Int64Array: TypeAlias = npt.NDArray[np.int64]
NumberArray: TypeAlias = npt.NDArray[Any]
"""An array of any one number type: counts, which resampling makes floating-point."""

Tensor: TypeAlias = Any
"""A `tf.Tensor`, or inside a Keras model the symbolic tensor that stands for one."""
Model: TypeAlias = Any
"""A `keras.Model`."""
Dataset: TypeAlias = Any
"""A `tf.data.Dataset`."""
Strategy: TypeAlias = Any
"""A `tf.distribute.Strategy`."""
