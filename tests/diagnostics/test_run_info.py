import json
import shutil

import pytest

from lawrec.diagnostics.run_info import inspect_run
from lawrec.ranking.character_ngrams import COLUMNS
from lawrec.runs.run import find_run
from tests.helpers.bundles import read_parts, write_bundle
from tests.helpers.cli import lawrec
from tests.helpers.damages import flip

pytestmark = pytest.mark.tensorflow


def ranker_of(workplace):
    return inspect_run(find_run(workplace.checkpoints, None)).ranker


def test_a_ranker_is_described(ranked):
    ranker = ranker_of(ranked)
    n_tokens = inspect_run(find_run(ranked.checkpoints, None)).tokens
    assert (ranker.status, ranker.models) == ("in use", ["words", "characters", "lstm"])
    assert (ranker.candidates, ranker.trees) == (10, 20)
    assert ranker.parameters == (n_tokens + COLUMNS + 2) * 3
    shares = list(ranker.importances.values())
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1)
    assert {"words: margin", "lstm: rank", "co-citation"} <= ranker.importances.keys()


def test_a_run_without_one_says_so(trained):
    ranker = ranker_of(trained)
    assert (ranker.status, ranker.models) == ("none: the LSTM alone decides", [])


def test_an_untrained_run_has_none_yet(start_run):
    run, _ = start_run("ranking.second_stage=true")
    assert inspect_run(run).ranker.status == "none yet"


@pytest.mark.parametrize("name", ["weights.npz", "manifest.json"])
def test_a_damaged_one_is_unusable(ranked, name, tmp_path):
    shutil.copytree(ranked.checkpoints, tmp_path / "checkpoints")
    run = find_run(tmp_path / "checkpoints", None)
    flip(run.folder / "ranker" / name)
    result = lawrec("info", "--model", run.folder)
    assert result.exit_code == 0
    assert f"ranker       unusable: {run.folder}/ranker: " in result.stdout


def test_the_command_shows_it(ranked):
    where = ("--checkpoints", ranked.checkpoints)
    lines = lawrec("info", *where).stdout.splitlines()
    [second_stage] = [line for line in lines if line.startswith("second stage ")]
    assert second_stage.endswith("20 trees on 30 features of 10 candidates per case")
    ranker = json.loads(lawrec("info", *where, "--format", "json").stdout)["ranker"]
    assert ranker["models"] == ["words", "characters", "lstm"]


def test_a_bundle_with_the_network_of_another_run_is_refused(ranked, trained, tmp_path):
    paths = [tmp_path / "ranked.lawrec", tmp_path / "trained.lawrec"]
    for path, workplace in zip(paths, (ranked, trained), strict=True):
        where = ("--checkpoints", workplace.checkpoints, "--output", path)
        assert lawrec("export", "bundle", *where).exit_code == 0
    own, other = map(read_parts, paths)
    path = write_bundle(paths[0], own | {"onnx/manifest.json": other["onnx/manifest.json"]})
    result = lawrec("info", "--model", path)
    assert result.exit_code == 1
    assert f"Error: {path}/onnx: the exported model must be that of the run" in result.stderr
