"""Bundles: a tuned run in one file, without its checkpoints, to predict with wherever it is.

A bundle is a .zip file. Its parts are files of a run under their usual names, and

bundle.json    `bundle_version`, `BUNDLE_VERSION`; "lawrec", the version that wrote it; and "files",
               the SHA-256 of each other part by name; sealed as `lawrec.storage.seal` describes
titles.json    the title of each article

The parts are stored, not packed: they cannot be larger than the file, and the same run gives the
same bytes whatever packs elsewhere. best/checkpoints.json lists a checkpoint that the bundle does
not have: its digest is a part of that for which the thresholds were tuned.

A bundle may come from a stranger. Before any part is used, all are checked and copied to a private
folder, which exists as long as the run is open.
"""

import hashlib
import os
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from lawrec.errors import LawrecError, RunError, quoted
from lawrec.law.catalog import article_titles
from lawrec.runs.run import Run, open_run
from lawrec.storage.files import errors_named, temporary_folder
from lawrec.storage.json_text import parse_json
from lawrec.storage.limits import MAX_DIRECTORY_BYTES
from lawrec.storage.seal import SEAL_ERRORS, parse_sealed

BUNDLE_VERSION = 1
"""The version of the format of bundles; it grows when older ones can no longer be read."""
BUNDLE_FILE, TITLES = "bundle.json", "titles.json"
_PART = re.compile(r"(?:[a-z0-9_]+/)?[a-z0-9_]+\.[a-z]+")
"""The name of a part: it cannot lead out of a folder, on any system."""
_END = struct.Struct("<4s4H2LH")
"""The end of a .zip file: its mark, disks, numbers of entries, size and offset of the directory,
and the length of a comment."""
_END_MARK, _LARGE_MARK, _LARGE_BYTES = b"PK\5\6", b"PK\6\7", 20
"""The marks of the end, and of what the end of a .zip file of over 4 GB has before it."""
_ENCRYPTED = 1
_UNREADABLE = (*SEAL_ERRORS, EOFError, RuntimeError, struct.error, zipfile.BadZipFile)
"""What reading a damaged .zip file may raise."""
_CHUNK_BYTES = 2**20


@contextmanager
def open_bundle(path: Path) -> Iterator[Run]:
    """Yield the run of a bundle, whose files exist inside the block.

    Raises:
        RunError: It is not a bundle, one of another version, or a damaged one.
        CaseError: There is no writable temporary folder to unpack it to.

    Example:
        >>> from lawrec.storage.resources import SHIPPED_MODEL, shipped_path
        >>> with open_bundle(shipped_path(SHIPPED_MODEL)) as run:
        ...     len(run.articles)
        183
    """
    with temporary_folder() as temporary:
        folder = temporary / path.stem
        try:
            _unpack(path, folder)
            yield replace(open_run(folder), bundle=path)
        except LawrecError as error:
            if str(folder) not in error.where:
                raise
            raise error.at(error.where.replace(str(folder), str(path))) from error


def load_titles(run: Run) -> dict[str, str]:
    """Return the titles of articles: those of a bundle, or else those of the shipped catalog.

    Raises:
        RunError: A bundle has no title for an article.

    Example:
        >>> from lawrec.storage.resources import SHIPPED_MODEL, shipped_path
        >>> with open_bundle(shipped_path(SHIPPED_MODEL)) as run:
        ...     load_titles(run)["264"]
        '盗窃罪'
    """
    if not run.bundle:
        return article_titles()
    path = run.folder / TITLES
    try:
        titles = parse_json(path.read_text(encoding="utf-8"))
        return {article: str(titles[article]) for article in run.articles.names}
    except SEAL_ERRORS as error:
        raise RunError(
            path,
            expected="there must be a title for each article",
            got=f"{type(error).__name__}: {error}",
            todo="Write the bundle again with `lawrec export bundle`.",
        ) from error


def _unpack(path: Path, folder: Path) -> None:
    """Copy the parts of a bundle into a new folder, all of them checked."""
    with path.open("rb") as file:
        try:
            size = _checked_size(file)
            with zipfile.ZipFile(file) as archive:
                for name, digest in _digests(archive, size).items():
                    _copy_part(archive, name, folder=folder, digest=digest)
        except _UNREADABLE as error:
            if isinstance(error, OSError) and error.filename:  # the disk of the copy is full
                raise
            raise RunError(
                path,
                expected="the file must be an undamaged bundle",
                got=error,
                todo="Copy it again, or write it again with `lawrec export bundle`.",
            ) from error


def _checked_size(file: BinaryIO) -> int:
    """Return the size of a .zip file, once it is known that its directory takes little memory."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END.size - _LARGE_BYTES))
    tail = file.read().rjust(_END.size + _LARGE_BYTES)
    mark, *_, directory_size, offset, _ = _END.unpack(tail[_LARGE_BYTES:])
    if mark != _END_MARK or tail.startswith(_LARGE_MARK):
        raise ValueError("a file of another kind, or a part of one")
    if offset + directory_size + _END.size != size or directory_size > MAX_DIRECTORY_BYTES:
        raise ValueError("a .zip file of another kind, or a part of one")
    return size


def _digests(archive: zipfile.ZipFile, size: int) -> Mapping[str, str]:
    """Return the SHA-256 of each part, from a manifest that names exactly those that are there."""
    entries = archive.infolist()
    names = sorted(entry.filename for entry in entries)
    if BUNDLE_FILE not in names:
        raise ValueError(f"a .zip file without {BUNDLE_FILE}")
    if any(entry.compress_type or entry.flag_bits & _ENCRYPTED for entry in entries):
        raise ValueError("parts that are packed or encrypted")
    if sum(entry.file_size for entry in entries) > size:
        raise ValueError("parts that are larger than the file")
    manifest = parse_sealed(archive.read(BUNDLE_FILE).decode())
    if manifest["bundle_version"] != BUNDLE_VERSION:
        raise ValueError(f"version {manifest['bundle_version']}, where {BUNDLE_VERSION} is read")
    digests: Mapping[str, str] = manifest["files"]
    if names != sorted([BUNDLE_FILE, *digests]):
        raise ValueError(f"other parts than those in {BUNDLE_FILE}")
    for name in digests:
        if not _PART.fullmatch(name):
            raise ValueError(f"a part with the name {quoted(name)}")
    return digests


def _copy_part(archive: zipfile.ZipFile, name: str, *, folder: Path, digest: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    computed = hashlib.sha256()
    with archive.open(name) as part, errors_named(path), path.open("wb") as copy:
        while chunk := part.read(_CHUNK_BYTES):
            computed.update(chunk)
            copy.write(chunk)
    if computed.hexdigest() != digest:
        raise ValueError(f"other bytes in {name}")
