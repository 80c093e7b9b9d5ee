"""The first stage: linear SVMs that see different cases, each with a margin for every article.

"words" are fitted to the train cases and to the statute's articles, "extra" to the extra cases as
well. Extra cases have other sources and weaker labels: the second stage decides what each is worth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lawrec.config import RankingConfig
from lawrec.progress import SILENT, Progress
from lawrec.ranking.linear_svm import LinearSvms, fit_idf, fit_linear_svms
from lawrec.ranking.train_cases import TrainCases
from lawrec.types import Float32Array, TokenIds

Margins = dict[str, Float32Array]
"""The margins of some cases by each model, float32 (n_cases, n_articles), by its name."""
WORDS, EXTRA = "words", "extra"


@dataclass(frozen=True)
class FirstStage:
    """Fitted models of the first stage, by name."""

    svms: Mapping[str, LinearSvms]

    @property
    def idf(self) -> Float32Array:
        """The inverse document frequency of each token, the same for all models."""
        return self.svms[WORDS].idf

    def margins(self, cases: Sequence[TokenIds]) -> Margins:
        """Return the margins of each case by each model.

        Args:
            cases: The token ids of each case.
        """
        return {name: svms.margins(cases) for name, svms in self.svms.items()}


@dataclass(frozen=True)
class Corpus:
    """What the first stage is fitted to.

    Attributes:
        train: The train cases, or some of them.
        statute: One case per article whose text is known: that text, and the article as its label.
        extra: More cases, of other sources.
        n_tokens: The number of token ids.
    """

    train: TrainCases
    statute: TrainCases
    extra: TrainCases
    n_tokens: int


def fit_first_stage(
    corpus: Corpus, *, config: RankingConfig, seed: int, progress: Progress = SILENT
) -> FirstStage:
    """Fit all models of the first stage.

    Args:
        corpus: The cases.
        config: The settings of [ranking].
        seed: The seed of the solver.
        progress: Gets the number of labels done.

    Example:
        >>> first_stage = fit_first_stage(  # doctest: +SKIP
        ...     corpus, config=RankingConfig(), seed=1
        ... )
        >>> first_stage.margins([[17, 402]])["words"].shape  # doctest: +SKIP
        (1, 183)
    """
    idf = fit_idf(corpus.train.token_ids, corpus.n_tokens)
    cases = {WORDS: corpus.train.followed_by(corpus.statute)}
    if corpus.extra:
        cases[EXTRA] = cases[WORDS].followed_by(corpus.extra)
    return FirstStage(
        {
            name: fit_linear_svms(each, idf, config=config, seed=seed, progress=progress)
            for name, each in cases.items()
        }
    )
