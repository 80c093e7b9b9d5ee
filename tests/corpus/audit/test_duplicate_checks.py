from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from lawrec.corpus.audit.duplicate_checks import CORPUS_CHECKS, DuplicateIndex

FILES = {split: Path(f"{split}.json") for split in ("train", "valid", "test")}
FACT = "被告人张某在某市某区秘密窃取被害人现金一千二百元"


@pytest.fixture
def index_of():
    """A function from cases, (split, fact, articles), to an index; each is a line of its split."""
    with ExitStack() as temporary:
        yield partial(_index_of, temporary)


def _index_of(temporary, *cases):
    index = DuplicateIndex(FILES, temporary)
    for number, (split, fact, articles) in enumerate(cases, 1):
        index.add(split, f"{FILES[split]}:{number}", text=fact, articles=articles)
    return index


def occurrences(kind, index):
    return [tuple(occurrence) for occurrence in CORPUS_CHECKS[kind].find(index)]


@pytest.fixture
def index(index_of):
    return index_of(
        ("train", FACT, ["264"]),
        ("train", FACT, ["266", "133之一"]),
        ("train", FACT[:-1], ["264"]),
        ("test", FACT, ["264"]),
        ("test", FACT, ["264"]),
        ("test", "抢劫", ["263"]),
    )


def test_a_case_is_known_by_its_number(index):
    assert index.where(1) == "train.json:2"
    assert index.split(1) == "train"
    assert index.labels(1) == ("133之一", "266")
    assert index.articles["train"] == {"264": 2, "266": 1, "133之一": 1}
    assert index.articles["valid"] == {}


def test_the_original_is_the_first_case_of_the_last_split(index):
    assert list(index.duplicates()) == [(0, 3), (1, 3), (4, 3)]


def test_near_duplicates_are_originals_in_the_order_of_splits(index):
    assert list(index.near_duplicates()) == [[2, 3]]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (
            "duplicate-across-splits",
            [
                ("train.json:1", "the same fact as test.json:4"),
                ("train.json:2", "the same fact as test.json:4"),
            ],
        ),
        ("duplicate", [("test.json:5", "the same fact as test.json:4")]),
        ("conflicting-labels", [("train.json:2", "133之一, 266 here, 264 in test.json:4")]),
        ("near-duplicate-across-splits", [("test.json:4", "nearly the same as train.json:3")]),
        ("near-duplicate", []),
        ("article-not-in-train", [("test.json", "263, in 1 of its cases")]),
    ],
)
def test_each_check_says_where_and_what(index, kind, expected):
    assert occurrences(kind, index) == expected


def test_a_case_without_articles_conflicts_with_one_that_has_some(index_of):
    first, second = ("train", FACT, []), ("train", FACT, ["264"])
    assert occurrences("conflicting-labels", index_of(first, second)) == [
        ("train.json:2", "264 here, no article in train.json:1")
    ]
    assert occurrences("conflicting-labels", index_of(second, first)) == [
        ("train.json:2", "no article here, 264 in train.json:1")
    ]


def test_an_index_without_cases_has_no_findings(index_of):
    index = index_of()
    assert [kind for kind in CORPUS_CHECKS if occurrences(kind, index)] == []
