import random

import jieba
import pytest

from lawrec.config import shipped
from lawrec.corpus.cases import read_cases, strictly
from lawrec.corpus.tokenizer import TOKENIZERS, load_tokenizer, normalize
from lawrec.errors import CaseError, ConfigError

FACT = "２０１６年５月８日，被告人张某在　ＡＴＭ 机旁\n非法持有毒品甲基苯丙胺１２．５克。"
STRANGE = ["", " ", "\n\t　", "a", "\x00", "🚗", "盗", "盗\x00窃", "é" * 3, "A B", "<pad>", "ﬁ①㎏"]


@pytest.fixture
def dictionary(tmp_path):
    path = tmp_path / "terms.txt"

    def write(content):
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture(params=list(TOKENIZERS))
def tokenizer(request, jieba_tokenizer):
    if request.param == "jieba":
        return jieba_tokenizer
    return load_tokenizer(request.param, shipped("vocab/legal_terms.txt"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("盗窃罪", "盗窃罪"),
        ("ＡＢＣ１２３", "ABC123"),
        ("（一）", "(一)"),
        (" 盗 窃\t罪\r\n", "盗窃罪"),
        ("盗\u3000窃\xa0罪\u2028", "盗窃罪"),
        ("１２．５㎏", "12.5kg"),
    ],
)
def test_normalized_text_has_plain_signs_and_no_spaces(text, expected):
    assert normalize(text) == expected
    assert normalize(expected) == expected


@pytest.mark.parametrize("text", [FACT, *STRANGE, "盗" * 100_000])
def test_tokens_joined_are_the_normalized_text(tokenizer, text):
    tokens = tokenizer.cut(text)
    assert "".join(tokens) == normalize(text)
    assert all(tokens)
    assert not any(sign.isspace() for token in tokens for sign in token)


def test_random_text_loses_nothing(tokenizer):
    numbers = random.Random(1)
    signs = "被告人张某盗窃财物，。12ＡbＣ　 \n（）①"
    for length in range(40):
        text = "".join(numbers.choices(signs, k=length))
        assert "".join(tokenizer.cut(text)) == normalize(text)


def test_the_width_of_signs_and_spaces_changes_no_token(tokenizer):
    wide = "被告人在２０１６年５月（傍晚）　驾驶\nＳＵＶ。"
    plain = "被告人在2016年5月(傍晚)驾驶SUV。"
    assert tokenizer.cut(wide) == tokenizer.cut(plain)


def test_the_same_text_is_always_cut_the_same(tokenizer):
    first = tokenizer.cut(FACT)
    tokenizer.cut("醉酒驾驶机动车，" * 20)
    assert tokenizer.cut(FACT) == first


def test_a_character_tokenizer_gives_one_sign_a_token():
    cut = load_tokenizer("char", shipped("vocab/legal_terms.txt")).cut
    assert cut("盗窃 ２") == ["盗", "窃", "2"]


def test_a_word_is_kept_whole_by_the_tokenizer_of_its_dictionary_and_no_other(
    dictionary, jieba_tokenizer
):
    text = "抢劫罪与乱造之词与赃款"
    before = jieba_tokenizer.cut(text)
    assert "乱造之词" not in before
    assert "乱造之词" in load_tokenizer("jieba", dictionary("乱造之词\n")).cut(text)
    assert jieba_tokenizer.cut(text) == before


def test_every_sentence_of_a_long_fact_is_cut_as_it_is_alone(jieba_tokenizer):
    sentence = "，被告人张某（另案处理）在某市某区秘密窃取现金1,200.50元。"
    assert jieba_tokenizer.cut(sentence * 500) == jieba_tokenizer.cut(sentence) * 500


def test_every_fact_of_the_sample_is_cut_as_jieba_cuts_it(jieba_tokenizer):
    plain = jieba.Tokenizer()
    for word in shipped("vocab/legal_terms.txt").read_text(encoding="utf-8").split():
        plain.add_word(word)
    for case in strictly(read_cases(shipped("data/sample/valid.json"))):
        assert jieba_tokenizer.cut(case.fact) == plain.lcut(normalize(case.fact))


def test_the_fingerprint_follows_the_words_and_not_their_layout(dictionary):
    plain, alike, other = [
        load_tokenizer("jieba", dictionary(content)).fingerprint
        for content in ["盗窃罪\n抢劫罪\n", "\ufeff盗窃罪 5 n\r\n\r\n 抢劫罪", "盗窃罪\n"]
    ]
    assert plain == alike != other
    assert load_tokenizer("char", dictionary("盗窃罪\n")).fingerprint == "char"


def test_an_unknown_tokenizer_is_refused_and_the_nearest_one_is_told(dictionary):
    with pytest.raises(ConfigError) as caught:
        load_tokenizer("jeiba", dictionary(""))
    error = caught.value
    assert (error.where, error.got) == ("corpus.tokenizer", "'jeiba'")
    assert error.expected == "every choice must be a known one"
    assert error.todo == "Did you mean jieba?"


@pytest.mark.parametrize(
    ("name", "got"), [("absent.txt", "No such file or directory"), (".", "Is a directory")]
)
def test_a_dictionary_that_cannot_be_read_is_refused(tmp_path, name, got):
    with pytest.raises(CaseError) as caught:
        load_tokenizer("jieba", tmp_path / name)
    error = caught.value
    assert (error.where, error.got) == (str(tmp_path / name), got)
    assert error.expected == "the user dictionary must be readable"
    assert error.todo == "Check the path."


def test_a_dictionary_in_another_encoding_is_refused(dictionary):
    path = dictionary("盗窃罪\n".encode("gbk"))
    with pytest.raises(CaseError) as caught:
        load_tokenizer("jieba", path)
    assert caught.value.where == str(path)
    assert caught.value.expected == "the user dictionary must be UTF-8"
    assert "can't decode" in caught.value.got
    assert caught.value.todo == "Convert it to UTF-8."
