"""The scorer of a run: what it is made of, and that every score is a number."""

import numpy as np
import pytest

from lawrec.errors import RunError
from lawrec.ranking.run_scorer import RunScorer


def logits_of(cases):
    """One logit per case: its number of tokens, which is no number for the token 9."""
    return np.array([[np.nan if 9 in case else len(case)] for case in cases], np.float32)


def test_a_network_alone_reads_the_first_and_the_last_tokens():
    scores = RunScorer(logits_of, None, lstm_tokens=2)([[3, 9, 4], [3]])
    np.testing.assert_allclose(scores, [[0.8808], [0.7311]], atol=1e-4)


def test_a_score_that_is_no_number_is_an_error():
    """It would be neither above nor below a threshold, and JSON has no name for it."""
    with pytest.raises(RunError, match="the model: every score must be a number, got nan"):
        RunScorer(logits_of, None, lstm_tokens=9)([[3], [3, 9]])
