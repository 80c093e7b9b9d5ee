"""Records: the one owner of the TFRecord schema: cases to shards, and shards to cases."""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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
    """A case in numbers: `token_ids` is never empty, `label_ids` and `unknown_ids` ascend."""

    case_id: str
    token_ids: list[int]
    label_ids: list[int]
    unknown_ids: list[int] = field(default_factory=list)
    weight: float = 1.0
    charges: tuple[str, ...] = ()


def write_shards(
    records: Iterable[Record], folder: Path, *, split: str, shard_cases: int, compression: str = ""
) -> Iterator[Shard]:
    """Write records into shards of `shard_cases` cases, and give each shard when it is done."""
    suffix = f".tfrecord{'.gz' if compression else ''}"
    rest = iter(records)
    number = 0
    while chunk := list(islice(rest, shard_cases)):
        path = folder / f"{split}-{number:05d}{suffix}"
        with disk_full_as_os_error(path), tf.io.TFRecordWriter(str(path), compression) as writer:
            for record in chunk:
                writer.write(to_example(record))
        yield Shard(path.name, len(chunk), sha256(path))
        number += 1


def to_example(record: Record) -> bytes:
    """Return the serialized tf.train.Example of a record."""
    features = {
        "case_id": _text_feature([record.case_id]),
        "token_ids": _int_feature(record.token_ids),
        "label_ids": _int_feature(record.label_ids),
        "unknown_ids": _int_feature(record.unknown_ids),
        "weight": tf.train.Feature(float_list=tf.train.FloatList(value=[record.weight])),
        "charges": _text_feature(record.charges),
    }
    example = tf.train.Example(features=tf.train.Features(feature=features))
    # Else the order of the features may differ from process to process.
    serialized: bytes = example.SerializeToString(deterministic=True)
    return serialized


def parse_example(serialized: Any) -> dict[str, Any]:
    """Parse one serialized record into tensors.

    Returns:
        "case_id" string (), "token_ids" int32 (n_tokens,), "label_ids" int32 (n_labels,),
        "unknown_ids" int32 (n_unknown,), "weight" float32 (), "charges" string (n_charges,).
    """
    parsed = tf.io.parse_single_example(
        serialized,
        {
            "case_id": tf.io.FixedLenFeature([], tf.string),
            "token_ids": tf.io.RaggedFeature(tf.int64),
            "label_ids": tf.io.RaggedFeature(tf.int64),
            "unknown_ids": tf.io.RaggedFeature(tf.int64),
            "weight": tf.io.FixedLenFeature([], tf.float32),
            "charges": tf.io.RaggedFeature(tf.string),
        },
    )
    ids = ("token_ids", "label_ids", "unknown_ids")
    return {**parsed, **{name: tf.cast(parsed[name], tf.int32) for name in ids}}


def read_records(records: Records, split: str) -> Iterator[Record]:
    """Read a split's records in order, one by one.

    Raises:
        RecordsError: A shard is missing or damaged.
    """
    for shard, path in zip(records.split(split).shards, records.shard_paths(split), strict=True):
        cases = 0
        try:
            packed = tf.data.TFRecordDataset(str(path), records.manifest.compression)
            shard_records = packed.map(parse_example)
            for parsed in shard_records.as_numpy_iterator():
                cases += 1
                yield Record(
                    case_id=parsed["case_id"].decode("utf-8"),
                    token_ids=parsed["token_ids"].tolist(),
                    label_ids=parsed["label_ids"].tolist(),
                    unknown_ids=parsed["unknown_ids"].tolist(),
                    weight=float(parsed["weight"]),
                    charges=tuple(charge.decode("utf-8") for charge in parsed["charges"]),
                )
        except (*DAMAGE, tf.errors.NotFoundError) as error:
            raise damaged(path) from error
        if cases != shard.cases:
            raise damaged(path)


@contextmanager
def disk_full_as_os_error(path: Path) -> Iterator[None]:
    """Raise TensorFlow's error of a full disk as the OSError that Python has for it."""
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error


def _text_feature(values: Iterable[str]) -> Any:
    texts = [value.encode("utf-8") for value in values]
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=texts))


def _int_feature(values: list[int]) -> Any:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
