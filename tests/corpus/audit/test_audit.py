"""The audit of planted faults."""

import gzip
import json
from pathlib import Path

import pytest

from lawrec.corpus.audit.audit import EXAMPLES, audit, load_audit_reference, splits_to_audit
from lawrec.corpus.audit.case_checks import CHECKS, ERROR, audit_reference_of
from lawrec.corpus.audit.duplicate_checks import CORPUS_CHECKS
from lawrec.errors import CaseError
from lawrec.storage.resources import shipped_path
from tests.helpers.planted_faults import (
    CLEAN,
    PLANTED,
    audited,
    counts,
    invented_fact,
    line,
    plant_duplicates_across,
    plant_near,
    plant_near_across,
    plant_repeated,
    plant_unlisted,
)
from tests.helpers.progress import messages_to


def test_a_clean_corpus_has_no_finding(corpus):
    report = audited(corpus)
    assert report.findings == ()
    assert report.errors == 0
    assert {name: split.cases for name, split in report.splits.items()} == CLEAN
    assert report.articles == {
        "264": CLEAN,
        "133": dict.fromkeys(CLEAN, 0),
        "266": dict.fromkeys(CLEAN, 0),
    }


def test_a_second_valid_split_is_not_left_out_in_silence(corpus):
    audited(corpus)  # writes the files
    (corpus.folder / "dev.json").touch()
    notes = []
    audit(corpus.folder, audit_reference_of([]), progress=messages_to(notes))
    assert notes[0].endswith("are those of valid.json, not those of dev.json.")


def test_the_shipped_sample_is_clean():
    sample = shipped_path("data/sample")
    assert audit(sample, load_audit_reference(sample, None, max_tokens=384)).findings == ()


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_planted_faults_are_counted_exactly(corpus, plant):
    plant(corpus)
    assert counts(audited(corpus)) == PLANTED[plant]


def test_every_check_has_a_planted_fault():
    assert set().union(*PLANTED.values()) == {*CHECKS, *CORPUS_CHECKS}


def test_faults_of_all_kinds_together_add_up(corpus):
    expected = {}
    for plant in PLANTED:
        if plant is not plant_near_across:  # its facts are near-duplicates of those of plant_near
            plant(corpus)
            for kind, count in PLANTED[plant].items():
                expected[kind] = expected.get(kind, 0) + count
    del expected["article-not-in-train"]  # 266 is in train by now
    assert counts(audited(corpus)) == expected


def test_errors_come_first_with_their_examples(corpus):
    plant_repeated(corpus)
    for _ in range(EXAMPLES + 2):
        plant_unlisted(corpus)
    report = audited(corpus)
    assert [finding.kind for finding in report.findings] == ["unlisted-label", "repeated-label"]
    unlisted, repeated = report.findings
    assert (unlisted.severity, unlisted.count) == (ERROR, 2 * (EXAMPLES + 2))
    assert len(unlisted.examples) == EXAMPLES
    train = corpus.folder / "train.json"
    assert unlisted.examples[0] == (f"{train}:9", "999")
    assert repeated.examples[0] == (f"{train}:7", "[264, 264, 264]")
    assert report.errors == 1


def test_examples_of_duplicates_name_both_lines(corpus):
    plant_duplicates_across(corpus)
    (finding,) = audited(corpus).findings
    assert finding.examples[2] == (
        f"{corpus.folder / 'train.json'}:9",
        f"the same fact as {corpus.folder / 'test.json'}:5",
    )


def test_the_long_tail_is_that_of_train(corpus):
    corpus.add("train", *(line(corpus.fact(), [266], ["诈骗"]) for _ in range(12)))
    tail = audited(corpus).tail
    assert (tail.articles, tail.unused, tail.rare, tail.labels, tail.top) == (3, 1, 1, 18, 18)


def test_sizes_are_counted(corpus):
    corpus.add("train", "", "{", line("盗窃" * 20, [264, 266]))
    train = audited(corpus).splits["train"]
    assert (train.lines, train.cases, train.several) == (8, 7, 1)
    assert (train.characters, train.longest) == (6 * 61 + 40, 61)


def test_one_file_is_a_corpus_of_one_split(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(
        f"fact,articles\n{invented_fact(1)},264;264\n{invented_fact(1)},264\n", encoding="utf-8"
    )
    report = audit(path, audit_reference_of([]), fix=tmp_path / "fixed")
    assert counts(report) == {"repeated-label": 1, "duplicate": 1}
    (written,) = (tmp_path / "fixed/mine.json").read_text(encoding="utf-8").splitlines()
    assert json.loads(written) == {
        "fact": invented_fact(1),
        "meta": {"relevant_articles": [264], "accusation": []},
    }


def in_parts(folder, splits):
    """Write train as a packed file, valid as a folder in GB18030, test as several files."""
    (folder / "valid").mkdir(parents=True)
    content = "\n".join(splits["train"]).encode()
    (folder / "train.json.gz").write_bytes(gzip.compress(content))
    for number, content in enumerate(splits["valid"]):
        (folder / f"valid/{number}.json").write_bytes(content.encode("gb18030"))
    for number, content in enumerate(splits["test"]):
        (folder / f"test-{number}.json").write_text(content, encoding="utf-8")
    return folder


def test_splits_are_read_and_fixed_whatever_their_files_are(corpus, tmp_path):
    text = corpus.fact()
    corpus.add("train", line(text), line(corpus.fact(), [264, 264], note="某"))
    corpus.add("valid", line(corpus.fact(), [264, 264], note="某"))
    corpus.add("test", line(text))
    data = in_parts(tmp_path / "data", corpus.lines)
    report = audit(data, audit_reference_of([]), fix=tmp_path / "fixed")
    assert [split.encoding for split in report.splits.values()] == ["utf-8", "gb18030", "utf-8"]
    assert [split.cases for split in report.splits.values()] == [8, 4, 4]
    across, repeated = report.findings
    assert across.examples == (
        (f"{data}/train.json.gz:7", f"the same fact as {data}/test-3.json:1"),
    )
    assert [where for where, _ in repeated.examples] == [
        f"{data}/train.json.gz:8",
        f"{data}/valid/3.json:1",
    ]
    fixed = {name: (tmp_path / f"fixed/{name}.json").read_text("utf-8") for name in CLEAN}
    expected = {
        "train": [*corpus.lines["train"][:6], corpus.lines["train"][7]],
        "valid": corpus.lines["valid"],
        "test": corpus.lines["test"],
    }
    for name, lines in expected.items():
        assert fixed[name].splitlines() == [text.replace("[264, 264]", "[264]") for text in lines]


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("mine.json", "mine"),
        ("mine.CSV.gz", "mine"),
        ("v1.1.json", "v1.1"),
        ("train-*.json", "train"),
        ("t[er]*_?.json", "ter"),
        ("*.json", "cases"),
        ("..", "cases"),
    ],
)
def test_a_file_or_a_pattern_is_a_split_under_its_own_name(name, split):
    assert splits_to_audit(Path(name)) == {split: Path(name)}


