"""The same cases in every shape, and what is refused of each."""

import gzip
import io
import json
import lzma
import sys
import tracemalloc
import zipfile
from decimal import Decimal
from itertools import chain, repeat
from types import SimpleNamespace

import pytest

from lawrec.corpus.cases import Case, read_cases, read_stream
from lawrec.corpus.readers import READERS, SUFFIXES, CaseFormat
from lawrec.corpus.splits import encodings_at
from lawrec.errors import CaseError

FACT = "被告人张某秘密窃取他人财物。"
CASES = [
    ("甲1", FACT, ("264", "133之一")),
    ("乙2", '他说："盗窃"，\n又抢劫, 驾车；𠀀。', ("263",)),
    ("丙3", "没有犯罪。", ()),
]
NAMES = {"fact": "案情", "articles": "法条", "id": "案号"}
CHOSEN = {"fact_field": "案情", "articles_field": "法条", "id_field": "案号"}


def row(case, separator=";"):
    case_id, fact, articles = case
    return {"id": case_id, "fact": fact, "articles": separator.join(articles)}


def lines_of(records):
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


def table_of(rows, delimiter):
    def cell(text):
        return '"' + text.replace('"', '""') + '"'

    lines = [delimiter.join(rows[0]), *(delimiter.join(map(cell, row.values())) for row in rows)]
    return "".join(line + "\r\n" for line in lines).encode()


def parquet_of(records):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    stream = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(records), stream)
    return stream.getvalue()


def plain(case):
    return {"id": case[0], "fact": case[1], "articles": list(case[2])}


def cail(case):
    return {"id": case[0], "fact": case[1], "meta": {"relevant_articles": list(case[2])}}


SHAPES = {
    "cail.json": lambda: lines_of(map(cail, CASES)),
    "plain.jsonl": lambda: lines_of(map(plain, CASES)),
    "c.csv": lambda: table_of([row(case) for case in CASES], ","),
    "c.tsv": lambda: table_of([row(case) for case in CASES], "\t"),
    "lists.parquet": lambda: parquet_of([plain(case) for case in CASES]),
    "texts.parquet": lambda: parquet_of([row(case) for case in CASES]),
    "cail.parquet": lambda: parquet_of([cail(case) for case in CASES]),
}


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def zipped(content, name="cases"):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, content)
    return stream.getvalue()


PACKED = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress, ".zip": zipped}


def read_all(path, **case_format):
    return [
        (case.case_id, case.fact, case.articles)
        for case in read_cases(path, case_format=CaseFormat(**case_format))
    ]


def read_bytes(content, reader, labelled=True, **case_format):
    case_format = CaseFormat(reader=reader, **case_format)
    return list(
        read_stream(io.BytesIO(content), "cases", labelled=labelled, case_format=case_format)
    )


@pytest.mark.parametrize("packing", PACKED)
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_holds_the_same_cases(tmp_path, name, encoding, packing):
    content = SHAPES[name]()
    if not name.endswith(".parquet"):
        content = content.decode().encode(encoding)
    path = write(tmp_path / f"{name}{packing}", PACKED[packing](content))
    assert read_all(path) == CASES
    expected = "parquet" if name.endswith(".parquet") else encoding
    assert encodings_at((path, CaseFormat())) == expected


@pytest.mark.parametrize("reader", ["jsonl", "csv", "tsv", "parquet"])
def test_fields_may_have_other_names(reader):
    rows = [{NAMES[name]: value for name, value in row(case).items()} for case in CASES]
    content = {
        "jsonl": lambda: lines_of(rows),
        "csv": lambda: table_of(rows, ","),
        "tsv": lambda: table_of(rows, "\t"),
        "parquet": lambda: parquet_of(rows),
    }[reader]()
    cases = read_bytes(content, reader, **CHOSEN, separator=";")
    assert [(case.case_id, case.fact, case.articles) for case in cases] == CASES


