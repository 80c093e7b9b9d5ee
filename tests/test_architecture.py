"""The house: packages and modules import only what stands before them, TensorFlow only where named.

`HOUSE` is the order of both: a package imports only packages before it in the dict, a module only
modules before it in its package's tuple.
"""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PACKAGE = REPOSITORY / "lawrec"

FOUNDATION = (
    *("text", "errors", "types", "translation", "registry", "progress", "scoring_version"),
    *("iterables", "setting_range", "config", "config_sources", "threads", "parallel"),
)
HOUSE = {
    "devices": (
        *("device_names", "tensorflow_start", "onnxruntime_start", "distributed", "configure"),
    ),
    "storage": (
        *("limits", "encodings", "processes", "temporary_names", "remote_files", "claims"),
        *("json_text", "files", "array_files", "seal", "resources", "disk_array"),
        *("packed_files", "file_lists", "text_files"),
        "unchanged_files",
    ),
    "law": (
        *(
            "articles",
            "labels",
            "cail_labels",
            "statute_parser",
            "statute_versions",
            "catalog",
            "charges",
            "charge_articles",
        ),
        *("statute_import", "lookup"),
    ),
    "corpus.formats": (
        *("case_format", "field_checks", "plain_text", "json_lines", "columns", "csv_rows"),
        *("csv_tables", "parquet", "excel"),
    ),
    "corpus.duplicates": ("pair_search", "near_duplicates", "held_out"),
    "corpus.tokenization": ("entities", "jieba_dictionary", "tokenizers", "token_spans"),
    "corpus": (
        *("readers", "cases", "bad_lines", "splits", "case_counts", "parallel_tokenization"),
        *("case_shards", "case_lines", "label_check", "vocabulary"),
    ),
    "corpus.records": (
        *("dataset_spec", "manifest", "extra_cases", "record", "tfrecords", "writer"),
        *("prepare", "input_pipeline"),
    ),
    "corpus.splitting": ("stratification", "stratified_split"),
    "corpus.audit": ("case_checks", "line_checks", "duplicate_checks", "fixes", "audit"),
    "evaluation": (
        *("confusion_counts", "metrics", "ranking_metrics", "calibration_metrics", "cail_judge"),
        *("bootstrap", "error_analysis", "report"),
    ),
    "decision": (
        *("threshold_curve", "calibration", "score_order", "expected_f1", "decision_rule"),
        *("objectives", "tuning_cases", "threshold_strategies", "cross_fitting", "conformal"),
        *("co_citation", "explanation", "recommend"),
    ),
    "ranking": (
        *(
            "train_cases",
            "tf_idf",
            "linear_svm",
            "svm_fit",
            "character_ngrams",
            "token_table",
            "first_stage",
            "out_of_fold",
        ),
        *("pair_features", "trees", "second_stage", "contributions", "ranker", "run_scorer"),
        *("length_batches", "case_index"),
    ),
    "runs": (
        *(
            "checkpoint_list",
            "run",
            "array_parts",
            "bundle",
            "find_model",
            "onnx_file",
            "find_checkpoint",
            "create",
        ),
        "leakage",
        *("ranker_file", "out_of_fold_file", "case_index_file"),
        *("trained_cases_file", "labelled_cases", "results"),
        "thresholds_file",
        "model_digest",
    ),
    "models": (
        *("fast_lstm", "losses", "pooling", "lstm_classifier", "onnx_graph", "flops"),
        *("word2vec_format", "embedding_init", "word_vectors", "lstm_logits"),
    ),
    "training": (
        *("optimizers", "schedules", "checkpoints", "warm_start", "setup"),
        *("train_step", "throughput", "validation", "initialization", "out_of_fold_nets"),
        *("fit_ranker", "onnx_export", "fit_case_index", "tensorboard", "loop", "dry_run"),
    ),
    "inference": (
        *("engines", "load_scorer", "score_cases", "tune", "baseline", "evaluate"),
        *("encode_cases", "fact_parts", "explain", "recommender", "model_source"),
    ),
    "diagnostics": ("reports", "run_info", "doctor"),
    "search": (
        *("space", "trial_process", "journal", "study", "results", "run_trials"),
        "hyperparameter_search",
    ),
    "reporting": (
        *("tables", "progress_bars", "runs_text", "training_text", "law_text"),
        *("html_page", "audit_text", "audit_html", "plots", "evaluation_text"),
        *("evaluation_sections", "evaluation_html", "search_text", "search_html"),
    ),
    "reporting.answers": (
        *("fields", "cells", "highlights", "explanation_text", "table", "html", "parquet"),
        *("bad_line_file", "writers"),
    ),
    "export": (
        *("cail_answers", "int8_model", "savedmodel", "bundle", "cail_archive", "cail_predictor"),
    ),
    "serving": (
        *("service_config", "problems", "batching", "metrics", "loaded_model", "workers"),
        *(
            "service",
            "guard",
            "request_bodies",
            "feedback",
            "case_files",
            "responses",
            "api",
            "kserve",
            "page",
            "app",
            "server",
        ),
    ),
    "cluster": ("shard_folder", "ray_cluster", "predict_shards", "cluster_trials"),
    "cli.shared": ("printing", "option_types", "options", "option_values", "interrupts"),
    "cli": (
        *("audit", "split", "prepare", "verify"),
        *("embed", "train", "search", "tune_thresholds", "baseline", "evaluate", "predict"),
        "serve",
        *("export", "info", "articles", "doctor"),
    ),
}
ORDER = (
    "lawrec",
    *(f"lawrec.{module}" for module in FOUNDATION),
    *(
        name
        for package, modules in HOUSE.items()
        for name in (
            # The command line's door stands behind its commands: it names them all.
            *([] if package == "cli" else [f"lawrec.{package}"]),
            *(f"lawrec.{package}.{module}" for module in modules),
        )
    ),
    "lawrec.cli",
    "lawrec.__main__",
)
IMPORT_TENSORFLOW = {
    *("lawrec.devices.tensorflow_start", "lawrec.devices.distributed", "lawrec.devices.configure"),
    *(
        "lawrec.corpus.records.tfrecords",
        "lawrec.corpus.records.input_pipeline",
        "lawrec.diagnostics.doctor",
    ),
    *(f"lawrec.models.{module}" for module in HOUSE["models"]),
    *(f"lawrec.training.{module}" for module in HOUSE["training"]),
    "lawrec.export.savedmodel",
}
"""The modules that may import TensorFlow or Keras themselves."""
WITHOUT_TENSORFLOW = (
    "law",
    "corpus.audit",
    "evaluation",
    "decision",
    "ranking",
    "runs",
    "reporting",
    "serving",
)
"""The packages that import without TensorFlow, even through other modules."""
SEEN_BY_DECISION = {
    "errors",
    "translation",
    "types",
    "registry",
    "config",
    "evaluation",
    "decision",
}
FORBIDDEN_NAMES = {"utils", "common", "helpers", "manager", "base"}
MOST_FILES = 17
SLOW = {
    *("tensorflow", "keras", "pandas", "sklearn", "matplotlib"),
    *("jieba", "rjieba", "rensa", "pyarrow", "optuna", "fastapi", "pydantic", "uvicorn"),
    *("onnx", "onnxruntime"),
}


