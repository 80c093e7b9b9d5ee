from functools import partial

import numpy as np

from lawrec.config import RankingConfig
from lawrec.ranking.first_stage import fit_first_stage
from lawrec.ranking.out_of_fold import assign_folds, out_of_fold, ranker_case_folds
from lawrec.ranking.ranker import fit_ranker
from lawrec.ranking.train_cases import RankerCases
from tests.helpers.ranking import TEXTS, invented, train_cases


def test_near_duplicates_are_in_one_fold_and_folds_are_about_equal():
    numbers = np.random.default_rng(1)
    cases = [numbers.integers(5, 5_000, 60) for _ in range(200)]
    copies = [np.append(case[:-1], 3) for case in cases[:20]]
    folds = assign_folds([*cases, *copies], 5, seed=1)
    assert (folds[:20] == folds[200:]).all()
    assert np.bincount(folds, minlength=5).min() > 20


def test_the_seed_decides_the_folds():
    cases = [[number] * 6 for number in range(2, 60)]
    first, again, other = (assign_folds(cases, 5, seed=seed).tolist() for seed in (1, 1, 2))
    assert first == again != other


def test_no_case_is_scored_by_what_has_seen_it():
    cases = train_cases(invented(40), 3)
    # Two of the extra cases are copies of train cases.
    ranker_cases = RankerCases(
        cases, train_cases([], 3), cases.rows(np.array([0, 7])), [], tokens=TEXTS
    )

    class Memory:
        """A first stage that knows how often it has seen a case."""

        def __init__(self, seen):
            self.seen = [case.tolist() for case in (*seen.train.token_ids, *seen.extra.token_ids)]

        def margins(self, cases):
            counts = [self.seen.count(case.tolist()) for case in cases]
            return {"words": np.repeat(np.array(counts, np.float32)[:, None], 3, axis=1)}

    folds = ranker_case_folds(ranker_cases, 4, seed=1)
    assert not out_of_fold(ranker_cases, folds, fit=Memory)["words"].any()
    assert out_of_fold(ranker_cases, folds, fit=lambda _: Memory(ranker_cases))["words"].all()


def test_a_fold_that_leaves_no_extra_case_has_unknown_margins_of_that_model():
    train = train_cases(invented(40), 3)
    ranker_cases = RankerCases(
        train, train_cases([], 3), train_cases(invented(1, seed=2), 3), [], TEXTS
    )
    folds = ranker_case_folds(ranker_cases, 4, seed=1)
    fit = partial(fit_first_stage, config=RankingConfig(), seed=1)
    margins = out_of_fold(ranker_cases, folds, fit=fit)
    of_extra = folds.train == folds.extra[0]
    assert 0 < of_extra.sum() < len(train)
    for name, values in margins.items():
        expected = of_extra if name == "extra" else np.zeros_like(of_extra)
        np.testing.assert_array_equal(np.isnan(values).any(axis=1), expected, err_msg=name)
    ranker, _ = fit_ranker(ranker_cases, config=RankingConfig(folds=4), seed=1)
    assert ranker.scores(train.token_ids).shape == (40, 3)
