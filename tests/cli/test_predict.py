"""`lawrec predict`: what goes in on stdin or as files, what comes out, and exit codes."""

import csv
import io
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lawrec.reporting.answers.fields import answer_schema
from lawrec.runs.checkpoint_list import write_checkpoint_list
from lawrec.storage.resources import shipped_path
from tests.helpers.answers import check_schema
from tests.helpers.cli import DRUNK, THEFT, json_lines, lawrec
from tests.helpers.damages import reseal


def test_texts_need_an_imported_statute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = lawrec("predict", "--with-text", stdin=THEFT)
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: vocab/statutes/criminal-law: a version of the statute must be imported, got none. "
        "Run `lawrec articles import FILE --effective YYYY-MM-DD`.\n"
    )


def test_the_schema_of_an_answer_is_printed():
    result = lawrec("predict", "--schema")
    assert (result.exit_code, json.loads(result.stdout)) == (0, answer_schema())


def test_a_date_without_text_is_a_usage_error():
    result = lawrec("predict", "--date", "2020-01-01", stdin=THEFT)
    assert result.exit_code == 2
    assert "--date chooses the texts of --with-text" in result.stderr


@pytest.mark.tensorflow
def test_answers_each_line_in_order_as_json(at_run):
    result = lawrec("predict", stdin=f"{THEFT}\n{DRUNK}\n")
    assert result.exit_code == 0
    assert [line["case_id"] for line in json_lines(result)] == ["1", "2"]
    assert [line["articles"] for line in json_lines(result)] == [["264"], ["133之一"]]
    best = json_lines(result)[0]["recommendations"][0]
    assert {key: best[key] for key in ("rank", "article", "title", "recommended")} == {
        "rank": 1,
        "article": "264",
        "title": "盗窃罪",
        "recommended": True,
    }
    assert best["score"] >= best["threshold"]


@pytest.mark.tensorflow
def test_a_bad_line_is_answered_with_its_error_and_the_others_as_always(at_run):
    lines = [
        THEFT.encode(),
        b"",
        b"   ",
        b"only Latin",
        "被告人".encode("gb18030"),
        THEFT.encode(),
    ]
    result = lawrec("predict", stdin=b"\n".join(lines) + b"\n")
    found = json_lines(result)
    assert result.exit_code == 0
    assert [line.get("error", "")[:7] for line in found] == [
        "",
        *(f"stdin:{number}" for number in (2, 3, 4, 5)),
        "",
    ]
    assert "the fact must not be empty" in found[1]["error"]
    assert "the fact must hold Chinese text" in found[3]["error"]
    assert "the text must be in the encoding of its file" in found[4]["error"]
    assert {**found[0], "case_id": "6"} == found[5]
    assert "4 not answered" in result.stderr


@pytest.mark.tensorflow
def test_the_answer_to_a_case_does_not_depend_on_its_neighbours(at_run):
    alone = json_lines(lawrec("predict", stdin=THEFT))[0]
    many = lawrec("predict", stdin="\n".join([DRUNK * 2, THEFT, DRUNK] * 50))
    assert all({**line, "case_id": "1"} == alone for line in json_lines(many)[1::3])


@pytest.mark.tensorflow
def test_json_shows_the_best_article_even_where_none_is_recommended(at_run):
    [line] = json_lines(lawrec("predict", "--threshold", 1, stdin="被告人甲乙丙丁。"))
    assert [entry["rank"] for entry in line["recommendations"]] == [1]
    assert line["articles"] == [
        entry["article"] for entry in line["recommendations"] if entry["recommended"]
    ]


@pytest.mark.tensorflow
def test_a_long_fact_is_truncated_and_the_answer_says_so(at_run):
    result = lawrec("predict", stdin=(THEFT * 5000)[:100_000])
    assert json_lines(result)[0]["truncated"] is True
    table = lawrec("predict", "--format", "table", stdin=THEFT * 100)
    assert "The fact is longer than the model reads" in table.stdout


@pytest.mark.tensorflow
@pytest.mark.parametrize("stdin", ["", "\n\n", "Latin\n"])
def test_no_case_at_all_is_an_error(at_run, stdin):
    result = lawrec("predict", stdin=stdin)
    assert result.exit_code == 1
    assert "there must be a case" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.tensorflow
