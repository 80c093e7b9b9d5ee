"""Whole files or none: write to a temporary name, flush, then rename."""

import errno
import hashlib
import json
import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lawrec.errors import CaseError


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to; it becomes `path` when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path, replacing: bool = True) -> Iterator[Path]:
    """Give a temporary folder to fill; it becomes `path` when the block ends well.

    What a process that was killed at this left behind is removed.

    Args:
        path: The folder.
        replacing: Let it take the place of what is there.

    Raises:
        FileExistsError: Something is there then, and must not be replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The host is in the name: on a shared disk, process numbers of other hosts say nothing here.
    prefix = f".{path.name}.{platform.node()}."
    for left in path.parent.iterdir():
        if left.name.startswith(prefix) and not _is_at_work(left.name.removeprefix(prefix)):
            shutil.rmtree(left, ignore_errors=True)
    temporary = path.with_name(f"{prefix}{os.getpid()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        yield temporary
        if replacing:
            shutil.rmtree(path, ignore_errors=True)
        elif path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_new_folder(folder: Path) -> None:
    """Refuse a folder to write to that is there and not empty.

    Raises:
        CaseError: It is.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CaseError(
            folder,
            expected="the folder must be new or empty",
            got="something there",
            todo="Name another folder.",
        )


def _is_at_work(ending: str) -> bool:
    """Whether "PID.tmp" names a process of this host that lives, or cannot be known not to."""
    number = ending.removesuffix(".tmp")
    if not number.isdecimal() or os.name != "posix":  # elsewhere, signal 0 is not harmless
        return True
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, whole or not at all."""
    with (
        atomic_file(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="\n") as file,
    ):
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file that people can read."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1) + "\n")


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
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
