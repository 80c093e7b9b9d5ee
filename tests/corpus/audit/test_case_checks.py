import pytest

from lawrec.corpus.audit.case_checks import CHECKS, AuditReference, audit_reference_of
from lawrec.corpus.case_lines import CaseLine, read_lines
from lawrec.corpus.cases import Case
from lawrec.errors import CaseError, ErrorKind
from lawrec.law.catalog import Article, shipped_catalog

FACT = "被告人张某秘密窃取他人财物。"
CATALOG = [
    Article("25", "共同犯罪概念"),
    Article("133", "交通肇事罪"),
    Article("133之一", "危险驾驶罪"),
    Article("210", "盗窃罪；诈骗罪"),
    Article("264", "盗窃罪"),
    Article("347", "走私、贩卖、运输、制造毒品罪"),
]
REFERENCE = audit_reference_of(CATALOG, max_tokens=100)


def case(fact=FACT, cited=("264",), charges=()):
    return Case(
        "a.json:1", "1", fact, tuple(dict.fromkeys(cited)), tuple(charges), cited=tuple(cited)
    )


def note_of(kind, *arguments, reference=REFERENCE, **fields):
    return CHECKS[kind].find(CaseLine(case(*arguments, **fields), b"{}"), reference)


def refused(check, kind, raw=b"{"):
    error = CaseError("a.json:1", expected="it must hold", got="this", todo="Fix it.", kind=kind)
    return CHECKS[check].find(CaseLine(error, raw), REFERENCE)


def test_a_case_without_fault_has_no_finding():
    line = CaseLine(case(charges=["盗窃"]))
    assert [kind for kind, check in CHECKS.items() if check.find(line, REFERENCE)] == []


@pytest.mark.parametrize(
    ("kind", "raw", "check", "note"),
    [
        (ErrorKind.BROKEN_JSON, b"{", "broken-json", "it must hold, got this"),
        (ErrorKind.BAD_LABEL, b"{}", "bad-label", "it must hold, got this"),
        (ErrorKind.OTHER, b"{}", "unreadable", "it must hold, got this"),
        (ErrorKind.EMPTY_FACT, b"{}", "empty-fact", "it must hold, got this"),
        (ErrorKind.ENCODING, b'{"fact": "\xff\xff"}', "encoding", "not utf-8"),
        (ErrorKind.ENCODING, b'{"fact": "\\ud800"}', "encoding", "it must hold, got this"),
        (ErrorKind.ENCODING, b"", "encoding", "it must hold, got this"),
        (ErrorKind.ENCODING, "盗窃".encode("gbk"), "encoding", "not utf-8; it reads as gb18030"),
        (ErrorKind.BROKEN_JSON, "盗窃".encode("gbk"), "encoding", "not utf-8; it reads as gb18030"),
        (ErrorKind.BROKEN_JSON, b"\xff\xfe{\0", "encoding", "begins like UTF-16"),
    ],
)
def test_exactly_one_check_finds_a_line_that_cannot_be_read(kind, raw, check, note):
    notes = {name: refused(name, kind, raw) for name in CHECKS}
    assert [name for name, text in notes.items() if text] == [check]
    assert note in notes[check]


@pytest.mark.parametrize(
    ("line", "check", "note"),
    [
        (b'{"', "broken-json", "a line must be one JSON object, got broken JSON"),
        (b'{"text": 1}', "no-fact", "a case must have a field \"fact\", got 'text'"),
        (b'{"meta": 1}', "broken-json", '"meta" must be a JSON object, got 1'),
        (b'{"fact": "\xe7\x9b\x97", "articles": [0]}', "bad-label", "an article must be a number"),
        (b'{"fact": "\xe7\x9b\x97"}', "bad-label", "must be a list of articles, got None"),
        (b'{"fact": 1}', "unreadable", '"fact" must be a text, got 1'),
        (b'{"fact": ""}', "empty-fact", "the fact must not be empty, got ''"),
        (b'{"fact": "\\ud800"}', "unreadable", "the text must hold whole characters"),
    ],
)
def test_a_line_of_a_file_has_the_finding_of_its_error(tmp_path, line, check, note):
    (tmp_path / "a.json").write_bytes(line)
    (case_line,) = read_lines(tmp_path / "a.json")
    notes = {name: CHECKS[name].find(case_line, REFERENCE) for name in CHECKS}
    assert [name for name, text in notes.items() if text] == [check]
    assert note in notes[check]


def test_a_line_is_compared_with_the_encoding_of_its_file():
    kind = ErrorKind.BROKEN_JSON
    error = CaseError("a.json:1", expected="it must hold", got="this", todo="Fix it.", kind=kind)
    line = CaseLine(error, "{盗窃".encode("gbk"), "gb18030")
    assert CHECKS["encoding"].find(line, REFERENCE) == ""
    note = CHECKS["encoding"].find(CaseLine(error, b"\xff", "gb18030"), REFERENCE)
    assert note == "not gb18030"


def test_repeats_are_shown_as_they_are_written():
    assert note_of("repeated-label", cited=("205", "205", "205")) == "[205, 205, 205]"
    assert note_of("repeated-label", cited=("205", "264")) == ""


