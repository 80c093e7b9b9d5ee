import shutil
from dataclasses import replace

import pytest

from lawrec import config_sources
from lawrec.corpus.records.dataset_spec import DatasetSpec, RunSpec
from lawrec.errors import CaseError, ConfigError, RunError
from lawrec.runs.run import open_run
from lawrec.training.loop import train
from lawrec.training.setup import open_records, set_up_training
from tests.helpers.cases import CHARGE_SETTINGS, SETTINGS

pytestmark = pytest.mark.tensorflow
WITHOUT_LSTM = ("ranking.lstm_feature=false", "ranking.lstm_share=0")


@pytest.fixture
def new(tiny_data, tmp_path):
    """What a new run is created from: cases in a folder of their own, with their records."""
    data = shutil.copytree(tiny_data, tmp_path / "data")
    dataset = DatasetSpec(data, records_root=tmp_path / "records", vocab_root=tmp_path / "vocab")
    return RunSpec(config_sources.load(None, (*SETTINGS, "training.max_steps=1")), dataset)


def test_a_damaged_shard_does_not_stop_a_new_training(new, tmp_path):
    setup = set_up_training(tmp_path / "runs", "first", new=new)
    setup.records.shard_paths("train")[0].write_bytes(b"")
    assert len(list(train(set_up_training(tmp_path / "runs", "second", new=new)))) == 1


def test_without_a_valid_split_nothing_is_prepared_and_no_run_made(new, tmp_path):
    (new.dataset.data / "valid.json").unlink()
    with pytest.raises(CaseError) as caught:
        set_up_training(tmp_path / "runs", None, new=new)
    assert str(caught.value) == (
        f"{new.dataset.data}: with ranking.second_stage=false there must be a valid split, to tune "
        "thresholds on, got only train, test. Add a valid.json: `lawrec split` makes one. "
        "Or train with ranking.second_stage=true, which scores train cases out of fold."
    )
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_run_to_start_from_that_is_not_there_is_refused_before_the_preparation(new, tmp_path):
    with pytest.raises(RunError):
        set_up_training(tmp_path / "runs", None, new=RunSpec(new.config, new.dataset, "nowhere"))
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize(
    "name", [".", "..", "mine/..", "/", "x" * 256, "案" * 86, "mine/first", "/tmp/first", "first/"]
)
def test_a_name_that_no_folder_can_have_is_refused_before_the_preparation(new, tmp_path, name):
    with pytest.raises(RunError) as caught:
        set_up_training(tmp_path / "runs", name, new=new)
    assert caught.value.where == "--run"
    assert caught.value.todo == "Choose another --run, and its folder with --checkpoints."
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_run_to_start_from_is_refused_where_no_score_depends_on_its_weights(new, tmp_path):
    for settings in (("ranking.lstm_share=0",), ("ranking.second_stage=true", *WITHOUT_LSTM)):
        config = config_sources.assign(new.config, settings)
        with pytest.raises(ConfigError) as caught:
            set_up_training(tmp_path / "runs", None, new=RunSpec(config, new.dataset, "first"))
        assert (caught.value.where, caught.value.got) == ("--start-from", "none")
    config = config_sources.assign(new.config, [*WITHOUT_LSTM, "ranking.lstm_share=0.1"])
    with pytest.raises(RunError, match="must be the name of a run"):
        set_up_training(tmp_path / "runs", None, new=RunSpec(config, new.dataset, "first"))
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_an_opened_run_has_the_records_it_was_made_for(start_run, charged_cases, tmp_path):
    run, records = start_run(*CHARGE_SETTINGS, extra=(charged_cases,), root=tmp_path)
    opened = open_run(run.folder)
    roots = {"records_root": tmp_path / "data/records", "vocab_root": tmp_path / "vocab"}
    again = open_records(replace(opened, dataset=replace(opened.dataset, **roots)))
    assert again == records


def moved(new, tmp_path):
    """Create a run, move its cases, and return where they are now."""
    set_up_training(tmp_path / "runs", "first", new=new)
    return shutil.move(new.dataset.data, tmp_path / "moved")


def resumed(tmp_path, data=None):
    return set_up_training(tmp_path / "runs", "first", new=None, data=data)


def test_a_run_whose_cases_are_gone_says_so_and_how_to_name_them(new, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = moved(new, tmp_path)
    with pytest.raises(RunError) as caught:
        resumed(tmp_path)
    assert caught.value.got == f"no {new.dataset.data}"
    assert caught.value.todo.endswith("name the folder where they are now with --data.")
    setup = resumed(tmp_path, data)
    assert setup.records.tokens == setup.run.tokens
    assert len(list(train(setup))) == 1


def test_other_cases_are_not_taken_for_those_of_a_run(new, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = moved(new, tmp_path)
    (data / "train.json").write_bytes((data / "train.json").read_bytes() * 2)
    with pytest.raises(RunError, match="train a new run"):
        resumed(tmp_path, data)
