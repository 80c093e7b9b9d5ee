import gzip
import io
import json
import re

import pytest

from lawrec.corpus.bad_lines import BadLines, usable_cases
from lawrec.corpus.cases import EVERY_ARTICLE, Case, read_cases, read_stream
from lawrec.corpus.readers import OR_CHARGES, READERS, SOME_ARTICLES, SUFFIXES, CaseFormat
from lawrec.errors import CaseError, ErrorKind

FACT = "被告人张某秘密窃取他人财物。"
ENCODING = "the text must be in the encoding of its file, UTF-8 or GB18030"
NO_META = '"meta" must be a JSON object'
FIX = "Fix the line."


def write(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def cail(fact=FACT, articles=(264,), **more):
    return json.dumps(
        {"fact": fact, "meta": {"relevant_articles": list(articles), **more}}, ensure_ascii=False
    )


def read_bytes(content, reader="jsonl", labelled=True, **case_format):
    content = content if isinstance(content, bytes) else content.encode()
    case_format = CaseFormat(reader=reader, **case_format)
    return list(
        read_stream(io.BytesIO(content), "cases", labelled=labelled, case_format=case_format)
    )


def only_error(content, reader="jsonl", labelled=True, **case_format):
    (error,) = read_bytes(content, reader, labelled, **case_format)
    assert isinstance(error, CaseError)
    return error


def test_a_line_of_cail2018_becomes_a_case(tmp_path):
    line = cail(articles=[264, "第133条之一", 264], accusation=["盗窃", "危险驾驶"])
    path = write(tmp_path, "train.json", line + "\n")
    assert list(read_cases(path)) == [
        Case(f"{path}:1", "1", FACT, ("264", "133之一"), ("盗窃", "危险驾驶"))
    ]


def test_a_plain_line_becomes_a_case():
    line = json.dumps({"id": "A-7", "fact": FACT, "articles": ["264"], "charges": ["盗窃"]})
    assert read_bytes(line) == [Case("cases:1", "A-7", FACT, ("264",), ("盗窃",))]


def test_the_three_formats_give_the_same_cases():
    rows = [("甲1", FACT, "264;133之一", "盗窃"), ("乙2", "酒后驾车，又打人。", "133之一", "")]
    records = [
        {"id": name, "fact": fact, "articles": articles.split(";"), "charges": charges.split()}
        for name, fact, articles, charges in rows
    ]
    jsonl = read_bytes("\n" + "".join(json.dumps(record) + "\n" for record in records))
    for file_format, delimiter in (("csv", ","), ("tsv", "\t")):
        lines = [delimiter.join(row) for row in [("id", "fact", "articles", "charges"), *rows]]
        assert read_bytes("\n".join(lines), file_format) == jsonl


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("last", ["", "END"])
@pytest.mark.parametrize(
    ("file_format", "lines"),
    [
        ("jsonl", [cail(), cail("酒后驾车")]),
        ("csv", ["fact,articles", f"{FACT},264", "酒后驾车,264"]),
        ("tsv", ["articles\tfact", f"264\t{FACT}", "264\t酒后驾车"]),
        ("text", [FACT, "酒后驾车"]),
    ],
)
def test_marks_and_line_ends_change_nothing(file_format, lines, mark, line_end, last):
    text = mark + line_end.join(lines) + last.replace("END", line_end)
    cases = read_bytes(text, file_format, labelled=file_format != "text")
    assert [case.fact for case in cases] == [FACT, "酒后驾车"]


def test_a_byte_order_mark_is_dropped_from_every_line_of_joined_files():
    lines = f"{FACT}\n\ufeff{FACT}\n\ufeff\ufeff{FACT}\n"
    cases = read_bytes(lines, "text", labelled=False)
    assert [case.fact for case in cases] == [FACT, FACT, FACT]


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n\r\n", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("file_format", ["jsonl", "csv", "tsv"])
def test_a_file_without_lines_has_no_cases(content, file_format):
    assert read_bytes(content, file_format) == []


def test_a_case_without_an_id_is_named_by_its_line():
    lines = [cail(), "", json.dumps({"id": "", "fact": FACT, "articles": []}), cail()]
    assert [case.case_id for case in read_bytes("\n".join(lines))] == ["1", "3", "4"]
    assert [case.where for case in read_bytes("\n".join(lines))] == [
        "cases:1",
        "cases:3",
        "cases:4",
    ]


@pytest.mark.parametrize(("value", "expected"), [(0, "0"), (17, "17"), ("007", "007")])
def test_an_id_is_kept_as_a_text(value, expected):
    (case,) = read_bytes(json.dumps({"id": value, "fact": FACT, "articles": []}))
    assert case.case_id == expected


def test_a_case_may_have_no_article():
    assert [case.articles for case in read_bytes(cail(articles=[]))] == [()]
    assert [case.articles for case in read_bytes(f"fact,articles\n{FACT},\n", "csv")] == [()]


@pytest.mark.parametrize(
    ("line", "labelled"),
    [
        (json.dumps({"fact": FACT}), False),
        (json.dumps({"fact": FACT, "meta": {}}), False),
        (json.dumps({"fact": FACT, "articles": "nonsense", "charges": "盗窃"}), False),
        (json.dumps({"fact": FACT, "meta": {"relevant_articles": [True]}}), False),
        (json.dumps({"fact": FACT, "articles": []}), True),
    ],
)
def test_labels_are_read_only_when_they_are_asked_for(line, labelled):
    assert read_bytes(line, labelled=labelled) == [Case("cases:1", "1", FACT)]


@pytest.mark.parametrize(
    ("line", "expected", "got", "todo"),
    [
        ('{"fact": "盗', "a line must be one JSON object", "broken JSON (", FIX),
        ("盗窃", "a line must be one JSON object", "broken JSON (", FIX),
        (cail() + cail(), "a line must be one JSON object", "broken JSON (", FIX),
        (b"\xff\xfe{\x00", "a line must be one JSON object", "broken JSON (", FIX),
        ("null", "a line must be one JSON object", "None", 'Write {"fact": "..."}.'),
        ('"盗窃"', "a line must be one JSON object", "'盗窃'", 'Write {"fact": "..."}.'),
        ('{"fact": "盗", "meta": null}', NO_META, "None", FIX),
        ('{"fact": "盗", "meta": [264]}', NO_META, "[264]", FIX),
        ("{}", 'a case must have a field "fact"', "''", "Add the field, or name yours with --fa"),
        (
            '{"id": 1, "案情": "盗"}',
            'a case must have a field "fact"',
            "'id,案情'",
            "Add the field",
        ),
        ('{"fact": null, "meta": {}}', '"fact" must be a text', "None", "Fix the line, or name"),
        ('{"fact": 264}', '"fact" must be a text', "264", "Fix the line, or name"),
        ('{"fact": ["盗窃"]}', '"fact" must be a text', "['盗窃']", "Fix the line, or name"),
        (cail(""), "the fact must not be empty", "''", "Write the fact."),
        (cail(" 　\n\t"), "the fact must not be empty", r"' \u3000\n\t'", "Write the fact."),
        (cail("theft, 264"), "the fact must hold Chinese text", "'theft", "Write the fact in Chi"),
        (cail("2018-01-01！"), "the fact must hold Chinese text", "'2018", "Write the fact in Chi"),
        (cail("ぬすむ"), "the fact must hold Chinese text", "'ぬすむ'", "Write the fact in Chi"),
        (b'{"fact": "\xe7\x9b\x97\xff"}', ENCODING, "other bytes", "Fix the line, or name"),
    ],
)
def test_a_line_that_cannot_be_used_comes_as_its_error(line, expected, got, todo):
    error = only_error(line)
    assert error.where == "cases:1"
    assert error.expected == expected
    assert error.got.startswith(got)
    assert error.todo.startswith(todo)
    str(error).encode()


@pytest.mark.parametrize(
    ("values", "expected", "got"),
    [
        (None, "must be a list of articles", "None"),
        ({"264": 1}, "must be a list of articles", "{'264': 1}"),
        ([True], "an article must be a number or a text", "not an article: True"),
        ([264.5], "an article must be a number or a text", "not an article: 264.5"),
        ([0], "an article must be a number or a text", "not an article: 0"),
        (["0"], "an article must be a number or a text", "not an article: '0'"),
        (["无", "第0条"], "an article must be a number or a text", "not an article: '第0条'"),
        (True, "an article must be a number or a text", "not an article: True"),
        (0, "an article must be a number or a text", "not an article: 0"),
        ([["264", "盗窃"]], "an article must be a number", "not an article: ['264', '盗窃']"),
        ([[264]], "an article must be a number or a text", "not an article: [264]"),
    ],
)
@pytest.mark.parametrize("plain", [False, True])
def test_labels_of_a_wrong_kind_are_refused(values, expected, got, plain):
    labels = {"articles": values} if plain else {"meta": {"relevant_articles": values}}
    error = only_error(json.dumps({"fact": FACT, **labels}))
    assert error.where == "cases:1"
    assert expected in error.expected
    assert error.got == got
    assert error.todo == FIX


@pytest.mark.parametrize(
    ("articles", "others"),
    [([264], [133]), ([264], [264, 133]), ([], [264]), ("264;133", "133"), ([264], {"x": 1})],
)
def test_two_lists_of_articles_that_differ_are_refused(articles, others):
    line = {"fact": FACT, "articles": articles, "meta": {"relevant_articles": others}}
    error = only_error(json.dumps(line))
    assert error.kind is ErrorKind.BAD_LABEL
    if isinstance(others, list | str):
        assert error.expected.endswith("must hold the same articles")
    (case,) = read_bytes(json.dumps({**line, "articles": [264]}), articles_field="articles")
    assert case.articles == ("264",)


def test_the_articles_of_two_lists_that_differ_are_named():
    line = {"fact": FACT, "articles": [], "meta": {"relevant_articles": [264, "133-1"]}}
    assert only_error(json.dumps(line)).got == "[[], ['264', '133之一']]"


@pytest.mark.parametrize("articles", [[264, "133-1"], "133之一、264", ["第264条", 264, "133之一"]])
def test_the_same_articles_twice_are_those_of_the_case(articles):
    line = {"fact": FACT, "articles": articles, "meta": {"relevant_articles": [264, "133之一"]}}
    (case,) = read_bytes(json.dumps(line))
    assert case.articles == ("264", "133之一")


@pytest.mark.parametrize(
    "content",
    [
        b'{"id": "1", "fact": "\xff\xe7\x9b\x97", "articles": []}',
        b'{"fact": "\xe7\x9b\x97", "articles": ["264\xff"]}',
        b'{"id": "\xff", "fact": "\xe7\x9b\x97", "articles": []}',
    ],
)
def test_an_id_or_a_label_that_is_not_utf8_is_refused(content):
    assert only_error(content).expected == ENCODING


@pytest.mark.parametrize(
    "record",
    [
        {"id": "\ud800", "fact": FACT, "articles": []},
        {"fact": FACT, "articles": ["264\ud83d"]},
        {"fact": f"{FACT}\udfff", "articles": []},
    ],
)
def test_half_of_a_pair_of_surrogates_is_refused(record):
    error = only_error(json.dumps(record))
    assert error.expected == "the text must hold whole characters"
    assert re.fullmatch(r"half of one, '\\ud[0-9a-f]{3}'", error.got)


def test_a_pair_of_surrogates_is_one_character():
    (case,) = read_bytes('{"fact": "盗\\ud83d\\ude97", "articles": []}')
    assert case.fact == "盗🚗"


def test_the_line_after_a_bad_one_is_read():
    cases = read_bytes("\n".join(['{"', cail(), cail(""), cail()]))
    assert [isinstance(case, Case) for case in cases] == [False, True, False, True]
    assert [case.where for case in cases] == ["cases:1", "cases:2", "cases:3", "cases:4"]


def test_only_what_stops_at_a_line_advises_to_skip_it():
    error = only_error(cail(articles=[1.5]))
    with pytest.raises(CaseError) as caught:
        list(usable_cases(iter([error])))
    stopped = caught.value
    assert (error.todo, stopped.todo) == (FIX, "Fix the line. Or skip such lines with --skip-bad.")
    assert vars(stopped) == {**vars(error), "todo": stopped.todo}
    assert stopped.kind is ErrorKind.BAD_LABEL


def test_the_first_bad_line_is_raised_by_default():
    cases = usable_cases(
        read_stream(
            io.BytesIO(f"{cail()}\n{{\n{cail()}".encode()),
            "c",
            labelled=True,
            case_format=CaseFormat("jsonl"),
        )
    )
    assert next(cases).where == "c:1"
    with pytest.raises(CaseError, match=r"^c:2: a line must be one JSON object, got broken JSON"):
        next(cases)


def test_bad_lines_that_are_skipped_are_counted_and_logged(tmp_path):
    path = write(tmp_path, "a.json", f"{cail()}\n{{\n{cail('')}\n{cail()}".encode())
    bad_lines = BadLines(skip=True, log=tmp_path / "skipped.jsonl")
    cases = list(usable_cases(read_cases(path), bad_lines))
    assert [case.case_id for case in cases] == ["1", "4"]
    assert bad_lines.skipped == 2
    lines = (tmp_path / "skipped.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["where"] for line in lines] == [f"{path}:2", f"{path}:3"]
    assert json.loads(lines[1])["error"].endswith("got ''. Write the fact.")


def test_without_bad_lines_there_is_no_log(tmp_path):
    bad_lines = BadLines(skip=True, log=tmp_path / "skipped.jsonl")
    path = write(tmp_path, "a.json", cail())
    assert len(list(usable_cases(read_cases(path), bad_lines))) == 1
    assert not (tmp_path / "skipped.jsonl").exists()


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ('{"', ErrorKind.BROKEN_JSON),
        ("{}", ErrorKind.NO_COLUMN),
        ("1", ErrorKind.BROKEN_JSON),
        ('{"fact": "盗", "meta": 1}', ErrorKind.BROKEN_JSON),
        ('{"fact": "盗"}', ErrorKind.BAD_LABEL),
        ('{"fact": "盗", "articles": [0]}', ErrorKind.BAD_LABEL),
        ('{"fact": "盗", "articles": [1], "unknown_articles": {}}', ErrorKind.BAD_LABEL),
        ('{"fact": "盗", "articles": [1], "unknown_articles": [1]}', ErrorKind.OTHER),
        ('{"fact": "盗", "articles": [1], "weight": -1}', ErrorKind.OTHER),
        ('{"fact": 1}', ErrorKind.OTHER),
        ('{"fact": "theft"}', ErrorKind.OTHER),
        ('{"fact": " "}', ErrorKind.EMPTY_FACT),
        (b'{"fact": "\xe7\x9b\x97\xff"}', ErrorKind.ENCODING),
        ('{"fact": "盗\\ud800"}', ErrorKind.OTHER),
    ],
)
def test_each_error_has_its_kind(line, kind):
    assert only_error(line).kind is kind


