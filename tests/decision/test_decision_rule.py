from itertools import product

import numpy as np
import pytest

from lawrec.decision.calibration import Calibration, calibrate
from lawrec.decision.decision_rule import (
    RULE_KINDS,
    DecisionRule,
    abstained,
    decide,
    passing,
    score_thresholds,
)
from lawrec.decision.expected_f1 import CERTAIN
from lawrec.decision.score_order import CHUNK_CASES, best_columns, rank, shares
from lawrec.decision.threshold_curve import NEVER
from tests.helpers.arrays import SEEDS, floats, random_scores


def stretched(articles):
    """A calibration that doubles the logits of every second article and halves the others'."""
    return Calibration("temperature", tuple(range(articles)), (((2.0,),), ((0.5,),)) * 4)


def slow_passed(scores, rule):
    """Which columns of a case pass, chosen one by one; what never fires is nobody's best."""
    can_fire = [bool(np.isfinite(cut)) for cut in rule.thresholds]
    seen = [score if fires else 0 for score, fires in zip(scores, can_fire, strict=True)]
    if rule.kind == "threshold":
        passed = [score >= cut for score, cut in zip(seen, rule.thresholds, strict=True)]
    elif rule.kind == "share":
        best = np.float32(max(seen)) or np.float32(1)
        passed = [score / best >= cut for score, cut in zip(seen, rule.thresholds, strict=True)]
    else:
        passed = slow_best_list(seen, rule)
    return [fires and bool(ok) for fires, ok in zip(can_fire, passed, strict=True)]


def slow_best_list(scores, rule):
    prob = floats(scores)
    prob = (calibrate(prob, rule.calibration) if rule.calibration else prob)[0]
    by_prob = sorted(range(len(prob)), key=lambda column: -prob[column])
    lengths = range(1, min(rule.max_articles, len(prob)) + 1)
    lists = [[column in by_prob[:n] for column in range(len(prob))] for n in lengths]
    return max(lists, key=lambda chosen: round(slow_expected_f1(prob, chosen), 9))


def slow_expected_f1(prob, chosen):
    """The expected F1 of a list, by every outcome of independent articles."""
    prob, chosen = np.asarray(prob, np.float64), np.array(chosen)
    outcomes = np.array(list(product((0, 1), repeat=len(prob))))
    likely = np.where(outcomes, prob, 1 - prob).prod(axis=1)
    return float((likely * 2 * (outcomes @ chosen) / (chosen.sum() + outcomes.sum(axis=1))).sum())


def slow_decide(scores, rule):
    """One case's columns, chosen one by one."""
    by_score = sorted(range(len(scores)), key=lambda column: -scores[column])
    needed = [column for column in by_score if scores[column] >= rule.guarantee]
    if len(needed) > rule.max_articles:
        return [False] * len(scores)
    passed = slow_passed(scores, rule)
    listed = [column for column in by_score if passed[column] or column in needed]
    others = [column for column in by_score if column not in listed]
    can_fire = [column for column in others if np.isfinite(rule.thresholds[column])]
    never = [column for column in others if column not in can_fire]
    chosen = listed[: rule.max_articles]
    filling = (can_fire + never)[: max(0, rule.min_articles - len(chosen))]
    chosen += [column for column in filling if scores[column] >= rule.fill_score]
    return [column in chosen for column in range(len(scores))]


def random_decision(seed, kind="threshold", cases=10):
    rng = np.random.default_rng(seed)
    articles = int(rng.integers(1, 8))
    y_score = random_scores(rng, (cases, articles))
    thresholds = np.where(rng.random(articles) < 0.3, NEVER, random_scores(rng, articles))
    least, most = sorted(rng.integers(1 if kind == "expected-f1" else 0, 8, 2).tolist())
    return y_score, DecisionRule(
        thresholds.astype(np.float32),
        least,
        most,
        fill_score=float(rng.choice([0, 0.25])),
        kind=kind,
        calibration=stretched(articles) if rng.random() < 0.5 else None,
        guarantee=float(rng.choice([NEVER, 0.5, 0.75])),
    )


@pytest.mark.parametrize("kind", RULE_KINDS)
def test_decide_agrees_with_a_slow_choice_case_by_case(kind):
    for seed in SEEDS:
        y_score, rule = random_decision(seed, kind)
        assert decide(y_score, rule).tolist() == [slow_decide(scores, rule) for scores in y_score]


@pytest.mark.parametrize("kind", RULE_KINDS)
def test_the_decision_of_a_case_does_not_depend_on_other_cases(kind):
    for seed in SEEDS:
        y_score, rule = random_decision(seed, kind)
        together = decide(y_score, rule)
        alone = np.concatenate([decide(y_score[[case]], rule) for case in range(len(y_score))])
        assert (together == alone).all()
        assert (decide(y_score[::-1], rule) == together[::-1]).all()
        assert (decide(np.asfortranarray(y_score), rule) == together).all()


