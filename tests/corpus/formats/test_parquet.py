import gzip

import pytest

from lawrec.corpus.cases import Case, read_cases
from lawrec.corpus.formats import parquet
from lawrec.errors import CaseError


def test_a_packed_file_is_copied_up_to_a_limit(tmp_path, monkeypatch):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow.parquet import write_table

    plain, packed = tmp_path / "cases.parquet", tmp_path / "cases.parquet.gz"
    write_table(pyarrow.Table.from_pylist([{"fact": "盗窃", "articles": ["264"]}]), plain)
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    size = plain.stat().st_size
    monkeypatch.setattr(parquet, "MAX_COPY_BYTES", size)
    [case] = read_cases(packed)
    assert isinstance(case, Case)
    monkeypatch.setattr(parquet, "MAX_COPY_BYTES", size - 1)
    assert len(list(read_cases(plain))) == 1
    with pytest.raises(CaseError, match=f"must have at most {size - 1:,} bytes, got more"):
        list(read_cases(packed))


def test_few_rows_are_in_memory_however_little_of_the_file_they_take(tmp_path):
    """The same long fact in each row is written once."""
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow.parquet import write_table

    path, fact = tmp_path / "a.parquet", "盗" * 2**18
    write_table(pyarrow.table({"fact": [fact] * 200}), path)
    assert path.stat().st_size < 2**18
    before, most = pyarrow.total_allocated_bytes(), 0
    for case in read_cases(path, labelled=False):
        assert case.fact == fact
        most = max(most, pyarrow.total_allocated_bytes() - before)
    assert most < 30 * 3 * len(fact)  # of 200 rows, with 3 bytes a character


def test_a_time_that_python_cannot_hold_is_named(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow.parquet import write_table

    path = tmp_path / "a.parquet"
    spans = pyarrow.array([1, 2**62], pyarrow.duration("s"))
    write_table(pyarrow.table({"id": spans, "fact": ["盗窃", "诈骗"]}), path)
    with pytest.raises(CaseError, match="the file must be Parquet, got"):
        list(read_cases(path, labelled=False))
