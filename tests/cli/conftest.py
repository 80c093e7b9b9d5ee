"""Folders with a trained run, or with cases, in which a command works."""

import gzip
import json
import shutil

import pytest

from tests.helpers.cli import case_line


@pytest.fixture
def at_run(trained, monkeypatch):
    monkeypatch.chdir(trained.root)
    return trained


@pytest.fixture
def own_run(trained, tmp_path, monkeypatch):
    """Copy the trained workplace, for a test that changes it."""
    shutil.copytree(trained.root, tmp_path / "own")
    monkeypatch.chdir(tmp_path / "own")
    return next(path.parent for path in (tmp_path / "own").glob("checkpoints/*/run.json"))


@pytest.fixture
def faulty_data(tmp_path, monkeypatch):
    """A folder of cases with one error and one warning."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    lines = {
        "train": [*map(case_line, range(20)), "{", case_line(50, [264, 264])],
        "test": [case_line(99)],
    }
    for split, content in lines.items():
        (tmp_path / f"data/{split}.json").write_text("\n".join(content) + "\n")
    return "data"


@pytest.fixture
def table(faulty_data, tmp_path):
    """The train cases as a packed table in GB18030, with names and separators of its own."""
    cases = [json.loads(case_line(number, (264, 266))) for number in range(20)]
    rows = [f"{case['fact']},{'#'.join(map(str, case['articles']))}" for case in cases]
    content = "\n".join(["案情,法条", *rows]).encode("gb18030")
    (tmp_path / "mine.csv.gz").write_bytes(gzip.compress(content))
    return "mine.csv.gz"
