import gzip
import json
import lzma
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from lawrec.config import CorpusConfig
from lawrec.corpus.bad_lines import usable_cases
from lawrec.corpus.cases import read_cases
from lawrec.corpus.readers import CaseFormat
from lawrec.corpus.records.dataset_spec import DatasetSpec
from lawrec.corpus.records.manifest import find_damage, load_records, verify
from lawrec.corpus.records.prepare import prepare
from lawrec.corpus.records.tfrecords import read_records
from lawrec.corpus.tokenization.tokenizers import load_tokenizer
from lawrec.corpus.vocabulary import Encoder
from lawrec.errors import CaseError, ConfigError, RecordsError
from lawrec.iterables import map_here
from lawrec.law.statute_versions import Version, save_version
from lawrec.storage.files import sha256
from lawrec.storage.resources import shipped_path
from tests.helpers.cases import write_cases
from tests.helpers.damages import flip, swap_lines
from tests.helpers.prepare_slowly import CONFIG, spec_of
from tests.helpers.progress import Reports, messages_to

pytestmark = pytest.mark.tensorflow
REPOSITORY = Path(__file__).parents[2]

CHAR = CorpusConfig(tokenizer="char", max_tokens=12, min_count=1, shard_cases=2)
CHARGE_CONFIG = CorpusConfig(tokenizer="char", min_count=1)
TRAIN = [
    ("盗窃钱包", [264]),
    ("醉酒驾驶", ["133之一"]),
    ("盗窃后驾车", ["第264条", "133之一"]),
    ("没有罪", []),
    ("盗" * 30, ["264"]),
]
VALID = [("骗取钱财", [266]), ("盗窃", [264])]
TEST = [("驾车伤人", [133])]
BAD = ['{"', '{"fact": "", "articles": []}', '{"fact": "盗", "articles": {}}']


class Killed(BaseException):
    """Stands for a power failure."""


@pytest.fixture
def spec(tmp_path, write_split):
    for split, cases in (("train", TRAIN), ("valid", VALID), ("test", TEST)):
        write_split(f"{split}.json", cases)
    (tmp_path / "terms.txt").write_text("盗窃罪\n", encoding="utf-8")
    return DatasetSpec(
        data=tmp_path / "data",
        dictionaries=(tmp_path / "terms.txt",),
        records_root=tmp_path / "records",
        vocab_root=tmp_path / "vocab",
    )


def written(spec):
    """Return every file that preparing left, with its bytes and its time."""
    return {
        path: (path.read_bytes(), path.stat().st_mtime_ns)
        for root in (spec.records_root, spec.vocab_root)
        for path in root.rglob("*")
        if path.is_file()
    }


