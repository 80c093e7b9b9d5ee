"""Input pipeline: from shards to shuffled, length-bucketed, padded and prefetched batches.

Cases of like length are batched together and padded to a multiple of `LENGTH_STEP`, so that little
is padded and few shapes occur; each shape is compiled once. docs/tf1-to-tf2.md says what each queue
of TensorFlow 1 has become here.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import tensorflow as tf

from lawrec.corpus.records.manifest import Records
from lawrec.corpus.records.tfrecords import parse_example
from lawrec.corpus.vocabulary import LENGTH_STEP, PAD_ID
from lawrec.types import Dataset, Tensor


def training_batches(
    records: Records,
    epochs: int,
    *,
    max_tokens: int,
    batch_tokens: int,
    shuffle_cases: int,
    seed: int,
) -> Dataset:
    """Return the batches of the train cases and the extra ones; each epoch has every case once.

    Args:
        records: Finished records.
        epochs: How often the cases are read: train, and the extra ones.
        max_tokens: How many tokens of a case are in a batch, as `head_and_tail` takes them.
        batch_tokens: The largest number of tokens in a batch, padding included. A batch of long
            cases has fewer cases, but at least one.
        shuffle_cases: The size of the shuffle buffer, in cases.
        seed: Determines the order of the cases.

    Returns:
        A dataset of dicts: "token_ids" int32 (batch, length); "articles" and "articles_known",
        float32 (batch, n_articles), where known is 0 if nobody knows whether the article applies,
        else 1; "charges" float32 (batch, n_charges) and "charges_known" float32 (batch, 1), where
        known is 0 if the case names no charge; "weights" float32 (batch,).

    Example:
        >>> batches = training_batches(
        ...     records, 1, max_tokens=384, batch_tokens=8_192, shuffle_cases=10_000, seed=1
        ... )  # doctest: +SKIP
        >>> next(iter(batches))["token_ids"].shape  # doctest: +SKIP
        TensorShape([46, 176])
    """
    paths = [str(path) for split in records.learned_splits for path in records.shard_paths(split)]
    dataset = tf.data.Dataset.from_tensor_slices(paths).shuffle(len(paths), seed=seed)
    dataset = dataset.interleave(
        _no_autograph(
            partial(tf.data.TFRecordDataset, compression_type=records.manifest.compression)
        ),
        cycle_length=4,
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    dataset = dataset.shuffle(shuffle_cases, seed=seed).repeat(epochs)
    dataset = dataset.map(
        _no_autograph(partial(_to_features, records=records, max_tokens=max_tokens)),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    longest = min(max_tokens, records.manifest.max_tokens)
    dataset = _bucket_by_length(dataset, longest, batch_tokens=batch_tokens)
    return dataset.prefetch(tf.data.AUTOTUNE)


def bucket_lengths(max_tokens: int) -> list[int]:
    """Return the lengths of padded cases: all multiples of `LENGTH_STEP` up to the longest case's.

    Example:
        >>> bucket_lengths(40)
        [16, 32, 48]
    """
    return list(range(LENGTH_STEP, max_tokens + LENGTH_STEP, LENGTH_STEP))


def multi_hot(label_ids: Tensor, n_labels: int) -> Tensor:
    """Return one column per label: 1 if its id is there, else 0.

    Args:
        label_ids: int32 (..., n_ids): unique ids, which may be padded with -1.
        n_labels: The number of columns.

    Returns:
        float32 (..., n_labels).

    Example:
        >>> multi_hot(tf.constant([[0, 2], [1, -1]]), 3).numpy().tolist()
        [[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """
    return tf.reduce_sum(tf.one_hot(label_ids, n_labels), axis=-2)


def _no_autograph(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that TensorFlow runs as it is.

    AutoGraph would rewrite it, which only functions with loops or branches over tensors need, and
    keep the result in files that stay behind where a process is killed.
    """
    converted: Callable[..., Any] = tf.autograph.experimental.do_not_convert(function)
    return converted


def _to_features(serialized: Tensor, records: Records, *, max_tokens: int) -> dict[str, Tensor]:
    """Return what training needs of a record, with one column per label.

    The labels become columns before batching: padding to the length of a bucket would otherwise
    fail for a case with more labels than tokens, such as a short one that knows no article.
    """
    parsed = parse_example(serialized)
    n_articles = len(records.articles)
    names = tf.constant(records.charges.names, tf.string, (len(records.charges),))
    # One row per charge of the case, one column per charge of the vocabulary.
    has_charge = tf.reduce_any(_hash(parsed["charges"])[:, None] == _hash(names), axis=0)
    return {
        "token_ids": _head_and_tail(parsed["token_ids"], max_tokens),
        "articles": multi_hot(parsed["label_ids"], n_articles),
        "articles_known": 1 - multi_hot(parsed["unknown_ids"], n_articles),
        "charges": tf.cast(has_charge, tf.float32),
        "charges_known": tf.cast(tf.reduce_any(has_charge, keepdims=True), tf.float32),
        "weights": parsed["weight"],
    }


def _head_and_tail(token_ids: Tensor, limit: int) -> Tensor:
    """Return what `lawrec.corpus.vocabulary.head_and_tail` does, of int32 (n_tokens,)."""
    n_last = limit // 2
    n_first = limit - n_last
    last = tf.maximum(tf.shape(token_ids)[0] - n_last, n_first)
    return tf.concat([token_ids[:n_first], token_ids[last:]], axis=0)


def _hash(texts: Tensor) -> Tensor:
    """Return int64 hashes of texts: comparing these is a hundred times as fast."""
    return tf.strings.to_hash_bucket_fast(texts, 2**63 - 1)


def _bucket_by_length(dataset: Dataset, max_tokens: int, *, batch_tokens: int) -> Dataset:
    """Batch cases of like length, padded to the length of their bucket.

    With `max_tokens` 40 and `batch_tokens` 96, the buckets hold cases of 1-16, 17-32 and 33-48
    tokens, and a batch has 6, 3 or 2 of them.
    """
    lengths = bucket_lengths(max_tokens)
    padding = dict.fromkeys(dataset.element_spec, 0.0) | {"token_ids": PAD_ID}
    return dataset.bucket_by_sequence_length(
        element_length_func=_no_autograph(lambda case: tf.shape(case["token_ids"])[0]),
        bucket_boundaries=[length + 1 for length in lengths],
        # The last size is that of cases beyond the last boundary, of which there are none.
        bucket_batch_sizes=[max(1, batch_tokens // length) for length in lengths] + [1],
        pad_to_bucket_boundary=True,
        padding_values=padding,  # only the tokens have no fixed length
        drop_remainder=False,
    )
