"""Records: the one owner of the TFRecord schema: cases to shards, and shards to cases."""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import tensorflow as tf

from lawrec.corpus.manifest import Records, Shard, damaged
from lawrec.files import sha256

DAMAGE = (tf.errors.DataLossError, tf.errors.InvalidArgumentError)
"""What TensorFlow raises on a broken TFRecord file, and on a record of another schema."""


@dataclass(frozen=True)
class Record:
    """A case in numbers: `token_ids` is never empty, `label_ids` ascends."""

    case_id: str
    token_ids: list[int]
    label_ids: list[int]


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


def _int_feature(values: list[int]) -> Any:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