def flip_a_byte(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def killed_at(stage, done=1):
    def progress(name, so_far, total, note=""):
        if name == stage and so_far == done:
            raise Killed

    return Reports(progress)


def refused(spec, config=CHAR):
    with pytest.raises(CaseError) as caught:
        prepare(spec, config)
    assert written(spec) == {}
    assert [path for root in (spec.records_root, spec.vocab_root) for path in root.glob("*")] == []
    return caught.value


def test_preparing_writes_the_records_and_what_their_ids_mean(spec):
    records = prepare(spec, CHAR)
    assert sorted(path.name for path in records.folder.iterdir()) == [
        "manifest.json",
        "test-00000.tfrecord",
        "train-00000.tfrecord",
        "train-00001.tfrecord",
        "train-00002.tfrecord",
        "valid-00000.tfrecord",
    ]
    vocab = spec.vocab_root / records.folder.name
    assert sorted(path.name for path in vocab.iterdir()) == [
        "articles.txt",
        "charges.txt",
        "manifest.json",
        "tokens.txt",
    ]
    assert list(spec.records_root.iterdir()) == [records.folder]
    assert list(spec.vocab_root.iterdir()) == [vocab]


def test_the_manifest_counts_what_was_read(spec):
    manifest = prepare(spec, CHAR).manifest
    counts = {name: (s.cases, s.tokens, s.skipped) for name, s in manifest.splits.items()}
    assert counts == {"train": (5, 4 + 4 + 5 + 3 + 12, 0), "valid": (2, 6, 0), "test": (1, 4, 0)}
    for name, split in manifest.splits.items():
        assert split.source == str(spec.data / f"{name}.json")
        assert split.source_sha256 == sha256(spec.data / f"{name}.json")
        assert sum(shard.cases for shard in split.shards) == split.cases
    assert (manifest.tokenizer, manifest.max_tokens) == ("char", 12)


def test_the_articles_are_those_of_all_splits_and_are_counted_in_train(spec):
    records = prepare(spec, CHAR)
    assert records.articles.names == ("133", "133之一", "264", "266")
    assert records.manifest.label_counts == (0, 2, 3, 0)


def test_the_tokens_are_those_of_train_alone(spec):
    records = prepare(spec, CHAR)
    counts = Counter("盗窃钱包醉酒驾驶盗窃后驾车没有罪" + "盗" * 12)
    expected = sorted(counts, key=lambda token: (-counts[token], token))
    assert records.tokens.names == ("<pad>", "<unk>", *expected)
    assert next(read_records(records, "valid")).token_ids[0] == 1


def test_every_case_is_read_back_in_its_order(spec):
    records = prepare(spec, CHAR)
    encoder = Encoder(load_tokenizer(CHAR), records.tokens, 12)
    for split in ("train", "valid", "test"):
        cases = list(usable_cases(read_cases(spec.data / f"{split}.json")))
        encoded = list(read_records(records, split))
        assert [record.case_id for record in encoded] == [case.case_id for case in cases]
        for case, record in zip(cases, encoded, strict=True):
            assert record.token_ids == encoder(case.fact)
            assert {records.articles.names[i] for i in record.label_ids} == set(case.articles)
            assert record.label_ids == sorted(record.label_ids)


def test_the_sample_is_encoded_in_records_as_it_is_in_prediction(tmp_path, jieba_tokenizer):
    data = tmp_path / "sample"
    data.mkdir()
    for split, size in (("train", 150), ("valid", 60)):
        lines = (
            (shipped_path("data/sample") / f"{split}.json").read_text(encoding="utf-8").split("\n")
        )
        (data / f"{split}.json").write_text("\n".join(lines[:size]) + "\n", encoding="utf-8")
    spec = DatasetSpec(data, records_root=tmp_path / "records", vocab_root=tmp_path / "vocab")
    config = CorpusConfig(max_tokens=100)
    records = prepare(spec, config)
    assert records.manifest.tokenizer == jieba_tokenizer.fingerprint
    encoder = Encoder(jieba_tokenizer, records.tokens, config.max_tokens)
    cases = list(usable_cases(read_cases(data / "valid.json")))
    encoded = list(read_records(records, "valid"))
    assert len(encoded) == 60
    for case, record in zip(cases, encoded, strict=True):
        assert record.token_ids == encoder(case.fact)
        assert 1 <= len(record.token_ids) <= 100


def test_the_same_cases_are_prepared_once(spec):
    first = prepare(spec, CHAR)
    before = written(spec)
    assert prepare(spec, CHAR, progress=killed_at("message", 0)) == first
    assert written(spec) == before


def test_where_the_cases_and_the_records_lie_changes_no_record(spec, tmp_path):
    first = prepare(spec, CHAR)
    moved = tmp_path / "elsewhere" / "data"
    shutil.copytree(spec.data, moved)
    second = prepare(replace(spec, data=moved, records_root=tmp_path / "r"), CHAR)
    assert second.folder.name == first.folder.name
    assert second.manifest.splits["train"].shards == first.manifest.splits["train"].shards


@pytest.mark.parametrize(
    "change",
    [
        {"tokenizer": "jieba"},
        {"max_tokens": 13},
        {"min_count": 2},
        {"max_vocabulary": 49_999},
        {"shard_cases": 3},
    ],
)
def test_another_setting_makes_other_records(spec, change):
    first = prepare(spec, CHAR)
    second = prepare(spec, replace(CHAR, **change))
    assert second.folder != first.folder
    assert first.folder.is_dir()


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_a_changed_case_makes_other_records(spec, write_split, split):
    first = prepare(spec, CHAR)
    write_split(f"{split}.json", [("抢劫", [263])])
    second = prepare(spec, CHAR)
    assert second.folder != first.folder
    assert second.split(split).cases == 1


def test_a_split_more_makes_other_records(spec):
    whole = prepare(spec, CHAR)
    (spec.data / "test.json").unlink()
    less = prepare(spec, CHAR)
    assert less.folder != whole.folder
    assert list(less.manifest.splits) == ["train", "valid"]
    with pytest.raises(RecordsError, match=r"must have a test split, got only train, valid\."):
        less.split("test")


def test_another_list_of_articles_makes_other_records(spec, tmp_path):
    folders = {prepare(spec, CHAR).folder}
    for names in (
        "266\n264\n133之一\n133\n",
        "133\n133之一\n264\n266\n",
        "266\n264\n133之一\n133\n9",
    ):
        (tmp_path / "list.txt").write_text(names, encoding="utf-8")
        records = prepare(replace(spec, article_list=tmp_path / "list.txt"), CHAR)
        assert list(records.articles.names) == names.split()
        folders.add(records.folder)
    assert len(folders) == 4


def test_another_dictionary_makes_other_records_for_jieba_alone(spec):
    jieba = replace(CHAR, tokenizer="jieba")
    first = prepare(spec, jieba).folder, prepare(spec, CHAR).folder
    spec.dictionaries[0].write_text("盗窃钱包\n", encoding="utf-8")
    second = prepare(spec, jieba), prepare(spec, CHAR)
    assert second[0].folder != first[0]
    assert second[1].folder == first[1]
    assert "盗窃钱包" in second[0].tokens.ids


def test_stop_words_and_entities_are_part_of_the_key_by_what_they_say(spec, tmp_path):
    stop = tmp_path / "stop.txt"
    stop.write_text("盗\n", encoding="utf-8")
    config = replace(CHAR, stop_words=str(stop))
    first = prepare(spec, config)
    assert "盗" not in first.tokens.ids
    stop.rename(tmp_path / "moved.txt")
    moved = replace(config, stop_words=str(tmp_path / "moved.txt"))
    assert prepare(spec, moved).folder == first.folder
    (tmp_path / "moved.txt").write_text("盗\n窃\n", encoding="utf-8")
    folders = {
        prepare(spec, c).folder for c in (CHAR, moved, replace(CHAR, entity_types=("date",)))
    }
    assert len(folders | {first.folder}) == 4


def test_the_tokens_of_the_user_are_in_the_vocabulary_and_the_key(spec, tmp_path):
    always = tmp_path / "always.txt"
    always.write_text("诈\n钱\n", encoding="utf-8")
    config = replace(CHAR, user_tokens=str(always))
    records = prepare(spec, config)
    assert records.tokens.names[:5] == ("<pad>", "<unk>", "诈", "钱", "盗")
    assert records.manifest.tokenizer == "char"
    always.write_text("钱\n诈\n", encoding="utf-8")
    assert len({prepare(spec, c).folder for c in (CHAR, config)} | {records.folder}) == 3


def test_the_number_of_processes_changes_no_record_and_not_the_key(spec, tmp_path, monkeypatch):
    monkeypatch.setattr("lawrec.corpus.parallel_tokenization.MIN_PARALLEL_CASES", 2)
    monkeypatch.setattr("lawrec.corpus.cases.CASES_PER_TASK", 2)
    one, two = (
        prepare(
            replace(spec, records_root=tmp_path / f"r{n}", vocab_root=tmp_path / f"v{n}"),
            replace(CHAR, workers=n),
        )
        for n in (1, 2)
    )
    assert one.folder.name == two.folder.name
    assert (one.tokens, one.articles) == (two.tokens, two.articles)
    for split in ("train", "valid", "test"):
        assert list(read_records(one, split)) == list(read_records(two, split))


@pytest.mark.parametrize(
    ("stage", "done"),
    [
        ("message", 0),
        ("tokenize train", 1),
        ("tokenize train", 5),
        ("tokenize test", 1),
        ("write train", 1),
        ("write train", 5),
        ("write test", 1),
    ],
)
def test_a_preparation_that_was_killed_leaves_nothing_and_can_be_repeated(spec, stage, done):
    with pytest.raises(Killed):
        prepare(spec, CHAR, progress=killed_at(stage, done))
    for root in (spec.records_root, spec.vocab_root):
        assert not root.exists() or list(root.iterdir()) == []
    assert len(list(read_records(prepare(spec, CHAR), "train"))) == len(TRAIN)


def test_masks_weights_and_charges_reach_the_records(write_split):
    line = {
        "fact": "盗窃财物",
        "articles": [264],
        "unknown_articles": [266, 300],
        "weight": 0.5,
        "charges": ["盗窃"],
    }
    data = write_split("train.json", [("诈骗财物", [266])], json.dumps(line)).parent
    spec = DatasetSpec(data, records_root=data / "records", vocab_root=data / "vocab")
    first, second = read_records(prepare(spec, CHAR), "train")
    assert (first.unknown_ids, first.weight, first.charges) == ([], 1.0, ())
    # 300 is cited nowhere: it has no column to be masked in.
    assert (second.label_ids, second.unknown_ids) == ([0], [1])
    assert (second.weight, second.charges) == (0.5, ("盗窃",))


def test_packed_records_are_the_same_cases_under_another_key(spec):
    plain, packed = prepare(spec, CHAR), prepare(spec, replace(CHAR, gzip=True))
    assert packed.folder != plain.folder
    assert packed.manifest.compression == "GZIP"
    assert {path.suffix for path in packed.shard_paths("train")} == {".gz"}
    assert list(read_records(packed, "train")) == list(read_records(plain, "train"))


def test_an_unknown_article_must_be_in_the_list_too(write_split):
    line = json.dumps({"fact": "盗窃", "articles": [264], "unknown_articles": [999]})
    data = write_split("train.json", [], line).parent
    (data / "law.txt").write_text("264\n266\n", encoding="utf-8")
    spec = DatasetSpec(data, records_root=data / "records", vocab_root=data / "vocab")
    with pytest.raises(CaseError, match="each article must be in the list of articles"):
        prepare(spec, CHAR)


@pytest.mark.parametrize("lost", ["records", "vocab", "manifest"])
def test_half_of_a_preparation_does_not_pass_for_the_whole(spec, lost):
    first = prepare(spec, CHAR)
    vocab = spec.vocab_root / first.folder.name
    if lost == "manifest":
        (first.folder / "manifest.json").unlink()
    else:
        shutil.rmtree(first.folder if lost == "records" else vocab)
    assert prepare(spec, CHAR) == first
    assert find_damage(first, "train") is None
    assert (vocab / "tokens.txt").is_file()


@pytest.mark.parametrize("damage", [Path.unlink, flip_a_byte])
def test_damaged_records_are_written_again_with_a_message(spec, damage):
    first = prepare(spec, CHAR)
    before = {path: content for path, (content, _) in written(spec).items()}
    damage(first.shard_paths("valid")[0])
    reports = []
    assert prepare(spec, CHAR, progress=Reports(lambda *what: reports.append(what))) == first
    assert reports[0][3].endswith(
        f" into {first.folder}. What is there is damaged: {first.shard_paths('valid')[0]}."
    )
    assert {path: content for path, (content, _) in written(spec).items()} == before


VOCABULARY_DAMAGES = {
    "tokens swapped": ("tokens.txt", lambda path: swap_lines(path, 2, 3)),
    "articles swapped": ("articles.txt", lambda path: swap_lines(path, 0, 1)),
    "empty": ("tokens.txt", lambda path: path.write_bytes(b"")),
    "a flipped bit": ("articles.txt", flip),
    "a flipped digest": ("manifest.json", flip),
    "no manifest": ("manifest.json", Path.unlink),
}


@pytest.mark.parametrize("damage", VOCABULARY_DAMAGES)
def test_damaged_vocabularies_are_refused_by_name_and_written_again(spec, damage):
    first = prepare(spec, CHAR)
    before = {path: content for path, (content, _) in written(spec).items()}
    vocab = spec.vocab_root / first.folder.name
    name, change = VOCABULARY_DAMAGES[damage]
    change(vocab / name)
    with pytest.raises(RecordsError) as caught:
        load_records(first.folder, vocab)
    assert caught.value.where == str(vocab / name)
    assert [error.where for error in verify(first.folder, vocab=vocab).damage] == [
        str(vocab / name)
    ]
    notes = []
    assert prepare(spec, CHAR, progress=messages_to(notes)) == first
    assert notes[0].endswith(f" What is there is damaged: {vocab / name}.")
    assert {path: content for path, (content, _) in written(spec).items()} == before


def test_a_second_valid_split_is_not_read_in_silence(spec, write_split):
    write_split("dev.json", VALID)
    notes = []
    prepare(spec, CHAR, progress=messages_to(notes))
    assert notes[0].endswith("are those of valid.json, not those of dev.json.")


def test_undamaged_vocabularies_of_other_records_are_refused(spec, write_split):
    first = prepare(spec, CHAR)
    other = prepare(spec, replace(CHAR, min_count=2))
    with pytest.raises(RecordsError, match="the vocabularies must be those of the records"):
        load_records(first.folder, spec.vocab_root / other.folder.name)


def test_a_manifest_with_another_count_of_an_article_is_written_again(spec):
    first = prepare(spec, CHAR)
    path = first.folder / "manifest.json"
    path.write_text(path.read_text("utf-8").replace('"tokens": ', '"tokens": 1', 1), "utf-8")
    with pytest.raises(RecordsError, match="its content has changed since it was written"):
        load_records(first.folder, spec.vocab_root / first.folder.name)
    assert prepare(spec, CHAR) == first


def test_a_flipped_byte_in_a_shard_is_reported_with_the_shard(spec):
    records = prepare(spec, CHAR)
    path = records.shard_paths("train")[1]
    flip_a_byte(path)
    damage = find_damage(records, "train")
    with pytest.raises(RecordsError) as caught:
        list(read_records(records, "train"))
    assert damage is not None
    assert damage.where == caught.value.where == str(path)
    assert find_damage(records, "valid") is None


def test_the_first_bad_line_stops_a_strict_preparation(spec, write_split):
    path = write_split("valid.json", VALID, *BAD)
    error = refused(spec)
    assert error.where == f"{path}:3"
    assert error.expected == "a line must be one JSON object"
    assert error.got.startswith("broken JSON (")
    assert error.todo == "Fix the line. Or skip such lines with --skip-bad."


def test_bad_lines_that_are_skipped_are_counted_and_kept(spec, write_split):
    train = write_split("train.json", TRAIN, *BAD)
    valid = write_split("valid.json", VALID, BAD[0])
    records = prepare(replace(spec, skip_bad=True), CHAR)
    assert {name: s.skipped for name, s in records.manifest.splits.items()} == {
        "train": 3,
        "valid": 1,
        "test": 0,
    }
    assert {name: s.cases for name, s in records.manifest.splits.items()} == {
        "train": 5,
        "valid": 2,
        "test": 1,
    }
    lines = (records.folder / "skipped.jsonl").read_text(encoding="utf-8").splitlines()
    skipped = [json.loads(line) for line in lines]
    assert [line["where"] for line in skipped] == [f"{train}:{n}" for n in (6, 7, 8)] + [
        f"{valid}:3"
    ]
    assert [line["error"].removeprefix(line["where"]) for line in skipped][1:3] == [
        ": the fact must not be empty, got ''. Write the fact.",
        ': "articles" must be a list of articles, got {}. Fix the line.',
    ]


def test_a_bad_line_of_any_bytes_can_be_skipped(spec):
    path = spec.data / "test.json"
    good = '{"id": "\\ud83d\\ude97", "fact": "盗\\u0000", "articles": ["A\\n1"]}\n'.encode()
    bad = [
        b"\xff\xfe\x00\n",
        b'{"fact": "\xe7\x9b\x97\xff"}\n',
        b'{"id": "\\ud800", "fact": "a"}\n',
    ]
    bad += [b'{"fact": "\xe7\x9b\x97", "articles": ["\\udfff"]}\n']
    bad += [b'{"id": "\\ud800", "fact": "\xe7\x9b\x97", "articles": []}\n']
    path.write_bytes(b"".join(bad) + good)
    any_label = CaseFormat(any_label=True)
    records = prepare(replace(spec, skip_bad=True, case_format=any_label), CHAR)
    assert (records.split("test").skipped, records.split("test").cases) == (5, 1)
    (record,) = read_records(records, "test")
    assert record.case_id == "🚗"
    assert records.articles.names[-1] == "A 1"


def test_skipping_is_part_of_the_key(spec):
    assert prepare(spec, CHAR).folder != prepare(replace(spec, skip_bad=True), CHAR).folder


def test_an_article_outside_the_list_is_refused(spec, tmp_path):
    (tmp_path / "list.txt").write_text("264\n133之一\n133\n", encoding="utf-8")
    listed = replace(spec, article_list=tmp_path / "list.txt")
    error = refused(listed)
    assert error.where == f"{spec.data / 'valid.json'}:1"
    assert error.expected == f"each article must be in the list of articles {tmp_path}/list.txt"
    any_label = CaseFormat(any_label=True)
    assert refused(replace(listed, case_format=any_label)).expected == error.expected
    assert error.got == "['266']"
    assert error.todo == "Add it to the list, fix the line, or pass --skip-bad."
    records = prepare(replace(listed, skip_bad=True), CHAR)
    assert records.split("valid").skipped == 1
    assert records.articles.names == ("264", "133之一", "133")


def test_the_list_next_to_the_cases_is_used_unless_another_is_named(spec, tmp_path):
    (spec.data / "law.txt").write_text("9\n266\n264\n133\n133之1\n", encoding="utf-8")
    assert prepare(spec, CHAR).articles.names == ("9", "266", "264", "133", "133之一")
    (tmp_path / "list.txt").write_text("133\n133之一\n264\n266\n", encoding="utf-8")
    records = prepare(replace(spec, article_list=tmp_path / "list.txt"), CHAR)
    assert records.articles.names == ("133", "133之一", "264", "266")
    assert records.manifest.label_counts == (0, 2, 3, 0)


def test_two_splits_of_the_same_bytes_are_refused(spec):
    shutil.copy(spec.data / "train.json", spec.data / "test.json")
    error = refused(spec)
    assert error.where == str(spec.data / "test.json")
    assert error.expected == "test and train must be different cases"
    assert error.got == f"the same bytes as {spec.data / 'train.json'}"
    assert error.todo.startswith("Split the cases again")


@pytest.mark.parametrize("content", ["", "\n"])
def test_two_splits_of_nothing_are_refused_as_empty(spec, content):
    for split in ("train", "valid"):
        (spec.data / f"{split}.json").write_text(content)
    error = refused(spec)
    assert error.where == str(spec.data / "train.json")
    assert error.expected == "the file must hold a case"


def test_a_case_of_weight_0_teaches_neither_tokens_nor_how_frequent_articles_are(spec):
    before = prepare(spec, CHAR)
    case = {"fact": "新鲜", "articles": ["264", "300"], "weight": 0}
    with (spec.data / "train.json").open("a", encoding="utf-8") as train:
        train.write(json.dumps(case) + "\n")
    after = prepare(spec, CHAR)
    assert after.split("train").cases == before.split("train").cases + 1
    assert after.tokens == before.tokens
    assert after.articles.names == (*before.articles.names, "300")
    assert after.manifest.label_counts == (*before.manifest.label_counts, 0)


@pytest.mark.parametrize("name", ["tokens.txt", "articles.txt"])
def test_records_whose_vocabulary_is_missing_are_written_again(spec, name):
    records = prepare(spec, CHAR)
    (spec.vocab_root / records.folder.name / name).unlink()
    assert prepare(spec, CHAR) == records


def test_two_train_files_are_refused(spec, write_split):
    write_split("data_train.json", TRAIN)
    error = refused(spec)
    assert (error.where, error.expected) == (str(spec.data), "there must be one train file")


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"])
@pytest.mark.parametrize("skip_bad", [False, True])
def test_a_split_without_a_case_is_refused(spec, content, skip_bad):
    path = spec.data / "valid.json"
    path.write_text(content, encoding="utf-8")
    error = refused(replace(spec, skip_bad=skip_bad))
    assert (error.where, error.expected) == (str(path), "the file must hold a case")
    assert (error.got, error.todo) == ("none", "Add cases to it.")


def test_a_split_with_bad_lines_alone_is_refused(spec):
    path = spec.data / "valid.json"
    path.write_text("\n".join(BAD), encoding="utf-8")
    error = refused(replace(spec, skip_bad=True))
    assert (error.where, error.expected) == (str(path), "the file must hold a case")


def test_a_train_split_of_weight_0_is_refused(spec):
    case = {"fact": "盗窃", "articles": [264], "weight": 0}
    (spec.data / "train.json").write_text(json.dumps(case), encoding="utf-8")
    assert refused(spec).expected == "a train case must have a weight above 0"


def test_cases_without_any_article_are_refused(spec, write_split):
    for split in ("train", "valid", "test"):
        write_split(f"{split}.json", [(f"没有罪{split}", [])])
    error = refused(spec)
    assert (error.where, error.expected) == (str(spec.data), "the cases must name an article")
    assert (error.got, error.todo) == ("none", "Label the cases.")


@pytest.mark.parametrize("name", ["dictionaries", "article_list"])
def test_a_file_that_is_named_must_be_there(spec, tmp_path, name):
    absent = tmp_path / "absent.txt"
    named = (absent,) if name == "dictionaries" else absent
    error = refused(replace(spec, **{name: named}), replace(CHAR, tokenizer="jieba"))
    assert error.where == str(tmp_path / "absent.txt")
    assert (error.got, error.todo) == ("No such file or directory", "Check the path.")


def test_a_folder_that_is_not_there_is_refused(spec, tmp_path):
    error = refused(replace(spec, data=tmp_path / "absent"))
    assert (error.where, error.got) == (str(tmp_path / "absent"), "no such folder")


def test_an_unknown_tokenizer_is_refused(spec):
    with pytest.raises(ConfigError, match="Did you mean jieba"):
        prepare(spec, replace(CHAR, tokenizer="jeiba"))
    assert written(spec) == {}


def test_a_fact_of_100000_characters_is_truncated_to_its_first_tokens(spec, write_split):
    numbers = random.Random(1)
    fact = "".join(numbers.choices("盗窃财物", k=100_000))
    write_split("test.json", [(fact, [264])])
    records = prepare(spec, CHAR)
    (record,) = read_records(records, "test")
    assert [records.tokens.names[i] for i in record.token_ids] == [
        character if character in records.tokens.ids else "<unk>" for character in fact[:12]
    ]


def test_splits_may_come_in_different_formats(spec):
    expected = prepare(spec, CHAR)
    (spec.data / "test.json").unlink()
    (spec.data / "test.csv").write_text("articles,fact\n133,驾车伤人\n", encoding="utf-8")
    records = prepare(spec, CHAR)
    (record,), (before,) = read_records(records, "test"), read_records(expected, "test")
    assert (record.token_ids, record.label_ids) == (before.token_ids, before.label_ids)


def test_a_split_in_several_packed_files_gives_the_same_records(spec):
    first = prepare(spec, CHAR)
    lines = (spec.data / "train.json").read_bytes().splitlines(keepends=True)
    (spec.data / "train.json").unlink()
    for number, part in enumerate((lines[:2], lines[2:])):
        path = spec.data / f"train-{number}.json.gz"
        path.write_bytes(gzip.compress(b"".join(part)))
    second = prepare(spec, CHAR)
    assert second.folder != first.folder
    assert [record.token_ids for record in read_records(second, "train")] == [
        record.token_ids for record in read_records(first, "train")
    ]
    assert second.split("train").source == str(spec.data / "train-*.json.gz")
    parts = sorted(spec.data.glob("train-*"))
    parts[0].rename(parts[0].with_name("train-2.json.gz"))
    assert prepare(spec, CHAR).folder not in (first.folder, second.folder)


def test_packing_a_file_changes_nothing(spec):
    first = prepare(spec, CHAR)
    (spec.data / "train.json.xz").write_bytes(
        lzma.compress((spec.data / "train.json").read_bytes())
    )
    (spec.data / "train.json").unlink()
    assert prepare(spec, CHAR, progress=killed_at("message", 0)) == first


def test_the_format_is_part_of_the_key_where_it_is_not_the_default(spec):
    first = prepare(spec, CHAR)
    assert (
        prepare(replace(spec, case_format=CaseFormat(fact_field="fact")), CHAR).folder
        == first.folder
    )
    other = prepare(replace(spec, case_format=CaseFormat(separator="#")), CHAR)
    assert other.folder != first.folder
    forced = prepare(replace(spec, case_format=CaseFormat(encoding="gb18030")), CHAR)
    assert forced.split("train").encoding == "gb18030"
    assert first.split("train").encoding == "utf-8"


def test_the_encoding_of_each_split_is_reported(spec):
    path = spec.data / "valid.json"
    line = '{"fact": "骗取钱财", "articles": [266]}\n'
    path.write_bytes(line.encode("gbk"))
    records = prepare(spec, CHAR)
    assert {name: s.encoding for name, s in records.manifest.splits.items()} == {
        "train": "utf-8",
        "valid": "gb18030",
        "test": "utf-8",
    }


def test_a_preparation_that_was_stopped_goes_on_with_its_tokens(spec, monkeypatch):
    monkeypatch.setattr("lawrec.corpus.parallel_tokenization.MIN_PARALLEL_CASES", 1)
    expected = prepare(spec, CHAR)
    before = {path: content for path, (content, _) in written(spec).items()}
    for root in (spec.records_root, spec.vocab_root):
        shutil.rmtree(root)

    def stop_at_valid(stage, done, total, note):
        if stage == "tokenize valid":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(spec, CHAR, progress=Reports(stop_at_valid), map_batches=map_here)
    kept = list(spec.records_root.glob(".*.tokens/*/*.json"))
    assert len(kept) == 2
    assert prepare(spec, CHAR, map_batches=map_here) == expected
    assert {path: content for path, (content, _) in written(spec).items()} == before
    assert list(spec.records_root.glob(".*")) == []


def test_what_was_killed_after_the_records_were_written_does_not_stay(spec):
    records = prepare(spec, CHAR)
    key = records.folder.name
    tokens = spec.records_root / f".{key}.tokens/00"
    tokens.mkdir(parents=True)
    (tokens / "00.json").touch()
    (spec.records_root / f".{key}.claim").write_text("1@elsewhere")
    assert prepare(spec, CHAR) == records
    assert [path.name for path in spec.records_root.iterdir()] == [key]


def test_tokens_of_refused_cases_are_not_kept(spec, write_split, monkeypatch):
    monkeypatch.setattr("lawrec.corpus.parallel_tokenization.MIN_PARALLEL_CASES", 1)
    write_split("valid.json", [])
    with pytest.raises(CaseError):
        prepare(spec, CHAR, map_batches=map_here)
    assert list(spec.records_root.glob("*")) == []


def test_progress_reports_every_case_of_every_stage(spec):
    calls = []
    prepare(
        spec,
        CHAR,
        progress=Reports(lambda stage, done, total, note: calls.append((stage, done, total))),
    )
    assert calls[0][0] == "message"
    for split, size in (("train", 5), ("valid", 2), ("test", 1)):
        counted = range(1, size + 1)
        assert [c for c in calls if c[0] == f"tokenize {split}"] == [
            (f"tokenize {split}", n, None) for n in counted
        ]
        assert [c for c in calls if c[0] == f"write {split}"] == [
            (f"write {split}", n, size) for n in counted
        ]


def test_extra_cases_are_a_split_of_their_own(spec_with_charges):
    records = prepare(spec_with_charges, CHARGE_CONFIG)
    assert records.articles.names == ("133", "264", "266")
    assert list(records.manifest.splits) == ["train", "test", "extra"]
    train, extra = (list(read_records(records, split)) for split in ("train", "extra"))
    assert [record.case_id for record in train] == ["1", "2", "3", "4"]
    assert [record.case_id for record in extra] == ["c0", "c1"]
    # Train names 盗窃 alone once, with 264, and never the other charge.
    assert [record.label_ids for record in extra] == [[], [1]]
    assert [record.unknown_ids for record in extra] == [[0, 1, 2], []]
    assert "新" not in records.tokens.names
    assert verify(records.folder).cases == 7
    records.shard_paths("extra")[0].write_bytes(b"damaged")
    assert prepare(spec_with_charges, CHARGE_CONFIG) == records
    assert verify(records.folder).damage == ()


def test_extra_cases_of_which_nothing_is_learned_are_counted(spec_with_charges):
    records = prepare(replace(spec_with_charges, learn_charges=False), CHARGE_CONFIG)
    assert [record.case_id for record in read_records(records, "extra")] == ["c1"]
    assert records.manifest.left_out == {"unknown": 1}


def test_a_case_may_name_some_of_its_articles(spec_with_charges, tmp_path):
    partial = write_cases(tmp_path / "partial.json", [("喝茶扫地", [264]), ("又喝茶扫地", [])])
    spec = replace(spec_with_charges, extra=(), extra_partial=(partial,))
    records = prepare(spec, CHARGE_CONFIG)
    (record,) = read_records(records, "extra")
    assert (record.label_ids, record.unknown_ids) == ([1], [0, 2])
    assert records.manifest.left_out == {"unknown": 1}


def test_copies_of_other_cases_are_left_out_and_named(spec_with_charges, tmp_path):
    data = spec_with_charges.data
    theft = "被告人张某在本市某超市门口秘密窃取被害人李某的手机一部，价值三千元。"
    write_cases(data / "test.json", [("驾车", [133]), (theft, [264])])
    copy = theft.replace("张某", "王某").replace("三千", "四千")
    cases = [("新事实", [266]), (copy, [264]), ("骗取钱财 ", [266]), ("驾车", [133])]
    extra = write_cases(tmp_path / "extra.json", cases)
    records = prepare(replace(spec_with_charges, extra=(extra,)), CHARGE_CONFIG)
    assert [record.case_id for record in read_records(records, "extra")] == ["1"]
    assert records.manifest.left_out == {"test": 2, "train": 1}
    lines = (records.folder / "duplicates.jsonl").read_text("utf-8").splitlines()
    copies = list(map(json.loads, lines))
    assert 0.6 <= copies[0].pop("similarity") < 1
    assert [row.pop("similarity") for row in copies[1:]] == [1, 1]
    assert [list(row.values()) for row in copies] == [
        ["2", f"{extra}:2", "test", f"{data}/test.json:2"],
        ["3", f"{extra}:3", "train", f"{data}/train.json:3"],
        ["4", f"{extra}:4", "test", f"{data}/test.json:1"],
    ]
    assert list(copies[0]) == ["id", "where", "split", "duplicate_of"]
    only_copies = write_cases(tmp_path / "copies.json", cases[1:])
    records = prepare(replace(spec_with_charges, extra=(only_copies,)), CHARGE_CONFIG)
    assert "extra" not in records.manifest.splits
    assert records.manifest.left_out == {"test": 2, "train": 1}


def test_the_articles_of_the_list_are_learned_from_the_statute(spec_with_charges, tmp_path):
    texts = {"25": "共同犯罪。", "133": "交通肇事。", "264": "（删去）", "266": "诈骗公私财物。"}
    statute = save_version(tmp_path, Version("tea", date(2020, 1, 1), texts))
    spec = replace(spec_with_charges, extra=(), statute=statute)
    records = prepare(spec, CHARGE_CONFIG)
    assert [
        (record.case_id, record.label_ids, record.unknown_ids)
        for record in read_records(records, "statute")
    ] == [("133", [0], []), ("266", [2], [])]
    assert records.manifest.splits["statute"].source == str(statute)
    assert records.manifest.label_counts == (0, 2, 2)
    assert "肇" not in records.tokens.names
    write_cases(spec.data / "train.json", [("扫地", [264])])
    write_cases(spec.data / "test.json", [("喝茶", [264])])
    assert "statute" not in prepare(spec, CHARGE_CONFIG).manifest.splits


def test_charges_are_normalized_and_counted_once_per_case(spec_with_charges):
    records = prepare(spec_with_charges, CHARGE_CONFIG)
    charges = [
        record.charges for split in ("train", "extra") for record in read_records(records, split)
    ]
    robbery = "抢夺、抢劫"
    assert charges == [
        ("盗窃",),
        ("盗窃", "诈骗"),
        (),
        ("诈骗",),
        (robbery,),
        ("盗窃",),
    ]
    assert records.charges.names == tuple(sorted(["盗窃", "诈骗", robbery]))
    counts = dict(zip(records.charges.names, records.manifest.charge_counts, strict=True))
    assert counts == {"盗窃": 3, "诈骗": 1, robbery: 1}
    assert records.manifest.label_counts == (0, 2, 2)
    # The case of weight 0 is not learned.
    assert records.manifest.known_cases == {"articles": 3, "charges": 4}
    assert prepare(spec_with_charges, CHARGE_CONFIG) == records


def test_a_bad_extra_line_stops_preparation_unless_it_is_skipped(spec_with_charges):
    (path,) = spec_with_charges.extra
    with path.open("a") as file:
        file.write('\n{"fact": "盗窃", "charges": []}\n')
    with pytest.raises(CaseError, match=r"charges\.jsonl:3: .* must be a list of articles"):
        prepare(spec_with_charges, CHARGE_CONFIG)
    records = prepare(replace(spec_with_charges, skip_bad=True), CHARGE_CONFIG)
    assert records.manifest.splits["extra"].skipped == 1
    assert "charges.jsonl:3" in (records.folder / "skipped.jsonl").read_text("utf-8")


@pytest.mark.parametrize("kind", ["extra", "extra_partial"])
def test_the_labels_of_extra_cases_are_checked(spec_with_charges, tmp_path, kind):
    extra = write_cases(tmp_path / "extra.json", [("新事实", [999]), ("又一新事实", [264])])
    spec = replace(spec_with_charges, **{"extra": (), kind: (extra,)})
    with pytest.raises(CaseError, match=r"extra\.json:1: .* Criminal Law, got \['999'\]"):
        prepare(spec, CHARGE_CONFIG)
    records = prepare(replace(spec, skip_bad=True), CHARGE_CONFIG)
    assert [split.skipped for split in records.manifest.splits.values()] == [0, 0, 1]


def test_extra_cases_in_another_spelling_are_no_counter_examples(spec, write_split, tmp_path):
    for name, facts in (("train", "离婚"), ("valid", "借款"), ("test", "欠薪")):
        write_split(f"{name}.json", [(fact, ["《民法典》第667条"]) for fact in facts])
    cases = [("还钱", ["民法典第667条"]), ("赔偿", ["《民法典》第667条", "264"])]
    spec = replace(
        spec,
        extra=(write_cases(tmp_path / "extra.json", cases),),
        case_format=CaseFormat(any_label=True),
    )
    records = prepare(spec, CHAR)
    (record,) = read_records(records, "extra")
    assert (record.case_id, record.label_ids, record.unknown_ids) == ("2", [0], [])
    assert records.manifest.left_out == {"unknown": 1}
    assert records.manifest.unlabelled == {"民法典第667条": 1, "264": 1}


@pytest.mark.parametrize("any_label", [False, True])
def test_extra_cases_of_articles_outside_the_list_are_counter_examples(spec, tmp_path, any_label):
    listed = tmp_path / "list.txt"
    listed.write_text("133\n133之一\n264\n266\n", encoding="utf-8")
    extra = write_cases(tmp_path / "extra.json", [("放火", [114])])
    any_label = CaseFormat(any_label=any_label)
    spec = replace(spec, article_list=listed, extra=(extra,), case_format=any_label)
    records = prepare(spec, CHAR)
    (record,) = read_records(records, "extra")
    assert (record.label_ids, record.unknown_ids) == ([], [])
    assert (records.manifest.left_out, records.manifest.unlabelled) == ({}, {"114": 1})


def test_a_file_of_extra_cases_without_any_is_an_error(spec_with_charges):
    spec_with_charges.extra[0].write_text("", encoding="utf-8")
    with pytest.raises(CaseError, match=r"charges\.jsonl: the file must hold a case"):
        prepare(spec_with_charges, CHARGE_CONFIG)


def test_unknown_labels_of_all_splits_are_named_before_anything_is_written(spec):
    for name, label in (("train", "12-Mar"), ("test", "274276")):
        with (spec.data / f"{name}.json").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"fact": "扫地", "articles": [label]}) + "\n")
    with pytest.raises(CaseError, match="must be in the catalog of the Criminal Law") as caught:
        prepare(spec, CHAR)
    test = spec.data / "test.json"
    assert caught.value.got == f"['12-Mar'], ['274276'] in {test}:2: 2 cases in all"
    assert list(spec.records_root.iterdir()) == []
    skipped = prepare(replace(spec, skip_bad=True), CHAR)
    assert [skipped.split(name).skipped for name in ("train", "test")] == [1, 1]
    any_label = prepare(replace(spec, case_format=CaseFormat(any_label=True)), CHAR)
    assert {"12-Mar", "274276"} <= set(any_label.articles.names)
    listed = spec.data / "list.txt"
    listed.write_text("\n".join(any_label.articles.names), encoding="utf-8")
    assert prepare(replace(spec, article_list=listed), CHAR).articles == any_label.articles


