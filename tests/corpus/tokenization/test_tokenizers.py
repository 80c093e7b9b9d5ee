import marshal
import random
import sys
import tempfile
from dataclasses import replace

import jieba
import pytest

from lawrec.config import CorpusConfig
from lawrec.corpus.bad_lines import usable_cases
from lawrec.corpus.cases import read_cases
from lawrec.corpus.tokenization.tokenizers import (
    TOKENIZERS,
    listed_words,
    load_tokenizer,
    note_on_split_words,
    read_words,
)
from lawrec.errors import CaseError, ConfigError
from lawrec.storage.resources import shipped_path
from lawrec.text import normalize

FACT = "２０１６年５月８日，被告人张某在　ＡＴＭ 机旁\n非法持有毒品甲基苯丙胺１２．５克。"
TERMS = shipped_path("vocab/legal_terms.txt")
JIEBA, RJIEBA, CHAR = (CorpusConfig(tokenizer=name) for name in ("jieba", "rjieba", "char"))
STRANGE = ["", " ", "\n\t　", "a", "\x00", "🚗", "盗", "盗\x00窃", "é" * 3, "A B", "<pad>", "ﬁ①㎏"]


@pytest.fixture
def dictionary(tmp_path):
    path = tmp_path / "terms.txt"

    def write(content):
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture(params=list(TOKENIZERS))
def config(request):
    if request.param == "rjieba":
        pytest.importorskip("rjieba")
    return CorpusConfig(tokenizer=request.param)


@pytest.fixture
def tokenizer(config, jieba_tokenizer):
    return jieba_tokenizer if config == JIEBA else load_tokenizer(config, [TERMS])


@pytest.mark.parametrize("text", [FACT, *STRANGE, "盗" * 100_000])
def test_tokens_joined_are_the_normalized_text(tokenizer, text):
    tokens = tokenizer.tokenize(text)
    assert "".join(tokens) == normalize(text)
    assert all(tokens)
    assert not any(character.isspace() for token in tokens for character in token)


def test_random_text_loses_nothing(tokenizer):
    numbers = random.Random(1)
    characters = "被告人张某盗窃财物，。12ＡbＣ　 \n（）①"
    for length in range(40):
        text = "".join(numbers.choices(characters, k=length))
        assert "".join(tokenizer.tokenize(text)) == normalize(text)


def test_the_width_of_characters_and_spaces_changes_no_token(tokenizer):
    wide = "被告人在２０１６年５月（傍晚）　驾驶\nＳＵＶ。"
    plain = "被告人在2016年5月(傍晚)驾驶SUV。"
    assert tokenizer.tokenize(wide) == tokenizer.tokenize(plain)


def test_the_same_text_always_has_the_same_tokens(tokenizer):
    first = tokenizer.tokenize(FACT)
    tokenizer.tokenize("醉酒驾驶机动车，" * 20)
    assert tokenizer.tokenize(FACT) == first


def test_a_character_tokenizer_returns_one_character_per_token():
    assert load_tokenizer(CHAR).tokenize("盗窃 ２") == ["盗", "窃", "2"]


@pytest.mark.parametrize("config", ["jieba", "rjieba"], indirect=True)
def test_a_word_is_kept_whole_by_the_tokenizer_of_its_dictionary_and_no_other(dictionary, config):
    text = "抢劫罪与乱造之词与ATM机赃款"
    plain = load_tokenizer(config)
    before = plain.tokenize(text)
    assert {"乱造之词", "ATM机"} & set(before) == set()
    with_words = load_tokenizer(config, [dictionary("乱造之词\n\nＡＴＭ机 5 n\n")])
    assert {"乱造之词", "ATM机"} <= set(with_words.tokenize(text))
    assert plain.tokenize(text) == before


@pytest.mark.parametrize("config", ["jieba", "rjieba"], indirect=True)
def test_several_dictionaries_are_as_good_as_one_of_all_their_words(dictionary, config, tmp_path):
    (tmp_path / "more.txt").write_text("乱造之词\n盗窃罪\n", encoding="utf-8")
    several = [dictionary("盗窃罪\n非法持有毒品\n"), tmp_path / "more.txt"]
    assert read_words(several) == ["盗窃罪", "非法持有毒品", "乱造之词"]
    (tmp_path / "all.txt").write_text("\n".join(read_words(several)), encoding="utf-8")
    split = load_tokenizer(config, several)
    whole = load_tokenizer(config, [tmp_path / "all.txt"])
    assert split.fingerprint == whole.fingerprint
    assert split.tokenize(FACT + "乱造之词") == whole.tokenize(FACT + "乱造之词")


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "rjieba", None)
    with pytest.raises(ConfigError) as caught:
        load_tokenizer(RJIEBA)
    assert str(caught.value) == (
        "corpus.tokenizer: rjieba must be installed, got no such package. "
        "Run pip install 'lawrec[fast]', or choose jieba."
    )


