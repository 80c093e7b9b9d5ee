"""The first stage: linear SVMs that see different cases, each with a margin for every article.

"words" are fitted to the train cases and to the statute's articles, "characters" to the n-grams of
the same cases, "extra" to the extra cases as well. Extra cases have other sources and weaker
labels: the second stage decides what each is worth. Of the models of words, the one that knows more
cases also looks at windows of the fact. The LSTM may be one more model.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lawrec.config import RankingConfig
from lawrec.progress import SILENT, Progress
from lawrec.ranking.character_ngrams import COLUMNS, CharacterNgrams
from lawrec.ranking.linear_svm import LinearSvms
from lawrec.ranking.svm_fit import fit_linear_svms
from lawrec.ranking.tf_idf import fit_idf
from lawrec.ranking.train_cases import RankerCases
from lawrec.translation import marked
from lawrec.types import Float32Array, NumberArray, TokenIds

Margins = dict[str, Float32Array]
"""The margins of some cases, float32 (n_cases, n_articles), by the names of models and windows."""
WORDS, EXTRA, CHARACTERS, LSTM = "words", "extra", "characters", "lstm"
LOGIT_SCALE = 4.0
"""From the margin of an SVM to a logit: on the margin, at 1, the score is 0.98."""


@dataclass(frozen=True)
class FirstStage:
    """Fitted models of the first stage.

    Attributes:
        svms: The models, by name.
        ngrams: What the model of characters sees of a case.
    """

    svms: Mapping[str, LinearSvms]
    ngrams: CharacterNgrams

    @property
    def idf(self) -> Float32Array:
        """The inverse document frequency of each token, the same for all models."""
        return self.svms[WORDS].idf

    def margins(self, cases: Sequence[TokenIds]) -> Margins:
        """Return the margins of each case by each model, and those of `WINDOW_MARGINS`.

        Args:
            cases: The token ids of each case.
        """
        views = {CHARACTERS: [*map(self.ngrams, cases)]} if CHARACTERS in self.svms else {}
        margins = {name: svms.margins(views.get(name, cases)) for name, svms in self.svms.items()}
        of_most_cases = self.svms.get(EXTRA, self.svms[WORDS])
        windows: Margins = {name: np.empty_like(margins[WORDS]) for name in WINDOW_MARGINS}
        for row, case in enumerate(cases):
            of_windows = of_most_cases.window_margins(case)
            for name, function in WINDOW_MARGINS.items():
                windows[name][row] = function(of_windows)
        return margins | windows


def fit_first_stage(
    ranker_cases: RankerCases,
    *,
    config: RankingConfig,
    seed: int,
    workers: int = 0,
    progress: Progress = SILENT,
) -> FirstStage:
    """Fit all models of the first stage.

    Args:
        ranker_cases: The cases.
        config: The settings of [ranking].
        seed: The seed of the solver.
        workers: As for `fit_linear_svms`.
        progress: Gets the number of labels done.

    Example:
        >>> first_stage = fit_first_stage(  # doctest: +SKIP
        ...     ranker_cases, config=RankingConfig(), seed=1
        ... )
        >>> first_stage.margins([[17, 402]])["words"].shape  # doctest: +SKIP
        (1, 183)
    """
    ngrams = CharacterNgrams(ranker_cases.tokens, config.character_ngrams)
    idf = fit_idf(ranker_cases.train.token_ids, len(ranker_cases.tokens))
    words = ranker_cases.train.followed_by(ranker_cases.statute)
    cases = {WORDS: (words, idf)}
    if len(ranker_cases.extra):
        cases[EXTRA] = words.followed_by(ranker_cases.extra), idf
    if config.character_ngrams:
        characters = replace(words, token_ids=[*map(ngrams, words.token_ids)])
        idf_of_ngrams = fit_idf(characters.token_ids[: len(ranker_cases.train)], COLUMNS)
        cases[CHARACTERS] = characters, idf_of_ngrams
    return FirstStage(
        {
            name: fit_linear_svms(
                *each, config=config, seed=seed, workers=workers, progress=progress
            )
            for name, each in cases.items()
        },
        ngrams,
    )


def with_lstm(margins: Margins, lstm_logits: Float32Array) -> Margins:
    """Return margins of the SVMs with those of the LSTM: its logits on the same scale.

    Example:
        >>> with_lstm({}, np.array([[4, -8]], np.float32))["lstm"].tolist()
        [[1.0, -2.0]]
    """
    return {**margins, LSTM: lstm_logits / LOGIT_SCALE}


def sigmoid(logits: NumberArray) -> Float32Array:
    """Return 1 / (1 + exp(-logit)) of each logit, as float32.

    Example:
        >>> sigmoid(np.array([0.0, -1000.0])).round(3).tolist()
        [0.5, 0.0]
    """
    # Clipped, since exp(-x) overflows for an x of -89 in float32.
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -80, 80))), np.float32)


def before_best_other(margins: Float32Array) -> Float32Array:
    """Return how far the margin of each article is ahead of the highest one of the others.

    Args:
        margins: float32 (n_rows, n_articles).

    Returns:
        float32 (n_rows, n_articles); the margins themselves where there is only one article.

    Example:
        >>> before_best_other(np.array([[1, 3, 2]], np.float32)).tolist()
        [[-2.0, 1.0, -1.0]]
    """
    if margins.shape[1] < 2:
        return margins
    two_best = np.partition(margins, -2, axis=1)[:, -2:]
    return margins - np.where(margins == two_best[:, 1:], two_best[:, :1], two_best[:, 1:])


WINDOW_MARGINS: dict[str, Callable[[Float32Array], Float32Array]] = {
    marked("window maximum"): lambda margins: margins.max(axis=0),
    marked("window mean"): lambda margins: margins.mean(axis=0),
    marked("greatest lead in a window"): lambda margins: before_best_other(margins).max(axis=0),
}
"""From the margins of windows, float32 (n_windows, n_articles), to one per article."""
