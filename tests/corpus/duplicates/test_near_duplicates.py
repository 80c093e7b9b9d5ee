import random
from contextlib import ExitStack
from functools import partial
from itertools import combinations

import pytest

from lawrec.corpus.duplicates import near_duplicates, pair_search
from lawrec.corpus.duplicates.near_duplicates import BATCH_SIZE, NearDuplicateIndex, rows_per_band
from lawrec.corpus.duplicates.pair_search import Comparison, jaccard, shingles
from lawrec.iterables import map_here
from lawrec.parallel import parallel_map
from lawrec.storage import disk_array
from lawrec.storage.limits import MAX_CANDIDATES
from tests.helpers.elsewhere import map_elsewhere

CHARACTERS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"


def grouped(texts, threshold=0.8, map_items=map_here):
    with ExitStack() as files:
        near = NearDuplicateIndex(files, threshold, map_items=map_items)
        for text in texts:
            near.add(text)
        return list(near.groups())


def brute_force(texts, threshold):
    """Join every pair of near-duplicates, one after the other."""
    groups = [{number} for number in range(len(texts))]
    for pair in combinations(range(len(texts)), 2):
        if jaccard(*(shingles(texts[number]) for number in pair)) >= threshold:
            joined = [group for group in groups if group & set(pair)]
            groups = [group for group in groups if group not in joined] + [set().union(*joined)]
    return sorted(sorted(group) for group in groups if len(group) > 1)


def texts_with_relatives(seed, families=25):
    """Random texts, and copies of each with more and more characters changed."""
    numbers = random.Random(seed)
    texts = {}
    for _ in range(families):
        text = numbers.choices(CHARACTERS, k=numbers.randint(40, 200))
        for _ in range(numbers.randint(1, 6)):
            texts["".join(text)] = None
            text = list(text)
            for _ in range(numbers.randint(0, 3)):
                text[numbers.randrange(len(text))] = numbers.choice(CHARACTERS)
    ordered = list(texts)
    numbers.shuffle(ordered)
    return ordered


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {""}),
        ("盗窃", {"盗窃"}),
        ("被告人盗窃", {"被告人盗窃"}),
        ("被告人盗窃罪", {"被告人盗窃", "告人盗窃罪"}),
    ],
)
def test_shingles_are_stretches_of_five_characters(text, expected):
    assert shingles(text) == expected


def test_jaccard_is_the_share_in_common():
    assert jaccard({"a", "b", "c"}, {"b", "c", "d"}) == 0.5
    assert jaccard({"a"}, {"a"}) == 1
    assert jaccard({"a"}, {"b"}) == 0


@pytest.mark.parametrize("threshold", [0.6, 0.7, 0.8])
@pytest.mark.parametrize("seed", range(5))
def test_groups_are_those_of_comparing_every_pair(seed, threshold):
    texts = texts_with_relatives(seed)
    expected = brute_force(texts, threshold)
    assert expected
    assert grouped(texts, threshold) == expected


@pytest.mark.parametrize(("threshold", "rows"), [(0.5, 3), (0.8, 8), (1.0, 31)])
def test_bands_are_as_long_as_the_threshold_allows(threshold, rows):
    assert rows_per_band(threshold) == rows


def test_candidates_below_the_threshold_are_not_joined():
    texts = texts_with_relatives(7)
    assert grouped(texts, threshold=1.0) == []


def test_a_group_may_be_a_chain():
    base = "".join(random.Random(0).choices(CHARACTERS, k=120))
    chain = [base[start : start + 100] for start in range(0, 20, 5)]
    assert jaccard(shingles(chain[0]), shingles(chain[-1])) < 0.8
    assert grouped(chain) == [[0, 1, 2, 3]]


def test_the_same_text_is_found_among_all():
    with ExitStack() as files:
        near = NearDuplicateIndex(files)
        for text in ("甲乙", "丙丁", "甲乙", "", "甲乙", ""):
            near.add(text)
        assert sorted(near.equal_texts()) == [[0, 2, 4], [3, 5]]
        assert list(near.groups(at_least=1)) == [[0, 2, 4], [1], [3, 5]]
        assert list(near.first_of_group.items()) == [0, 1, 0, 3, 0, 3]