@pytest.mark.parametrize("file_format", ["jsonl", "csv", "text"])
def test_a_fact_of_100000_characters_is_read_whole(file_format):
    fact = "盗" * 100_000
    content = {"jsonl": cail(fact), "csv": f"fact,articles\n{fact},264", "text": fact}[file_format]
    (case,) = read_bytes(content, file_format, labelled=file_format != "text")
    assert case.fact == fact


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        (f"{FACT}\n酒后驾车", [FACT, "酒后驾车"]),
        ("  盗窃  \n", ["  盗窃  "]),
        ("盗\u2028窃\x0b\n抢劫\n", ["盗\u2028窃\x0b", "抢劫"]),
        ("盗\x00窃\n", ["盗\x00窃"]),
    ],
)
def test_a_line_of_text_is_a_fact(text, facts):
    assert [case.fact for case in read_bytes(text, "text", labelled=False)] == facts


def test_an_empty_line_of_text_is_answered_with_its_error():
    cases = read_bytes(f"{FACT}\n\n{FACT}\n", "text", labelled=False)
    assert [case.where for case in cases] == ["cases:1", "cases:2", "cases:3"]
    assert cases[1].expected == "the fact must not be empty"


def test_plain_text_cannot_be_labelled():
    error = only_error(FACT, "text")
    assert (error.where, error.expected) == ("cases:1", "a case must have articles")
    assert (error.got, error.todo) == ("plain text", "Use JSON lines or CSV.")