def test_json_lines_and_csv_are_read_by_format_or_suffix(at_run, tmp_path):
    lines = tmp_path / "cases.jsonl"
    lines.write_text(json.dumps({"id": "a7", "fact": THEFT}) + "\n[1]\n", encoding="utf-8")
    table = tmp_path / "cases.csv"
    table.write_text(f'id,fact\na7,"{THEFT}"\n', encoding="utf-8")
    first, broken = json_lines(lawrec("predict", lines))
    assert first == json_lines(lawrec("predict", table))[0]
    assert (
        first
        == json_lines(lawrec("predict", "--input-format", "csv", stdin=table.read_text("utf-8")))[0]
    )
    assert first["case_id"] == "a7"
    assert "a line must be one JSON object" in broken["error"]


@pytest.mark.tensorflow
def test_csv_has_one_row_per_article(at_run):
    result = lawrec("predict", "--format", "csv", "--top-k", 3, stdin=f"{THEFT}\n \n")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [row["case_id"] for row in rows] == ["1", "1", "1", "2"]
    assert [row["recommended"] for row in rows] == ["True", "False", "False", ""]
    assert "must not be empty" in rows[3]["error"]


@pytest.mark.tensorflow
def test_the_table_shows_the_best_articles_and_which_are_recommended(at_run):
    result = lawrec("predict", "--format", "table", stdin=THEFT)
    assert f"Case 1: {THEFT}"[:30] in result.stdout
    assert "盗窃罪" in result.stdout
    assert result.stdout.count("yes: ") == 1
    assert result.stdout.count("no: ") == 2


@pytest.mark.tensorflow
def test_a_pattern_that_fits_nothing_is_named(at_run):
    result = lawrec("predict", "no*.txt")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: no*.txt: the pattern must match a file, got none. Check the path.\n"
    )


@pytest.mark.tensorflow
def test_a_missing_file_is_named(at_run):
    result = lawrec("predict", "nowhere.txt")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: nowhere.txt: the file must be readable, got No such")


@pytest.mark.tensorflow
def test_a_run_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = lawrec("predict", "--model", "mine.lawrec", stdin=THEFT)
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: mine.lawrec: it must be the name of a run or bundle in checkpoints, or the path of "
        "one, got no such file or folder. Check the name, or pass the folder of the runs as "
        "--checkpoints.\n"
    )


@pytest.mark.tensorflow
def test_without_thresholds_it_says_to_tune_unless_one_is_given(own_run):
    (own_run / "thresholds.json").unlink()
    result = lawrec("predict", stdin=THEFT)
    assert result.exit_code == 1
    assert "Run `lawrec tune-thresholds` first." in result.stderr
    assert json_lines(lawrec("predict", "--threshold", 0.5, stdin=THEFT))[0]["articles"] == ["264"]


@pytest.mark.tensorflow
def test_without_a_checkpoint_it_says_where_to_get_one(own_run):
    for path in [*own_run.glob("model.ckpt*"), own_run / "checkpoint"]:
        path.unlink()
    shutil.rmtree(own_run / "best")
    result = lawrec("predict", stdin=THEFT)
    assert result.exit_code == 1
    assert "best/checkpoints.json: the list of checkpoints must be undamaged" in result.stderr
    assert "Restore them from a copy of the run, or train a new one with" in result.stderr


@pytest.mark.tensorflow
def test_without_a_checkpoint_it_says_to_resume(own_run):
    for folder in (own_run, own_run / "best"):
        write_checkpoint_list(folder)
    result = lawrec("predict", stdin=THEFT)
    assert result.exit_code == 1
    assert "the run must hold a checkpoint, got none yet. Train it with" in result.stderr


@pytest.mark.tensorflow
def test_a_run_that_lost_its_checkpoints_names_the_files(own_run):
    for path in own_run.rglob("model.ckpt*"):
        path.unlink()
    result = lawrec("predict", stdin=THEFT)
    assert result.exit_code == 1
    assert "at least one checkpoint must not be damaged, got no such file: model" in result.stderr


