import numpy as np

from lawrec.decision.score_order import relative_scores
from lawrec.decision.threshold_curve import threshold_curve
from lawrec.decision.tuning_cases import RARE, RARE_IN_TRAIN, TuningCases
from tests.helpers.arrays import SEEDS, bools, floats, random_mask, random_table


def same_curve(left, right):
    for name, values in vars(left).items():
        np.testing.assert_array_equal(values, getattr(right, name))
    return True


def test_curves_leave_out_what_is_not_known():
    for seed in SEEDS:
        y_true, y_score = random_table(seed)
        known = random_mask(seed, y_true.shape)
        cases = TuningCases(y_true, y_score, known)
        for label, curve in enumerate(cases.curves):
            seen = known[:, label]
            assert same_curve(curve, threshold_curve(y_true[seen, label], y_score[seen, label]))
        assert same_curve(cases.pooled_curve, threshold_curve(y_true[known], y_score[known]))
        relative = relative_scores(y_score)[known]
        assert same_curve(cases.pooled_relative_curve, threshold_curve(y_true[known], relative))
        assert cases.support.tolist() == (y_true & known).sum(axis=0).tolist()


def test_an_article_is_rare_by_its_train_cases_or_else_by_its_tuning_cases():
    y_true = np.arange(12)[:, None] < np.array([RARE - 1, RARE])
    cases = TuningCases(y_true, y_true.astype(np.float32))
    assert cases.is_rare.tolist() == [True, False]
    trained = np.array([RARE_IN_TRAIN, RARE_IN_TRAIN - 1])
    known = TuningCases(y_true, y_true.astype(np.float32), train_support=trained)
    assert known.is_rare.tolist() == [False, True]
    assert known.rare.y_true.tolist() == y_true[:, [1]].tolist()


def test_tunable_cases_count_the_articles_left_out():
    y_true = bools([1, 0, 0], [0, 0, 1])
    y_score = floats([0.5, 0.25, 0.125], [0.5, 0.25, 0.125])
    cases = TuningCases(y_true, y_score)
    assert cases.tunable.y_score.tolist() == y_score[:, [0, 2]].tolist()
    assert (cases.tunable.n_absent_articles, cases.tunable.n_articles_in_mean) == (1, 3)
    masked = TuningCases(y_true, y_score, bools([1, 0, 1], [1, 0, 1]))  # nobody knows the second
    assert (masked.tunable.n_absent_articles, masked.n_articles_in_mean) == (0, 2)
    both = cases.tunable
    assert both.tunable is both


def test_all_that_belongs_to_an_article_goes_with_it():
    y_true, y_score = random_table(0, articles=3, unseen=0)
    known, costs = random_mask(0, y_true.shape), np.array([[1.0, 2], [3, 4], [5, 6]])
    cases = TuningCases(y_true, y_score, known, costs, train_support=np.array([7, 8, 9]))
    part = cases.restrict_to_articles([2, 0]).restrict_to_cases(np.s_[::2])
    assert part.y_true.tolist() == y_true[::2][:, [2, 0]].tolist()
    assert part.y_score.tolist() == y_score[::2][:, [2, 0]].tolist()
    assert part.known.tolist() == known[::2][:, [2, 0]].tolist()
    assert (part.costs.tolist(), part.train_support.tolist()) == ([[5, 6], [1, 2]], [9, 7])