@pytest.mark.parametrize("kind", RULE_KINDS)
def test_the_decision_of_a_case_is_the_same_in_every_chunk(kind):
    y_score = np.random.default_rng(0).random((5, 40), np.float32) ** 4
    rule = DecisionRule(np.full(40, 0.25, np.float32), 1, 9, kind=kind, guarantee=0.5)
    many = np.tile(y_score, (CHUNK_CASES // 5 + 2, 1))
    assert len(many) > CHUNK_CASES
    assert (decide(many, rule) == np.tile(decide(y_score, rule), (len(many) // 5, 1))).all()


@pytest.mark.parametrize("kind", RULE_KINDS)
def test_decide_gives_at_least_the_least_and_at_most_the_most(kind):
    for seed in SEEDS:
        y_score, rule = random_decision(seed, kind)
        rule = DecisionRule(**(vars(rule) | {"fill_score": 0.0}))
        sizes = decide(y_score, rule).sum(axis=1)
        over = abstained(y_score, rule)
        assert (sizes[over] == 0).all()
        assert (sizes[~over] >= min(rule.min_articles, y_score.shape[1])).all()
        assert (sizes <= rule.max_articles).all()


@pytest.mark.parametrize("kind", RULE_KINDS)
def test_what_passes_is_what_decide_lists_without_limits(kind):
    for seed in SEEDS:
        y_score, rule = random_decision(seed, kind)
        freely = DecisionRule(
            **(vars(rule) | {"min_articles": 0, "max_articles": 99, "guarantee": NEVER})
        )
        assert (passing(y_score, freely) == decide(y_score, freely)).all()


@pytest.mark.parametrize("kind", ["threshold", "share"])
def test_an_article_passes_from_its_threshold_in_a_case_on(kind):
    for seed in SEEDS:
        y_score, rule = random_decision(seed, kind)
        lines = score_thresholds(y_score, rule)
        assert lines.shape == y_score.shape
        doubtful = (
            np.isclose(lines, y_score) if kind == "share" else np.zeros_like(y_score, np.bool_)
        )
        assert ((y_score >= lines) == passing(y_score, rule))[~doubtful].all()


def test_a_list_that_is_chosen_as_a_whole_has_no_thresholds():
    y_score, rule = random_decision(0, "expected-f1")
    assert (score_thresholds(y_score, rule) == NEVER).all()


def test_a_share_is_one_of_the_best_that_can_fire():
    rule = DecisionRule(floats(0.5, NEVER, 0.5), 0, 3, kind="share")
    y_score = floats([0.4, 0.9, 0.1], [0.4, 0.9, 0.2], [0, 0.9, 0])
    assert passing(y_score, rule).tolist() == [[1, 0, 0], [1, 0, 1], [0, 0, 0]]
    assert score_thresholds(y_score, rule)[:2].tolist() == [pytest.approx([0.2, np.inf, 0.2])] * 2


def test_shares_of_the_best_score():
    assert shares(floats([0.5, 0.25, 0], [0, 0, 0])).tolist() == [[1, 0.5, 0], [0, 0, 0]]


def test_a_score_equal_to_its_threshold_is_positive():
    threshold = np.float32(0.3)
    above, below = np.nextafter(threshold, NEVER), np.nextafter(threshold, -NEVER)
    rule = DecisionRule(floats(threshold), 0, 1)
    assert decide(floats([above], [threshold], [below]), rule).tolist() == [[True], [True], [False]]


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
    y_pred = decide(floats(scores), DecisionRule(floats(*thresholds), *limits))
    assert y_pred.dtype == np.bool_
    assert y_pred.astype(int).tolist() == [expected]


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
    rule = DecisionRule(thresholds, 1 if never_fires else 2, 9, fill_score=0.25)
    assert decide(floats(scores), rule).tolist() == [expected]


@pytest.mark.parametrize(
    ("thresholds", "scores", "most", "expected", "over"),
    [
        ([0.9, 0.9, 0.9], [0.6, 0.5, 0.1], 3, [1, 1, 0], False),
        ([0.2, 0.9, 0.9], [0.3, 0.6, 0.1], 3, [1, 1, 0], False),
        ([0.2, 0.2, 0.2], [0.3, 0.6, 0.4], 2, [0, 1, 1], False),
        ([0.9, 0.9, 0.9], [0.6, 0.6, 0.6], 2, [0, 0, 0], True),
        ([0.9, 0.9, 0.9], [0.6, 0.6, 0.6], 3, [1, 1, 1], False),
        ([0.9, NEVER, 0.9], [0.1, 0.6, 0.1], 3, [0, 1, 0], False),
        ([0.1, NEVER, 0.1], [0.3, 0.6, 0.2], 2, [1, 1, 0], False),
        ([0.1, NEVER, NEVER], [0.5, 0.6, 0.7], 2, [0, 0, 0], True),
    ],
    ids=[
        "whatever the threshold",
        "together with what passes",
        "the best stay",
        "too many: abstained",
        "just as many as the most",
        "what never fires too",
        "what never fires goes before a lower score that passes",
        "what never fires counts for abstaining",
    ],
)
def test_from_the_guaranteed_score_on_articles_are_listed(thresholds, scores, most, expected, over):
    rule = DecisionRule(floats(*thresholds), 0, most, guarantee=0.5)
    assert decide(floats(scores), rule).astype(int).tolist() == [expected]
    assert abstained(floats(scores), rule).tolist() == [over]


@pytest.mark.parametrize("thresholds", [[1e-12, 1e-12], [1, 1], [NEVER, NEVER]])
def test_decide_tells_tiny_scores_apart(thresholds):
    rule = DecisionRule(floats(*thresholds), 1, 1)
    assert decide(floats([1e-10, 2e-10]), rule).tolist() == [[False, True]]


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
    assert np.argsort(expected).tolist() == best_columns(floats(scores), 9)[0].tolist()


@pytest.mark.parametrize("seed", range(3))
def test_ties_among_many_articles_go_by_column(seed):
    y_score = random_scores(np.random.default_rng(seed), (4, 200))
    by_score = [sorted(range(200), key=lambda column, row=row: -row[column]) for row in y_score]
    assert np.argsort(rank(y_score), axis=1).tolist() == by_score
    assert best_columns(y_score, 9).tolist() == [row[:9] for row in by_score]
    chosen = decide(y_score, DecisionRule(np.full(200, NEVER), 7, 7))
    assert [np.flatnonzero(row).tolist() for row in chosen] == [sorted(row[:7]) for row in by_score]


def likeliest(prob, most=99):
    rule = DecisionRule(np.zeros(len(prob), np.float32), 0, most, kind="expected-f1")
    return decide(floats(prob), rule)[0]


def all_lists(n):
    return [chosen for chosen in product((False, True), repeat=n) if any(chosen)]


def test_the_likeliest_list_has_the_best_expected_f1_of_all_lists():
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        prob = rng.random(rng.integers(1, 7), np.float32) ** rng.integers(1, 4)
        prob[rng.random(len(prob)) < 0.1] = rng.choice([0, 1])
        best = max(slow_expected_f1(prob, chosen) for chosen in all_lists(len(prob)))
        assert slow_expected_f1(prob, likeliest(prob)) == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_the_likeliest_list_is_exact_for_as_many_articles_as_are_certain(seed):
    prob = np.sort(np.random.default_rng(seed).random(CERTAIN, np.float32))[::-1]
    heads = [np.arange(CERTAIN) < n for n in range(1, CERTAIN + 1)]
    best = max(slow_expected_f1(prob, head) for head in heads)
    assert slow_expected_f1(prob, likeliest(prob)) == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_the_likeliest_list_errs_by_less_than_the_squares_of_many_small_probabilities(seed):
    rng = np.random.default_rng(seed)
    prob = np.sort(np.append(rng.random(5), rng.random(400) * 0.01)).astype(np.float32)[::-1]
    gains = [expected_f1_of_head(prob, n) for n in range(1, CERTAIN + 1)]
    found = int(likeliest(prob).sum())
    error = float((prob[CERTAIN:] ** 2).sum())
    assert max(gains) - gains[found - 1] <= error / 10
    assert error < 0.02


def expected_f1_of_head(prob, n):
    """The expected F1 of the n likeliest, by the whole distribution of all numbers of articles."""
    rest = number_of(prob[n:])
    return sum(
        2 * hits / (n + hits + more) * p * q
        for hits, p in enumerate(number_of(prob[:n]))
        for more, q in enumerate(rest)
    )


def number_of(prob):
    counted = np.ones(1)
    for p in prob.astype(np.float64):
        counted = np.convolve(counted, (1 - p, p))
    return counted


@pytest.mark.parametrize(
    ("prob", "expected"),
    [
        ([1, 1, 0], [1, 1, 0]),
        ([0.9, 0.1, 0.1], [1, 0, 0]),
        ([0.2, 0.3, 0.1], [1, 1, 0]),
        ([0, 0, 0], [1, 0, 0]),
    ],
    ids=["sure ones", "one", "together likelier than one", "none: the shortest"],
)
def test_the_likeliest_list_by_hand(prob, expected):
    assert likeliest(prob).astype(int).tolist() == expected


def test_what_never_fires_does_not_make_the_likeliest_list_longer():
    never_zero = Calibration("isotonic", (0,) * 9, (((-2.0, 2.0), (0.1, 0.9)),))
    thresholds = floats(*[0] * 3, *[NEVER] * 6)
    rule = DecisionRule(thresholds, 0, 9, kind="expected-f1", calibration=never_zero)
    y_score = np.random.default_rng(0).random((50, 9), np.float32)
    few = Calibration("isotonic", (0,) * 3, never_zero.parameters)
    alone = DecisionRule(thresholds[:3], 0, 9, kind="expected-f1", calibration=few)
    assert decide(y_score, rule)[:, :3].tolist() == decide(y_score[:, :3], alone).tolist()


def test_the_likeliest_list_is_no_longer_than_the_most():
    assert likeliest([0.9] * 6).sum() == 6
    assert likeliest([0.9] * 6, most=2).astype(int).tolist() == [1, 1, 0, 0, 0, 0]
