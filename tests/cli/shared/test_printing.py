"""What commands print on a terminal, in a pipe, on a full disk, and where streams are closed."""

import json
import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest

from lawrec.cli.shared.printing import print_result, stdout_failure
from lawrec.storage.resources import SHIPPED_MODEL, shipped_path
from lawrec.text import encodable
from tests.helpers.cli import case_line, lawrec

LAWREC = [sys.executable, "-m", "lawrec"]
ARTICLE = ["articles", "show", "264"]
IN_GBK = {**os.environ, "PYTHONIOENCODING": "gbk", "TERM": "dumb"}


def shell(command, **options):
    """Return the result of a command of a shell, in which "$@" is lawrec."""
    words = ["sh", "-c", command, "sh", *LAWREC]
    return subprocess.run(words, capture_output=True, check=False, **options)


def on_terminal(*arguments, **options):
    """Return all bytes that a command of lawrec writes to a terminal, and its exit code."""
    pty = pytest.importorskip("pty")
    controller, terminal = pty.openpty()
    command = [*LAWREC, *arguments]
    with subprocess.Popen(command, stdout=terminal, stderr=terminal, **options) as done:
        os.close(terminal)
        shown = bytearray()
        try:
            while chunk := os.read(controller, 1 << 16):
                shown += chunk
        except OSError:  # the end on Linux
            pass
    os.close(controller)
    return bytes(shown).replace(b"\r\n", b"\n"), done.returncode


@pytest.fixture
def bad_name(tmp_path):
    """A file of cases in a folder, with a bad line; its name is not UTF-8."""
    folder = os.fsencode(tmp_path) + b"/\xb0\xb8"
    try:
        Path(os.fsdecode(folder)).mkdir()
    except OSError:
        pytest.skip("names are UTF-8 here")
    for first, split in enumerate(("train", "valid", "test")):
        path = Path(os.fsdecode(folder), f"{split}.json")
        path.write_text("".join(f"{case_line(20 * first + n)}\n" for n in range(20)) + "{\n")
    return Path(os.fsdecode(folder))


def test_a_pipe_gets_utf8_whatever_the_encoding_of_the_terminal():
    done = shell('"$@" articles show 264', env=IN_GBK)
    assert "盗窃罪" in done.stdout.decode("utf-8")
    failed = shell('"$@" articles show 盗窃', env=IN_GBK)
    assert "盗窃" in failed.stderr.decode("utf-8")


def test_a_terminal_gets_its_own_encoding_with_what_it_cannot_show_replaced(tmp_path):
    path = tmp_path / "😀案.json"
    path.write_text(case_line(1))
    shown, code = on_terminal("audit", str(path), env=IN_GBK)
    assert code == 0
    assert "?案.json" in shown.decode("gbk")


def test_no_escape_sequence_of_a_file_reaches_the_terminal(tmp_path):
    folder = tmp_path / "\x1b]0;owned\x07"
    folder.mkdir()
    case = json.dumps({"id": "\x1b[2J", "fact": "被告人盗窃。", "articles": ["\x1b[8m264"]})
    (folder / "\x9b1A.json").write_text(f"{case}\n{{\n", encoding="utf-8")
    for arguments in (["audit", folder], ["split", folder, "-o", tmp_path / "new"]):
        shown, _ = on_terminal(*map(str, arguments))
        assert r"\u001b]0;owned\u0007" in shown.decode("utf-8")
        for sequence in ("\x1b]0;", "\x1b[2J", "\x1b[8m", "\x9b"):
            assert sequence not in shown.decode("utf-8")


def test_colours_alone_reach_the_terminal_where_a_result_has_them(capsys):
    text = "\x1b[1;32m盗\x1b[0m\x1b[2J\x1b]0;x\x07"
    print_result(text, coloured=True)
    print_result(text)
    assert capsys.readouterr().out == (
        "\x1b[1;32m盗\x1b[0m\\u001b[2J\\u001b]0;x\\u0007\n"
        "\\u001b[1;32m盗\\u001b[0m\\u001b[2J\\u001b]0;x\\u0007\n"
    )