def name_of(path):
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports(source):
    """The modules that a source imports; `from lawrec import config` counts as lawrec.config."""
    found = set()
    for node in ast.walk(ast.parse(source)):
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
    return imports(SOURCES[name].read_text(encoding="utf-8"))


def is_ours(module):
    return module.startswith(".") or module.split(".")[0] == "lawrec"


def misplaced(name, imported):
    """What a module imports of ours although it does not stand before it."""
    before = ORDER[: ORDER.index(name)]
    return sorted(module for module in imported if is_ours(module) and module not in before)


def unseen_by_decision(imported):
    """What a module of the decision package imports although it must not see it."""
    return sorted(
        module
        for module in imported
        if is_tensorflow(module)
        or (is_ours(module) and module.partition(".")[2].partition(".")[0] not in SEEN_BY_DECISION)
    )


def is_tensorflow(module):
    return module.split(".")[0] in {"tensorflow", "keras"}


def modules_loaded_with(*modules):
    """All modules that a new process has loaded when it has imported these."""
    code = f"import sys, json, {', '.join(modules)}; print(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("name", SOURCES)
def test_every_module_has_its_place_in_the_order(name):
    assert name in ORDER


def test_every_place_in_the_order_has_a_module():
    assert set(ORDER) == set(SOURCES)


@pytest.mark.parametrize("name", [name for name in SOURCES if name in ORDER])
def test_a_module_imports_only_what_stands_before_it(name):
    assert misplaced(name, imports_of(name)) == []


@pytest.mark.parametrize("name", [name for name in SOURCES if name.startswith("lawrec.decision")])
def test_decision_sees_only_what_is_numpy(name):
    assert unseen_by_decision(imports_of(name)) == []


@pytest.mark.parametrize("name", sorted(set(SOURCES) - IMPORT_TENSORFLOW))
def test_only_named_modules_import_tensorflow(name):
    # This module imports TensorFlow before any other does, to silence it.
    allowed = {"tensorflow"} if name == "lawrec.devices.tensorflow_start" else set()
    assert {module for module in imports_of(name) if is_tensorflow(module)} <= allowed


@pytest.mark.parametrize("name", sorted(set(SOURCES) - {"lawrec.devices.onnxruntime_start"}))
def test_only_one_module_imports_onnx_runtime(name):
    # It keeps ONNX Runtime from reporting its use.
    assert "onnxruntime" not in imports_of(name)


