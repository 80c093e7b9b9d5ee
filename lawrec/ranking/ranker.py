"""The ranker: all that a run scores with beside its network, and how the two are combined.

The scores of a case are those of the second stage for each candidate. All other articles get less
than any candidate, in the order of the SVMs, mixed with the LSTM by `ranking.lstm_share`.

The LSTM is a model like the SVMs, if `ranking.lstm_feature` is on: the second stage learns from
logits of nets that have not seen the cases (see `lawrec.training.out_of_fold_nets`). If it is off,
or without a second stage, the logits are weighted means with that of the LSTM, whose weight is
`ranking.lstm_share`. The LSTM alone needs no ranker.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lawrec.config import RankingConfig
from lawrec.evaluation.confusion_counts import chunk_rows
from lawrec.progress import SILENT, Progress
from lawrec.ranking.contributions import Contributions
from lawrec.ranking.first_stage import (
    LOGIT_SCALE,
    LSTM,
    WORDS,
    FirstStage,
    Margins,
    fit_first_stage,
    sigmoid,
    with_lstm,
)
from lawrec.ranking.out_of_fold import Folds, out_of_fold, ranker_case_folds
from lawrec.ranking.pair_features import (
    Pairs,
    compute_features,
    feature_names,
    make_pairs,
    mean_margin,
)
from lawrec.ranking.second_stage import (
    OTHERS_SCORE,
    OutOfFoldScores,
    SecondStage,
    candidate_scores,
    fit_second_stage,
)
from lawrec.ranking.train_cases import RankerCases
from lawrec.types import Float32Array, NumberArray, TokenIds

_CHUNK_SCORES = 500_000
"""Scores that are computed at once: what they come from takes a hundred times their room."""
LstmLogits = Callable[[Folds], Float32Array]
"""From folds to the logits of the train cases, float32 (n_cases, n_articles), NaN where unknown."""


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

    @property
    def feature_names(self) -> list[str]:
        """The names of the features of the second stage, in their order; empty without one."""
        if self.second_stage is None:
            return []
        models = list(self.first_stage.svms)
        return feature_names([*models, LSTM] if self.config.lstm_feature else models)

    @property
    def importances(self) -> dict[str, float]:
        """The share of each feature in what the splits of all trees gain, the greatest first."""
        if self.second_stage is None:
            return {}
        gain = self.second_stage.trees.gain
        shares = gain / max(gain.sum(), np.finfo(gain.dtype).tiny)
        named = zip(self.feature_names, shares.tolist(), strict=True)
        return dict(sorted(named, key=lambda pair: -pair[1]))

    def scores(
        self, cases: Sequence[TokenIds], lstm_logits: Float32Array | None = None
    ) -> Float32Array:
        """Return the scores of cases, float32 (n_cases, n_articles), 0 to 1.

        Args:
            cases: The token ids of each case.
            lstm_logits: The logits of the LSTM, float32 (n_cases, n_articles), if they are needed.
        """
        n_articles = len(self.first_stage.svms[WORDS].bias)
        scores = np.empty((len(cases), n_articles), np.float32)
        for rows in chunk_rows(len(cases), max(1, _CHUNK_SCORES // n_articles)):
            logits = None if lstm_logits is None else lstm_logits[rows]
            scores[rows] = self._scores(cases[rows], logits)
        return scores

    def _scores(self, cases: Sequence[TokenIds], lstm_logits: Float32Array | None) -> Float32Array:
        margins = self.first_stage.margins(cases)
        mixed = self._mixed(LOGIT_SCALE * mean_margin(margins), lstm_logits)
        if self.second_stage is None:
            return sigmoid(mixed)
        pairs = self._pairs(cases, margins, lstm_logits=lstm_logits, stage=self.second_stage)
        logits: NumberArray = self.second_stage.logits(pairs)
        if lstm_logits is not None and not self.config.lstm_feature:
            logits = self._mixed(logits, pairs.of_candidates(lstm_logits))
        scores = OTHERS_SCORE * sigmoid(mixed)
        np.put_along_axis(scores, pairs.candidates, candidate_scores(logits), axis=1)
        return scores

    def contributions(
        self, cases: Sequence[TokenIds], lstm_logits: Float32Array | None = None
    ) -> Contributions | None:
        """Return what moved the scores of the candidates; None without a second stage.

        Args:
            cases: The token ids of each case.
            lstm_logits: As for `scores`.
        """
        if self.second_stage is None:
            return None
        margins = self.first_stage.margins(cases)
        pairs = self._pairs(cases, margins, lstm_logits=lstm_logits, stage=self.second_stage)
        values = compute_features(pairs)
        moves = self.second_stage.trees.contributions(values.reshape(-1, values.shape[-1]))
        return Contributions(
            self.feature_names, pairs.candidates, values, moves.reshape(values.shape)
        )

    def _pairs(
        self,
        cases: Sequence[TokenIds],
        margins: Margins,
        *,
        lstm_logits: Float32Array | None,
        stage: SecondStage,
    ) -> Pairs:
        if lstm_logits is not None and self.config.lstm_feature:
            margins = with_lstm(margins, lstm_logits)
        return make_pairs(
            cases,
            margins,
            n_candidates=self.config.candidates,
            idf=self.first_stage.idf,
            statistics=stage.statistics,
        )

    def _mixed(self, logits: NumberArray, lstm_logits: NumberArray | None) -> NumberArray:
        if lstm_logits is None:
            return logits
        mixed: NumberArray = logits + self.config.lstm_share * (lstm_logits - logits)
        return mixed


def fit_ranker(
    ranker_cases: RankerCases,
    *,
    config: RankingConfig,
    seed: int,
    lstm_logits: LstmLogits | None = None,
    workers: int = 0,
    progress: Progress = SILENT,
) -> tuple[Ranker, OutOfFoldScores | None]:
    """Fit the SVMs and the second stage.

    Args:
        ranker_cases: The train cases and all else that is known.
        config: The settings of [ranking].
        seed: The seed of all random numbers.
        lstm_logits: From the folds of the train cases to their logits by nets that have not seen
            them, if the second stage is to know the LSTM.
        workers: As for `fit_linear_svms`.
        progress: Gets the number of labels done, for each fold of the train cases and for all.

    Returns:
        The ranker, and the scores of the train cases out of fold; None unless
        `config.scores_out_of_fold`.

    Example:
        >>> ranker, _ = fit_ranker(ranker_cases, config=RankingConfig(), seed=1)  # doctest: +SKIP
        >>> ranker.scores([[17, 402]]).shape  # doctest: +SKIP
        (1, 183)
    """

    def fit(some: RankerCases) -> FirstStage:
        return fit_first_stage(some, config=config, seed=seed, workers=workers, progress=progress)

    first_stage = fit(ranker_cases)
    if not config.second_stage:
        return Ranker(config, first_stage, None), None
    folds = ranker_case_folds(ranker_cases, config.folds, seed=seed)
    margins = out_of_fold(ranker_cases, folds, fit=fit)
    if lstm_logits:
        margins = with_lstm(margins, lstm_logits(folds))
    second_stage, scores = fit_second_stage(
        ranker_cases,
        margins,
        folds=folds.train,
        first_stage=first_stage,
        config=config,
        seed=seed,
    )
    ranker = Ranker(config, first_stage, second_stage)
    return ranker, scores if config.scores_out_of_fold else None
