from threading import Barrier

import numpy as np
import pytest

from lawrec.corpus.vocabulary import LENGTH_STEP
from lawrec.ranking.length_batches import BATCH_ROWS, run_in_batches


def cases(*lengths):
    """Cases of different tokens, from 2 on."""
    return [list(range(2, length + 2)) for length in lengths]


def batches_of(given, **options):
    """The batches that a model gets."""
    batches = []

    def forward(batch):
        batches.append(batch)
        return batch[:, :1]

    run_in_batches(forward, given, n_outputs=1, **options)
    return batches


def test_cases_of_about_the_same_length_share_a_batch():
    batches = batches_of(cases(1, 17, 16, 32, 33, 2))
    assert [batch.shape for batch in batches] == [(3, 16), (2, 32), (1, 48)]
    assert [(batch != 0).sum(axis=1).tolist() for batch in batches] == [[1, 16, 2], [17, 32], [33]]
    assert batches[0].dtype == np.int32


def test_the_length_of_a_batch_depends_on_no_other_case():
    given = cases(5, 16, 17, 40)
    shared = {batch.shape[1] for batch in batches_of(given)}
    alone = {batch.shape[1] for case in given for batch in batches_of([case])}
    assert shared == alone == {16, 32, 48}


def test_a_batch_has_so_many_rows_at_most():
    assert [len(batch) for batch in batches_of(cases(*[3] * 50))] == [BATCH_ROWS, BATCH_ROWS, 2]


def test_a_batch_is_filled_with_rows_of_a_single_token():
    [batch] = batches_of(cases(3), fill=True)
    assert batch.shape == (BATCH_ROWS, LENGTH_STEP)
    assert batch[0, :4].tolist() == [2, 3, 4, 0]
    assert {tuple(row) for row in batch[1:].tolist()} == {(1, *[0] * 15)}


@pytest.mark.parametrize("fill", [False, True])
def test_results_are_in_the_order_of_the_cases(fill):
    given = cases(*np.random.default_rng(1).integers(1, 60, 100))
    sums = run_in_batches(
        lambda batch: batch.sum(axis=1, keepdims=True), given, n_outputs=1, fill=fill
    )
    assert sums.dtype == np.float32
    assert sums[:, 0].tolist() == [sum(case) for case in given]


def test_no_case_has_no_result():
    assert run_in_batches(len, [], n_outputs=3).shape == (0, 3)


def test_two_threads_compute_two_batches_at_the_same_time():
    both = Barrier(2, timeout=30)

    def forward(batch):
        both.wait()
        return batch[:, :1]

    values = run_in_batches(forward, [[7], [3] * 40], n_outputs=1, threads=2)
    assert values[:, 0].tolist() == [7, 3]


def test_threads_change_no_value():
    def sums(batch):
        return batch.sum(axis=1, keepdims=True)

    cases = [[row + 1] * (row % 50 + 1) for row in range(200)]
    one = run_in_batches(sums, cases, n_outputs=1)
    four = run_in_batches(sums, cases, n_outputs=1, threads=4)
    np.testing.assert_array_equal(one, four)
    assert one[:, 0].tolist() == [sum(case) for case in cases]


def test_no_batch_has_more_rows_than_it_may():
    sizes = []

    def forward(batch):
        sizes.append(len(batch))
        return batch[:, :1]

    values = run_in_batches(forward, [[row + 1] for row in range(20)], n_outputs=1, max_rows=8)
    assert sizes == [8, 8, 4]
    assert values[:, 0].tolist() == list(range(1, 21))
