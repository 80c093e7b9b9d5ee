"""Bring the catalogs of translations up to date with the code, and compile them.

    python docs/make_translations.py

The messages are the texts of errors, usage errors, progress, headings of tables and pages, and
whatever `marked` or `translate` is around. New ones get an empty translation, which the tests
refuse; unused ones are dropped. Edit the catalogs, lawrec/locale/*/LC_MESSAGES/lawrec.po, and run
this again.
"""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from itertools import chain
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from lawrec.reporting.html_page import texts_of
from lawrec.translation import PLACEHOLDER

PACKAGE = Path(__file__).parents[1] / "lawrec"
_CALLS = {
    *("marked", "translate", "message", "UsageError", "BadParameter", "ClickException"),
    *("simple_table", "add_column", "ReportTable", "Check", "CorpusCheck", "Occurrence"),
    *("KnownLabels", "Metric", "ValueError", "TypeError", "fail"),
}
"""The functions whose arguments are messages, if they are texts."""
_PARTS = ("expected", "got", "todo")
"""The arguments of errors that are messages, wherever they come from."""
_STAGE_ARGUMENTS = 3
"""`Progress.update` has at least these arguments, unlike that of a set or a digest."""
_OF_CLICK = (
    "Usage: {0}",
    "Error: {0}",
    "Try '{0}' for help.",
    "Missing command.",
    "Missing option {0}.",
    "Missing option {0}. Choose from:",
    "Missing argument {0}.",
    "Missing argument {0}. Choose from:",
    "No such option {0}.",
    "No such option {0}. Did you mean {1}?",
    "No such option {0}. (Did you mean one of: {1}?)",
    "Option {0} does not take a value.",
    "Option {0} requires an argument.",
    "Option {0} requires {1} arguments.",
    "Got unexpected extra argument ({0})",
    "Got unexpected extra arguments ({0})",
    "Invalid value for {0}: {1}",
    "{0} is not one of {1}.",
    "{0} is not a valid integer.",
    "{0} is not a valid float.",
    "{0} is not a valid integer range.",
    "{0} is not a valid float range.",
    "{0} is not in the range {1}.",
    "{0} is a directory.",
    "{0} is a file.",
    "{0} does not exist.",
    "{0} is not readable.",
    "{0} is not writable.",
)
"""What click says of a mistake in the options, line by line."""
_OF_THE_SYSTEM = (
    *("No such file or directory", "Is a directory", "Not a directory", "File exists"),
    *("Permission denied", "No space left on device", "Read-only file system"),
    *("File name too long", "Device or resource busy"),
    *("Address already in use", "Cannot assign requested address", "Name or service not known"),
    *("{0}: line {1:n} column {2:n} (char {3:n})", "Expecting value", "Extra data"),
    *("Expecting ',' delimiter", "Expecting ':' delimiter", "Unterminated string starting at"),
    *("Expecting property name enclosed in double quotes", "Invalid control character at"),
)
"""What the operating system says of files, and Python of JSON."""
_Values = dict[str, list[ast.expr]]
"""What names can be."""
_NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)


def main() -> None:
    """Write the catalog of each language, as text and compiled."""
    for path in sorted(PACKAGE.glob("locale/*/LC_MESSAGES/lawrec.po")):
        text, compiled = updated(path)
        path.write_bytes(text)
        path.with_suffix(".json").write_text(compiled, encoding="utf-8")


def updated(path: Path) -> tuple[bytes, str]:
    """Return the text of a catalog with the messages of the code, and the same compiled."""
    with path.open("rb") as file:
        old = read_po(file)
    catalog = Catalog(
        locale=path.parts[-3],
        project="lawrec",
        header_comment="# Messages of lawrec: see lawrec/translation.py.",
        creation_date=_NO_DATE,
        revision_date=_NO_DATE,
        fuzzy=False,
    )
    for message in messages():
        known = old.get(message)
        catalog.add(message, known.string if known else "")
    text = BytesIO()
    write_po(text, catalog, width=100, sort_output=True, no_location=True)
    translations = {entry.id: entry.string for entry in catalog if entry.id}
    return text.getvalue(), json.dumps(translations, ensure_ascii=False, indent=0) + "\n"


