import random
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lawrec.config import CorpusConfig
from lawrec.corpus.tokenization.entities import ENTITY_TYPES
from lawrec.corpus.tokenization.token_spans import Span, normalize_with_origins, token_spans
from lawrec.corpus.tokenization.tokenizers import load_tokenizer
from lawrec.text import normalize
from tests.helpers.strategies import texts

FACT = (
    "２０１６年５月８日，被告人张某某在　ＡＴＭ 机旁\n非法持有毒 品１２．５克，价值３，０００元。"
)
# Marks that change their order, a vowel that joins the consonant before it, half-width letters with
# a mark of their own, one character for several, an accent at the start.
AWKWARD = [
    "",
    "　\n",
    "t\u0301\u0323x",
    "\u1112\u1161\u11ab한",
    "ﾊﾟｶﾞ",
    "㎏①ﬁ",
    "\u0301a",
    "¨ e\u0301",
    "\u09c7\u09be",
    "a" + "\u0301\u0323" * 2_000 + "b",
]
LETTERS = st.text(
    st.sampled_from("ａ１ ,，　a\u0301\u0323\u0327ﾊﾞ\u1112\u1161\u11ab㎏①ﬁ¨盗\u09c7\u09be\u0345")
)


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """A tokenizer with all entity types and with stop words, of which one is in an entity."""
    path = tmp_path_factory.mktemp("stop") / "words.txt"
    path.write_text("在\n,\n元\n", "utf-8")
    config = CorpusConfig(tokenizer="char", entity_types=tuple(ENTITY_TYPES), stop_words=str(path))
    return load_tokenizer(config)


@pytest.mark.parametrize("text", [FACT, *AWKWARD])
def test_characters_are_traced_back(text):
    check_origins(text)


@given(LETTERS | texts())
def test_characters_of_any_text_are_traced_back(text):
    check_origins(text)


def check_origins(text):
    normalized, origins = normalize_with_origins(text)
    assert normalized == normalize(text)
    assert len(normalized) == len(origins)
    assert origins == sorted(origins)
    for character, (start, end) in zip(normalized, origins, strict=True):
        assert character in normalize(text[start:end])
    # What no character comes from is white space.
    used = {position for start, end in origins for position in range(start, end)}
    rest = "".join(text[position] for position in set(range(len(text))) - used)
    assert normalize(rest).strip() == ""


def test_the_spans_are_as_worked_out_by_hand():
    assert normalize_with_origins("Ａ　㎏e\u0301")[1] == [(0, 1), (2, 3), (2, 3), (3, 5)]
    assert normalize_with_origins("\u200b盗\xade\u200d\u0301\x00")[1] == [(1, 2), (3, 6)]


def test_tokens_and_entities_have_their_text(everything):
    spans = token_spans(everything, FACT)
    assert [token for token, _ in spans] == everything.tokenize(FACT)
    found = {token: FACT[span.start : span.end] for token, span in spans}
    assert found["<date>"] == "２０１６年５月８日"
    assert found["<name>"] == "张某某"
    assert found["<weight2>"] == "１２．５克"
    assert found["<money4>"] == "３，０００元"
    assert found["毒"] == "毒"
    assert not {"在", ","} & set(found)


def test_white_space_within_a_word_is_part_of_its_span(jieba_tokenizer):
    spans = dict(token_spans(jieba_tokenizer, "被告人盗　窃\n手机"))
    assert spans["盗窃"] == Span(3, 6)
    assert spans["手机"] == Span(7, 9)


@settings(max_examples=30)
@given(texts())
def test_the_text_of_a_span_yields_its_token(everything, text):
    spans = token_spans(everything, text)
    assert [token for token, _ in spans] == everything.tokenize(text)
    assert [span for _, span in spans] == sorted(span for _, span in spans)
    for token, (start, end) in spans:
        assert 0 <= start < end <= len(text)
        assert token.startswith("<") or token in normalize(text[start:end])


@pytest.mark.parametrize("name", ["jieba", "rjieba", "char"])
def test_words_of_random_texts_are_where_they_are_said_to_be(name, jieba_tokenizer):
    if name == "rjieba":
        pytest.importorskip("rjieba")
    config = CorpusConfig(tokenizer=name)
    tokenizer = jieba_tokenizer if name == "jieba" else load_tokenizer(config)
    numbers = random.Random(1)
    for length in range(60):
        text = "".join(numbers.choices("被告人张某盗窃财物，。１２Ａb　 \n（）①", k=length))
        for token, (start, end) in token_spans(tokenizer, text):
            assert normalize(text[start:end]) == token or "①" in text[start:end]


def test_unicode_has_no_other_character_that_joins_the_one_before():
    """Every character is traced back after one that it may change with."""
    for code in range(0x110000):
        character = chr(code)
        if 0xD800 <= code < 0xE000 or unicodedata.is_normalized("NFC", f"가{character}"):
            continue
        check_origins(f"가{character}가")
