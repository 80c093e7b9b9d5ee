"""Models: a name stands for one run or bundle, and never for another one in silence."""

from pathlib import Path

import pytest

from lawrec.errors import RunError
from lawrec.runs import find_model
from lawrec.runs.find_model import open_model
from tests.helpers.bundles import write_bundle

PARTS = {"run.json": b"{}", "ranker/weights.npz": bytes(range(90))}


def test_a_folder_is_opened_where_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(find_model, "find_run", lambda root, name: (root, name))
    (tmp_path / "mine").mkdir()
    for name in ("mine", str(tmp_path / "mine"), "no-such-run", ""):
        with open_model(tmp_path, name) as found:
            assert found == (tmp_path, name)


def test_a_bundle_is_found_among_the_runs_or_by_its_path(opened, tmp_path):
    path = write_bundle(tmp_path / "mine.lawrec", PARTS)
    for root, name in ((path.parent, "mine.lawrec"), (path.parent / "none", str(path))):
        with open_model(root, name) as files:
            assert files == PARTS


def test_the_shipped_model_has_a_name_that_runs_may_take(opened, tmp_path, monkeypatch):
    (tmp_path / "package").mkdir()
    shipped = write_bundle(tmp_path / "package/criminal-law.lawrec", PARTS)
    monkeypatch.setattr(find_model, "shipped_path", lambda name: shipped)
    for name in ("criminal-law", "criminal-law.lawrec"):
        with open_model(tmp_path, name) as files:
            assert files == PARTS
    monkeypatch.setattr(find_model, "find_run", lambda root, name: (root, name))
    (tmp_path / "criminal-law").mkdir()
    with open_model(tmp_path, "criminal-law") as found:
        assert found == (tmp_path, "criminal-law")


@pytest.mark.parametrize(("name", "got"), [("absent", "no such folder"), ("file", "a file")])
def test_the_shipped_model_does_not_stand_for_a_missing_folder_of_runs(tmp_path, name, got):
    (tmp_path / "file").touch()
    with pytest.raises(RunError) as caught, open_model(tmp_path / name, None):
        pass
    assert (caught.value.where, caught.value.got) == (str(tmp_path / name), got)
    assert caught.value.expected == "it must be the folder of the runs"


@pytest.mark.parametrize("root", ["checkpoints", "HERE/checkpoints", "."])
def test_the_shipped_model_is_used_where_nothing_has_been_trained(tmp_path, monkeypatch, root):
    monkeypatch.chdir(tmp_path)
    with open_model(Path(root.replace("HERE", str(tmp_path))), None) as run:
        assert run.folder.name == "criminal-law"


def test_a_file_in_the_place_of_the_default_folder_is_no_folder_of_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("checkpoints").touch()
    with pytest.raises(RunError, match="got a file"), open_model(Path("checkpoints"), None):
        pass
