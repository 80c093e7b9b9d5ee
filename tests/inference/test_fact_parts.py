import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lawrec.config import CorpusConfig
from lawrec.corpus.tokenization.tokenizers import load_tokenizer
from lawrec.corpus.vocabulary import PAD, UNK, Encoder, Vocabulary
from lawrec.inference.fact_parts import Part, clauses, joined, locate, passages, words
from tests.helpers.strategies import texts

ENCODER = Encoder(
    load_tokenizer(CorpusConfig(tokenizer="char")), Vocabulary((PAD, UNK, *"盗窃抢,。0")), 40
)


def clause_texts(fact):
    return [fact[slice(*part.spans[0])] for part in clauses(locate(fact, ENCODER))]


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        ("", []),
        ("盗窃", ["盗窃"]),
        ("某人盗，某人窃。抢", ["某人盗，", "某人窃。", "抢"]),
        ("盗１，２００元；窃0:0分,抢", ["盗１，２００元；", "窃0:0分,", "抢"]),
        ("“盗。”窃！？抢", ["“盗。”", "窃！？", "抢"]),
        (" 盗\n　窃 ", ["盗", "窃"]),
        ("某人，窃", ["某人，", "窃"]),
        ("某人！窃", ["窃"]),  # the model knows no token of the first clause
    ],
)
def test_clauses_end_at_punctuation_but_not_within_numbers(fact, expected):
    assert clause_texts(fact) == expected


@given(texts() | st.text(st.sampled_from("盗窃，。：0１ \n某”")))
def test_each_known_token_is_in_the_clause_of_its_characters(text):
    fact = locate(text, ENCODER)
    parts = clauses(fact)
    assert [position for part in parts for position in part.positions] == [
        position for position, token_id in enumerate(fact.token_ids) if token_id > 1
    ]
    for positions, [(start, end)] in parts:
        assert all(start <= fact.spans[position].start < end for position in positions)
        assert not re.search(r"^\s|\s$", text[start:end])
    spans = [part.spans[0] for part in parts]
    assert all(before.end <= after.start for before, after in pairwise(spans))


def test_what_the_model_does_not_read_is_in_no_clause():
    assert clause_texts("盗，" * 30) == ["盗，"] * 20


def test_a_word_has_all_its_occurrences():
    fact = locate("盗，窃盗。某盗", ENCODER)
    first, second = words(fact, clauses(fact), limit=9)
    assert first == Part((0, 3, 6), ((0, 1), (3, 4), (6, 7)))
    assert second == Part((2,), ((2, 3),))
    assert words(fact, clauses(fact)[1:2], limit=1) == [second]
    assert words(fact, [], limit=9) == []


@pytest.mark.parametrize("n_parts", range(1, 12))
@pytest.mark.parametrize("n_passages", [1, 3, 5])
def test_passages_are_neighbours_and_not_too_many(n_parts, n_passages):
    parts = [Part((position,), ()) for position in range(n_parts)]
    groups = passages(parts, n_passages)
    assert [part for group in groups for part in group] == parts
    assert len(groups) <= n_passages
    assert all(groups)


def test_joined_parts_have_all_of_each():
    fact = locate("盗，窃。", ENCODER)
    assert joined(clauses(fact)) == Part((0, 1, 2, 3), ((0, 2), (2, 4)))


def test_a_fact_without_tokens_has_an_unknown_one_and_no_span():
    fact = locate(" \n", ENCODER)
    np.testing.assert_array_equal(fact.token_ids, [1])
    assert fact.spans == []


def test_the_pieces_of_an_unknown_word_have_spans_of_their_own():
    words_known = Vocabulary((PAD, UNK, "持刀", "抢劫"))
    encoder = Encoder(load_tokenizer(CorpusConfig()), words_known, 9)
    fact = "持刀 抢劫案"
    located = locate(fact, encoder)
    assert located.token_ids.tolist() == encoder(fact)
    named = [fact[span.start : span.end] for span in located.spans]
    assert dict(zip(named, located.token_ids.tolist(), strict=True)) == {
        "持刀": 2,
        "抢劫": 3,
        "案": 1,
    }
