import json

import pytest

from lawrec.errors import CaseError, ConfigError
from lawrec.search.study import SearchPlan
from tests.helpers.searches import small_space

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def search(tmp_path):
    """Return a function that searches on the cases in a folder."""
    from lawrec.corpus.records.dataset_spec import DatasetSpec
    from lawrec.search.hyperparameter_search import search

    roots = {"records_root": tmp_path / "records", "vocab_root": tmp_path / "vocab"}
    return lambda data: search(
        tmp_path / "study",
        small_space("corpus.tokenizer=char"),
        dataset=DatasetSpec(data, **roots),
        plan=SearchPlan(trials=1),
    )


def test_a_cluster_of_workers_is_refused(search, tmp_path, monkeypatch):
    cluster = {"worker": ["localhost:12345", "localhost:12346"]}
    task = {"type": "worker", "index": 0}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": task}))
    with pytest.raises(ConfigError, match="must train each trial on this machine alone"):
        search(tmp_path)


def test_cases_that_cannot_be_used_leave_no_study(search, tmp_path):
    (tmp_path / "data").mkdir()
    with pytest.raises(CaseError):
        search(tmp_path / "data")
    assert not (tmp_path / "study").exists()