@pytest.mark.parametrize("package", WITHOUT_TENSORFLOW)
def test_packages_without_tensorflow_load_none(package):
    modules = [f"lawrec.{package}.{module}" for module in HOUSE[package]]
    assert not set(filter(is_tensorflow, modules_loaded_with(*modules)))


@pytest.mark.parametrize("name", SOURCES)
def test_nothing_is_imported_for_types_alone(name):
    assert "TYPE_CHECKING" not in SOURCES[name].read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SOURCES)
def test_no_file_can_run_code(name):
    # SECURITY.md promises it: files may come from strangers.
    assert imports_of(name) & {"pickle", "marshal", "shelve", "dill", "joblib", "yaml"} == set()
    calls = [
        node
        for node in ast.walk(ast.parse(SOURCES[name].read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]
    assert {ast.unparse(call.func) for call in calls} & {"eval", "exec", "pd.read_pickle"} == set()
    loads = [ast.unparse(call) for call in calls if ast.unparse(call.func) == "np.load"]
    assert [call for call in loads if "allow_pickle=False" not in call] == []


def test_nothing_is_called_by_a_name_that_says_nothing():
    assert FORBIDDEN_NAMES & {path.stem for path in PACKAGE.rglob("*")} == set()


def test_the_guide_tells_the_order_of_the_packages():
    guide = " ".join((REPOSITORY / "docs" / "architecture.md").read_text("utf-8").split())
    names = ", ".join(f"`{package}`" for package in HOUSE)
    assert f"(the modules directly in `lawrec/`), {names}." in guide


@pytest.mark.parametrize("package", HOUSE)
def test_a_package_has_so_many_files_at_most(package):
    assert len(HOUSE[package]) <= MOST_FILES


def test_the_tests_stand_as_the_package_does():
    tests = set(REPOSITORY.glob("tests/**/test_*.py"))
    places = {
        "/".join(path.relative_to(REPOSITORY / "tests").with_suffix("").parts) for path in tests
    }
    modules = {
        f"{package.replace('.', '/')}/test_{module}"
        for package, names in HOUSE.items()
        for module in names
    } | {f"test_{module}" for module in FOUNDATION}
    others = {"cli/test_cli"} | {
        f"test_{name}"
        for name in (
            *("architecture", "benchmarks", "bounds", "chinese", "cluster_page", "conventions"),
            *(
                "damage",
                "docs",
                "extra_cases",
                "patterns",
                "peers",
                "predict_environment",
                "sample",
                "shipped_model",
                "vocab_files",
            ),
        )
    }
    places = {place for place in places if not place.startswith("fuzz/")}
    assert places - modules <= others


@pytest.mark.parametrize(
    "modules",
    [
        ["lawrec.cli", *(f"lawrec.cli.{module}" for module in HOUSE["cli"])],
        [f"lawrec.decision.{module}" for module in HOUSE["decision"]],
        [f"lawrec.reporting.{module}" for module in ("tables", "answers.writers", "runs_text")],
    ],
    ids=["cli", "decision", "reporting"],
)
def test_nothing_slow_is_imported_with(modules):
    assert SLOW & modules_loaded_with(*modules) == set()


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("corpus.cases", "from lawrec.models.pooling import x", ["lawrec.models.pooling"]),
        (
            "corpus.cases",
            "import lawrec.corpus.records.tfrecords",
            ["lawrec.corpus.records.tfrecords"],
        ),
        (
            "corpus.cases",
            "from lawrec.corpus.records import tfrecords",
            ["lawrec.corpus.records.tfrecords"],
        ),
        ("corpus.cases", "def f():\n    import lawrec.cli", ["lawrec.cli"]),
        ("corpus.cases", "if TYPE_CHECKING:\n    import lawrec.cli", ["lawrec.cli"]),
        ("corpus.cases", "from lawrec import cli, __version__", ["lawrec.cli"]),
        ("corpus.cases", "from . import articles", ["."]),
        ("corpus.cases", "import lawrec.new", ["lawrec.new"]),
        ("config", "from lawrec.corpus.cases import Case", ["lawrec.corpus.cases"]),
        (
            "inference.tune",
            "from lawrec.inference.recommender import x",
            ["lawrec.inference.recommender"],
        ),
        ("corpus.cases", "import csv\nfrom lawrec.law.catalog import Article", []),
        ("cli", "from lawrec import __version__, config", []),
    ],
)
def test_an_import_of_what_does_not_stand_before_is_found(name, source, expected):
    assert misplaced(f"lawrec.{name}", imports(source)) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import tensorflow as tf", ["tensorflow"]),
        ("from keras import ops", ["keras"]),
        ("from lawrec.storage.files import sha256", ["lawrec.storage.files"]),
        ("from lawrec.corpus.cases import Case", ["lawrec.corpus.cases"]),
        ("import numpy\nfrom lawrec import config\nfrom lawrec.decision.recommend import x", []),
    ],
)
def test_an_import_that_decision_must_not_have_is_found(source, expected):
    assert unseen_by_decision(imports(source)) == expected
