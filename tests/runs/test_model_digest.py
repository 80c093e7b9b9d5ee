import json
import shutil

import pytest

from lawrec.inference.recommender import Recommender
from lawrec.runs import model_digest
from lawrec.runs.bundle import TITLES
from lawrec.storage.resources import SHIPPED_MODEL, shipped_path
from tests.helpers.bundles import read_parts, write_bundle


@pytest.fixture
def digest_of():
    """From the path of a bundle to its digest."""
    return lambda path: Recommender.load(path).digest


def test_the_digest_does_not_depend_on_the_place(digest_of, tmp_path):
    shipped = shipped_path(SHIPPED_MODEL)
    assert digest_of(shutil.copy(shipped, tmp_path / "mine.lawrec")) == digest_of(shipped)


@pytest.mark.parametrize("article", ["264", "234"])
def test_another_title_is_another_answer(digest_of, tmp_path, article):
    parts = read_parts(shipped_path(SHIPPED_MODEL))
    titles = json.loads(parts[TITLES]) | {article: "另一个罪名"}
    other = write_bundle(tmp_path / "other.lawrec", parts | {TITLES: json.dumps(titles).encode()})
    assert digest_of(other) != digest_of(shipped_path(SHIPPED_MODEL))


def test_other_code_that_scores_is_another_model(digest_of, monkeypatch):
    before = digest_of(shipped_path(SHIPPED_MODEL))
    monkeypatch.setattr(model_digest, "SCORING_VERSION", 99)
    assert digest_of(shipped_path(SHIPPED_MODEL)) != before