@pytest.mark.parametrize("separator", [*";；,，、| ", "; ", " 、 "])
def test_the_articles_of_a_row_may_be_separated_in_several_ways(separator):
    (case,) = read_bytes(f'articles,fact\n"264{separator}133之一",{FACT}', "csv")
    assert case.articles == ("264", "133之一")


def test_a_quoted_field_may_hold_commas_quotes_and_line_ends():
    fact = '被告人说："盗窃",\r\n\n然后离开。'
    quoted = fact.replace('"', '""')
    cases = read_bytes(f'fact,articles\n"{quoted}",264\n{FACT},266\n', "csv")
    assert [(case.fact, case.case_id) for case in cases] == [(fact, "2"), (FACT, "5")]


@pytest.mark.parametrize("blank", ["", "\r"])
def test_blank_lines_of_a_table_are_passed_over(blank):
    lines = [blank, "fact,articles", blank, f"{FACT},264", blank, blank, f"{FACT},266", blank]
    cases = read_bytes("\n".join(lines), "csv")
    assert [(case.where, case.articles) for case in cases] == [
        ("cases:4", ("264",)),
        ("cases:7", ("266",)),
    ]


@pytest.mark.parametrize(
    ("row", "got"),
    [
        (FACT, "1 fields"),
        (f"{FACT},264,盗窃", "3 fields"),
        (f"{FACT}\r{FACT},264", "new-line character seen in unquoted field"),
    ],
)
def test_a_ragged_row_is_refused_and_the_one_before_it_is_kept(row, got):
    case, error = read_bytes(f"fact,articles\n{FACT},264\n{row}\n", "csv")
    assert case.fact == FACT
    assert error.where == "cases:3"
    assert error.expected == "a row must have 2 fields"
    assert error.got.startswith(got)
    assert error.todo == FIX


