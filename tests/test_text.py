import random
import unicodedata
from itertools import pairwise

import pytest

from lawrec.text import nfkc, normalize


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
def test_normalized_text_has_plain_characters_and_no_spaces(text, expected):
    assert normalize(text) == expected
    assert normalize(expected) == expected


def marks(seed, size):
    """Combining marks of several classes, and characters that decompose into some, in any order."""
    characters = "\u0301\u0316\u0323\u05b0\u0345\u0344\u302a…×"
    return "".join(random.Random(seed).choices(characters, k=size))


@pytest.mark.parametrize("seed", range(20))
def test_a_long_run_of_marks_has_the_form_that_unicode_defines(seed):
    text = f"盗{marks(seed, 60)}窃é{marks(seed + 100, 90)}ｶ\u3099"
    assert nfkc(text) == unicodedata.normalize("NFKC", text)


def test_no_run_of_marks_is_handed_over_in_disorder(monkeypatch):
    """Work is the number of swaps that a sort by insertion needs: it is what was quadratic."""
    swaps = []

    def counting(form, text):
        classes = [unicodedata.combining(character) for character in text]
        swaps.append(sum(first > second > 0 for first, second in pairwise(classes)))
        return normalize_unicode(form, text)

    normalize_unicode = unicodedata.normalize
    monkeypatch.setattr(unicodedata, "normalize", counting)
    assert len(nfkc("盗" + "\u0301\u0316" * 500_000)) == 1_000_001
    assert sum(swaps) <= 1
