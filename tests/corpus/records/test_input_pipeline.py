import os
import random
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from lawrec.corpus.records.input_pipeline import (
    _head_and_tail,
    bucket_lengths,
    multi_hot,
    training_batches,
)
from lawrec.corpus.records.manifest import (
    VOCABULARY_FILES,
    Manifest,
    Records,
    Split,
    manifest_to_dict,
)
from lawrec.corpus.records.record import Record
from lawrec.corpus.records.tfrecords import write_shards
from lawrec.corpus.vocabulary import LENGTH_STEP, Vocabulary, head_and_tail
from lawrec.storage.seal import file_digests, seal, write_sealed

pytestmark = [pytest.mark.tensorflow, pytest.mark.timeout(60)]

N_ARTICLES = 5
MAX_TOKENS = 100


def make_records(folder, cases, shard_cases=16, compression=""):
    shards = tuple(
        write_shards(cases, folder, split="train", shard_cases=shard_cases, compression=compression)
    )
    split = Split("train.json", "", len(cases), sum(len(c.token_ids) for c in cases), 0, shards)
    names = Vocabulary(tuple(str(n) for n in range(1, N_ARTICLES + 1)))
    charges = Vocabulary(("盗窃", "诈骗"))
    manifest = Manifest(
        "char", MAX_TOKENS, {"train": split}, (0,) * N_ARTICLES, (0, 0), compression
    )
    return Records(folder, manifest, Vocabulary(("<pad>", "<unk>")), names, charges)


def invented_cases(lengths, seed=1):
    """Return one case per length; its first token is its index plus 2."""
    numbers = random.Random(seed)
    return [
        Record(
            str(number),
            [number + 2] + [numbers.randint(1, 500) for _ in range(length - 1)],
            sorted(numbers.sample(range(N_ARTICLES), numbers.choice((0, 1, 1, 2)))),
        )
        for number, length in enumerate(lengths)
    ]


@pytest.fixture(scope="module")
def cases():
    lengths = random.Random(2).choices(range(1, MAX_TOKENS + 1), k=86)
    return invented_cases([1, 32, 33, 64, 65, 96, 97, MAX_TOKENS, *lengths])


@pytest.fixture(scope="module")
def records(cases, tmp_path_factory):
    return make_records(tmp_path_factory.mktemp("records"), cases)


def batches(records, epochs=1, batch_tokens=512, shuffle_cases=40, seed=7):
    dataset = training_batches(
        records,
        epochs,
        max_tokens=10_000,
        batch_tokens=batch_tokens,
        shuffle_cases=shuffle_cases,
        seed=seed,
    )
    return [(batch["token_ids"].numpy(), batch["articles"].numpy()) for batch in dataset]


def order(result):
    return [int(row[0]) - 2 for tokens, _ in result for row in tokens]


@pytest.mark.parametrize(
    ("max_tokens", "expected"),
    [
        (1, [16]),
        (15, [16]),
        (16, [16]),
        (17, [16, 32]),
        (50, [16, 32, 48, 64]),
        (384, [16 * n for n in range(1, 25)]),
    ],
)
def test_padded_lengths_are_multiples_of_the_step_that_hold_the_longest_fact(max_tokens, expected):
    assert bucket_lengths(max_tokens) == expected


@pytest.mark.parametrize("limit", [1, 2, 5, 8, 100])
@pytest.mark.parametrize("length", [1, 2, 4, 5, 9, 30])
def test_training_reads_what_is_scored_later(limit, length):
    token_ids = np.arange(2, 2 + length, dtype=np.int32)
    expected = list(head_and_tail(token_ids, limit))
    assert len(expected) == min(limit, length)
    assert _head_and_tail(tf.constant(token_ids), limit).numpy().tolist() == expected
    assert head_and_tail(token_ids.tolist(), limit) == expected


@pytest.mark.parametrize(
    ("label_ids", "expected"),
    [
        ([[0]], [[1, 0, 0]]),
        ([[2, 0]], [[1, 0, 1]]),
        ([[0, 1, 2], [1, -1, -1], [-1, -1, -1]], [[1, 1, 1], [0, 1, 0], [0, 0, 0]]),
        ([[], []], [[0, 0, 0], [0, 0, 0]]),
    ],
)
def test_label_ids_become_rows_of_zeros_and_ones(label_ids, expected):
    result = multi_hot(tf.constant(label_ids, tf.int32), 3)
    assert result.dtype == tf.float32
    np.testing.assert_array_equal(result, np.array(expected, np.float32))


