import gzip
import io
import json
import os

import pytest

from lawrec.corpus.case_shards import (
    ShardPlan,
    check_unchanged,
    input_files,
    plan_shards,
    read_shard,
)
from lawrec.corpus.cases import Case, read_cases
from lawrec.corpus.readers import DEFAULT_FORMAT, CaseFormat
from lawrec.errors import CaseError
from lawrec.storage.limits import MAX_LINE_BYTES
from tests.helpers.progress import Reports

LINES = [
    '{"fact": "被告人盗窃钱包。"}',
    "",
    '{"id": "own", "fact": "被告人醉酒驾驶。"}',
    "[1]",
    '{"fact": ""}',
    "{",
    '{"fact": "被告人抢劫。"}',
]


def plan_of(files, *, shard_bytes, case_format=DEFAULT_FORMAT):
    return plan_shards(files, case_format, shard_bytes=shard_bytes)


def in_shards(files, *, shard_bytes, case_format=DEFAULT_FORMAT):
    """The cases of all shards, and the number of shards; the plan goes through JSON."""
    plan = plan_of(files, shard_bytes=shard_bytes, case_format=case_format)
    plan = ShardPlan.from_dict(json.loads(json.dumps(plan.to_dict())))
    cases = [
        case
        for shard in plan.shards
        for case in read_shard(plan, shard, files=files, case_format=case_format)
    ]
    return cases, len(plan.shards)


def comparable(cases):
    return [case if isinstance(case, Case) else (case.case_id, str(case)) for case in cases]


def at_once(files, case_format=DEFAULT_FORMAT):
    return comparable(read_cases(*files, labelled=False, case_format=case_format))


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize("shard_bytes", [1, 30, 60, 10_000])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("last", ["", "\n"])
def test_the_shards_have_the_cases_of_the_file(write, shard_bytes, line_end, encoding, last):
    file = write("cases.jsonl", (line_end.join(LINES) + last).encode(encoding))
    cases, n_shards = in_shards([file], shard_bytes=shard_bytes)
    assert comparable(cases) == at_once([file])
    assert n_shards == {1: 7, 10_000: 1}.get(shard_bytes, n_shards)
    assert [case.case_id for case in cases] == ["1", "own", "4", "5", "6", "7"]


@pytest.mark.parametrize("shard_bytes", [1, 40, 10_000])
def test_text_has_a_case_per_line_blank_ones_included(write, shard_bytes):
    file = write("facts.txt", '被告人盗窃。\n\nonly Latin\n{"a": 1}\nid,fact\n被告人抢劫。')
    cases, _ = in_shards([file], shard_bytes=shard_bytes)
    assert comparable(cases) == at_once([file])
    assert len(cases) == 6


def test_several_files_have_ids_with_their_names_and_small_ones_share_a_shard(write):
    lines = "\n".join(LINES)
    files = [
        write("a.jsonl", lines),
        write("b.jsonl.gz", gzip.compress(lines.encode())),
        write("c.csv", 'fact\n"被告人\n盗窃"\n被告人抢劫\n'),
        write("d.txt", ""),
        write("e.txt", "被告人盗窃。\n被告人抢劫。\n"),
    ]
    for shard_bytes in (1, 200, 100_000):
        cases, n_shards = in_shards(files, shard_bytes=shard_bytes)
        assert comparable(cases) == at_once(files)
        assert n_shards == {1: 7 + 1 + 1 + 2, 100_000: 1}.get(shard_bytes, n_shards)
    assert cases[0].case_id == "a.jsonl:1"


def test_a_file_per_case_keeps_its_name(write):
    files = [write(f"{name}.txt", f"被告人\n{name}") for name in "甲乙丙"]
    cases, n_shards = in_shards(files, shard_bytes=25, case_format=CaseFormat("document"))
    assert [case.case_id for case in cases] == ["甲.txt", "乙.txt", "丙.txt"]
    assert n_shards == 2