def test_only_a_list_makes_a_label_unlisted():
    reference = audit_reference_of(CATALOG, ["264", "133"])
    cited = ("264", "999", "133之一")
    assert note_of("unlisted-label", cited=cited, reference=reference) == "999, 133之一"
    assert note_of("unlisted-label", cited=("264", "999")) == ""


def test_a_case_may_have_no_label_in_the_list():
    reference = audit_reference_of([], ["264"])
    assert reference.has_no_listed_article(case(cited=("999",)))
    assert not reference.has_no_listed_article(case(cited=("999", "264")))
    assert not reference.has_no_listed_article(case(cited=()))
    assert reference.kept(case(cited=("999", "264", "264"))) == ("264",)


def test_no_label_and_tiny_facts_are_found():
    assert note_of("no-label", cited=()) == "no article"
    assert note_of("tiny-fact", "张某 盗窃") == "张某盗窃"
    assert note_of("tiny-fact", "张某盗窃他人财物若干") == ""


@pytest.mark.parametrize(
    ("charges", "cited", "listed", "expected"),
    [
        (["盗窃"], ["264"], [], ""),
        (["盗窃罪"], ["264"], [], ""),
        (["盗窃"], ["210"], [], ""),
        (["盗窃"], ["133"], [], "盗窃 is in 210/264, not in 133"),
        (["[盗窃]"], ["133"], [], "[盗窃] is in 210/264, not in 133"),
        (["危险驾驶"], ["133"], [], ""),
        (["交通肇事"], ["133之一"], [], ""),
        (["危险驾驶"], ["264"], [], "危险驾驶 is in 133, not in 264"),
        (["[走私、贩卖、运输、制造]毒品"], ["347"], [], ""),
        (["[走私、贩卖、运输、制造]毒品罪"], ["264"], [], "[走私"),
        (["盗窃", "危险驾驶"], ["264"], [], "危险驾驶 is in 133, not in 264"),
        (["从未听说"], ["264"], [], ""),
        (["盗窃"], [], [], ""),
        (["盗窃"], ["133"], ["133", "264"], "盗窃 is in 264, not in 133"),
        (["盗窃"], ["133"], ["133"], ""),
    ],
)
def test_a_charge_contradicts_articles_other_than_its_own(charges, cited, listed, expected):
    reference = audit_reference_of(CATALOG, listed)
    note = note_of("contradiction", charges=charges, cited=cited, reference=reference)
    assert note.startswith(expected) if expected else note == ""


@pytest.mark.parametrize(
    ("kind", "words", "note"),
    [
        ("states-article", "依照第二百六十四条之规定", "第二百六十四条"),
        ("states-article", "依照刑法第264条处罚", "第264条"),
        ("states-article", "依照第２６４ 条处罚", "第264条"),
        ("states-article", "依据刑法264条", "刑法264条"),
        ("states-article", "依据《刑法》二百六十四条", "刑法》二百六十四条"),
        ("states-article", "第二百六十四条之一", "第二百六十四条之一"),
        ("states-article", "依照第二百六十六条处罚", ""),
        ("states-article", "合同第三条约定", ""),
        ("states-charge", "应以盗窃罪追究", "盗窃罪"),
        ("states-charge", "应以诈骗罪追究", ""),
        ("states-charge", "其盗窃行为", ""),
        ("names-law", "触犯《中华人民共和国刑法》之规定", "《中华人民共和国刑法》"),
        ("names-law", "触犯《刑法》之规定", "《刑法》"),
        ("names-law", "触犯刑法第十条", "刑法"),
        ("names-law", "已触犯我国刑法", "刑法"),
        ("names-law", "公刑法医鉴字", ""),
        ("masked", "应以××罪追究", "××罪"),
        ("masked", "其行为已构成××，提请", "构成××"),
        ("masked", "《中华人民共和国刑法》××××之规定", "法》××"),
        ("masked", "其行为构成＊＊罪", "构成**罪"),
        ("masked", "在××路的XX牙科", ""),
    ],
)
def test_a_fact_that_gives_its_answer_away_is_found(kind, words, note):
    got = note_of(kind, f"被告人张某，{words}，判处刑罚。")
    assert note in got
    assert bool(got) == bool(note)


def test_a_fact_may_state_one_of_the_charges_that_brackets_offer():
    note = note_of(
        "states-charge",
        "其行为已构成贩卖毒品罪。",
        cited=("347",),
        charges=["[走私、贩卖、运输、制造]毒品"],
    )
    assert note == "其行为已构成贩卖毒品罪。"


def test_the_context_of_a_match_is_shortened():
    note = note_of("states-charge", "一二三四五六七八九盗窃罪九八七六五四三二一")
    assert note == "…二三四五六七八九盗窃罪九八七六五四三二…"


def test_a_fact_is_truncated_beyond_the_tokens_that_are_read():
    assert note_of("truncated", "盗" * 160) == ""
    assert note_of("truncated", "盗" * 360) == "200 tokens"
    counted = AuditReference(tokens=len, max_tokens=2)
    assert note_of("truncated", "盗窃罪", reference=counted) == "3 tokens"


def test_the_shipped_catalogue_knows_the_charges():
    reference = audit_reference_of(shipped_catalog().values())
    assert reference.articles_of["盗窃"] == {"210", "264", "265"}
    assert reference.articles_of["危险驾驶"] == {"133"}
    assert reference.charges_of["25"] == ()
