"""Benchmarks are run by hand, so that a renamed function would break them unseen."""

import ast
from importlib import import_module
from pathlib import Path

import pytest

pytestmark = pytest.mark.tensorflow
SCRIPTS = sorted(Path(__file__).with_name("benchmarks").rglob("*.py"))


def imported_names(path):
    """Return the module and the name of each import from lawrec in a script."""
    tree = ast.parse(path.read_text("utf-8"))
    return [
        (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "lawrec"
        for alias in node.names
    ]


def exists(module, name):
    if hasattr(import_module(module), name):
        return True
    try:
        import_module(f"{module}.{name}")
    except ModuleNotFoundError:
        return False
    return True


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_what_a_benchmark_imports_exists(path):
    assert [each for each in imported_names(path) if not exists(*each)] == []
