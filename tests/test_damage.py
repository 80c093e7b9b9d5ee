"""A quick version of `tests/benchmarks/damage.py`."""

import pytest

pytestmark = pytest.mark.tensorflow


def test_no_damage_changes_an_answer_in_silence_or_ends_in_a_traceback(tmp_path):
    from tests.benchmarks.damage import damage_many

    counts, failures = damage_many(tmp_path, 40, seed=7)
    assert failures == []
    assert counts["predict", "refused"] > 5
    assert counts["predict", "harmless"] > 3