def test_fields_may_lie_inside_others():
    line = lines_of([{"案": {"事实": FACT, "号": 7}, "判": {"a.b": ["264"]}}])
    case_format = {"fact_field": "案.事实", "articles_field": "判.a.b", "id_field": "案.号"}
    assert read_bytes(line, "jsonl", **case_format) == [Case("cases:1", "7", FACT, ("264",))]


@pytest.mark.parametrize("record", [{"案": FACT}, {"案": {"号": 7}}, {}])
def test_a_named_field_that_is_not_there_is_refused_by_its_name(record):
    (error,) = read_bytes(lines_of([record | {"id": 7}]), "jsonl", fact_field="案.事实")
    assert error.expected == 'a case must have a field "案.事实"'
    assert error.got == ("'案,id'" if record else "'id'")
    assert "--fact-field" in error.todo
    assert error.case_id == "7"


@pytest.mark.parametrize("record", [{"案.事实": None}, {"案": {"事实": None}}])
def test_a_named_field_may_not_be_null(record):
    (error,) = read_bytes(lines_of([record]), "jsonl", fact_field="案.事实")
    assert (error.expected, error.got) == ('"案.事实" must be a text', "None")


def test_named_articles_that_are_not_there_are_refused_by_their_name():
    record = {"fact": FACT, "articles": ["264"], "meta": {"relevant_articles": ["264"]}}
    (error,) = read_bytes(lines_of([record]), "jsonl", articles_field="法条")
    assert (error.expected, error.got) == ('"法条" must be a list of articles', "None")


@pytest.mark.parametrize("separator", ["#", "和", "<>", " / ", "|"])
def test_articles_may_be_separated_by_any_character(separator):
    articles = ("264", "133之一", "民法典 第1165条,甲")
    records = [{"fact": FACT, "articles": separator.join(articles)}]
    for reader, content in (("jsonl", lines_of(records)), ("csv", table_of(records, ","))):
        (case,) = read_bytes(content, reader, separator=separator)
        assert case.articles == articles


@pytest.mark.parametrize(
    ("articles", "expected"),
    [
        ("第二百六十四条、第一百三十三条之一", ("264", "133之一")),
        ("264;133-1", ("264", "133之一")),
        *(("264", ("264",)), (264, ("264",)), (264.0, ("264",)), ("['264']", ("264",)), ("", ())),
    ],
)
def test_json_lines_and_tables_have_the_same_cells(articles, expected):
    rows = [{"fact": FACT, "articles": articles}]
    (from_json,) = read_bytes(lines_of(rows), "jsonl")
    (in_meta,) = read_bytes(
        lines_of([{"fact": FACT, "meta": {"relevant_articles": articles}}]), "jsonl"
    )
    (from_table,) = read_bytes(table_of([rows[0] | {"articles": str(articles)}], ","), "csv")
    assert from_json.articles == in_meta.articles == from_table.articles == expected


def test_a_single_number_is_an_article():
    (case,) = read_bytes(parquet_of([{"fact": FACT, "articles": 264.0}]), "parquet")
    assert case.articles == ("264",)


@pytest.mark.parametrize("labels", [264, [264, 266]])
def test_a_whole_decimal_is_a_number(labels):
    numbers = labels if isinstance(labels, list) else [labels]
    decimals = [Decimal(f"{number}.00") for number in numbers]
    row = {"id": Decimal("9" * 35 + ".00"), "fact": FACT, "weight": Decimal("0.5")}
    row["articles"] = decimals if isinstance(labels, list) else decimals[0]
    (case,) = read_bytes(parquet_of([row]), "parquet")
    assert case.articles == tuple(map(str, numbers))
    assert (case.case_id, case.weight) == ("9" * 35, 0.5)
    (error,) = read_bytes(parquet_of([row | {"articles": Decimal("264.50")}]), "parquet")
    assert error.got == "not an article: Decimal('264.50')"


