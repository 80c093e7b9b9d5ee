"""Pack a run, lawrec itself and a Predictor into predictor.zip, as CAIL2018's judge wants it.

predictor/__init__.py, predictor.py   what the judge imports
predictor/law.txt                     the articles, whose lines are the ids of answers
predictor/model.lawrec                a bundle of the run
predictor/library/lawrec/             the source of lawrec

The archive needs nothing else but lawrec's dependencies, which must be installed where it is
unpacked: the Predictor finds run and library from the path of its own file. The same run gives the
same bytes wherever it is packed: absolute paths in the run's JSON are shortened to names, and the
entries have no times.
"""

from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_DEFLATED

from lawrec.export.bundle import Contents, bundle_bytes, in_folder, zip_bytes
from lawrec.law.cail_labels import ids_in, unmapped_articles
from lawrec.reporting.runs_text import shorten_list
from lawrec.runs.run import Run
from lawrec.storage.files import atomic_file
from lawrec.storage.resources import shipped_path
from lawrec.translation import translate

_PACKAGE = Path(__file__).parents[1]
_INIT = '"""What CAIL2018\'s judge imports."""\n\nfrom .predictor import Predictor as Predictor\n'
_CATALOG = "vocab/articles.csv"


@dataclass(frozen=True)
class PackedRun:
    """The archive that was written.

    Attributes:
        path: The archive.
        run: Name of the run.
        n_labels: Number of articles in law.txt.
        size: Size of the archive in bytes.
        unmapped_articles: Articles of the run that law.txt lacks.
    """

    path: Path
    run: str
    n_labels: int
    size: int
    unmapped_articles: tuple[str, ...]

    def text(self) -> str:
        """Return the summary that `lawrec export cail` prints."""
        size = self.size / 1e6
        text = translate(f"{self.path}: {self.run}, {self.n_labels:,} lines, {size:,.1f} MB")
        if not self.unmapped_articles:
            return text
        names = shorten_list(self.unmapped_articles)
        return f"{text}\n{translate(f'Never answered, since the list lacks them: {names}')}"


def export_cail(run: Run, labels: tuple[str, ...], *, path: Path, checkpoint: str) -> PackedRun:
    """Write predictor.zip; the same run, list and version of lawrec give the same bytes.

    Args:
        run: A trained and tuned run.
        labels: The articles of law.txt in its order.
        path: The file to write. An existing file is replaced once the new one is complete.
        checkpoint: The path prefix of the run's best checkpoint.

    Raises:
        RunError: As `bundle_bytes` says.

    Example:
        >>> checkpoint = best_checkpoint(run)  # doctest: +SKIP
        >>> packed = export_cail(run, labels, path=path, checkpoint=checkpoint)  # doctest: +SKIP
        >>> print(packed.text())  # doctest: +SKIP
        predictor.zip: 20260101-120000, 183 lines, 31.4 MB
    """
    contents: Contents = {
        "__init__.py": _INIT.encode(),
        "predictor.py": Path(__file__).with_name("cail_predictor.py").read_bytes(),
        "law.txt": "".join(f"{article}\n" for article in labels).encode(),
        "model.lawrec": bundle_bytes(run, checkpoint),
        **in_folder("library/lawrec", _package_files()),
    }
    content = zip_bytes(in_folder("predictor", contents), compression=ZIP_DEFLATED)
    with atomic_file(path) as temporary:
        temporary.write_bytes(content)
    unmapped = unmapped_articles(run.articles.names, ids_in(labels))
    return PackedRun(path, run.folder.name, len(labels), len(content), unmapped)


def _package_files() -> Contents:
    """Return the source of lawrec, and what it ships that predicting reads."""
    sources = {path.relative_to(_PACKAGE).as_posix(): path for path in _PACKAGE.rglob("*.py")}
    files = {**sources, _CATALOG: shipped_path(_CATALOG)}
    return {name: path.read_bytes() for name, path in files.items()}
