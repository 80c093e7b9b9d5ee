"""Temporary names of what is being written, and what killed processes have left under them.

Each process writes under names of its own, such as ".run.4711@host.4026531836.8f0c2e9d.tmp", so
that several can write the same file or folder.
"""

import os
import platform
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def _pid_namespace() -> int:
    """Return the number of the namespace of this process's id; 0 where it cannot be known."""
    try:
        return Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return 0


HOST = platform.node()
"""The name of this host, which other hosts that share a disk do not have."""
PID_SPACE = f"{HOST}.{_pid_namespace()}"
"""Where a process id means the same process: a container may have the name of its host."""
_TEMPORARY = re.compile(rf"\..+\.([0-9]{{1,10}})@{re.escape(PID_SPACE)}\.[0-9a-f]{{8}}\.tmp")
"""What the processes of this space are writing, as `new_temporary` names it."""
_NAME_KEPT = 40
"""Characters of a name that its temporary name begins with: no name may be over 255 bytes."""


def new_temporary(path: Path) -> Path:
    """Return a new name beside a path, and remove what killed processes have left there.

    A disk may be shared: the process ids of another host or container mean nothing here.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = new_temporary(Path(folder) / "new" / "run")
        ...     path.parent.name, path.name[:5], path.suffix
        ('new', '.run.', '.tmp')
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for name in _names_in(path.parent):
        ours = _TEMPORARY.fullmatch(name)
        if ours and not is_running(int(ours[1])):
            remove(path.with_name(name))
    name = f".{path.name[:_NAME_KEPT]}.{process_name()}.{secrets.token_hex(4)}.tmp"
    return path.with_name(name)


def process_name() -> str:
    """Return a name of this process that no other one has while it runs, wherever it runs.

    Example:
        >>> process_name() == f"{os.getpid()}@{PID_SPACE}"
        True
    """
    return f"{os.getpid()}@{PID_SPACE}"


def _names_in(folder: Path) -> list[str]:
    """Return what is in a folder; nothing if it may be written to but not read."""
    try:
        return os.listdir(folder)  # noqa: PTH208 - quicker with many thousands of files
    except OSError:
        return []


def remove(path: Path) -> None:
    """Remove a file or a folder, if it exists; another process may be removing it as well.

    Example:
        >>> remove(Path("no-such-folder"))
    """
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with suppress(OSError):
        path.unlink()


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
