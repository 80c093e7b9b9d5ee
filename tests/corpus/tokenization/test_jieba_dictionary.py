import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jieba
import pytest

from lawrec.corpus.tokenization.jieba_dictionary import (
    JiebaDictionary,
    load_jieba,
    pairs_of,
    read_dictionary,
)
from lawrec.errors import ConfigError
from lawrec.storage.resources import shipped_path

LINES = "盗窃 488 v\n盗 9 v\n盗窃罪 1207 n\n罪 7 n\n𠀀甲 3 x\n盗版 5 n\nAT&T 20 nz\n"
WORDS = ["非法占有为目的", "手机", "入户盗窃", "罪"]


@pytest.fixture(scope="module")
def facts():
    return shipped_path("data/sample/facts.txt").read_text("utf-8").splitlines()


@pytest.fixture(scope="module")
def plain():
    """Return jieba as it comes, with words of the user."""

    def load(words=()):
        tokenizer = jieba.Tokenizer()
        tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
        tokenizer.initialized = True
        for word in words:
            tokenizer.add_word(word)
        return tokenizer

    return load


def dictionary(folder, lines=LINES):
    path = Path(folder, "dict.txt")
    path.write_bytes(lines.encode())
    return read_dictionary(path)


def test_the_words_of_pairs_are_found_wherever_their_lines_are(tmp_path):
    read = dictionary(tmp_path)
    assert isinstance(read, JiebaDictionary)
    assert read.total == 488 + 9 + 1207 + 7 + 3 + 5 + 20
    assert dict(read.words(pairs_of("盗窃"))) == {"盗": 9, "盗窃": 488, "盗窃罪": 1207}
    assert dict(read.words(pairs_of("窃盗罪"))) == {"盗": 9, "罪": 7}
    assert dict(read.words(pairs_of("乙𠀀丙"))) == {"𠀀甲": 3}
    assert list(read.words(pairs_of(""))) == list(read.words(pairs_of("乙\ud800"))) == []


@pytest.mark.parametrize(
    "lines", ["", "盗窃 488\n罪 1 n\n", "盗窃 488 v", "盗 窃 488 v\n", "盗窃 488 v\n\n"]
)
def test_other_lines_are_refused(tmp_path, lines):
    with pytest.raises(ConfigError, match="each line must be a word, its frequency and its part"):
        dictionary(tmp_path, lines)


def test_the_whole_dictionary_is_jiebas_own(plain):
    own = read_dictionary(Path(jieba.__file__).with_name("dict.txt"))
    frequencies = plain().FREQ
    assert dict(own.words(own.pairs.tolist())) == {w: f for w, f in frequencies.items() if f}
    assert own.total == plain().total


@pytest.mark.parametrize("words", [[], WORDS, ["甲乙丙", "甲乙"]], ids=len)
def test_facts_have_the_tokens_that_jieba_alone_finds(plain, facts, words):
    expected, tokenize = plain(words), load_jieba(words)
    for fact in facts:
        assert tokenize(fact) == expected.lcut(fact)


def test_any_text_has_the_tokens_that_jieba_alone_finds(plain, facts):
    letters = "".join(facts) + "ABC123 -%.&𠀀\ud800，,。\n"
    source = random.Random(1)
    expected, tokenize = plain(WORDS), load_jieba(WORDS)
    for length in range(300):
        text = "".join(source.choices(letters, k=length)).replace(",", "").replace("。", "")
        assert tokenize(text) == expected.lcut(text)


def test_threads_load_the_words_of_each_other(plain, facts):
    expected, tokenize = plain(WORDS), load_jieba(WORDS)
    with ThreadPoolExecutor(8) as threads:
        tokens = list(threads.map(tokenize, facts * 5))
    assert tokens == [expected.lcut(fact) for fact in facts] * 5


def test_a_long_text_without_a_full_stop_takes_linear_time():
    assert "".join(load_jieba([])("甲" * 100_000)) == "甲" * 100_000


def test_a_user_sees_no_warning_of_jiebas_old_escapes(tmp_path):
    code = "from lawrec.corpus.tokenization.jieba_dictionary import load_jieba; load_jieba([])"
    command = [sys.executable, "-W", "error:invalid escape sequence", "-c", code]
    not_compiled = {**os.environ, "PYTHONPYCACHEPREFIX": str(tmp_path)}
    done = subprocess.run(command, env=not_compiled, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
