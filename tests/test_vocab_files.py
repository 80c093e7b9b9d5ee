import re
import shutil
import subprocess
from datetime import date

import pytest

from lawrec.config import CorpusConfig
from lawrec.corpus.bad_lines import usable_cases
from lawrec.corpus.cases import read_cases
from lawrec.corpus.tokenization.tokenizers import load_tokenizer
from lawrec.law.articles import article_name, statute_order
from lawrec.law.catalog import shipped_catalog
from lawrec.storage.resources import shipped_path
from lawrec.text import normalize

TERMS = shipped_path("vocab/legal_terms.txt")


@pytest.fixture(scope="module")
def catalog():
    return shipped_catalog()


@pytest.fixture(scope="module")
def terms():
    return TERMS.read_text(encoding="utf-8").split("\n")[:-1]


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_make_clean_keeps_what_was_imported(tmp_path):
    for name in ("vocab/statutes/criminal-law", "vocab/sample-1a2b3c4d", "checkpoints/first"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "vocab/articles.csv").touch()
    makefile = shipped_path("vocab").parent / "Makefile"
    subprocess.run(["make", "-f", makefile, "clean"], cwd=tmp_path, check=True)
    assert sorted(path.name for path in (tmp_path / "vocab").iterdir()) == [
        *("articles.csv", "statutes")
    ]
    assert (tmp_path / "vocab/statutes/criminal-law").is_dir()
    assert not any((tmp_path / "checkpoints").iterdir())


def test_every_article_stands_once_under_its_one_name(catalog):
    lines = shipped_path("vocab/articles.csv").read_text(encoding="utf-8").splitlines()
    assert len(catalog) == len(lines) - 1
    assert [article_name(name) for name in catalog] == list(catalog)
    assert all(name == entry.article for name, entry in catalog.items())


def test_the_catalog_stands_in_the_order_of_the_statute(catalog):
    assert list(catalog) == sorted(catalog, key=statute_order)


def test_the_catalog_has_every_number_of_the_statute(catalog):
    repealed = {"199"}
    assert {str(number) for number in range(1, 453)} - repealed <= set(catalog)


def test_every_entry_has_a_title_and_a_part(catalog):
    assert all(entry.title.strip() for entry in catalog.values())
    assert {entry.part for entry in catalog.values()} == {"总则", "分则", "附则"}
    assert all(entry.chapter for entry in catalog.values() if entry.part != "附则")


@pytest.mark.parametrize(
    ("article", "title", "chapter"),
    [
        ("133", "交通肇事罪", "危害公共安全罪"),
        ("133之一", "危险驾驶罪", "危害公共安全罪"),
        ("232", "故意杀人罪", "侵犯公民人身权利、民主权利罪"),
        ("234", "故意伤害罪", "侵犯公民人身权利、民主权利罪"),
        ("263", "抢劫罪", "侵犯财产罪"),
        ("264", "盗窃罪", "侵犯财产罪"),
        ("266", "诈骗罪", "侵犯财产罪"),
        ("293", "寻衅滋事罪", "妨害社会管理秩序罪"),
        ("385", "受贿罪", "贪污贿赂罪"),
    ],
)
def test_a_well_known_article_has_its_title(catalog, article, title, chapter):
    assert catalog[article].title == title
    assert catalog[article].chapter.endswith(chapter)


def test_amendments_have_a_name_and_a_date(catalog):
    amendments = [amendment for entry in catalog.values() for amendment in entry.amendments]
    assert amendments
    for amendment in amendments:
        assert re.fullmatch(r"\w+", amendment.name), amendment
        assert date(1997, 10, 1) < amendment.effective, amendment


def test_every_article_of_the_sample_has_a_title(catalog):
    for split in ("train", "valid", "test"):
        for case in usable_cases(read_cases(shipped_path(f"data/sample/{split}.json"))):
            assert set(case.articles) <= set(catalog)


def test_the_terms_are_sorted_and_stand_once(terms):
    assert terms == sorted(set(terms))
    assert len(terms) > 500


def test_the_terms_are_written_as_normalized_facts_are(terms):
    assert all(term and normalize(term) == term for term in terms)


def test_every_term_is_kept_whole(terms):
    tokenize = load_tokenizer(CorpusConfig(), [TERMS]).tokenize
    assert [term for term in terms if tokenize(term) != [term]] == []
