"""The audit of planted faults, and the fixed copy."""

import gzip
import json
import random
from pathlib import Path

import pytest

from lawrec.corpus.audit.case_checks import CHECKS, ERROR, audit_reference_of
from lawrec.corpus.audit.duplicate_checks import CORPUS_CHECKS
from lawrec.corpus.audit.runner import EXAMPLES, audit, load_audit_reference, splits_to_audit
from lawrec.corpus.readers import CaseFormat
from lawrec.errors import CaseError
from lawrec.resources import shipped_path

LISTED = ["133", "264", "266"]
CLEAN = {"train": 6, "valid": 3, "test": 3}
WORDS = "张某李四王五赵六入室窃取现金手机电脑摩托车自行车若干元价值人民币于某日在路边商场车站住宅内"


def fact(number, length=60):
    """Return a fact that is like no other."""
    return "".join(random.Random(number).choices(WORDS, k=length)) + "。"


def line(text, articles=(264,), charges=("盗窃",), **more):
    meta = {"relevant_articles": list(articles), "accusation": list(charges), **more}
    return json.dumps({"fact": text, "meta": meta}, ensure_ascii=False)


class Corpus:
    """A folder whose faults are counted as they are planted."""

    def __init__(self, folder):
        self.folder = folder
        self.lines = {name: [] for name in CLEAN}
        self.numbers = iter(range(1_000))
        for split, size in CLEAN.items():
            self.lines[split] = [line(self.fact()) for _ in range(size)]

    def fact(self):
        return fact(next(self.numbers))

    def add(self, split, *lines):
        self.lines[split].extend(lines)

    def write(self):
        self.folder.mkdir()
        (self.folder / "law.txt").write_text("\n".join(LISTED))
        for split, lines in self.lines.items():
            content = b"\n".join(one if isinstance(one, bytes) else one.encode() for one in lines)
            (self.folder / f"{split}.json").write_bytes(content + b"\n")
        return self.folder


@pytest.fixture
def corpus(tmp_path):
    return Corpus(tmp_path / "data")


def counts(report):
    return {finding.kind: finding.count for finding in report.findings}


def audited(corpus, **options):
    data = corpus.write()
    return audit(data, load_audit_reference(data, None, max_tokens=384), **options)


def plant_unreadable(corpus):
    corpus.add("train", "{", "[]", line("only Latin"), '{"fact": "盗窃", "articles": 264}')


def plant_empty(corpus):
    corpus.add("train", line(""), line(" 　"))


def plant_unlisted(corpus):
    corpus.add("train", line(corpus.fact(), [264, 999]), line(corpus.fact(), ["1000"], []))


def plant_repeated(corpus):
    corpus.add("train", line(corpus.fact(), [264, 264, 264]), line(corpus.fact(), [264, "第264条"]))


def plant_no_label(corpus):
    corpus.add("test", line(corpus.fact(), [], []))


def plant_tiny(corpus):
    corpus.add("train", line("张某盗窃"))


def plant_contradiction(corpus):
    corpus.add(
        "train", line(corpus.fact(), [264], ["[诈骗]"]), line(corpus.fact(), [133], ["盗窃罪"])
    )
    corpus.add("train", line(corpus.fact(), [133], ["危险驾驶"]))


def plant_article(corpus):
    for words in ("第二百六十四条", "刑法第264条", "第二百六十四条"):
        corpus.add("train", line(corpus.fact() + words))


def plant_charge(corpus):
    corpus.add(
        "train", line(corpus.fact() + "构成盗窃罪"), line(corpus.fact() + "盗窃罪", charges=[])
    )


def plant_law(corpus):
    corpus.add("train", line(corpus.fact() + "触犯《刑法》"))


def plant_masked(corpus):
    corpus.add("train", line(corpus.fact() + "构成××罪"), line(corpus.fact() + "以××追究"))


def plant_truncated(corpus):
    corpus.add("train", line(fact(2_000, 1_000)))


def plant_duplicates(corpus):
    text = corpus.fact()
    corpus.add("train", line(text), line(f" {text}"), line(text, year=2018))


def plant_across(corpus):
    one, other = corpus.fact(), corpus.fact()
    corpus.add("train", line(one), line(one), line(other))
    corpus.add("valid", line(other))
    corpus.add("test", line(one), line(other))


def plant_conflict(corpus):
    text = corpus.fact()
    corpus.add("train", line(text), line(text, [266], ["诈骗"]), line(text, [264, 264]))


def plant_near(corpus):
    text = fact(3_000, 200)
    corpus.add("train", line(text), line(text[:-4]), line(text[4:]))


def plant_near_across(corpus):
    text = fact(3_000, 200)
    corpus.add("train", line(text))
    corpus.add("valid", line(text[:-4]))
    corpus.add("test", line(text[4:]))