def test_texts_with_the_same_digest_are_told_apart(monkeypatch):
    monkeypatch.setattr(near_duplicates.hashlib, "blake2b", lambda *_, **__: SameDigest())
    with ExitStack() as files:
        near = NearDuplicateIndex(files)
        for text in ("甲乙", "丙丁", "甲乙", "丙丁", "戊己"):
            near.add(text)
        assert list(near.equal_texts()) == [[0, 2], [1, 3]]


class SameDigest:
    def digest(self):
        return bytes(8)


@pytest.mark.parametrize("at_once", [1, 10, 1_000])
def test_groups_do_not_depend_on_how_much_is_sorted_at_once(monkeypatch, at_once):
    texts = texts_with_relatives(11)
    texts += texts[:5]
    expected = grouped(texts)
    monkeypatch.setattr(disk_array, "AT_ONCE", at_once)
    monkeypatch.setattr(pair_search, "MAX_REJECTED", at_once)
    assert grouped(texts) == expected


@pytest.mark.parametrize(("pairs", "size"), [(1, 2**20), (7, 2**20), (1_000, 2_000)])
@pytest.mark.parametrize("ahead", [1, 5, 1_000])
def test_other_processes_find_the_same_groups(monkeypatch, pairs, size, ahead):
    texts = texts_with_relatives(12)
    texts += texts[:5]
    expected = grouped(texts)
    monkeypatch.setattr(disk_array, "AT_ONCE", 10)
    monkeypatch.setattr(near_duplicates, "BATCH_SIZE", 10)
    monkeypatch.setattr(pair_search, "PAIRS_PER_TASK", pairs)
    monkeypatch.setattr(pair_search, "BYTES_PER_TASK", size)
    assert grouped(texts, map_items=partial(map_elsewhere, ahead=ahead)) == expected


def test_real_processes_find_the_same_groups():
    texts = texts_with_relatives(13)
    assert grouped(texts, map_items=partial(parallel_map, workers=2)) == grouped(texts)


def test_of_pairs_that_are_compared_together_the_others_follow():
    texts = dict(enumerate(["甲乙丙丁戊己", "甲乙丙丁戊己", "甲乙丙丁戊己", "庚辛壬癸子丑"]))
    pairs = [(0, 1), (0, 2), (1, 2), (0, 3), (0, 3)]
    alone = {number: number for number in texts}
    assert Comparison(pairs, texts, alone).joined(0.8) == [(0, 1), (0, 2)]
    assert Comparison(pairs, texts, alone).joined(0.0) == [(0, 1), (0, 2), (0, 3)]
    assert Comparison([], {}, {}).joined(0.8) == []


def test_pairs_that_follow_from_earlier_ones_are_not_compared():
    texts = dict.fromkeys((5, 6, 9), "甲乙丙丁戊己")
    pairs, roots = [(5, 6), (5, 9), (6, 9)], {5: 2, 6: 2, 9: 9}
    assert Comparison(pairs, texts, roots).joined(0.8) == [(5, 9)]


def test_what_is_compared_is_bounded(monkeypatch):
    """Of texts of one template, each is in a task with few others, whose texts it holds."""
    monkeypatch.setattr(pair_search, "BYTES_PER_TASK", 2_000)
    base = "".join(random.Random(0).choices(CHARACTERS, k=120))
    texts = [f"{base}{number}" for number in range(50)]
    sizes = []

    def watched(work, items):
        for item in items:
            if isinstance(item, Comparison):
                sizes.append(sum(len(text.encode()) for text in item.texts.values()))
                assert {number for pair in item.pairs for number in pair} == set(item.texts)
            yield item, work(item)

    assert grouped(texts, map_items=watched) == [list(range(50))]
    assert max(sizes) <= 2_000 + 2 * len(texts[-1].encode())


def test_nothing_has_no_groups():
    assert grouped([]) == []
    assert grouped(["盗窃"]) == []


def test_more_near_duplicates_than_are_compared_are_one_group():
    base = "".join(random.Random(0).choices(CHARACTERS, k=120))
    texts = [f"{base}{number}" for number in range(3 * MAX_CANDIDATES)]
    assert grouped(texts) == [list(range(len(texts)))]


def test_more_texts_than_a_batch_are_all_compared():
    numbers = random.Random(3)
    texts = ["".join(numbers.choices(CHARACTERS, k=60)) for _ in range(BATCH_SIZE)]
    assert grouped([*texts, texts[0][:-1]]) == [[0, BATCH_SIZE]]
