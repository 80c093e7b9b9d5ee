"""Files and folders that appear whole or not at all.

A file is written under a temporary name in the same folder, flushed to the disk, and then renamed.
A reader, or a process that is killed while it writes, never leaves or sees half of it.
"""

import errno
import hashlib
import json
import os
import platform
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from lawrec.errors import CaseError
from lawrec.text import encodable

_HOST = platform.node()
_TEMPORARY = re.compile(rf"\..+\.([0-9]{{1,10}})@{re.escape(_HOST)}\.[0-9a-f]{{8}}\.tmp")
"""What this host is writing, as `_new_temporary` names it: ".run.4711@host.8f0c2e9d.tmp"."""
_NAME_KEPT = 40
"""Characters of a name that its temporary name begins with: no name may be over 255 bytes."""
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)
"""The errors of renaming a folder to a path where something is."""


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to; it is renamed to `path` if the block succeeds.

    Files and folders that killed processes of this host have left in the same folder are removed.
    A device or a pipe, such as /dev/null, is written to directly.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "new" / "file.txt"
        ...     with atomic_file(path) as temporary:
        ...         _ = temporary.write_text("whole")
        ...     path.read_text()
        'whole'
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        yield path
        return
    temporary = _new_temporary(path)
    try:
        with errors_named(path):
            yield temporary
            _flush_to_disk(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path, *, overwrite: bool = True) -> Iterator[Path]:
    """Yield a temporary folder to fill; it is renamed to `path` if the block succeeds.

    Files and folders that killed processes of this host have left in the same folder are removed.

    Args:
        path: The folder.
        overwrite: Replace the folder if it exists, unless another process has done so during the
            block: the first one wins, and what this block has written is removed. Only for folders
            that each process fills in the same way.

    Raises:
        FileExistsError: The path exists, is not an empty folder, and must not be overwritten.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as root:
        ...     with atomic_folder(Path(root) / "run") as temporary:
        ...         (temporary / "weights").touch()
        ...     [path.name for path in (Path(root) / "run").iterdir()]
        ['weights']
    """
    temporary, replaced = _new_temporary(path), _new_temporary(path)
    before = _identity(path)
    temporary.mkdir()
    try:
        with errors_named(path):
            yield temporary
        with _locked(path.parent):
            if overwrite and path.is_dir() and _identity(path) == before:
                path.rename(replaced)
            _rename_to_new(temporary, path, keep_other=overwrite)
    finally:
        for folder in (temporary, replaced):
            _remove(folder)


@contextmanager
def errors_named(path: Path) -> Iterator[None]:
    """Name a path in those errors of the operating system that name none, such as a full disk.

    Example:
        >>> with errors_named(Path("data/records")):
        ...     raise OSError(errno.ENOSPC, "No space left on device")
        Traceback (most recent call last):
        OSError: [Errno 28] No space left on device: 'data/records'
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


@contextmanager
def temporary_file() -> Iterator[IO[bytes]]:
    """Yield an open file in the system's temporary folder, which its errors name; it has no name.

    Raises:
        CaseError: No temporary folder can be written to.

    Example:
        >>> with temporary_file() as file:
        ...     file.write(b"264")
        3
    """
    try:
        folder = Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        raise CaseError(
            "TMPDIR",
            expected="a folder for temporary files must be writable",
            got="none that is",
            todo="Free some space in /tmp, or set TMPDIR to another folder.",
        ) from error
    with errors_named(folder), tempfile.TemporaryFile(dir=folder) as file:
        yield file


def _new_temporary(path: Path) -> Path:
    """Return a new name beside a path, and remove what killed processes have left there.

    A disk may be shared: the process ids of another host mean nothing here.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for sibling in _siblings(path.parent):
        ours = _TEMPORARY.fullmatch(sibling.name)
        if ours and not _is_running(int(ours[1])):
            _remove(sibling)
    owner = f"{os.getpid()}@{_HOST}"
    return path.with_name(f".{path.name[:_NAME_KEPT]}.{owner}.{secrets.token_hex(4)}.tmp")


def _siblings(folder: Path) -> list[Path]:
    """Return what is in a folder; nothing if it may be written to but not read."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _remove(path: Path) -> None:
    """Remove a file or a folder that another process may be removing as well."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with suppress(OSError):
        path.unlink()


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what is another one for each folder that was ever renamed to a path."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _rename_to_new(temporary: Path, path: Path, *, keep_other: bool) -> None:
    """Rename a folder to a path that is new or an empty folder.

    Args:
        temporary: The folder.
        path: The path.
        keep_other: If another folder is there, leave both as they are.

    Raises:
        FileExistsError: A folder is there and must not be kept, or a file.
    """
    try:
        temporary.rename(path)
    except OSError as error:
        if error.errno not in _TAKEN:
            raise
        if not (keep_other and path.is_dir()):
            message = os.strerror(errno.EEXIST)
            raise FileExistsError(errno.EEXIST, message, str(path)) from error


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let one process at a time run the block, on systems with locks of folders."""
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


def _flush_to_disk(path: Path) -> None:
    """Write a file's data to the disk before its new name: a loss of power must not keep half."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _is_running(pid: int) -> bool:
    """Return whether a process runs on this host; also True where nobody can know."""
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


def check_new_folder(folder: Path) -> None:
    """Raise an error if a folder to write to has files already.

    Raises:
        CaseError: The path is a file, or a folder that is not empty.

    Example:
        >>> check_new_folder(Path("absent"))
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CaseError(
            folder,
            expected="the folder must be new or empty",
            got="something there",
            todo="Name another folder.",
        )


def write_text(path: Path, text: str) -> None:
    r"""Write a text in UTF-8, whole or not at all, with line feeds as line ends.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_text(Path(folder) / "law.txt", "264\n")
        ...     (Path(folder) / "law.txt").read_bytes()
        b'264\n'
    """
    with (
        atomic_file(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="\n") as file,
    ):
        file.write(text)


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON that people can read: indented, Chinese characters as they are.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_json(Path(folder) / "charge.json", ["盗窃"])
        ...     print((Path(folder) / "charge.json").read_text(encoding="utf-8"), end="")
        [
         "盗窃"
        ]
    """
    write_text(path, json_text(value) + "\n")


def json_text(value: Any, indent: int | None = 1) -> str:
    r"""Return a value as JSON, with Chinese characters as they are.

    Characters that UTF-8 cannot hold, such as those of a file name in other bytes, are escaped.

    Args:
        value: The value.
        indent: Spaces before the values in a list or an object; None: all is one line.

    Example:
        >>> json_text({"fact": "盗窃"}, None)
        '{"fact": "盗窃"}'
        >>> json_text(["盗窃", "\udcff"], None)
        '["盗窃", "\\udcff"]'
    """
    return encodable(json.dumps(value, ensure_ascii=False, indent=indent))


def json_line(value: Any) -> bytes:
    """Return a value as JSON in UTF-8, on one line, without a line end; see `json_text`.

    Example:
        >>> json_line({"fact": "盗窃"}).decode()
        '{"fact": "盗窃"}'
    """
    return json_text(value, None).encode()


def sha256(path: Path) -> str:
    r"""Return the SHA-256 digest of a file, in hexadecimal.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_text(Path(folder) / "law.txt", "264\n")
        ...     sha256(Path(folder) / "law.txt")[:8]
        '87634245'
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
