import json

import pytest

from lawrec.corpus.audit import line_checks
from lawrec.corpus.audit.audit import audit, load_audit_reference
from lawrec.corpus.audit.case_checks import ERROR, audit_reference_of
from lawrec.corpus.readers import CaseFormat
from lawrec.errors import CaseError
from lawrec.iterables import map_here
from tests.helpers.elsewhere import map_elsewhere
from tests.helpers.planted_faults import (
    LISTED,
    PLANTED,
    audited,
    counts,
    invented_fact,
    line,
    plant_empty,
    plant_encoded,
    plant_unreadable,
)
from tests.helpers.progress import Reports


def test_a_table_with_other_names_is_fixed_as_cail2018(tmp_path):
    case_format = CaseFormat(fact_field="案情", articles_field="法条", separator="#")
    path = tmp_path / "mine.csv"
    path.write_bytes(
        f"案情,法条\n{invented_fact(1)},264#264\n{invented_fact(2)},第266条\n".encode("gb18030")
    )
    report = audit(path, audit_reference_of([]), case_format=case_format, fix=tmp_path / "fixed")
    assert (report.splits["mine"].encoding, counts(report)) == ("gb18030", {"repeated-label": 1})
    lines = (tmp_path / "fixed/mine.json").read_text(encoding="utf-8").splitlines()
    labels = [json.loads(text)["meta"]["relevant_articles"] for text in lines]
    assert labels == [[264], [266]]


@pytest.mark.parametrize("note", [b"\xff", b"\\ud800"])
def test_a_line_is_fixed_although_another_field_holds_no_text(tmp_path, note):
    path = tmp_path / "mine.json"
    path.write_bytes(line(invented_fact(1), [264, 264], note="@").encode().replace(b"@", note))
    audit(path, audit_reference_of([]), fix=tmp_path / "fixed")
    (fixed,) = (tmp_path / "fixed/mine.json").read_text(encoding="utf-8").splitlines()
    assert json.loads(fixed)["meta"]["relevant_articles"] == [264]
    assert len(json.loads(fixed)["meta"]["note"]) == 1


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


def test_of_two_equal_lists_of_articles_one_is_kept(corpus, tmp_path):
    meta = {"relevant_articles": [264, 999], "accusation": []}
    record = {"fact": corpus.fact(), "articles": "999;264", "meta": meta}
    corpus.add("test", json.dumps(record))
    audited(corpus, fix=tmp_path / "fixed")
    *_, last = (tmp_path / "fixed/test.json").read_text(encoding="utf-8").splitlines()
    assert json.loads(last) == {
        "fact": record["fact"],
        "meta": {"relevant_articles": [264], "accusation": []},
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
    law = corpus.folder / "law.txt"
    assert [change["why"] for change in changes[1:]] == [
        f"the same fact as {corpus.folder / 'test.json'}:4, which has other articles",
        f"no article is in the list of articles {law}: 999",
        f"not in the list of articles {law}",
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
    ("written", "kept"),
    [
        (["264、999"], ["264"]),
        (["第264条", None, "999"], ["第264条"]),
        ({"choices": ["264", "999", "266"]}, ["264", "266"]),
        ([[0, 3, "264"], [4, 5, "999"]], [[0, 3, "264"]]),
        ("['264', '999']", ["264"]),
    ],
)
def test_labels_are_kept_however_a_tool_wrote_them(tmp_path, written, kept):
    path = tmp_path / "mine.json"
    record = {"fact": invented_fact(1), "articles": written, "unknown_articles": ["133", "998"]}
    path.write_text(json.dumps(record), encoding="utf-8")
    report = audit(path, load_audit_reference(path, None, max_tokens=384), fix=tmp_path / "fixed")
    assert counts(report) == {"unlisted-label": 1}
    assert report.findings[0].examples[0].note == "999, 998"
    fixed = json.loads((tmp_path / "fixed/mine.json").read_text(encoding="utf-8"))
    assert (fixed["articles"], fixed["unknown_articles"]) == (kept, ["133"])


@pytest.mark.parametrize(
    ("stage", "map_items"),
    [("audit train", map_here), ("audit train", map_elsewhere), ("fix train", map_here)],
)
def test_cases_that_change_meanwhile_are_refused(corpus, tmp_path, monkeypatch, stage, map_items):
    corpus.write()
    path = corpus.folder / "train.json"
    monkeypatch.setattr(line_checks, "PART_BYTES", 100)
    reference = load_audit_reference(corpus.folder, None, max_tokens=384)

    def change(now, done, *_):
        if (now, done) == (stage, 1):
            path.write_bytes(path.read_bytes().splitlines(keepends=True)[-1])

    with pytest.raises(CaseError, match=r"train\.json: the cases must not change"):
        audit(
            corpus.folder,
            reference,
            fix=tmp_path / "fixed",
            map_items=map_items,
            progress=Reports(change),
        )
    assert not (tmp_path / "fixed").exists()