@pytest.mark.tensorflow
def test_another_tokenizer_version_is_refused(own_run):
    text = (own_run / "run.json").read_text(encoding="utf-8")
    (own_run / "run.json").write_text(text.replace('"char"', '"jieba"', 1), encoding="utf-8")
    reseal(own_run)
    result = lawrec("predict", stdin=THEFT)
    assert result.exit_code == 1
    assert "the tokenizer must be the run's own" in result.stderr


@pytest.mark.tensorflow
def test_a_reader_that_stops_early_ends_quietly(at_run):
    command = [sys.executable, "-m", "lawrec", "predict"]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    _, errors = process.communicate((THEFT + "\n").encode() * 3000)
    assert b"Traceback" not in errors


@pytest.mark.tensorflow
def test_predict_adds_the_text_in_force(own_run):
    for day, text in (("2015-11-01", "旧的。"), ("2021-03-01", "新的，\n两款。")):
        Path("law.json").write_text(json.dumps({"264": text}), encoding="utf-8")
        assert lawrec("articles", "import", "law.json", "--effective", day).exit_code == 0
    with_text = ("predict", "--with-text", "--top-k", 3)
    (answer,) = json_lines(lawrec(*with_text, stdin=THEFT))
    found = {entry["article"]: entry["text"] for entry in answer["recommendations"]}
    assert found == {"264": "新的，\n两款。", "266": None, "133之一": None}
    result = lawrec(*with_text, "--date", "2020-01-01", "--format", "csv", stdin=THEFT)
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [row["text"] for row in rows if row["article"] == "264"] == ["旧的。"]
    table = lawrec(*with_text, "--format", "table", stdin=THEFT).stdout
    assert table.endswith("  264 盗窃罪\n    新的，\n    两款。\n\n")
    (plain,) = json_lines(lawrec("predict", stdin=THEFT))
    assert "text" not in plain["recommendations"][0]


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    "stdin",
    [
        json.dumps({"id": "a7", "fact": THEFT}, ensure_ascii=False),
        f"id,fact\na7,{THEFT}\n",
        f"fact\tid\n{THEFT}\ta7\n",
    ],
)
def test_the_format_of_stdin_is_seen_in_its_first_line(at_run, stdin):
    (answer,) = json_lines(lawrec("predict", stdin=stdin))
    assert (answer["case_id"], answer["articles"]) == ("a7", ["264"])


@pytest.mark.tensorflow
def test_an_error_answer_has_the_id_of_its_case(at_run, tmp_path):
    path = tmp_path / "cases.csv"
    path.write_text(f"id,fact\n2,{THEFT}\n3,\n,Latin\n", encoding="utf-8")
    assert [line["case_id"] for line in json_lines(lawrec("predict", path))] == ["2", "3", "4"]


@pytest.mark.tensorflow
def test_a_file_may_be_one_case(at_run, tmp_path):
    for name, fact in (("b.txt", DRUNK), ("a.txt", f"{THEFT}\n\n{THEFT}")):
        (tmp_path / name).write_text(fact, encoding="utf-8")
    answers = json_lines(lawrec("predict", "--one-case-per-file", tmp_path))
    assert [line["case_id"] for line in answers] == ["a.txt", "b.txt"]
    assert [line["articles"] for line in answers] == [["264"], ["133之一"]]


def test_one_case_per_file_needs_text():
    result = lawrec("predict", "--one-case-per-file", "--input-format", "csv", "a.csv")
    assert result.exit_code == 2
    assert "--one-case-per-file reads text, not csv." in result.stderr


@pytest.mark.tensorflow
def test_a_closed_stdin_is_named(at_run):
    command = f"exec {sys.executable} -m lawrec predict <&-"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == (
        "Error: stdin: stdin must be open to read cases from it, got a closed one. "
        "Name a FILE, or pipe the cases in.\n"
    )


@pytest.mark.tensorflow
def test_features_of_each_article(ranked):
    where = ("--checkpoints", ranked.checkpoints)
    plain = lawrec("predict", *where, stdin=THEFT)
    explained = lawrec("predict", "--with-features", *where, stdin=THEFT)
    [line] = json_lines(explained)
    for entry in line["recommendations"]:
        features = entry.pop("features")
        assert 1 <= len(features) <= 3
        moves = [abs(each["contribution"]) for each in features]
        assert moves == sorted(moves, reverse=True)
    assert [line] == json_lines(plain)
    shown = lawrec("predict", "--with-features", "--format", "table", *where, stdin=THEFT).stdout
    assert any(line.startswith("  264: ") for line in shown.splitlines())


