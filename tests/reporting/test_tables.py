import pytest
from rich.cells import cell_len

from lawrec.reporting.tables import indented, render, simple_table


def table(*rows):
    table = simple_table("Article", "Score")
    for row in rows:
        table.add_row(*row)
    return table


def test_names_are_aligned_left_and_numbers_right():
    assert render(table(("盗窃罪", "0.9"), ("1", "10.0"))).splitlines() == [
        "",
        "  Article   Score",
        " ─────────────────",
        "  盗窃罪      0.9",
        "  1          10.0",
        "",
    ]


@pytest.mark.parametrize("width", [20, 60])
def test_no_line_is_wider_than_asked_or_ends_in_spaces(width):
    lines = render(table(("生产、销售不符合安全标准的食品罪" * 3, "0.9")), width=width).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert lines == [line.rstrip() for line in lines]


def test_a_cell_is_a_line_that_does_not_steer_the_terminal():
    lines = render(table(("264\x1b[2J\n\x9b1A", "\u202e0.9"))).splitlines()
    assert lines[3:] == ["  264\\u001b[2J \\u009b1A   \\u202e0.9", ""]


@pytest.mark.parametrize("text", ["[b]甲[/b]", "[/]", ":a: :smile:"])
def test_characters_of_markup_are_shown_as_they_are(text):
    assert text in render(table((text, "")))


def test_each_paragraph_of_an_article_is_an_indented_line():
    assert indented("盗窃的：\n（一）\x1b多次。") == "    盗窃的：\n    （一）\\u001b多次。"
