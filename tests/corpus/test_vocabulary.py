import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lawrec.config import CorpusConfig
from lawrec.corpus.tokenization.tokenizers import load_tokenizer
from lawrec.corpus.vocabulary import (
    PAD,
    PAD_ID,
    UNK,
    UNK_ID,
    Encoder,
    Vocabulary,
    build_vocabulary,
    encode,
    known_pieces,
    label_matrix,
    load_vocabulary,
)
from lawrec.errors import ConfigError, RecordsError

WORDS = Vocabulary((PAD, UNK, "盗窃", "抢劫"))


def build_slowly(counts, min_count, max_size):
    names = [PAD, UNK]
    left = dict(counts)
    while left and len(names) < max_size:
        best = max(left.values())
        token = min(token for token, count in left.items() if count == best)
        if left.pop(token) >= min_count:
            names.append(token)
    return tuple(names)


def test_padding_and_unknown_have_the_first_two_ids():
    vocabulary = build_vocabulary(Counter("盗盗窃"), min_count=1, max_size=10)
    assert vocabulary.names == ("<pad>", "<unk>", "盗", "窃")
    assert (vocabulary.ids["<pad>"], vocabulary.ids["<unk>"]) == (PAD_ID, UNK_ID) == (0, 1)


@pytest.mark.parametrize(
    ("text", "min_count", "max_size", "expected"),
    [
        ("", 1, 10, ""),
        ("aab", 1, 10, "ab"),
        ("aab", 2, 10, "a"),
        ("aab", 3, 10, ""),
        ("ba", 1, 10, "ab"),
        ("cbabca", 1, 4, "ab"),
        ("bbac", 1, 3, "b"),
        ("aab", 1, 2, ""),
        ("aab", 1, 1, ""),
    ],
)
def test_the_most_frequent_tokens_come_first(text, min_count, max_size, expected):
    assert build_vocabulary(Counter(text), min_count=min_count, max_size=max_size).names == (
        PAD,
        UNK,
        *expected,
    )


def test_the_order_is_that_of_a_slow_reference_whatever_the_order_of_counting():
    numbers = random.Random(1)
    for _ in range(50):
        counts = {chr(0x4E00 + n): numbers.randint(1, 4) for n in range(numbers.randint(0, 30))}
        shuffled = Counter(dict(numbers.sample(list(counts.items()), len(counts))))
        min_count, max_size = numbers.randint(1, 4), numbers.randint(2, 20)
        built = build_vocabulary(shuffled, min_count=min_count, max_size=max_size)
        assert built.names == build_slowly(counts, min_count, max_size)


def test_the_id_of_a_name_is_its_position():
    vocabulary = Vocabulary(("264", "133之一", "266"))
    assert vocabulary.ids == {"264": 0, "133之一": 1, "266": 2}
    assert len(vocabulary) == 3


@pytest.mark.parametrize(
    "names",
    [
        (),
        ("264",),
        ("133之一", "264", "民法典 1165"),
        (PAD, UNK, "盗", "\x00", "\u2028", "\x0b", "\x85", "🚗"),
        ("", "a", ""),
    ],
)
def test_a_vocabulary_comes_back_as_it_was_saved(tmp_path, names):
    path = tmp_path / "new" / "names.txt"
    Vocabulary(names).save(path)
    assert load_vocabulary(path) == Vocabulary(names)
    assert path.read_bytes() == "".join(f"{name}\n" for name in names).encode()


@pytest.mark.parametrize(
    ("content", "got"), [(None, "no such file"), ("盗窃\n".encode("gbk"), "can't decode")]
)
def test_a_vocabulary_that_cannot_be_read_is_refused(tmp_path, content, got):
    path = tmp_path / "tokens.txt"
    if content:
        path.write_bytes(content)
    with pytest.raises(RecordsError) as caught:
        load_vocabulary(path)
    assert (caught.value.where, caught.value.expected) == (str(path), "the list must be readable")
    assert got in caught.value.got
    assert caught.value.todo == "Write it again with `lawrec prepare`."


@pytest.mark.parametrize(
    ("always", "min_count", "max_size", "expected"),
    [
        (["诈", "盗"], 1, 10, ["诈", "盗", "抢", "窃"]),
        (["诈"], 9, 10, ["诈"]),
        (["诈", "诈", "<unk>", "<pad>"], 1, 4, ["诈", "抢"]),
        (["诈", "骗"], 1, 4, ["诈", "骗"]),
    ],
)
def test_the_tokens_of_the_user_are_in_before_all_others(always, min_count, max_size, expected):
    built = build_vocabulary(
        Counter("抢抢抢盗盗窃"), min_count=min_count, max_size=max_size, always=always
    )
    assert built.names == (PAD, UNK, *expected)


