import math
from dataclasses import replace

import numpy as np
import pytest

from lawrec.config import DecisionConfig
from lawrec.decision.curves import NEVER, curve
from lawrec.decision.cuts import Cuts, decide, rank
from lawrec.decision.metrics import micro_f1
from lawrec.decision.objectives import best_point
from lawrec.decision.thresholds import STRATEGIES, Labelled
from lawrec.decision.thresholds import tune as tune_labelled

SEEDS = range(30)


def never_unseen(**settings):
    """Settings under which an article without a case to tune on never fires."""
    return DecisionConfig(**{"unseen_score": math.inf, **settings})


ALL = never_unseen(strategy="global", min_articles=0, max_articles=100)


def tune(y_true, y_score, config, known=None):
    return tune_labelled(Labelled(y_true, y_score, known), config)


def best_cut(y_true, y_score):
    of_scores = curve(y_true, y_score)
    return of_scores.threshold(best_point(of_scores, DecisionConfig()))


def floats(*values):
    return np.array(values, np.float32)


def bools(*values):
    return np.array(values, np.bool_)


def below_and_above(score):
    """The nearest float32 on each side of a score."""
    score = np.float32(score)
    return np.nextafter(score, NEVER), np.nextafter(score, -NEVER)


def random_scores(rng, shape):
    """Scores with ties, exact zeros and exact ones."""
    return rng.integers(0, rng.integers(1, 12), shape, endpoint=True).astype(np.float32) / 12


def random_column(seed):
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 12)
    return rng.random(n) < rng.random(), random_scores(rng, n)


def random_table(seed, cases=12, articles=5):
    """True articles with the scores that go along; the last article is never true."""
    rng = np.random.default_rng(seed)
    y_true = rng.random((cases, articles)) < 0.4
    y_true[0, 0] = True
    y_true[:, -1] = False
    noise = rng.integers(0, 9, y_true.shape)
    return y_true, ((noise + 4 * y_true) / 12).astype(np.float32)


def f1_of(y_true, y_pred):
    wrong = int((y_true != y_pred).sum())
    tp = int((y_true & y_pred).sum())
    return 2 * tp / (2 * tp + wrong) if tp + wrong else 0.0


def best_f1(y_true, y_score):
    """The best F1 of all cuts, one by one."""
    return max(f1_of(y_true, y_score >= cut) for cut in [*y_score.ravel(), NEVER])


def slow_decide(scores, cuts):
    """One case's columns, chosen one by one."""
    by_score = sorted(range(len(scores)), key=lambda column: -scores[column])
    passed = [column for column in by_score if scores[column] >= cuts.thresholds[column]]
    others = [column for column in by_score if column not in passed]
    can_fire = [column for column in others if np.isfinite(cuts.thresholds[column])]
    never = [column for column in others if column not in can_fire]
    chosen = passed[: cuts.max_articles]
    for column in can_fire + never:
        if len(chosen) < cuts.min_articles:
            chosen.append(column)
    return [column in chosen for column in range(len(scores))]


def random_decision(seed):
    rng = np.random.default_rng(seed)
    articles = int(rng.integers(1, 8))
    y_score = random_scores(rng, (10, articles))
    thresholds = np.where(rng.random(articles) < 0.3, NEVER, random_scores(rng, articles))
    least, most = sorted(rng.integers(0, 8, 2).tolist())
    return y_score, Cuts(thresholds.astype(np.float32), least, most)


@pytest.mark.parametrize("seed", range(200))
def test_best_cut_is_as_good_as_the_best_of_all_cuts(seed):
    y_true, y_score = random_column(seed)
    cut = np.float32(best_cut(y_true, y_score))
    assert f1_of(y_true, y_score >= cut) == best_f1(y_true, y_score)


@pytest.mark.parametrize(
    ("y_true", "y_score", "expected"),
    [
        (bools(1, 0), floats(0.75, 0.25), 0.5),
        (bools(0, 1), floats(0.25, 0.75), 0.5),
        (bools(1, 1, 0), floats(1, 0.5, 0.25), 0.375),
        (bools(1, 0, 1), floats(1, 0.75, 0.5), 0.25),
        (
            bools(
                1,
            ),
            floats(0.5),
            0.25,
        ),
        (bools(1, 0, 0), floats(0.5, 0.5, 0), 0.25),
        (bools(1, 1), floats(0.5, 0), 0),
        (bools(1, 0), floats(0, 0), 0),
        (bools(1, 1), floats(1, 1), 0.5),
    ],
)
def test_best_cut_lies_half_way_to_the_next_score_below(y_true, y_score, expected):
    assert best_cut(y_true, y_score) == expected


