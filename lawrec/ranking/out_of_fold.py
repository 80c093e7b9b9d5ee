"""Out-of-fold scores: train cases scored as if they were new.

The second stage learns from the scores of the first. Scores of the cases that the first stage was
fitted to are too good, so that each case is scored by SVMs fitted to the other folds. Cases that
are nearly the same stay in one fold: otherwise they would be scored by their own copies.
"""

import tempfile
from collections.abc import Callable, Sequence

import numpy as np

from lawrec.corpus.near_duplicates import NearDuplicateIndex
from lawrec.ranking.first_stage import FirstStage, Margins
from lawrec.ranking.train_cases import TrainCases
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
    with tempfile.TemporaryFile() as spool:
        index = NearDuplicateIndex(spool, _NEAR_DUPLICATE_THRESHOLD)
        numbers = np.array([index.add(_as_text(case)) for case in cases], np.int64)
        group = np.arange(len(index))
        for members in index.groups():
            group[members] = members[0]
    folds = np.random.default_rng(seed).integers(0, n_folds, len(group))
    return np.asarray(folds[group[numbers]], np.int64)


def out_of_fold(
    cases: TrainCases, folds: Int64Array, fit: Callable[[TrainCases], FirstStage]
) -> Margins:
    """Return the margins of train cases by first stages that have not seen them.

    Args:
        cases: The train cases.
        folds: The fold of each case, int64 (n_cases,).
        fit: From the cases of the other folds to a first stage.

    Example:
        >>> margins = out_of_fold(cases, folds, fit)  # doctest: +SKIP
        >>> margins["words"].shape  # doctest: +SKIP
        (8101, 183)
    """
    margins: Margins = {}
    for fold in np.unique(folds):
        rows = np.flatnonzero(folds == fold)
        first_stage = fit(cases.rows(np.flatnonzero(folds != fold)))
        for name, values in first_stage.margins(
            [cases.token_ids[row] for row in rows.tolist()]
        ).items():
            margins.setdefault(name, np.empty(cases.y_true.shape, np.float32))[rows] = values
    return margins


def _as_text(case: TokenIds) -> str:
    """Return a text with one character per token, in which near-duplicates can be found."""
    return "".join(chr(_FIRST_CHARACTER + int(token)) for token in case)
