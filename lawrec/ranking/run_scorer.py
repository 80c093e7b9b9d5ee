"""The scorer of a run: the ranker and, if the scores need it, the logits of the network."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lawrec.corpus.vocabulary import head_and_tail
from lawrec.errors import RunError
from lawrec.ranking.contributions import Contributions
from lawrec.ranking.first_stage import sigmoid
from lawrec.ranking.ranker import Ranker
from lawrec.types import Float32Array, TokenIds

Scorer = Callable[[Sequence[TokenIds]], Float32Array]
"""From the token ids of each case to y_score float32 (n_cases, n_articles), 0 to 1."""
LogitFunction = Callable[[Sequence[TokenIds]], Float32Array]
"""From the token ids of each case to the logits of the articles, likewise."""


@dataclass(frozen=True)
class RunScorer:
    """A function from the token ids of cases to their scores.

    Attributes:
        logits: From the tokens that the LSTM reads to its logits; None if no score needs them.
        ranker: What else decides; None: the scores are the sigmoids of the logits.
        lstm_tokens: How many tokens the LSTM reads, as `head_and_tail` takes them.
    """

    logits: LogitFunction | None
    ranker: Ranker | None
    lstm_tokens: int

    def __call__(self, cases: Sequence[TokenIds]) -> Float32Array:
        """Return y_score float32 (n_cases, n_articles), 0 to 1.

        Raises:
            RunError: A score is NaN, since the model has weights that are.
        """
        logits = self._lstm_logits(cases)
        if self.ranker:
            scores = self.ranker.scores(cases, logits)
        else:
            assert logits is not None, "without a ranker, the LSTM alone scores"
            scores = sigmoid(logits)
        if np.isnan(scores).any():
            raise RunError(
                "the model",
                expected="every score must be a number",
                got="nan",
                todo="Restore it from a copy of the run, or train a new run with `lawrec train`.",
            )
        return scores

    def contributions(self, cases: Sequence[TokenIds]) -> Contributions | None:
        """Return what moved the scores of cases, which are scored again; None if nobody knows.

        Only a second stage knows.
        """
        if not (self.ranker and self.ranker.second_stage):
            return None
        return self.ranker.contributions(cases, self._lstm_logits(cases))

    def _lstm_logits(self, cases: Sequence[TokenIds]) -> Float32Array | None:
        """Return the logits of the LSTM, None if no score needs them."""
        if not self.logits:
            return None
        return self.logits([head_and_tail(case, self.lstm_tokens) for case in cases])
