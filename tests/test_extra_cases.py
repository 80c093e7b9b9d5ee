import re
from collections import Counter
from contextlib import ExitStack

import pytest

from lawrec.corpus.bad_lines import usable_cases
from lawrec.corpus.cases import read_cases
from lawrec.corpus.duplicates.near_duplicates import NearDuplicateIndex
from lawrec.law.articles import is_numbered, root_article, statute_order
from lawrec.law.catalog import shipped_catalog
from lawrec.runs.bundle import open_bundle
from lawrec.storage.resources import SHIPPED_EXTRA_CASES, SHIPPED_MODEL, shipped_path
from lawrec.text import normalize

PATH = shipped_path(SHIPPED_EXTRA_CASES)


@pytest.fixture(scope="module")
def cases():
    return list(usable_cases(read_cases(PATH)))


def test_every_case_cites_articles_of_the_criminal_law_and_names_charges(cases):
    catalog = shipped_catalog()
    for case in cases:
        assert case.articles
        assert case.charges
        assert all(is_numbered(name) and catalog[name].title for name in case.articles)
        assert case.articles == tuple(map(root_article, case.articles))


def test_the_shipped_model_knows_an_article_of_nearly_every_case(cases):
    with open_bundle(shipped_path(SHIPPED_MODEL)) as run:
        known = [bool(set(case.articles) & set(run.articles.names)) for case in cases]
    assert sum(known) > 0.99 * len(cases)


def test_the_cases_are_in_the_order_of_their_first_articles(cases):
    first = [case.articles[0] for case in cases]
    assert first == sorted(first, key=statute_order)


def test_the_facts_are_chinese_and_of_the_length_of_a_finding(cases):
    for case in cases:
        assert 30 <= len(case.fact) <= 650
        assert len(re.findall(r"[\u4e00-\u9fff]", case.fact)) > 0.5 * len(case.fact)
        assert not re.search(r"[\[\]{}|<>\\]", case.fact)


def test_no_fact_nearly_repeats_another(cases):
    with ExitStack() as files:
        index = NearDuplicateIndex(files, 0.6)
        for case in cases:
            index.add(normalize(case.fact))
        groups = set(index.first_of_group.items())
    assert len(groups) == len(cases)


def test_the_readme_counts_the_cases(cases):
    readme = (PATH.parent / "README.md").read_text(encoding="utf-8")
    counts = Counter(name for case in cases for name in case.articles)
    assert f"{len(cases):,} cases" in readme
    assert f"{len(counts)} articles" in readme