@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}], ids=["colour", "none"])
def test_explanations_are_coloured_on_a_terminal_alone(tmp_path, variables):
    (tmp_path / "facts.txt").write_text("被告人赵某翻窗入室，盗走现金八千余元。\n", "utf-8")
    command = ("predict", "--model", shipped_path(SHIPPED_MODEL), "--explain", "facts.txt")
    shown, code = on_terminal(*command, env={**os.environ, **variables}, cwd=tmp_path)
    assert code == 0
    assert ("\x1b[1;32m盗走" in shown.decode()) == (not variables)
    assert ("[盗走]" in shown.decode()) == bool(variables)


def test_a_wrong_option_does_not_steer_the_terminal():
    result = lawrec("info", "\x1b[2J", "\x1b[8m")
    assert result.exit_code == 2
    assert "\x1b" not in result.stderr
    assert "\\u001b[2J" in result.stderr


def test_a_closed_stdout_is_an_error_before_the_work():
    done = shell('"$@" articles show 264 >&-')
    assert done.returncode == 1
    assert done.stderr.decode() == (
        "Error: stdout: the stream for the results must be open, got a closed one. Redirect it to "
        "a file, or to /dev/null.\n"
    )


def test_a_closed_stderr_loses_messages_alone(tmp_path):
    path = tmp_path / "cases.json"
    path.write_text("".join(f"{case_line(n, [264 + n % 3])}\n" for n in range(60)))
    done = shell(f'"$@" split {path} -o {tmp_path}/new 2>&-')
    assert done.returncode == 0
    assert b"60 cases in 60 groups" in done.stdout
    assert shell('"$@" articles show nonsense 2>&-').returncode == 1


def test_descriptors_of_closed_streams_are_not_given_to_files():
    code = (
        "import os; from lawrec.cli.shared.printing import open_streams; open_streams(); "
        "raise SystemExit(os.open(os.devnull, os.O_RDONLY))"
    )
    words = ["sh", "-c", '"$@" <&- >&- 2>&-', "sh", sys.executable, "-c", code]
    assert subprocess.run(words, check=False).returncode > 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux")
