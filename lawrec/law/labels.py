"""Labels of a case: lists of articles as people, pandas and annotation tools write them.

A field of a case may hold a list, a number, or a text such as "264、266", "['264', '266']" or
'{"choices": ["264"]}'. What no form explains stays a label as it is written, never a guess: then
it is neither in a list of articles nor in the catalog, and is reported.
"""

import json
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from lawrec.law.articles import NUMERALS, SPACED_NUMBER, article_name, articles_in, is_empty
from lawrec.storage.json_text import parse_json
from lawrec.text import visible

_NUMBER = rf"第|[{NUMERALS}]{{1,9}}\s?条"  # how an article begins that names no law
_BEHIND_LAW = r"(?<=[法典例释定》])"  # 刑诉法, 民法典, 条例, 解释, 规定, 《民法典》
# "264;133之一", "264, 266", "264、266" and doccano's "264#266" are two labels each, and
# "民法典 第1165条" is one.
_LABEL = re.compile(
    rf"(?:{SPACED_NUMBER}|{_BEHIND_LAW}\s+(?={_NUMBER}|[0-9０-９])|[^;；,，、|#\s])++"
)
_HIDDEN = re.compile(r"\s*+#++\s*+")
"""What a spreadsheet saves as text of a number that is wider than its column: "####"."""
_BRACKETS = {"[": "]", "(": ")", "{": "}"}
_KEYS = ("choices", "labels", "label", "value", "result", "entities", "articles")
"""Where annotation tools keep the labels of a JSON object; of two, neither counts."""
_CANCELLED = "was_cancelled"
"""What Label Studio sets in an annotation that a person has skipped."""
_DISCARDED = "discarded"
"""The status that Argilla gives to such a response."""
_DEEPEST = 8
_WRAPPED = re.compile(r"np\.\w+\(([^()]*)\)")  # np.str_('264')
_TOKEN = re.compile(
    r"""\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([\[\](){}:,])|([^\s'"\[\](){}:,]+))\s*"""
)
# "民法典第1165条": another law than the Criminal Law, which the next articles of a text belong to.
_LAW = re.compile(
    rf"(?!{_NUMBER})[^第]{{1,60}}?(?:第|(?={_NUMBER})|{_BEHIND_LAW}\s*(?=[0-9０-９]))"
)
_NEXT = re.compile(_NUMBER)
# "民法典第120、133、150条": a bare number belongs to the law if 第 has not met its 条 yet.
_ITEM = rf"[{NUMERALS}]{{1,9}}(?:[-之][{NUMERALS}]{{1,3}})?$"
_OPEN_LIST = re.compile(f"第{_ITEM}")
_NEXT_OF_LIST = re.compile(f"{_NUMBER}|{_ITEM}")
_PARAGRAPH = re.compile("第[^条]{1,9}[款项目]$")


def article_names(value: object) -> tuple[str, ...]:
    """Return the articles of a list, of a tool's object, or of a text that is such a list.

    A text in a list may name several articles: "第264条、第266条". What means that there is no
    article, such as None or "无", is left out.

    Args:
        value: A list of names and numbers, doccano's spans ([[0, 5, "264"]]), Label Studio's
            {"choices": ["264"]}, or one of these as a text, as JSON or Python writes it.

    Raises:
        TypeError: The value is not such a list.
        ValueError: An item of the list is not an article.

    Example:
        >>> article_names("['264', nan]"), article_names({"choices": ["刑法第264条、第266条"]})
        (('264',), ('264', '266'))
    """
    if isinstance(value, str):
        value = parse_list(value)
    if not isinstance(value, list) and not _labels_key(value):
        raise TypeError("not a list of articles")
    return tuple(name for label in _flat(value) for name in _names(label))


def split_labels(value: Any, separator: str | None = None) -> Any:
    """Return the labels of one text or number as a list; a value of another type is unchanged.

    Args:
        value: A text, a number, or anything else.
        separator: What separates the labels; by default any of `;,、|#` and white space.

    Example:
        >>> split_labels("264 133之一"), split_labels("['264', '266']"), split_labels("a#b", "#")
        (['264', '133之一'], ['264', '266'], ['a', 'b'])
    """
    if isinstance(value, int | float | Decimal):
        return [value]
    if not isinstance(value, str):
        return value
    value = visible(value)
    parsed = [value.strip()] if _HIDDEN.fullmatch(value) else parse_list(value)
    if parsed is not None:
        return parsed
    if separator:
        return [part.strip() for part in value.split(separator) if part.strip()]
    return _articles_or_none(value) or list(_with_law(_LABEL.findall(value)))