def test_stop_words_are_dropped_and_nothing_else(tmp_path, config):
    path = tmp_path / "stop.txt"
    path.write_text("，\n的\n１\n", encoding="utf-8")
    stopped = replace(config, stop_words=str(path))
    text = "张某的钱，1与12的。"
    kept = [token for token in load_tokenizer(config).tokenize(text) if token not in ",的1"]
    assert load_tokenizer(stopped).tokenize(text) == kept
    assert load_tokenizer(stopped).tokenize("，的") == []


def test_no_list_gives_no_words_and_an_absent_one_is_refused(tmp_path):
    assert listed_words("") == []
    with pytest.raises(CaseError, match="the file must be readable"):
        load_tokenizer(replace(CHAR, stop_words=str(tmp_path / "absent.txt")))


def test_entities_are_tokens_among_those_of_the_text_between(config):
    with_entities = replace(config, entity_types=("money", "date"))
    tokens = load_tokenizer(with_entities).tokenize("２０１６年５月 ８日，盗窃3千元，10克")
    between = load_tokenizer(config).tokenize
    assert tokens == ["<date>", *between(",盗窃"), "<money4>", *between(",10克")]


def test_every_sentence_of_a_long_fact_has_the_tokens_that_it_has_alone(jieba_tokenizer):
    sentence = "，被告人张某（另案处理）在某市某区秘密窃取现金1,200.50元。"
    assert jieba_tokenizer.tokenize(sentence * 500) == jieba_tokenizer.tokenize(sentence) * 500


def test_every_fact_of_the_sample_has_the_tokens_of_jieba(jieba_tokenizer):
    plain = jieba.Tokenizer()
    for word in TERMS.read_text(encoding="utf-8").split():
        plain.add_word(word)
    for case in usable_cases(read_cases(shipped_path("data/sample/valid.json"))):
        assert jieba_tokenizer.tokenize(case.fact) == plain.lcut(normalize(case.fact))


def test_the_fingerprint_follows_the_words_and_not_their_layout(dictionary):
    plain, same_words, other_words = [
        load_tokenizer(JIEBA, [dictionary(content)]).fingerprint
        for content in ["盗窃罪\n抢劫罪\n", "\ufeff盗窃罪 5 n\r\n\r\n 抢劫罪\n盗窃罪", "盗窃罪\n"]
    ]
    assert plain == same_words != other_words
    assert load_tokenizer(CHAR, [dictionary("盗窃罪\n")]).fingerprint == "char"


def test_all_that_may_change_a_token_changes_the_fingerprint(tmp_path, config):
    stop = tmp_path / "stop.txt"
    stop.write_text("的\n", encoding="utf-8")
    ways = [
        config,
        replace(config, entity_types=("date",)),
        replace(config, entity_types=("date", "money")),
        replace(config, stop_words=str(stop)),
        replace(config, entity_types=("date",), stop_words=str(stop)),
    ]
    fingerprints = [load_tokenizer(way).fingerprint for way in ways]
    stop.write_text("的\n了\n", encoding="utf-8")
    fingerprints += [load_tokenizer(way).fingerprint for way in ways[3:]]
    assert len(set(fingerprints)) == len(fingerprints)
    assert all(fingerprint.startswith(config.tokenizer) for fingerprint in fingerprints)


def test_the_settings_that_change_no_token_leave_the_fingerprint(config):
    other = replace(config, workers=7, max_tokens=5, min_count=3, user_tokens="absent.txt")
    assert load_tokenizer(other).fingerprint == load_tokenizer(config).fingerprint


def test_an_unknown_tokenizer_is_refused_and_the_nearest_one_is_named():
    with pytest.raises(ConfigError) as caught:
        load_tokenizer(CorpusConfig(tokenizer="jeiba"))
    error = caught.value
    assert (error.where, error.got) == ("corpus.tokenizer", "'jeiba'")
    assert error.expected == "every choice must be a known one"
    assert error.todo == "Did you mean jieba?"