def test_an_empty_cell_is_empty_in_every_table():
    columns = ("id", "fact", "articles", "charges", "weight", "unknown_articles")
    rows = [
        dict(zip(columns, ("7", FACT, "264", "盗窃", "2", "25"), strict=True)),
        dict.fromkeys(columns) | {"fact": FACT},
        dict.fromkeys(columns) | {"articles": "264"},
    ]
    texts = [{name: value or "" for name, value in row.items()} for row in rows]
    expected = read_bytes(content_of(texts, "csv"), "csv")
    assert (expected[1].articles, expected[2].expected) == ((), "the fact must not be empty")
    for reader in ("excel", "parquet"):
        cases = read_bytes(content_of(rows, reader), reader)
        assert cases[0].articles == ("264",)
        assert cases[1].articles == cases[1].charges == cases[1].unknown_articles == ()
        assert cases[1].weight == 1
        assert cases[2].expected == "the fact must not be empty"


def test_each_row_of_a_table_may_have_its_labels_in_its_own_place():
    meta = {"relevant_articles": [264], "accusation": ["盗窃"]}
    rows = [{"fact": FACT, "meta": meta}, {"fact": FACT, "articles": ["266"]}]
    both = [dict.fromkeys(["meta", "articles"]) | row for row in rows]
    cases = read_bytes(parquet_of(both), "parquet")
    assert [case.articles for case in cases] == [("264",), ("266",)]


@pytest.mark.parametrize(
    ("record", "name"),
    [
        ({"articles": {"a": 1}}, '"articles"'),
        ({"meta": {"relevant_articles": {"a": 1}}}, '"meta.relevant_articles"'),
        ({"meta": {}}, '"meta.relevant_articles" (or "articles")'),
        ({"articles": None}, '"meta.relevant_articles" (or "articles")'),
    ],
)
def test_the_error_of_articles_names_the_field_that_is_there(record, name):
    (error,) = read_bytes(lines_of([{"fact": FACT, **record}]), "jsonl")
    assert error.expected == f"{name} must be a list of articles"


def test_a_table_without_a_named_column_is_refused():
    for reader in ("csv", "parquet"):
        rows = [{"fact": FACT, "articles": "264"}]
        content = table_of(rows, ",") if reader == "csv" else parquet_of(rows)
        with pytest.raises(
            CaseError, match="must have a column \"案情\", got 'fact,articles'"
        ) as e:
            read_bytes(content, reader, fact_field="案情")
        assert e.value.todo.endswith("with --fact-field, --articles-field and --id-field.")


def content_of(rows, reader):
    """Return a table of texts in the format of a reader."""
    if reader == "parquet":
        return parquet_of(rows)
    if reader == "jsonl":
        return lines_of(rows)
    if reader == "csv":
        return table_of(rows, ",")
    openpyxl = pytest.importorskip("openpyxl")
    book, stream = openpyxl.Workbook(), io.BytesIO()
    for values in (rows[0], *(row.values() for row in rows)):
        book.active.append(list(values))
    book.save(stream)
    return stream.getvalue()


TABLES = ("csv", "excel", "parquet")


@pytest.mark.parametrize("labelled", [False, True])
@pytest.mark.parametrize("reader", TABLES)
def test_a_table_without_the_named_column_of_the_id_is_refused(reader, labelled):
    content = content_of([{"caseno": "甲1", "fact": FACT, "articles": "264"}], reader)
    with pytest.raises(CaseError) as caught:
        read_bytes(content, reader, labelled, id_field="case_no")
    assert caught.value.expected == 'the table must have a column "case_no"'
    assert caught.value.got == "'caseno,fact,articles'"
    (case,) = read_bytes(content, reader, labelled, id_field="caseno")
    assert case.case_id == "甲1"
    (case,) = read_bytes(content, reader, labelled)
    assert case.case_id == ("1" if reader == "parquet" else "2")