@pytest.mark.tensorflow
@pytest.mark.parametrize("option", [(), ("--output", "answers.json")])
def test_a_run_without_a_second_stage_has_no_features(at_run, option):
    result = lawrec("predict", "--with-features", *option, stdin=THEFT)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "the run must have a second stage" in result.stderr
    assert not Path("answers.json").exists()


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A folder without a run: the shipped model answers, which needs no TensorFlow."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def facts(shipped):
    """A file of 40 facts of different lengths, of which some are no facts."""
    facts = [f"{THEFT * (n % 4)}{DRUNK * (n % 3)}" for n in range(39)]
    path = shipped / "facts.txt"
    path.write_text("\n".join([*facts, THEFT, ""]), encoding="utf-8")
    return path


def predict_in_a_process(*arguments, **options):
    command = [sys.executable, "-m", "lawrec", "predict", "--quiet", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def test_jobs_and_windows_change_no_answer_and_no_order(facts, monkeypatch):
    monkeypatch.setattr("lawrec.inference.encode_cases.ENCODED_HERE", 5)
    monkeypatch.setattr("lawrec.corpus.cases.CASES_PER_TASK", 3)
    expected = lawrec("predict", "--jobs", 0, facts)
    assert [line["case_id"] for line in json_lines(expected)] == [str(n) for n in range(1, 41)]
    for options in (
        *(("--window", window, "--jobs", 0) for window in (1, 7, 64)),
        *(("--jobs", jobs) for jobs in (1, 2)),
    ):
        assert lawrec("predict", *options, facts).stdout == expected.stdout


def test_explanations_are_spans_of_the_fact(shipped):
    fact = "被告人赵某　深夜翻窗入室，盗走现金８０００元。"
    [line] = json_lines(lawrec("predict", "--explain", stdin=fact))
    check_schema(line)
    explanation = line["recommendations"][0]["explanation"]
    assert "盗走" in [word["text"] for word in explanation["words"]]
    assert explanation["rival"]["article"] not in line["articles"]
    for part in (*explanation["clauses"], *explanation["words"], *explanation["rival"]["words"]):
        assert {fact[start:end] for start, end in part["spans"]} == {part["text"]}


def test_explanations_as_a_table_and_as_a_page(shipped):
    Path("facts.txt").write_text(f"{THEFT}\n\n", encoding="utf-8")
    shown = lawrec("predict", "--explain", "--format", "table", "facts.txt").stdout
    assert "\n  Why 264 盗窃罪:\n" in shown
    result = lawrec("predict", "--explain", "facts.txt", "-o", "why.html")
    assert (result.exit_code, result.stdout) == (0, "")
    page = Path("why.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert page.endswith("</html>\n")
    assert "<h3>Why 264 盗窃罪:</h3>" in page
    assert '<p class="error">' in page


def test_csv_has_no_explanations(shipped):
    result = lawrec("predict", "--explain", "--format", "csv", stdin=THEFT)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "CSV has no column for --explain" in result.stderr


@pytest.mark.parametrize("output_format", ["csv", "html"])
def test_features_are_shown_or_refused(shipped, output_format):
    result = lawrec("predict", "--with-features", "--format", output_format, stdin=THEFT)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--with-features needs --format json, parquet or table." in result.stderr


def test_all_that_programs_read_is_as_the_schema_says(facts, shipped):
    Path("law.json").write_text(json.dumps({"264": "盗窃公私财物。"}), encoding="utf-8")
    assert lawrec("articles", "import", "law.json", "--effective", "2015-11-01").exit_code == 0
    for options in ((), ("--with-text", "--with-features", "--top-k", 12), ("--explain",)):
        lines = json_lines(lawrec("predict", *options, facts))
        assert {"error" in line for line in lines} == {True, False}
        for line in lines:
            check_schema(line)


def test_parquet_has_the_answers_of_json(facts, shipped):
    result = lawrec("predict", facts, "-o", "answers.parquet", "--top-k", 2)
    assert (result.exit_code, result.stdout) == (0, "")
    rows = pytest.importorskip("pyarrow.parquet").read_table("answers.parquet").to_pylist()
    for row, line in zip(rows, json_lines(lawrec("predict", facts, "--top-k", 2)), strict=True):
        entries, nulls = (
            line.get("recommendations"),
            dict.fromkeys(["text", "features"]),
        )
        assert entries is None or row["recommendations"] == [
            {**nulls, "explanation": None, **entry} for entry in entries
        ]
        assert {**row, "recommendations": entries} == {**dict.fromkeys(row), **line}


def test_parquet_needs_a_file():
    result = lawrec("predict", "--format", "parquet", stdin=THEFT)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--format parquet writes a file: name it with --output." in result.stderr


@pytest.mark.parametrize("name", ["a.csv.gz", "a.TSV", "a.xlsx", "a.jsonl.zip"])
def test_answers_are_not_written_under_a_name_for_another_format(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = lawrec("predict", "-o", name, stdin=THEFT)
    assert result.exit_code == 2
    suffix = Path(name).suffix.lower()
    expected = f"{suffix}: name a .csv, .html, .parquet or .jsonl file."
    assert expected in " ".join(result.stderr.split())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("form", "name"),
    [
        *(("csv", "a.parquet"), ("json", "a.CSV"), ("table", "a.json"), ("parquet", "a.jsonl")),
        *(("csv", "a.html"), ("csv", "a.tsv"), ("json", "a.xlsx")),
    ],
)
def test_a_format_is_not_written_under_the_name_of_another(form, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = lawrec("predict", "--format", form, "-o", name, stdin=THEFT)
    assert result.exit_code == 2
    assert Path(name).suffix.lower() in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("form", "name"), [("csv", "a.csv"), ("json", "a.txt"), ("csv", "a")])
def test_a_format_may_have_its_own_name_or_any_text(shipped, form, name):
    result = lawrec("predict", "--format", form, "-o", name, stdin=THEFT)
    assert result.exit_code == 0, result.stderr
    assert Path(name).read_bytes().startswith(b"\xef\xbb\xbf") == (form == "csv")


def test_bad_lines_go_to_a_file_of_their_own(shipped):
    result = lawrec("predict", "--bad-lines", "bad.jsonl", stdin=f"{THEFT}\n\nLatin\n{DRUNK}\n")
    assert [line["case_id"] for line in json_lines(result)] == ["1", "4"]
    assert "2 not answered" in result.stderr
    bad = [json.loads(line) for line in Path("bad.jsonl").read_text("utf-8").splitlines()]
    assert [(line["case_id"], line["where"]) for line in bad] == [
        ("2", "stdin:2"),
        ("3", "stdin:3"),
    ]
    assert bad[1]["error"].startswith("stdin:3: the fact must hold Chinese text, got 'Latin'.")


def test_bad_lines_and_answers_need_two_files(shipped):
    result = lawrec("predict", "-o", "a.jsonl", "--bad-lines", "./a.jsonl", stdin=THEFT)
    assert result.exit_code == 2
    assert "--bad-lines and --output need files of their own." in result.stderr


def test_a_reader_that_has_read_enough_ends_it_quietly_with_exit_code_0(shipped):
    (shipped / "facts.txt").write_text(f"{THEFT}\n" * 3_000, encoding="utf-8")
    process = predict_in_a_process("--jobs", "1", "facts.txt")
    assert json.loads(process.stdout.readline())["case_id"] == "1"
    process.stdout.close()
    with process.stderr as stream:
        errors = stream.read()  # which ends when all processes have ended
    assert (process.wait(), errors) == (0, b"")


def test_each_line_of_a_slow_pipe_is_answered_at_once_with_windows_of_one(shipped):
    with predict_in_a_process("--window", "1", stdin=subprocess.PIPE) as process:
        for number in range(1, 4):
            process.stdin.write(f"{THEFT}\n".encode())
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            assert (answer["case_id"], answer["articles"]) == (str(number), ["264"])
        assert process.communicate() == (b"", b"")


def test_ctrl_c_leaves_whole_lines_and_no_process(shipped):
    process = predict_in_a_process("--jobs", "1", stdin=subprocess.PIPE)
    with process:
        process.stdin.write(f"{THEFT}\n".encode() * 1_200)
        process.stdin.flush()
        lines = [process.stdout.readline() for _ in range(32)]
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate()
    assert (process.returncode, errors.strip()) == (1, b"Aborted!")
    assert rest.endswith(b"\n") or not rest
    for line in [*lines, *rest.splitlines()]:
        assert json.loads(line)["articles"] == ["264"]


def test_a_single_fact_starts_no_process_and_imports_little(tmp_path):
    code = (
        "import sys, json; from lawrec.cli import cli\n"
        "try: cli(['predict', '--quiet', '--format', 'json'])\n"
        "except SystemExit: print(json.dumps(sorted(sys.modules)))"
    )
    # The checkout may have a run in its checkpoints.
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, input=THEFT.encode(), cwd=tmp_path, capture_output=True, check=True
    )
    answer, modules = map(json.loads, done.stdout.splitlines())
    assert answer["articles"] == ["264"]
    slow = {"tensorflow", "pandas", "scipy", "sklearn", "rich", "pyarrow", "multiprocessing"}
    assert {name.split(".")[0] for name in modules} & slow == set()


def test_answers_in_shards_are_written_to_a_uri(tmp_path):
    folder = f"file://{tmp_path}/answers"
    facts = shipped_path("data/sample/facts.txt")
    result = lawrec("predict", "-q", facts, "--output-folder", folder)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{folder}: ")
    answers = (tmp_path / "answers/answers-00000.jsonl").read_text(encoding="utf-8")
    assert answers == lawrec("predict", "-q", facts).stdout


def test_answers_in_shards_are_those_of_one_stream(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = shipped_path("data/sample/test.json").read_text(encoding="utf-8").splitlines()[:20]
    Path("cases.jsonl").write_text("\n".join([*lines, "{"]), encoding="utf-8")
    arguments = ("predict", "-q", "cases.jsonl")
    result = lawrec(*arguments, "--output-folder", "answers", "--shard-bytes", 5_000)
    files = sorted(Path("answers").glob("answers-*.jsonl"))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"answers: 21 answers in {len(files)} files, 1 of them errors.\n"
    assert len(files) > 2
    joined = "".join(file.read_text(encoding="utf-8") for file in files)
    assert joined == lawrec(*arguments).stdout
    again = lawrec(*arguments, "--output-folder", "answers", "--top-k", 2, "--shard-bytes", 5_000)
    assert again.exit_code == 1
    assert again.stderr == (
        "Error: answers/plan.json: the job must be the one that was begun, with top_k 1, got 2. "
        "Name a new folder for it.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cluster", "local"], "--shard-bytes and --cluster go with --output-folder"),
        (["--shard-bytes", 2_000], "--shard-bytes and --cluster go with --output-folder"),
        (["--output-folder", "a", "-o", "b"], "goes without --output, --bad-lines, --explain"),
        (["--output-folder", "a", "--jobs", 1, "c.txt"], "goes without --output"),
        (["--output-folder", "a", "--format", "table", "c.txt"], "choose another --format"),
        (["--output-folder", "a"], "stdin cannot be read in shards"),
    ],
)
def test_options_of_shards_that_do_not_go_together(arguments, message):
    result = lawrec("predict", *arguments, stdin="")
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "head"),
    [
        ((), {"LANGUAGE": "zh_CN"}, "案件 1："),
        (("--language", "zh"), {"LANGUAGE": "en"}, "案件 1："),
        (("--language", "en"), {"LANGUAGE": "zh"}, "Case 1: "),
    ],
)
def test_tables_are_in_the_language_of_the_option_or_the_locale(
    arguments, environment, head, monkeypatch
):
    monkeypatch.setenv("LANGUAGE", environment["LANGUAGE"])
    shown = lawrec("predict", "--format", "table", *arguments, stdin=THEFT)
    assert shown.stdout.startswith(head)
    (answer,) = json_lines(lawrec("predict", *arguments, stdin=THEFT))
    assert answer["recommendations"][0]["reason"].isascii()
