"""The ranker: all of a run that scores without a neural network, and how the two are combined.

The scores of a case are

- of each candidate, the sigmoid of the weighted mean of two logits: that of the second stage, and
  that of the LSTM with the weight `ranking.lstm_share`;
- of each other article, less than that of any candidate, in the order of the first stage.

Without a second stage, every article gets the weighted mean of the LSTM's logit and that of the
SVMs. With an `lstm_share` of 1, there is no ranker: the scores are the LSTM's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lawrec.config import RankingConfig
from lawrec.progress import SILENT, Progress
from lawrec.ranking.first_stage import Corpus, FirstStage, fit_first_stage
from lawrec.ranking.out_of_fold import out_of_fold
from lawrec.ranking.pair_features import mean_margin
from lawrec.ranking.second_stage import SecondStage, fit_second_stage
from lawrec.types import Float32Array, NumberArray, TokenIds

LOGIT_SCALE = 4.0
"""From the margin of an SVM to a logit: on the margin, at 1, the score is 0.98."""
OTHERS_SCORE = 1e-3
"""The scores of articles that are no candidates are below this one, those of candidates above."""


@dataclass(frozen=True)
class Ranker:
    """The first stage, and the second one if there is one.

    Attributes:
        config: The settings of [ranking].
        first_stage: The SVMs.
        second_stage: The second stage; None where `ranking.second_stage` is false.
    """

    config: RankingConfig
    first_stage: FirstStage
    second_stage: SecondStage | None

    def scores(self, cases: Sequence[TokenIds], lstm_logits: Float32Array | None) -> Float32Array:
        """Return the scores of cases, float32 (n_cases, n_articles), 0 to 1.

        Args:
            cases: The token ids of each case.
            lstm_logits: The logits of the LSTM, float32 (n_cases, n_articles); None where
                `ranking.lstm_share` is 0.
        """
        margins = self.first_stage.margins(cases)
        svm_logits = LOGIT_SCALE * mean_margin(margins)
        lstm = svm_logits if lstm_logits is None else lstm_logits
        share = 0.0 if lstm_logits is None else self.config.lstm_share
        mixed = sigmoid((1 - share) * svm_logits + share * lstm)
        if self.second_stage is None:
            return mixed
        pairs = self.second_stage.pairs(
            cases, margins, config=self.config, idf=self.first_stage.idf
        )
        logits = self.second_stage.logits(pairs)
        logits = (1 - share) * logits + share * pairs.of_candidates(lstm)
        scores = OTHERS_SCORE * mixed
        candidates = OTHERS_SCORE + (1 - OTHERS_SCORE) * sigmoid(logits)
        np.put_along_axis(scores, pairs.candidates, candidates, axis=1)
        return scores


def fit_ranker(
    corpus: Corpus, *, config: RankingConfig, seed: int, progress: Progress = SILENT
) -> Ranker:
    """Fit the SVMs and the second stage.

    Args:
        corpus: The train cases and all else that is known.
        config: The settings of [ranking].
        seed: The seed of all random numbers.
        progress: Gets the number of labels done, for each fold of the train cases and for all.

    Example:
        >>> ranker = fit_ranker(corpus, config=RankingConfig(), seed=1)  # doctest: +SKIP
        >>> ranker.scores([[17, 402]], None).shape  # doctest: +SKIP
        (1, 183)
    """

    def fit(some: Corpus) -> FirstStage:
        return fit_first_stage(some, config=config, seed=seed, progress=progress)

    first_stage = fit(corpus)
    if not config.second_stage:
        return Ranker(config, first_stage, None)
    margins, folds = out_of_fold(corpus, config.folds, seed=seed, fit=fit)
    second_stage = fit_second_stage(
        corpus, margins, folds=folds, first_stage=first_stage, config=config, seed=seed
    )
    return Ranker(config, first_stage, second_stage)


def sigmoid(logits: NumberArray) -> Float32Array:
    """Return 1 / (1 + exp(-logit)) of each logit, as float32.

    Example:
        >>> sigmoid(np.array([0.0, -1000.0])).round(3).tolist()
        [0.5, 0.0]
    """
    # Clipped, since exp(-x) overflows for an x of -89 in float32.
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -80, 80))), np.float32)
