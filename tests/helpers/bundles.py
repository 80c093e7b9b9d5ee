"""Bundles that are written part by part, also such as `lawrec export bundle` never writes."""

import hashlib
import json
import zipfile
from pathlib import Path

from lawrec.runs.bundle import BUNDLE_FILE, BUNDLE_VERSION
from lawrec.storage.seal import sealed


def read_parts(path: Path) -> dict[str, bytes]:
    """Return the parts of a bundle but its manifest."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name != BUNDLE_FILE]
        return {name: archive.read(name) for name in names}


def write_bundle(
    path: Path,
    parts: dict[str, bytes],
    *,
    compression: int = zipfile.ZIP_STORED,
    **manifest: object,
) -> Path:
    """Write a bundle whose manifest names its parts, or has other values."""
    values = {
        "bundle_version": BUNDLE_VERSION,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()},
        **manifest,
    }
    entries = {**parts, BUNDLE_FILE: json.dumps(sealed(values)).encode()}
    return write_entries(path, entries, compression=compression)


def write_entries(
    path: Path, entries: dict[str, bytes], *, compression: int = zipfile.ZIP_STORED
) -> Path:
    """Write a .zip file, with names as they are."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            entry = zipfile.ZipInfo("name")
            entry.filename, entry.compress_type = name, compression
            archive.writestr(entry, content)
    return path
