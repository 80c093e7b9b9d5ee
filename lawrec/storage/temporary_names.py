"""Temporary names of what is being written, and what killed processes have left under them.

Each process writes under names of its own, such as ".run.4711@host.4026531836.8f0c2e9d.tmp", so
that several can write the same file or folder.
"""

import os
import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from lawrec.storage.processes import is_running, pid_space, process_name

_TEMPORARY = re.compile(r"\..+\.([0-9]{1,10})@([^@]+)\.[0-9a-f]{8}\.tmp")
"""What a process is writing, as `new_temporary` names it: its id, and where that means it."""
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
        match = _TEMPORARY.fullmatch(name)
        if match and match[2] == pid_space() and not is_running(int(match[1])):
            remove(path.with_name(name))
    name = f".{path.name[:_NAME_KEPT]}.{process_name()}.{secrets.token_hex(4)}.tmp"
    return path.with_name(name)


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