def test_a_line_without_the_named_field_of_the_id_is_an_error():
    records = [{"no": 7, "fact": FACT}, {"fact": FACT}, {"no": None, "fact": FACT}]
    case, error, gap = read_bytes(lines_of(records), "jsonl", labelled=False, id_field="no")
    assert (case.case_id, error.case_id, gap.case_id) == ("7", "2", "3")
    assert (error.expected, error.got) == ('a case must have a field "no"', "'fact'")
    assert error.todo == "Add the field, or name yours with --id-field."
    (inside,) = read_bytes(
        lines_of([{"fact": FACT, "案": {"号": 5}}]), "jsonl", labelled=False, id_field="案.号"
    )
    assert inside.case_id == "5"


@pytest.mark.parametrize("name", ["id", "fact", "articles", "charges", "weight", "号"])
def test_only_one_column_may_have_the_name_of_a_field_that_is_read(name):
    columns = [*dict.fromkeys(["fact", "articles", name]), "court", "court", name]
    with pytest.raises(CaseError) as caught:
        read_bytes(",".join(columns).encode(), "csv", id_field=name if name == "号" else "id")
    assert caught.value.expected == f'only one column may be named "{name}"'


def test_a_column_that_pandas_has_renamed_is_not_left_out():
    table = f"fact,articles,articles.1\n{FACT},274,133\n".encode()
    with pytest.raises(CaseError, match='only one column may be named "articles", got'):
        read_bytes(table, "csv")
    (case,) = read_bytes(table, "csv", articles_field="articles.1")
    assert case.articles == ("133",)


def test_columns_that_are_not_read_may_have_one_name():
    table = f"weight,fact,court,weight,court\n1,{FACT},甲,2,乙\n".encode()
    (case,) = read_bytes(table, "csv", labelled=False)
    assert case.fact == FACT


def test_lines_may_end_in_several_ways():
    line = lines_of([plain(CASES[0])]).strip()
    cases = read_bytes(line + b"\r\n" + line + b"\n\r\n" + line, "jsonl")
    assert [case.where for case in cases] == ["cases:1", "cases:2", "cases:4"]
    assert {case.fact for case in cases} == {FACT}


def test_a_few_broken_bytes_are_errors_and_do_not_change_the_encoding(tmp_path):
    good = lines_of([plain(CASES[0])])
    broken = good.replace(FACT.encode()[3:6], b"\xff")
    path = write(tmp_path / "c.json", good + broken + good.decode().encode("gbk") + good)
    cases = list(read_cases(path))
    assert [isinstance(case, Case) for case in cases] == [True, False, False, True]
    assert encodings_at((path, CaseFormat())) == "utf-8"


@pytest.mark.parametrize(("real", "forced"), [("gbk", "utf-8"), ("utf-8", "gb18030")])
def test_the_wrong_encoding_by_force_is_an_error(real, forced):
    content = lines_of(plain(case) for case in CASES[:1]).decode().encode(real)
    (error,) = read_bytes(content, "jsonl", encoding=forced)
    assert isinstance(error, CaseError)
    assert "--encoding" in error.todo or error.got.startswith("broken JSON")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no Parquet at all", b"PAR1" + b"\0" * 50])
def test_what_is_no_parquet_is_refused(content):
    pytest.importorskip("pyarrow")
    with pytest.raises(CaseError) as caught:
        read_bytes(content, "parquet")
    assert (caught.value.where, caught.value.expected) == ("cases", "the file must be Parquet")
    assert caught.value.got
    assert caught.value.todo == "Write it again."


def test_a_damaged_parquet_file_is_refused():
    content = bytearray(parquet_of([plain(case) for case in CASES] * 500))
    content[20:60] = b"\xff" * 40
    with pytest.raises(CaseError, match=r"^cases: the file must be Parquet, got Corrupt"):
        read_bytes(bytes(content), "parquet")


