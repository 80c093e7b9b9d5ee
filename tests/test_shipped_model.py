"""The model that the project ships: what anyone gets who has trained nothing."""

import hashlib
import json
import re
import zipfile

import pytest
from click.testing import CliRunner

from lawrec.cli import cli
from lawrec.inference.recommender import Recommender
from lawrec.runs.bundle import open_bundle
from lawrec.runs.case_index_file import load_case_index
from lawrec.storage.resources import SHIPPED_MODEL, shipped_path
from lawrec.storage.seal import sealed
from tests.helpers.bundles import read_parts, write_bundle

MOST_BYTES = 20_000_000
FACTS = {
    "264": "被告人赵某深夜翻窗进入被害人家中，盗走黄金首饰和现金，共计价值人民币八千余元。",
    "234": "被告人钱某因琐事与被害人发生争执，持刀将被害人刺伤，经鉴定构成轻伤一级。",
    "266": "被告人孙某虚构可以办理贷款的事实，骗取被害人手续费人民币三万元后逃匿。",
    "347": "被告人周某以五百元的价格将一小包甲基苯丙胺贩卖给吸毒人员，当场被抓获。",
}


@pytest.fixture(scope="module")
def path():
    return shipped_path(SHIPPED_MODEL)


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_it_answers_what_the_readme_shows(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where no run takes its place
    text = shipped_path(name).read_text(encoding="utf-8")
    command, shown = re.search(r"\$ lawrec (.*) < .*\n\.\.\.\n(.*?)\n```", text, re.DOTALL).groups()
    facts = shipped_path("data/sample/facts.txt").read_text(encoding="utf-8")
    wide = {"COLUMNS": "100"}
    assert shown in CliRunner().invoke(cli, command.split(), input=facts, env=wide).stdout


def test_the_shipped_model_is_small_and_whole(path):
    with open_bundle(path) as run:
        assert len(run.articles) == 183
    assert path.stat().st_size < MOST_BYTES


def test_it_holds_words_and_no_sentences(path):
    with open_bundle(path) as run:
        assert run.config.corpus.min_cases == 5
        assert max(map(len, run.tokens.names)) <= 20
    for name, content in read_parts(path).items():
        if not name.endswith(".npz"):
            assert not re.search(r"[\u4e00-\u9fff]{20}", content.decode()), name


def test_it_keeps_a_few_words_of_each_train_case_and_its_line(path):
    with open_bundle(path) as run:
        index = load_case_index(run)
    assert index.case_ids == tuple(str(line) for line in range(1, 9_115))
    assert index.terms.shape == (9_114, 16)


def test_its_bytes_are_those_of_its_manifest_alone(path):
    with zipfile.ZipFile(path) as archive:
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("article", FACTS)
def test_it_knows_what_a_lawyer_knows(article):
    recommender = Recommender.load(shipped_path(SHIPPED_MODEL))
    [answer] = recommender(FACTS[article])
    assert answer.decision.recommendations[0].article == article


@pytest.mark.parametrize("article", FACTS)
def test_it_knows_similar_cases(article):
    answer = Recommender.load(shipped_path(SHIPPED_MODEL)).explain(FACTS[article])
    assert len(answer.similar_cases) == 3
    assert any(article in case.articles for case in answer.similar_cases)


def test_predict_uses_it_where_nothing_was_trained_and_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["predict", "--format", "json"], input=FACTS["264"])
    assert result.exit_code == 0
    assert '"articles": ["264"' in result.stdout
    assert "No run in checkpoints: using the shipped model" in result.stderr


def test_predict_prefers_a_run_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checkpoints" / "mine").mkdir(parents=True)
    (tmp_path / "checkpoints" / "mine" / "run.json").write_text("{}")
    result = CliRunner().invoke(cli, ["predict"], input=FACTS["264"])
    assert result.exit_code == 1
    assert "Name a run: mine" in result.stderr


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("best/checkpoints.json", {"checkpoints": []}, "the list of checkpoints must be undamaged"),
        ("titles.json", {"264": "盗窃罪"}, "there must be a title for each article"),
        ("thresholds.json", {"articles": []}, "the thresholds must be those of this run"),
        ("ranker/manifest.json", {"files": {}}, "must hold the run's linear SVMs"),
    ],
)
def test_a_bundle_that_a_stranger_wrote_is_refused_with_a_message(
    path, tmp_path, name, content, message
):
    parts = read_parts(path) | {name: json.dumps(content).encode()}
    result = CliRunner().invoke(
        cli, ["predict", "--model", str(write_bundle(tmp_path / "evil.lawrec", parts))]
    )
    assert result.exit_code == 1
    assert result.stderr.startswith(
        f"Error: {tmp_path}/evil.lawrec/{name.removesuffix('/manifest.json')}"
    )
    assert message in result.stderr


def test_a_bundle_without_any_checkpoint_is_refused_with_a_message(path, tmp_path):
    parts = read_parts(path)
    run = hashlib.sha256(parts["run.json"]).hexdigest()
    empty = sealed({"run": run, "checkpoints": []})
    evil = write_bundle(
        tmp_path / "evil.lawrec", parts | {"best/checkpoints.json": json.dumps(empty).encode()}
    )
    result = CliRunner().invoke(cli, ["predict", "--model", str(evil)])
    assert result.exit_code == 1
    assert f"Error: {evil}/checkpoints.json: the list of checkpoints" in result.stderr
