import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge

from lawrec.corpus.bad_lines import usable_cases
from lawrec.corpus.cases import read_cases
from lawrec.corpus.splits import find_splits
from lawrec.law.catalog import shipped_catalog
from lawrec.storage.resources import shipped_path
from lawrec.text import normalize

SAMPLE = shipped_path("data/sample")
SCRIPT = Path(__file__).parents[1] / "data" / "make_sample.py"
SPLITS = ("train", "valid", "test")


@pytest.fixture(scope="module")
def sample():
    return {split: list(usable_cases(read_cases(SAMPLE / f"{split}.json"))) for split in SPLITS}


@pytest.fixture(scope="module")
def cases(sample):
    return [case for split in SPLITS for case in sample[split]]


def make(out, *options):
    command = [sys.executable, str(SCRIPT), "--out", str(out), *options]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return {split: (out / f"{split}.json").read_bytes() for split in SPLITS}


def test_making_the_sample_again_gives_the_same_bytes(tmp_path):
    assert make(tmp_path) == {split: (SAMPLE / f"{split}.json").read_bytes() for split in SPLITS}


def test_another_seed_makes_other_cases(tmp_path):
    first = make(tmp_path / "1", "--seed", "1", "--cases", "300")
    assert first != make(tmp_path / "2", "--seed", "2", "--cases", "300")


def test_the_sample_is_found_as_three_splits():
    assert list(find_splits(SAMPLE)) == list(SPLITS)


def test_the_sample_has_at_least_2000_cases(sample, cases):
    assert len(cases) >= 2000
    assert all(len(sample[split]) >= 200 for split in SPLITS)


def test_the_sample_has_at_least_30_articles_in_every_split(sample):
    for split in SPLITS:
        assert len({name for case in sample[split] for name in case.articles}) >= 30


def test_an_article_of_valid_or_test_is_in_train_too(sample):
    cited = {split: {name for case in sample[split] for name in case.articles} for split in SPLITS}
    assert cited["valid"] | cited["test"] <= cited["train"]


def test_15_to_30_percent_of_the_cases_have_several_articles(sample):
    for split in SPLITS:
        several = sum(len(case.articles) > 1 for case in sample[split])
        assert 0.15 <= several / len(sample[split]) <= 0.30


def test_every_case_has_an_article(cases):
    assert all(case.articles for case in cases)


def test_articles_have_a_long_tail(cases):
    counts = sorted(Counter(name for case in cases for name in case.articles).values())
    assert counts[-1] > 20 * counts[0]


def test_no_fact_comes_twice(cases):
    facts = Counter(normalize(case.fact) for case in cases)
    assert [fact for fact, count in facts.items() if count > 1] == []


def test_every_article_has_a_title(cases):
    catalog = shipped_catalog()
    for name in {name for case in cases for name in case.articles}:
        assert catalog[name].title


def test_every_line_is_laid_out_as_in_cail2018():
    for split in SPLITS:
        for line in (SAMPLE / f"{split}.json").read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            assert record.keys() == {"fact", "meta"}
            assert record["meta"].keys() == {
                "relevant_articles",
                "accusation",
                "punish_of_money",
                "criminals",
                "term_of_imprisonment",
            }


def test_no_slot_of_a_wording_is_left_open(cases):
    assert [case.where for case in cases if re.search(r"[\[\]{}|]", case.fact)] == []


def test_the_facts_to_try_are_in_none_of_the_splits(cases):
    facts = [case.fact for case in usable_cases(read_cases(SAMPLE / "facts.txt", labelled=False))]
    assert len(facts) == len(set(facts)) >= 3
    assert not set(facts) & {case.fact for case in cases}


def test_the_readme_counts_the_cases(sample):
    readme = (SAMPLE / "README.md").read_text(encoding="utf-8")
    for split in SPLITS:
        assert re.search(rf"`{split}\.json` \({len(sample[split]):,}[ )]", readme)


def test_a_linear_model_learns_the_sample_but_not_all_of_it(sample):
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(2, 2), sublinear_tf=True, min_df=2)
    train = vectorizer.fit_transform([case.fact for case in sample["train"]])
    test = vectorizer.transform([case.fact for case in sample["test"]])
    names = sorted({name for case in sample["train"] for name in case.articles})
    cited = {
        split: np.array([[name in case.articles for name in names] for case in sample[split]])
        for split in SPLITS
    }
    model = Ridge(alpha=0.1, solver="cholesky", fit_intercept=False).fit(train, cited["train"])
    predicted, true = model.predict(test) >= 0.4, cited["test"]
    micro_f1 = 2 * (predicted & true).sum() / (predicted.sum() + true.sum())
    assert 0.7 < micro_f1 < 0.97
