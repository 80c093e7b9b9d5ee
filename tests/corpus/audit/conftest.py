import pytest

from tests.helpers.planted_faults import Corpus


@pytest.fixture
def corpus(tmp_path):
    return Corpus(tmp_path / "data")
