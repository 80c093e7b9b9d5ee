"""Files and folders that appear whole or not at all.

A file is written under a temporary name in the same folder, flushed to the disk, and then renamed.
A reader, or a process that is killed while it writes, never leaves or sees half of it.
"""

import errno
import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lawrec.errors import CaseError


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to; it is renamed to `path` if the block succeeds.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "new" / "file.txt"
        ...     with atomic_file(path) as temporary:
        ...         _ = temporary.write_text("whole")
        ...     path.read_text()
        'whole'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path, *, overwrite: bool = True) -> Iterator[Path]:
    """Yield a temporary folder to fill; it is renamed to `path` if the block succeeds.

    Temporary folders that killed processes of this host have left for the same path are removed.

    Args:
        path: The folder.
        overwrite: Replace the folder if it exists.

    Raises:
        FileExistsError: The path exists and must not be overwritten.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as root:
        ...     with atomic_folder(Path(root) / "run") as temporary:
        ...         (temporary / "weights").touch()
        ...     [path.name for path in (Path(root) / "run").iterdir()]
        ['weights']
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The temporary name is ".run.HOST.PID.tmp". A disk may be shared: the process ids of another
    # host mean nothing here.
    prefix = f".{path.name}.{platform.node()}."
    for sibling in path.parent.iterdir():
        if sibling.name.startswith(prefix) and not _is_running(sibling.name.removeprefix(prefix)):
            shutil.rmtree(sibling, ignore_errors=True)
    temporary = path.with_name(f"{prefix}{os.getpid()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        yield temporary
        if overwrite:
            shutil.rmtree(path, ignore_errors=True)
        elif path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_writable(folder: Path) -> None:
    """Raise an error now if a file that a long computation ends with cannot be written.

    Raises:
        OSError: The folder cannot be written to, or its disk is full.

    Example:
        >>> import tempfile
        >>> check_writable(Path(tempfile.gettempdir()))
    """
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"0")


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


def _is_running(ending: str) -> bool:
    """Return whether "PID.tmp" names a running process; also True where nobody can know."""
    number = ending.removesuffix(".tmp")
    # Signal 0 only asks whether the process exists; on Windows, os.kill would end the process.
    if not number.isdecimal() or os.name != "posix":
        return True
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # it is another user's, or no process id
        pass
    return True


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
        file.flush()
        os.fsync(file.fileno())


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
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def parse_json(text: str, **options: Any) -> Any:
    """Return the value of a JSON text.

    Args:
        text: The text.
        **options: Those of `json.loads`.

    Raises:
        ValueError: It is no JSON, is nested too deep, or has a number of more than 4,300 digits.

    Example:
        >>> parse_json("[" * 100_000)
        Traceback (most recent call last):
        ValueError: nested too deep
    """
    try:
        return json.loads(text, **options)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def json_line(value: Any) -> bytes:
    """Return a value as JSON in UTF-8, on one line, without a line end.

    A text that UTF-8 cannot hold, with a lone surrogate in it, is escaped.

    Example:
        >>> json_line({"fact": "盗窃"}).decode()
        '{"fact": "盗窃"}'
    """
    try:
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(value).encode()


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
