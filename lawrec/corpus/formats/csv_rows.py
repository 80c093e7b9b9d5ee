"""Rows of CSV and TSV: a field in quotation marks may hold line ends; a stray mark joins no rows.

A mark that opens a field and is never closed, or is closed in a later row, would take in all rows
between the two in silence. Such a row is an error, and the lines behind its first are read again.
"""

import csv
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lawrec.storage.limits import MAX_LINE_BYTES
from lawrec.translation import marked

STRAY = "a quotation mark"
"""How the problem of a row begins whose mark is stray."""


@dataclass(frozen=True)
class CsvRow:
    """A row: its first line, from 1, its fields, and what is wrong with it, "" if nothing is.

    The fields of a row with a problem are those that its first line has without any marks.
    """

    number: int
    fields: list[str]
    problem: str = ""


class _Lines:
    """The lines of a table, of which those of the row that is being read can be read again."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.row: list[str] = []
        self.number = 0  # of the last line that was read
        self._lines = lines
        self._again: deque[str] = deque()
        self._single_until = 0
        self._size = 0

    def start_row(self) -> None:
        self.row = []
        self._size = 0

    def read_again(self) -> None:
        """Read all lines of the row but the first again.

        No row that begins before the last of them may have several lines: it would take in as many
        as this one, and the next as well, and the time would grow with the square of the lines.
        """
        self._single_until = max(self._single_until, self.number)
        self.number -= len(self.row) - 1
        self._again.extendleft(reversed(self.row[1:]))

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        """Return the next line, unless the row has to end."""
        if self.row and (self._size > MAX_LINE_BYTES or self.number < self._single_until):
            raise StopIteration
        line = self._again.popleft() if self._again else next(self._lines)
        self.row.append(line)
        self.number += 1
        self._size += len(line)
        return line


def csv_rows(
    lines: Iterator[str], delimiter: str, *, are_rows: Callable[[list[list[str]]], bool]
) -> Iterator[CsvRow]:
    r"""Yield the rows that are not blank.

    Args:
        lines: The lines with their line ends.
        delimiter: The character between two fields.
        are_rows: Whether the fields of several lines are most likely rows, and no parts of a fact.

    Example:
        >>> lines = ['"盗\n', '窃",264\n', '"抢劫,263\n', "诈骗,266"]
        >>> for row in csv_rows(iter(lines), ",", are_rows=lambda lines: False):
        ...     print(row.number, row.problem or row.fields)
        1 ['盗\n窃', '264']
        3 a quotation mark that takes in 2 lines
        4 ['诈骗', '266']
    """
    csv.field_size_limit(2 * MAX_LINE_BYTES)  # no row is larger
    source = _Lines(lines)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    while True:
        source.start_row()
        first = source.number + 1
        try:
            fields, problem = next(reader), ""
        except StopIteration:
            return
        except csv.Error:
            fields, problem = _one_line(source.row, delimiter)
        else:
            if len(source.row) > 1 and are_rows(_filled(source.row, delimiter)):
                problem = STRAY
        if problem:
            fields = _split(source.row[0], delimiter)
        if problem == STRAY:
            size = len(source.row)
            problem = marked(f"{STRAY} that takes in {size:,} line{'s' * (size > 1)}")
            yield CsvRow(first, fields, problem)
            source.read_again()
        elif fields or problem:
            yield CsvRow(first, fields, problem)


def _one_line(row: list[str], delimiter: str) -> tuple[list[str], str]:
    """Return fields and problem of a row that is not quite CSV.

    Text behind a closing mark belongs to the field if the row has one line.
    """
    if len(row) > 1:
        return [], STRAY
    # Whether the second line is read shows whether the first one ends the row.
    reader = csv.reader([row[0], "\n"], delimiter=delimiter)
    try:
        fields = next(reader)
    except csv.Error as error:
        return [], str(error)
    return fields, STRAY if reader.line_num > 1 else ""


def _filled(lines: list[str], delimiter: str) -> list[list[str]]:
    return [_split(line, delimiter) for line in lines if line.strip()]


def _split(line: str, delimiter: str) -> list[str]:
    """Return the fields that a line has if its quotation marks mean nothing."""
    return line.rstrip("\r\n").split(delimiter)
