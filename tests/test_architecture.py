import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PACKAGE = REPOSITORY / "lawrec"

# A module imports only modules before it: rooms from left to right, modules from top to bottom.
FOUNDATION = ("lawrec", "lawrec.errors", "lawrec.files", "lawrec.progress", "lawrec.config")
ROOMS = {
    "corpus": (
        "streams",
        "articles",
        "statutes",
        "versions",
        "lawbook",
        "readers",
        "cases",
        "classes",
        "tokenizer",
        "processes",
        "cutting",
        "lines",
        "duplicates",
        "checks",
        "copies",
        "mend",
        "audit",
        "split",
        "vocabulary",
        "manifest",
        "sources",
        "records",
        "prepare",
        "pipeline",
    ),
    "network": (
        "devices",
        "losses",
        "optimizers",
        "recurrent",
        "words",
        "model",
        "flops",
        "vector_files",
        "vectors",
        "embed",
        "weights",
        "checkpoint",
        "inherit",
        "scoring",
        "speed",
        "steps",
        "starting",
        "summaries",
        "rehearsal",
        "training",
        "opening",
    ),
    "decision": (
        "metrics",
        "judge",
        "ranking",
        "bootstrap",
        "breakdown",
        "curves",
        "calibration",
        "cuts",
        "objectives",
        "thresholds",
        "crossfit",
        "guarantee",
        "cocitation",
        "recommend",
    ),
    "delivery": (
        "progress",
        "report",
        "training_report",
        "catalogue",
        "page",
        "audit_report",
        "audit_page",
        "tuned",
        "verdict",
        "figures",
        "evaluation_report",
        "plots",
        "evaluation_parts",
        "evaluation_page",
        "tune",
        "cail",
        "evaluate",
        "predict",
        "cail_predictor",
        "export_cail",
        "inspect",
        "doctor",
    ),
}
DOOR = (
    "lawrec.cli.options",
    "lawrec.cli.corpus",
    "lawrec.cli.articles",
    "lawrec.cli.embed",
    "lawrec.cli.doctor",
    "lawrec.cli.train",
    "lawrec.cli.runs",
    "lawrec.cli.predict",
    "lawrec.cli.export",
    "lawrec.cli",
    "lawrec.__main__",
)
ORDER = (
    *FOUNDATION,
    *(
        name
        for room, modules in ROOMS.items()
        for name in (f"lawrec.{room}", *(f"lawrec.{room}.{module}" for module in modules))
    ),
    *DOOR,
)
SEEN_BY_DECISION = {"lawrec.errors", "lawrec.config", "lawrec.decision"}
FORBIDDEN_NAMES = {"utils", "common", "helpers", "manager", "base"}
SLOW = {
    *("tensorflow", "keras", "pandas", "sklearn", "matplotlib"),
    *("jieba", "rjieba", "rensa", "pyarrow"),
}


def name_of(path):
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def is_type_checking(node):
    return isinstance(node, ast.If) and ast.unparse(node.test) in {
        "TYPE_CHECKING",
        "typing.TYPE_CHECKING",
    }


def statements(tree, with_types):
    """Every node of a module, those inside functions too, `if TYPE_CHECKING` only on demand."""
    for node in ast.iter_child_nodes(tree):
        if is_type_checking(node) and not with_types:
            for other in node.orelse:
                yield other
                yield from statements(other, with_types)
        else:
            yield node
            yield from statements(node, with_types)


def imports(source, with_types=True):
    """The modules that a source imports; `from lawrec import config` counts as lawrec.config."""
    found = set()
    for node in statements(ast.parse(source), with_types):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            members = {f"{module}.{alias.name}" for alias in node.names}
            modules = members & set(SOURCES)
            found |= modules
            if modules != members:
                found.add(module)
    return found


def imports_of(name):
    return imports(
        SOURCES[name].read_text(encoding="utf-8"), with_types=name != "lawrec.delivery.report"
    )


def is_ours(module):
    return module.startswith(".") or module.split(".")[0] == "lawrec"


def misplaced(name, imported):
    """What a module imports of ours although it does not stand before it."""
    before = ORDER[: ORDER.index(name)]
    return sorted(module for module in imported if is_ours(module) and module not in before)


