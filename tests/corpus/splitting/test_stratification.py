import random
from collections import Counter

import numpy as np
import pytest

from lawrec.corpus.splitting import stratification
from lawrec.corpus.splitting.stratification import GroupKind, assign_groups
from lawrec.corpus.splitting.stratified_split import RATIOS


def kind(*names, cases=1):
    """A kind of groups whose cases all have these articles."""
    return GroupKind(cases, frozenset((name, cases) for name in names))


def assigned(kinds, seed=0):
    """Assign groups, and check that each has a split."""
    counts = Counter(kinds)
    result = assign_groups(counts, RATIOS, rng=np.random.default_rng(seed))
    assert {kind: sum(splits) for kind, splits in result.items()} == counts
    return result


def sizes(result):
    """The number of cases of each split."""
    return [
        sum(kind.cases * splits[split] for kind, splits in result.items()) for split in range(3)
    ]


def spread(result, name):
    """The number of groups with an article of each split."""
    found = [splits for kind, splits in result.items() if name in dict(kind.articles)]
    return np.sum(found, axis=0).tolist()


def test_common_articles_are_spread_by_the_ratios():
    numbers = random.Random(5)
    kinds = [kind(*numbers.sample("甲乙丙丁", numbers.choice((1, 1, 2)))) for _ in range(2_000)]
    result = assigned(kinds)
    for name in "甲乙丙丁":
        counts = np.array(spread(result, name))
        assert counts / counts.sum() == pytest.approx(RATIOS, abs=0.02)
        # In no split does an article come with another one much more often than elsewhere.
        pair = np.sum([n for k, n in result.items() if dict(k.articles).keys() > {name}], axis=0)
        assert pair / counts == pytest.approx(pair.sum() / counts.sum(), abs=0.2)


@pytest.mark.parametrize("seed", range(5))
def test_articles_of_several_labels_reach_every_split_too(seed):
    numbers = random.Random(seed)
    names = [f"{number}" for number in range(30)]
    kinds = [kind(*numbers.sample(names, numbers.choice((1, 1, 2, 3)))) for _ in range(300)]
    result = assigned(kinds, seed)
    assert all(min(spread(result, name)) > 0 for name in names)


def test_a_large_group_goes_where_there_is_room():
    large, small = kind("264", cases=80), kind("264")
    assert assigned([large, *[small] * 20]) == {large: [1, 0, 0], small: [0, 10, 10]}


@pytest.mark.parametrize("n_cases", [45, 60, 200])
@pytest.mark.parametrize("per_article", [1, 2, 3, 4])
def test_the_ratios_hold_where_every_article_is_rare(n_cases, per_article):
    result = assigned([kind(f"{n // per_article}") for n in range(n_cases)], seed=7)
    expected = [ratio * n_cases for ratio in RATIOS]
    assert sizes(result) == pytest.approx(expected, abs=1 + 0.02 * n_cases)


def test_rare_articles_among_common_ones_go_to_train():
    names = ["264"] * 300 + [f"{n // 2}" for n in range(1, 41)]
    result = assigned([kind(name) for name in names], seed=7)
    assert all(spread(result, name)[0] for name in names)


@pytest.mark.parametrize("cases", [[1, 1, 1], [1, 1, 1, 1], [50, 1, 1], [9, 9, 9], [30, 20, 1, 1]])
def test_three_groups_reach_three_splits(cases):
    result = assigned([kind(f"{n}", cases=size) for n, size in enumerate(cases)], seed=7)
    assert min(sizes(result)) > 0


def test_cases_without_an_article_are_assigned_too():
    assert assigned([kind()] * 10) == {kind(): [8, 1, 1]}
    assert assigned([]) == {}


def test_a_long_order_is_drawn_a_part_at_a_time(monkeypatch):
    kinds = {kind("264"): 500, kind("266"): 300, kind("264", "266", cases=2): 2}
    monkeypatch.setattr(stratification, "BLOCK", 100)
    rng = np.random.default_rng(3)
    order = list(stratification._in_random_order(kinds, kinds, rng=rng))
    assert Counter(order) == kinds
    assert order[:2] == [kind("264", "266", cases=2)] * 2
    for start in range(2, 802, 200):
        assert order[start : start + 200].count(kind("264")) == pytest.approx(125, abs=25)
