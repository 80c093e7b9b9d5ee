"""TODO corpus.splits."""

import glob
from pathlib import Path

from lawrec.corpus.readers import SUFFIXES
from lawrec.errors import CaseError
from lawrec.text_files import DECOMPRESSORS

SPLITS = ("train", "valid", "test")


def find_splits(data: Path) -> dict[str, Path]:
    """Return where the cases of each split in a folder are, a path as `list_files` takes it.

    A split is one file, `train.json` or `train.csv.gz`, a folder `train`, or files
    `train-*.json`; CAIL's own names begin with `data_`.

    Raises:
        CaseError: The folder or its train split is missing, or a split is there twice.
    """
    if not data.is_dir():
        raise CaseError(
            data,
            expected="--data must be a folder with train, valid and test files",
            got="a file" if data.exists() else "no such folder",
            todo=f"Put the cases into train.json, valid.json and test.json ({', '.join(SUFFIXES)} are "
            "read) in one folder and name that folder.",
        )
    splits = splits_in(data)
    if "train" not in splits:
        raise CaseError(
            data,
            expected="the folder must hold train.json",
            got="no train file",
            todo="Add it, or name another.",
        )
    return splits


def splits_in(data: Path) -> dict[str, Path]:
    """Return where the cases of each split in a folder are, of those that are there.

    Raises:
        CaseError: A split is there twice.
    """
    found = {split: _places_of(data, split) for split in SPLITS}
    for split, places in found.items():
        if len(places) > 1:
            names = " and ".join(place.name for place in places)
            raise CaseError(
                data,
                expected=f"there must be one {split} file",
                got=names,
                todo="Keep one of them.",
            )
    return {split: places[0] for split, places in found.items() if places}


def _places_of(data: Path, split: str) -> list[Path]:
    """Return the file, the folder and the patterns that a split may be in."""
    names = (split, f"data_{split}")
    endings = [suffix + packing for suffix in SUFFIXES for packing in ("", *DECOMPRESSORS)]
    files = [data / f"{name}{ending}" for name in names for ending in endings]
    folders = [data / name for name in names]
    plain = Path(glob.escape(str(data)))
    patterns = [plain / f"{name}-*{ending}" for name in names for ending in endings]
    return [
        *(file for file in files if file.is_file()),
        *(folder for folder in folders if folder.is_dir()),
        *(pattern for pattern in patterns if glob.glob(str(pattern))),  # noqa: PTH207
    ]
