"""What holds for every source file: calls that can be read, full docstrings, standard words."""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
SOURCES = sorted((REPOSITORY / "lawrec").rglob("*.py"))
MOST_PARAMETERS = 7
POSITIONAL = 2
ARRAYS = {"y_true", "y_score", "y_prob", "y_pred", "known"}
"""Parameters that all metrics take in this order, as scikit-learn's do."""
BANNED_NAMES = {
    *("told", "tell", "mend", "mended", "cut", "cuts", "sign", "signs", "place", "places"),
    *("rehearsal", "rehearse", "inherit", "stale", "steadied", "drawn", "hopeless", "unsayable"),
    *("of", "one", "made", "met", "found", "wish", "hot", "anew", "beside", "talkative"),
}
"""Names that say nothing to a reader from the field, or that have another name there."""
OPTUNA_NAMES = {"tell"}
"""Those of Optuna's own interface, which the module that calls it cannot avoid."""
BANNED_WORDS = {
    r"\b(told|tells?|mend(s|ed|ing)?|anew|rehears\w+|steadied|unsayable)\b": "plain words",
    r"\b[Ss]igns?\b": "character",
    r"\bmachines\b(?! (train|of TF_CONFIG|that|must|with|are|or|know|see|,|and))": "linear SVMs",
    r"\b[Cc]uts?\b": "threshold, tokenize, truncate, shorten",
    r"\btrivial\b": "baseline",
    r"\bstands? (beside|together|there|for itself)\b": "a plain verb",
    r"\b(a|an|one|the|its) \w+ an? (case|article|fact|line|label|token|split|step|epoch|fold|core"
    r"|group|row|file|day|shard|column|headline|run|charge|key|stage|batch|text)\b": "per",
}
"""Patterns that comments, docstrings and messages do not have, and what to write instead."""
BANNED_OPENINGS = ("Give", "Tell", "Let", "Put", "Take in")


def public_functions(tree):
    """The functions of a module and the methods of its public classes that others may call."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from (
                member
                for member in node.body
                if isinstance(member, ast.FunctionDef) and not member.name.startswith("_")
            )


def functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def positional(function):
    names = [argument.arg for argument in function.args.args]
    return [name for name in names if name not in ("self", "cls")]


def parameters(function):
    return positional(function) + [argument.arg for argument in function.args.kwonlyargs]


def is_command(path):
    return "cli" in path.parts


def is_entry(name, tree):
    """Whether a registry holds a function or another function is handed it: its caller calls it."""
    calls = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return any(
        isinstance(node, ast.Name) and node.id == name and id(node) not in calls
        for node in ast.walk(tree)
    )


def texts(source):
    """Comments and strings, with their lines."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.COMMENT, tokenize.STRING):
            yield token.start[0], token.string


@pytest.fixture(params=SOURCES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def path(request):
    return request.param


@pytest.fixture
def source(path):
    return path.read_text(encoding="utf-8")


@pytest.fixture
def tree(source):
    return ast.parse(source)


def test_no_function_has_too_many_parameters(path, tree):
    if is_command(path):
        return
    assert [f.name for f in functions(tree) if len(parameters(f)) > MOST_PARAMETERS] == []


def test_what_comes_third_is_passed_by_its_name(path, tree):
    if is_command(path):
        return
    assert [
        function.name
        for function in tree.body
        if isinstance(function, ast.FunctionDef)
        and len(positional(function)) > POSITIONAL
        and not set(positional(function)) <= ARRAYS
        and not is_entry(function.name, tree)
    ] == []


def test_a_function_of_three_parameters_describes_each(path, tree):
    if is_command(path):
        return
    assert [
        function.name
        for function in public_functions(tree)
        if len(parameters(function)) > POSITIONAL
        and "Args:" not in (ast.get_docstring(function) or "")
        and not is_entry(function.name, tree)
    ] == []


def test_a_generator_says_what_it_yields(tree):
    assert [
        function.name
        for function in public_functions(tree)
        if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(function))
        and not re.match(r"Yield|.*Yields:", ast.get_docstring(function) or "", re.DOTALL)
    ] == []


def test_a_public_function_has_an_example(path, tree):
    if is_command(path):
        return
    assert [
        function.name
        for function in tree.body
        if isinstance(function, ast.FunctionDef)
        and not function.name.startswith("_")
        and "Example:" not in (ast.get_docstring(function) or "")
    ] == []


def test_docstrings_open_with_a_plain_verb(tree):
    documented = (ast.FunctionDef, ast.ClassDef, ast.Module)
    docstrings = [ast.get_docstring(n) or "" for n in ast.walk(tree) if isinstance(n, documented)]
    assert [text for text in docstrings if text.startswith(BANNED_OPENINGS)] == []


def test_names_are_the_fields(source):
    names = {
        token.string
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.NAME
    }
    allowed = OPTUNA_NAMES if "optuna" in names else set()
    assert names & BANNED_NAMES - allowed == set()


def test_words_are_the_fields(source):
    assert [
        f"{line}: {match[0]} -> {instead}"
        for line, text in texts(source)
        for pattern, instead in BANNED_WORDS.items()
        for match in re.finditer(pattern, text)
    ] == []
