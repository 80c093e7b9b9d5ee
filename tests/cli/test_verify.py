"""`lawrec verify` from outside."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.cli import lawrec
from tests.helpers.damages import swap_lines


@pytest.mark.tensorflow
def test_verify_counts_all_records_that_there_are(at_run):
    result = lawrec("verify")
    (folder,) = Path("data/records").iterdir()
    assert result.exit_code == 0
    assert result.stdout == f"{folder}: 9 shards, 140 cases, all undamaged\n"
    assert f"verify {folder.name}" in result.stderr
    assert lawrec("verify", "--records", folder).stdout == result.stdout


@pytest.mark.tensorflow
def test_verify_names_the_damaged_shard_and_ends_with_1(own_run):
    (folder,) = Path("data/records").iterdir()
    shard = folder / "train-00001.tfrecord"
    shard.write_bytes(shard.read_bytes()[:-1])
    result = lawrec("verify")
    assert result.exit_code == 1
    assert result.stdout == (
        f"{shard}: the shard must match its manifest, got damaged bytes. "
        f"The next `lawrec prepare` or `lawrec train` of its cases writes {folder} again.\n"
    )


@pytest.mark.tensorflow
def test_verify_finds_the_records_of_cases_by_their_key(tmp_path, tiny_data, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = ("--data", tiny_data, "--set", "corpus.tokenizer=char")
    assert lawrec("verify", *options).exit_code == 1
    folder = lawrec("prepare", *options).stdout.splitlines()[0]
    assert lawrec("verify", *options).stdout == f"{folder}: 3 shards, 140 cases, all undamaged\n"


@pytest.mark.parametrize("options", [[], ["--records", "data/records/x"], ["--data", "mine"]])
def test_verify_needs_no_tensorflow(tmp_path, tiny_data, options):
    shutil.copytree(tiny_data, tmp_path / "mine")
    (tmp_path / "data/records/x").mkdir(parents=True)
    code = (
        "import sys; from lawrec.cli import cli; cli(sys.argv[1:], standalone_mode=False); "
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "verify", *options],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "the manifest must be readable" in done.stdout
    assert done.stderr == ""


def test_verify_without_records_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = lawrec("verify")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: data/records: there must be records, got none. Run `lawrec prepare` first.\n"
    )


@pytest.mark.parametrize("options", [["--data", "mine"], ["--preset", "tiny"]])
def test_verify_takes_a_folder_or_cases_and_not_both(options):
    result = lawrec("verify", "--records", "data/records/x", *options)
    assert result.exit_code == 2
    assert "--records names a folder" in result.stderr


@pytest.mark.tensorflow
def test_verify_names_the_damaged_vocabulary(own_run):
    (vocab,) = Path("vocab").iterdir()
    swap_lines(vocab / "articles.txt", 0, 1)
    result = lawrec("verify")
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{vocab / 'articles.txt'}: the file must be as ")
