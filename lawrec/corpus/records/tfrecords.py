"""TFRecords: write cases to shards, and read shards.

This module alone knows the features of a serialized record.
"""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tensorflow as tf

from lawrec.corpus.records.manifest import Records, Shard, damage_error
from lawrec.corpus.records.record import Record
from lawrec.iterables import batched
from lawrec.storage.files import sha256
from lawrec.types import Dataset, Tensor

DAMAGE = (tf.errors.DataLossError, tf.errors.InvalidArgumentError)
"""TensorFlow's errors of a damaged TFRecord file, and of a record with other features."""
_PARSED_TOGETHER = 256
"""Records parsed at once: one by one takes three times as long."""
_FEATURES = {
    "case_id": tf.io.FixedLenFeature([], tf.string),
    "token_ids": tf.io.RaggedFeature(tf.int64),
    "label_ids": tf.io.RaggedFeature(tf.int64),
    "unknown_ids": tf.io.RaggedFeature(tf.int64),
    "weight": tf.io.FixedLenFeature([], tf.float32),
    "charges": tf.io.RaggedFeature(tf.string),
}
"""How TensorFlow parses each feature of a record."""


def write_shards(
    records: Iterable[Record], folder: Path, *, split: str, shard_cases: int, compression: str = ""
) -> Iterator[Shard]:
    """Yield the shards that records are written to, each when it is complete.

    Args:
        records: The records, of which one shard at a time is in memory.
        folder: Where the shards are written.
        split: Names the shards: "train-00000.tfrecord".
        shard_cases: The number of records in each shard but the last, which may have fewer.
        compression: "GZIP", or "" for none.

    Raises:
        OSError: The disk is full.

    Example:
        >>> import tempfile
        >>> records = [Record("1", [2, 3], [0]), Record("2", [4], []), Record("3", [5], [1])]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     shards = list(write_shards(records, Path(folder), split="train", shard_cases=2))
        >>> [(shard.name, shard.cases) for shard in shards]
        [('train-00000.tfrecord', 2), ('train-00001.tfrecord', 1)]
    """
    suffix = f".tfrecord{'.gz' if compression else ''}"
    for number, chunk in enumerate(batched(records, shard_cases)):
        path = folder / f"{split}-{number:05d}{suffix}"
        with disk_full_as_os_error(path), tf.io.TFRecordWriter(str(path), compression) as writer:
            for record in chunk:
                writer.write(to_example(record))
        yield Shard(path.name, len(chunk), sha256(path))


def to_example(record: Record) -> bytes:
    """Return the serialized tf.train.Example of a record.

    Example:
        >>> parsed = parse_example(to_example(Record("1", [2, 3], [0])))
        >>> parsed["token_ids"].numpy().tolist()
        [2, 3]
    """
    features = {
        "case_id": _text_feature([record.case_id]),
        "token_ids": _int_feature(record.token_ids),
        "label_ids": _int_feature(record.label_ids),
        "unknown_ids": _int_feature(record.unknown_ids),
        "weight": tf.train.Feature(float_list=tf.train.FloatList(value=[record.weight])),
        "charges": _text_feature(record.charges),
    }
    example = tf.train.Example(features=tf.train.Features(feature=features))
    # Without `deterministic`, the order of the features may differ from process to process.
    serialized: bytes = example.SerializeToString(deterministic=True)
    return serialized


def parse_example(serialized: Tensor) -> dict[str, Tensor]:
    """Return the features of one serialized record.

    Args:
        serialized: string ().

    Returns:
        "case_id" string (), "token_ids" int32 (n_tokens,), "label_ids" int32 (n_labels,),
        "unknown_ids" int32 (n_unknown,), "weight" float32 (), "charges" string (n_charges,).

    Example:
        >>> parse_example(to_example(Record("1", [2, 3], [0])))["label_ids"].numpy().tolist()
        [0]
    """
    parsed = tf.io.parse_single_example(serialized, _FEATURES)
    ids = ("token_ids", "label_ids", "unknown_ids")
    return {**parsed, **{name: tf.cast(parsed[name], tf.int32) for name in ids}}


def read_records(records: Records, split: str) -> Iterator[Record]:
    """Yield the records of a split, in order and one by one.

    Raises:
        RecordsError: The data has no such split, or a shard is missing or damaged.

    Example:
        >>> first = next(read_records(records, "train"))  # doctest: +SKIP
    """
    for shard, path in zip(records.split(split).shards, records.shard_paths(split), strict=True):
        cases = 0
        try:
            serialized = tf.data.TFRecordDataset(str(path), records.manifest.compression)
            for batch in _read_batches(serialized):
                cases += len(batch)
                yield from _parse_records(batch)
        except (*DAMAGE, tf.errors.NotFoundError) as error:
            raise damage_error(path) from error
        if cases != shard.cases:
            raise damage_error(path)


def _read_batches(serialized: Dataset) -> Iterator[list[bytes]]:
    """Yield lists of serialized records; where a shard is damaged, those before the damage."""
    batch: list[bytes] = []
    try:
        for record in serialized.as_numpy_iterator():
            batch.append(record)
            if len(batch) == _PARSED_TOGETHER:
                yield batch
                batch = []
    except DAMAGE:
        yield batch
        raise
    yield batch


def _parse_records(serialized: list[bytes]) -> Iterator[Record]:
    """Yield the records of a list of serialized ones."""
    parsed = tf.io.parse_example(tf.constant(serialized, tf.string), _FEATURES)
    lists = ("token_ids", "label_ids", "unknown_ids", "charges")
    columns = zip(
        parsed["case_id"].numpy(),
        parsed["weight"].numpy().tolist(),
        *(parsed[name].to_list() for name in lists),
        strict=True,
    )
    for case_id, weight, token_ids, label_ids, unknown_ids, charges in columns:
        yield Record(
            case_id=case_id.decode("utf-8"),
            token_ids=token_ids,
            label_ids=label_ids,
            unknown_ids=unknown_ids,
            weight=weight,
            charges=tuple(charge.decode("utf-8") for charge in charges),
        )


@contextmanager
def disk_full_as_os_error(path: Path) -> Iterator[None]:
    """Yield, and raise TensorFlow's error of a full disk inside the block as Python's OSError.

    Args:
        path: What was being written, for the error.

    Example:
        >>> with disk_full_as_os_error(Path("a.tfrecord")):
        ...     raise tf.errors.ResourceExhaustedError(None, None, "no space")
        Traceback (most recent call last):
        OSError: [Errno 28] No space left on device: 'a.tfrecord'
    """
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error


def _text_feature(values: Iterable[str]) -> Any:
    texts = [value.encode("utf-8") for value in values]
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=texts))


def _int_feature(values: list[int]) -> Any:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
