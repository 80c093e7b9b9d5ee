"""Packed runs: what predicting needs of a run, without the paths of the machine it was trained on.

The same run gives the same bytes wherever it is packed: absolute paths in its JSON are shortened to
names. All is sealed again.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from lawrec.files import atomic_folder
from lawrec.json_text import parse_json
from lawrec.runs.checkpoint_list import (
    BEST,
    CHECKPOINTS,
    RUN_FILE,
    ListedCheckpoint,
    checkpoint_list,
)
from lawrec.runs.ranker_file import RANKER, has_ranker, load_ranker, read_ranker_manifest
from lawrec.runs.run import DICTIONARY, LISTS, Run
from lawrec.runs.thresholds_file import THRESHOLDS, load_thresholds
from lawrec.seal import MANIFEST, file_digests, sealed

Contents = dict[str, bytes | Path]
"""From the names of files to their bytes, or to the files to copy."""
_LISTS = ("tokens.txt", "articles.txt", "charges.txt", DICTIONARY, *LISTS.values())


def export_run(run: Run, folder: Path, *, checkpoint: str) -> int:
    """Write a packed run into a new folder, and return its size in bytes.

    Args:
        run: A trained and tuned run.
        folder: The folder, which must not exist.
        checkpoint: The path prefix of the run's best checkpoint.

    Raises:
        RunError: As `packed_run` says.
        FileExistsError: The folder exists.

    Example:
        >>> export_run(  # doctest: +SKIP
        ...     run, Path("criminal-law"), checkpoint=best_checkpoint(run)
        ... )
        16421004
    """
    contents = packed_run(run, checkpoint)
    with atomic_folder(folder, overwrite=False) as temporary:
        for name, content in contents.items():
            path = temporary / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.read_bytes())
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


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
    # A run that is not tuned or that is damaged is refused before anything is written.
    load_thresholds(run, checkpoint)
    load_ranker(run)
    best = Path(checkpoint)
    weights = [path.name for path in best.parent.glob(f"{best.name}.*")]
    lists = [name for name in _LISTS if (run.folder / name).is_file()]
    run_file = _json(_without_absolute_paths(run.folder / RUN_FILE))
    thresholds = _without_absolute_paths(run.folder / THRESHOLDS)
    thresholds.pop("sha256")
    digest = hashlib.sha256(run_file).hexdigest()
    files = {RUN_FILE: digest, **file_digests(run.folder, lists)}
    listed = ListedCheckpoint(best.name, file_digests(best.parent, weights))
    return {
        RUN_FILE: run_file,
        THRESHOLDS: _json(sealed(thresholds)),
        MANIFEST: _json(sealed({"files": files})),
        CHECKPOINTS: _json(sealed(checkpoint_list(digest, []))),
        f"{BEST}/{CHECKPOINTS}": _json(sealed(checkpoint_list(digest, [listed]))),
        **{name: run.folder / name for name in lists},
        **{f"{BEST}/{name}": best.parent / name for name in weights},
        **(in_folder(RANKER, _ranker_files(run, digest)) if has_ranker(run) else {}),
    }


def _ranker_files(run: Run, run_digest: str) -> Contents:
    """Return the ranker of a run as that of the packed run, whose run.json has another digest."""
    manifest = read_ranker_manifest(run) | {"run": run_digest}
    weights = {name: run.folder / RANKER / name for name in manifest["files"]}
    return {MANIFEST: _json(sealed(manifest)), **weights}


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


def _json(values: Mapping[str, Any]) -> bytes:
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
