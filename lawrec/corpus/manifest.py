"""The manifest: what a folder of records holds, and whether it still does.

data/records/<key>/train-00000.tfrecord ...   one tf.train.Example a case
data/records/<key>/manifest.json              written last: counts and SHA-256 of each shard
vocab/<key>/tokens.txt, articles.txt, charges.txt   what the ids in the records mean
"""

import gzip
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lawrec.corpus.vocabulary import Vocabulary, load_vocabulary
from lawrec.errors import RecordsError
from lawrec.files import sha256
from lawrec.progress import SILENT, Progress

MANIFEST = "manifest.json"
SCHEMA = 4


@dataclass(frozen=True)
class Shard:
    """One file of records."""

    name: str
    cases: int
    sha256: str


@dataclass(frozen=True)
class Split:
    """The records of a split, and the file or files of cases that they come from."""

    source: str
    source_sha256: str
    cases: int
    tokens: int
    skipped: int
    shards: tuple[Shard, ...]
    encoding: str = "utf-8"


@dataclass(frozen=True)
class Manifest:
    """What a folder of records holds.

    `label_counts` and `charge_counts` count the train cases of each article and of each charge,
    `known_cases` those whose "articles" and those whose "charges" are known.
    """

    tokenizer: str
    max_tokens: int
    splits: dict[str, Split]
    label_counts: tuple[int, ...]
    charge_counts: tuple[int, ...] = ()
    compression: str = ""  # of the shards, as TensorFlow names it: "GZIP"
    known_cases: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Records:
    """A finished folder of records, with its vocabularies."""

    folder: Path
    manifest: Manifest
    tokens: Vocabulary
    articles: Vocabulary
    charges: Vocabulary

    def split(self, name: str) -> Split:
        """Return a split.

        Raises:
            RecordsError: The data has no such split.
        """
        if name not in self.manifest.splits:
            raise RecordsError(
                self.folder,
                expected=f"the data must have a {name} split",
                got=f"only {', '.join(self.manifest.splits)}",
                todo=f"Put a {name}.json into the folder of --data.",
            )
        return self.manifest.splits[name]

    def shard_paths(self, name: str) -> list[Path]:
        """Return the files of a split, in order."""
        return [self.folder / shard.name for shard in self.split(name).shards]


@dataclass(frozen=True)
class Verification:
    """What checking a folder of records found: how much it should hold, and what is damaged."""

    folder: Path
    shards: int
    cases: int
    damage: tuple[RecordsError, ...]


def damaged(path: Path) -> RecordsError:
    """Return the error of a shard that is not what its manifest says."""
    state = "damaged bytes" if path.is_file() else "no such file"
    return RecordsError(
        path,
        expected="the shard must be as its manifest says",
        got=state,
        todo=_anew(path.parent),
    )


def find_damage(records: Records, split: str) -> RecordsError | None:
    """Return the error of the first shard whose bytes differ from the manifest, if any."""
    for shard, path in zip(records.split(split).shards, records.shard_paths(split), strict=True):
        if not _is_whole(shard, path):
            return damaged(path)
    return None


def verify(folder: Path, progress: Progress = SILENT) -> Verification:
    """Check every shard of a folder of records against its manifest: its bytes and its cases."""
    try:
        manifest = load_manifest(folder)
    except RecordsError as error:
        return Verification(folder, 0, 0, (error,))
    shards = [shard for split in manifest.splits.values() for shard in split.shards]
    total = sum(shard.cases for shard in shards)
    cases = 0
    damage = []
    for shard in shards:
        path = folder / shard.name
        if not _is_whole(shard, path):
            damage.append(damaged(path))
        cases += shard.cases
        progress.update(f"verify {folder.name}", cases, total)
    return Verification(folder, len(shards), total, tuple(damage))


def folders_in(root: Path) -> list[Path]:
    """Return the finished folders of records in a folder.

    Raises:
        RecordsError: There is none.
    """
    found = sorted(path for path in root.glob("[!.]*") if path.is_dir())
    if not found:
        raise RecordsError(
            root, expected="there must be records", got="none", todo="Run `lawrec prepare` first."
        )
    return found


def manifest_to_dict(manifest: Manifest) -> dict[str, Any]:
    """Return what manifest.json holds."""
    return {"schema": SCHEMA, **asdict(manifest)}


def load_manifest(folder: Path) -> Manifest:
    """Read the manifest of a folder of records.

    Raises:
        RecordsError: It is missing or not readable, or its counts contradict each other.
    """
    path = folder / MANIFEST
    try:
        return _manifest_from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordsError(
            path,
            expected="the manifest must be readable",
            got=str(error),
            todo=_anew(folder),
        ) from error


def load_records(folder: Path, vocab: Path) -> Records:
    """Open a finished folder of records and its vocabularies.

    Raises:
        RecordsError: The manifest or a vocabulary is missing or not readable.
    """
    return Records(
        folder,
        load_manifest(folder),
        load_vocabulary(vocab / "tokens.txt"),
        load_vocabulary(vocab / "articles.txt"),
        load_vocabulary(vocab / "charges.txt"),
    )


def _manifest_from_dict(values: dict[str, Any]) -> Manifest:
    splits = {
        name: Split(**{**split, "shards": tuple(Shard(**shard) for shard in split["shards"])})
        for name, split in values["splits"].items()
    }
    for name, split in splits.items():
        if split.cases != (in_shards := sum(shard.cases for shard in split.shards)):
            raise ValueError(f"{name} has {split.cases} cases and its shards {in_shards}")
    return Manifest(
        tokenizer=values["tokenizer"],
        max_tokens=values["max_tokens"],
        splits=splits,
        label_counts=tuple(values["label_counts"]),
        charge_counts=tuple(values["charge_counts"]),
        compression=values.get("compression", ""),
        known_cases=values["known_cases"],
    )


def _anew(folder: Path) -> str:
    return f"The next `lawrec prepare` or `lawrec train` of its cases makes {folder} anew."


def _is_whole(shard: Shard, path: Path) -> bool:
    return path.is_file() and sha256(path) == shard.sha256 and _count(path) == shard.cases


def _count(path: Path) -> int:
    """Count the records of a sound TFRecord file.

    Each is a length of 8 bytes, their checksum of 4, so many bytes, and their checksum of 4:
    https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
    """
    records = 0
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        while head := file.read(12):
            file.seek(int.from_bytes(head[:8], "little") + 4, os.SEEK_CUR)
            records += 1
    return records
