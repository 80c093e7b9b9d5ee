import json

import pytest

from lawrec.text import encodable, normalize, printable, table_cell


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
