"""Export for CAIL: pack a run, lawrec itself and a Predictor, as CAIL2018's judge wants them.

predictor/__init__.py, predictor.py   what the judge imports
predictor/law.txt                     the articles, whose lines are the ids of answers
predictor/run/                        what predicting needs of the run
predictor/library/lawrec/             lawrec; what it depends on must be installed there
"""

import json
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from lawrec.evaluation.cail_judge import some
from lawrec.files import atomic_file
from lawrec.law.cail_labels import ids_in, unmapped_articles
from lawrec.resources import shipped_path
from lawrec.runs.run import DICTIONARY, LISTS, Run
from lawrec.runs.thresholds_file import THRESHOLDS, load_thresholds

_PACKAGE = Path(__file__).parents[1]
_INIT = '"""What CAIL2018\'s judge imports."""\n\nfrom .predictor import Predictor as Predictor\n'
_CATALOGUE = "vocab/articles.csv"
_SETTINGS = ("run.json", THRESHOLDS)
_LISTS = ("tokens.txt", "articles.txt", "charges.txt", DICTIONARY, *LISTS.values())
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a .zip file can name
_UNIX = 3

Contents = dict[str, bytes | Path]


@dataclass(frozen=True)
class Export:
    """What was packed: `unmapped_articles` are the run's articles that law.txt lacks."""

    path: Path
    run: str
    lines: int
    size: int  # bytes
    unmapped_articles: tuple[str, ...]

    def text(self) -> str:
        """Return it for people."""
        text = f"{self.path}: {self.run}, {self.lines:,} lines, {self.size / 1e6:,.1f} MB"
        if not self.unmapped_articles:
            return text
        return f"{text}\nNever answered, since the list lacks them: {some(self.unmapped_articles)}"


def export_cail(run: Run, labels: tuple[str, ...], *, path: Path, checkpoint: str) -> Export:
    """Write predictor.zip; the same run, list and version of lawrec give the same bytes.

    Args:
        run: A trained and tuned run.
        labels: The articles of law.txt in its order.
        path: The file; one that is there is replaced when the new one is whole.
        checkpoint: The path prefix of the run's best checkpoint.

    Raises:
        RunError: The run has no thresholds.
    """
    load_thresholds(run)
    contents: Contents = {
        "__init__.py": _INIT.encode(),
        "predictor.py": Path(__file__).with_name("cail_predictor.py"),
        "law.txt": "".join(f"{article}\n" for article in labels).encode(),
        **_within("run", _run_files(run, checkpoint)),
        **_within("library/lawrec", _package_files()),
    }
    with atomic_file(path) as temporary, ZipFile(temporary, "w") as archive:
        for name, content in sorted(_within("predictor", contents).items()):
            data = content if isinstance(content, bytes) else content.read_bytes()
            archive.writestr(_entry(name), data)
    lost = unmapped_articles(run.articles.names, ids_in(labels))
    return Export(path, run.folder.name, len(labels), path.stat().st_size, lost)


def _run_files(run: Run, checkpoint: str) -> Contents:
    """Return what predicting needs of a run: the best of its checkpoints as its only one."""
    best = Path(checkpoint)
    state = f'model_checkpoint_path: "{best.name}"\nall_model_checkpoint_paths: "{best.name}"\n'
    weights = best.parent.glob(f"{best.name}.*")
    lists = (run.folder / name for name in _LISTS)
    return {
        **{name: _without_places(run.folder / name) for name in _SETTINGS},
        **{path.name: path for path in lists if path.is_file()},
        **{f"best/{path.name}": path for path in weights},
        "best/checkpoint": state.encode(),
    }


def _package_files() -> Contents:
    """Return the source of lawrec, and what it ships that predicting reads."""
    sources = {path.relative_to(_PACKAGE).as_posix(): path for path in _PACKAGE.rglob("*.py")}
    return {**sources, _CATALOGUE: shipped_path(_CATALOGUE)}


def _within(folder: str, contents: Contents) -> Contents:
    return {f"{folder}/{name}": content for name, content in contents.items()}


def _without_places(path: Path) -> bytes:
    """Return a JSON file whose absolute paths, which mean nothing elsewhere, are names alone."""
    values = _named(json.loads(path.read_text(encoding="utf-8")))
    return json.dumps(values, ensure_ascii=False, indent=1).encode()


def _named(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _named(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_named(entry) for entry in value]
    if isinstance(value, str) and PurePath(value).is_absolute():
        return PurePath(value).name
    return value


def _entry(name: str) -> ZipInfo:
    """Return an entry that says nothing of this machine: no time, owner or system."""
    entry = ZipInfo(name, _EPOCH)
    entry.compress_type = ZIP_DEFLATED
    entry.create_system = _UNIX
    entry.external_attr = 0o644 << 16
    return entry