def test_the_row_after_a_ragged_one_is_read():
    rows = ["fact,articles", FACT, f"{FACT},264", f"{FACT}\r,266", f"{FACT},267"]
    cases = read_bytes("\n".join(rows), "csv")
    assert [getattr(case, "articles", None) for case in cases] == [None, ("264",), None, ("267",)]


def test_a_null_byte_in_a_row_does_no_harm():
    (case,) = read_bytes("fact,articles\n盗\x00窃,264\n", "csv")
    assert case.fact == "盗\x00窃"


@pytest.mark.parametrize(
    ("content", "labelled", "column", "got"),
    [
        ("text,articles\n盗,264", True, "fact", "'text,articles'"),
        ("fact,labels\n盗,264", True, "articles", "'fact,labels'"),
        ("fact\n盗", True, "articles", "'fact'"),
        ("fact\tarticles\n盗\t264", True, "fact", r"'fact\tarticles'"),
        ("盗窃\n抢劫", False, "fact", "'盗窃'"),
    ],
)
def test_a_table_without_its_columns_is_refused(content, labelled, column, got):
    with pytest.raises(CaseError) as caught:
        read_bytes(content, "csv", labelled)
    assert caught.value.where == "cases:1"
    assert caught.value.expected == f'the table must have a column "{column}"'
    assert caught.value.got.startswith(got)
    assert (
        caught.value.todo
        == "Add the column, or name yours with --fact-field, --articles-field and --id-field."
    )


