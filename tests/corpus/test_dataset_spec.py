"""Cases of which only the charges are known: reading them, and their records."""

import io
import json
from dataclasses import replace

import pytest

from lawrec.config import CorpusConfig
from lawrec.corpus.cases import EVERY_ARTICLE, Case, read_cases, read_stream
from lawrec.corpus.dataset_spec import DatasetSpec, folder_for
from lawrec.corpus.readers import CaseFormat
from lawrec.errors import CaseError

FACT = "被告人张某秘密窃取他人财物。"
CHARGED = CaseFormat(charges_only=True)
CHAR = CorpusConfig(tokenizer="char", min_count=1)
NO_CHARGES = '"meta.accusation" (or "charges") must be a list of charges'


def read(text, reader="jsonl", case_format=CHARGED):
    chosen = replace(case_format, reader=reader)
    return list(read_stream(io.BytesIO(text.encode()), "cases", labelled=True, case_format=chosen))


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        ("jsonl", json.dumps({"fact": FACT, "charges": ["盗窃", "诈骗"]})),
        ("jsonl", json.dumps({"fact": FACT, "meta": {"accusation": ["盗窃", "诈骗"]}})),
        ("jsonl", json.dumps({"fact": FACT, "charges": ["盗窃", "诈骗"], "articles": "broken"})),
        ("csv", f"fact,charges\n{FACT},盗窃;诈骗\n"),
        ("tsv", f"charges\tfact\n盗窃、诈骗\t{FACT}\n"),
    ],
)
def test_a_case_has_its_charges_and_no_known_article(reader, text):
    (case,) = read(text, reader)
    assert (case.fact, case.charges) == (FACT, ("盗窃", "诈骗"))
    assert (case.articles, case.unknown_articles, case.weight) == ((), EVERY_ARTICLE, 1)


@pytest.mark.parametrize("inside", [False, True])
def test_parquet_needs_no_column_of_articles(tmp_path, inside):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    charges = {"meta": {"accusation": ["盗窃"]}} if inside else {"charges": ["盗窃"]}
    path = tmp_path / "cases.parquet"
    parquet.write_table(pyarrow.Table.from_pylist([{"fact": FACT, **charges}]), path)
    (case,) = read_cases(path, case_format=CHARGED)
    assert case.charges == ("盗窃",)


def test_a_case_may_have_a_weight():
    line = {"fact": FACT, "charges": ["盗窃"], "weight": 0.25}
    assert [case.weight for case in read(json.dumps(line))] == [0.25]
    (refused,) = read(json.dumps({**line, "weight": -1}))
    assert refused.expected.startswith('"weight" must be a number')


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"charges": []},
        {"charges": [""]},
        {"charges": "盗窃"},
        {"charges": None},
        {"meta": {"relevant_articles": [264]}},
    ],
)
def test_a_case_without_charges_is_refused(fields):
    (refused,) = read(json.dumps({"fact": FACT, **fields}))
    assert str(refused) == f"cases:1: {NO_CHARGES}, got none. Fix the line, or pass --skip-bad."


def test_plain_text_has_no_charges():
    (refused,) = read(FACT, "text")
    assert refused.expected == "a case must say its charges"


def test_a_table_without_charges_is_refused():
    with pytest.raises(CaseError, match='the table must have a column "charges"'):
        read(f"fact,articles\n{FACT},264\n", "csv")


@pytest.fixture
def source(tmp_path, write_split):
    """A folder of cases with and without charges, and a file of cases with charges alone."""
    lines = [
        {"fact": "盗窃钱包", "articles": [264], "charges": ["盗窃"]},
        {"fact": "盗窃后诈骗", "articles": [264, 266], "charges": ["盗窃罪", "诈骗"]},
        {"fact": "骗取钱财", "articles": [266]},
        {"fact": "不算数", "articles": [266], "charges": ["诈骗"], "weight": 0},
    ]
    data = write_split("train.json", [], *map(json.dumps, lines)).parent
    write_split("test.json", [("驾车", [133])])
    charged = tmp_path / "charged.jsonl"
    more = [["[抢夺、抢劫]罪"], ["盗窃", "盗窃罪", "罪"]]
    records = [
        {"id": f"c{number}", "fact": "新事实", "charges": c} for number, c in enumerate(more)
    ]
    charged.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return DatasetSpec(
        data, charged=charged, records_root=tmp_path / "records", vocab_root=tmp_path / "vocab"
    )


