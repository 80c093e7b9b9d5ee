"""Files and folders that appear whole or not at all.

A file is written under a temporary name in the same folder, flushed to the disk, and then renamed.
A reader, or a process that is killed while it writes, never leaves or sees half of it.
"""

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from lawrec.errors import CaseError, quoted
from lawrec.storage.json_text import json_text
from lawrec.storage.processes import locked
from lawrec.storage.remote_files import RemotePath
from lawrec.storage.temporary_names import new_temporary, remove

_TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)
"""The errors of renaming a folder to a path where something is."""
_MEMORY = Path("/dev/shm")
"""A file system in memory, which Linux has even where all others are read-only."""


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to; it is renamed to `path` if the block succeeds.

    Files and folders that killed processes of this host have left in the same folder are removed.
    A file that is replaced keeps its permissions, a link is replaced by the file. A device or a
    pipe, such as /dev/null, is written to directly. What belongs at a URI is uploaded after the
    block.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "new" / "file.txt"
        ...     with atomic_file(path) as temporary:
        ...         _ = temporary.write_text("whole")
        ...     path.read_text()
        'whole'
    """
    if isinstance(path, RemotePath):
        with temporary_folder() as folder:
            with errors_named(folder):
                yield folder / path.name
            path.upload(folder / path.name)
        return
    if path.exists() and not (path.is_file() or path.is_dir()):
        with errors_named(path):
            yield path
        return
    temporary = new_temporary(path)
    try:
        with errors_named(path, temporary):
            yield temporary
            # The data comes to the disk before its new name: a loss of power must not keep half.
            with temporary.open("r+b") as file:
                os.fsync(file.fileno())
            if path.is_file():
                temporary.chmod(path.stat().st_mode)
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
    temporary, replaced = new_temporary(path), new_temporary(path)
    before = _identity(path)
    try:
        with errors_named(path, temporary):
            temporary.mkdir()
            yield temporary
        with locked(path.parent):
            if overwrite and path.is_dir() and _identity(path) == before:
                path.rename(replaced)
            _rename_to_new(temporary, path, keep_other=overwrite)
    finally:
        for folder in (temporary, replaced):
            remove(folder)


@contextmanager
def errors_named(path: Path, temporary: Path | None = None) -> Iterator[None]:
    """Yield, and name a path in those errors of the block that name none, such as a full disk.

    Args:
        path: The path.
        temporary: Its temporary name, in whose place errors name it as well.

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
        named = str(error.filename or "")
        # An error of a library's own has no number, but its own text.
        if error.errno and (not named or (temporary and named.startswith(str(temporary)))):
            error.filename = str(path)
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
    folder = _temporary_root()
    with errors_named(folder), tempfile.TemporaryFile(dir=folder) as file:
        yield file


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a new folder that only this user may look into; it is removed after the block.

    It is for a few small files: where no disk may be written to, as in some containers, it is in
    memory.

    Raises:
        CaseError: No temporary folder can be written to.

    Example:
        >>> with temporary_folder() as folder:
        ...     list(folder.iterdir())
        []
    """
    with tempfile.TemporaryDirectory(prefix="lawrec-", dir=_temporary_root(_MEMORY)) as folder:
        yield Path(folder)


def _temporary_root(instead: Path | None = None) -> Path:
    """Return the system's folder for temporary files, or another one where there is none."""
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        if instead and os.access(instead, os.W_OK):
            return instead
        raise CaseError(
            "TMPDIR",
            expected="a folder for temporary files must be writable",
            got="none that is",
            todo="Free some space in /tmp, or set TMPDIR to another folder.",
        ) from error


def _identity(path: Path) -> tuple[int, int] | None:
    """Return a value that differs for each folder that was ever renamed to a path."""
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


def check_writable(folder: Path) -> None:
    """Raise an error now if a file that a long computation ends with cannot be written.

    Raises:
        OSError: The folder cannot be written to, or its disk is full.

    Example:
        >>> import tempfile
        >>> check_writable(Path(tempfile.gettempdir()))
    """
    with errors_named(folder, folder), tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"0")


def check_new_folder(folder: Path) -> None:
    """Raise an error if a folder to write to has files already.

    Raises:
        CaseError: The path is a file, or a folder that is not empty.

    Example:
        >>> check_new_folder(Path("absent"))
    """
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    if names or (folder.exists() and not folder.is_dir()):
        raise CaseError(
            folder,
            expected="the folder must be new or empty",
            got=f"a folder with {quoted(names[0])} in it" if names else "a file",
            todo="Name another folder.",
        )


def path_out_of(folder: Path) -> Path | None:
    """Return the first path in a folder that is not to be read if a stranger made the folder.

    That is a link that leads out of the folder, to a file that the stranger may not see, or a pipe
    or a device, which could make a program wait for ever.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     (Path(folder) / "tokens.txt").symlink_to("/etc/hosts")
        ...     path_out_of(Path(folder)).name
        'tokens.txt'
    """
    root = os.path.realpath(folder)  # unlike `resolve`, it takes a circle of links
    paths = (
        Path(parent, name)
        for parent, folders, files in os.walk(folder)
        for name in (*folders, *files)
    )
    return next((path for path in paths if not _is_inside(path, root)), None)


def _is_inside(path: Path, root: str) -> bool:
    if path.is_symlink():
        return Path(os.path.realpath(path)).is_relative_to(root)
    return path.is_file() or path.is_dir() or not path.exists()  # removed meanwhile


def write_text(path: Path, text: str) -> None:
    r"""Write a text in UTF-8, whole or not at all, with line feeds as line ends.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_text(Path(folder) / "law.txt", "264\n")
        ...     (Path(folder) / "law.txt").read_bytes()
        b'264\n'
    """
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


CSV_ENCODING = "utf-8-sig"
"""The encoding of CSV files: Excel needs the byte order mark to see that it is UTF-8."""


def write_lines(path: Path, lines: Iterable[str], *, encoding: str = "utf-8") -> None:
    r"""Write lines as they come, with line feeds behind them, whole or not at all.

    Args:
        path: The file.
        lines: The lines. Characters that UTF-8 cannot hold are escaped.
        encoding: "utf-8", or `CSV_ENCODING` for a CSV file.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_lines(Path(folder) / "law.txt", ["264", "266"])
        ...     (Path(folder) / "law.txt").read_bytes()
        b'264\n266\n'
    """
    with (
        atomic_file(path) as temporary,
        temporary.open("w", encoding=encoding, errors="backslashreplace", newline="\n") as file,
    ):
        file.writelines(f"{line}\n" for line in lines)


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
