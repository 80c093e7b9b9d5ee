"""Conformal guarantee: the lowest score that is listed, chosen so that few lists lack an article.

One score serves all articles. Scores divided by the articles' thresholds, and probabilities, made
lists as long or longer at 90 and 95 % coverage. The guarantee holds for all cases, those left to a
person included; for the answered cases alone, nothing is guaranteed.
"""

import math

import numpy as np

from lawrec.config import DecisionConfig
from lawrec.decision.threshold_curve import NEVER
from lawrec.decision.tuning_cases import TuningCases
from lawrec.errors import ConfigError


def conformal_threshold(cases: TuningCases, config: DecisionConfig) -> float:
    """Return the highest score from which on lists are complete as often as `config.coverage` says.

    That is: for a new case from the same distribution, all true articles have at least this score
    with a probability of `config.coverage`, whatever the distribution of cases and scores. It is
    conformal risk control with loss 1 for a list that lacks an article: of n cases, the lowest
    scores of a true article are sorted, and the threshold is the k-th lowest one,
    k = floor((1 - coverage) (n + 1)). An article that is not known to be true counts as false.
    Source: Angelopoulos et al., "Conformal Risk Control", 2022, Theorem 1.

    Raises:
        ConfigError: There are too few cases for the coverage, or so many of them cite articles that
            always score 0 that no list can reach it.

    Example:
        >>> y_score = np.linspace(0.1, 0.9, 9, dtype=np.float32)[:, None]
        >>> cases = TuningCases(np.full((9, 1), True), y_score)
        >>> round(conformal_threshold(cases, DecisionConfig(coverage=0.8)), 6)  # the second lowest
        0.2
    """
    true = cases.y_true if cases.known is None else cases.y_true & cases.known
    lowest = np.sort(np.where(true, cases.y_score, NEVER).min(axis=1))
    # Round first: (1 - 0.95) * 100 is 5.000000000000004, and 1 - 0.9 is less than 0.1.
    k = math.floor(round((1 - config.coverage) * (len(lowest) + 1), 9))
    if k < 1:
        needed = math.ceil(round(1 / (1 - config.coverage), 6)) - 1
        raise ConfigError(
            "decision.coverage",
            expected=f"there must be at least {needed:,} cases to tune on",
            got=f"{len(lowest):,}",
            todo="Use more cases, or a lower coverage.",
        )
    threshold = float(lowest[k - 1])
    if threshold <= 0:
        raise ConfigError(
            "decision.coverage",
            expected="every article that cases cite must have a score above 0",
            got=f"{int((lowest <= 0).sum()):,} of {len(lowest):,} cases cite one that has none",
            todo="Train on cases with these articles, or use a lower coverage.",
        )
    return threshold