@pytest.mark.parametrize(
    ("content", "got"),
    [
        ("fact,articles\r\n盗,264\r\n".encode("utf-16"), "new-line character seen"),
        ("fact,articles\n盗,264\n".encode("utf-16"), "other bytes"),
    ],
)
def test_a_table_that_begins_with_something_else_is_refused(content, got):
    with pytest.raises(CaseError) as caught:
        read_bytes(content, "csv")
    assert caught.value.expected == "the first line must name the columns, in UTF-8 or GB18030"
    assert caught.value.got.startswith(got)


def test_a_column_that_is_read_must_be_there_once():
    with pytest.raises(CaseError, match='one column may be named "fact", got \'fact,art'):
        read_bytes(f"fact,articles,fact\n{FACT},264,\n", "csv")


def test_the_header_of_a_table_may_have_spaces_and_more_columns():
    content = f"court, fact ,articles \n某法院,{FACT},264\n"
    assert read_bytes(content, "csv") == [Case("cases:2", "2", FACT, ("264",))]


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        (".json", cail()),
        (".jsonl", cail()),
        (".csv", f"fact\n{FACT}"),
        (".tsv", f"articles\tfact\n264\t{FACT}"),
        (".txt", FACT),
    ],
)
def test_the_suffix_chooses_the_reader(tmp_path, suffix, content):
    assert SUFFIXES[suffix] in READERS
    path = write(tmp_path, f"c{suffix}", content)
    assert [case.fact for case in read_cases(path, labelled=False)] == [FACT]


