"""Splits: find the train, valid and test cases of a folder, and their encodings.

A split is one path, whatever holds it: a file, a folder of files, or a pattern that several files
match. `lawrec.storage.file_lists` lists the files of such a path in order, and its digest covers
their decompressed bytes in this order: packing cases changes nothing, reordering them does.
"""

import glob
import re
from collections.abc import Mapping
from pathlib import Path

from lawrec.corpus.readers import READERS, SUFFIXES, CaseFormat, choose_reader
from lawrec.errors import CaseError
from lawrec.storage.file_lists import list_files
from lawrec.storage.packed_files import DECOMPRESSORS, open_binary
from lawrec.storage.text_files import detect_encoding
from lawrec.translation import marked

SPLITS = ("train", "valid", "test")
_OTHER_NAMES = ("val", "validation", "dev", "eval")
"""What others call the valid split."""


def find_splits(data: Path) -> dict[str, Path]:
    """Return the path of each split of a folder that has a train split.

    Args:
        data: A folder in which the cases of a split are one file, `train.json` or `train.csv.gz`,
            a folder `train`, or files `train-*.json`. CAIL2018's own names, which begin with
            `data_`, are found too.

    Returns:
        The paths by split, as `list_files` takes them; valid and test may be missing.

    Raises:
        CaseError: The folder or its train split is missing, a split is there twice, or the valid
            split seems to have another name.

    Example:
        >>> from lawrec.storage.resources import shipped_path
        >>> {split: path.name for split, path in find_splits(shipped_path("data/sample")).items()}
        {'train': 'train.json', 'valid': 'valid.json', 'test': 'test.json'}
    """
    if not data.is_dir():
        raise CaseError(
            data,
            expected="--data must be a folder with train, valid and test files",
            got="a file" if data.exists() else "no such folder",
            todo="Put the cases into train.json, valid.json and test.json in one folder "
            f"({', '.join(SUFFIXES)} are read) and name that folder.",
        )
    splits = splits_in(data)
    if "train" not in splits:
        raise CaseError(
            data,
            expected="the folder must hold train.json",
            got="no train file",
            todo="Add it, or name another folder.",
        )
    others = _other_valid(data)
    if others and "valid" not in splits:
        raise CaseError(
            data,
            expected="the valid cases must be named valid",
            got=" and ".join(others),
            todo="Rename one to valid, with the suffix that it has, and move what is no valid "
            "split into another folder.",
        )
    return splits


def splits_in(data: Path) -> dict[str, Path]:
    """Return the path of each split that a folder has, which may be none.

    Raises:
        CaseError: A split is there twice.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     (Path(folder) / "data_valid.csv.gz").touch()
        ...     [path.name for path in splits_in(Path(folder)).values()]
        ['data_valid.csv.gz']
    """
    candidates = {split: _candidates(data, split) for split in SPLITS}
    for split, paths in candidates.items():
        if len(paths) > 1:
            raise CaseError(
                data,
                expected=f"there must be one {split} file",
                got=" and ".join(path.name for path in paths),
                todo="Keep one of them.",
            )
    return {split: paths[0] for split, paths in candidates.items() if paths}


def note_on_other_valid(data: Path, splits: Mapping[str, Path]) -> str:
    """Return a note on what is named as valid cases are elsewhere, and is not read.

    Args:
        data: A folder of splits, or a path that is one split itself.
        splits: The splits.

    Returns:
        The note; "" if there is nothing of that kind.

    Example:
        >>> from lawrec.storage.resources import shipped_path
        >>> data = shipped_path("data/sample")
        >>> note_on_other_valid(data, find_splits(data))
        ''
    """
    valid = splits.get("valid", data)
    others = "" if valid == data else " and ".join(_other_valid(data))
    if not others:
        return ""
    return marked(f"The valid cases of {data} are those of {valid.name}, not those of {others}.")


def split_name(path: Path) -> str:
    """Return the name of the cases of a path that is not a split of a folder, for files about them.

    Example:
        >>> [split_name(Path(name)) for name in ("v1.1.csv.gz", "part-*.json", "*.json")]
        ['v1.1', 'part', 'cases']
    """
    known = "|".join(map(re.escape, (*SUFFIXES, *DECOMPRESSORS)))
    name = re.sub(rf"[*?[\]]|(?:{known})+$", "", path.name, flags=re.IGNORECASE)
    return name.strip("-_.") or "cases"


def encodings_at(*paths: tuple[Path, CaseFormat]) -> str:
    """Return the encodings of the files of paths, for people: "gb18030 and utf-8".

    Args:
        *paths: Where the cases are, and how they are written.

    Raises:
        CaseError: A file cannot be read, or its suffix is unknown.

    Example:
        >>> from lawrec.storage.resources import shipped_path
        >>> encodings_at((shipped_path("data/sample/train.json"), CaseFormat()))
        'utf-8'
    """
    encodings = {
        _encoding(file, case_format) for path, case_format in paths for file in list_files(path)
    }
    return " and ".join(sorted(encodings))


def _encoding(file: Path, case_format: CaseFormat) -> str:
    with open_binary(file) as stream:
        reader = case_format.reader or choose_reader(file, stream)
    if not READERS[reader].is_text:
        return reader
    return case_format.encoding or detect_encoding(file)


def _other_valid(data: Path) -> list[str]:
    """Return the names in a folder of what others would call its valid split."""
    return [
        path.name
        for name in _OTHER_NAMES
        for path in _candidates(data, name)
        if not path.is_dir() or _has_cases(path)
    ]


def _has_cases(folder: Path) -> bool:
    """Return whether a folder holds a file whose name is that of cases: any may be called eval."""
    known = (*SUFFIXES, *DECOMPRESSORS)
    return any(path.suffix.lower() in known for path in folder.iterdir())


def _candidates(data: Path, split: str) -> list[Path]:
    """Return the files, folders and patterns in a folder that may hold a split.

    Letters may be capitals: TRAIN.JSON.
    """
    suffixes, packings = ("|".join(map(re.escape, names)) for names in (SUFFIXES, DECOMPRESSORS))
    ending = rf"(?:{suffixes})(?:{packings})?"
    whole = re.compile(rf"(?:data_)?{split}{ending}", re.IGNORECASE)
    shard = re.compile(rf"((?:data_)?{split}-).*?({ending})", re.IGNORECASE | re.DOTALL)
    folders = (split, f"data_{split}")
    # The name of the folder itself may look like a pattern: "cases[1]".
    escaped = Path(glob.escape(str(data)))
    entries = sorted(data.iterdir())
    return [
        *(path for path in entries if path.is_file() and whole.fullmatch(path.name)),
        *(path for path in entries if path.is_dir() and path.name.lower() in folders),
        *dict.fromkeys(
            escaped / f"{match[1]}*{match[2]}"
            for path in entries
            if (match := shard.fullmatch(path.name))
        ),
    ]
