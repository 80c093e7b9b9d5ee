import json
from dataclasses import replace
from pathlib import Path

import pytest

from lawrec.corpus.cases import EVERY_ARTICLE, Case, read_cases
from lawrec.corpus.label_check import (
    ANY_LABEL,
    check_labels,
    find_article_list,
    known_labels,
    label_error,
    labels_known_to_run,
    refuse_each_unknown_label,
)
from lawrec.corpus.readers import CaseFormat
from lawrec.errors import CaseError, ErrorKind

CIVIL = ["民法典第1165条", "民法典第1179条"]


def write(path, *labels):
    lines = [
        json.dumps({"fact": f"第{n}件：打翻茶壶。", "articles": a}) for n, a in enumerate(labels)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def refused(*paths, known=None):
    with pytest.raises(CaseError) as caught:
        check_labels([(path, CaseFormat()) for path in paths], known or known_labels(None))
    return caught.value


@pytest.mark.parametrize(
    ("known", "labels", "unknown"),
    [
        (known_labels(None), ["274", "133之一", "452"], []),
        (
            known_labels(None),
            ["274276", "12-Mar", "133.1", "民法典第1165条", "453"],
            [0, 1, 2, 3, 4],
        ),
        (known_labels(CIVIL), [*CIVIL, "274"], [2]),
        (known_labels(CIVIL, any_label=True), ["274", CIVIL[0]], [0]),
        (known_labels(None, any_label=True), ["274276", "民法典第1165条"], []),
        (labels_known_to_run(CIVIL), [*CIVIL, "274", "274276"], [3]),
        (labels_known_to_run(CIVIL, any_label=True), ["274276"], []),
        (ANY_LABEL, ["盗窃"], []),
    ],
)
def test_a_list_counts_alone_and_else_the_catalog(known, labels, unknown):
    assert known.unknown(labels) == [labels[index] for index in unknown]


def test_one_error_names_the_first_unknown_labels_and_how_many_there_are(tmp_path):
    train = write(tmp_path / "train.json", [274], ["12-Mar"], [274], ["274276", 264])
    valid = write(tmp_path / "valid.json", ["#VALUE!"], [999], [274])
    error = refused(train, valid)
    assert (error.where, error.kind) == (f"{train}:2", ErrorKind.UNKNOWN_LABEL)
    assert error.expected == "each article must be in the catalog of the Criminal Law"
    assert error.got == (
        f"['12-Mar'], ['274276'] in {train}:4, ['#VALUE!'] in {valid}:1: 4 cases in all"
    )
    assert "--article-list" in error.todo
    assert "--any-label" in error.todo


def test_a_single_unknown_label_is_named_alone(tmp_path):
    path = write(tmp_path / "a.json", [264], ["274"])
    error = refused(path, known=known_labels(["264"], Path("law\udcff.txt"), any_label=True))
    assert (error.where, error.got) == (f"{path}:2", "['274']")
    assert error.expected == "each article must be in the list of articles law\\udcff.txt"


def test_known_labels_and_lines_that_cannot_be_used_pass_the_check(tmp_path):
    path = write(tmp_path / "a.json", [274], ["133-1"])
    path.write_text(path.read_text("utf-8") + "{\n", encoding="utf-8")
    check_labels([(path, CaseFormat())], known_labels(None))
    cases = list(refuse_each_unknown_label(read_cases(path), known_labels(None)))
    assert [getattr(case, "kind", None) for case in cases] == [None, None, ErrorKind.BROKEN_JSON]


def test_masked_articles_are_checked_unless_all_are_masked():
    case = Case("a:1", "1", "盗窃", ("264",), unknown_articles=("274276",))
    error = label_error(case, known_labels(None))
    assert error is not None
    assert error.got == "['274276']"
    masked = Case("a:1", "1", "盗窃", unknown_articles=EVERY_ARTICLE)
    assert label_error(masked, known_labels(None)) is None


def test_articles_of_the_catalog_may_be_masked_that_no_list_has():
    known = known_labels(["264"])
    case = Case("a:1", "1", "盗窃", ("264",), unknown_articles=("133之一", "274276", "300"))
    assert known.unknown_in(case) == ["274276"]
    assert known.unknown_in(replace(case, articles=("300",))) == ["300", "274276"]


def test_a_list_lies_in_the_folder_of_the_cases(tmp_path):
    cases = write(tmp_path / "a.json", [264])
    assert find_article_list(cases) is None
    (tmp_path / "law.txt").write_text("264\n")
    assert find_article_list(cases) == find_article_list(tmp_path) == tmp_path / "law.txt"
    (tmp_path / "inner").mkdir()
    assert find_article_list(tmp_path / "inner", in_parent=False) is None
