"""Find the checkpoint of a run to use: the best one, or the newest one to train on from."""

from pathlib import Path

from lawrec.errors import RunError
from lawrec.progress import SILENT, Progress
from lawrec.runs.checkpoint_list import BEST, damage_of, read_checkpoint_list
from lawrec.runs.run import Run


def best_checkpoint(run: Run, progress: Progress = SILENT) -> str:
    """Return the path prefix of the best checkpoint, or of the newest if none is the best yet.

    If the best checkpoints are damaged, the newest one is returned too, after a message. A bundle
    lists the one for which it was tuned, and does not have its files.

    Raises:
        RunError: The run has no checkpoint, or all are damaged.

    Example:
        >>> best_checkpoint(run)  # doctest: +SKIP
        'checkpoints/20260301-090507-sample-1a2b3c4d/best/model.ckpt-640'
    """
    if run.bundle and (listed := read_checkpoint_list(run.folder / BEST)):
        return str(run.folder / BEST / listed[-1].name)
    try:
        best = newest_checkpoint(run.folder / BEST, progress)
    except RunError as error:
        progress.message(f"{error} Trying the newest checkpoint.")
        best = None
    checkpoint = best or newest_checkpoint(run.folder, progress)
    if not checkpoint:
        raise RunError(
            run.folder,
            expected="the run must hold a checkpoint",
            got="none yet",
            todo="Train it with `lawrec train --resume`, or choose another run.",
        )
    return checkpoint


def newest_checkpoint(folder: Path, progress: Progress = SILENT) -> str | None:
    """Return the path prefix of the newest checkpoint in a folder that is not damaged.

    Args:
        folder: The folder of a run, or `best` in it.
        progress: Gets a message for each damaged checkpoint.

    Returns:
        The path prefix; None if no checkpoint was saved yet.

    Raises:
        RunError: The list of checkpoints, or each of them, is damaged or of another run.

    Example:
        >>> newest_checkpoint(run.folder)  # doctest: +SKIP
        'checkpoints/20260301-090507-sample-1a2b3c4d/model.ckpt-700'
    """
    damages = []
    for listed in reversed(read_checkpoint_list(folder)):
        prefix = folder / listed.name
        damage = damage_of(folder, listed)
        if not damage:
            return str(prefix)
        damages.append(damage)
        progress.message(f"{prefix} is damaged ({damage}): using the one before it, if any.")
    if damages:
        raise RunError(
            folder,
            expected="at least one checkpoint must not be damaged",
            got="; ".join(damages),
            todo="Restore them from a copy of the run, or train a new one with `lawrec train`.",
        )
    return None
