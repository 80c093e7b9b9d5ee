"""TODO runs.leakage."""

from pathlib import Path

from lawrec.corpus.dataset_spec import CHARGE_ONLY
from lawrec.errors import CaseError, RunError
from lawrec.runs.run import Run, SplitFile
from lawrec.text_files import content_digest


def split_path(run: Run, split: str) -> Path:
    """Return where the cases of a run's split are.

    Raises:
        RunError: The run's data has no such split.
        CaseError: They are gone, or changed since the run was trained.
    """
    if split not in run.splits:
        raise RunError(
            run.folder,
            expected=f"the run's data must have a {split} split",
            got=f"only {', '.join(run.splits)}",
            todo="Name a file of labelled cases with --data.",
        )
    source = run.splits[split]
    if change := _change_of(source):
        raise CaseError(
            source.path,
            expected=f"the {split} cases must be as they were when the run was trained",
            got=change,
            todo="Restore them, or name other labelled cases with --data.",
        )
    return source.path


def _change_of(source: SplitFile) -> str:
    """Return what happened to a split's cases since, if anything."""
    try:
        return "" if content_digest(source.path) == source.sha256 else "changed cases"
    except CaseError as error:
        return error.got


def trained_on(run: Run) -> dict[str, tuple[str, ...]]:
    """Return the SHA-256 of the cases that a run was trained on, by their use."""
    charged = (run.splits[CHARGE_ONLY].sha256,) if CHARGE_ONLY in run.splits else ()
    return {"train": run.trained_on, "train the charges": charged}


def refuse_same_cases(
    path: Path, digest: str, *, purpose: str, used: dict[str, tuple[str, ...]]
) -> None:
    """Raise CaseError when a file has the SHA-256 of cases that the run has used already."""
    for use, known in used.items():
        if digest in known:
            raise CaseError(
                path,
                expected=f"to {purpose}, the cases must differ from those used to {use}",
                got="the same file",
                todo="Take cases that the run has not seen.",
            )
