"""Finding the splits of a folder: files, folders and patterns, by their names."""

import pytest

from lawrec.corpus.cases import read_cases
from lawrec.corpus.splits import find_splits, note_on_other_valid
from lawrec.errors import CaseError

LINE = '{"fact": "被告人张某秘密窃取他人财物。", "articles": [264]}\n'


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["train.json"], {"train": "train.json"}),
        (["test.csv", "train.tsv"], {"train": "train.tsv", "test": "test.csv"}),
        (
            ["data_test.json", "data_train.json", "data_valid.json", "law.txt", "train.old"],
            {"train": "data_train.json", "valid": "data_valid.json", "test": "data_test.json"},
        ),
        (["train.jsonl", "my_test.json"], {"train": "train.jsonl"}),
        (["train.json", "valid.json", "dev.json"], {"train": "train.json", "valid": "valid.json"}),
        (["train.json", "eval/notes.md"], {"train": "train.json"}),
        (
            ["TRAIN.JSON", "Valid.Csv.GZ", "data_TEST.jsonl"],
            {"train": "TRAIN.JSON", "valid": "Valid.Csv.GZ", "test": "data_TEST.jsonl"},
        ),
    ],
)
def test_the_splits_of_a_folder_are_found_by_their_names(tmp_path, names, expected):
    for name in names:
        write(tmp_path / name, "")
    assert find_splits(tmp_path) == {split: tmp_path / name for split, name in expected.items()}
    assert list(find_splits(tmp_path)) == list(expected)


@pytest.mark.parametrize(
    ("names", "expected", "got", "todo"),
    [
        ([], "the folder must hold train.json", "no train file", "Add it, or name another folder."),
        (["valid.json"], "the folder must hold train.json", "no train file", "Add it, or name"),
        (
            ["train.json", "data_train.json"],
            "there must be one train file",
            "data_train.json and train.json",
            "Keep one of them.",
        ),
        (
            ["train.json", "test.csv", "test.json"],
            "there must be one test file",
            "test.csv and test.json",
            "Keep one of them.",
        ),
        (
            ["train.json", "val.json", "dev.csv.gz", "validation/a.json", "eval-0.json"],
            "the valid cases must be named valid",
            "val.json and validation and dev.csv.gz and eval-*.json",
            "Rename one to valid",
        ),
    ],
)
def test_a_folder_without_one_file_per_split_is_refused(tmp_path, names, expected, got, todo):
    for name in names:
        write(tmp_path / name, "")
    with pytest.raises(CaseError) as caught:
        find_splits(tmp_path)
    assert caught.value.where == str(tmp_path)
    assert (caught.value.expected, caught.value.got) == (expected, got)
    assert caught.value.todo.startswith(todo)


@pytest.mark.parametrize(("name", "got"), [("absent", "no such folder"), ("train.json", "a file")])
def test_what_is_no_folder_is_refused(tmp_path, name, got):
    write(tmp_path / "train.json", "")
    with pytest.raises(CaseError) as caught:
        find_splits(tmp_path / name)
    assert caught.value.where == str(tmp_path / name)
    assert caught.value.expected == "--data must be a folder with train, valid and test files"
    assert caught.value.got == got
    assert caught.value.todo.startswith("Put the cases into train.json, valid.json and test.json")


def test_a_folder_named_as_a_split_is_no_split(tmp_path):
    (tmp_path / "valid.json").mkdir()
    write(tmp_path / "train.json", "")
    assert list(find_splits(tmp_path)) == ["train"]


@pytest.mark.parametrize(
    ("names", "path"),
    [
        (["train.json.gz"], "train.json.gz"),
        (["data_train.csv.zip"], "data_train.csv.zip"),
        (["train.parquet"], "train.parquet"),
        (["train/1.json", "train/2.csv"], "train"),
        (["data_train/1.json"], "data_train"),
        (["train-0.json.gz", "train-1.json.gz"], "train-*.json.gz"),
        (["train-0.csv", "train_more.csv", "retrain-0.csv"], "train-*.csv"),
    ],
)
def test_a_split_may_be_packed_a_folder_or_several_files(tmp_path, names, path):
    for name in names:
        write(tmp_path / name, "")
    assert find_splits(tmp_path) == {"train": tmp_path / path}


def test_a_split_in_several_places_is_refused(tmp_path):
    for name in ("train.json", "train.json.gz", "train/a.json", "train-1.csv"):
        write(tmp_path / name, "")
    with pytest.raises(CaseError) as caught:
        find_splits(tmp_path)
    assert caught.value.got == "train.json and train.json.gz and train and train-*.csv"


def test_a_folder_that_is_named_like_a_pattern_has_its_splits(tmp_path):
    write(tmp_path / "d[1]/train-1.json", LINE)
    (case,) = read_cases(find_splits(tmp_path / "d[1]")["train"])
    assert case.articles == ("264",)


def test_a_second_valid_split_of_another_name_is_noted(tmp_path):
    for name in ("train.json", "valid.json", "dev.json", "val-1.csv"):
        write(tmp_path / name, "")
    note = note_on_other_valid(tmp_path, find_splits(tmp_path))
    assert note.endswith(" are those of valid.json, not those of val-*.csv and dev.json.")
    assert not note_on_other_valid(tmp_path / "valid.json", {"valid": tmp_path / "valid.json"})
