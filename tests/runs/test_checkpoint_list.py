import pytest

from lawrec.errors import RunError
from lawrec.runs.checkpoint_list import (
    add_to_list,
    checkpoint_digest,
    damage_of,
    read_checkpoint_list,
    write_checkpoint_list,
)
from tests.helpers.damages import flip, rewrite, swap


def save(folder, step, content="weights"):
    for ending in ("index", "data-00000-of-00001"):
        (folder / f"model.ckpt-{step}.{ending}").write_text(f"{content} {ending}", "utf-8")
    add_to_list(folder, f"model.ckpt-{step}", max_to_keep=2)


def names(folder):
    return [listed.name for listed in read_checkpoint_list(folder)]


@pytest.fixture
def run(tmp_path):
    """Two runs side by side, each with best checkpoints; return the folder of the first."""
    for name in ("first", "second"):
        folder = tmp_path / name
        (folder / "best").mkdir(parents=True)
        (folder / "run.json").write_text(name, "utf-8")
        write_checkpoint_list(folder)
        write_checkpoint_list(folder / "best")
        save(folder / "best", 4, name)
    return tmp_path / "first"


def test_the_oldest_checkpoints_are_deleted_once_the_new_one_is_listed(run):
    assert names(run) == []
    for step in (1, 10, 9):
        save(run, step)
    assert names(run) == ["model.ckpt-10", "model.ckpt-9"]
    assert {path.stem for path in run.glob("model.*")} == {"model.ckpt-10", "model.ckpt-9"}
    assert names(run / "best") == ["model.ckpt-4"]


def test_a_checkpoint_that_is_saved_again_is_listed_once_with_its_new_digest(run):
    best = run / "best"
    before = checkpoint_digest(str(best / "model.ckpt-4"))
    save(best, 5)
    save(best, 4, "other weights")
    assert names(best) == ["model.ckpt-5", "model.ckpt-4"]
    assert checkpoint_digest(str(best / "model.ckpt-4")) != before
    assert [damage_of(best, listed) for listed in read_checkpoint_list(best)] == ["", ""]


def test_step_1_has_not_the_files_of_step_10(run):
    for step in (10, 1):
        save(run, step)
    assert sorted(read_checkpoint_list(run)[1].files) == [
        "model.ckpt-1.data-00000-of-00001",
        "model.ckpt-1.index",
    ]


def test_a_damaged_file_of_a_checkpoint_is_named(run):
    flip(run / "best/model.ckpt-4.index")
    [listed] = read_checkpoint_list(run / "best")
    assert damage_of(run / "best", listed) == "other bytes: model.ckpt-4.index"


def test_the_best_checkpoints_of_another_run_are_refused(run):
    swap(run / "best", run.with_name("second") / "best")
    with pytest.raises(RunError, match="the checkpoints must be those of this run"):
        read_checkpoint_list(run / "best")


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"checkpoints": [], "run": ""}'])
def test_a_list_that_is_missing_or_damaged_is_refused(run, content):
    path = run / "checkpoints.json"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(RunError, match="the list of checkpoints must be undamaged") as caught:
        read_checkpoint_list(run)
    assert caught.value.where == str(path)


def test_no_checkpoint_is_added_to_a_damaged_list(run):
    save(run, 1)
    flip(run / "checkpoints.json")
    before = (run / "checkpoints.json").read_bytes()
    with pytest.raises(RunError, match="the list of checkpoints must be undamaged"):
        save(run, 2)
    assert (run / "checkpoints.json").read_bytes() == before
    assert (run / "model.ckpt-1.index").is_file()


@pytest.mark.parametrize("name", ["../second/best/model.ckpt-4", "/dev/zero", "..", ""])
def test_a_list_that_names_files_outside_its_folder_is_refused(run, name):
    for listed in ({"name": name, "files": {}}, {"name": "a", "files": {name: "0" * 64}}):
        rewrite(run / "checkpoints.json", checkpoints=[listed])
        with pytest.raises(RunError, match="is not the name of a file in the folder"):
            read_checkpoint_list(run)


def test_a_checkpoint_that_is_not_listed_has_no_digest(run):
    with pytest.raises(RunError, match="the list must have model"):
        checkpoint_digest(str(run / "best/model.ckpt-5"))
