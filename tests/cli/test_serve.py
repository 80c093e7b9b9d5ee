"""`lawrec serve`: mistakes are named before anything starts."""

from tests.helpers.cli import lawrec


def test_the_help_names_the_safe_defaults():
    result = lawrec("serve", "--help")
    assert result.exit_code == 0
    text = " ".join(result.stdout.split())
    assert "[default: 127.0.0.1]" in text
    assert "[default: 8765;" in text


def test_a_file_of_keys_without_a_key_is_refused(tmp_path):
    (tmp_path / "keys").write_text("# none yet\n", encoding="utf-8")
    result = lawrec("serve", "--api-key-file", tmp_path / "keys")
    assert result.exit_code == 1
    assert "the file must have an API key per line, got none" in result.stderr


def test_settings_that_contradict_each_other_are_refused():
    result = lawrec("serve", "--queue", 20)
    assert result.exit_code == 1
    assert "--queue: the queue must hold the facts of one request, got 20" in result.stderr


def test_a_run_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = lawrec("serve", "--model", "mine")
    assert result.exit_code == 1
    assert "mine: it must be the name of a run or bundle in checkpoints" in result.stderr
