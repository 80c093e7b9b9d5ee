"""Journal: the file in which Optuna keeps the trials of a search, and that a search continues from.

A journal has one line of JSON per event. `optuna-dashboard FOLDER/journal.log` shows it, also while
the search is running. A search that was killed may leave half a line, and the link that is Optuna's
lock: the next search in the folder removes both.

journal.json, which is sealed as `lawrec.storage.seal` describes, has the number of bytes and the
SHA-256 of what the last event of the search ended. What comes behind them may be of a search that
was killed in between, or of the dashboard.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from lawrec.errors import RunError
from lawrec.storage.seal import SEAL_ERRORS, read_sealed, write_sealed

JOURNAL = "journal.log"
JOURNAL_SEAL = "journal.json"
_LOCK = f"{JOURNAL}.lock"
_DAMAGES = (*SEAL_ERRORS, AssertionError, RecursionError)
"""What Optuna may raise for a journal that is damaged or none."""


@contextmanager
def only_search(folder: Path) -> Iterator[None]:
    """Refuse a second search in a folder, on systems with locks of folders.

    Yields:
        Nothing: the block is the search. What a killed one has left behind is removed before.

    Raises:
        RunError: Another process searches in the folder.

    Example:
        >>> with only_search(Path(".")):
        ...     pass
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            _lock(fcntl, descriptor, folder=folder)
            _remove_leftovers(folder)
        yield
    finally:
        os.close(descriptor)


def open_journal(folder: Path) -> Any:
    """Return the storage of the study in a folder, an `optuna.storages.JournalStorage`.

    Raises:
        RunError: The journal is damaged, or was edited.

    Example:
        >>> open_journal(Path("checkpoints/search-1"))  # doctest: +SKIP
    """
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    class SealedBackend(JournalFileBackend):
        """The file of a journal, which is sealed again after each event."""

        def append_logs(self, logs: list[dict[str, Any]]) -> None:
            super().append_logs(logs)
            content = _whole_lines(path)
            digest = hashlib.sha256(content).hexdigest()
            write_sealed(folder / JOURNAL_SEAL, {"bytes": len(content), "digest": digest})

    path = folder / JOURNAL
    try:
        _check_seal(folder)
        # Its lock is a link to the path as it is: a relative one would lead to no file.
        return JournalStorage(SealedBackend(str(path.resolve())))
    except _DAMAGES as error:
        raise RunError(
            path,
            expected="the journal must be as Optuna wrote it",
            got=f"{type(error).__name__}: {error}",
            todo="Restore it from a copy, or name another folder.",
        ) from error


def _check_seal(folder: Path) -> None:
    """Raise one of `SEAL_ERRORS` if what a journal begins with has changed since it was written."""
    content = _whole_lines(folder / JOURNAL)
    if content or (folder / JOURNAL_SEAL).exists():
        seal = read_sealed(folder / JOURNAL_SEAL)
        if hashlib.sha256(content[: seal["bytes"]]).hexdigest() != seal["digest"]:
            raise ValueError("its content has changed since it was written")


def _whole_lines(path: Path) -> bytes:
    """Return the lines of a file, without half a line at the end; nothing if there is no file."""
    content = path.read_bytes() if path.exists() else b""
    return content[: content.rfind(b"\n") + 1]


def _lock(fcntl: Any, descriptor: int, *, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise RunError(
            folder,
            expected="one search at a time must work in a folder",
            got="a search that is running",
            todo="Wait for its end, or use --jobs for several trials at a time.",
        ) from error


def _remove_leftovers(folder: Path) -> None:
    """Remove Optuna's lock and half a line at the end of the journal, which nobody else writes."""
    (folder / _LOCK).unlink(missing_ok=True)
    if (folder / JOURNAL).exists():
        os.truncate(folder / JOURNAL, len(_whole_lines(folder / JOURNAL)))
