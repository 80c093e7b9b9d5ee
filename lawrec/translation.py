"""Translations: messages in the language of whoever reads them.

Messages are written in English, and `marked` is around each constant that is shown to people.
Their translations are in `locale/<language>/LC_MESSAGES/lawrec.po`, which `make translations`
brings up to date and compiles. What programs read, such as JSON lines, is always in English.
"""

import gettext
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "zh")
"""The languages that messages are translated to; they are written in the first one."""
_DOMAIN = "lawrec"
_FOLDER = Path(__file__).parent / "locale"
_language = ContextVar("language", default=LANGUAGES[0])


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

    Example:
        >>> translate("Score")
        'Score'
    """
    language = current_language()
    if language == LANGUAGES[0]:
        return text
    return _catalog(language).gettext(text)


@cache
def _catalog(language: str) -> gettext.NullTranslations:
    """Return the translations to a language: gettext by itself looks for their file each time."""
    return gettext.translation(_DOMAIN, _FOLDER, [language])


def language_of(environment: Mapping[str, str]) -> str:
    """Return the language that the variables of an environment choose, as gettext reads them.

    Example:
        >>> language_of({"LANG": "zh_CN.UTF-8"}), language_of({"LANG": "de_DE"}), language_of({})
        ('zh', 'en', 'en')
    """
    names = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((environment[name] for name in names if environment.get(name)), "")
    return next((language for language in LANGUAGES if locale.startswith(language)), LANGUAGES[0])
