import json
import sys
from dataclasses import replace

import pytest

from lawrec.decision.co_citation import CoCitationViolation
from lawrec.decision.recommend import Decision
from lawrec.errors import CaseError, ConfigError
from lawrec.reporting.answers import parquet
from lawrec.reporting.answers.fields import answer_fields
from lawrec.reporting.answers.parquet import save_parquet
from lawrec.runs.results import Answer
from tests.helpers.answers import ANSWER, DRIVING, FEATURES, RARE, REFUSED, THEFT, WHY

pyarrow_parquet = pytest.importorskip("pyarrow.parquet")

VIOLATIONS = (CoCitationViolation("missing_companion", "389", "390"),)
ANSWERS = [
    ANSWER,
    REFUSED,
    Answer("3", "", Decision((THEFT,), True, VIOLATIONS), truncated=True),
    Answer("4", "", Decision((replace(DRIVING, features=FEATURES), replace(RARE, features=())))),
    Answer("5"),
    WHY,
]


def without_nulls(value):
    """A value of a row without the columns that are null."""
    if isinstance(value, dict):
        return {key: without_nulls(field) for key, field in value.items() if field is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("texts", [None, {"264": "盗窃公私财物。"}], ids=["plain", "with texts"])
@pytest.mark.parametrize("group", [1, 2, 4_096])
def test_rows_read_back_are_the_fields_of_json(tmp_path, monkeypatch, texts, group):
    monkeypatch.setattr(parquet, "GROUP_ROWS", group)
    path = tmp_path / "answers.parquet"
    save_parquet(path, iter(ANSWERS), texts=texts)
    rows = pyarrow_parquet.read_table(path).to_pylist()
    expected = json.loads(json.dumps([answer_fields(answer, texts) for answer in ANSWERS]))
    assert without_nulls(rows) == without_nulls(expected)
    assert pyarrow_parquet.ParquetFile(path).num_row_groups == -(-len(ANSWERS) // group)


def test_the_columns_are_the_same_whatever_the_answers_hold(tmp_path):
    schemas = []
    for number, answers in enumerate(([], [REFUSED], ANSWERS)):
        path = tmp_path / f"{number}.parquet"
        save_parquet(path, answers)
        schemas.append(pyarrow_parquet.read_schema(path))
    assert schemas[0] == schemas[1] == schemas[2]
    assert schemas[0].names == [
        *("case_id", "articles", "recommendations", "abstained", "violations", "truncated"),
        *("similar_cases", "error"),
    ]
    assert str(schemas[0].field("violations").type.value_type) == (
        "struct<kind: string, article: string, other: string>"
    )


def test_a_file_name_that_is_not_utf8_is_escaped(tmp_path):
    error = CaseError("案\udcff.txt:2", expected="x must be y", got="z", todo="Fix it.")
    save_parquet(tmp_path / "a.parquet", [Answer("案\udcff.txt:2", error=error)])
    [row] = pyarrow_parquet.read_table(tmp_path / "a.parquet").to_pylist()
    assert (row["case_id"], row["error"][:13]) == ("案\\udcff.txt:2", "案\\udcff.txt:2"[:13])


def test_no_file_is_left_if_an_answer_fails(tmp_path):
    def answers():
        yield ANSWER
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_parquet(tmp_path / "a.parquet", answers())
    assert list(tmp_path.iterdir()) == []


def test_a_missing_pyarrow_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match=r"pyarrow must be installed.*lawrec\[parquet\]"):
        save_parquet(tmp_path / "a.parquet", [ANSWER])
