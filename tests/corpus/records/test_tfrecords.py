import gzip
import json
from dataclasses import replace

import pytest
import tensorflow as tf

from lawrec.corpus.records.dataset_spec import RECORDS_VERSION
from lawrec.corpus.records.manifest import (
    VOCABULARY_FILES,
    Manifest,
    Records,
    Split,
    find_damage,
    load_records,
    manifest_to_dict,
    verify,
)
from lawrec.corpus.records.record import Record
from lawrec.corpus.records.tfrecords import (
    parse_example,
    read_records,
    to_example,
    write_shards,
)
from lawrec.corpus.vocabulary import Vocabulary
from lawrec.errors import RecordsError
from lawrec.storage.files import sha256
from lawrec.storage.seal import file_digests, seal, write_sealed

pytestmark = pytest.mark.tensorflow

RECORDS = [
    Record("1", [2, 3, 4], [0, 2]),
    Record("甲-2", [1], []),
    Record("", [2**31 - 1, 5], [1]),
    Record("a\x00b 🚗", list(range(2, 202)), [0, 1, 2]),
    Record("007", [5, 5, 5], [2], [0, 1], 0.25, ("盗窃", "")),
]


@pytest.fixture(params=["", "GZIP"])
def records(tmp_path, request):
    folder = tmp_path / "records" / "tiny"
    folder.mkdir(parents=True)
    shards = tuple(
        write_shards(RECORDS, folder, split="train", shard_cases=2, compression=request.param)
    )
    split = Split("train.json", "0" * 64, len(RECORDS), 209, 0, shards)
    tokens, articles = Vocabulary(("<pad>", "<unk>")), Vocabulary(("133之一", "264", "266"))
    charges = Vocabulary(())
    tokens.save(tmp_path / "vocab/tokens.txt")
    articles.save(tmp_path / "vocab/articles.txt")
    charges.save(tmp_path / "vocab/charges.txt")
    seal(tmp_path / "vocab", VOCABULARY_FILES)
    manifest = Manifest(
        "char",
        384,
        {"train": split},
        (2, 2, 3),
        compression=request.param,
        vocabularies=file_digests(tmp_path / "vocab", VOCABULARY_FILES),
    )
    write_sealed(folder / "manifest.json", manifest_to_dict(manifest))
    return Records(folder, manifest, tokens, articles, charges)


def check_damage(error, path, got="damaged bytes"):
    assert isinstance(error, RecordsError)
    assert error.where == str(path)
    assert error.expected == "the shard must match its manifest"
    assert error.got == got
    assert error.todo == (
        f"The next `lawrec prepare` or `lawrec train` of its cases writes {path.parent} again."
    )


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_comes_back_from_its_example(record):
    parsed = parse_example(to_example(record))
    assert parsed["case_id"].numpy().decode() == record.case_id
    assert parsed["token_ids"].numpy().tolist() == record.token_ids
    assert parsed["label_ids"].numpy().tolist() == record.label_ids
    assert parsed["unknown_ids"].numpy().tolist() == record.unknown_ids
    assert parsed["weight"].numpy() == record.weight
    assert [charge.decode() for charge in parsed["charges"].numpy()] == list(record.charges)
    assert {parsed[name].dtype for name in ("token_ids", "label_ids", "unknown_ids")} == {tf.int32}
    assert parsed["weight"].dtype == tf.float32


def test_the_features_of_an_example_are_in_the_order_of_their_names():
    """The order that protobuf gives a map by itself changes from process to process."""
    serialized = to_example(Record("7", [2, 3], [1], [0], 0.5, ("盗窃",)))
    names = [b"case_id", b"charges", b"label_ids", b"token_ids", b"unknown_ids", b"weight"]
    places = [serialized.index(name) for name in names]
    assert places == sorted(places)


def test_records_come_back_in_order(records):
    assert list(read_records(records, "train")) == RECORDS


@pytest.mark.parametrize(
    ("shard_cases", "sizes"), [(1, [1, 1, 1, 1, 1]), (2, [2, 2, 1]), (5, [5]), (9, [5])]
)
def test_shards_hold_so_many_cases_and_the_last_one_the_rest(tmp_path, shard_cases, sizes):
    shards = list(write_shards(iter(RECORDS), tmp_path, split="valid", shard_cases=shard_cases))
    assert [shard.cases for shard in shards] == sizes
    assert [shard.name for shard in shards] == [
        f"valid-{number:05d}.tfrecord" for number in range(len(sizes))
    ]
    assert [shard.sha256 for shard in shards] == [sha256(tmp_path / s.name) for s in shards]
    assert sorted(path.name for path in tmp_path.iterdir()) == [shard.name for shard in shards]


@pytest.mark.parametrize("compression", ["", "GZIP"])
def test_the_same_records_give_the_same_bytes(tmp_path, compression):
    digests = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        digests.append(
            [
                s.sha256
                for s in write_shards(
                    RECORDS, tmp_path / name, split="test", shard_cases=3, compression=compression
                )
            ]
        )
    assert digests[0] == digests[1]