@pytest.mark.parametrize(
    "words", ["articles list", "--help", "--version", "split --help", "articles list --help"]
)
def test_a_full_disk_under_stdout_is_an_error(words):
    done = shell(f'"$@" {words} > /dev/full')
    assert done.returncode == 1
    assert done.stderr.decode() == (
        "Error: stdout: the results must be written, got No space left on device. Free some space "
        "there, and run the command again.\n"
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux")
def test_a_full_disk_under_a_help_is_an_error_in_the_language_of_the_locale():
    done = shell('LANGUAGE=zh "$@" --help > /dev/full')
    assert done.stderr.decode().startswith("错误：stdout：")


@pytest.mark.parametrize(
    ("error", "failure"),
    [(None, None), (OSError(28, "full"), "full"), (BrokenPipeError(32, "gone"), None)],
)
def test_an_error_of_stdout_differs_from_one_of_another_file(monkeypatch, error, failure):
    monkeypatch.setattr(sys.stdout, "flush", Mock(side_effect=error))
    found = stdout_failure()
    assert (found and found.strerror) == failure


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_largest_size_of_files_is_an_error_that_names_the_file(tmp_path, monkeypatch, unbuffered):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    done = shell(f'ulimit -f 1; "$@" articles list > {tmp_path}/list.txt')
    assert done.returncode == 1
    assert b"Error: stdout: the results must be written, got File too large." in done.stderr
    path = tmp_path / "cases.json"
    path.write_text(case_line(1))
    done = shell(f'ulimit -f 8; "$@" audit {path} --html {tmp_path}/new.html')
    assert done.returncode == 1
    assert f"Error: {tmp_path}/new.html: files here must be" in done.stderr.decode()
    assert b"got File too large" in done.stderr
    assert list(tmp_path.glob("*new*")) == []


def test_a_missing_temporary_folder_is_an_error(tmp_path):
    path = tmp_path / "cases.json"
    path.write_text(case_line(1))
    script = (
        "import sys, tempfile; from lawrec.cli import main; "
        "tempfile._candidate_tempdir_list = lambda: ['/nowhere']; main()"
    )
    words = [sys.executable, "-c", script, "audit", str(path)]
    done = subprocess.run(words, capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stderr.decode() == (
        "Error: TMPDIR: a folder for temporary files must be writable, got none that is. Free some "
        "space in /tmp, or set TMPDIR to another folder.\n"
    )


def test_memory_that_is_not_there_is_an_error(monkeypatch):
    def exhausted(*arguments, **options):
        raise MemoryError

    monkeypatch.setattr("lawrec.config_sources.load", exhausted)
    result = lawrec("prepare")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: memory: the work must fit into it, got none left.")


def test_a_reader_that_stops_early_is_no_error():
    done = shell('"$@" articles list | head -n 1')
    assert done.returncode == 0
    assert done.stderr == b""


@pytest.mark.parametrize("option", ["--json", "--html"])
def test_an_audit_of_files_whose_names_are_not_utf8_is_written(bad_name, tmp_path, option):
    result = lawrec("audit", bad_name, option, tmp_path / "report")
    assert result.exit_code == 0, result.stderr
    assert r"\udcb0\udcb8" in (tmp_path / "report").read_text("utf-8")
    assert r"\udcb0\udcb8" in result.stdout


@pytest.mark.tensorflow
def test_cases_whose_names_are_not_utf8_are_prepared(bad_name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    char = "--set=corpus.tokenizer=char"
    result = lawrec("prepare", "--data", bad_name, "--skip-bad", char)
    assert result.exit_code == 0, result.stderr
    assert "1 lines skipped" in result.stdout
    (log,) = tmp_path.glob("data/records/*/skipped.jsonl")
    assert [json.loads(line)["where"] for line in log.read_text("utf-8").splitlines()] == [
        encodable(f"{bad_name / split}.json:21") for split in ("train", "valid", "test")
    ]
    assert lawrec("prepare", "--data", bad_name, "--skip-bad", char).stdout == result.stdout


@pytest.mark.tensorflow
def test_a_folder_of_runs_whose_name_is_not_utf8_is_an_error(bad_name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small = ("--set=corpus.tokenizer=char", "--skip-bad", "--set=training.epochs=1")
    result = lawrec("train", "--data", bad_name, *small, "--checkpoints", bad_name)
    assert result.exit_code == 1
    assert "Traceback" not in result.stderr
    assert "the path must be UTF-8, got other bytes" in result.stderr


@pytest.mark.tensorflow
def test_answers_go_on_after_a_bad_line_of_a_file_whose_name_is_not_utf8(at_run, bad_name):
    facts = bad_name / "facts.txt"
    facts.write_text("被告人张某盗窃。\n\n被告人李某盗窃。\n", encoding="utf-8")
    for form in ("json", "csv", "table"):
        words = [*LAWREC, "predict", str(facts), str(facts), "--format", form]
        done = subprocess.run(words, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.decode("utf-8").count("must not be empty") == 2


@pytest.mark.tensorflow
def test_answers_are_written_to_a_file_in_the_format_of_its_name(at_run, tmp_path):
    for name in ("answers.csv", "answers.jsonl"):
        result = lawrec("predict", "-o", tmp_path / name, stdin="被告人张某盗窃。\n")
        assert result.exit_code == 0, result.stderr
        assert result.stdout == ""
    assert (tmp_path / "answers.csv").read_bytes().startswith(b"\xef\xbb\xbfcase_id,")
    assert json.loads((tmp_path / "answers.jsonl").read_text("utf-8"))["case_id"] == "1"


@pytest.mark.tensorflow
def test_ids_are_exact_in_a_pipe_and_harmless_in_a_table(at_run, tmp_path):
    path = tmp_path / "cases.jsonl"
    case_id = "\x9b2J\u200d😀\x1b[2J"
    path.write_text(json.dumps({"id": case_id, "fact": "被告人张某盗窃。"}), encoding="utf-8")
    assert json.loads(lawrec("predict", path).stdout)["case_id"] == case_id
    table = lawrec("predict", path, "--format", "table").stdout
    assert "Case \\u009b2J\\u200d😀\\u001b[2J: " in table


@pytest.mark.tensorflow
def test_the_name_of_a_run_does_not_steer_the_terminal(own_run):
    run = own_run.rename(own_run.with_name("\x9b2Jrun\x1b"))
    for form in ("table", "json"):
        result = lawrec("info", "--model", run.name, "--format", form)
        assert result.exit_code == 0, result.stderr
        assert "\\u009b2Jrun\\u001b" in result.stdout
        assert "\x9b" not in result.stdout
