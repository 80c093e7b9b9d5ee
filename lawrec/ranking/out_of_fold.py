"""Out-of-fold scores: train cases scored as if they were new.

The second stage learns from the scores of the first. Scores of the cases that the first stage was
fitted to are too good, so that each case is scored by SVMs fitted to the other folds. Cases that
are nearly the same stay in one fold: otherwise they would be scored by their own copies.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from lawrec.corpus.duplicates.near_duplicates import NearDuplicateIndex
from lawrec.errors import ConfigError
from lawrec.ranking.first_stage import FirstStage, Margins
from lawrec.ranking.train_cases import RankerCases
from lawrec.types import Int64Array, TokenIds

_NEAR_DUPLICATE_THRESHOLD = 0.6
_FIRST_CHARACTER = 0x10000
"""The character that stands for token 0: above all that cannot be written as UTF-8."""


def assign_folds(cases: Sequence[TokenIds], n_folds: int, *, seed: int) -> Int64Array:
    """Return a random fold for each case, from 0; near-duplicates get the same one.

    Args:
        cases: The token ids of each case.
        n_folds: The number of folds.
        seed: The seed of the random numbers.

    Returns:
        int64 (n_cases,).

    Example:
        >>> folds = assign_folds([[5, 6, 7, 8, 9, 3]] * 4, 5, seed=1)
        >>> len(set(folds.tolist()))
        1
    """
    with ExitStack() as files:
        index = NearDuplicateIndex(files, _NEAR_DUPLICATE_THRESHOLD)
        for case in cases:
            index.add(_as_text(case))
        first_of_group = np.fromiter(index.first_of_group.items(), np.int64)
    folds = np.random.default_rng(seed).integers(0, n_folds, len(first_of_group))
    return np.asarray(folds[first_of_group], np.int64)


class Folds(NamedTuple):
    """The fold of each train case and of each extra case, int64 (n_cases,)."""

    train: Int64Array
    extra: Int64Array


def ranker_case_folds(cases: RankerCases, n_folds: int, *, seed: int) -> Folds:
    """Return folds of train cases and extra cases: one may be nearly the same as another.

    Args:
        cases: The cases that a first stage is fitted to.
        n_folds: The number of folds.
        seed: The seed of the random numbers.

    Example:
        >>> ranker_case_folds(ranker_cases, 5, seed=1).train.shape  # doctest: +SKIP
        (8101,)
    """
    token_ids = [*cases.train.token_ids, *cases.extra.token_ids]
    folds = assign_folds(token_ids, n_folds, seed=seed)
    return Folds(folds[: len(cases.train)], folds[len(cases.train) :])


def without_folds(cases: RankerCases, folds: Folds, *, left_out: Collection[int]) -> RankerCases:
    """Return cases without the train and extra cases of some folds.

    Args:
        cases: The cases that a first stage is fitted to.
        folds: As `ranker_case_folds` returns them.
        left_out: The folds to leave out.

    Raises:
        ConfigError: No train case is left.

    Example:
        >>> len(without_folds(ranker_cases, folds, left_out=[0]).train)  # doctest: +SKIP
        6449
    """
    train, extra = (np.flatnonzero(~np.isin(part, list(left_out))) for part in folds)
    if not len(train):
        raise too_few_cases_error(len(folds.train))
    return replace(cases, train=cases.train.rows(train), extra=cases.extra.rows(extra))


def out_of_fold(
    cases: RankerCases, folds: Folds, *, fit: Callable[[RankerCases], FirstStage]
) -> Margins:
    """Return the margins of train cases by first stages that have not seen them.

    Args:
        cases: The train cases, and all else that a first stage is fitted to.
        folds: As `ranker_case_folds` returns them.
        fit: From cases without a fold to a first stage.

    Returns:
        The margins; NaN where the first stage of a fold lacks a model, since the few extra cases
        that there are all belong to that fold.

    Example:
        >>> margins = out_of_fold(ranker_cases, folds, fit=fit)  # doctest: +SKIP
        >>> margins["words"].shape  # doctest: +SKIP
        (8101, 183)
    """
    margins: Margins = {}
    unknown = np.full(cases.train.y_true.shape, np.nan, np.float32)
    for fold in np.unique(folds.train).tolist():
        rows = np.flatnonzero(folds.train == fold)
        first_stage = fit(without_folds(cases, folds, left_out=[fold]))
        fold_margins = first_stage.margins(cases.train.rows(rows).token_ids)
        for name, values in fold_margins.items():
            margins.setdefault(name, unknown.copy())[rows] = values
    return margins


def too_few_cases_error(n_cases: int) -> ConfigError:
    """Return the error of train cases that cannot be scored out of fold.

    Example:
        >>> too_few_cases_error(3).got
        '3 train cases, too few or near-duplicates of one another'
    """
    return ConfigError(
        "ranking.second_stage",
        expected="other train cases must be left when those of a fold are left out",
        got=f"{n_cases:,} train cases, too few or near-duplicates of one another",
        todo="Add cases, or pass --set ranking.second_stage=false.",
    )


def _as_text(case: TokenIds) -> str:
    """Return a text with one character per token, in which near-duplicates can be found."""
    return "".join(chr(_FIRST_CHARACTER + int(token)) for token in case)
