"""Checking lines: the same from one process and from several, whatever the parts."""

import gzip
import json
import os
import pickle
import sys

import pytest

from lawrec.corpus.audit import line_checks
from lawrec.corpus.audit.audit import audit, load_audit_reference
from lawrec.corpus.audit.case_checks import AuditReference
from lawrec.corpus.audit.line_checks import CheckedLine, check_line, check_splits
from lawrec.corpus.case_lines import CaseLine, line_parts, read_lines
from lawrec.corpus.cases import Case
from lawrec.corpus.label_check import known_labels
from lawrec.corpus.readers import DEFAULT_FORMAT, CaseFormat
from lawrec.errors import CaseError
from lawrec.iterables import map_here
from tests.helpers.elsewhere import map_elsewhere

REFERENCE = AuditReference(known=known_labels(["133之一", "264"]))
LINES = (
    '{"fact": "被告人张某盗窃手机一部。", "articles": [264]}',
    "",
    "{",
    '{"fact": "", "articles": [264]}',
    '{"fact": "被告人李某醉酒驾驶。", "articles": ["264", "264", "999"]}',
    '{"fact": "被告人王某。", "articles": [999]}',
)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "train.json"
    path.write_text("\n".join(LINES * 3), encoding="utf-8")
    return path


def checked(files, map_items, case_format=DEFAULT_FORMAT):
    return list(check_splits(files, REFERENCE, case_format=case_format, map_items=map_items))


def test_what_is_known_of_a_line():
    case = Case("a.json:3", "3", "盗窃", ("264", "999"), cited=("264", "999", "264"))
    assert check_line(CaseLine(case), REFERENCE) == CheckedLine(
        where="a.json:3",
        notes=(
            ("unlisted-label", "999"),
            ("repeated-label", "[264, 999, 264]"),
            ("tiny-fact", "盗窃"),
        ),
        is_case=True,
        text="盗窃",
        n_articles=2,
        labels=("264",),
    )
    error = CaseError("a.json:4", expected="a line must be JSON", got="{", todo="Fix it.")
    assert check_line(CaseLine(error), REFERENCE) == CheckedLine(
        "a.json:4", (("unreadable", "a line must be JSON, got {"),)
    )


def test_a_case_with_unknown_articles_alone_has_no_labels():
    case = Case("a.json:1", "1", "被告人张某盗窃手机一部。", ("999",))
    assert check_line(CaseLine(case), REFERENCE).labels is None
    assert check_line(CaseLine(Case("a.json:1", "1", "盗窃")), REFERENCE).labels == ()


@pytest.mark.parametrize("part_bytes", [1, 100, 10_000])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("fields", [{}, {"fact_field": "fact"}])
def test_parts_have_the_lines_of_the_file(
    file, tmp_path, monkeypatch, *, part_bytes, encoding, fields
):
    file.write_text("\n".join(LINES * 3), encoding=encoding)
    more = tmp_path / "test"
    more.mkdir()
    for name in "ab":
        (more / f"{name}.json").write_text("\n".join(LINES) + "\n", encoding=encoding)
    files, case_format = {"train": file, "test": more}, CaseFormat(**fields)
    expected = checked(files, map_here, case_format)
    assert [split for split, _ in expected] == ["train"] * 15 + ["test"] * 10
    monkeypatch.setattr(line_checks, "PART_BYTES", part_bytes)
    assert checked(files, map_elsewhere, case_format) == expected


def test_a_part_has_the_bytes_of_its_lines(file):
    [first, *_] = parts = line_parts(file, DEFAULT_FORMAT, part_bytes=100)
    assert (first.part.start, first.encoding, len(parts)) == (0, "utf-8", 6)
    lines = [line for part in parts for line in line_checks.read_line_part(part)]
    assert [(line.where, line.raw, line.encoding) for line in lines] == [
        (line.where, line.raw, line.encoding) for line in read_lines(file)
    ]


def test_packed_files_and_tables_are_read_by_this_process(file, tmp_path):
    packed = tmp_path / "train.json.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    table = tmp_path / "test.csv"
    table.write_text("fact,articles\n被告人张某盗窃手机一部。,264\n", encoding="utf-8")
    lines = checked({"train": packed, "test": table}, None)
    assert [split for split, _ in lines] == ["train"] * 15 + ["test"]


@pytest.mark.skipif(sys.platform == "win32", reason="has no named pipes")
def test_a_pipe_is_not_split(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    assert line_parts(tmp_path / "pipe.json", DEFAULT_FORMAT, part_bytes=100) == []


def test_an_empty_split_and_an_absent_one_are_errors_whoever_reads(file, tmp_path):
    (tmp_path / "test.json").touch()
    for map_items in (map_here, map_elsewhere):
        with pytest.raises(CaseError, match=r"test\.json: the file must hold a case"):
            audit(tmp_path, REFERENCE, map_items=map_items)
        with pytest.raises(CaseError, match=r"absent\.json: the file must be readable"):
            audit(tmp_path / "absent.json", REFERENCE, map_items=map_items)


def test_other_processes_count_tokens_with_the_same_tokenizer(file):
    reference = load_audit_reference(file, None, max_tokens=4, tokenizer="char")
    assert pickle.loads(pickle.dumps(reference)).tokens("被告人盗窃") == 5
    reports = [audit(file, reference, map_items=each) for each in (map_here, map_elsewhere)]
    assert reports[0] == reports[1]
    [truncated] = [finding for finding in reports[0].findings if finding.kind == "truncated"]
    assert truncated.count == 9
    assert json.dumps(truncated.examples[0])
