"""Seals: files that hold the SHA-256 of what belongs together, and of themselves.

A sealed JSON file has a key `sha256`, the digest of all its other keys: a single changed bit is
noticed when it is read. A folder is sealed by such a file, `manifest.json`, with the SHA-256 of
each of its files. It is written last, so that a folder without one is not finished.

The digests find accidents: damaged disks, files that were edited or copied from somewhere else.
They do not stop a person who computes them again.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lawrec.errors import LawrecError
from lawrec.storage.files import sha256, write_json
from lawrec.storage.json_text import parse_json
from lawrec.translation import marked

MANIFEST = "manifest.json"
SEAL_ERRORS = (OSError, ValueError, LookupError, TypeError, AttributeError, OverflowError)
"""What reading a sealed file that is missing, damaged or of another kind may raise."""
_DIGEST = "sha256"


def json_digest(value: Any) -> str:
    """Return the SHA-256 of a JSON value, whatever the order of its keys.

    Example:
        >>> json_digest({"a": 1, "b": [2]}) == json_digest({"b": (2,), "a": 1})
        True
    """
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def sealed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON object with its own digest.

    Example:
        >>> list(sealed({"rule": "threshold"}))
        ['rule', 'sha256']
    """
    plain = json.loads(json.dumps(values))  # as it will be read: keys are texts, tuples are lists
    return {**plain, _DIGEST: json_digest(plain)}


def write_sealed(path: Path, values: Mapping[str, Any]) -> None:
    """Write a JSON object with its own digest, whole or not at all.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_sealed(Path(folder) / "limits.json", {"max_articles": 9})
        ...     read_sealed(Path(folder) / "limits.json")
        {'max_articles': 9}
    """
    write_json(path, sealed(values))


def read_sealed(path: Path) -> dict[str, Any]:
    """Read what `write_sealed` wrote.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is not a JSON object, or its content has changed since it was written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = (Path(folder) / "limits.json").write_text('{"max_articles": 8, "sha256": "12"}')
        ...     read_sealed(Path(folder) / "limits.json")
        Traceback (most recent call last):
        ValueError: its content has changed since it was written
    """
    if path.is_fifo():
        raise ValueError("a pipe")
    return parse_sealed(path.read_text(encoding="utf-8"))


def parse_sealed(text: str) -> dict[str, Any]:
    """Return the JSON object of a text that `json_text` made of what `sealed` returned.

    Raises:
        ValueError: It is not a JSON object, or its content has changed since it was written.

    Example:
        >>> parse_sealed(json.dumps(sealed({"rule": "threshold"})))
        {'rule': 'threshold'}
    """
    values = parse_json(text)
    if not isinstance(values, dict):
        raise ValueError("it is no JSON object")
    digest = values.pop(_DIGEST, None)
    if digest != json_digest(values):
        raise ValueError("its content has changed since it was written")
    return values


def file_digests(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of files in a folder, by name.

    Example:
        >>> file_digests(Path("vocab"), [])
        {}
    """
    return {name: sha256(folder / name) for name in sorted(names)}


def check_file_names(names: Iterable[str]) -> None:
    """Raise an error if a name is a path: a stranger's folder must not reach files outside it.

    Raises:
        ValueError: A name contains a folder, or is empty.

    Example:
        >>> check_file_names(["tokens.txt"])
        >>> check_file_names(["../tokens.txt"])
        Traceback (most recent call last):
        ValueError: '../tokens.txt' is not the name of a file in the folder
    """
    for name in names:
        if name in ("", "..") or Path(name).name != name or "\\" in name:
            raise ValueError(f"{name!r} is not the name of a file in the folder")


def damaged_file(folder: Path, digests: Mapping[str, str]) -> tuple[Path, str] | None:
    """Return the first file that differs from its digest, and how; None if all are undamaged.

    Raises:
        ValueError: A name is not that of a file in the folder, but the path of one elsewhere.

    Example:
        >>> damaged_file(Path("vocab"), {"no-such.txt": "12"})
        (PosixPath('vocab/no-such.txt'), 'no such file')
    """
    check_file_names(digests)
    for name, digest in digests.items():
        path = folder / name
        if not path.is_file():
            return path, marked("no such file")
        if sha256(path) != digest:
            return path, marked("other bytes")
    return None


def seal(folder: Path, names: Iterable[str]) -> None:
    """Write the manifest of a folder: the SHA-256 of these files of it.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = (Path(folder) / "law.txt").write_bytes(b"264")
        ...     seal(Path(folder), ["law.txt"])
        ...     list(check_seal(Path(folder), error=LawrecError, todo=""))
        ['law.txt']
    """
    write_sealed(folder / MANIFEST, {"files": file_digests(folder, names)})


def check_seal(folder: Path, *, error: type[LawrecError], todo: str) -> dict[str, str]:
    """Check the files of a folder against its manifest, and return their digests.

    Args:
        folder: A folder that `seal` sealed.
        error: The class of the error to raise.
        todo: What to do about a damaged file, for the error.

    Raises:
        LawrecError: The manifest is missing or damaged, or a file is not as the manifest says.

    Example:
        >>> check_seal(Path("no-such-folder"), error=LawrecError, todo="Restore it.")
        Traceback (most recent call last):
        lawrec.errors.LawrecError: no-such-folder/manifest.json: the manifest must be undamaged, \
got no such file. Restore it.
    """
    path = folder / MANIFEST
    try:
        files: dict[str, str] = read_sealed(path)["files"]
        damage = damaged_file(folder, files)
    except SEAL_ERRORS as cause:
        raise error(
            path, expected="the manifest must be undamaged", got=cause, todo=todo
        ) from cause
    if damage:
        where, got = damage
        raise error(where, expected=f"the file must be as {path} says", got=got, todo=todo)
    return files
