"""Predicting with a bundle needs nothing but what requirements/predict.txt names.

Serving needs requirements/serve.txt besides. `make predict-env` builds such an environment, which
needs a network. Here, a new process refuses to import what this environment has besides.
"""

import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lawrec.cli.serve import serve
from lawrec.serving.server import server_config
from lawrec.serving.service_config import ServiceConfig
from tests.helpers.cli import lawrec

REPOSITORY = Path(__file__).parents[1]
FACTS = (
    "被告人赵某深夜翻窗进入被害人家中，盗走黄金首饰。\n\n被告人钱某持刀将被害人刺伤，构成轻伤。\n"
)
REFUSE = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name in absent or name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

absent = set(sys.argv[1].split(","))
sys.meta_path.insert(0, Refuse())
"""
COMMAND = f"{REFUSE}\nfrom lawrec.cli import cli\ncli(sys.argv[2:], prog_name='lawrec')"
LIBRARY = f"""{REFUSE}
from lawrec import Recommender
[answer] = Recommender.load()("被告人赵某深夜翻窗进入被害人家中，盗走黄金首饰。")
print(answer.decision.recommendations[0].article)
"""
SERVICE = f"""{REFUSE}
from lawrec.serving.app import create_app
from lawrec.serving.loaded_model import load_model
from lawrec.serving.server import server_config
from lawrec.serving.service_config import ServiceConfig, check_service
config = ServiceConfig()
check_service(config)
app = create_app(config, load_model(config))
server_config(config, app, log_level="info").load()
print(app.openapi()["info"]["title"])
"""


def packages_with_their_own(names):
    """Return packages and all that they need, in turn."""
    known, new = set(), {canonicalize_name(name) for name in names}
    while new:
        name = new.pop()
        known.add(name)
        needed = (Requirement(each) for each in requires(name) or [])
        needed = {canonicalize_name(n.name) for n in needed if not n.marker or n.marker.evaluate()}
        new |= needed - known
    return known


def removed_modules():
    """Return what the Dockerfile deletes from packages that it has installed."""
    [line] = re.findall(r"rm -r (.+) &&", (REPOSITORY / "Dockerfile").read_text("utf-8"))
    return {path.replace("/", ".") for path in line.split()}


def absent_with(*files):
    """Return the modules that are not there where nothing but these requirements is.

    Nor is what the image is without, so that nothing that works in these tests fails in the image.
    """
    texts = [(REPOSITORY / "requirements" / name).read_text("utf-8") for name in files]
    lines = "\n".join(texts).splitlines()
    named = [Requirement(line).name for line in lines if line and line[0] not in "#-"]
    present = {"lawrec", *packages_with_their_own(named)}
    return {
        module
        for module, owners in packages_distributions().items()
        if not present & {canonicalize_name(owner) for owner in owners}
    } | removed_modules()


@pytest.fixture(scope="module")
def absent():
    """The top modules that predicting must do without."""
    return absent_with("predict.txt")


@pytest.fixture
def run(absent, tmp_path):
    """Run Python in an empty folder; return what it printed."""

    def run(code, *arguments, stdin=FACTS):
        environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
        command = [sys.executable, "-c", code, ",".join(absent), *map(str, arguments)]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, input=stdin, capture_output=True, text=True
        )

    return run


def test_what_is_absent_is_most(absent):
    assert {
        "tensorflow",
        "keras",
        "pandas",
        "sklearn",
        "scipy",
        "rensa",
        "pyarrow",
        "onnx",
    } < absent
    assert not absent & {"lawrec", "numpy", "click", "jieba", "rich", "onnxruntime"}


@pytest.mark.parametrize("form", ["json", "table", "csv"])
def test_the_shipped_model_answers(run, form):
    done = run(COMMAND, "predict", "--format", form)
    assert done.returncode == 0, done.stderr
    assert "盗窃罪" in done.stdout and "故意伤害罪" in done.stdout
    if form == "json":
        articles = [json.loads(line).get("articles", []) for line in done.stdout.splitlines()]
        assert [each[:1] for each in articles] == [["264"], [], ["234"]]


@pytest.mark.tensorflow
def test_a_bundle_with_an_lstm_answers_as_its_run_does(run, ranked, tmp_path):
    path = tmp_path / "mine.lawrec"
    where = ("--checkpoints", ranked.checkpoints)
    packed = lawrec("export", "bundle", *where, "--output", path)
    assert packed.exit_code == 0, packed.stderr
    (tmp_path / "facts.txt").write_text(FACTS, "utf-8")
    expected = lawrec("predict", tmp_path / "facts.txt", *where, "--top-k", 3, "--format", "json")
    done = run(COMMAND, "predict", "facts.txt", "--model", path, "--top-k", 3, "--format", "json")
    assert done.returncode == 0, done.stderr
    answers, again = (
        [json.loads(line) for line in text.splitlines()] for text in (expected.stdout, done.stdout)
    )
    assert [list(each) for each in again] == [list(each) for each in answers]
    for answer, other in zip(answers, again, strict=True):
        assert other.get("recommendations") == answer.get("recommendations")
    info = run(COMMAND, "info", "--model", path)
    assert "onnx/model.onnx" in info.stdout, info.stderr


def test_the_library_answers(run):
    assert run(LIBRARY).stdout == "264\n"


def test_a_command_that_needs_more_says_so(run):
    done = run(COMMAND, "train")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "Error: tensorflow: the package must be installed, got no such module. "
        "Run pip install lawrec: requirements/predict.txt is for predicting with bundles alone."
    )


def test_the_service_starts_with_its_own_requirements(tmp_path):
    absent = absent_with("predict.txt", "serve.txt")
    assert {"tensorflow", "pandas", "sklearn", "httpx"} <= absent
    command = [sys.executable, "-c", SERVICE, ",".join(absent)]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout == "lawrec\n", done.stderr


def test_the_image_is_without_what_nothing_imports():
    removed = removed_modules()
    assert {"jieba.posseg", "onnxruntime.transformers"} < removed
    assert all(importlib.util.find_spec(name) for name in removed)


def test_the_image_the_service_and_the_compose_file_agree():
    dockerfile = (REPOSITORY / "Dockerfile").read_text("utf-8")
    compose = yaml.safe_load((REPOSITORY / "compose.yaml").read_text("utf-8"))
    scraped = yaml.safe_load(compose["configs"]["prometheus"]["content"])
    port, service = ServiceConfig().port, compose["services"]["lawrec"]
    assert re.findall(r"^EXPOSE (.+)$", dockerfile, re.MULTILINE) == [str(port)]
    assert f"http://127.0.0.1:{port}/health/ready" in dockerfile
    assert service["ports"] == [f"127.0.0.1:{port}:{port}"]
    [job] = scraped["scrape_configs"]  # of which /metrics is the default path
    assert job["static_configs"] == [{"targets": [f"lawrec:{port}"]}]
    default = json.loads(re.findall(r"^CMD (.+)$", dockerfile, re.MULTILINE)[-1])
    for command in (default, service["command"]):
        parsed = serve.make_context("serve", command[1:]).params
        assert (command[0], parsed["host"], parsed["port"]) == ("serve", "0.0.0.0", port)
    seconds = int(service["stop_grace_period"].removesuffix("s"))
    assert (
        seconds > server_config(ServiceConfig(), None, log_level="info").timeout_graceful_shutdown
    )
    # What the user may not write is a module that is compiled at each start, unless it is before.
    assert dockerfile.count("pip install") == dockerfile.count("--no-compile")
    assert dockerfile.count("compileall -q --invalidation-mode unchecked-hash") == 2


def test_the_image_has_what_the_package_ships():
    ignored = (REPOSITORY / ".dockerignore").read_text("utf-8").splitlines()
    shipped = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    targets = shipped["tool"]["hatch"]["build"]["targets"]["wheel"]
    paths = (*targets["packages"], *targets["force-include"])
    assert {f"!{path}" for path in paths} < set(ignored)
    extra = shipped["project"]["optional-dependencies"]["serve"]
    listed = (REPOSITORY / "requirements/serve.txt").read_text("utf-8").splitlines()
    assert listed[-len(extra) :] == extra
