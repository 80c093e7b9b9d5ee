"""Every message that people see has a translation, and is found again with whatever it holds."""

import importlib.util
import json
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from lawrec.errors import LawrecError
from lawrec.translation import (
    LANGUAGES,
    PLACEHOLDER,
    current_language,
    error_message,
    language_of,
    messages_in,
    preferred_language,
    translate,
)

ROOT = Path(__file__).parents[1]
LOCALE = ROOT / "lawrec/locale"
OTHERS = LANGUAGES[1:]
# The English ending of a plural, as in "{0} kind{1} of error", which other languages lack.
ENDING = re.compile(r"[a-z]\{(\d+)\}")


@pytest.fixture(scope="module")
def make_translations():
    path = ROOT / "docs/make_translations.py"
    spec = importlib.util.spec_from_file_location("make_translations", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def messages(make_translations):
    return make_translations.messages()


def catalog(language):
    with (LOCALE / language / "LC_MESSAGES/lawrec.po").open("rb") as file:
        return {entry.id: entry.string for entry in read_po(file) if entry.id}


def numbers(text):
    return {found[1] for found in PLACEHOLDER.finditer(text)}


def filled(text, values):
    return PLACEHOLDER.sub(lambda found: values[int(found[1])], text)


def found_in(make_translations, code):
    module = make_translations.ast.parse(code)
    return sorted({*make_translations._Module(module).messages()})


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_translated_and_no_other(language, messages):
    translations = catalog(language)
    assert sorted(translations) == messages, "run: make translations"
    assert not [message for message, translated in translations.items() if not translated]


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_placeholders_of_its_message(language):
    for message, translated in catalog(language).items():
        assert numbers(message) - numbers(translated) <= {*ENDING.findall(message)}
        assert numbers(translated) <= numbers(message)


@pytest.mark.parametrize("language", OTHERS)
def test_the_compiled_catalog_is_that_of_the_text(language):
    compiled = json.loads((LOCALE / language / "LC_MESSAGES/lawrec.json").read_text("utf-8"))
    assert compiled == catalog(language), "run: make translations"


@pytest.mark.parametrize("language", OTHERS)
def test_each_message_is_found_with_its_values_and_taken_for_no_other(language):
    translations = catalog(language)
    with messages_in(language):
        for message, translated in translations.items():
            values = {
                int(found[1]): "1,234.5" if found[2] else f"<{found[1]}>"
                for found in PLACEHOLDER.finditer(message)
            }
            assert translate(filled(message, values)) == filled(translated, values)


def test_each_catalog_is_of_a_known_language():
    assert sorted(path.name for path in LOCALE.iterdir()) == sorted(OTHERS)


def test_a_language_holds_inside_its_block():
    with messages_in("zh"):
        assert translate("Score") == "得分"
        with messages_in("en"):
            assert (translate("Score"), current_language()) == ("Score", "en")
        assert (translate("Score"), current_language()) == ("得分", "zh")
    assert translate("Score") == "Score"


@pytest.mark.parametrize(
    ("text", "translated"),
    [
        ("never written", "never written"),
        ("", ""),
        ("a {0} of b", "a {0} of b"),
        ("12 of 30", "12/30"),
        ("one of 30", "one of 30"),  # it has a number where a message has one
        ("check labels of a.json", "检查 a.json 的标注"),
        # A value that is a sentence is translated as well, one that is a word never.
        ("Save it again, or save the sheet as CSV in UTF-8 and name that.", None),
        ("missing: none", "缺少：none"),
        ("missing: none left", "缺少：没有剩余"),
        # A list of messages; a value with line ends.
        ("other is better in micro-F1 (p = 0.010); exact match (p = 0.200, may be chance)", None),
        (
            "step 3, loss 0.5000, rate 2.0e-03, gradient 0.26; 1,234 tokens/s",
            "第 3 步，损失 0.5000，学习率 2.0e-03，梯度 0.26；每秒 1,234 个词元",
        ),
        ("missing: a\nb", "缺少：a\nb"),
        ("a; b", "a; b"),
        (
            "to tune, the cases must differ from those used to train",
            "用于调阈值的案件必须与用于训练的案件不同",
        ),
        (
            "a version of the statute in force on 2010-01-01 must be imported",
            "必须先导入该法律在 2010-01-01 有效的版本",
        ),
        ("Did you mean 452 (施行日期)?", "是否想写 452（施行日期）？"),
        # Sentences within sentences, however many.
        ("missing: " * 10_000, "缺少：" * 4 + "missing: " * 9_996),
    ],
)
def test_a_text_is_translated_with_what_it_holds(text, translated):
    expected = {
        "S": "请重新保存，或把工作表保存为 UTF-8 的 CSV 并指定它。",
        "o": "other 更好的指标：micro-F1（p = 0.010）；完全正确率（p = 0.200，可能出于偶然）",
    }
    with messages_in("zh"):
        assert translate(text) == (expected[text[0]] if translated is None else translated)


def test_an_error_is_translated_part_by_part_and_its_place_never():
    error = LawrecError(
        "none: got.json",
        expected="the value must be at least 1 and at most 8",
        got="none",
        todo="Choose a value in that range.",
    )
    with messages_in("zh"):
        assert error_message(error) == (
            "none: got.json：值必须不小于 1 且不大于 8；实际：无。请选择该范围内的值。"
        )
        assert str(error).startswith("none: got.json: the value must be at least 1")
    assert error_message(error) == str(error)


def test_an_error_inside_a_message_is_translated():
    error = LawrecError(
        "run", expected="the folder must hold a run", got="none yet", todo="Check the path."
    )
    with messages_in("zh"):
        assert translate(f"unusable: {error}") == (
            "不可用：run：文件夹必须含有训练结果；实际：尚无。请检查路径。"
        )


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('translate("a")', ["a"]),
        ('marked(f"{x:,} of {y}")', ["{0:n} of {1}"]),
        (
            'Error(where, expected="a", got=f"b {c}", todo="d" if e else "f")',
            ["a", "b {0}", "d", "f"],
        ),
        (
            'def f():\n got = "a"\n if b:\n  got, d = f"{c}d", "e"\n Error(got=got or "f")',
            ["a", "f", "{0}d"],
        ),
        ('def f(a, b):\n Error(got=a)\ndef g():\n c = f"{d} e"\n f(c, b="x")', ["{0} e"]),
        ('def f(a):\n Error(got=f"a {a}")\nf("b c")\nf("d")', ["a {0}", "b c"]),
        ('def f(a):\n Error(got=a)\ndef g():\n a = "b"', []),
        ("def f():\n return f()\nError(got=f())", []),
        ('def why():\n    return "a"\nError(todo=why())', ["a"]),
        ('todo = "a"\ntodo = todo\nError(todo=todo)', ["a"]),
        ('progress.update("a", 1, 2, note)\nseen.update("b")', ["a"]),
        ("translate(f\"a {'b c' if d else e} {'f' if d else e}\")", ["a {0} {1}", "b c"]),
        ('print("a")\ntranslate(b)', []),
    ],
)
def test_messages_are_found_where_they_are_written(code, found, make_translations):
    assert found_in(make_translations, code) == found


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


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "default"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-US,en;q=0.9", "en"),
        ("fr,en;q=0.2,ZH-Hans;q=0.1", "en"),
        ("en; q=0.1, zh; q=0.9", "zh"),
        ("de", "default"),
        ("en;q=x, zh;q=0", "default"),
    ],
)
def test_the_header_of_a_browser_chooses_the_language(accepted, language):
    assert preferred_language(accepted, "default") == language