def test_a_pattern_is_a_corpus_of_one_split(tmp_path, corpus):
    data = in_parts(tmp_path / "data", corpus.lines)
    report = audit(data / "test-*.json", audit_reference_of([]), fix=tmp_path / "fixed")
    assert report.splits["test"].cases == 3
    assert len((tmp_path / "fixed/test.json").read_bytes().splitlines()) == 3


def test_the_threshold_says_what_is_near(corpus):
    plant_near(corpus)
    assert counts(audited(corpus, threshold=1.0)) == {}


def test_tokens_are_counted_when_a_tokenizer_is_named(corpus):
    data = corpus.write()
    report = audit(data, load_audit_reference(data, None, max_tokens=60, tokenizer="char"))
    assert counts(report) == {"truncated": 12}
    assert report.findings[0].examples[0][1] == "61 tokens"


def test_a_list_of_articles_may_be_named(corpus, tmp_path):
    (tmp_path / "list.txt").write_text("266\n")
    data = corpus.write()
    report = audit(data, load_audit_reference(data, tmp_path / "list.txt", max_tokens=384))
    assert counts(report) == {"unlisted-label": 12}


def test_a_folder_without_cases_is_refused(tmp_path):
    with pytest.raises(CaseError, match="the folder must hold files of cases"):
        audit(tmp_path, audit_reference_of([]))


def test_a_folder_with_other_splits_but_no_train_is_refused(corpus):
    data = corpus.write()
    (data / "train.json").unlink()
    with pytest.raises(CaseError, match=r"the folder must hold train\.json"):
        splits_to_audit(data)


@pytest.mark.parametrize("inside", [True, False])
def test_a_folder_without_splits_is_one_set_of_cases(tmp_path, inside):
    data = tmp_path / "court.2024"
    data.mkdir()
    for part in range(3):
        (data / f"part-{part}.json").write_text(line(invented_fact(part)) + "\n")
    (data / "part-3.csv").write_text(f"fact,articles\n{invented_fact(3)},264;999\n")
    ((data if inside else tmp_path) / "law.txt").write_text("266\n264\n")
    report = audit(data, load_audit_reference(data, None, max_tokens=384), fix=tmp_path / "fixed")
    assert {name: size.cases for name, size in report.splits.items()} == {"court.2024": 4}
    assert counts(report) == {"unlisted-label": 1}
    assert len((tmp_path / "fixed/court.2024.json").read_text().splitlines()) == 4
    assert (tmp_path / "fixed/law.txt").read_text() == "266\n264\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [("train.json", ""), ("train.json", "\n\n"), ("train.csv", "fact,articles\n")],
)
def test_a_file_that_holds_nothing_is_refused(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content)
    for data in (path, tmp_path):
        with pytest.raises(CaseError, match="the file must hold a case") as caught:
            audit(data, load_audit_reference(data, None, max_tokens=384))
        assert caught.value.where == str(path)


def test_without_a_list_a_label_must_be_in_the_catalog(tmp_path):
    path = tmp_path / "mine.csv"
    labels = ["264", "266277", "5-Mar", "133.2", "#REF!", "民法典第1165条", "nan", "无", "0"]
    rows = [f"{invented_fact(n)},{label}" for n, label in enumerate(labels)]
    path.write_text("\n".join(["fact,articles", *rows]), encoding="utf-8")
    expected = {"bad-label": 1, "unlisted-label": 5, "no-label": 2}
    report = audit(path, load_audit_reference(path, None, max_tokens=384))
    assert counts(report) == expected
    unlisted = next(f for f in report.findings if f.kind == "unlisted-label")
    assert unlisted.severity == ERROR
    assert "without a list, --any-label allows it" in unlisted.todo
    assert unlisted.examples[0] == (f"{path}:3", "266277")
    any_label = load_audit_reference(path, None, max_tokens=384, any_label=True)
    assert "unlisted-label" not in counts(audit(path, any_label))
    (tmp_path / "law.txt").write_text("民法典第1165条\n", encoding="utf-8")
    listed = load_audit_reference(path, None, max_tokens=384, any_label=True)
    assert counts(audit(path, listed))["unlisted-label"] == 5