@pytest.mark.parametrize("score", [0.5, 1e-30, 1.0])
def test_best_cut_separates_neighbouring_floats(score):
    above, _ = below_and_above(score)
    y_score = floats(score, above)
    assert (y_score >= np.float32(best_cut(bools(0, 1), y_score))).tolist() == [False, True]


def test_best_cut_of_the_smallest_score_above_0_still_parts_it_from_0():
    tiny = np.nextafter(np.float32(0), np.float32(1))
    y_score = floats(tiny, 0)
    assert (y_score >= np.float32(best_cut(bools(1, 0), y_score))).tolist() == [True, False]


def test_a_score_equal_to_its_threshold_is_positive():
    threshold = np.float32(0.3)
    above, below = below_and_above(threshold)
    cuts = Cuts(floats(threshold), 0, 1)
    assert decide(floats([above], [threshold], [below]), cuts).tolist() == [[True], [True], [False]]


@pytest.mark.parametrize("seed", SEEDS)
def test_decide_agrees_with_a_slow_choice_case_by_case(seed):
    y_score, cuts = random_decision(seed)
    assert decide(y_score, cuts).tolist() == [slow_decide(scores, cuts) for scores in y_score]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_decision_of_a_case_does_not_depend_on_other_cases(seed):
    y_score, cuts = random_decision(seed)
    together = decide(y_score, cuts)
    alone = np.concatenate([decide(y_score[[case]], cuts) for case in range(len(y_score))])
    assert (together == alone).all()
    assert (decide(y_score[::-1], cuts) == together[::-1]).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_decide_gives_at_least_the_least_and_at_most_the_most(seed):
    y_score, cuts = random_decision(seed)
    articles = y_score.shape[1]
    sizes = decide(y_score, cuts).sum(axis=1)
    assert (sizes >= min(cuts.min_articles, articles)).all()
    assert (sizes <= cuts.max_articles).all()


@pytest.mark.parametrize(
    ("thresholds", "scores", "limits", "expected"),
    [
        ([0.5, 0.5, 0.5], [0.9, 0.6, 0.1], (0, 3), [1, 1, 0]),
        ([0.5, 0.5, 0.5], [0.6, 0.9, 0.8], (0, 2), [0, 1, 1]),
        ([0.5, 0.5, 0.5], [0.1, 0.3, 0.2], (1, 3), [0, 1, 0]),
        ([0.5, 0.5, 0.5], [0.1, 0.3, 0.2], (0, 3), [0, 0, 0]),
        ([0.5, 0.5, 0.1], [0.4, 0.3, 0.2], (2, 3), [1, 0, 1]),
        ([0.5, NEVER, 0.5], [0.1, 0.9, 0.2], (1, 3), [0, 0, 1]),
        ([0.5, NEVER, 0.5], [0.1, 0.9, 0.2], (3, 3), [1, 1, 1]),
        ([NEVER, 0.5], [1.0, 0.0], (1, 2), [0, 1]),
        ([NEVER, NEVER], [0.1, 0.2], (1, 2), [0, 1]),
        ([0.5, 0.5, 0.5], [0.7, 0.7, 0.7], (0, 2), [1, 1, 0]),
        ([0, 0], [0.0, 0.0], (0, 2), [1, 1]),
        ([0.5], [0.1], (3, 5), [1]),
    ],
    ids=[
        "all that passed",
        "too many: the best stay",
        "too few: the best fills",
        "none is allowed",
        "one that passed goes before better ones that did not",
        "one that never fires does not fill",
        "one that never fires fills last",
        "a sure one that never fires fills after a hopeless one that can",
        "where none can fire the best fills",
        "ties go by column",
        "a threshold of 0 always passes",
        "more are asked than there are",
    ],
)
def test_decide_keeps_to_its_limits(thresholds, scores, limits, expected):
    y_pred = decide(floats(scores), Cuts(floats(*thresholds), *limits))
    assert y_pred.dtype == np.bool_
    assert y_pred.astype(int).tolist() == [expected]


@pytest.mark.parametrize("thresholds", [[1e-12, 1e-12], [1, 1], [NEVER, NEVER]])
def test_decide_tells_tiny_scores_apart(thresholds):
    cuts = Cuts(floats(*thresholds), 1, 1)
    assert decide(floats([1e-10, 2e-10]), cuts).tolist() == [[False, True]]


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([0.1, 0.9, 0.5], [2, 0, 1]),
        ([0.5, 0.9, 0.5, 0.9], [2, 0, 3, 1]),
        ([0.0, 0.0, 0.0], [0, 1, 2]),
        ([0.3], [0]),
    ],
)
def test_rank_counts_from_0_by_score_and_ties_by_column(scores, expected):
    assert rank(floats(scores)).tolist() == [expected]