def test_more_tokens_of_the_user_than_there_is_room_for_are_refused():
    with pytest.raises(ConfigError) as caught:
        build_vocabulary(Counter("盗"), min_count=1, max_size=3, always=["诈", "骗"])
    assert str(caught.value) == (
        "corpus.max_vocabulary: the vocabulary must have room for the 4 tokens that are always in, "
        "got 3. Raise it, or shorten the list of corpus.user_tokens."
    )


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ([], [1]),
        (["盗窃"], [2]),
        (["诈骗"], [1]),
        (["盗窃", "诈骗", "抢劫"], [2, 1, 3]),
        (["盗窃抢劫", "抢劫犯"], [2, 3, 3, 1]),
        (["持刀抢", "了"], [1, 1]),
    ],
)
def test_tokens_become_the_ids_of_their_known_pieces(tokens, expected):
    assert encode(tokens, WORDS) == expected


@pytest.mark.parametrize(
    ("token", "pieces"),
    [
        ("", [""]),
        ("盗窃", ["盗窃"]),
        ("盗", ["盗"]),
        ("张某某", ["张某某"]),
        ("盗窃罪", ["盗窃", "罪"]),
        ("罪盗窃", ["罪", "盗窃"]),
        ("因盗窃而抢劫的", ["因", "盗窃", "而", "抢劫", "的"]),
        ("抢劫盗窃抢劫", ["抢劫", "盗窃", "抢劫"]),
        ("x<unk><pad>", ["x<unk><pad>"]),
    ],
)
def test_an_unknown_token_is_the_known_words_in_it(token, pieces):
    assert known_pieces(token, WORDS) == pieces


def test_the_longest_word_is_taken_from_left_to_right():
    words = Vocabulary((PAD, UNK, "甲乙", "甲乙丙", "丙丁", "一二三四五六七八九"))
    assert known_pieces("甲乙丙丁", words) == ["甲乙丙", "丁"]
    assert known_pieces("零一二三四五六七八九", words) == ["零一二三四五六七八九"]


@given(st.text("甲乙丙丁", max_size=30), st.sets(st.text("甲乙丙丁", min_size=1, max_size=9)))
def test_the_pieces_joined_are_the_token(token, words):
    vocabulary = Vocabulary((PAD, UNK, *sorted(words)))
    pieces = known_pieces(token, vocabulary)
    assert "".join(pieces) == token
    known = [piece in words for piece in pieces]
    assert pieces == [token] or all(first or second for first, second in pairwise(known))


@pytest.mark.parametrize(
    ("fact", "expected"),
    [("", [1]), ("  \n", [1]), ("盗", [2]), ("盗 Ａ抢", [2, 3, 1]), ("盗" * 100_000, [2] * 4)],
)
def test_an_encoder_reads_any_text(fact, expected):
    tokenizer = load_tokenizer(CorpusConfig(tokenizer="char"))
    assert Encoder(tokenizer, Vocabulary((PAD, UNK, "盗", "A")), max_tokens=4)(fact) == expected


@pytest.mark.parametrize(("length", "truncated"), [(3, False), (4, False), (5, True)])
def test_a_fact_is_truncated_if_it_has_more_than_max_tokens_tokens(length, truncated):
    tokenizer = load_tokenizer(CorpusConfig(tokenizer="char"))
    encoder = Encoder(tokenizer, Vocabulary((PAD, UNK)), max_tokens=4)
    assert encoder.encode("盗" * length).truncated is truncated


def test_no_text_is_ever_read_as_padding(jieba_tokenizer):
    encoder = Encoder(jieba_tokenizer, WORDS, max_tokens=50)
    for fact in ["<pad>", "<unk><pad>盗窃", "< pad >", "\x00"]:
        assert PAD_ID not in encoder(fact)


def test_a_row_of_labels_is_true_at_the_ids_of_its_case():
    matrix = label_matrix(iter([[0, 2], [], (1,)]), 3)
    assert matrix.tolist() == [[True, False, True], [False] * 3, [False, True, False]]
    assert label_matrix([], 3).shape == (0, 3)