def facts_of(path):
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def wait_until(is_so):
    for _ in range(600):
        if is_so():
            return
        time.sleep(0.1)
    raise TimeoutError


@pytest.mark.skipif(sys.platform == "win32", reason="does not know which processes have ended")
def test_two_processes_share_a_preparation_and_one_may_be_killed(write_split, tmp_path):
    facts = [f"被告人在第{number}户盗窃财物" for number in range(200)]
    data = write_split("train.json", [(fact, [264]) for fact in facts]).parent
    spec, logs = spec_of(data), [tmp_path / "first.log", tmp_path / "second.log"]
    command = [sys.executable, "-m", "tests.helpers.prepare_slowly", str(data)]
    with (
        subprocess.Popen([*command, str(logs[0])], cwd=REPOSITORY) as first,
        subprocess.Popen([*command, str(logs[1])], cwd=REPOSITORY) as second,
    ):
        wait_until(lambda: all(len(facts_of(log)) >= 8 for log in logs))
        [claim] = spec.records_root.glob(".*.claim")
        writes_records = int(claim.read_text("utf-8").partition("@")[0])
        killed, other = (first, second) if first.pid == writes_records else (second, first)
        killed.kill()
        killed.wait()
        assert other.wait(60) == 0
    done = Counter(fact for log in logs for fact in facts_of(log))
    assert set(done) == set(facts)
    assert done.total() <= len(facts) + 2  # of the batch in which the first one was killed
    shared = {path.name: content for path, (content, _) in written(spec).items()}
    assert list(spec.records_root.glob(".*")) == []
    shutil.rmtree(spec.records_root)
    shutil.rmtree(spec.vocab_root)
    prepare(spec, CONFIG)
    assert {path.name: content for path, (content, _) in written(spec).items()} == shared
