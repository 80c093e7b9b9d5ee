"""`lawrec embed` from outside."""

import pytest

from tests.helpers.cli import lawrec

SMALL = [
    *("--set", "corpus.tokenizer=char", "--set", "corpus.min_count=1"),
    *("--set", "model.embedding_size=8"),
]
TINY = [
    *("--set", "model.lstm_units=4", "--set", "training.max_steps=2"),
    *("--set", "training.batch_tokens=256"),
]


@pytest.mark.tensorflow
def test_vectors_are_trained_on_facts_and_training_takes_them(tiny_data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train = tiny_data / "train.json"
    embedded = lawrec(
        "embed", train, tiny_data / "test.json", "--output", "new/vectors.txt", *SMALL
    )
    assert embedded.exit_code == 0, embedded.stderr
    head, *lines = (tmp_path / "new/vectors.txt").read_text("utf-8").splitlines()
    assert head == f"{len(lines)} 8"
    assert embedded.stdout == (
        f"new/vectors.txt: {len(lines)} tokens, 8 numbers each\nfrom 110 facts\n"
    )
    start = ("--set", "model.embedding_init=new/vectors.txt")
    trained = lawrec("train", "--data", tiny_data, *SMALL, *TINY, *start)
    assert trained.exit_code == 0, trained.stderr
    assert "Reading the vectors of new/vectors.txt.\n" in trained.stderr
    counted = f"{len(lines)} of the {len(lines) + 1} tokens have a vector there"
    assert f"{counted}; the others start from random vectors.\n" in trained.stderr


def test_vectors_of_another_size_are_refused_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vectors.txt").write_text("1 2\n盗窃 1 2\n", encoding="utf-8")
    result = lawrec("train", "--set", "model.embedding_init=vectors.txt")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: vectors.txt:1: the vectors must have model.embedding_size, 128, numbers, got 2. "
        "Pass --set model.embedding_size=2, or name another file.\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["vectors.txt"]


def test_skipped_lines_are_counted(tmp_path):
    facts = tmp_path / "facts.txt"
    facts.write_text("盗窃钱包\nLatin\n盗窃财物\n", encoding="utf-8")
    output = tmp_path / "vectors.txt"
    refused = lawrec("embed", facts, "--output", output, *SMALL)
    assert refused.exit_code == 1
    assert f"Error: {facts}:2: the fact must hold Chinese text" in refused.stderr
    assert not output.exists()
    embedded = lawrec("embed", facts, "--output", output, "--skip-bad", *SMALL)
    assert embedded.stdout == (
        f"{output}: 7 tokens, 8 numbers each\nfrom 2 facts, 1 lines skipped\n"
    )


def test_an_output_that_would_seem_packed_is_refused_at_once(tmp_path):
    result = lawrec("embed", tmp_path / "none.txt", "--output", "vectors.txt.gz")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: vectors.txt.gz: the file must be plain text, without compression, got .gz. "
        "Name a .txt file, and compress it afterwards.\n"
    )
