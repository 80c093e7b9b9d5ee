"""Quotation marks that are closed in their row, later, or never."""

import itertools

import pytest

from lawrec.corpus.formats import csv_rows as module
from lawrec.corpus.formats.csv_rows import csv_rows


def rows_of(text, are_rows=lambda lines: False):
    rows = csv_rows(iter(text.splitlines(keepends=True)), ",", are_rows=are_rows)
    return [(row.number, row.problem or row.fields) for row in rows]


def stray(lines):
    return f"a quotation mark that takes in {lines} line{'s' * (lines > 1)}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('甲,1\n"乙,2\n丙,3\n', [(1, ["甲", "1"]), (2, stray(2)), (3, ["丙", "3"])]),
        ('甲,1\n乙,"2', [(1, ["甲", "1"]), (2, stray(1))]),
        (
            '"甲,1\n乙,2\n"丙,3\n丁,4\n',
            [(1, stray(3)), (2, ["乙", "2"]), (3, stray(2)), (4, ["丁", "4"])],
        ),
        ('"甲\n乙"丙,1\n丁,2\n', [(1, stray(2)), (2, ['乙"丙', "1"]), (3, ["丁", "2"])]),
        ('"甲\n乙",1\n', [(1, ["甲\n乙", "1"])]),
        ('"甲,\n\n乙",1\n丙,2\n', [(1, ["甲,\n\n乙", "1"]), (4, ["丙", "2"])]),
        ('"老三"盗窃,1\n', [(1, ["老三盗窃", "1"])]),
        ('称"老三,1\n', [(1, ['称"老三', "1"])]),
        ('"甲"乙,"丙\n丁,1\n', [(1, stray(1)), (2, ["丁", "1"])]),
    ],
)
def test_a_stray_mark_costs_its_own_line_alone(text, expected):
    assert rows_of(text) == expected


def test_marks_that_are_closed_between_rows_are_stray():
    text = '"甲,1\n乙,2\n丙",3\n丁,4\n'
    assert rows_of(text) == [(1, ["甲,1\n乙,2\n丙", "3"]), (4, ["丁", "4"])]
    assert rows_of(
        text, are_rows=lambda lines: all(fields[-1].isdecimal() for fields in lines)
    ) == [
        (1, stray(3)),
        (2, ["乙", "2"]),
        (3, ['丙"', "3"]),
        (4, ["丁", "4"]),
    ]


def test_no_line_is_lost_whatever_the_marks():
    lines = ['"甲,1\n', "乙,2\n", '丙",3\n', 'a","b\n']
    for chosen in itertools.product(lines, repeat=5):
        rows = list(csv_rows(iter(chosen), ",", are_rows=lambda lines: False))
        taken = [number for row in rows for number in range(row.number, row.number + size(row))]
        assert taken == [1, 2, 3, 4, 5]


def size(row):
    return 1 + sum(field.count("\n") for field in row.fields)


@pytest.mark.parametrize("line", ['a","b\n', '"甲,1\n', 'a"b,"c\n', '",1\n', '"",""",1\n'])
def test_the_lines_that_are_read_again_do_not_grow_with_their_square(monkeypatch, line):
    read = 0

    class Counted(module._Lines):
        def __next__(self):
            nonlocal read
            read += 1
            return super().__next__()

    monkeypatch.setattr(module, "_Lines", Counted)
    assert list(csv_rows(iter([line] * 3_000), ",", are_rows=lambda lines: False))
    assert read < 20_000


def test_a_row_ends_where_it_is_too_large(monkeypatch):
    monkeypatch.setattr(module, "MAX_LINE_BYTES", 10)
    text = '"甲\n' + "乙乙乙,1\n" * 4 + '丙",1\n'
    rows = rows_of(text)
    assert rows[0] == (1, stray(3))
    assert [number for number, _ in rows] == [1, 2, 3, 4, 5, 6]
