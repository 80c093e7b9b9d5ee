"""Find and open the run or bundle that a name stands for, the newest, or the shipped model."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lawrec.errors import RunError
from lawrec.progress import SILENT, Progress
from lawrec.runs.bundle import open_bundle
from lawrec.runs.checkpoint_list import RUN_FILE
from lawrec.runs.run import LATEST, Run, find_run, run_folder
from lawrec.storage.resources import SHIPPED_MODEL, shipped_path

_DEFAULT_ROOT = Path("checkpoints")


@contextmanager
def open_model(root: Path, name: str | None, *, progress: Progress = SILENT) -> Iterator[Run]:
    """Yield the run that a name stands for, whose files exist inside the block.

    Args:
        root: The folder of the runs.
        name: The name of a run or a bundle in `root`, or the path of one, or the name of the
            shipped model; None for the newest run, or the shipped model where nothing has been
            trained yet.
        progress: Gets a message if the shipped model is opened.

    Raises:
        RunError: There is no such run or bundle, or it is damaged. Or no name is given, and the
            folder is missing, unless it is the default one, "checkpoints".
        CaseError: There is no writable temporary folder to unpack a bundle to.

    Example:
        >>> with open_model(Path("checkpoints"), "criminal-law") as run:
        ...     run.folder.name
        'criminal-law'
    """
    bundle = _bundle_path(root, name)
    if not bundle:
        yield find_run(root, name)
        return
    if name is None:
        progress.message(
            f"No run in {root}: using the shipped model, {bundle} (docs/model-card.md)."
        )
    with open_bundle(bundle) as run:
        yield run


def model_path(root: Path, name: str | None) -> Path:
    """Return the path of the run or bundle that `open_model` opens.

    Raises:
        RunError: There is no such run or bundle.

    Example:
        >>> model_path(Path("no-such-folder"), "criminal-law").name
        'criminal-law.lawrec'
    """
    return _bundle_path(root, name) or run_folder(root, name)


def _bundle_path(root: Path, name: str | None) -> Path | None:
    """Return the bundle that a name stands for; None if it stands for a run."""
    shipped = shipped_path(SHIPPED_MODEL)
    if name is None:
        _check_folder(root)
        return None if _has_runs(root) else shipped
    for path in (root / name, Path(name)):
        if path.exists():
            return path if path.is_file() else None
    return shipped if name in (shipped.stem, shipped.name) else None


def _check_folder(root: Path) -> None:
    """Raise RunError if another folder than the default one is missing."""
    is_default = root.absolute() == _DEFAULT_ROOT.absolute()
    if not (root.is_dir() or (is_default and not root.exists())):
        raise RunError(
            root,
            expected="it must be the folder of the runs",
            got="a file" if root.exists() else "no such folder",
            todo="Check the path, or leave out --checkpoints to use the shipped model.",
        )


def _has_runs(root: Path) -> bool:
    """Return whether there is a run to use instead of the shipped model."""
    return (root / LATEST).exists() or any(root.glob(f"[!.]*/{RUN_FILE}"))
