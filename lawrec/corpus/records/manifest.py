"""Manifests: what a folder of records holds, and whether its shards are undamaged.

    data/records/<key>/train-00000.tfrecord ...   one tf.train.Example per case
    data/records/<key>/extra-..., statute-...     likewise, of extra cases and of articles
    data/records/<key>/manifest.json              written last: counts and SHA-256 of each shard
    vocab/<key>/tokens.txt, articles.txt, charges.txt   what the ids in the records mean
    vocab/<key>/manifest.json                     the SHA-256 of each of these three

Each manifest has its own SHA-256 in it, as `lawrec.storage.seal` describes, and that of the records
also names the SHA-256 of the vocabularies that belong to them.

Nothing here needs TensorFlow, so that checking records is quick.
"""

import gzip
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lawrec.corpus.records.dataset_spec import RECORDS_VERSION
from lawrec.corpus.vocabulary import Vocabulary, load_vocabulary
from lawrec.errors import RecordsError
from lawrec.progress import SILENT, Progress
from lawrec.storage.files import sha256
from lawrec.storage.seal import MANIFEST, SEAL_ERRORS, check_seal, read_sealed

VOCABULARY_FILES = ("tokens.txt", "articles.txt", "charges.txt")


@dataclass(frozen=True)
class Shard:
    """One file of records: its name, how many it has, and its SHA-256 in hexadecimal."""

    name: str
    cases: int
    sha256: str


@dataclass(frozen=True)
class Split:
    """The records of a split, and the files of cases that they come from.

    Args:
        source: The path of the cases, as `list_files` takes it.
        source_sha256: The digest of these files, as `content_digest` returns it.
        cases: The number of cases.
        tokens: The number of tokens of all cases, each truncated to `max_tokens`.
        skipped: The number of lines that could not be used.
        shards: The files of records, in order.
        encoding: The encodings of the files of cases, for people.
    """

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

    Args:
        tokenizer: The fingerprint of the tokenizer.
        max_tokens: The number of tokens of the longest record.
        splits: The records of each split.
        label_counts: The number of train cases of each article.
        charge_counts: The number of train and extra cases of each charge.
        compression: The compression of the shards as TensorFlow names it, "GZIP" or "".
        known_cases: The number of train cases whose "articles" are known, and of train and extra
            cases whose "charges" are.
        vocabularies: The SHA-256 of each of the vocabularies, by the name of its file.
        left_out: The number of extra cases that were left out: as copies of a case of a split, by
            the name of the split, or as "unknown", because nothing is known of their articles.
        unlabelled: The number of extra cases, without copies, of each article that is not a label.
    """

    tokenizer: str
    max_tokens: int
    splits: dict[str, Split]
    label_counts: tuple[int, ...]
    charge_counts: tuple[int, ...] = ()
    compression: str = ""
    known_cases: dict[str, int] = field(default_factory=dict)
    vocabularies: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    unlabelled: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Records:
    """A finished folder of records, with the vocabularies that its ids refer to."""

    folder: Path
    manifest: Manifest
    tokens: Vocabulary
    articles: Vocabulary
    charges: Vocabulary

    def split(self, name: str) -> Split:
        """Return the records of a split.

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
        """Return the files of a split, in order.

        Raises:
            RecordsError: The data has no such split.
        """
        return [self.folder / shard.name for shard in self.split(name).shards]

    @property
    def learned_splits(self) -> tuple[str, ...]:
        """The splits that the LSTM is trained on: train, and the extra cases if there are any."""
        return tuple(name for name in ("train", "extra") if name in self.manifest.splits)

    @property
    def n_learned(self) -> int:
        """The number of cases in these splits."""
        return sum(self.split(name).cases for name in self.learned_splits)


@dataclass(frozen=True)
class Verification:
    """The result of checking a folder of records.

    Args:
        folder: The folder.
        shards: The number of shards that its manifest lists.
        cases: The number of cases that its manifest lists.
        damage: One error per damaged file.
    """

    folder: Path
    shards: int
    cases: int
    damage: tuple[RecordsError, ...]


def damage_error(path: Path) -> RecordsError:
    """Return the error of a shard that is not what its manifest says.

    Example:
        >>> print(damage_error(Path("records/train-00000.tfrecord")).got)
        no such file
    """
    return RecordsError(
        path,
        expected="the shard must match its manifest",
        got="damaged bytes" if path.is_file() else "no such file",
        todo=_write_again(path.parent),
    )


def find_damage(records: Records, split: str) -> RecordsError | None:
    """Return the error of the first shard whose bytes differ from the manifest, if any.

    Raises:
        RecordsError: The data has no such split.

    Example:
        >>> find_damage(records, "train")  # doctest: +SKIP
    """
    shards = records.split(split).shards
    damage = (_shard_damage(records.folder, shard) for shard in shards)
    return next(filter(None, damage), None)


