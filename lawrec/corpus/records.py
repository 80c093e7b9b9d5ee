"""Records: the one owner of the TFRecord schema, of shards, and of the manifest that vouches.

data/records/<key>/train-00000.tfrecord ...   one tf.train.Example a case
data/records/<key>/manifest.json              written last: counts and SHA-256 of each shard
vocab/<key>/tokens.txt, articles.txt          what the ids in the records mean
"""

import errno
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import tensorflow as tf

from lawrec.corpus.vocabulary import Vocabulary, load_vocabulary
from lawrec.errors import RecordsError
from lawrec.files import sha256

SCHEMA = 1
DAMAGE = (tf.errors.DataLossError, tf.errors.InvalidArgumentError)
"""What TensorFlow raises on a broken TFRecord file, and on a record of another schema."""


@dataclass(frozen=True)
class Record:
    """A case in numbers: `token_ids` is never empty, `label_ids` ascends."""

    case_id: str
    token_ids: list[int]
    label_ids: list[int]


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
    """What a folder of records holds; `label_counts` counts the train cases of each article."""

    tokenizer: str
    max_tokens: int
    splits: dict[str, Split]
    label_counts: tuple[int, ...]


@dataclass(frozen=True)
class Records:
    """A finished folder of records, with its vocabularies."""

    folder: Path
    manifest: Manifest
    tokens: Vocabulary
    articles: Vocabulary

    def split(self, name: str) -> Split:
        """Return a split.

        Raises:
            RecordsError: The data has no such split.
        """
        if name not in self.manifest.splits:
            raise RecordsError(
                self.folder,
                f"the data must have a {name} split",
                f"only {', '.join(self.manifest.splits)}",
                f"Put a {name}.json into the folder of --data.",
            )
        return self.manifest.splits[name]

    def shard_paths(self, name: str) -> list[Path]:
        """Return the files of a split, in order."""
        return [self.folder / shard.name for shard in self.split(name).shards]


def write_shards(
    records: Iterable[Record], folder: Path, split: str, shard_cases: int
) -> Iterator[Shard]:
    """Write records into shards of `shard_cases` cases, and give each shard when it is done."""
    rest = iter(records)
    number = 0
    while chunk := list(islice(rest, shard_cases)):
        path = folder / f"{split}-{number:05d}.tfrecord"
        with full_disk_told(path), tf.io.TFRecordWriter(str(path)) as writer:
            for record in chunk:
                writer.write(to_example(record))
        yield Shard(path.name, len(chunk), sha256(path))
        number += 1


def to_example(record: Record) -> bytes:
    """Return the serialized tf.train.Example of a record."""
    features = {
        "case_id": tf.train.Feature(
            bytes_list=tf.train.BytesList(value=[record.case_id.encode("utf-8")])
        ),
        "token_ids": _int_feature(record.token_ids),
        "label_ids": _int_feature(record.label_ids),
    }
    example = tf.train.Example(features=tf.train.Features(feature=features))
    serialized: bytes = example.SerializeToString()
    return serialized


def parse_example(serialized: Any) -> dict[str, Any]:
    """Parse one serialized record into tensors.

    Returns:
        "case_id" string (), "token_ids" int32 (n_tokens,), "label_ids" int32 (n_labels,).
    """
    parsed = tf.io.parse_single_example(
        serialized,
        {
            "case_id": tf.io.FixedLenFeature([], tf.string),
            "token_ids": tf.io.RaggedFeature(tf.int64),
            "label_ids": tf.io.RaggedFeature(tf.int64),
        },
    )
    return {
        "case_id": parsed["case_id"],
        "token_ids": tf.cast(parsed["token_ids"], tf.int32),
        "label_ids": tf.cast(parsed["label_ids"], tf.int32),
    }


def read_records(records: Records, split: str) -> Iterator[Record]:
    """Read a split's records in order, one by one.

    Raises:
        RecordsError: A shard is missing or damaged.
    """
    for shard, path in zip(records.split(split).shards, records.shard_paths(split), strict=True):
        cases = 0
        try:
            shard_records = tf.data.TFRecordDataset(str(path)).map(parse_example)
            for parsed in shard_records.as_numpy_iterator():
                cases += 1
                yield Record(
                    case_id=parsed["case_id"].decode("utf-8"),
                    token_ids=parsed["token_ids"].tolist(),
                    label_ids=parsed["label_ids"].tolist(),
                )
        except (*DAMAGE, tf.errors.NotFoundError) as error:
            raise damaged(path) from error
        if cases != shard.cases:
            raise damaged(path)


@contextmanager
def full_disk_told(path: Path) -> Iterator[None]:
    """Raise TensorFlow's error of a full disk as the OSError that Python has for it."""
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error


def damaged(path: Path) -> RecordsError:
    """Return the error of a shard that is not what its manifest says."""
    state = "damaged bytes" if path.is_file() else "no such file"
    return RecordsError(
        path,
        "the shard must be as its manifest says",
        state,
        f"Delete {path.parent} and run the command again: it prepares the records anew.",
    )


def find_damage(records: Records, split: str) -> RecordsError | None:
    """Return the error of the first shard whose bytes differ from the manifest, if any."""
    for shard, path in zip(records.split(split).shards, records.shard_paths(split), strict=True):
        if not path.is_file() or sha256(path) != shard.sha256:
            return damaged(path)
    return None


def manifest_to_dict(manifest: Manifest) -> dict[str, Any]:
    """Return what manifest.json holds."""
    return {"schema": SCHEMA, **asdict(manifest)}


def load_records(folder: Path, vocab: Path) -> Records:
    """Open a finished folder of records and its vocabularies.

    Raises:
        RecordsError: The manifest or a vocabulary is missing or not readable.
    """
    path = folder / "manifest.json"
    try:
        manifest = _manifest_from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordsError(
            path, "the manifest must be readable", str(error), "Run `lawrec prepare` again."
        ) from error
    return Records(
        folder,
        manifest,
        load_vocabulary(vocab / "tokens.txt"),
        load_vocabulary(vocab / "articles.txt"),
    )


def _manifest_from_dict(values: dict[str, Any]) -> Manifest:
    splits = {
        name: Split(**{**split, "shards": tuple(Shard(**shard) for shard in split["shards"])})
        for name, split in values["splits"].items()
    }
    return Manifest(
        values["tokenizer"], values["max_tokens"], splits, tuple(values["label_counts"])
    )


def _int_feature(values: list[int]) -> Any:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
