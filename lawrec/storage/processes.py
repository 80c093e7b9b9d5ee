"""Processes: which one this is, whether another one runs, and who may write to a folder now."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path


@cache
def pid_space() -> str:
    """Return where a process id means the same process: a container may have the name of its host.

    Returns:
        The name of this host, which other hosts that share a disk do not have, and the number of
        the namespace of process ids; 0 where it cannot be known.

    Example:
        >>> pid_space().startswith(f"{platform.node()}.")
        True
    """
    try:
        namespace = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        namespace = 0
    return f"{platform.node()}.{namespace}"


def process_name() -> str:
    """Return a name of this process that no other one has while it runs, wherever it runs.

    Example:
        >>> process_name() == f"{os.getpid()}@{pid_space()}"
        True
    """
    return f"{os.getpid()}@{pid_space()}"


def is_running(pid: int) -> bool:
    """Return whether a process runs on this host; also True where nobody can know.

    Example:
        >>> is_running(os.getpid())
        True
    """
    # Signal 0 only asks whether the process exists; on Windows, os.kill would end the process.
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # it is another user's, or no process id
        pass
    return True


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Yield to one process or thread at a time, on systems with locks of folders.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder, locked(Path(folder)):
        ...     pass
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
