from datetime import UTC, datetime

import pytest

from lawrec.errors import ConfigError, RunError

pytestmark = pytest.mark.tensorflow


class PowerCutError(Exception):
    """Stands for kill -9."""


def test_lists_that_the_settings_do_not_name_are_not_copied(start_run):
    run, _ = start_run()
    assert sorted(path.name for path in run.folder.iterdir()) == [
        "articles.txt",
        "best",
        "charges.txt",
        "checkpoints.json",
        "dictionary.txt",
        "manifest.json",
        "run.json",
        "tokens.txt",
    ]


def test_runs_that_start_in_the_same_second_get_folders_of_their_own(start_run, monkeypatch):
    from lawrec.runs.create import create_run

    class FixedTime(datetime):
        @classmethod
        def now(cls, zone):
            return datetime(2026, 3, 1, 9, 5, 7, tzinfo=UTC)

    run, records = start_run()
    root = run.folder.parent
    monkeypatch.setattr("lawrec.runs.create.datetime", FixedTime)
    runs = [create_run(root, run.config, records=records, dataset=run.dataset) for _ in range(3)]
    first = f"20260301-090507-{records.folder.name}"
    assert [run.folder.name for run in runs] == [first, f"{first}-2", f"{first}-3"]
    create_run(root, run.config, records=records, dataset=run.dataset, name="mine")
    with pytest.raises(RunError, match="a new run must have a new name"):
        create_run(root, run.config, records=records, dataset=run.dataset, name="mine")


def test_a_run_is_created_completely_or_not_at_all(start_run, tmp_path, monkeypatch):
    def stop(*file):
        raise PowerCutError

    with monkeypatch.context() as patched:
        patched.setattr("lawrec.runs.create.write_json", stop)
        with pytest.raises(PowerCutError):
            start_run(root=tmp_path, name="mine")
    assert list((tmp_path / "checkpoints").iterdir()) == []
    assert start_run(root=tmp_path, name="mine")[0].folder.name == "mine"


def test_a_file_where_the_folder_of_runs_should_be_is_an_error(start_run, tmp_path):
    (tmp_path / "checkpoints").touch()
    with pytest.raises(FileExistsError):
        start_run(root=tmp_path)


def test_a_second_output_without_any_charge_is_refused(start_run):
    with pytest.raises(ConfigError) as caught:
        start_run("loss.charge_weight=0.5")
    assert str(caught.value) == (
        "loss.charge_weight: a train case must name its charges to learn them, got none. "
        "Set it to 0, or add cases with charges by --extra FILE."
    )