@pytest.mark.parametrize("seed", range(3))
def test_ties_among_many_articles_go_by_column(seed):
    y_score = random_scores(np.random.default_rng(seed), (4, 200))
    by_score = [sorted(range(200), key=lambda column, row=row: -row[column]) for row in y_score]
    assert np.argsort(rank(y_score), axis=1).tolist() == by_score
    chosen = decide(y_score, Cuts(np.full(200, NEVER), 7, 7))
    assert [np.flatnonzero(row).tolist() for row in chosen] == [sorted(row[:7]) for row in by_score]


def test_fixed_cuts_every_article_with_a_case_at_one_half():
    y_true, y_score = random_table(0)
    cuts = tune(y_true, y_score, never_unseen(strategy="fixed"))
    assert cuts.thresholds.tolist() == [0.5] * 4 + [np.inf]


@pytest.mark.parametrize("seed", SEEDS)
def test_global_has_the_best_micro_f1_of_all_single_cuts(seed):
    y_true, y_score = random_table(seed)
    cuts = tune(y_true, y_score, ALL)
    seen = y_true.any(axis=0)
    assert len(set(cuts.thresholds[seen])) == 1
    expected = best_f1(y_true[:, seen], y_score[:, seen])
    assert micro_f1(y_true, decide(y_score, cuts)) == pytest.approx(expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_per_article_has_each_articles_own_best_cut(seed):
    y_true, y_score = random_table(seed)
    cuts = tune(y_true, y_score, never_unseen(strategy="per-article"))
    for article in np.flatnonzero(y_true.any(axis=0)):
        assert cuts.thresholds[article] == best_cut(y_true[:, article], y_score[:, article])


@pytest.mark.parametrize("seed", SEEDS)
def test_top_n_has_the_best_micro_f1_of_all_n(seed):
    y_true, y_score = random_table(seed)
    config = never_unseen(strategy="top-n", max_articles=4)
    cuts = tune(y_true, y_score, config)
    of_n = {n: micro_f1(y_true, decide(y_score, Cuts(cuts.thresholds, n, n))) for n in range(1, 5)}
    assert cuts.min_articles == cuts.max_articles
    assert of_n[cuts.max_articles] == max(of_n.values())


def test_top_n_does_not_count_an_article_that_will_never_fire():
    y_true = bools([1, 0, 0], [1, 0, 0], [0, 1, 0])
    y_score = floats([0.5, 0.25, 0.75], [0.5, 0.25, 0.75], [0.25, 0.5, 0.75])
    cuts = tune(y_true, y_score, never_unseen(strategy="top-n"))
    assert cuts.max_articles == 1
    assert (decide(y_score, cuts) == y_true).all()


def test_global_does_not_count_an_article_that_will_never_fire():
    y_true = bools([1, 0], [1, 0], [0, 0])
    y_score = floats([0.5, 0.75], [0.5, 0.75], [0.25, 0.75])
    cuts = tune(y_true, y_score, ALL)
    assert cuts.thresholds.tolist() == [0.375, np.inf]


@pytest.mark.parametrize(("least", "most", "expected"), [(1, 10, 1), (2, 10, 2), (3, 3, 3)])
def test_top_n_keeps_to_the_least_number_of_articles(least, most, expected):
    y_true = bools([1, 0, 0], [0, 1, 0], [0, 0, 1])
    y_score = np.where(y_true, floats(0.9), floats(0.1)).astype(np.float32)
    cuts = tune(
        y_true, y_score, never_unseen(strategy="top-n", min_articles=least, max_articles=most)
    )
    assert (cuts.min_articles, cuts.max_articles) == (expected, expected)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_article_without_a_true_case_never_fires(strategy):
    y_true, y_score = random_table(3)
    y_score[:, -1] = 1
    cuts = tune(y_true, y_score, never_unseen(strategy=strategy))
    assert np.isfinite(cuts.thresholds).tolist() == [True] * 4 + [False]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_article_without_a_true_case_does_not_sway_the_others(strategy):
    y_true, y_score = random_table(3)
    config = never_unseen(strategy=strategy)
    without = tune(y_true[:, :-1], y_score[:, :-1], config)
    cuts = tune(y_true, y_score, config)
    assert cuts.thresholds[:-1].tolist() == without.thresholds.tolist()
    assert (cuts.min_articles, cuts.max_articles) == (without.min_articles, without.max_articles)


@pytest.mark.parametrize("strategy", ["fixed", "global", "per-article"])
def test_the_limits_of_the_configuration_are_kept(strategy):
    cuts = tune(*random_table(0), never_unseen(strategy=strategy, min_articles=2, max_articles=3))
    assert (cuts.min_articles, cuts.max_articles) == (2, 3)


DEGENERATE = {
    "one case": (bools([1, 0, 0]), floats([0.5, 0.25, 0.125])),
    "one case, one article": (bools([1]), floats([0.5])),
    "one case without articles": (bools([0, 0, 0]), floats([0.5, 0.25, 0.125])),
    "no positives anywhere": (np.zeros((4, 3), np.bool_), np.full((4, 3), 0.5, np.float32)),
    "all positive": (np.ones((4, 3), np.bool_), np.full((4, 3), 0.5, np.float32)),
    "all scores 0": (np.eye(3, dtype=np.bool_), np.zeros((3, 3), np.float32)),
    "all scores 1": (np.eye(3, dtype=np.bool_), np.ones((3, 3), np.float32)),
}


@pytest.mark.parametrize("case", DEGENERATE)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_runs_on_degenerate_cases(strategy, case):
    y_true, y_score = DEGENERATE[case]
    config = never_unseen(strategy=strategy)
    for settings in (config, DecisionConfig(strategy=strategy)):
        cuts = tune(y_true, y_score, settings)
        assert cuts.thresholds.dtype == np.float32
        assert cuts.thresholds.shape == (y_true.shape[1],)
        assert not np.isnan(cuts.thresholds).any()
        assert decide(y_score, cuts).shape == y_true.shape


def same_cuts(left, right):
    np.testing.assert_array_equal(left.thresholds, right.thresholds)
    return (left.min_articles, left.max_articles) == (right.min_articles, right.max_articles)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_mask_without_gaps_tunes_as_no_mask(strategy, seed):
    y_true, y_score = random_table(seed)
    config = never_unseen(strategy=strategy)
    assert same_cuts(tune(y_true, y_score, config, y_true | True), tune(y_true, y_score, config))


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_masked_labels_do_not_move_a_cut(strategy, seed):
    y_true, y_score = random_table(seed)
    known = np.random.default_rng(seed).random(y_true.shape) < 0.6
    config = never_unseen(strategy=strategy)
    expected = tune(y_true, y_score, config, known)
    assert same_cuts(tune(y_true ^ ~known, y_score, config, known), expected)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("strategy", ["global", "per-article"])
def test_masked_scores_do_not_move_a_cut(strategy, seed):
    y_true, y_score = random_table(seed)
    known = np.random.default_rng(seed).random(y_true.shape) < 0.6
    config = never_unseen(strategy=strategy)
    other = np.where(known, y_score, np.float32(0.75))
    assert same_cuts(tune(y_true, other, config, known), tune(y_true, y_score, config, known))


@pytest.mark.parametrize("unseen", [0.75, math.inf])
def test_an_article_whose_true_cases_are_all_masked_gets_the_threshold_of_unseen_ones(unseen):
    y_true, y_score = bools([1, 1], [0, 1]), floats([0.9, 0.8], [0.2, 0.7])
    config = replace(ALL, unseen_score=unseen)
    cuts = tune(y_true, y_score, config, bools([0, 1], [1, 1]))
    assert cuts.thresholds.tolist()[0] == unseen
    assert cuts.thresholds.tolist()[1] < unseen


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ((0.2, 0.1), [False, False]),
        ((0.25, 0.1), [True, False]),
        ((0.4, 0.3), [True, True]),
        ((0.6, 0.1), [True, False]),
        ((0.1, 0.95), [False, False]),
    ],
    ids=["all below", "at the score", "both fill", "one passes, one is below", "never fires"],
)
def test_a_list_is_filled_only_from_the_fill_score_on(scores, expected):
    never_fires = scores == (0.1, 0.95)
    thresholds = floats(0.5, NEVER if never_fires else 0.5)
    cuts = Cuts(thresholds, 1 if never_fires else 2, 9, fill_score=0.25)
    assert decide(floats(scores), cuts).tolist() == [expected]


def test_tuning_hands_the_limits_of_a_list_on():
    config = never_unseen(min_articles=2, fill_score=0.125, max_articles=3)
    for strategy in ("fixed", "global", "per-article"):
        cuts = tune(
            np.eye(4, dtype=bool), np.eye(4, dtype=np.float32), replace(config, strategy=strategy)
        )
        assert (cuts.min_articles, cuts.fill_score, cuts.max_articles) == (2, 0.125, 3)