def plant_unseen(corpus):
    corpus.add("test", line(corpus.fact(), [266], ["诈骗"]), line(corpus.fact(), [266], ["诈骗"]))


def plant_encoded(corpus):
    corpus.add(
        "valid", line("被告人盗窃他人财物").encode("gb18030"), b'{"fact": "\xe7\x9b\x97\xff"}'
    )
    corpus.add("train", '{"fact": "盗窃\\ud800", "articles": [264]}')


# What is planted, what the audit must count, and no more.
PLANTED = {
    plant_unreadable: {"broken-json": 2, "bad-label": 1, "unreadable": 1},
    plant_encoded: {"encoding": 3},
    plant_empty: {"empty-fact": 2},
    plant_unlisted: {"unlisted-label": 2},
    plant_repeated: {"repeated-label": 2},
    plant_no_label: {"no-label": 1},
    plant_tiny: {"tiny-fact": 1},
    plant_contradiction: {"contradiction": 2},
    plant_article: {"states-article": 3, "names-law": 1},
    plant_charge: {"states-charge": 2},
    plant_law: {"names-law": 1},
    plant_masked: {"masked": 2},
    plant_truncated: {"truncated": 1},
    plant_duplicates: {"duplicate": 2},
    plant_across: {"duplicate-across-splits": 4},
    plant_conflict: {"duplicate": 2, "conflicting-labels": 1, "repeated-label": 1},
    plant_near: {"near-duplicate": 2},
    plant_near_across: {"near-duplicate-across-splits": 2},
    plant_unseen: {"article-not-in-train": 1},
}


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
    plant_across(corpus)
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
    path.write_text(f"fact,articles\n{fact(1)},264;264\n{fact(1)},264\n", encoding="utf-8")
    report = audit(path, audit_reference_of([]), fix=tmp_path / "fixed")
    assert counts(report) == {"repeated-label": 1, "duplicate": 1}
    (written,) = (tmp_path / "fixed/mine.json").read_text(encoding="utf-8").splitlines()
    assert json.loads(written) == {
        "fact": fact(1),
        "meta": {"relevant_articles": [264], "accusation": []},
    }


def in_parts(folder, splits):
    """Write train as a packed file, valid as a folder in GB18030, test as several files."""
    (folder / "valid").mkdir(parents=True)
    content = "\n".join(splits["train"]).encode()
    (folder / "train.json.gz").write_bytes(gzip.compress(content))
    for number, one in enumerate(splits["valid"]):
        (folder / f"valid/{number}.json").write_bytes(one.encode("gb18030"))
    for number, one in enumerate(splits["test"]):
        (folder / f"test-{number}.json").write_text(one, encoding="utf-8")
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
        assert fixed[name].splitlines() == [one.replace("[264, 264]", "[264]") for one in lines]


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("mine.json", "mine"),
        ("mine.csv.gz", "mine"),
        ("train-*.json", "train"),
        ("t[er]*_?.json", "ter"),
        ("*.json", "cases"),
    ],
)
def test_a_file_or_a_pattern_is_a_split_under_its_own_name(name, split):
    assert splits_to_audit(Path(name)) == {split: Path(name)}


def test_a_pattern_is_a_corpus_of_one_split(tmp_path, corpus):
    data = in_parts(tmp_path / "data", corpus.lines)
    report = audit(data / "test-*.json", audit_reference_of([]), fix=tmp_path / "fixed")
    assert report.splits["test"].cases == 3
    assert len((tmp_path / "fixed/test.json").read_bytes().splitlines()) == 3


def test_a_table_with_other_names_is_fixed_as_cail2018(tmp_path):
    case_format = CaseFormat(fact_field="案情", articles_field="法条", separator="#")
    path = tmp_path / "mine.csv"
    path.write_bytes(f"案情,法条\n{fact(1)},264#264\n{fact(2)},第266条\n".encode("gb18030"))
    report = audit(path, audit_reference_of([]), case_format=case_format, fix=tmp_path / "fixed")
    assert (report.splits["mine"].encoding, counts(report)) == ("gb18030", {"repeated-label": 1})
    lines = (tmp_path / "fixed/mine.json").read_text(encoding="utf-8").splitlines()
    labels = [json.loads(one)["meta"]["relevant_articles"] for one in lines]
    assert labels == [[264], [266]]


