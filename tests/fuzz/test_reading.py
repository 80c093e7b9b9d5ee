"""Any bytes are read as cases and errors, each of its line."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lawrec.corpus.case_lines import CaseLine, case_to_json, line_to_json
from lawrec.corpus.cases import Case, read_stream
from lawrec.corpus.readers import READERS, CaseFormat
from lawrec.errors import CaseError
from lawrec.storage.encodings import ENCODINGS
from lawrec.storage.text_files import decode_lines
from tests.helpers.strategies import clean_texts, files, records

FORMATS = [name for name in READERS if name != "parquet"]


def read(content, case_format, labelled=True):
    """Return the cases and errors of bytes, and the error that ended the file, if any."""
    cases = []
    try:
        for case in read_stream(
            io.BytesIO(content), "a", labelled=labelled, case_format=case_format
        ):
            cases.append(case)
    except CaseError as error:
        return cases, error
    return cases, None


@pytest.mark.parametrize("reader", FORMATS)
@given(content=files(), labelled=st.booleans(), encoding=st.sampled_from([None, *ENCODINGS]))
def test_every_line_is_a_case_or_an_error_in_order(reader, content, labelled, encoding):
    cases, _ = read(content, CaseFormat(reader, encoding=encoding), labelled)
    assert all(isinstance(case, Case | CaseError) for case in cases)
    numbers = [CaseLine(case).number for case in cases]
    assert numbers == sorted(set(numbers))
    for case in cases:
        assert str(case)
        if isinstance(case, Case):
            assert case.fact.strip()
            assert case.case_id
            assert case.case_id.encode()


@given(rows=st.lists(records(), max_size=5))
def test_json_lines_keep_their_ids_and_none_is_lost(rows):
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    cases, error = read(content, CaseFormat("jsonl"), labelled=False)
    assert error is None
    assert len(cases) == len(rows)
    for number, (case, row) in enumerate(zip(cases, rows, strict=True), 1):
        if isinstance(case, Case) and isinstance(row.get("id"), str | int):
            assert case.case_id == (str(row["id"]) or str(number))


@given(fact=clean_texts(), articles=st.lists(st.sampled_from(["264", "133之一"]), max_size=3))
def test_what_is_written_as_json_is_read_again(fact, articles):
    case = Case("a:1", "7", f"盗窃{fact}", cited=tuple(articles))
    written = line_to_json(CaseLine(case))
    assert written == case_to_json(case, articles)
    [again], error = read(written, CaseFormat("jsonl"))
    assert error is None
    assert (again.fact, again.cited, again.case_id) == (case.fact, case.cited, "7")


@given(content=files(), encoding=st.sampled_from([None, *ENCODINGS]))
def test_decoding_loses_no_line(content, encoding):
    lines = list(io.BytesIO(content))
    decoded = list(decode_lines(io.BytesIO(content), encoding))
    assert len(decoded) == len(lines)


@given(content=st.binary(max_size=200))
def test_bytes_that_are_no_parquet_are_an_error(content):
    _, error = read(content, CaseFormat("parquet"))
    assert error is not None