def parse_list(text: str) -> Any:
    """Return the list or object that a text is, as JSON, Python or NumPy writes it, else None.

    Example:
        >>> parse_list("['264' '266']"), parse_list("{'choices': ['264']}"), parse_list("264")
        (['264', '266'], {'choices': ['264']}, None)
    """
    text = text.strip()
    if len(text) < 2 or _BRACKETS.get(text[0]) != text[-1]:
        return None
    for source in (text, _python_to_json(_WRAPPED.sub(r"\1", text))):
        try:
            value = parse_json(source)
        except ValueError:
            continue
        return value if isinstance(value, list | dict) else None
    return None


def _flat(value: object, depth: int = 0) -> Iterator[object]:
    """Yield the labels in a list or a tool's object."""
    key = _labels_key(value)
    if depth < _DEEPEST and isinstance(value, dict) and key:
        yield from _flat(value[key], depth + 1)
    elif depth < _DEEPEST and isinstance(value, list):
        # Where a person has skipped a case, it has labels only if another person has not.
        for item in [item for item in value if not _is_cancelled(item)] or value:
            if _is_span(item):
                yield item[2]
            elif isinstance(item, dict):
                yield from _flat(item, depth + 1)
            else:
                yield item
    else:
        yield value


def _labels_key(value: object) -> str:
    """Return the key of an object's labels; "" where there is none, or which one is a guess."""
    if not isinstance(value, dict) or _is_cancelled(value) or _has_database_id(value):
        return ""
    keys = [key for key in _KEYS if key in value]
    return keys[0] if len(keys) == 1 else ""


def _is_cancelled(item: object) -> bool:
    """Return whether an item is an annotation that a person has skipped."""
    return isinstance(item, dict) and (
        bool(item.get(_CANCELLED)) or item.get("status") == _DISCARDED
    )


def _has_database_id(item: dict[str, object]) -> bool:
    """Return whether an object is an old one of doccano, whose label is an id of its database."""
    return "user" in item and isinstance(item.get("label"), int)


def _is_span(item: object) -> bool:
    """Return whether an item is a span of doccano: start, end and label."""
    types = [type(part) for part in item] if isinstance(item, list) else []
    return types == [int, int, str]


def _names(label: object) -> tuple[str, ...]:
    if is_empty(label):
        return ()
    names = articles_in(label) if isinstance(label, str) else ()
    return names or (article_name(label),)


def _articles_or_none(text: str) -> list[str]:
    """Return the articles of a text that names nothing else; none if its parts are to be read."""
    try:
        return list(articles_in(text))
    except ValueError:
        return []


def _with_law(labels: Iterable[str]) -> Iterator[str]:
    """Yield the labels of a text, each with the law that an earlier one named.

    "民法典第120条、133条" names two articles of the Civil Code, and none of the Criminal Law.
    """
    law, following = "", _NEXT
    for label in labels:
        if law and _PARAGRAPH.match(label):  # of the article before
            continue
        named = _LAW.match(label)
        if law and following.match(label):
            name = law + label.removeprefix("第")
        else:
            name = label
            if named:
                law = "" if _articles_or_none(label) else named[0]
        following = _NEXT_OF_LIST if _OPEN_LIST.search(name) else _NEXT
        yield name


def _python_to_json(text: str) -> str:
    """Return a list, tuple, set or dict of Python, or an array of NumPy, as JSON; "" if it is none.

    NumPy separates by white space: "['264' '266']" are two texts and not, as in Python, one.
    """
    brackets = str.maketrans("()" if ":" in text else "(){}", "[]" if ":" in text else "[][]")
    pieces: list[str] = []
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if not token:
            return ""
        position = token.end()
        piece = token[3].translate(brackets) if token[3] else _scalar(token)
        if pieces and piece not in "]},:" and pieces[-1] not in "[{,:":
            pieces.append(",")
        elif piece in "]}" and pieces and pieces[-1] == ",":
            pieces.pop()
        pieces.append(piece)
    return "".join(pieces)


def _scalar(token: re.Match[str]) -> str:
    """Return a quoted text or a bare word of Python as JSON."""
    word = token[4]
    if word and re.fullmatch("[1-9][0-9]{0,8}|0", word):
        return word
    if word and is_empty(word):
        return "null"
    return json.dumps(word or token[1] or token[2] or "", ensure_ascii=False)
