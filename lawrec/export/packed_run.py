"""Packed runs: what predicting needs of a run, without the paths of the machine it was trained on.

The same run gives the same bytes wherever it is packed: absolute paths in its JSON are shortened to
names. All is sealed again.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any
from zipfile import ZipFile, ZipInfo

from lawrec.files import atomic_file
from lawrec.json_text import parse_json
from lawrec.runs.case_index_file import SIMILAR, has_case_index, load_case_index
from lawrec.runs.checkpoint_list import (
    BEST,
    CHECKPOINTS,
    RUN_FILE,
    ListedCheckpoint,
    checkpoint_list,
)
from lawrec.runs.onnx_file import ONNX, is_exported
from lawrec.runs.ranker_file import RANKER, has_ranker, load_ranker
from lawrec.runs.run import DICTIONARY, LISTS, Run
from lawrec.runs.thresholds_file import THRESHOLDS, load_thresholds
from lawrec.seal import MANIFEST, file_digests, read_sealed, sealed

Contents = dict[str, bytes | Path]
"""From the names of files to their bytes, or to the files to copy."""
_EARLIEST_TIME = (1980, 1, 1, 0, 0, 0)
"""The first moment that a .zip file can name."""
_UNIX = 3
"""The number of Unix as the system that created an entry of a .zip file."""
_LISTS = ("tokens.txt", "articles.txt", "charges.txt", DICTIONARY, *LISTS.values())


def packed_run(run: Run, checkpoint: str) -> Contents:
    """Return what predicting needs of a run: its best checkpoint as the only one, sealed again.

    Args:
        run: A trained and tuned run.
        checkpoint: The path prefix of its best checkpoint.

    Raises:
        RunError: The run has no thresholds, or its ranker is missing or damaged.

    Example:
        >>> sorted(packed_run(run, best_checkpoint(run)))[0]  # doctest: +SKIP
        'articles.txt'
    """
    best, contents = Path(checkpoint), without_checkpoint(run, checkpoint)
    digest = hashlib.sha256(content_bytes(contents[RUN_FILE])).hexdigest()
    return {
        **contents,
        CHECKPOINTS: json_bytes(sealed(checkpoint_list(digest, []))),
        **{f"{BEST}/{path.name}": path for path in best.parent.glob(f"{best.name}.*")},
    }


def without_checkpoint(run: Run, checkpoint: str) -> Contents:
    """Return what predicting needs of a run but the files of its best checkpoint, which is listed.

    Args:
        run: A trained and tuned run.
        checkpoint: The path prefix of its best checkpoint.

    Raises:
        RunError: The run has no thresholds, or its ranker is missing or damaged.

    Example:
        >>> sorted(without_checkpoint(run, best_checkpoint(run)))[:2]  # doctest: +SKIP
        ['articles.txt', 'best/checkpoints.json']
    """
    # A run that is not tuned or that is damaged is refused before anything is written.
    load_thresholds(run, checkpoint)
    load_ranker(run)
    load_case_index(run)
    best = Path(checkpoint)
    weights = [path.name for path in best.parent.glob(f"{best.name}.*")]
    lists = [name for name in _LISTS if (run.folder / name).is_file()]
    run_file = json_bytes(_without_absolute_paths(run.folder / RUN_FILE))
    thresholds = _without_absolute_paths(run.folder / THRESHOLDS)
    thresholds.pop("sha256")
    digest = hashlib.sha256(run_file).hexdigest()
    files = {RUN_FILE: digest, **file_digests(run.folder, lists)}
    listed = ListedCheckpoint(best.name, file_digests(best.parent, weights))
    return {
        RUN_FILE: run_file,
        THRESHOLDS: json_bytes(sealed(thresholds)),
        MANIFEST: json_bytes(sealed({"files": files})),
        f"{BEST}/{CHECKPOINTS}": json_bytes(sealed(checkpoint_list(digest, [listed]))),
        **{name: run.folder / name for name in lists},
        **(_sealed_folder(run, RANKER, run_digest=digest) if has_ranker(run) else {}),
        **(_sealed_folder(run, ONNX, run_digest=digest) if is_exported(run, checkpoint) else {}),
        **(_sealed_folder(run, SIMILAR, run_digest=digest) if has_case_index(run) else {}),
    }


def write_zip(path: Path, contents: Contents, *, compression: int) -> int:
    """Write a .zip file, and return its size in bytes; the same contents give the same bytes.

    Args:
        path: The file. An existing file is replaced once the new one is complete.
        contents: What is in it.
        compression: `ZIP_STORED` or `ZIP_DEFLATED`.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_zip(Path(folder) / "law.zip", {"law.txt": b"264"}, compression=0)
        115
    """
    with atomic_file(path) as temporary, ZipFile(temporary, "w") as archive:
        for name, content in sorted(contents.items()):
            entry = ZipInfo(name, _EARLIEST_TIME)
            entry.compress_type = compression
            entry.create_system = _UNIX
            entry.external_attr = 0o644 << 16  # the permissions rw-r--r-- are the upper two bytes
            archive.writestr(entry, content_bytes(content))
    return path.stat().st_size


def content_bytes(content: bytes | Path) -> bytes:
    """Return the bytes of a file, which may be there already.

    Example:
        >>> content_bytes(b"264")
        b'264'
    """
    return content if isinstance(content, bytes) else content.read_bytes()


def _sealed_folder(run: Run, name: str, *, run_digest: str) -> Contents:
    """Return a sealed folder of a run as that of the packed run, whose run.json is another."""
    manifest = read_sealed(run.folder / name / MANIFEST) | {"run": run_digest}
    files = {file: run.folder / name / file for file in manifest["files"]}
    return in_folder(name, {MANIFEST: json_bytes(sealed(manifest)), **files})


def in_folder(folder: str, contents: Contents) -> Contents:
    """Return contents that are in a folder.

    Example:
        >>> in_folder("run", {"law.txt": b"264"})
        {'run/law.txt': b'264'}
    """
    return {f"{folder}/{name}": content for name, content in contents.items()}


def _without_absolute_paths(path: Path) -> dict[str, Any]:
    """Return a JSON object whose absolute paths, which mean nothing elsewhere, are names alone."""
    values: dict[str, Any] = _shorten_paths(parse_json(path.read_text(encoding="utf-8")))
    return values


def json_bytes(values: Mapping[str, Any]) -> bytes:
    """Return a JSON object as it is written into a file.

    Example:
        >>> print(json_bytes({"264": "盗窃罪"}).decode())
        {
         "264": "盗窃罪"
        }
    """
    return json.dumps(values, ensure_ascii=False, indent=1).encode()


def _shorten_paths(value: Any) -> Any:
    """Return a JSON value in which "/data/cail/train.json" has become "train.json"."""
    if isinstance(value, dict):
        return {key: _shorten_paths(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_shorten_paths(entry) for entry in value]
    if isinstance(value, str) and PurePath(value).is_absolute():
        return PurePath(value).name
    return value
