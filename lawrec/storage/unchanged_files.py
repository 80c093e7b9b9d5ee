"""Unchanged files: an error where files change while a command reads them, in parts or twice."""

from collections.abc import Callable, Iterable
from pathlib import Path

from lawrec.errors import CaseError
from lawrec.storage.file_lists import list_files


def change_check(paths: Iterable[Path]) -> Callable[[], None]:
    """Return a function that raises a CaseError if files are not as they are now.

    What counts is the list of the files, and their sizes and times: none of them is read.

    Args:
        paths: Files, folders or patterns, as `list_files` takes them.

    Raises:
        CaseError: A folder is empty, or a pattern has no match.

    Example:
        >>> from lawrec.storage.resources import shipped_path
        >>> check = change_check([shipped_path("data/sample/train.json")])
        >>> check()
    """
    paths = list(paths)
    before = _states(paths)

    def check() -> None:
        after = _states(paths)
        changed = [file for file in before | after if before.get(file) != after.get(file)]
        if changed:
            raise change_error(changed[0])

    return check


def change_error(path: Path) -> CaseError:
    """Return the error of cases that have changed while they were read.

    Example:
        >>> print(change_error(Path("a.json")))
        a.json: the cases must not change while they are read, got other ones. Run it on a copy.
    """
    return CaseError(
        path,
        expected="the cases must not change while they are read",
        got="other ones",
        todo="Run it on a copy.",
    )


def _states(paths: Iterable[Path]) -> dict[Path, tuple[int, int] | None]:
    """Return the size and time of each file; None for a pipe, or where there is no file."""
    return {file: _state(file) for path in paths for file in list_files(path)}


def _state(file: Path) -> tuple[int, int] | None:
    if not file.is_file():
        return None
    status = file.stat()
    return status.st_size, status.st_mtime_ns
