"""Every message that people see has a translation, whose placeholders are those of the message."""

import gettext
import importlib.util
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.pofile import read_po

from lawrec.translation import LANGUAGES, current_language, language_of, messages_in, translate

ROOT = Path(__file__).parents[1]
LOCALE = ROOT / "lawrec/locale"


def catalog(language):
    with (LOCALE / language / "LC_MESSAGES/lawrec.po").open("rb") as file:
        return {entry.id: entry.string for entry in read_po(file) if entry.id}


def marked_messages():
    path = ROOT / "docs/make_translations.py"
    spec = importlib.util.spec_from_file_location("make_translations", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.messages()


def placeholders(text):
    return sorted((name, form) for _, name, form, _ in Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_message_is_translated_and_no_other(language):
    translations = catalog(language)
    assert sorted(translations) == marked_messages(), "run: make translations"
    assert not [message for message, translated in translations.items() if not translated]


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_a_translation_has_the_placeholders_of_its_message(language):
    for message, translated in catalog(language).items():
        if not any(not name for name, _ in placeholders(message)):
            assert placeholders(translated) == placeholders(message)
        else:  # unnamed ones stand for their position
            assert [name for _, name, _, _ in Formatter().parse(translated)].count("") == [
                name for _, name, _, _ in Formatter().parse(message)
            ].count("")


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_the_compiled_catalog_is_that_of_the_text(language):
    compiled = gettext.translation("lawrec", LOCALE, [language])
    for message, translated in catalog(language).items():
        assert compiled.gettext(message) == translated, "run: make translations"


def test_each_catalog_is_of_a_known_language():
    assert sorted(path.name for path in LOCALE.iterdir()) == sorted(LANGUAGES[1:])


def test_a_language_holds_inside_its_block():
    with messages_in("zh"):
        assert translate("Score") == "得分"
        with messages_in("en"):
            assert (translate("Score"), current_language()) == ("Score", "en")
        assert (translate("Score"), current_language()) == ("得分", "zh")
        assert translate("never written") == "never written"
    assert translate("Score") == "Score"


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_TW.Big5", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_CN"}, "zh"),
        ({"LANG": "zh_CN", "LANGUAGE": "en"}, "en"),
        ({"LANG": "zh_CN", "LC_ALL": ""}, "zh"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
    ],
)
def test_the_locale_chooses_the_language(environment, language):
    assert language_of(environment) == language
