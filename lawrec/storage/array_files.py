"""Files of arrays: NumPy's .npz, read within limits and without pickle, whoever wrote them."""

import zipfile
import zlib
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
        ValueError: It is no such file, a damaged one, or takes too much memory.

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
