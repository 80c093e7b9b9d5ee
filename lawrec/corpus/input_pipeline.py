"""Pipeline: shards -> shuffled, length-bucketed, padded, prefetched batches in tf.data."""

from typing import Any

import tensorflow as tf

from lawrec.corpus.manifest import Records
from lawrec.corpus.tfrecords import parse_example
from lawrec.corpus.vocabulary import PAD_ID

LENGTH_STEP = 16
"""Batches are padded to a multiple of this many tokens, so that few shapes occur."""
_PADDING = {"token_ids": PAD_ID, "label_ids": -1, "unknown_ids": -1, "weight": 0.0, "charges": ""}


def training_batches(
    records: Records,
    epochs: int,
    *,
    batch_tokens: int,
    shuffle_cases: int,
    seed: int,
    worker: int = 0,
    workers: int = 1,
) -> Any:
    """Return the batches of the train split as a tf.data.Dataset, every case once an epoch.

    Args:
        records: Finished records.
        epochs: How often the train split is read.
        batch_tokens: Padded tokens in a batch; a batch of long cases has fewer of them.
        shuffle_cases: Size of the shuffle buffer, in cases.
        seed: Fixes the order of the cases.
        worker: Number of this worker, from 0.
        workers: How many workers share the cases: in each epoch every case goes to one of them,
            as long as all have the same records and seed.

    Returns:
        A dataset of dicts: "token_ids" int32 (batch, length); "articles" and "articles_known",
        float32 (batch, n_articles): known is 0 where nobody knows whether the article applies,
        else 1; "charges" float32 (batch, n_charges) and "charges_known" float32 (batch, 1): 0 where
        the case names none; "weights" float32 (batch,).
    """
    paths = [str(path) for path in records.shard_paths("train")]
    dataset = tf.data.Dataset.from_tensor_slices(paths).shuffle(len(paths), seed=seed)
    dataset = dataset.interleave(
        lambda path: tf.data.TFRecordDataset(path, records.manifest.compression),
        cycle_length=4,
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    if workers > 1:
        # Case by case, not shard by shard: there may be fewer shards than workers.
        dataset = dataset.shard(workers, worker)
    dataset = dataset.shuffle(shuffle_cases, seed=seed).repeat(epochs)
    dataset = dataset.map(_needed, num_parallel_calls=tf.data.AUTOTUNE)
    dataset = _bucketed(dataset, records.manifest.max_tokens, batch_tokens=batch_tokens)
    return dataset.map(
        lambda batch: _labelled(batch, records), num_parallel_calls=tf.data.AUTOTUNE
    ).prefetch(tf.data.AUTOTUNE)


def bucket_lengths(max_tokens: int) -> list[int]:
    """Return the padded lengths that occur: multiples of `LENGTH_STEP` that hold `max_tokens`."""
    return list(range(LENGTH_STEP, max_tokens + LENGTH_STEP, LENGTH_STEP))


def multi_hot(label_ids: Any, n_articles: int) -> Any:
    """Return float32 (batch, n_articles) from unique int32 (batch, n_ids) padded with -1."""
    return tf.reduce_sum(tf.one_hot(label_ids, n_articles), axis=1)


def _labelled(batch: dict[str, Any], records: Records) -> dict[str, Any]:
    """Turn the padded lists of labels into one column a label."""
    n_articles = len(records.articles)
    names = tf.constant(records.charges.names, tf.string, (len(records.charges),))
    charged = tf.reduce_any(_hashed(batch["charges"])[:, :, None] == _hashed(names), axis=1)
    return {
        "token_ids": batch["token_ids"],
        "articles": multi_hot(batch["label_ids"], n_articles),
        "articles_known": 1 - multi_hot(batch["unknown_ids"], n_articles),
        "charges": tf.cast(charged, tf.float32),
        "charges_known": tf.cast(tf.reduce_any(charged, axis=1, keepdims=True), tf.float32),
        "weights": batch["weight"],
    }


def _hashed(texts: Any) -> Any:
    """Return int64 numbers in place of texts: they are compared a hundred times as fast."""
    return tf.strings.to_hash_bucket_fast(texts, 2**63 - 1)


def _needed(serialized: Any) -> dict[str, Any]:
    """Parse what training needs of a record."""
    parsed = parse_example(serialized)
    return {name: parsed[name] for name in _PADDING}


def _bucketed(dataset: Any, max_tokens: int, *, batch_tokens: int) -> Any:
    lengths = bucket_lengths(max_tokens)
    return dataset.bucket_by_sequence_length(
        element_length_func=lambda case: tf.shape(case["token_ids"])[0],
        bucket_boundaries=[length + 1 for length in lengths],
        # The last size is for facts beyond the last boundary, of which there are none.
        bucket_batch_sizes=[max(1, batch_tokens // length) for length in lengths] + [1],
        pad_to_bucket_boundary=True,
        padding_values=_PADDING,
        drop_remainder=False,
    )
