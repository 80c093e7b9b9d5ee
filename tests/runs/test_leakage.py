import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from lawrec.errors import CaseError, RunError
from lawrec.runs.leakage import refuse_same_cases, split_path
from lawrec.runs.run import SplitFile
from lawrec.storage.file_lists import content_digest

LINE = '{"fact": "盗窃", "meta": {"relevant_articles": [264]}}\n'


@pytest.fixture
def run(tmp_path):
    path = tmp_path / "valid.json"
    path.write_text(LINE, "utf-8")
    splits = {"valid": SplitFile(path, content_digest(path))}
    return SimpleNamespace(folder=tmp_path, splits=splits, trained_on=("a", "b"))


def test_a_split_is_found_as_long_as_its_cases_are_those_of_training(run):
    path = run.splits["valid"].path
    assert split_path(run, "valid") == path
    path.write_text(LINE * 2, "utf-8")
    with pytest.raises(CaseError, match="as they were when the run was trained, got changed cases"):
        split_path(run, "valid")
    path.unlink()
    with pytest.raises(CaseError, match="must be as they were when the run was trained"):
        split_path(run, "valid")


@pytest.mark.skipif(sys.platform == "win32", reason="has no such device")
def test_a_device_is_not_read_which_would_not_end(run):
    run.splits["valid"] = SplitFile(Path("/dev/zero"), "12")
    with pytest.raises(CaseError, match=r"/dev/zero: the valid cases must be as .* got no file"):
        split_path(run, "valid")


def test_a_split_that_the_data_lacks_is_named_with_those_it_has(run):
    with pytest.raises(RunError, match="must have a test split, got only valid"):
        split_path(run, "test")


def test_cases_that_a_run_has_used_are_refused_with_their_use(run):
    refuse = partial(refuse_same_cases, run, purpose="evaluate", tuned_on=("d",))
    refuse(Path("new.json"), digest="e")
    for digest, use in (("b", "train"), ("d", "tune")):
        message = f"to evaluate, the cases must differ from those used to {use}, got the same file"
        with pytest.raises(CaseError, match=message):
            refuse(Path("old.json"), digest=digest)
