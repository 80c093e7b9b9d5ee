import shutil

import pytest

from lawrec import config
from lawrec.corpus.dataset_spec import DatasetSpec
from lawrec.errors import CaseError, RunError
from lawrec.training.loop import train
from lawrec.training.setup import RunSpec, set_up_training
from tests.helpers.cases import SETTINGS

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def new(tiny_data, tmp_path):
    """A new run of cases in a folder of their own, its records beside them."""
    data = shutil.copytree(tiny_data, tmp_path / "data")
    source = DatasetSpec(data, records_root=tmp_path / "records", vocab_root=tmp_path / "vocab")
    return RunSpec(config.load(None, (*SETTINGS, "training.max_steps=1")), source)


def test_a_damaged_shard_does_not_stop_a_new_training(new, tmp_path):
    _, _, records = set_up_training(tmp_path / "runs", "first", new=new)
    records.shard_paths("train")[0].write_bytes(b"")
    _, run, records = set_up_training(tmp_path / "runs", "second", new=new)
    assert len(list(train(run, records))) == 1


def test_without_a_valid_split_nothing_is_prepared_and_no_run_made(new, tmp_path):
    (new.source.data / "valid.json").unlink()
    with pytest.raises(CaseError) as caught:
        set_up_training(tmp_path / "runs", None, new=new)
    assert str(caught.value) == (
        f"{new.source.data}: a training must have a valid split, got only train, test. "
        "Put a valid.json into the folder."
    )
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_run_to_start_from_that_is_not_there_is_refused_before_the_preparation(new, tmp_path):
    with pytest.raises(RunError):
        set_up_training(tmp_path / "runs", None, new=RunSpec(new.config, new.source, "nowhere"))
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
