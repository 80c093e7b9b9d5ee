"""Import TensorFlow without the messages that it prints while it is imported."""

import os
import sys
from pathlib import Path


def import_tensorflow(verbose: bool = False) -> None:
    """Import TensorFlow without the lines that it writes before any log level holds.

    They do not pass through Python's sys.stderr but go to file descriptor 2, which is therefore
    connected to nothing during the import: https://github.com/tensorflow/tensorflow/issues/100442

    Args:
        verbose: Show what TensorFlow logs from then on.

    Example:
        >>> import_tensorflow()  # doctest: +SKIP
    """
    if "tensorflow" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "0" if verbose else "3")
    sys.stderr.flush()
    stderr = os.dup(2)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        import tensorflow  # noqa: F401
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
