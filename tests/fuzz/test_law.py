"""Names of articles and charges, and texts of statutes, from any text."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lawrec.corpus.audit.case_checks import CHECKS, audit_reference_of
from lawrec.corpus.case_lines import CaseLine
from lawrec.corpus.cases import Case
from lawrec.corpus.tokenization.entities import (
    ENTITY_TYPES,
    compile_entity_types,
    split_at_entities,
)
from lawrec.errors import LawrecError
from lawrec.law.articles import (
    article_name,
    is_numbered,
    json_label,
    read_article_list,
    root_article,
    statute_order,
)
from lawrec.law.catalog import Article
from lawrec.law.charges import charge_wordings, normalize_charge
from lawrec.law.statute_parser import read_statute
from lawrec.law.statute_versions import diff_clauses, same_text
from lawrec.text import nfkc, normalize
from tests.helpers.strategies import clean_texts, files, texts, values


@given(value=values() | texts())
def test_an_article_has_one_name_on_one_line_or_is_refused(value):
    try:
        name = article_name(value)
    except ValueError:
        return
    assert name == " ".join(name.split()) != ""
    assert article_name(name) == name
    assert article_name(json_label(name)) == name
    assert is_numbered(name) == (statute_order(name)[0] < 10**9)
    assert root_article(name)


@given(text=texts())
def test_a_normalized_text_is_normal(text):
    normal = normalize(text)
    assert not any(character.isspace() for character in normal)
    assert normalize(normal) == nfkc(normal)  # "A´" is normalized to A and a mark, then to Á


@given(charge=texts())
def test_a_charge_has_wordings(charge):
    assert normalize_charge(charge) in charge_wordings(charge)


@given(text=clean_texts(30))
def test_the_pieces_between_entities_are_the_text(text):
    normal = normalize(text)
    pieces = split_at_entities(normal, compile_entity_types(list(ENTITY_TYPES)))
    assert "".join(piece for piece, _ in pieces) == normal


@given(old=clean_texts(30), new=clean_texts(30))
def test_a_diff_makes_up_both_texts(old, new):
    pieces = diff_clauses(old, new)
    assert "".join(piece.text for piece in pieces if piece.kind != "-") == new
    assert same_text("".join(piece.text for piece in pieces if piece.kind != "+"), old)


@pytest.mark.parametrize("check", CHECKS)
@given(fact=texts(20), charge=texts(), article=texts(4))
def test_a_check_says_what_is_wrong_or_nothing(check, fact, charge, article):
    case = Case("a:1", "1", fact, (article,), (charge,), cited=(article,))
    reference = audit_reference_of([Article("264", "盗窃罪")], ["264"])
    assert isinstance(CHECKS[check].find(CaseLine(case), reference), str)


@given(text=clean_texts(40) | files(), suffix=st.sampled_from([".txt", ".md", ".json"]))
def test_a_statute_is_read_or_refused(text, suffix):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"statute{suffix}"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        try:
            statute = read_statute(path)
        except LawrecError:
            return
        assert statute.texts
        assert all(statute.texts.values())


@given(content=files())
def test_a_list_of_articles_is_read_or_refused(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "law.txt"
        path.write_bytes(content)
        try:
            names = read_article_list(path)
        except LawrecError:
            return
        assert len(set(names)) == len(names) > 0