@pytest.mark.parametrize("name", ["cases.xls", "cases", "cases.GZ"])
def test_an_unknown_suffix_is_refused(tmp_path, name):
    path = write(tmp_path, name, gzip.compress(b"") if name.endswith(".GZ") else cail())
    with pytest.raises(CaseError) as caught:
        next(read_cases(path))
    assert caught.value.where == str(path)
    assert caught.value.expected == (
        "the suffix must be one of .txt, .json, .jsonl, .csv, .tsv, .parquet, .xlsx "
        "(and then .gz, .xz, .zip)"
    )
    assert caught.value.got == repr(path.suffix)
    assert caught.value.todo == "Rename the file, or name the format with --input-format."


def test_a_named_format_wins_over_the_suffix(tmp_path):
    path = write(tmp_path, "cases.data", cail())
    assert [case.fact for case in read_cases(path, case_format=CaseFormat("jsonl"))] == [FACT]


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(CaseError) as caught:
        next(read_cases(tmp_path / "absent.json"))
    assert caught.value.where == str(tmp_path / "absent.json")
    assert caught.value.expected == "the file must be readable"
    assert caught.value.got == "No such file or directory"
    assert caught.value.todo == "Check the path."


def only_case(tmp_path, record, labelled=True):
    path = tmp_path / "case.json"
    path.write_text(json.dumps(record), encoding="utf-8")
    (case,) = read_cases(path, labelled=labelled)
    return case


@pytest.mark.parametrize(
    ("record", "unknown", "weight"),
    [
        ({"articles": [264]}, (), 1.0),
        (
            {"articles": [264], "weight": 2, "unknown_articles": [266, "133-1"]},
            ("266", "133之一"),
            2.0,
        ),
        ({"articles": [], "weight": 0, "unknown_articles": []}, (), 0.0),
        ({"articles": [264], "weight": None, "unknown_articles": None}, (), 1.0),
        (
            {"meta": {"relevant_articles": [264], "weight": 0.5, "unknown_articles": [266, 266]}},
            ("266",),
            0.5,
        ),
        (
            {"meta": {"relevant_articles": [264]}, "weight": 0.5, "unknown_articles": [1]},
            ("1",),
            0.5,
        ),
        ({"meta": {"relevant_articles": [264], "weight": 7}, "weight": 0.5}, (), 0.5),
    ],
)
def test_a_case_may_have_a_weight_and_unknown_articles(tmp_path, record, unknown, weight):
    case = only_case(tmp_path, {"fact": "盗窃", **record})
    assert (case.unknown_articles, case.weight) == (unknown, weight)


def test_a_table_may_have_columns_of_weights_and_unknown_articles(tmp_path):
    path = tmp_path / "cases.csv"
    rows = ["fact,articles,weight,unknown_articles", "盗窃,264,0.5,266;133之一", "诈骗,266,,"]
    path.write_text("\n".join(rows), encoding="utf-8")
    first, second = read_cases(path)
    assert (first.unknown_articles, first.weight) == (("266", "133之一"), 0.5)
    assert (second.unknown_articles, second.weight) == ((), 1.0)


@pytest.mark.parametrize(
    "weight", [-1, -0.1, True, "heavy", [], {}, 1e7, 10**400, float("nan"), float("inf")]
)
def test_a_weight_that_is_none_is_an_error_of_its_line(tmp_path, weight):
    error = only_case(tmp_path, {"fact": "盗窃", "articles": [264], "weight": weight})
    assert isinstance(error, CaseError)
    assert error.where == f"{tmp_path / 'case.json'}:1"
    assert error.expected == '"weight" must be a number from 0 to 1,000,000'


@pytest.mark.parametrize(
    ("unknown", "expected"),
    [
        ({}, '"unknown_articles" must be a list of articles'),
        ([True], 'an article must be a number or a text such as "133之一"'),
        (["264"], "an article of the case cannot be unknown as well"),
        ("*", "unknown articles must be named one by one"),
    ],
)
def test_unknown_articles_must_be_articles_that_the_case_does_not_cite(tmp_path, unknown, expected):
    error = only_case(tmp_path, {"fact": "盗窃", "articles": [264], "unknown_articles": unknown})
    assert isinstance(error, CaseError)
    assert error.expected == expected


