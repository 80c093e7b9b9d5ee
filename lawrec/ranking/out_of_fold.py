"""Out-of-fold scores: train cases scored as if they were new.

The second stage learns from the scores of the first. Scores of the cases that the first stage was
fitted to are too good, so that each case is scored by SVMs fitted to the other folds. Cases that
are nearly the same stay in one fold: otherwise they would be scored by their own copies.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from lawrec.corpus.duplicates.near_duplicates import NearDuplicateIndex
from lawrec.ranking.first_stage import Corpus, FirstStage, Margins
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
    corpus: Corpus, n_folds: int, *, seed: int, fit: Callable[[Corpus], FirstStage]
) -> tuple[Margins, Int64Array]:
    """Return the margins of train cases by first stages that have not seen them, and their folds.

    Extra cases are in folds, too: one may be nearly the same as a train case.

    Args:
        corpus: The train cases, and all else that a first stage is fitted to.
        n_folds: The number of folds.
        seed: The seed of the folds.
        fit: From a corpus without a fold to a first stage.

    Example:
        >>> margins, folds = out_of_fold(corpus, 5, seed=1, fit=fit)  # doctest: +SKIP
        >>> margins["words"].shape, folds.shape  # doctest: +SKIP
        ((8101, 183), (8101,))
    """
    n_train = len(corpus.train)
    token_ids = [*corpus.train.token_ids, *corpus.extra.token_ids]
    train_folds, extra_folds = np.split(assign_folds(token_ids, n_folds, seed=seed), [n_train])
    margins: Margins = {}
    for fold in np.unique(train_folds):
        others = replace(
            corpus,
            train=corpus.train.rows(np.flatnonzero(train_folds != fold)),
            extra=corpus.extra.rows(np.flatnonzero(extra_folds != fold)),
        )
        rows = np.flatnonzero(train_folds == fold)
        fold_margins = fit(others).margins(corpus.train.rows(rows).token_ids)
        for name, values in fold_margins.items():
            margins.setdefault(name, np.empty(corpus.train.y_true.shape, np.float32))[rows] = values
    return margins, train_folds


def _as_text(case: TokenIds) -> str:
    """Return a text with one character per token, in which near-duplicates can be found."""
    return "".join(chr(_FIRST_CHARACTER + int(token)) for token in case)
