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