def test_every_row_is_its_case_padded_on_the_right(records, cases):
    for tokens, labels in batches(records):
        assert tokens.dtype == np.int32
        assert labels.dtype == np.float32
        assert labels.shape == (len(tokens), N_ARTICLES)
        for row, label in zip(tokens.tolist(), labels, strict=True):
            case = cases[row[0] - 2]
            assert row == case.token_ids + [0] * (len(row) - len(case.token_ids))
            assert np.flatnonzero(label).tolist() == case.label_ids
            assert label.sum() == len(case.label_ids)


def test_a_batch_is_padded_to_the_next_multiple_of_the_step_and_no_further(records, cases):
    for tokens, _ in batches(records):
        width = tokens.shape[1]
        assert width % LENGTH_STEP == 0
        for row in tokens:
            assert width - LENGTH_STEP < len(cases[row[0] - 2].token_ids) <= width


def test_no_more_is_padded_than_the_step_makes_necessary(records, cases):
    padded = sum(tokens.size for tokens, _ in batches(records, epochs=2))
    necessary = sum(-(-len(case.token_ids) // LENGTH_STEP) * LENGTH_STEP for case in cases)
    assert padded == 2 * necessary


@pytest.mark.parametrize("epochs", [1, 3])
def test_every_case_comes_once_per_epoch(records, cases, epochs):
    result = Counter(order(batches(records, epochs)))
    assert result == dict.fromkeys(range(len(cases)), epochs)


@pytest.mark.parametrize("shard_cases", [1, 16, 1000])
@pytest.mark.parametrize("shuffle_cases", [1, 7, 1000])
def test_neither_shards_nor_buffer_lose_a_case(tmp_path, shard_cases, shuffle_cases):
    records = make_records(tmp_path, invented_cases([5] * 40), shard_cases)
    result = batches(records, batch_tokens=320, shuffle_cases=shuffle_cases)
    assert sorted(order(result)) == list(range(40))


def test_an_epoch_is_whole_before_the_next_begins_and_has_another_order(tmp_path):
    records = make_records(tmp_path, invented_cases([5] * 40), shard_cases=40)
    result = order(batches(records, epochs=2, batch_tokens=1))
    first, second = result[:40], result[40:]
    assert sorted(first) == sorted(second) == list(range(40))
    assert first != second
    assert first != sorted(first)


def test_the_seed_fixes_the_order_and_another_seed_changes_it(records):
    first = order(batches(records, epochs=2, seed=1))
    assert order(batches(records, epochs=2, seed=1)) == first
    assert order(batches(records, epochs=2, seed=2)) != first


@pytest.mark.parametrize("batch_tokens", [1, 128, 300, 2048])
def test_a_batch_has_no_more_tokens_than_allowed_unless_it_is_one_case(records, batch_tokens):
    result = batches(records, batch_tokens=batch_tokens)
    assert all(tokens.size <= batch_tokens or len(tokens) == 1 for tokens, _ in result)
    full = Counter(tokens.shape for tokens, _ in result)
    for width in bucket_lengths(MAX_TOKENS):
        short = [rows for (rows, w) in full if w == width and rows != max(1, batch_tokens // width)]
        assert len(short) <= 1


def test_a_case_without_articles_has_a_row_of_zeros(tmp_path):
    records = make_records(tmp_path, [Record("1", [2], []), Record("2", [3], [])])
    ((_, labels),) = batches(records)
    np.testing.assert_array_equal(labels, np.zeros((2, N_ARTICLES), np.float32))


def test_known_is_0_for_what_a_case_does_not_say_and_weights_are_its_own(tmp_path):
    cases = [
        Record("1", [2], [0], [1, 4], 0.25, ("诈骗",)),
        Record("2", [3, 3], [], [0, 1, 2, 3, 4], 0.0),
        Record("3", [4], [3], charges=("诈骗", "盗窃")),
    ]
    (batch,) = training_batches(
        make_records(tmp_path, cases),
        1,
        max_tokens=10_000,
        batch_tokens=512,
        shuffle_cases=9,
        seed=7,
    )
    assert {part.dtype for part in batch.values()} == {tf.int32, tf.float32}
    rows = np.argsort(batch["token_ids"].numpy()[:, 0])
    result = {name: part.numpy()[rows] for name, part in batch.items()}
    np.testing.assert_array_equal(
        result["articles_known"], [[1, 0, 1, 1, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]]
    )
    np.testing.assert_array_equal(result["weights"], [0.25, 0, 1])
    np.testing.assert_array_equal(result["charges"], [[0, 1], [0, 0], [1, 1]])
    np.testing.assert_array_equal(result["charges_known"], [[1], [0], [1]])
    assert result["articles"].shape == (3, N_ARTICLES)


def test_a_short_case_may_have_more_unknown_articles_than_tokens(tmp_path):
    case = Record("1", [2, 3], [39], list(range(39)))
    names = tuple(str(number) for number in range(40))
    records = replace(make_records(tmp_path, [case]), articles=Vocabulary(names))
    (batch,) = training_batches(
        records, 1, max_tokens=10_000, batch_tokens=512, shuffle_cases=9, seed=7
    )
    assert batch["token_ids"].shape == (1, LENGTH_STEP)
    np.testing.assert_array_equal(batch["articles_known"], [[0] * 39 + [1]])
    np.testing.assert_array_equal(batch["articles"], [[0] * 39 + [1]])


def test_a_record_of_another_schema_ends_the_reading_with_its_cause(tmp_path):
    records = make_records(tmp_path, invented_cases([5] * 20))
    with tf.io.TFRecordWriter(str(records.shard_paths("train")[1])) as writer:
        writer.write(b"no example")
    with pytest.raises(tf.errors.InvalidArgumentError, match="Could not parse example"):
        batches(records, epochs=1000)


READ_FOR_EVER = """
import sys
from pathlib import Path
from lawrec.corpus.records.manifest import load_records
from lawrec.corpus.records.input_pipeline import training_batches
records = load_records(Path(sys.argv[1]), Path(sys.argv[1]) / "vocab")
for number, _ in enumerate(training_batches(
    records, 10**9, max_tokens=10_000, batch_tokens=512, shuffle_cases=40, seed=1
)):
    if number == 3:
        print("ready", flush=True)
"""


def test_ctrl_c_ends_the_reading_at_once_which_writes_no_file(tmp_path, cases):
    records = make_records(tmp_path, cases)
    vocab = tmp_path / "vocab"
    records.tokens.save(vocab / "tokens.txt")
    records.articles.save(vocab / "articles.txt")
    records.charges.save(vocab / "charges.txt")
    seal(vocab, VOCABULARY_FILES)
    manifest = replace(records.manifest, vocabularies=file_digests(vocab, VOCABULARY_FILES))
    write_sealed(tmp_path / "manifest.json", manifest_to_dict(manifest))
    command = [sys.executable, "-c", READ_FOR_EVER, tmp_path]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(command, env=environment, **pipes) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            assert not list(temporary.iterdir())  # what a killed process would leave behind
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=10)
        finally:
            process.kill()
    assert process.returncode == -signal.SIGINT
    assert errors.rstrip().endswith("KeyboardInterrupt")


def test_packed_records_give_the_same_batches(records, cases, tmp_path):
    packed = batches(make_records(tmp_path, cases, compression="GZIP"), epochs=2)
    for ours, theirs in zip(packed, batches(records, epochs=2), strict=True):
        np.testing.assert_array_equal(ours[0], theirs[0])
        np.testing.assert_array_equal(ours[1], theirs[1])


@pytest.mark.parametrize("compression", ["", "GZIP"])
@pytest.mark.parametrize("damage", ["flipped", "short", "missing"])
def test_a_damaged_shard_ends_the_reading_with_an_error(tmp_path, damage, compression):
    records = make_records(tmp_path, invented_cases([5] * 60), compression=compression)
    path = records.shard_paths("train")[2]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(content if damage == "flipped" else path.read_bytes()[: len(content) // 2])
    with pytest.raises((tf.errors.DataLossError, tf.errors.NotFoundError)):
        batches(records, epochs=3)


def test_extra_cases_are_read_with_those_of_train(tmp_path):
    records = make_records(tmp_path, invented_cases([5, 6, 7, 8]))
    assert sorted(order(batches(records))) == [0, 1, 2, 3]
    train = records.manifest.splits["train"]
    shards = tuple(write_shards(invented_cases([9, 9]), tmp_path, split="extra", shard_cases=1))
    records.manifest.splits["extra"] = replace(train, cases=2, shards=shards)
    assert sorted(order(batches(records))) == [0, 0, 1, 1, 2, 3]