def verify(folder: Path, progress: Progress = SILENT, *, vocab: Path | None = None) -> Verification:
    """Check the bytes and the number of cases of every shard against the manifest of their folder.

    Args:
        folder: The records.
        progress: Is updated after each shard.
        vocab: The folder of their vocabularies; None: only the records are checked.

    Example:
        >>> [error.got for error in verify(Path("missing")).damage]
        ['no such file']
    """
    try:
        manifest = load_manifest(folder)
    except RecordsError as error:
        return Verification(folder, 0, 0, (error,))
    shards = [shard for split in manifest.splits.values() for shard in split.shards]
    total = sum(shard.cases for shard in shards)
    cases = 0
    damage = _vocabulary_damage(vocab, manifest) if vocab else []
    for shard in shards:
        if shard_damage := _shard_damage(folder, shard):
            damage.append(shard_damage)
        cases += shard.cases
        progress.update(f"verify {folder.name}", cases, total)
    return Verification(folder, len(shards), total, tuple(damage))


def folders_in(root: Path) -> list[Path]:
    """Return the finished folders of records in a folder.

    Raises:
        RecordsError: There is none.

    Example:
        >>> folders_in(Path("data/records"))  # doctest: +SKIP
        [PosixPath('data/records/sample-2f9a1c04')]
    """
    # Folders that are being written have names that begin with a dot: see `atomic_folder`.
    folders = sorted(path for path in root.glob("[!.]*") if path.is_dir())
    if not folders:
        raise RecordsError(
            root, expected="there must be records", got="none", todo="Run `lawrec prepare` first."
        )
    return folders


def manifest_to_dict(manifest: Manifest) -> dict[str, Any]:
    """Return the content of manifest.json.

    Example:
        >>> manifest_to_dict(Manifest("char", 384, {}, (2, 3)))["label_counts"]
        (2, 3)
    """
    return {"records_version": RECORDS_VERSION, **asdict(manifest)}


def load_manifest(folder: Path) -> Manifest:
    """Read the manifest of a folder of records.

    Raises:
        RecordsError: It is missing or not readable, or its counts contradict each other.

    Example:
        >>> load_manifest(Path("data/records/sample-2f9a1c04")).max_tokens  # doctest: +SKIP
        384
    """
    path = folder / MANIFEST
    try:
        return _manifest_from_dict(read_sealed(path))
    except SEAL_ERRORS as error:
        raise RecordsError(
            path, expected="the manifest must be readable", got=error, todo=_write_again(folder)
        ) from error


def load_records(folder: Path, vocab: Path) -> Records:
    """Open a finished folder of records and the folder of its vocabularies.

    Raises:
        RecordsError: The manifest or a vocabulary is missing, damaged, or of other records.

    Example:
        >>> key = "sample-2f9a1c04"
        >>> records = load_records(
        ...     Path("data/records") / key, Path("vocab") / key
        ... )  # doctest: +SKIP
    """
    manifest = load_manifest(folder)
    for damage in _vocabulary_damage(vocab, manifest):
        raise damage
    vocabularies = (load_vocabulary(vocab / name) for name in VOCABULARY_FILES)
    return Records(folder, manifest, *vocabularies)


def _manifest_from_dict(values: dict[str, Any]) -> Manifest:
    splits = {
        name: Split(**{**split, "shards": tuple(Shard(**shard) for shard in split["shards"])})
        for name, split in values["splits"].items()
    }
    for name, split in splits.items():
        if split.cases != (in_shards := sum(shard.cases for shard in split.shards)):
            raise ValueError(f"{name} has {split.cases} cases and its shards {in_shards}")
    counts = {name: tuple(values[name]) for name in ("label_counts", "charge_counts")}
    del values["records_version"]
    return Manifest(**{**values, **counts, "splits": splits})


def _vocabulary_damage(vocab: Path, manifest: Manifest) -> list[RecordsError]:
    """Return the error of vocabularies that are damaged or do not belong to records, if any."""
    try:
        files = check_seal(vocab, error=RecordsError, todo=_write_again(vocab))
    except RecordsError as error:
        return [error]
    if files == manifest.vocabularies:
        return []
    return [
        RecordsError(
            vocab,
            expected="the vocabularies must be those of the records",
            got="those of others",
            todo=_write_again(vocab),
        )
    ]


def _write_again(folder: Path) -> str:
    return f"The next `lawrec prepare` or `lawrec train` of its cases writes {folder} again."


def _shard_damage(folder: Path, shard: Shard) -> RecordsError | None:
    path = folder / shard.name
    if path.is_file() and sha256(path) == shard.sha256 and _count_records(path) == shard.cases:
        return None
    return damage_error(path)


def _count_records(path: Path) -> int:
    """Return the number of records of a TFRecord file whose bytes are known to be correct.

    A record is its length (8 bytes, little-endian), the checksum of the length (4 bytes), the data,
    and the checksum of the data (4 bytes). After the length 3 and its
    checksum, for example, 3 + 4 bytes are skipped to get to the next record. Source:
    https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
    """
    records = 0
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        while head := file.read(8 + 4):
            file.seek(int.from_bytes(head[:8], "little") + 4, os.SEEK_CUR)
            records += 1
    return records