def messages() -> list[str]:
    """Return all messages of the code, of the pages' templates and of click, sorted."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")]
    found = set(chain.from_iterable(_Module(tree).messages() for tree in trees))
    for path in PACKAGE.glob("reporting/static/*.html"):
        found |= set(texts_of(path.read_text(encoding="utf-8")))
    return sorted({*filter(_has_words, found), *_OF_CLICK, *_OF_THE_SYSTEM})


def _has_words(message: str) -> bool:
    """Return whether a message has words of its own, not only placeholders, tags and marks."""
    without_values = re.sub(r"\$\w+|<.*?>", "", PLACEHOLDER.sub("", message))
    return bool(re.search(r"[^\W\d_]", without_values))


def _is_sentence(value: str) -> bool:
    """Return whether the value of a placeholder is translated: a single word is not."""
    return " " in value


class _Module:
    """The texts of a module, found where they are written."""

    def __init__(self, tree: ast.Module) -> None:
        nodes = list(ast.walk(tree))
        self._tree = tree
        self._functions = {node.name: node for node in nodes if isinstance(node, ast.FunctionDef)}
        self._passed: dict[str, _Values] = {name: {} for name in self._functions}
        self._of_module = _assigned(tree.body)
        for scope in (tree, *self._functions.values()):
            self._add_passed(scope)

    def messages(self) -> Iterator[str]:
        """Yield the messages of all calls."""
        for scope in (self._tree, *self._functions.values()):
            values = self._values_in(scope)
            for node in ast.walk(scope):
                for argument in self._message_arguments(node) if isinstance(node, ast.Call) else ():
                    yield from self._texts(argument, values)

    def _add_passed(self, scope: ast.Module | ast.FunctionDef) -> None:
        """Add the texts that a function passes to others."""
        values = self._of_module | _assigned(ast.walk(scope))
        for call in ast.walk(scope):
            for parameter, value in self._arguments(call) if isinstance(call, ast.Call) else ():
                passed = self._passed[_name(call.func)].setdefault(parameter, [])
                passed += map(ast.Constant, self._texts(value, values))

    def _values_in(self, scope: ast.Module | ast.FunctionDef) -> _Values:
        """Return what the names of a function can be; of the module, those that it assigns."""
        if isinstance(scope, ast.Module):
            return self._of_module
        return self._of_module | self._passed[scope.name] | _assigned(ast.walk(scope))

    def _message_arguments(self, call: ast.Call) -> Iterator[ast.expr]:
        is_method = isinstance(call.func, ast.Attribute)
        name = call.func.attr if isinstance(call.func, ast.Attribute) else _name(call.func)
        if name in _CALLS and not (is_method and name == "translate"):  # that of str
            yield from call.args
        if name == "update" and len(call.args) >= _STAGE_ARGUMENTS:
            yield from (call.args[0], *call.args[_STAGE_ARGUMENTS:])
        yield from (each.value for each in call.keywords if each.arg in _PARTS)

    def _arguments(self, call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
        """Yield the arguments of a call of a function of this module by the parameters' names."""
        function = self._functions.get(_name(call.func))
        if function:
            yield from zip((each.arg for each in function.args.args), call.args, strict=False)
            yield from ((str(each.arg), each.value) for each in call.keywords)

    def _texts(
        self, node: ast.expr, values: _Values, entered: frozenset[str] = frozenset()
    ) -> Iterator[str]:
        """Yield the texts that an expression can be, each f-string with placeholders.

        Args:
            node: The expression.
            values: What its names can be.
            entered: The functions whose results are looked at already.
        """
        others: list[ast.expr] = []
        match node:
            case ast.Constant(value=str(text)):
                yield text
            case ast.JoinedStr(values=parts):
                yield _with_placeholders(parts)
                inner = [part.value for part in parts if isinstance(part, ast.FormattedValue)]
                yield from filter(_is_sentence, self._texts(ast.Tuple(inner), values, entered))
            case ast.IfExp(body=first, orelse=second):
                others = [first, second]
            case ast.BoolOp(values=others) | ast.Tuple(elts=others):
                pass
            case ast.Starred(value=value):
                others = [value]
            case ast.Name(id=name) if name in values:
                others, values = values[name], {**values, name: []}  # it may be made of itself
            case ast.Call(func=ast.Name(id=name)) if name in self._functions.keys() - entered:
                nodes = ast.walk(self._functions[name])
                others = [
                    each.value for each in nodes if isinstance(each, ast.Return) and each.value
                ]
                values, entered = self._values_in(self._functions[name]), entered | {name}
        for other in others:
            yield from self._texts(other, values, entered)


def _assigned(nodes: Iterable[ast.AST]) -> _Values:
    """Return the expressions that are assigned to each name."""
    pairs: list[tuple[ast.expr, ast.expr]] = []
    for node in nodes:
        if isinstance(node, ast.NamedExpr):
            pairs.append((node.target, node.value))
        for target in node.targets if isinstance(node, ast.Assign) else ():
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs += zip(target.elts, node.value.elts, strict=False)
            else:
                pairs.append((target, node.value))
    values: _Values = {}
    for target, value in pairs:
        if isinstance(target, ast.Name):
            values.setdefault(target.id, []).append(value)
    return values


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _with_placeholders(parts: list[ast.expr]) -> str:
    """Return the message of an f-string: what has a format, as in f"{n:,}", is a number."""
    text, number = "", 0
    for part in parts:
        if isinstance(part, ast.FormattedValue):
            text += f"{{{number}{':n' if part.format_spec else ''}}}"
            number += 1
        elif isinstance(part, ast.Constant):
            text += str(part.value)
    return text


if __name__ == "__main__":
    main()
