"""Plain text: a fact per line, or one case per file. It cannot have labels."""

import re
from collections.abc import Iterator
from pathlib import PurePath

from lawrec.corpus.formats.case_format import (
    CaseStream,
    Row,
    check_is_text,
    is_too_long,
    too_long_error,
)
from lawrec.errors import CaseError, ErrorKind
from lawrec.storage.limits import MAX_LINE_BYTES
from lawrec.storage.text_files import decode_lines
from lawrec.translation import marked

_OBJECT = re.compile(r'\s*+(?:\[\s*+)?+\{\s*+"|\s*+(?:\[|\[?\{)\s*+$')
"""How a line of JSON begins, or one that opens JSON over several lines, and no fact."""
_LABEL = re.compile(r"\s*+__label__")
"""How a line of fastText's train files begins: its labels are not part of the fact."""
_DELIMITERS = {"csv": ",", "tsv": "\t"}
_MOST_NAME = 20
"""Characters of the name of a column; the parts of a fact between two commas may be longer."""
_NAME = re.compile("[A-Za-z_][A-Za-z0-9_. -]*+")
"""A name of a column: a line of such names alone has no Chinese, and is not a fact."""
_CHINESE_NAME = re.compile("(?:案件|犯罪|基本|适用|相关)?(?:事实|案情|法条|罪名|案由|案号|标签)")
"""A name of a column that hardly stands in a fact between two commas."""


def looks_like(line: str, fact_field: str) -> str | None:
    """Return the format that a first line belongs to if it is not plain text, else None.

    Args:
        line: The line.
        fact_field: The name of the column of the facts: the first line of a table should have it.

    Example:
        >>> lines = ('{"fact": "盗窃"}', "id,fact", "案号,描述", "盗窃,抢劫")
        >>> [looks_like(line, "fact") for line in lines]
        ['jsonl', 'csv', 'csv', None]
    """
    if _OBJECT.match(line):
        return "jsonl"
    for name, delimiter in _DELIMITERS.items():
        columns = [column.strip(' "\ufeff\r\n') for column in line.split(delimiter)]
        if fact_field in columns or (len(columns) > 1 and _are_names(columns)):
            return name
    return None


def _are_names(columns: list[str]) -> bool:
    """Return whether the parts of a line are the names of columns, and most likely no fact."""
    is_short = max(map(len, columns)) <= _MOST_NAME
    return is_short and (
        all(map(_NAME.fullmatch, columns)) or any(map(_CHINESE_NAME.fullmatch, columns))
    )


def read_lines(cases: CaseStream) -> Iterator[Row]:
    r"""Yield each line as a fact.

    Raises:
        CaseError: The first line that is not blank belongs to another format.

    Example:
        >>> import io
        >>> from lawrec.corpus.formats.case_format import DEFAULT_FORMAT
        >>> text = io.BytesIO("盗窃\n抢劫".encode())
        >>> list(read_lines(CaseStream(text, "a.txt", DEFAULT_FORMAT, labelled=False)))
        [(1, {'fact': '盗窃'}), (2, {'fact': '抢劫'})]
    """
    field = cases.case_format.fact_field
    is_first = cases.first_line == 1
    for number, line in enumerate(cases.lines(), cases.first_line):
        where = f"{cases.where}:{number}"
        if cases.labelled:
            yield number, _no_labels(where)
        elif is_too_long(line):
            yield number, too_long_error(where)
        elif is_first and (reader := looks_like(line, field)):
            raise _other_format(where, reader)
        elif _OBJECT.match(line):
            yield number, _other_format(where, "jsonl")
        elif _LABEL.match(line):
            got = marked("the labels of fastText before it")
            todo = marked("Remove what begins with __label__: the model would read it.")
            yield number, _no_fact(where, got, todo=todo)
        elif "\r" in (fact := line.rstrip("\r\n")):
            got = marked("a carriage return inside it")
            yield number, _no_fact(where, got, todo=marked("End each line with a line feed."))
        else:
            yield number, {field: fact}
        is_first = is_first and not line.strip()


def read_document(cases: CaseStream) -> Iterator[Row]:
    r"""Yield a whole file as one case, whose id is the name of the file.

    Raises:
        CaseError: The file is not text.

    Example:
        >>> import io
        >>> from lawrec.corpus.formats.case_format import DEFAULT_FORMAT
        >>> text = io.BytesIO("盗窃。\n抢劫。".encode())
        >>> list(read_document(CaseStream(text, "d/7.txt", DEFAULT_FORMAT, labelled=False)))
        [(1, {'fact': '盗窃。\n抢劫。', 'id': '7.txt'})]
    """
    names, where = cases.case_format, f"{cases.where}:1"
    content = cases.stream.read(MAX_LINE_BYTES + 1)
    check_is_text(content, cases.where)
    if cases.labelled:
        yield 1, _no_labels(where)
    elif len(content) > MAX_LINE_BYTES:
        yield 1, too_long_error(where)
    else:
        # As one line: a byte order mark inside the file is a character of the fact.
        text = "".join(decode_lines([content] if content else [], names.encoding))
        yield 1, {names.fact_field: text, names.id_field: PurePath(cases.where).name}


def _no_labels(where: str) -> CaseError:
    return CaseError(
        where,
        expected="a case must have articles",
        got="plain text",
        todo="Use JSON lines or CSV.",
        kind=ErrorKind.BAD_LABEL,
    )


def _no_fact(where: str, got: str, *, todo: str) -> CaseError:
    expected = marked("a line of plain text must be a fact")
    return CaseError(where, expected=expected, got=got, todo=todo)


def _other_format(where: str, reader: str) -> CaseError:
    return CaseError(
        where,
        expected="a line of plain text must be a fact",
        got=f"a line of {reader}",
        todo=f"Pass --input-format {reader}.",
    )
