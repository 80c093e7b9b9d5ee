import numpy as np
import pytest

from lawrec.corpus.vocabulary import PAD_ID, UNK_ID
from lawrec.ranking.character_ngrams import COLUMNS, CharacterNgrams, text_ngrams

TEXTS = ("<pad>", "<unk>", "盗窃", "罪", "", "窃罪", "盗", "\ud840", "𠀀")
MASK = 2**64 - 1


def slow_column(ngram):
    """Return the column of an n-gram, with Python's integers."""
    value = 0
    for character in ngram:
        value = ((value ^ ord(character)) * 0x9E3779B97F4A7C15) & MASK
        value ^= value >> 32
    return 2 + value % (COLUMNS - 2)


def slow_ngrams(text, longest):
    return [
        slow_column(text[start : start + n])
        for n in range(2, longest + 1)
        for start in range(len(text) - n + 1)
        if "\0" not in text[start : start + n]
    ]


@pytest.mark.parametrize("longest", [2, 3, 5])
@pytest.mark.parametrize(
    "text", ["", "盗", "盗窃", "盗窃\0罪名成立", "\0\0", "a𠀀b\ud840c", "盗窃盗窃盗"]
)
def test_columns_are_those_of_a_slow_hash(text, longest):
    columns = text_ngrams(text, longest)
    assert columns.dtype == np.int64
    assert columns.tolist() == slow_ngrams(text, longest)


def test_how_a_text_is_split_into_tokens_changes_nothing():
    ngrams = CharacterNgrams(TEXTS, 3)
    np.testing.assert_array_equal(ngrams([2, 3]), ngrams(np.array([6, 4, 5, 4])))


@pytest.mark.parametrize("token", [PAD_ID, UNK_ID])
def test_no_ngram_goes_across_an_unknown_token(token):
    ngrams = CharacterNgrams(TEXTS, 3)
    assert ngrams([2, token, 3]).tolist() == ngrams([2]).tolist()
    assert ngrams([token]).tolist() == ngrams([]).tolist() == []


def test_ngrams_spread_over_the_columns():
    ngrams = {
        (chr(0x4E00 + first), chr(0x4E00 + second)) for first in range(60) for second in range(60)
    }
    columns = {int(text_ngrams("".join(ngram), 2)[0]) for ngram in ngrams}
    assert min(columns) >= 2
    assert max(columns) < COLUMNS
    # Of 3,600 random columns, 98 are expected to be taken already.
    assert len(columns) > 3_400