def unseen_by_decision(imported):
    """What a module of the decision room imports although it must not see it."""
    return sorted(
        module
        for module in imported
        if module.split(".")[0] in {"tensorflow", "keras"}
        or (is_ours(module) and ".".join(module.split(".")[:2]) not in SEEN_BY_DECISION)
    )


@pytest.mark.parametrize("name", SOURCES)
def test_every_module_has_its_place_in_the_order(name):
    assert name in ORDER


def test_every_place_in_the_order_has_a_module():
    assert set(ORDER) == set(SOURCES)


@pytest.mark.parametrize("name", [name for name in SOURCES if name in ORDER])
def test_a_module_imports_only_what_stands_before_it(name):
    assert misplaced(name, imports_of(name)) == []


@pytest.mark.parametrize("name", [name for name in SOURCES if name.startswith("lawrec.decision")])
def test_decision_sees_only_errors_and_config_and_no_tensorflow(name):
    assert unseen_by_decision(imports_of(name)) == []


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "lawrec.delivery.report"])
def test_only_the_report_imports_for_types_alone(name):
    source = SOURCES[name].read_text(encoding="utf-8")
    assert imports(source, with_types=True) == imports(source, with_types=False)


def test_nothing_is_called_by_a_name_that_says_nothing():
    assert FORBIDDEN_NAMES & {path.stem for path in PACKAGE.rglob("*")} == set()


@pytest.mark.parametrize(
    "modules",
    [
        ["lawrec.cli"],
        [f"lawrec.decision.{module}" for module in ROOMS["decision"]],
        ["lawrec.delivery.report"],
    ],
    ids=["cli", "decision", "report"],
)
def test_nothing_slow_is_imported_with(modules):
    code = f"import sys, json, {', '.join(modules)}; print(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert SLOW & set(json.loads(done.stdout)) == set()


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("lawrec.corpus.cases", "from lawrec.network.model import x", ["lawrec.network.model"]),
        ("lawrec.corpus.cases", "import lawrec.corpus.records", ["lawrec.corpus.records"]),
        ("lawrec.corpus.cases", "from lawrec.corpus import records", ["lawrec.corpus.records"]),
        ("lawrec.corpus.cases", "def f():\n    import lawrec.cli", ["lawrec.cli"]),
        ("lawrec.corpus.cases", "if TYPE_CHECKING:\n    import lawrec.cli", ["lawrec.cli"]),
        ("lawrec.corpus.cases", "from lawrec import cli, __version__", ["lawrec.cli"]),
        ("lawrec.corpus.cases", "from . import articles", ["."]),
        ("lawrec.corpus.cases", "import lawrec.new", ["lawrec.new"]),
        ("lawrec.config", "from lawrec.corpus.cases import Case", ["lawrec.corpus.cases"]),
        (
            "lawrec.delivery.tune",
            "from lawrec.delivery.predict import x",
            ["lawrec.delivery.predict"],
        ),
        ("lawrec.corpus.cases", "import csv\nfrom lawrec.corpus.articles import Article", []),
        ("lawrec.cli", "from lawrec import __version__, config", []),
    ],
)
def test_an_import_of_what_does_not_stand_before_is_found(name, source, expected):
    assert misplaced(name, imports(source)) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import tensorflow as tf", ["tensorflow"]),
        ("from keras import ops", ["keras"]),
        ("from lawrec.files import sha256", ["lawrec.files"]),
        ("from lawrec.corpus.cases import Case", ["lawrec.corpus.cases"]),
        ("import numpy\nfrom lawrec import config\nfrom lawrec.decision.metrics import f1", []),
    ],
)
def test_an_import_that_decision_must_not_have_is_found(source, expected):
    assert unseen_by_decision(imports(source)) == expected


def test_imports_for_types_alone_can_be_left_out():
    source = "if TYPE_CHECKING:\n    import lawrec.cli\nelse:\n    import csv\nimport json"
    assert imports(source, with_types=False) == {"csv", "json"}
    assert imports(source) == {"lawrec.cli", "csv", "json"}
