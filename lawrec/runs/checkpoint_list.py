"""Checkpoint lists: which checkpoints a folder has, with the SHA-256 of each of their files.

    checkpoints/<run>/checkpoints.json        the newest checkpoints
    checkpoints/<run>/best/checkpoints.json   those with the best valid score

A list is written when the run is created, without any checkpoint, and again, whole or not at all,
after each checkpoint that is saved. A checkpoint that a killed process saved but did not list does
not count: a resumed training saves it again. A list that is missing is therefore always damage.

The keys of a list, which is sealed as `lawrec.storage.seal` describes:

run            the SHA-256 of the run's run.json: a folder of another run is noticed
checkpoints    the oldest first: the "name" of each, and "files", the SHA-256 of its files by name
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from lawrec.errors import RunError
from lawrec.storage.files import sha256
from lawrec.storage.seal import (
    SEAL_ERRORS,
    check_file_names,
    damaged_file,
    file_digests,
    json_digest,
    read_sealed,
    write_sealed,
)

CHECKPOINTS = "checkpoints.json"
BEST = "best"
RUN_FILE = "run.json"
_TODO = (
    "Restore it from a copy of the run; or choose another run, or train a new one with "
    "`lawrec train`."
)


@dataclass(frozen=True)
class ListedCheckpoint:
    """A checkpoint in a list: its name, such as "model.ckpt-640", and the SHA-256 of its files."""

    name: str
    files: dict[str, str]


def run_digest(folder: Path) -> str:
    """Return the SHA-256 of the run.json of a run, from its folder or from `best` in it.

    Example:
        >>> run_digest(run.folder) == run_digest(run.folder / "best")  # doctest: +SKIP
        True
    """
    own = folder / RUN_FILE
    return sha256(own if own.is_file() else folder.parent / RUN_FILE)


def checkpoint_list(run: str, checkpoints: Sequence[ListedCheckpoint]) -> dict[str, object]:
    """Return the content of a list of checkpoints, which is not sealed yet.

    Example:
        >>> checkpoint_list("12", [])
        {'run': '12', 'checkpoints': []}
    """
    return {"run": run, "checkpoints": [asdict(each) for each in checkpoints]}


def write_checkpoint_list(folder: Path, checkpoints: Sequence[ListedCheckpoint] = ()) -> None:
    """Write the list of the checkpoints in a folder, whole or not at all.

    Args:
        folder: The folder of a run, or `best` in it.
        checkpoints: The checkpoints, the oldest first.

    Example:
        >>> write_checkpoint_list(run.folder / "best")  # doctest: +SKIP
    """
    write_sealed(folder / CHECKPOINTS, checkpoint_list(run_digest(folder), checkpoints))


def read_checkpoint_list(folder: Path) -> tuple[ListedCheckpoint, ...]:
    """Read the list of the checkpoints in a folder, the oldest first.

    Raises:
        RunError: The list is missing or damaged, or of another run.

    Example:
        >>> [each.name for each in read_checkpoint_list(run.folder / "best")]  # doctest: +SKIP
        ['model.ckpt-512', 'model.ckpt-640']
    """
    path = folder / CHECKPOINTS
    try:
        values = read_sealed(path)
        listed = tuple(ListedCheckpoint(**entry) for entry in values["checkpoints"])
        check_file_names(name for each in listed for name in (each.name, *each.files))
        is_own = values["run"] == run_digest(folder)
    except SEAL_ERRORS as error:
        raise RunError(
            path, expected="the list of checkpoints must be undamaged", got=error, todo=_TODO
        ) from error
    if not is_own:
        raise RunError(
            path,
            expected="the checkpoints must be those of this run",
            got="those of another run, or of another run.json",
            todo=_TODO,
        )
    return listed


def add_to_list(folder: Path, name: str, *, max_to_keep: int) -> None:
    """List a checkpoint that was saved, then delete the oldest.

    Args:
        folder: The folder of a run, or `best` in it.
        name: The new checkpoint, such as "model.ckpt-640".
        max_to_keep: The number of checkpoints that are kept.

    Raises:
        RunError: The list was damaged since it was written: others in it would be lost unnoticed.

    Example:
        >>> add_to_list(run.folder, "model.ckpt-640", max_to_keep=3)  # doctest: +SKIP
    """
    listed = read_checkpoint_list(folder)
    files = [path.name for path in folder.iterdir() if path.name.startswith(f"{name}.")]
    others = [each for each in listed if each.name != name]
    checkpoints = [*others, ListedCheckpoint(name, file_digests(folder, files))]
    write_checkpoint_list(folder, checkpoints[-max_to_keep:])
    for old in checkpoints[:-max_to_keep]:
        for file in old.files:
            (folder / file).unlink(missing_ok=True)


def damage_of(folder: Path, checkpoint: ListedCheckpoint) -> str:
    """Return what is wrong with the files of a checkpoint, "" for nothing.

    Example:
        >>> damage_of(Path("runs"), ListedCheckpoint("model.ckpt-8", {"model.ckpt-8.index": "12"}))
        'no such file: model.ckpt-8.index'
    """
    damage = damaged_file(folder, checkpoint.files)
    return f"{damage[1]}: {damage[0].name}" if damage else ""


def checkpoint_digest(prefix: str) -> str:
    """Return a digest of the files of a checkpoint, as the list of its folder has them.

    Args:
        prefix: The path of its files, up to and including the step.

    Raises:
        RunError: The list cannot be read, or does not have it.

    Example:
        >>> checkpoint_digest(best_checkpoint(run))  # doctest: +SKIP
        '9f86d081884c7d65...'
    """
    path = Path(prefix)
    for listed in read_checkpoint_list(path.parent):
        if listed.name == path.name:
            return json_digest(listed.files)
    raise RunError(
        path.parent / CHECKPOINTS,
        expected=f"the list must have {path.name}",
        got="a list without it",
        todo="Start the command again: a training may have just replaced it.",
    )