@pytest.mark.parametrize(
    ("name", "got"), [("absent.txt", "No such file or directory"), (".", "Is a directory")]
)
def test_a_dictionary_that_cannot_be_read_is_refused(tmp_path, name, got):
    with pytest.raises(CaseError) as caught:
        load_tokenizer(JIEBA, [tmp_path / name])
    error = caught.value
    assert (error.where, error.got) == (str(tmp_path / name), got)
    assert error.expected == "the file must be readable"
    assert error.todo == "Check the path."


def test_a_dictionary_may_be_in_gb18030(dictionary):
    assert read_words([dictionary("盗窃罪\n".encode("gbk"))]) == ["盗窃罪"]


def test_a_dictionary_in_another_encoding_is_refused(dictionary):
    path = dictionary("盗窃罪\n".encode("utf-16"))
    with pytest.raises(CaseError) as caught:
        load_tokenizer(JIEBA, [path])
    assert caught.value.where == str(path)
    assert caught.value.expected == "the list of words must be UTF-8 or GB18030"
    assert caught.value.got == "other bytes"
    assert caught.value.todo == "Convert it to UTF-8."


@pytest.mark.parametrize(
    "line",
    ["Sales Pitch话术 300", "幽灵 列车", "甲 乙 n", "甲 5 n n", "甲 n 5", "长" * 101, "\u200b 5 n"],
)
def test_a_line_that_is_no_word_of_a_dictionary_is_refused(tmp_path, line):
    path = tmp_path / "words.txt"
    path.write_text(f"假药\n\n{line}\n", encoding="utf-8")
    with pytest.raises(CaseError, match="a line must be a word") as caught:
        read_words([path])
    assert caught.value.where == f"{path}:3"


def test_a_word_may_have_a_frequency_and_a_part_of_speech(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("假药 5 n\n劣药\t7\n医美 vn\n 微商 \n", encoding="utf-8")
    assert read_words([path]) == ["假药", "劣药", "医美", "微商"]


def test_a_line_without_visible_characters_is_blank(dictionary):
    assert read_words([dictionary("假药\n\u200b\n\ufeff劣药\n\ufeff\n")]) == ["假药", "劣药"]


def test_a_cache_in_the_folder_for_temporary_files_is_neither_read_nor_written(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    forged = ({"被": 0, "被告": 0, "被告人": 0, "人窃": 10**9}, 10**9)
    (tmp_path / "jieba.cache").write_bytes(marshal.dumps(forged))
    tokenize = load_tokenizer(CorpusConfig(tokenizer="jieba")).tokenize
    assert tokenize("被告人窃取钱包") == ["被告人", "窃取", "钱包"]
    (tmp_path / "jieba.cache").unlink()
    load_tokenizer(CorpusConfig(tokenizer="jieba")).tokenize("抢劫")
    assert list(tmp_path.iterdir()) == []


def test_the_tokens_are_those_of_jieba_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    own = jieba.Tokenizer()
    for text in (FACT, "非法持有毒品海洛因三十克", "张某在网吧盗走他人背包一个"):
        text = normalize(text)
        assert load_tokenizer(CorpusConfig(tokenizer="jieba")).tokenize(text) == own.lcut(text)


def test_words_that_no_fact_can_hold_as_tokens_are_named(dictionary, config):
    words = "冰·毒 《刑法》 （枪支） 盗窃罪 甲基-苯丙胺 ATM机 、抢劫"
    tokenizer = load_tokenizer(config, [dictionary(words.replace(" ", "\n"))])
    if config == CHAR:  # it knows no words
        assert not note_on_split_words(tokenizer)
        return
    assert note_on_split_words(tokenizer) == (
        "4 of 7 words of the dictionaries are split whatever the fact, such as "
        '"冰·毒", "《刑法》", "(枪支)". Leave out their punctuation marks.'
    )
    for word in ("盗窃罪", "甲基-苯丙胺", "ATM机"):
        assert word in tokenizer.tokenize(f"涉及{word}的案件")


def test_the_words_of_the_shipped_dictionary_can_all_be_tokens(config):
    assert not note_on_split_words(load_tokenizer(config, [TERMS]))
