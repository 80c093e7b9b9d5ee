"""Import TensorFlow without the messages that it prints while it is imported."""

import os
import sys
from pathlib import Path

from lawrec.errors import RunError

_PROGRAM = Path("/proc/self/exe")
"""Where Linux has the program of a process; TensorFlow ends a process that cannot read it."""


def import_tensorflow(verbose: bool = False) -> None:
    """Import TensorFlow without the lines that it writes before any log level holds.

    They do not pass through Python's sys.stderr but go to file descriptor 2, which is therefore
    connected to nothing during the import: https://github.com/tensorflow/tensorflow/issues/100442

    Args:
        verbose: Show what TensorFlow logs from then on.

    Raises:
        RunError: TensorFlow cannot run here.

    Example:
        >>> import_tensorflow()  # doctest: +SKIP
    """
    if "tensorflow" in sys.modules:
        return
    if sys.platform == "linux" and not _PROGRAM.is_symlink():
        raise RunError(
            "/proc",
            expected="TensorFlow must be able to read it",
            got="nothing there for this process",
            todo="Mount it, or predict with a bundle, which needs no TensorFlow.",
        )
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