@pytest.mark.parametrize("note", [b"\xff", b"\\ud800"])
def test_a_line_is_fixed_although_another_field_holds_no_text(tmp_path, note):
    path = tmp_path / "mine.json"
    path.write_bytes(line(fact(1), [264, 264], note="@").encode().replace(b"@", note))
    audit(path, audit_reference_of([]), fix=tmp_path / "fixed")
    (fixed,) = (tmp_path / "fixed/mine.json").read_text(encoding="utf-8").splitlines()
    assert json.loads(fixed)["meta"]["relevant_articles"] == [264]
    assert len(json.loads(fixed)["meta"]["note"]) == 1


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


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_fixed_copy_has_no_error_and_nothing_that_is_fixed(corpus, plant, tmp_path):
    plant(corpus)
    first = audited(corpus, fix=tmp_path / "fixed")
    again = audit(
        tmp_path / "fixed", load_audit_reference(tmp_path / "fixed", None, max_tokens=384)
    )
    assert again.errors == 0
    fixed = {"repeated-label", "duplicate"}
    left = {f.kind: f.count for f in first.findings if f.severity != ERROR and f.kind not in fixed}
    assert counts(again) == left
    assert bool(first.changes) == (counts(first) != left)


def test_lines_without_fault_keep_their_bytes(corpus, tmp_path):
    kept = list(corpus.lines["train"])
    for plant in (plant_unreadable, plant_empty, plant_encoded):
        plant(corpus)
    audited(corpus, fix=tmp_path / "fixed")
    assert (tmp_path / "fixed/train.json").read_text(encoding="utf-8").splitlines() == kept
    assert (tmp_path / "fixed/law.txt").read_text().split("\n") == [*LISTED, ""]


def test_kept_labels_stay_as_they_were_written(corpus, tmp_path):
    text = corpus.fact()
    plain = json.dumps({"id": 7, "fact": text, "articles": ["第264条", "999", 264], "x": [1]})
    corpus.add("test", plain, line(corpus.fact(), [266, 264, 266], criminals=["某"]))
    audited(corpus, fix=tmp_path / "fixed")
    lines = (tmp_path / "fixed/test.json").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[3]) == {"id": 7, "fact": text, "articles": ["第264条"], "x": [1]}
    assert json.loads(lines[4])["meta"] == {
        "relevant_articles": [266, 264],
        "accusation": ["盗窃"],
        "criminals": ["某"],
    }


def test_every_change_is_logged_with_its_reason(corpus, tmp_path):
    text = corpus.fact()
    corpus.add("train", "{", line(text, [266], ["诈骗"]), line(corpus.fact(), [999], []))
    corpus.add("train", line(corpus.fact(), [264, 264, 999]))
    corpus.add("test", line(text))
    report = audited(corpus, fix=tmp_path / "fixed")
    log = (tmp_path / "fixed/changes.jsonl").read_text(encoding="utf-8").splitlines()
    changes = [json.loads(change) for change in log]
    assert report.changes == len(changes) == 5
    assert [change["where"].rpartition(":")[2] for change in changes] == ["7", "8", "9", "10", "10"]
    assert [change["what"] for change in changes] == [
        "dropped the line",
        "dropped the case",
        "dropped the case",
        "dropped 999",
        "kept 264 once",
    ]
    assert [change["why"] for change in changes[1:]] == [
        f"the same fact as {corpus.folder / 'test.json'}:4, which has other articles",
        "no article is in the list: 999",
        "not in the list of articles",
        "cited more than once",
    ]


def test_a_duplicate_is_not_dropped_for_a_case_that_is_dropped_itself(corpus, tmp_path):
    text = corpus.fact()
    corpus.add("train", line(text))
    corpus.add("test", line(text, [999], []))
    assert counts(audited(corpus, fix=tmp_path / "fixed")) == {"unlisted-label": 1}
    assert text in (tmp_path / "fixed/train.json").read_text(encoding="utf-8")
    assert text not in (tmp_path / "fixed/test.json").read_text(encoding="utf-8")


def test_a_folder_in_use_is_left_alone(corpus):
    data = corpus.write()
    before = {path.name: path.read_bytes() for path in data.iterdir()}
    with pytest.raises(CaseError, match="the folder must be new or empty"):
        audit(data, audit_reference_of([]), fix=data)
    assert {path.name: path.read_bytes() for path in data.iterdir()} == before


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
        (data / f"part-{part}.json").write_text(line(fact(part)) + "\n")
    (data / "part-3.csv").write_text(f"fact,articles\n{fact(3)},264;999\n")
    ((data if inside else tmp_path) / "law.txt").write_text("266\n264\n")
    report = audit(data, load_audit_reference(data, None, max_tokens=384), fix=tmp_path / "fixed")
    assert {name: size.cases for name, size in report.splits.items()} == {"court": 4}
    assert counts(report) == {"unlisted-label": 1}
    assert len((tmp_path / "fixed/court.json").read_text().splitlines()) == 4
    assert (tmp_path / "fixed/law.txt").read_text() == "266\n264\n"


def test_the_list_that_a_cleaned_copy_gets_is_the_one_it_was_checked_against(corpus, tmp_path):
    data = corpus.write()
    (tmp_path / "list.txt").write_text("刑法第266条\n264")
    audit(
        data,
        load_audit_reference(data, tmp_path / "list.txt", max_tokens=384),
        fix=tmp_path / "fixed",
    )
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
