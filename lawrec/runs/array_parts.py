"""Array parts: folders of a run with one file of arrays each, which are sealed and name their run.

checkpoints/<run>/<part>/<file>.npz      the arrays, by name
checkpoints/<run>/<part>/manifest.json   sealed as `lawrec.storage.seal` describes, written last:
                                         "run", the SHA-256 of the run's run.json, so that a part
                                         of another run is noticed; "files", that of the arrays;
                                         and whatever else belongs to the part

Damage is raised as one of `SEAL_ERRORS`: each kind of part has its own advice against it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lawrec.runs.checkpoint_list import run_digest
from lawrec.runs.run import Run
from lawrec.storage.array_files import read_arrays
from lawrec.storage.files import atomic_folder
from lawrec.storage.seal import MANIFEST, damaged_file, file_digests, read_sealed, write_sealed


def save_part(
    run: Run, part: str, *, file: str, arrays: Mapping[str, Any], values: Mapping[str, Any]
) -> None:
    """Write a part into the folder of its run, whole or not at all.

    Args:
        run: The run.
        part: The name of the folder.
        file: The name of the file of arrays.
        arrays: The arrays by name.
        values: What else the manifest says.

    Example:
        >>> save_part(  # doctest: +SKIP
        ...     run, "ranker", file="weights.npz", arrays={"bias": bias}, values={"models": []}
        ... )
    """
    with atomic_folder(run.folder / part) as folder:
        np.savez_compressed(folder / file, **arrays)
        owner = {"run": run_digest(run.folder), "files": file_digests(folder, [file])}
        write_sealed(folder / MANIFEST, {**owner, **values})


def read_part_manifest(run: Run, part: str) -> dict[str, Any]:
    """Return the manifest of a part; its other files are not looked at.

    Raises:
        OSError: It cannot be read, as `SEAL_ERRORS` says.
        ValueError: It is damaged, or belongs to another run.

    Example:
        >>> read_part_manifest(run, "ranker")["models"]  # doctest: +SKIP
        ['words', 'extra']
    """
    manifest = read_sealed(run.folder / part / MANIFEST)
    if manifest["run"] != run_digest(run.folder):
        raise ValueError("that of another run")
    return manifest


def load_part(run: Run, part: str, *, file: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the manifest of a part, and its arrays by name.

    Args:
        run: The run.
        part: The name of the folder.
        file: The name of the file of arrays.

    Raises:
        OSError: A file cannot be read, as `SEAL_ERRORS` says.
        ValueError: A file is damaged, or belongs to another run.

    Example:
        >>> manifest, arrays = load_part(run, "ranker", file="weights.npz")  # doctest: +SKIP
    """
    folder, manifest = run.folder / part, read_part_manifest(run, part)
    if damage := damaged_file(folder, manifest["files"]):
        raise ValueError(f"{damage[0].name}: {damage[1]}")
    return manifest, read_arrays(folder / file)
