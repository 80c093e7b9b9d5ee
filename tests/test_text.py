import json
import random
import unicodedata
from itertools import pairwise

import pytest

from lawrec.text import encodable, nfkc, normalize, plain, printable, table_cell, visible


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
        ("\ufeff盗\u200b窃\xad罪\x00\u2069", "盗窃罪"),
        ("葛\U000e0100某e\u200d\u0301", "葛某é"),
        ("\u200b\x07", ""),
    ],
)
def test_normalized_text_has_plain_characters_alone(text, expected):
    assert normalize(text) == expected
    assert normalize(expected) == expected


def test_what_is_invisible_is_not_white_space_and_has_no_form():
    characters = [chr(code) for code in range(0x3000) if not visible(chr(code))]
    assert {unicodedata.category(character) for character in characters} == {"Cc", "Cf", "Cn"}
    assert not any(map(str.isspace, characters))
    assert visible("\n\t \x1c\x85盗 窃") == "\n\t \x1c\x85盗 窃"


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("盗窃罪，第264条。\n\u3000\xa0二", "盗窃罪，第264条。\n\u3000\xa0二"),
        ("\x1b[2J", r"\u001b[2J"),
        ("a\rb\tc\x00", r"a\rb\tc\u0000"),
        ("\x7f\x9b1A\x85", r"\u007f\u009b1A\u0085"),
        ("\u202e\u2066\u200b\ufeff", r"\u202e\u2066\u200b\ufeff"),
        ("\u2028\U000e0041", r"\u2028\udb40\udc41"),
        ("案\udcff", r"案\udcff"),
        ("😀𠀀", "😀𠀀"),
    ],
)
def test_what_would_steer_a_terminal_is_escaped(text, expected):
    assert printable(text) == expected
    assert printable(expected) == expected


@pytest.mark.parametrize("text", ["\x7f\x9b", "\u202e盗\U000e0041", "\udcff", "a\rb\n"])
def test_json_means_the_same_when_its_characters_are_escaped(text):
    line = json.dumps({"id": text}, ensure_ascii=False)
    assert json.loads(printable(line)) == json.loads(encodable(line)) == {"id": text}


@pytest.mark.parametrize(
    "formula",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n1", " =1", "＝1", "－1", "＋1", "＠a"],
)
def test_a_formula_is_text_in_a_spreadsheet(formula):
    assert table_cell(formula) == f"'{formula}"


@pytest.mark.parametrize("value", ["264", "133之一", "a=b", "", 1, -0.5, None, True, "二\n三\t四"])
def test_other_cells_stay_as_they_are(value):
    assert table_cell(value) is value or table_cell(value) == value


def test_control_characters_of_a_cell_are_escaped():
    assert table_cell("7\x1b]0;x\x07\x9b\udcff\u200d") == "7\\u001b]0;x\\u0007\\u009b\\udcff\u200d"


def test_a_plain_text_is_one_line_that_can_be_printed():
    assert plain(" 一、\n二\x1b[2J\x07\u202e\t三 ") == r"一、 二\u001b[2J\u0007\u202e 三"
