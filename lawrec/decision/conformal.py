"""Guarantee: a score from which on to list articles, so that a case's list is seldom short."""

import math

import numpy as np

from lawrec.config import DecisionConfig
from lawrec.decision.threshold_curve import NEVER
from lawrec.decision.tuning_cases import TuningCases
from lawrec.errors import ConfigError


def guaranteed_cut(cases: TuningCases, config: DecisionConfig) -> float:
    """Return the highest score such that lists down to it keep the guarantee of the configuration.

    That is: of a new case, drawn as these were, every true article scores at least as much with
    the probability `config.coverage`, whatever the distribution of the cases and scores. Conformal
    risk control with the loss 1 for a list that lacks an article: the lowest score of a true
    article of each of n cases is put in order, and the cut is the k-th lowest,
    k = floor((1 - guarantee) (n + 1)). An article that is not known to be true counts as false.
    Source: Angelopoulos et al., "Conformal Risk Control", 2022, Theorem 1.

    Raises:
        ConfigError: These are too few cases for the guarantee, or so many of them cite articles
            that always score 0 that no list would keep it.
    """
    true = cases.y_true if cases.known is None else cases.y_true & cases.known
    lowest = np.sort(np.where(true, cases.y_score, NEVER).min(axis=1))
    # The rounding of 1 - 0.95 must not cost a case: (1 - 0.95) * 100 is 5.000000000000004.
    place = math.floor(round((1 - config.coverage) * (len(lowest) + 1), 9))
    if place < 1:
        needed = math.ceil(round(1 / (1 - config.coverage), 6)) - 1
        raise ConfigError(
            "decision guarantee",
            expected=f"there must be at least {needed:,} cases to tune on",
            got=f"{len(lowest):,}",
            todo="Take more cases, or a lower guarantee.",
        )
    cut = float(lowest[place - 1])
    if cut <= 0:
        raise ConfigError(
            "decision guarantee",
            expected="every article that cases cite must have a score",
            got=f"{int((lowest <= 0).sum()):,} of {len(lowest):,} cases cite one that has none",
            todo="Train on cases of these articles, or take a lower guarantee.",
        )
    return cut