def test_parquet_without_pyarrow_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(CaseError) as caught:
        read_bytes(b"", "parquet")
    assert str(caught.value) == (
        "cases: pyarrow must be installed to read Parquet, got no such package. "
        "Run pip install 'lawrec[parquet]'."
    )


def test_a_zip_file_may_say_the_format_by_its_member(tmp_path):
    content = table_of([row(case) for case in CASES], ",")
    assert read_all(write(tmp_path / "cases.zip", zipped(content, "d/cases.csv"))) == CASES
    with pytest.raises(CaseError, match="the suffix must be one of"):
        read_all(write(tmp_path / "other.zip", zipped(content, "cases")))
    assert read_all(tmp_path / "other.zip", reader="csv") == CASES


def test_several_files_are_read_in_the_order_of_their_names(tmp_path):
    write(tmp_path / "train/b.csv.gz", gzip.compress(b""))
    write(tmp_path / "train/c.json", lines_of([{"fact": FACT, "articles": []}]))
    write(tmp_path / "train/a.jsonl.xz", lzma.compress(lines_of(map(plain, CASES))))
    cases = list(read_cases(tmp_path / "train"))
    assert [case.case_id for case in cases] == ["甲1", "乙2", "丙3", "c.json:1"]
    assert cases[-1].where == f"{tmp_path / 'train/c.json'}:1"


def test_cases_of_files_with_one_name_are_named_by_their_paths(tmp_path):
    paths = [write(tmp_path / name, FACT.encode()) for name in ("d/a.txt", "e/a.txt", "e/b.txt")]
    cases = read_cases(*paths, labelled=False)
    assert [case.case_id for case in cases] == [f"{paths[0]}:1", f"{paths[1]}:1", "b.txt:1"]


def test_the_encodings_of_several_files_are_all_named(tmp_path):
    write(tmp_path / "a.txt", FACT.encode())
    write(tmp_path / "b.txt", FACT.encode("gbk"))
    files = tmp_path / "*.txt"
    assert encodings_at((files, CaseFormat())) == "gb18030 and utf-8"
    assert encodings_at((files, CaseFormat(encoding="utf-8"))) == "utf-8"
    other = write(tmp_path / "b.cases", FACT.encode("gbk"))
    formats = CaseFormat("text", encoding="gb18030"), CaseFormat(encoding="utf-8")
    assert encodings_at((other, formats[0]), (files, formats[1])) == "gb18030 and utf-8"


def test_a_file_of_an_unknown_kind_in_a_folder_is_refused(tmp_path):
    write(tmp_path / "train/a.json", b"")
    write(tmp_path / "train/b.xls", b"")
    with pytest.raises(CaseError, match=r"b\.xls: the suffix must be one of"):
        read_all(tmp_path / "train")


def test_a_format_lists_what_differs_from_the_defaults():
    assert CaseFormat().non_defaults() == CaseFormat(fact_field="fact").non_defaults() == {}
    case_format = CaseFormat("csv", separator="#", **CHOSEN)
    assert CaseFormat(**case_format.non_defaults()) == case_format


def test_every_reader_but_that_of_documents_has_a_suffix():
    assert set(SUFFIXES.values()) == set(READERS) - {"document"}


@pytest.mark.parametrize("reader", ["jsonl", "csv", "text"])
def test_memory_does_not_grow_with_the_number_of_cases(reader):
    head, line = {
        "jsonl": (b"\n", lines_of([plain(CASES[0])])),
        "csv": (b"fact,articles\n", f"{FACT},264\n".encode()),
        "text": (b"\n", f"{FACT}\n".encode()),
    }[reader]

    def peak(cases):
        lines = chain([head], repeat(line, cases))
        stream = SimpleNamespace(readline=lambda limit: next(lines, b""))

        tracemalloc.start()
        number = sum(
            1
            for _ in read_stream(
                stream, "c", labelled=reader != "text", case_format=CaseFormat(reader)
            )
        )
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert number == cases + (reader == "text")
        return most

    assert peak(12_000) < peak(3_000) * 1.2
