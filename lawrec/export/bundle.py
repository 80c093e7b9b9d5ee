"""Write bundles: what predicting needs of a run in one file, as `lawrec.runs.bundle` reads it.

The same run gives the same bytes wherever it is packed: absolute paths in its JSON are shortened to
names. What holds the digest of run.json is sealed again.
"""

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from lawrec import __version__
from lawrec.law.catalog import article_titles
from lawrec.runs.bundle import BUNDLE_FILE, BUNDLE_VERSION, TITLES
from lawrec.runs.case_index_file import SIMILAR, has_case_index, load_case_index
from lawrec.runs.checkpoint_list import (
    BEST,
    CHECKPOINTS,
    RUN_FILE,
    ListedCheckpoint,
    checkpoint_list,
)
from lawrec.runs.onnx_file import ONNX, onnx_path
from lawrec.runs.ranker_file import RANKER, load_ranker
from lawrec.runs.run import DICTIONARY, LISTS, Run
from lawrec.runs.thresholds_file import THRESHOLDS, load_thresholds
from lawrec.runs.trained_cases_file import TRAINED, load_trained_cases
from lawrec.storage.files import atomic_file
from lawrec.storage.json_text import parse_json
from lawrec.storage.seal import MANIFEST, file_digests, read_sealed, sealed

Contents = dict[str, bytes]
"""From the names of files to their bytes."""
_EARLIEST_TIME = (1980, 1, 1, 0, 0, 0)
"""The first moment that a .zip file can name."""
_UNIX = 3
"""The number of Unix as the system that created an entry of a .zip file."""
_LISTS = ("tokens.txt", "articles.txt", "charges.txt", DICTIONARY, *LISTS.values())


def export_bundle(run: Run, path: Path, *, checkpoint: str) -> int:
    """Write a bundle, and return its size in bytes.

    Args:
        run: A trained and tuned run.
        path: The file to write. An existing file is replaced once the new one is complete.
        checkpoint: The path prefix of the run's best checkpoint.

    Raises:
        RunError: As `bundle_bytes` says.

    Example:
        >>> export_bundle(  # doctest: +SKIP
        ...     run, Path("mine.lawrec"), checkpoint=best_checkpoint(run)
        ... )
        13681549
    """
    content = bundle_bytes(run, checkpoint)
    with atomic_file(path) as temporary:
        temporary.write_bytes(content)
    return len(content)


def bundle_bytes(run: Run, checkpoint: str) -> bytes:
    """Return the content of a bundle.

    Args:
        run: A trained and tuned run.
        checkpoint: The path prefix of the run's best checkpoint.

    Raises:
        RunError: The run has no thresholds, its ranker is missing or damaged, or its scores need
            its network, of which the exported form is missing or damaged.

    Example:
        >>> len(bundle_bytes(run, best_checkpoint(run)))  # doctest: +SKIP
        13681549
    """
    titles = article_titles()
    parts = {
        **_run_parts(run, checkpoint),
        TITLES: _json({article: titles.get(article, "") for article in run.articles.names}),
    }
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()}
    manifest = {"bundle_version": BUNDLE_VERSION, "lawrec": __version__, "files": digests}
    return zip_bytes({**parts, BUNDLE_FILE: _json(sealed(manifest))}, compression=ZIP_STORED)


def zip_bytes(contents: Contents, *, compression: int) -> bytes:
    """Return the content of a .zip file; the same contents give the same bytes.

    Args:
        contents: What is in it.
        compression: `ZIP_STORED` or `ZIP_DEFLATED`.

    Example:
        >>> len(zip_bytes({"law.txt": b"264"}, compression=ZIP_STORED))
        115
    """
    written = io.BytesIO()
    with ZipFile(written, "w") as archive:
        for name, content in sorted(contents.items()):
            entry = ZipInfo(name, _EARLIEST_TIME)
            entry.compress_type = compression
            entry.create_system = _UNIX
            entry.external_attr = 0o644 << 16  # the permissions rw-r--r-- are the upper two bytes
            archive.writestr(entry, content)
    return written.getvalue()


def _run_parts(run: Run, checkpoint: str) -> Contents:
    """Return what predicting needs of a run; its best checkpoint is only listed."""
    # A run that is not tuned or that is damaged is refused before anything is written.
    load_thresholds(run, checkpoint)
    load_ranker(run)
    load_case_index(run)
    load_trained_cases(run)
    best = Path(checkpoint)
    weights = [path.name for path in best.parent.glob(f"{best.name}.*")]
    lists = [name for name in _LISTS if (run.folder / name).is_file()]
    run_file = _json(_without_absolute_paths(run.folder / RUN_FILE))
    thresholds = _without_absolute_paths(run.folder / THRESHOLDS)
    thresholds.pop("sha256")
    digest = hashlib.sha256(run_file).hexdigest()
    files = {RUN_FILE: digest, **file_digests(run.folder, lists)}
    listed = ListedCheckpoint(best.name, file_digests(best.parent, weights))
    parts = {
        RUN_FILE: run_file,
        THRESHOLDS: _json(sealed(thresholds)),
        MANIFEST: _json(sealed({"files": files})),
        f"{BEST}/{CHECKPOINTS}": _json(sealed(checkpoint_list(digest, [listed]))),
        **{name: (run.folder / name).read_bytes() for name in lists},
        **_sealed_folder(run, TRAINED, run_digest=digest),
    }
    if run.config.ranking.needs_ranker:
        parts |= _sealed_folder(run, RANKER, run_digest=digest)
    if run.config.ranking.needs_lstm:
        onnx_path(run, checkpoint)
        parts |= _sealed_folder(run, ONNX, run_digest=digest)
    if has_case_index(run):
        parts |= _sealed_folder(run, SIMILAR, run_digest=digest)
    return parts


def _sealed_folder(run: Run, name: str, *, run_digest: str) -> Contents:
    """Return a folder of a run, sealed for the bundle, whose run.json is another."""
    manifest = read_sealed(run.folder / name / MANIFEST) | {"run": run_digest}
    files = {file: (run.folder / name / file).read_bytes() for file in manifest["files"]}
    return in_folder(name, {MANIFEST: _json(sealed(manifest)), **files})


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


def _shorten_paths(value: Any) -> Any:
    """Return a JSON value in which "/data/cail/train.json" has become "train.json"."""
    if isinstance(value, dict):
        return {key: _shorten_paths(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_shorten_paths(entry) for entry in value]
    if isinstance(value, str) and PurePath(value).is_absolute():
        return PurePath(value).name
    return value


def _json(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False, indent=1).encode()
