import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lawrec.corpus.bad_lines import usable_cases
from lawrec.corpus.cases import read_cases
from lawrec.errors import RunError
from lawrec.runs.run import find_run, load_encoder
from lawrec.runs.trained_cases_file import (
    case_digests,
    count_trained,
    load_trained_cases,
    save_trained_cases,
    smallest_digests,
)
from tests.helpers.damages import flip, rewrite

CASES = st.lists(st.lists(st.integers(0, 2**31 - 1)), max_size=20)


@pytest.fixture
def own_run(trained, tmp_path):
    shutil.copytree(trained.checkpoints, tmp_path / "checkpoints")
    return find_run(tmp_path / "checkpoints", None)


@given(CASES, CASES)
def test_exactly_the_cases_of_the_training_are_recognized(learned, others):
    seen = {tuple(case) for case in learned}
    expected = sum(tuple(case) in seen for case in others)
    assert count_trained(others, smallest_digests(learned)) == expected


@given(CASES)
def test_neither_the_type_of_the_ids_nor_the_order_of_the_cases_matters(cases):
    arrays = [np.array(case, np.int64) for case in reversed(cases)]
    np.testing.assert_array_equal(smallest_digests(cases), smallest_digests(arrays))


def test_a_case_and_its_beginning_are_two():
    assert len(set(case_digests([[], [0], [0, 0], [1], [0, 1], [256]]).tolist())) == 6


@given(CASES, st.integers(0, 5))
def test_of_many_cases_a_sample_is_kept(cases, limit):
    every = smallest_digests(cases)
    np.testing.assert_array_equal(smallest_digests(cases, limit), every[:limit])
    assert every.tolist() == sorted(set(case_digests(cases).tolist()))


@pytest.mark.tensorflow
def test_training_keeps_the_digests_of_its_cases(own_run):
    encoder = load_encoder(own_run)
    for split, expected in (("train", 80), ("valid", 0)):
        facts = [case.fact for case in usable_cases(read_cases(own_run.splits[split].path))]
        assert count_trained(map(encoder, facts), load_trained_cases(own_run)) == expected


@pytest.mark.tensorflow
def test_digests_that_are_saved_are_loaded_as_they_were(own_run):
    digests = np.array([-(2**63), 0, 2**63 - 1])
    save_trained_cases(own_run, digests)
    np.testing.assert_array_equal(load_trained_cases(own_run), digests)


@pytest.mark.tensorflow
@pytest.mark.parametrize("digests", [np.array([2, 1]), np.array([1, 1]), np.array([[1]])])
def test_digests_out_of_order_are_damage(own_run, digests):
    save_trained_cases(own_run, digests)
    with pytest.raises(RunError, match="no sorted digests"):
        load_trained_cases(own_run)


@pytest.mark.tensorflow
def test_missing_damaged_and_foreign_digests_are_refused(own_run):
    flip(own_run.folder / "trained/digests.npz")
    with pytest.raises(RunError, match=r"digests\.npz"):
        load_trained_cases(own_run)
    rewrite(own_run.folder / "trained/manifest.json", run="12")
    with pytest.raises(RunError, match="that of another run"):
        load_trained_cases(own_run)
    shutil.rmtree(own_run.folder / "trained")
    with pytest.raises(RunError, match="build it again with `lawrec train --resume`"):
        load_trained_cases(own_run)