def test_a_case_to_be_answered_needs_no_sound_labels(tmp_path):
    record = {"fact": "盗窃", "weight": "heavy", "unknown_articles": 3, "charges": ["\ud800"]}
    assert isinstance(only_case(tmp_path, record, labelled=False), Case)
    assert isinstance(only_case(tmp_path, {**record, "articles": []}), CaseError)


WITH_CHARGES = CaseFormat(labels=OR_CHARGES)


def read_charges(text, reader="jsonl", labels=OR_CHARGES):
    case_format = CaseFormat(reader, labels=labels)
    stream = io.BytesIO(text.encode())
    return list(read_stream(stream, "cases", labelled=True, case_format=case_format))


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        ("jsonl", json.dumps({"fact": FACT, "charges": ["盗窃", "诈骗"]})),
        ("jsonl", json.dumps({"fact": FACT, "charges": "盗窃;诈骗"})),
        ("jsonl", json.dumps({"fact": FACT, "meta": {"accusation": ["盗窃", "诈骗"]}})),
        ("jsonl", json.dumps({"fact": FACT, "charges": ["盗窃", "诈骗"], "articles": []})),
        ("csv", f"fact,charges\n{FACT},盗窃;诈骗\n"),
        ("tsv", f"charges\tfact\tarticles\n盗窃、诈骗\t{FACT}\t\n"),
    ],
)
def test_a_case_may_have_its_charges_alone(reader, text):
    (case,) = read_charges(text, reader)
    assert (case.fact, case.charges) == (FACT, ("盗窃", "诈骗"))
    assert (case.articles, case.unknown_articles, case.weight) == ((), (), 1)


@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_a_charge_in_a_table_may_be_a_list_of_words(delimiter):
    rows = [("fact", "charges"), (FACT, "走私、贩卖毒品罪、盗窃罪")]
    text = "\n".join(map(delimiter.join, rows))
    (case,) = read_charges(text, "csv" if delimiter == "," else "tsv")
    assert case.charges == ("走私、贩卖毒品罪", "盗窃罪")


@pytest.mark.parametrize("inside", [False, True])
def test_parquet_needs_no_column_of_articles(tmp_path, inside):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    charges = {"meta": {"accusation": ["盗窃"]}} if inside else {"charges": ["盗窃"]}
    path = tmp_path / "cases.parquet"
    parquet.write_table(pyarrow.Table.from_pylist([{"fact": FACT, **charges}]), path)
    (case,) = read_cases(path, case_format=WITH_CHARGES)
    assert case.charges == ("盗窃",)


def test_a_case_with_articles_keeps_them_whether_it_has_charges_or_not():
    line = {"fact": FACT, "articles": [264], "unknown_articles": [25], "weight": 0.25}
    for charges in ([], ["盗窃"]):
        (case,) = read_charges(json.dumps({**line, "charges": charges}))
        assert (case.articles, case.unknown_articles, case.weight) == (("264",), ("25",), 0.25)


@pytest.mark.parametrize(
    "fields", [{}, {"charges": []}, {"charges": [""]}, {"charges": ""}, {"charges": None}]
)
def test_a_case_without_charges_and_articles_is_refused(fields):
    (refused,) = read_charges(json.dumps({"fact": FACT, **fields}))
    expected = '"meta.relevant_articles" (or "articles") must be a list of articles'
    assert str(refused) == f"cases:1: {expected}, got None. {FIX}"


def test_of_a_case_with_some_articles_all_others_are_unknown():
    line = {"fact": FACT, "articles": [264], "unknown_articles": [25]}
    (case,) = read_charges(json.dumps(line), labels=SOME_ARTICLES)
    assert (case.articles, case.unknown_articles) == (("264",), EVERY_ARTICLE)
    (refused,) = read_charges(json.dumps({"fact": FACT, "charges": ["盗窃"]}), labels=SOME_ARTICLES)
    assert isinstance(refused, CaseError)


def test_plain_text_has_no_labels():
    (refused,) = read_charges(FACT, "text")
    assert refused.expected == "a case must have articles"
