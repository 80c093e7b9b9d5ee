"""Translations: messages in the language of whoever reads them.

Code writes messages in English, as plain texts and f-strings, and whatever shows one to people
passes it to `translate`. The translations are in `locale/<language>/LC_MESSAGES/lawrec.po`, which
`make translations` brings up to date and compiles: it finds the messages in the code, where the
values of an f-string are placeholders, "{0}", or "{0:n}" for a number. `translate` looks for the
message that a text is an instance of, so that nobody who raises an error or reports progress thinks
of languages. What programs read, such as JSON lines and exceptions, is always in English.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import NamedTuple

from lawrec.errors import LawrecError

LANGUAGES = ("en", "zh")
"""The languages that messages are translated to; they are written in the first one."""
# "{0}" or "{0:n}" in "{0:n} cases of {1}": group 1 is its number, group 2 is ":n" for a number.
PLACEHOLDER = re.compile(r"\{(\d+)(:n)?\}")
_DEPTH = 4
"""How deep sentences within sentences are translated, whoever wrote them."""
# "1,234", "+0.5", "2.0e-03", "95%", "nan"
_NUMBER = re.compile(r"[-+]?(?:\d[-+.,e\d]*|inf|nan)%?")
_SEPARATORS = {"zh": {": ": "：", ", ": "，", "; ": "；"}}
"""What a language writes between texts, where it is not what English writes."""
_FOLDER = Path(__file__).parent / "locale"
_language = ContextVar("language", default=LANGUAGES[0])


class _Pattern(NamedTuple):
    """A message with placeholders.

    Attributes:
        literals: The texts before, between and after its placeholders.
        are_numbers: Whether each placeholder stands for a number.
        translation: Its translation.
    """

    literals: tuple[str, ...]
    are_numbers: tuple[bool, ...]
    translation: str


class _Catalog(NamedTuple):
    """The translations to a language: of whole texts, and of messages with placeholders."""

    texts: Mapping[str, str]
    patterns: tuple[_Pattern, ...]


def marked(text: str) -> str:
    """Return a text as it is; this marks it as one to translate when it is shown.

    Example:
        >>> marked("Score")
        'Score'
    """
    return text


@contextmanager
def messages_in(language: str) -> Iterator[None]:
    """Translate to one of `LANGUAGES` inside the block, in this thread.

    Yields:
        Nothing.

    Example:
        >>> with messages_in("zh"):
        ...     translate("Score")
        '得分'
    """
    token = _language.set(language)
    try:
        yield
    finally:
        _language.reset(token)


def current_language() -> str:
    """Return the language of the block, "en" outside of any.

    Example:
        >>> current_language()
        'en'
    """
    return _language.get()


def translate(text: str) -> str:
    """Return a message in the language of the block, in English outside of any.

    A text that is not a message, such as a path, is returned as it is.

    Example:
        >>> with messages_in("zh"):
        ...     translate("Name a run: a, b."), translate("a.txt")
        ('请指定一次训练：a, b。', 'a.txt')
    """
    language = current_language()
    return text if language == LANGUAGES[0] else _translation(text, language)


def joined(separator: str, parts: Iterable[str]) -> str:
    """Return translated texts with ": ", ", " or "; " between them, as the language writes it.

    Example:
        >>> with messages_in("zh"):
        ...     joined(", ", [translate("No errors"), translate("no warnings")])
        '没有错误，没有警告'
    """
    return _SEPARATORS.get(current_language(), {}).get(separator, separator).join(parts)


def error_message(error: LawrecError) -> str:
    """Return the message of an error in the language of the block.

    Example:
        >>> error = LawrecError("a.txt", expected="the file must be readable", got="no such file",
        ...     todo="Check the path.")
        >>> with messages_in("zh"):
        ...     error_message(error)
        'a.txt：文件必须可读；实际：没有这个文件。请检查路径。'
    """
    expected, got, todo = map(translate, (error.expected, error.got, error.todo))
    return translate("{0}: {1}, got {2}. {3}").format(error.where, expected, got, todo)


def language_of(environment: Mapping[str, str]) -> str:
    """Return the language that the variables of an environment choose, as gettext reads them.

    Example:
        >>> language_of({"LANG": "zh_CN.UTF-8"}), language_of({"LANG": "de_DE"}), language_of({})
        ('zh', 'en', 'en')
    """
    names = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((environment[name] for name in names if environment.get(name)), "")
    return next((language for language in LANGUAGES if locale.startswith(language)), LANGUAGES[0])


def preferred_language(accepted: str, default: str) -> str:
    """Return the one of `LANGUAGES` that a browser prefers.

    Args:
        accepted: The header Accept-Language.
        default: The language of those who prefer none of them.

    Example:
        >>> preferred_language("fr, en-GB; q=0.8, zh;q=0.5", "zh"), preferred_language("", "zh")
        ('en', 'zh')
    """
    weights: dict[str, float] = {}
    for entry in accepted.lower().split(",")[:20]:
        name, _, weight = entry.replace(" ", "").partition(";q=")
        try:
            weights.setdefault(name.split("-")[0], float(weight or 1))
        except ValueError:
            continue
    preferred = max(LANGUAGES, key=lambda language: weights.get(language, 0.0))
    return preferred if weights.get(preferred, 0.0) > 0 else default


@cache
def _catalog(language: str) -> _Catalog:
    """Read the translations to a language, which are JSON: those of a .mo file cannot be listed."""
    path = _FOLDER / language / "LC_MESSAGES/lawrec.json"
    texts = json.loads(path.read_text(encoding="utf-8"))
    patterns = [
        _Pattern(tuple(parts[::3]), tuple(map(bool, parts[2::3])), translation)
        for message, translation in texts.items()
        if len(parts := PLACEHOLDER.split(message)) > 1
    ]
    # The message that says the most comes first: "{0} of {1} cases" before "{0} cases".
    patterns.sort(key=lambda pattern: -sum(map(len, pattern.literals)))
    return _Catalog(texts, tuple(patterns))


@lru_cache(maxsize=1_024)
def _translation(text: str, language: str) -> str:
    """Return a message in a language; reports have the same ones in every row."""
    return _translated(text, _catalog(language), depth=_DEPTH)


def _translated(text: str, catalog: _Catalog, *, depth: int) -> str:
    """Return the translation of a message, of an instance of one, or of a list of some."""
    if whole := catalog.texts.get(text):
        return whole
    inner = partial(_translated_value, catalog=catalog, depth=depth - 1)
    for pattern in catalog.patterns:
        if values := _values_in(text, pattern):
            return PLACEHOLDER.sub(
                partial(_value_of, list(map(inner, values))), pattern.translation
            )
    parts = text.split("; ")
    translated = [inner(part) for part in parts]
    return text if len(parts) == 1 or translated == parts else joined("; ", translated)


def _value_of(values: Sequence[str], match: re.Match[str]) -> str:
    """Return the value of a placeholder in a translation."""
    return values[int(match[1])]


def _translated_value(value: str, *, catalog: _Catalog, depth: int) -> str:
    """Return the value of a placeholder: translated if it is a sentence, never if it is a word.

    A word is a name of the user's, even where it looks like a message, such as a file "none".
    """
    return _translated(value, catalog, depth=depth) if depth and " " in value else value


def _values_in(text: str, pattern: _Pattern) -> list[str]:
    """Return the values of the placeholders of a message in a text; none if it is not an instance.

    Each value ends where the text behind it is first found, so that this takes linear time.
    """
    first, *middle, last = pattern.literals
    if not (text.startswith(first) and text[len(first) :].endswith(last)):
        return []
    values, rest = [], text[len(first) : len(text) - len(last)]
    for literal in middle:
        value, found_literal, rest = rest.partition(literal)
        if not found_literal:
            return []
        values.append(value)
    values.append(rest)
    kinds = zip(values, pattern.are_numbers, strict=True)
    return values if all(_NUMBER.fullmatch(value) for value, number in kinds if number) else []
