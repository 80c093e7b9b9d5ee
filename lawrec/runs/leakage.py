"""Leakage: keep cases that a run has learned from out of its tuning and its evaluation.

Thresholds that are tuned on train cases are too high, and metrics on tuning cases are too good. So
every command compares the SHA-256 of its cases with those that the run has used before.
"""

from pathlib import Path

from lawrec.errors import CaseError, RunError
from lawrec.runs.run import Run, SplitFile
from lawrec.storage.file_lists import content_digest, list_files
from lawrec.translation import marked

_AIMS = {
    "train": marked("to train"),
    "tune": marked("to tune"),
    "evaluate": marked("to evaluate"),
}


def split_path(run: Run, split: str) -> Path:
    """Return the path of the cases of a run's split, which must be those of its training.

    Raises:
        RunError: The run's data has no such split.
        CaseError: The cases are gone, or have changed since the run was trained.

    Example:
        >>> split_path(find_run(Path("checkpoints"), None), "valid")  # doctest: +SKIP
        PosixPath('data/sample/valid.json')
    """
    if split not in run.splits:
        raise RunError(
            run.folder,
            expected=f"the run's data must have a {split} split",
            got=f"only {', '.join(run.splits)}",
            todo="Name a file of labelled cases with --data.",
        )
    source = run.splits[split]
    if change := _change_since_training(source):
        raise CaseError(
            source.path,
            expected=f"the {split} cases must be as they were when the run was trained",
            got=change,
            todo="Restore them, or name other labelled cases with --data.",
        )
    return source.path


def _change_since_training(source: SplitFile) -> str:
    """Return what has happened to the cases of a split since training, "" for nothing."""
    try:
        # A device has no end.
        if any(file.exists() and not file.is_file() for file in list_files(source.path)):
            return "no file"
        return "" if content_digest(source.path) == source.sha256 else "changed cases"
    except CaseError as error:
        return error.got


def refuse_same_cases(
    run: Run, path: Path, *, digest: str, purpose: str, tuned_on: tuple[str, ...] = ()
) -> None:
    """Refuse cases that a run has used before.

    Args:
        run: The run, which knows the cases that it was trained on.
        path: The cases, for the error.
        digest: Their SHA-256.
        purpose: What they are to be used for now: "tune" or "evaluate".
        tuned_on: The SHA-256 of the cases that the run is tuned on.

    Raises:
        CaseError: The run was trained or is tuned on these cases.

    Example:
        >>> refuse_same_cases(run, Path("new.json"), digest="12", purpose="tune")  # doctest: +SKIP
    """
    for use, digests in (("train", run.trained_on), ("tune", tuned_on)):
        if digest in digests:
            raise CaseError(
                path,
                expected=f"{_AIMS[purpose]}, the cases must differ from those used {_AIMS[use]}",
                got="the same file",
                todo="Use cases that the run has not seen.",
            )