@pytest.mark.tensorflow
def test_charged_cases_stand_behind_those_of_train_with_all_articles_masked(source):
    from lawrec.corpus.prepare import prepare
    from lawrec.corpus.tfrecords import read_records

    made = prepare(source, CHAR)
    assert made.articles.names == ("133", "264", "266")
    records = list(read_records(made, "train"))
    assert [record.case_id for record in records] == ["1", "2", "3", "4", "c0", "c1"]
    assert [record.unknown_ids for record in records] == [[], [], [], [], [0, 1, 2], [0, 1, 2]]
    assert [record.label_ids for record in records] == [[1], [1, 2], [2], [2], [], []]
    assert [record.case_id for record in read_records(made, "test")] == ["1"]
    assert "新" in made.tokens.names


@pytest.mark.tensorflow
def test_charges_are_kept_plain_once_each_and_counted(source):
    from lawrec.corpus.prepare import prepare
    from lawrec.corpus.tfrecords import read_records

    made = prepare(source, CHAR)
    charges = [record.charges for record in read_records(made, "train")]
    robbery = "抢夺、抢劫"
    assert charges == [
        ("盗窃",),
        ("盗窃", "诈骗"),
        (),
        ("诈骗",),
        (robbery,),
        ("盗窃",),
    ]
    assert made.charges.names == tuple(sorted(["盗窃", "诈骗", robbery]))
    counts = dict(zip(made.charges.names, made.manifest.charge_counts, strict=True))
    assert counts == {"盗窃": 3, "诈骗": 1, robbery: 1}
    assert made.manifest.label_counts == (0, 2, 2)
    # The case of weight 0 teaches nothing.
    assert made.manifest.known_cases == {"articles": 3, "charges": 4}
    assert prepare(source, CHAR) == made


def test_the_key_of_the_records_changes_with_the_charged_cases(source):
    without = folder_for(replace(source, charged=None), CHAR)
    first = folder_for(source, CHAR)
    source.charged.write_text(
        json.dumps({"fact": FACT, "charges": ["盗窃"]}) + "\n", encoding="utf-8"
    )
    assert len({without, first, folder_for(source, CHAR)}) == 3


@pytest.mark.tensorflow
def test_the_list_of_articles_does_not_concern_charged_cases(source):
    from lawrec.corpus.prepare import prepare

    (source.data / "law.txt").write_text("133\n264\n266\n347\n", encoding="utf-8")
    assert prepare(source, CHAR).manifest.splits["train"].cases == 6


@pytest.mark.tensorflow
def test_a_bad_line_stops_preparation_unless_it_may_be_skipped(source):
    from lawrec.corpus.prepare import prepare

    with source.charged.open("a") as file:
        file.write('\n{"fact": "盗窃", "articles": [264]}\n')
    with pytest.raises(CaseError, match=r"charged\.jsonl:3: .* must be a list of charges"):
        prepare(source, CHAR)
    made = prepare(replace(source, skip_bad=True), CHAR)
    assert made.manifest.splits["train"].skipped == 1
    assert "charged.jsonl:3" in (made.folder / "skipped.jsonl").read_text("utf-8")


@pytest.mark.parametrize("split", ["train", "test"])
def test_charged_cases_may_not_be_those_of_a_split(source, split):
    same = replace(source, charged=source.data / f"{split}.json")
    with pytest.raises(CaseError, match=f"charged and {split} must be different cases"):
        folder_for(same, CHAR)


def test_a_missing_file_is_named(source, tmp_path):
    with pytest.raises(CaseError, match=r"none\.json: the file must be readable"):
        folder_for(replace(source, charged=tmp_path / "none.json"), CHAR)


def test_a_case_of_charges_alone_equals_what_the_reader_says():
    (case,) = read(json.dumps({"id": 7, "fact": FACT, "charges": ["盗窃"]}))
    assert case == Case("cases:1", "7", FACT, (), ("盗窃",), EVERY_ARTICLE)
