"""Files of arrays: NumPy's .npz, read within limits and without pickle, whoever wrote them."""

import json
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lawrec.storage.limits import MAX_ARRAY_BYTES
from lawrec.types import NumberArray

_UNREADABLE = (AttributeError, EOFError, LookupError, RuntimeError, TypeError, zlib.error)
"""What NumPy raises for a damaged file, besides ValueError."""


def read_arrays(path: Path) -> dict[str, NumberArray]:
    """Return the arrays of an .npz file by name.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is not such a file, a damaged one, or takes too much memory.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.savez(Path(folder) / "weights.npz", bias=np.array([1, 2]))
        ...     read_arrays(Path(folder) / "weights.npz")
        {'bias': array([1, 2])}
    """
    try:
        # NumPy leaves a damaged file open that it has opened itself.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            if sum(entry.file_size for entry in file.zip.infolist()) > MAX_ARRAY_BYTES:
                raise ValueError(f"arrays of more than {MAX_ARRAY_BYTES:,} bytes")
            arrays = {name: file[name] for name in file.files}
    except (*_UNREADABLE, zipfile.BadZipFile) as error:
        raise ValueError(f"no undamaged arrays: {error}") from error
    if not all(isinstance(array, np.ndarray) for array in arrays.values()):
        raise ValueError("a file with something else than arrays")
    return arrays


def text_array(texts: Sequence[str]) -> NumberArray:
    """Return texts as an array, uint8 (n_bytes,), which holds them as JSON.

    An array of texts would have room for the longest one in each of its entries.

    Example:
        >>> texts_in(text_array(["264", "133之一"]))
        ('264', '133之一')
    """
    return np.frombuffer(json.dumps(texts).encode(), np.uint8)


def texts_in(array: NumberArray) -> tuple[str, ...]:
    """Return the texts that `text_array` has made an array of.

    Raises:
        ValueError: It has made no such array.

    Example:
        >>> texts_in(np.array([91, 93], np.uint8))
        ()
    """
    return tuple(json.loads(array.tobytes()))
