"""Every regular expression of the package takes linear time, counted in steps and not in seconds.

The patterns are found in the source, so that a new one is tested as soon as it is written.
"""

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

from lawrec.corpus.tokenization.entities import ENTITY_TYPES, compile_entity_types
from lawrec.law import articles
from tests.helpers.regex_steps import Engine, attacks, count_steps, parser

REPOSITORY = Path(__file__).parents[1]
METHODS = ("search", "match", "fullmatch", "sub", "split", "findall", "finditer")
ANCHORED = {"match", "fullmatch"}
SIZE = 48
GROWTH = 2.6
"""The most that twice the text may cost; a quadratic pattern comes near 4."""
BOUNDED = {
    "lawrec.law.statute_parser:_COMMENT": "searched only before the last end of a comment",
    "lawrec.corpus.splits:name": "searched only in the name of a file, of 255 bytes at most",
}
"""Patterns that are not linear, and why they need not be."""
OWN_TEXTS = {
    "lawrec.reporting.plots": "the SVG that matplotlib wrote, in which all data is escaped"
}
"""Modules whose patterns read nothing from outside."""
LOCALS = {
    "lawrec.corpus.splits": {
        "split": "train",
        "ending": r"(?:\.json|\.csv)(?:\.gz|\.xz)?",
        "known": r"\.json|\.csv|\.gz|\.xz",
    },
    "lawrec.law.articles": {
        "article": articles._ARTICLE.pattern,
        "paragraphs": articles._PARAGRAPHS.pattern,
        "separator": articles._SEPARATOR.pattern,
    },
}
"""Values of the local variables that a pattern inside a function is made of."""


def calls_of(tree):
    """Yield each call `object.method(...)` of a module: the object's name, the method, the call."""
    for node in ast.walk(tree):
        function = getattr(node, "func", None)
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            yield function.value.id, function.attr, node


def names_of_patterns(tree):
    """Return the name of each compiled pattern by the line of its call."""
    return {
        node.value.lineno: node.targets[0].id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and isinstance(node.targets[0], ast.Name)
    }


def patterns_of(path):
    """Yield the place of each pattern of a module, the pattern, and how it is matched."""
    module = ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls, names = list(calls_of(tree)), names_of_patterns(tree)
    for name, method, call in calls:
        if name != "re" or method not in ("compile", *METHODS):
            continue
        place = f"{module}:{names.get(call.lineno, call.lineno)}"
        pattern = evaluated(call, module)
        methods = {method}
        if method == "compile":
            used = {
                node.attr
                for node in ast.walk(tree)
                if isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == names.get(call.lineno)
            }
            methods = used & set(METHODS) or {"search"}
        yield place, pattern, methods


def evaluated(call, module):
    """Return the pattern of a call such as `re.compile(rf"...")`."""
    if module == "lawrec.corpus.tokenization.entities" and not isinstance(call.args[0], ast.Name):
        return compile_entity_types(list(ENTITY_TYPES))
    arguments = [ast.unparse(part) for part in call.args[:1]]
    flags = [ast.unparse(part) for part in call.args[1:] if "re." in ast.unparse(part)]
    flags += [ast.unparse(part.value) for part in call.keywords if part.arg == "flags"]
    code = f"re.compile({', '.join(arguments + flags)})"
    names = {} if isinstance(call.args[0], ast.Constant) else vars(import_module(module))
    return eval(code, {**names, **LOCALS.get(module, {}), "re": re})


def all_patterns():
    for path in sorted((REPOSITORY / "lawrec").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        module = ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)
        if "import re\n" in source and module not in OWN_TEXTS:
            yield from patterns_of(path)


def growth(pattern, method):
    """Return the largest factor by which the steps grow when an attack becomes twice as long."""
    pairs = zip(attacks(pattern, SIZE), attacks(pattern, SIZE, times=2), strict=True)
    factors = [
        (count_steps(pattern, twice, method) + SIZE) / (count_steps(pattern, once, method) + SIZE)
        for once, twice in pairs
    ]
    return max(factors, default=1.0)


@pytest.mark.parametrize(
    ("pattern", "methods"),
    [
        pytest.param(pattern, methods, id=place)
        for place, pattern, methods in all_patterns()
        if place not in BOUNDED
    ],
)
def test_twice_the_text_takes_no_more_than_twice_the_steps(pattern, methods):
    for method in {name if name in ANCHORED else "search" for name in methods}:
        assert growth(pattern, method) < GROWTH


@pytest.mark.parametrize(
    ("slow", "method"),
    [
        (r"x{2,}罪", "search"),
        (r"<!--.*?-->", "search"),
        (r"\[([^\]]*)\]\([^)]*\)", "search"),
        (r"[\[【](.*?)[\]】]", "search"),
        (r"\d[\d,]*(?:\.\d+)?元", "search"),
        (r"\d+$", "search"),
        (r"附\s*\s*:", "match"),
    ],
)
def test_a_slow_pattern_is_found(slow, method):
    assert growth(re.compile(slow), method) > GROWTH


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (r"ab?c+", "xabccab", ["abcc"]),
        (r"(?<!\d)\d++(?=元)|\w{2,3}?x", "12元3aax", ["12", "3aax"]),
        (r"^[^,。]{1,3}[,。]?$", "甲乙。", ["甲乙。"]),
        (r"(?:a|ab)(?:c|bcd)", "abcd", ["abcd"]),
    ],
)
def test_the_engine_that_counts_matches_as_pythons_does(pattern, text, expected):
    engine = Engine(text, re.compile(pattern).flags)
    items, found, start = list(parser.parse(pattern)), [], 0
    while start <= len(text):
        end = next(engine.ends(items, start), None)
        found += [] if end is None else [text[start:end]]
        start = start + 1 if end is None else max(end, start + 1)
    assert found == expected == [match[0] for match in re.finditer(pattern, text)]