def test_a_file_with_carriage_returns_alone_is_one_shard(write):
    long = "甲" * (MAX_LINE_BYTES // 3)
    file = write("old.txt", f"被告人盗窃。\r被告人抢劫。\r{long}\n被告人甲。\r被告人乙。\r")
    cases, n_shards = in_shards([file], shard_bytes=10)
    assert (n_shards, len(cases)) == (1, 5)
    assert comparable(cases) == at_once([file])


def test_a_carriage_return_in_the_last_line_ends_no_line(write):
    file = write("facts.txt", "被告人盗窃。\n被告人\r抢劫。")
    cases, n_shards = in_shards([file], shard_bytes=5)
    assert n_shards == 2
    assert comparable(cases) == at_once([file])


def test_a_line_that_is_too_long_stays_in_one_shard(write):
    file = write("facts.txt", b"x" * (MAX_LINE_BYTES + 70_000) + "\n被告人盗窃。\n".encode())
    cases, n_shards = in_shards([file], shard_bytes=1_000)
    assert n_shards == 2
    assert comparable(cases) == at_once([file])
    assert "a line must have at most" in str(cases[0])


def test_a_json_array_is_refused_as_in_one_pass(write):
    file = write("cases.json", '[\n{"fact": "被告人盗窃。"},\n{"fact": "被告人抢劫。"}\n]')
    with pytest.raises(CaseError, match="JSON lines"):
        in_shards([file], shard_bytes=10)


def test_files_with_one_name_have_the_ids_of_one_pass(write, tmp_path):
    (tmp_path / "d").mkdir()
    files = [write("a.txt", "被告人盗窃。\n" * 2), write("d/a.txt", "被告人抢劫。\n")]
    cases, _ = in_shards(files, shard_bytes=10)
    assert comparable(cases) == at_once(files)
    assert len({case.case_id for case in cases}) == 3


def test_the_files_planned_are_reported(write):
    files = [write("a.txt", "甲\n"), write("b.txt", "乙丙\n")]
    reports = []
    progress = Reports(lambda *report: reports.append(report))
    plan_shards(files, DEFAULT_FORMAT, shard_bytes=10, progress=progress)
    assert reports == [("plan shards", 1, 2, ""), ("plan shards", 2, 2, "")]


def test_no_bytes_have_no_shard(write):
    assert plan_of([write("a.txt", "")], shard_bytes=10).shards == ()


def test_a_file_that_changed_is_refused(write):
    file = write("a.txt", "被告人盗窃。\n")
    plan = plan_of([file], shard_bytes=10)
    os.utime(file, (1, 1))
    check_unchanged(plan.files[0], file)  # a copy with another time
    write("a.txt", "被告人抢劫。\n")
    os.utime(file, (1, 1))
    with pytest.raises(CaseError, match="as it was when its shards were planned"):
        list(read_shard(plan, plan.shards[0], files=[file], case_format=DEFAULT_FORMAT))
    write("a.txt", "被告人盗窃。\n被告人盗窃。\n")
    with pytest.raises(CaseError, match="as it was when its shards were planned"):
        check_unchanged(plan.files[0], file)


def test_what_cannot_be_read_again_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    for name, got in {"pipe.txt": "something else", "missing.txt": "no such file"}.items():
        with pytest.raises(CaseError, match=got):
            input_files([tmp_path / name])


def test_an_unknown_suffix_is_refused_while_planning(write):
    with pytest.raises(CaseError, match="the suffix must be one of"):
        plan_of([write("a.doc", "甲")], shard_bytes=10)


def test_a_part_reads_no_further(write):
    file = write("a.txt", "甲\n乙\n丙\n")
    plan = plan_of([file], shard_bytes=4)
    [[case], _, [last]] = [
        list(read_shard(plan, shard, files=[file], case_format=CaseFormat("text")))
        for shard in plan.shards
    ]
    assert (case.case_id, last.case_id) == ("1", "3")
    assert io.BytesIO(file.read_bytes()).read() == b"".join(
        file.read_bytes()[part.start : part.end] for [part] in plan.shards
    )
