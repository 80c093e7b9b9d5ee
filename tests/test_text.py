import pytest

from lawrec.text import normalize


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
