"""`make peers`: the table and its figures on invented cases; no peer must be installed."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from lawrec.errors import CaseError
from lawrec.evaluation.cail_judge import judge
from tests.benchmarks.peers import splits as splits_module
from tests.benchmarks.peers.__main__ import main
from tests.benchmarks.peers.answers import read_answers
from tests.benchmarks.peers.classifiers import (
    PEERS,
    LabelledTokens,
    Peer,
    Predictions,
    best_thresholds,
    fit_with_tuned_thresholds,
)
from tests.benchmarks.peers.measure import Row, measure_answers, measure_peer
from tests.benchmarks.peers.splits import Splits, load_splits, with_articles
from tests.benchmarks.peers.table import COLUMNS, readme_rows, section, table, write_section
from tests.helpers.cases import write_cases, write_splits

REPOSITORY = Path(__file__).parents[1]
ONE_CASE = LabelledTokens([["a"]], np.array([[True, False]]))
TEST_IDS = ("1", "2")


@pytest.fixture
def few() -> Splits:
    """Two test cases and three articles, of which train cites the first and the last."""
    return Splits(
        name="few",
        articles=("133", "264", "266"),
        trained=np.array([True, False, True]),
        train=ONE_CASE,
        valid=ONE_CASE,
        test_tokens=[["a"], ["b"]],
        test_ids=TEST_IDS,
        y_true=np.array([[True, False, False], [False, True, True]]),
        known=np.ones((2, 3), np.bool_),
    )


def fit_all_true(train, valid, *, seed):
    """Predict all trained articles with seed 0, and the first one with seed 1."""
    n_articles = 2 - seed

    def predict(tokens):
        y_pred = np.zeros((len(tokens), 2), np.bool_)
        y_pred[:, :n_articles] = True
        return Predictions(y_pred, y_pred + 0.5)

    return predict


def fit_missing(train, valid, *, seed):
    import a_package_that_nobody_has  # noqa: F401


def fit_broken(train, valid, *, seed):
    raise ValueError("no | figures\nhere")


def answer_lines(*lists, first_id=1):
    return "".join(
        json.dumps({"case_id": str(number), "articles": articles}) + "\n"
        for number, articles in enumerate(lists, first_id)
    )


def test_figures_are_those_of_the_products_metrics_over_all_articles(few):
    row = measure_peer(Peer("all", "numpy", fit_all_true), few, [0])
    # Of six entries, three are true. 133 and 266 are predicted twice: TP 2, FP 2, FN 1 in all.
    assert row.metrics["micro_f1"] == pytest.approx(4 / 7)
    assert row.metrics["macro_f1_supported"] == pytest.approx((2 / 3 + 0 + 2 / 3) / 3)
    assert row.metrics["exact_match"] == 0
    assert row.metrics["cail_score"] == pytest.approx(
        judge([[1], [2, 3]], [[1, 3], [1, 3]], n_labels=3).score
    )
    # Ranks of true articles: case 1: 1; case 2: 266 at 2, 264, which train lacks, at 3.
    assert row.metrics["lrap"] == pytest.approx((1 + (1 / 2 + 2 / 3) / 2) / 2)
    assert row.version == f"numpy {np.__version__}"


def test_figures_are_means_over_the_seeds(few):
    peer = Peer("all", "numpy", fit_all_true)
    first, second, both = (measure_peer(peer, few, seeds) for seeds in ([0], [1], [0, 1]))
    assert (first.runs, both.runs) == (1, 2)
    for name in ("micro_f1", "cail_score"):
        assert first.metrics[name] != second.metrics[name]
        assert both.metrics[name] == pytest.approx(
            np.mean([first.metrics[name], second.metrics[name]])
        )


def test_a_peer_without_scores_has_no_ranking(few):
    def fit(train, valid, *, seed):
        return lambda tokens: Predictions(np.ones((len(tokens), 2), np.bool_))

    assert "lrap" not in measure_peer(Peer("lists", "numpy", fit), few, [0]).metrics


@pytest.mark.parametrize(
    ("fit", "reason"),
    [(fit_missing, "not installed (No module named 'a_pack"), (fit_broken, "failed (ValueError")],
)
def test_a_peer_that_cannot_be_measured_has_a_row_that_says_so(few, fit, reason):
    row = measure_peer(Peer("none", "a-package", fit), few, [0])
    assert row.missing.startswith(reason)
    line = table([row]).splitlines()[-1]
    assert line.startswith("| none | ")
    assert f"a-package: {reason}" in line
    assert readme_rows([row]) == ""


def test_each_line_of_the_table_has_as_many_cells_as_its_head(few):
    rows = [
        measure_peer(Peer("all", "numpy", fit_all_true), few, [0, 1]),
        measure_peer(Peer("broken", "numpy", fit_broken), few, [0]),
        measure_answers("lawrec", [[("133",), ("264", "266")]], few),
    ]
    lines = table(rows).splitlines()
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {len(COLUMNS) + 4}
    assert lines[-1] == "| lawrec | 1.000 | 1.000 | 1.000 | 1.000 |  |  |  | 1 | lawrec |"
    assert readme_rows(rows).splitlines()[-1] == "| lawrec | 1.000 | 1.000 | 1.000 | 1.000 |"


def test_a_recommended_article_that_no_case_cites_counts_as_wrong(few):
    lists = [("133", "232"), ("264", "266")]
    wide = with_articles(few, (article for articles in lists for article in articles))
    assert wide.articles == ("133", "264", "266", "232")
    metrics = measure_answers("lawrec", [lists], wide).metrics
    assert metrics["micro_f1"] == pytest.approx(6 / 7)
    assert metrics["exact_match"] == 0.5
    assert measure_peer(Peer("all", "numpy", fit_all_true), wide, [0]).metrics["micro_f1"] == (
        pytest.approx(4 / 7)
    )


def test_answers_are_read_in_the_order_of_the_cases(tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text(answer_lines(["133"], []), encoding="utf-8")
    assert read_answers(path, TEST_IDS) == [("133",), ()]


@pytest.mark.parametrize(
    "text",
    [
        answer_lines(["133"]),
        answer_lines(["133"], [], first_id=2),
        answer_lines(["133"]) + '{"case_id": "2", "error": "no fact"}\n',
        "133\n264\n",
        "nothing",
    ],
    ids=["too few", "other ids", "error", "numbers", "no JSON"],
)
def test_answers_of_other_cases_are_refused(tmp_path, text):
    path = tmp_path / "answers.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CaseError, match="lawrec predict --format json"):
        read_answers(path, TEST_IDS)


def test_the_best_threshold_has_the_best_f1_and_rare_articles_share_one():
    y_true = np.zeros((10, 3), np.bool_)
    y_score = np.zeros((10, 3))
    y_true[:5, 0], y_score[:5, 0] = True, 0.3
    y_true[:5, 1], y_score[:6, 1] = True, 0.2
    y_true[7, 2], y_score[7, 2] = True, 0.1
    # At 0.3 over all articles TP 5, FN 6; at 0.2 TP 10, FP 1, FN 1; at 0.1 TP 11, FP 1.
    assert best_thresholds(y_true, y_score).tolist() == [0.3, 0.2, 0.1]
    y_score[8:, 2] = 0.1  # at 0.1 now TP 11, FP 3
    assert best_thresholds(y_true, y_score).tolist() == [0.3, 0.2, 0.2]


def test_tuned_thresholds_come_from_valid_and_decide_on_test():
    def fit(train, valid, *, seed):
        return lambda tokens: Predictions(np.zeros((1, 2), np.bool_), np.array([[0.2, 0.1]]))

    predict = fit_with_tuned_thresholds(ONE_CASE, ONE_CASE, seed=0, fit=fit)
    assert predict([["a"]]).y_pred.tolist() == [[True, False]]


def test_all_peers_get_the_same_columns_and_whole_facts(tmp_path):
    long_fact = "，".join(["被告人张某秘密窃取钱包"] * 200)
    write_cases(tmp_path / "train.json", [(long_fact, ["264"]), ("醉酒驾驶", ["133之一"])])
    write_cases(tmp_path / "valid.json", [("虚构事实", ["266"])])
    write_cases(tmp_path / "test.json", [("故意杀人", ["232", "264"])])
    splits = load_splits(tmp_path, tmp_path / "cache")
    assert splits.articles == ("133之一", "264", "232")
    assert splits.train.labels.tolist() == [[False, True], [True, False]]
    assert splits.valid.labels.tolist() == [[False, False]]
    assert splits.y_true.tolist() == [[False, True, True]]
    assert "".join(splits.train.tokens[0]) == long_fact.replace("，", ",")
    assert splits.test_ids == ("1",)


def test_the_list_of_articles_in_the_folder_counts(tmp_path):
    data = write_splits(tmp_path / "data")
    (data / "law.txt").write_text("232\n264\n266\n133之一\n", encoding="utf-8")
    assert load_splits(data, tmp_path / "cache").articles == ("232", "264", "266", "133之一")


def test_tokens_are_saved_once(tmp_path, monkeypatch):
    data = write_splits(tmp_path / "data")
    first = load_splits(data, tmp_path / "cache")
    monkeypatch.delattr(splits_module, "tokenize_cases")
    assert load_splits(data, tmp_path / "cache").train.tokens == first.train.tokens


def test_a_folder_without_a_test_file_is_refused(tmp_path):
    data = write_splits(tmp_path / "data")
    (data / "test.json").unlink()
    with pytest.raises(CaseError, match=r"no test\.json"):
        load_splits(data, tmp_path / "cache")


def test_a_page_keeps_its_text_and_the_sections_of_other_folders(tmp_path):
    page = tmp_path / "peers.md"
    page.write_text("# Peers\n", encoding="utf-8")
    for name, text in (("one", "1\n"), ("two", "2\n"), ("one", "3\n")):
        write_section(page, name, text)
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"^\w.*|^# .*", text, re.MULTILINE) == ["# Peers", "3", "2"]
    write_section(page, "two", "2\n")
    assert page.read_text(encoding="utf-8") == text


def test_rows_of_the_same_cases_that_are_not_measured_again_stay(tmp_path, few):
    page = tmp_path / "peers.md"

    def rows_after(figures, cases=few):
        rows = [Row(label, runs=1, metrics={"micro_f1": value}) for label, value in figures.items()]
        write_section(page, "few", section(rows, cases))
        lines = [line.split(" | ") for line in page.read_text(encoding="utf-8").splitlines()]
        return {line[0]: line[1] for line in lines if len(line) > 1 and line[1][0] == "0"}

    assert rows_after({"a": 0.25, "b": 0.5}) == {"| a": "0.250", "| b": "0.500"}
    assert rows_after({}) == {"| a": "0.250", "| b": "0.500"}
    assert rows_after({"b": 0.75, "c": 0.5}) == {"| a": "0.250", "| b": "0.750", "| c": "0.500"}
    assert rows_after({"c": 0.125}, with_articles(few, ["232"])) == {"| c": "0.125"}


def test_a_section_says_how_many_cases_there_are(few):
    text = section([Row("all", metrics={"micro_f1": 0.5}, runs=1)], few)
    assert "## `few`" in text
    assert "1 train, 1 valid and 2 test cases, 3 articles" in text


def test_the_command_writes_the_page_and_prints_the_rows_of_the_readme(tmp_path):
    data = write_splits(tmp_path / "data")
    page = tmp_path / "peers.md"
    answers = tmp_path / "answers.jsonl"
    answers.write_text(answer_lines(*[["264"]] * 30), encoding="utf-8")
    arguments = ["--data", data, "--cache", tmp_path / "cache", "--output", page, "--seeds", 2]
    arguments += ["--peer", "sklearn-svm", "--answers", f"lawrec={answers}"]
    arguments += ["--answers", f"lawrec={answers}"]
    done = CliRunner().invoke(main, [str(part) for part in arguments], catch_exceptions=False)
    assert done.exit_code == 0
    _, rows = done.stdout.split("Rows for README.md:\n\n")
    assert [row.split(" | ")[0] for row in rows.splitlines() if row] == [
        "| lawrec",
        f"| {PEERS['sklearn-svm'].label}",
    ]
    lines = [line for line in page.read_text(encoding="utf-8").splitlines() if line[:1] == "|"]
    assert lines == done.stdout.splitlines()[: len(lines)]
    cells = [cell.strip() for cell in lines[-1].split("|")]
    assert float(cells[2]) > 0.9  # micro-F1: the words of an article name it
    assert cells[-3] == "2"


def test_wrong_answers_end_the_command_with_a_message(tmp_path):
    data = write_splits(tmp_path / "data")
    arguments = ["--data", str(data), "--cache", str(tmp_path / "cache"), "--answers", "lawrec=no"]
    done = CliRunner().invoke(main, arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "must hold an answer of lawrec predict" in done.stderr


def test_every_package_of_the_peers_has_an_exact_version():
    def names(path):
        lines = (REPOSITORY / path).read_text(encoding="utf-8").splitlines()
        return {re.split("[>=]=", line)[0] for line in lines if line[:1].isalpha()}

    pinned = names("constraints.txt") | names("requirements/peers-constraints.txt")
    required = names("requirements/peers.txt")
    assert required <= pinned
    assert {peer.package for peer in PEERS.values()} <= pinned