def test_a_finished_folder_is_opened_as_it_was_written(records, tmp_path):
    assert load_records(records.folder, tmp_path / "vocab") == records


def test_whole_shards_have_no_damage(records):
    assert find_damage(records, "train") is None
    assert verify(records.folder).damage == ()


def test_packed_shards_are_what_gzip_unpacks(tmp_path):
    (plain,) = write_shards(RECORDS, tmp_path, split="train", shard_cases=9)
    (packed,) = write_shards(RECORDS, tmp_path, split="train", shard_cases=9, compression="GZIP")
    assert packed.name == "train-00000.tfrecord.gz"
    unpacked = gzip.decompress((tmp_path / packed.name).read_bytes())
    assert unpacked == (tmp_path / plain.name).read_bytes()


def test_a_missing_split_is_refused_with_the_ones_there_are(records):
    for use in (records.split, records.shard_paths, lambda name: find_damage(records, name)):
        with pytest.raises(RecordsError) as caught:
            use("valid")
        error = caught.value
        assert error.where == str(records.folder)
        assert error.expected == "the data must have a valid split"
        assert error.got == "only train"
        assert error.todo == "Put a valid.json into the folder of --data."


def test_any_flipped_byte_is_found_when_reading_and_when_checking(records):
    path = records.shard_paths("train")[1]
    whole = path.read_bytes()
    for position in (*range(0, len(whole), 13), len(whole) - 1):
        broken = bytearray(whole)
        broken[position] ^= 1
        path.write_bytes(broken)
        check_damage(find_damage(records, "train"), path)
        with pytest.raises(RecordsError) as caught:
            list(read_records(records, "train"))
        check_damage(caught.value, path)


def test_a_shard_truncated_anywhere_is_found(records):
    path = records.shard_paths("train")[2]
    whole = path.read_bytes()
    for length in range(0, len(whole), 5):
        path.write_bytes(whole[:length])
        check_damage(find_damage(records, "train"), path)
        if path.suffix == ".gz" and length > len(whole) - 12:
            continue  # only gzip's own checksum is lost: every case is there
        with pytest.raises(RecordsError) as caught:
            list(read_records(records, "train"))
        check_damage(caught.value, path)


def test_a_shard_with_a_record_too_many_or_too_few_is_found(records):
    first, second, last = records.shard_paths("train")
    longer = first.read_bytes() + last.read_bytes()
    for path, content in [(first, longer), (second, last.read_bytes())]:
        whole = path.read_bytes()
        path.write_bytes(content)
        check_damage(find_damage(records, "train"), path)
        with pytest.raises(RecordsError) as caught:
            list(read_records(records, "train"))
        check_damage(caught.value, path)
        path.write_bytes(whole)


def test_a_missing_shard_is_found(records):
    path = records.shard_paths("train")[1]
    path.unlink()
    check_damage(find_damage(records, "train"), path, "no such file")
    with pytest.raises(RecordsError) as caught:
        list(read_records(records, "train"))
    check_damage(caught.value, path, "no such file")


def test_the_records_before_the_damage_are_given(records):
    records.shard_paths("train")[2].write_bytes(b"")
    read = read_records(records, "train")
    assert [next(read) for _ in range(4)] == RECORDS[:4]
    with pytest.raises(RecordsError):
        next(read)


def test_a_shard_swapped_for_another_of_as_many_cases_is_found_by_its_digest(records):
    first, second, _ = records.shard_paths("train")
    first.write_bytes(second.read_bytes())
    check_damage(find_damage(records, "train"), first)


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "{",
        "null",
        "[]",
        "264",
        "{}",
        '{"splits": []}',
        '{"splits": {"train": []}}',
        '{"splits": {"train": {"shards": [{"name": "a"}]}}}',
        '{"splits": {}, "tokenizer": "char", "max_tokens": 3}',
        '{"splits": {}, "tokenizer": "char", "max_tokens": 3, "label_counts": 3}',
    ],
)
def test_a_folder_without_a_whole_manifest_is_refused(records, tmp_path, content):
    path = records.folder / "manifest.json"
    path.unlink()
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(RecordsError) as caught:
        load_records(records.folder, tmp_path / "vocab")
    error = caught.value
    assert (error.where, error.expected) == (str(path), "the manifest must be readable")
    assert error.got
    assert error.todo.endswith(f"writes {records.folder} again.")


@pytest.mark.parametrize("name", ["tokens.txt", "articles.txt", "charges.txt"])
def test_records_without_a_vocabulary_are_refused(records, tmp_path, name):
    (tmp_path / "vocab" / name).unlink()
    with pytest.raises(RecordsError) as caught:
        load_records(records.folder, tmp_path / "vocab")
    assert caught.value.where == str(tmp_path / "vocab" / name)


def test_a_manifest_survives_json(records):
    values = json.loads(json.dumps(manifest_to_dict(records.manifest)))
    assert values["records_version"] == RECORDS_VERSION
    assert values["splits"]["train"]["cases"] == len(RECORDS)
    changed = replace(records.manifest, max_tokens=3)
    assert manifest_to_dict(changed) == {**manifest_to_dict(records.manifest), "max_tokens": 3}
