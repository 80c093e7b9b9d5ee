"""Lists of files: from a path to the files that it names, and their digest.

A path may be a file, a folder or a pattern such as `data/*.json`. `content_digest` covers the
unpacked bytes of all files in their order: packing a file changes no digest, another order does.
"""

import glob
import hashlib
from collections.abc import Iterable
from pathlib import Path

from lawrec.errors import CaseError, quoted
from lawrec.storage.packed_files import open_binary
from lawrec.storage.remote_files import resolve_uri


def list_files(path: Path) -> list[Path]:
    """Return the files that a path names: a file, all of a folder, or the matches of a pattern.

    The files are sorted by name. In a folder, names that begin with "." or "_" are ignored, and so
    is the list of articles, law.txt. A path that neither exists nor is a pattern is returned
    as it is: an error follows when it is opened. A path may be the URI of a file or a folder.

    Raises:
        CaseError: The folder is empty or has a folder with files, the pattern has no match, the URI
            cannot be reached, or the path is "-" (stdin).

    Example:
        >>> [file.name for file in list_files(Path("cases.json"))]
        ['cases.json']
    """
    if path == Path("-"):
        raise CaseError(
            "-",
            expected="the cases must be in files",
            got="stdin",
            todo="Save them to a file: it is read again.",
        )
    path = resolve_uri(path)
    if path.is_dir():
        files = _cases_in(path)
        expected = "the folder must hold files of cases"
    elif path.exists() or not glob.has_magic(str(path)):
        return [path]
    else:
        # Path.glob takes no absolute pattern.
        files = [Path(name) for name in glob.glob(str(path), recursive=True)]  # noqa: PTH207
        expected = "the pattern must match a file"
    existing = sorted(file for file in files if file.is_file())
    if len(existing) < len(files) and path.is_dir():
        _check_no_folder(path, files)
    if not existing:
        raise CaseError(path, expected=expected, got="none", todo="Check the path.")
    return existing


def content_digest(path: Path) -> str:
    """Return the SHA-256 digest of a file's decompressed bytes, in hexadecimal.

    The digest of several files is that of their digests, joined in the order of `list_files`.

    Raises:
        CaseError: A file cannot be read.

    Example:
        >>> import gzip, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name, pack in {"a.json": bytes, "b.json.gz": gzip.compress}.items():
        ...         _ = (Path(folder) / name).write_bytes(pack(b"{}"))
        ...     len({content_digest(file) for file in list_files(Path(folder))})
        1
    """
    digests = [_digest(file) for file in list_files(path)]
    return (
        digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    )


def _cases_in(folder: Path) -> list[Path]:
    """Return what is in a folder and may be cases, or a folder of them."""
    return [path for path in folder.iterdir() if _may_be_cases(path.name)]


def _check_no_folder(folder: Path, entries: Iterable[Path]) -> None:
    """Raise an error of folders in a folder: their cases would be left out."""
    names = [path.name for path in entries if path.is_dir() and _may_hold_cases(path)]
    if names:
        raise CaseError(
            folder,
            expected="the folder must hold files of cases, and no folder with files",
            got=quoted(sorted(names), 200),
            todo="Move the files into it, name them with a pattern such as **/*.json, or begin the "
            "name of a folder to leave out with _.",
        )


def _may_hold_cases(folder: Path) -> bool:
    try:
        return bool(_cases_in(folder))
    except PermissionError:  # such as lost+found
        return False


def _may_be_cases(name: str) -> bool:
    return name != "law.txt" and not name.startswith((".", "_"))


def _digest(file: Path) -> str:
    with open_binary(file) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
